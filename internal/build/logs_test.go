package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
)

// reader follows a log; each of its writes is told.
type reader struct{ lines chan string }

func (r reader) Write(p []byte) (int, error) { r.lines <- string(p); return len(p), nil }

func follow(t *testing.T, logs *Logs, run delivery.RunID) (lines <-chan string, ended <-chan error) {
	r, done := reader{make(chan string)}, make(chan error, 1)
	go func() { done <- logs.Read(t.Context(), run, true, r) }()
	return r.lines, done
}

func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s came", what)
		panic("unreachable")
	}
}

func TestLogsAreFollowedUntilTheyAreClosed(t *testing.T) {
	logs := NewLogs(t.TempDir())
	w, err := logs.Append(1)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "before ")
	lines, ended := follow(t, logs, 1)
	if got := await(t, "line", lines); got != "before " {
		t.Errorf("first %q", got)
	}
	for i := range 100 {
		text := fmt.Sprint(i)
		fmt.Fprint(w, text)
		var got string
		for len(got) < len(text) {
			got += await(t, "line", lines)
		}
		if got != text {
			t.Fatalf("line %d is %q", i, got)
		}
	}
	go func() { fmt.Fprint(w, "last"); w.Close() }()
	if got := await(t, "line", lines); got != "last" {
		t.Errorf("last %q", got)
	}
	if err := await(t, "end", ended); err != nil {
		t.Error(err)
	}
}

func TestLogsOfRunsThatAreNotUnderWay(t *testing.T) {
	logs := NewLogs(t.TempDir())
	var out bytes.Buffer
	for _, following := range []bool{false, true} {
		if err := logs.Read(t.Context(), 9, following, &out); err != nil || out.Len() > 0 {
			t.Errorf("a run without a log: %q, %v", &out, err)
		}
	}
	for range 2 { // a run that begins again after a crash goes on in the same log
		w, err := logs.Append(1)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(w, "once")
		if err := logs.Read(t.Context(), 1, false, io.Discard); err != nil {
			t.Errorf("while it is written: %v", err)
		}
		w.Close()
	}
	if err := NewLogs(logs.dir).Read(t.Context(), 1, true, &out); err != nil || out.String() != "once\nonce\n" {
		t.Errorf("%q, %v", &out, err)
	}
	info, err := os.Stat(logs.path(1))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file of its owner alone", info.Mode(), err)
	}
}

func TestAFollowerCanLeave(t *testing.T) {
	logs := NewLogs(t.TempDir())
	w, err := logs.Append(1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- logs.Read(ctx, 1, true, io.Discard) }()
	cancel()
	if err := await(t, "end", ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestALogIsNotLongerThanItsLimit(t *testing.T) {
	logs := NewLogs(t.TempDir())
	w, err := logs.Append(1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range maxLog>>20 + 2 {
		if n, err := w.Write(chunk); n != len(chunk) || err != nil {
			t.Fatal(n, err)
		}
	}
	text, err := os.ReadFile(logs.path(1))
	if err != nil {
		t.Fatal(err)
	}
	tail := string(text[maxLog:])
	if strings.Count(tail, "the rest is not kept") != 1 || len(tail) > 200 {
		t.Errorf("%d bytes, the end is %q", len(text), tail)
	}
}
