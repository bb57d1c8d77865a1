package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// computer is a machine within the machine: processes, mounts and network of its own, so that Docker can be stopped
// and the power be cut. Its disk is a folder here, and outlasts a power cut.
type computer struct {
	t       *testing.T
	disk    string
	init    *exec.Cmd // its process 1, without which none of the others live; nil: it is off
	power   io.Closer // init ends when it is closed, also by the end of this process
	network *os.File  // its network namespace
	running map[string]*program
}

// program is one that the computer runs.
type program struct {
	ended chan struct{} // closed when it has
	err   error         // how
	log   string        // file
}

// newComputer makes a computer that is off. It is switched off and its disk removed when t ends.
func newComputer(t *testing.T) *computer {
	t.Helper()
	disk, err := os.MkdirTemp("/tmp", "sc-") // short, as sockets in it have names of at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	c := &computer{t: t, disk: disk}
	t.Cleanup(func() {
		if t.Failed() {
			for name := range c.running {
				t.Logf("%s's last words:\n%s", name, c.lastWords(name))
			}
		}
		c.cutPower()
		if err := errors.Join(os.RemoveAll(disk), c.removeControlGroups()); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return c
}

// boot is what process 1 does: it makes the machine, adopts what loses its parent, and ends with its input.
const boot = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
if [ -d /etc/docker ]; then mount -t tmpfs tmpfs /etc/docker; fi
ip link set lo up
echo up
cat >/dev/null
exit 0
`

// switchOn boots it; no program runs yet.
func (c *computer) switchOn() {
	c.t.Helper()
	c.init = exec.Command("sh", "-c", boot)
	c.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET}
	var said bytes.Buffer
	c.init.Stderr = &said
	power, err := c.init.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := c.init.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.init.Start(); err != nil {
		c.t.Fatalf("making a machine within the machine (are these tests run as root?): %v", err)
	}
	c.power, c.running = power, map[string]*program{}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		_ = c.init.Wait()
		c.t.Fatalf("the machine within the machine did not boot: %q, %s", line, &said)
	}
	if c.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", c.init.Process.Pid)); err != nil {
		c.t.Fatal(err)
	}
}

// cutPower ends everything at once, as kill -9 of all processes; what was mounted is gone.
func (c *computer) cutPower() {
	if c.init == nil {
		return
	}
	_ = c.init.Process.Kill()
	_ = c.init.Wait()
	for _, p := range c.running {
		<-p.ended
	}
	c.power.Close()
	c.network.Close()
	c.init = nil
}

// removeControlGroups takes away those that containers which lost their power have left, as a reboot would.
func (c *computer) removeControlGroups() error {
	var errs []error
	for _, pattern := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		groups, err := filepath.Glob(filepath.Join(pattern, c.controlGroup()))
		if err != nil {
			return err
		}
		for _, group := range groups {
			children, _ := filepath.Glob(filepath.Join(group, "*", "cgroup.procs"))
			for _, child := range children {
				errs = append(errs, os.Remove(filepath.Dir(child)))
			}
			errs = append(errs, os.Remove(group))
		}
	}
	return errors.Join(errs...)
}

// controlGroup is the parent of its containers' ones.
func (c *computer) controlGroup() string { return "serin-e2e-" + filepath.Base(c.disk) }

// command is a command inside.
func (c *computer) command(ctx context.Context, words ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(c.init.Process.Pid), "--mount", "--net", "--pid", "--"}
	return exec.CommandContext(ctx, "nsenter", append(enter, words...)...)
}

// do runs a command inside that must succeed, and gives what it says.
func (c *computer) do(words ...string) string {
	c.t.Helper()
	out, err := c.try(words...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *computer) try(words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := c.command(ctx, words...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
	}
	return string(out), err
}

// start starts a program inside, whose log is on the disk.
func (c *computer) start(name string, words ...string) {
	c.t.Helper()
	p := &program{ended: make(chan struct{}), log: filepath.Join(c.disk, name+".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd := c.command(context.Background(), append([]string{"sh", "-c", `echo $$ >/run/$0.number; exec "$@"`, name}, words...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.running[name] = p
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
}

// end sends a signal to a program, and waits until it has ended.
func (c *computer) end(name, signal string) {
	c.t.Helper()
	c.do("sh", "-c", "kill -"+signal+" $(cat /run/"+name+".number)")
	select {
	case <-c.running[name].ended:
	case <-time.After(patience):
		c.t.Fatalf("%s did not end on %s; its last words:\n%s", name, signal, c.lastWords(name))
	}
}

// lives fails the test when a program has ended.
func (c *computer) lives(name string) {
	c.t.Helper()
	select {
	case <-c.running[name].ended:
		c.t.Fatalf("%s has ended (%v); its last words:\n%s", name, c.running[name].err, c.lastWords(name))
	default:
	}
}

func (c *computer) lastWords(name string) string {
	text, err := os.ReadFile(filepath.Join(c.disk, name+".log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// dial connects to an address inside, as the computer's own programs would: a socket stays in the network namespace
// that its thread was in when it was made.
func (c *computer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer own.Close()
	if err := unix.Setns(int(c.network.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	defer func() {
		if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(err) // the thread is another's next, and must not go astray
		}
	}()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
