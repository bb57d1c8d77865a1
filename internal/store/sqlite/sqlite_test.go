package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/store/sqlite"
	"serin.dev/serin/internal/store/storetest"
)

type database struct{ path string }

func (d database) Open(t *testing.T) storetest.Store {
	t.Helper()
	s, err := sqlite.Open(context.WithoutCancel(t.Context()), d.path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Database {
		return database{filepath.Join(t.TempDir(), "serin ?#%.db")}
	})
}

// childPath, when set, makes the test binary a writer that is killed.
const childPath = "SERIN_TEST_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := writeForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver raises an environment's generation again and again, and prints each that was stored.
func writeForEver(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for {
		state, err := s.State(ctx, "prod")
		if err != nil {
			return err
		}
		env := state.Environment
		env.Generation++
		name := fmt.Sprintf("s%d", env.Generation)
		change := rollout.Change{Name: "prod", From: state.Environment.Generation, Environment: &env, Mentioned: []string{name}}
		if err := s.Commit(ctx, change); err != nil {
			return err
		}
		fmt.Println(env.Generation)
	}
}

func TestKilledWriterLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serin.db")
	s := database{path}.Open(t)
	if err := s.CreateEnvironment(t.Context(), rollout.Environment{Name: "prod"}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childPath+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var told int
		lines := bufio.NewScanner(out)
		for range 20 {
			if !lines.Scan() {
				t.Fatal("the writer ended")
			}
			told, _ = strconv.Atoi(lines.Text())
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			told, _ = strconv.Atoi(lines.Text())
		}
		_ = child.Wait()

		reopened := database{path}.Open(t)
		state, err := reopened.State(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		if stored := int(state.Environment.Generation); stored < told || len(state.Addresses) != stored-1 {
			t.Fatalf("the writer was told that generation %d is stored; %d is, with %d names", told, stored, len(state.Addresses))
		}
		if err := reopened.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serin.db")
	if err := (database{path}).Open(t).Close(); err != nil {
		t.Fatal(err)
	}
	if err := raise(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path)
	if !errors.Is(err, delivery.Invalid) {
		t.Fatalf("got %v", err)
	}
}

func BenchmarkCommit(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "serin.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateEnvironment(b.Context(), rollout.Environment{Name: "prod"}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		state, err := s.State(b.Context(), "prod")
		if err != nil {
			b.Fatal(err)
		}
		env := state.Environment
		env.Generation++
		if err := s.Commit(b.Context(), rollout.Change{Name: "prod", From: state.Environment.Generation, Environment: &env}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSaveSamples(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "serin.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	second := 0
	for b.Loop() { // one second of 100 counters
		second++
		batch := make([]evidence.Sample, 100)
		for i := range batch {
			batch[i].Deployment = delivery.DeploymentID{Service: delivery.ServiceID{Environment: "prod", Name: "s"}, Number: i}
			batch[i].Proxy = delivery.GatewayTask("prod")
			batch[i].At, batch[i].Attempts = time.Unix(int64(second), 0), uint64(second)
			for bucket := range 10 {
				batch[i].Latency[5+bucket] = uint64(second)
			}
		}
		if err := s.SaveSamples(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
