package source_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/source"
)

func TestAPushIsDeliveredOnce(t *testing.T) {
	r := newRig(t)
	r.deliver()
	c := r.newClone()
	said := c.must("push", "origin", "main")
	if want := "remote: serin: " + c.head()[:8] + " of yelb/yelb-ui is run 1; watch it: serin run watch 1"; !strings.Contains(said, want) {
		t.Errorf("git said:\n%s\nwant %q in it", said, want)
	}
	first := c.head()
	second := c.commit("README", "hello again")
	c.must("push", "origin", "main")
	got := r.consumer.await(t, 2)
	for i, want := range []source.Push{
		{Service: ui, Branch: "main", Commit: first, Pusher: "a deploy token"},
		{Service: ui, Branch: "main", Commit: second, Old: first, Pusher: "a deploy token"},
	} {
		p := got[i]
		if p.Key == "" || time.Since(p.At) > time.Minute {
			t.Errorf("push %d has key %q and time %v", i, p.Key, p.At)
		}
		p.Key, p.At = "", time.Time{}
		if p != want {
			t.Errorf("push %d is %+v, want %+v", i, p, want)
		}
	}
	if got[0].Key == got[1].Key {
		t.Error("two pushes have one key")
	}
}

func TestAPushIsDeliveredWhenGitSaysSo(t *testing.T) {
	r := newRig(t)
	r.deliver()
	c := r.newClone()
	for n := 1; n <= 3; n++ {
		c.must("push", "origin", "main")
		if got := len(r.consumer.pushes()); got != n {
			t.Fatalf("git has said that push %d succeeded, and %d were delivered", n, got)
		}
		c.commit("README", strings.Repeat("again ", n))
	}
}

func TestForcedPushesAreDelivered(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	first := c.head()
	second := c.commit("README", "second")
	c.must("push", "origin", "main")
	c.must("reset", "--quiet", "--hard", first)
	if out, err := c.git("push", "origin", "main"); err == nil {
		t.Errorf("a push that is not a fast-forward went through without --force:\n%s", out)
	}
	c.must("push", "--force", "origin", "main")
	c.must("push", "--force", "origin", second+":main") // back to a commit that was there before
	c.must("push", "origin", second+":main")            // nothing new
	r.deliver()
	got := r.consumer.await(t, 3)
	for i, want := range []string{second, first, second} {
		if got[i].Commit != want {
			t.Errorf("push %d is of %s, want %s", i, got[i].Commit, want)
		}
	}
	if len(got) != 3 {
		t.Errorf("got %d pushes, want 3", len(got))
	}
}

func TestAServiceReleasesTheBranchItSays(t *testing.T) {
	r := newRig(t)
	r.deliver()
	for _, wrong := range []string{"-x", "a..b/../c", "a b"} {
		if err := r.SetBranch(ui, wrong); !errors.Is(err, delivery.Invalid) {
			t.Errorf("branch %q: %v, want Invalid", wrong, err)
		}
	}
	if err := r.SetBranch(ui, "release/1"); err != nil {
		t.Fatal(err)
	}
	c := r.newClone()
	if said := c.must("push", "origin", "main"); !strings.Contains(said, "branch 'main' is not released; push to release/1") {
		t.Errorf("git said:\n%s", said)
	}
	c.must("push", "origin", "main:refs/heads/release/1")
	if got := r.consumer.await(t, 1); len(got) != 1 || got[0].Branch != "release/1" {
		t.Errorf("delivered %+v, want one push of release/1", got)
	}
	if branch, commit, err := r.Head(t.Context(), ui); err != nil || branch != "release/1" || commit != c.head() {
		t.Errorf("what is released is %s at %s, %v", branch, commit, err)
	}
}

func TestOtherBranchesAreToldOff(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	c.must("push", "origin", "main")
	said := c.must("push", "origin", "main:refs/heads/topic/x")
	if want := "remote: serin: branch 'topic/x' is not released; push to main: git push origin topic/x:main"; !strings.Contains(said, want) {
		t.Errorf("git said:\n%s\nwant %q in it", said, want)
	}
	if said := c.must("push", "origin", "main:refs/heads/master"); !strings.Contains(said, "branch 'master' is not released") {
		t.Errorf("git said of master beside main:\n%s", said)
	}
	c.must("tag", "v1")
	c.must("push", "origin", "v1")
	c.must("push", "origin", ":topic/x")
	r.deliver()
	if got := r.consumer.await(t, 1); len(got) != 1 {
		t.Errorf("got %d pushes, want the one to main", len(got))
	}
}

func TestMasterIsReleasedWhereItIsAlone(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	first := c.head()
	c.must("push", "origin", "main:refs/heads/master")
	second := c.commit("README", "second")
	c.must("push", "origin", "main")
	c.must("push", "origin", "main:refs/heads/master") // no longer the only one
	r.deliver()
	got := r.consumer.await(t, 2)
	if len(got) != 2 || got[0].Branch != "master" || got[0].Commit != first || got[1].Branch != "main" || got[1].Commit != second {
		t.Errorf("got %+v", got)
	}
	other := clone{t, t.TempDir()}
	other.must("clone", "--quiet", r.url(r.readingToken), ".")
	if branch := other.must("branch", "--show-current"); branch != "main" {
		t.Errorf("a clone is on %q, want main", branch)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	c.must("push", "origin", "main")
	read, none, wrong := r.url(r.readingToken), r.url(""), r.url("serin_tabcdefghi_wrong")
	for _, x := range []struct {
		what string
		args []string
		says string // "" when it must work
	}{
		{"no token reads", []string{"ls-remote", none}, "could not read Username"},
		{"a wrong token reads", []string{"ls-remote", wrong}, "Authentication failed"},
		{"a reader reads", []string{"ls-remote", read}, ""},
		{"a reader pushes", []string{"push", read, "main:x"}, "has the role read, and this needs deploy"},
		{"an old protocol", []string{"-c", "protocol.version=0", "ls-remote", read}, ""},
		{"another repository", []string{"ls-remote", strings.Replace(read, "yelb-ui", "nothing", 1)}, "serin service create yelb/nothing"},
		{"not a name", []string{"ls-remote", strings.Replace(read, "yelb-ui", "..%2f..%2fx", 1)}, "not found"},
		{"without .git", []string{"ls-remote", strings.TrimSuffix(read, ".git")}, ""},
	} {
		out, err := c.git(x.args...)
		if (err == nil) != (x.says == "") || !strings.Contains(out, x.says) {
			t.Errorf("%s: %v\n%s\nwant %q in it", x.what, err, out, x.says)
		}
	}
}

func TestALargePushComesWithoutALength(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	noise := make([]byte, 4<<20)
	_, _ = rand.Read(noise)
	c.commit("noise", string(noise))
	c.must("push", "origin", "main") // over http.postBuffer, so in chunks
	other := clone{t, t.TempDir()}
	other.must("clone", "--quiet", r.url(r.readingToken), ".")
	got, err := os.ReadFile(filepath.Join(other.dir, "noise"))
	if err != nil || string(got) != string(noise) {
		t.Errorf("the clone's file has %d bytes (%v), want the pushed %d", len(got), err, len(noise))
	}
}

func TestATooLargePushIsRefusedInWords(t *testing.T) {
	r := newRig(t)
	r.MaxPush = 1 << 20
	c := r.newClone()
	noise := make([]byte, 2<<20)
	_, _ = rand.Read(noise)
	c.commit("noise", hex.EncodeToString(noise))
	if out, err := c.git("push", "origin", "main"); err == nil || !strings.Contains(out, "exceeds maximum allowed size") {
		t.Errorf("got %v:\n%s", err, out)
	}
	c.must("reset", "--quiet", "--hard", "HEAD^")
	c.must("push", "origin", "main")
}

func TestACompressedRequestIsRead(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	for i := range 40 { // enough to have that git compresses what it says it has
		c.commit("README", strings.Repeat("x", i+1))
	}
	c.must("push", "origin", "main")
	for i := range 40 {
		c.commit("README", strings.Repeat("y", i+1))
	}
	other := clone{t, t.TempDir()}
	other.must("clone", "--quiet", c.dir, ".")
	out := other.must("-c", "protocol.version=0", "fetch", r.url(r.readingToken), "main")
	if strings.Contains(out, "fatal") {
		t.Error(out)
	}
}

func TestAFailedDeliveryIsRepeated(t *testing.T) {
	r := newRig(t)
	r.consumer.fail = 1
	c := r.newClone()
	c.must("push", "origin", "main")
	stop := r.deliver()
	r.consumer.await(t, 1)
	stop()
	r.Source = r.open("hook") // a new process
	r.deliver()
	got := r.consumer.await(t, 2)
	if got[0] != got[1] {
		t.Errorf("delivered %+v, then %+v", got[0], got[1])
	}
}

func TestAPushIsToldItsRun(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	told := func(args ...string) string {
		t.Helper()
		said := c.must(append([]string{"push", "--force", "origin"}, args...)...)
		if _, line, ok := strings.Cut(said, "remote: serin: "+c.head()[:8]+" of yelb/yelb-ui "); ok {
			line, _, _ = strings.Cut(line, "\n")
			return strings.TrimSpace(line)
		}
		return said
	}
	const unnumbered = "will be released; watch it: serin run watch yelb/yelb-ui"
	if got := told("main"); got != unnumbered {
		t.Errorf("while nobody delivers it is told %q", got)
	}
	first := c.head()
	stop := r.deliver()
	r.consumer.await(t, 1)
	second := c.commit("README", "second")
	if got := told("main"); got != "is run 2; watch it: serin run watch 2" {
		t.Errorf("a push is told %q", got)
	}
	c.must("reset", "--quiet", "--hard", first)
	if got := told("main"); got != "is run 3; watch it: serin run watch 3" {
		t.Errorf("a push back to a commit that was there is told %q", got)
	}
	if got := told("main", first+":refs/heads/topic"); strings.Contains(got, "is run") {
		t.Errorf("a push of another branch is told %q", got)
	}
	c.must("reset", "--quiet", "--hard", second)
	r.consumer.mu.Lock()
	r.consumer.fail = 1
	r.consumer.mu.Unlock()
	if got := told("main"); got != unnumbered {
		t.Errorf("a push that is not stored at once is told %q", got)
	}
	stop()
	c.commit("README", "third")
	if got := told("main"); got != unnumbered {
		t.Errorf("after the end it is told %q", got)
	}
	r.deliver()
	r.consumer.await(t, 6) // one of them came twice
	c.commit("README", "fourth")
	if got := told("main"); got != "is run 7; watch it: serin run watch 7" {
		t.Errorf("after a restart it is told %q", got)
	}
}

func TestAPushDoesWithoutItsNumber(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	r.deliver()() // hooks are told where to ask
	socket := filepath.Join(r.dir, ".serin", "receipts.sock")
	for what, answer := range map[string]func(net.Conn){
		"hangs up":       func(hook net.Conn) { hook.Close() },
		"talks nonsense": func(hook net.Conn) { defer hook.Close(); _, _ = hook.Write([]byte("hello\n")) },
		"says nothing":   func(net.Conn) {},
	} {
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if hook, err := listener.Accept(); err == nil {
				answer(hook)
			}
		}()
		c.commit("README", what)
		if said := c.must("push", "origin", "main"); !strings.Contains(said, "will be released; watch it: serin run watch yelb/yelb-ui") {
			t.Errorf("a push whose answerer %s is told:\n%s", what, said)
		}
		listener.Close()
	}
	r.deliver()
	if got := r.consumer.await(t, 3); len(got) != 3 {
		t.Errorf("got %+v", got)
	}
}
