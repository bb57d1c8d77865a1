package source_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// killedGit pushes a commit whose git is killed at a state of its transaction, and leaves a sound source behind.
func (r *rig) killedGit(c clone, when string) {
	r.t.Helper()
	r.open("hook-dies", when)
	if out, err := c.git("push", "--force", "origin", "HEAD:main"); err == nil {
		r.t.Fatalf("the push went through:\n%s", out)
	}
	r.open("hook")
}

func TestAPushThatHappenedIsDeliveredThoughGitWasKilled(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	c.must("push", "origin", "main")
	c.commit("README", "second")
	r.killedGit(c, "committed") // the ref has moved, the hook did not say so
	third := c.commit("README", "third")
	c.must("push", "origin", "main") // settles what it finds
	fourth := c.commit("README", "fourth")
	r.killedGit(c, "committed")
	r.deliver() // settles it too
	got := r.consumer.await(t, 4)
	if len(got) != 4 || got[2].Commit != third || got[3].Commit != fourth || got[3].Old != third {
		t.Errorf("got %+v", got)
	}
}

func TestAPushThatDidNotHappenIsNotDelivered(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	first := c.head()
	c.must("push", "origin", "main")
	c.commit("README", "second")
	r.killedGit(c, "after-prepared") // it is in the journal, and the ref has not moved
	if c.must("ls-remote", "origin", "refs/heads/main")[:40] != first {
		t.Fatal("the ref has moved")
	}
	// The killed git left its locks. Those that old are nobody's.
	for _, lock := range []string{"refs/heads/main.lock", "HEAD.lock"} {
		if err := os.Chtimes(filepath.Join(r.repository(), lock), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	stop := r.deliver()
	r.consumer.await(t, 1)
	stop()
	c.must("push", "origin", "main") // the same push again: now it happens, once
	r.deliver()
	got := r.consumer.await(t, 2)
	if len(got) != 2 || got[0].Commit != first || got[1].Commit != c.head() {
		t.Errorf("got %+v", got)
	}
	if left, _ := filepath.Glob(filepath.Join(r.repository(), "serin-journal", "*.prepared")); len(left) > 0 {
		t.Errorf("left in the journal: %v", left)
	}
}

func TestPushesAtOnce(t *testing.T) {
	r := newRig(t)
	const clones, rounds = 4, 4
	succeeded := make(chan string, clones*rounds)
	var group sync.WaitGroup
	for i := range clones {
		c := r.newClone()
		group.Go(func() {
			for round := range rounds {
				commit := c.commit("README", fmt.Sprintf("clone %d, round %d", i, round))
				if _, err := c.git("push", "--force", "origin", "main"); err == nil {
					succeeded <- commit
				}
			}
		})
	}
	r.deliver()
	group.Wait()
	close(succeeded)
	want := map[string]bool{}
	for commit := range succeeded {
		want[commit] = true
	}
	got := r.consumer.await(t, len(want))
	at := ""
	for _, push := range got {
		if !want[push.Commit] {
			t.Errorf("%s was delivered twice, or though its push failed", push.Commit)
		}
		delete(want, push.Commit)
		if push.Old != at {
			t.Errorf("%s was pushed on %q, but %q was before it", push.Commit, push.Old, at)
		}
		at = push.Commit
	}
	if len(want) > 0 {
		t.Errorf("never delivered: %v", want)
	}
	if _, head, err := r.Head(t.Context(), ui); err != nil || head != at {
		t.Errorf("the branch is at %s (%v), the last push was of %s", head, err, at)
	}
}

func TestAClientThatGoesAwayLeavesNoProcess(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url("")+"/git-receive-pack", body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("git", r.deployToken)
	req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	t.Cleanup(func() { cancel(); feed.Close(); <-done })
	// The start of a line of 65,520 bytes: git waits for its end.
	if _, err := feed.Write(append([]byte("fff0"), make([]byte, 16<<10)...)); err != nil {
		t.Fatal(err)
	}
	until(t, "git runs", func() bool { return gitsBelow(t, r.dir) > 0 })
	cancel()
	until(t, "git is gone", func() bool { return gitsBelow(t, r.dir) == 0 })
}

// gitsBelow counts the processes that were given the folder as git's root.
func gitsBelow(t *testing.T, dir string) (n int) {
	t.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range environments {
		if content, err := os.ReadFile(path); err == nil && bytes.Contains(content, []byte("GIT_PROJECT_ROOT="+dir)) {
			n++
		}
	}
	return n
}

// until waits for something that only looking can tell.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", strings.TrimSpace(what))
		}
	}
}
