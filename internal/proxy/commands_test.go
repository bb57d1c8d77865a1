package proxy

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMainSaysHowItIsUsed(t *testing.T) {
	for _, args := range [][]string{nil, {"fly"}, {"pause", "now"}, {"capture", "--everything"}, {"ready", "--timeout", "soon"}} {
		var out, err bytes.Buffer
		if status := Main("v1", args, &out, &err); status != 2 || !strings.Contains(err.String(), "serin-proxy run") {
			t.Errorf("%q: status %d and %q; want 2 and the usage", args, status, err.String())
		}
	}
}

func TestVersion(t *testing.T) {
	var out, err bytes.Buffer
	if status := Main("v1.2.3", []string{"version"}, &out, &err); status != 0 || out.String() != "v1.2.3\n" {
		t.Errorf("status %d, %q", status, out.String())
	}
}

func TestReadySaysThatNothingRuns(t *testing.T) {
	t.Setenv("SERIN_STATE", t.TempDir())
	var out, err bytes.Buffer
	if status := Main("v1", []string{"ready", "--timeout", "60ms"}, &out, &err); status != 1 || !strings.Contains(err.String(), "has not begun") {
		t.Errorf("status %d and %q", status, err.String())
	}
}

func TestPauseReapsAndEndsOnSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		binary := serinProxy(t)
		command := exec.Command("sh", "-c", `true & exec "$0" pause`, binary)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		awaitReaped(t, command.Process.Pid, binary)
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("after %v: %v, want status 0", signal, err)
		}
	}
}

// awaitReaped returns when the process has become binary and has taken the status of the child it was born with.
func awaitReaped(t *testing.T, pid int, binary string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); runtime.Gosched() {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil {
			t.Fatal(err)
		}
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			t.Fatal(err)
		}
		if exe == binary && len(children) == 0 {
			return
		}
	}
	t.Fatal("pause left a child unreaped")
}
