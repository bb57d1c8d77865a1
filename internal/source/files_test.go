package source_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/source"
)

func TestTreeIsAFileSystem(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	c.commit("specfiles/deploy.json", "{}")
	c.commit("deep/er/*?[x] ü\"file", "odd")
	if err := os.Symlink("README", filepath.Join(c.dir, "link")); err != nil {
		t.Fatal(err)
	}
	c.commit("empty", "")
	c.must("push", "origin", "main")
	tree, err := r.Tree(t.Context(), ui, c.head())
	if err != nil {
		t.Fatal(err)
	}
	if content, err := fs.ReadFile(tree, "deep/er/*?[x] ü\"file"); err != nil || string(content) != "odd" {
		t.Errorf("got %q, %v", content, err)
	}
	for _, missing := range []string{"nothing", "deep/nothing", "README/x", "*"} {
		if _, err := fs.ReadFile(tree, missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s gave %v, want that it does not exist", missing, err)
		}
	}
	if _, err := fs.ReadFile(tree, "link"); err == nil {
		t.Error("a symbolic link was followed")
	}
	c.must("rm", "--quiet", "link")
	c.must("commit", "--quiet", "--message", "Remove the link")
	c.must("push", "origin", "main")
	if tree, err = r.Tree(t.Context(), ui, c.head()); err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(tree, "README", "specfiles/deploy.json", "empty"); err != nil {
		t.Error(err)
	}
	if _, err := r.Tree(t.Context(), ui, strings.Repeat("1", 40)); !errors.Is(err, delivery.NotFound) {
		t.Errorf("an unknown commit gave %v", err)
	}
	if _, err := r.Tree(t.Context(), ui, "--help"); !errors.Is(err, delivery.Invalid) {
		t.Errorf("an option gave %v", err)
	}
}

func TestLogAndDescribe(t *testing.T) {
	r := newRig(t)
	if _, err := r.Log(t.Context(), ui, "main", 10); !errors.Is(err, delivery.NotFound) {
		t.Errorf("an empty repository gave %v", err)
	}
	c := r.newClone()
	first := c.head()
	c.must("commit", "--quiet", "--allow-empty", "--message", "Subject\n\nbody\n\nmore")
	c.must("push", "origin", "main")
	log, err := r.Log(t.Context(), ui, "main", 10)
	if err != nil || len(log) != 2 {
		t.Fatalf("got %v, %v", log, err)
	}
	if got := log[0]; got.ID != c.head() || got.Author != "Ada" || got.Email != "ada@example.com" || got.Subject != "Subject" || got.Body != "body\n\nmore" {
		t.Errorf("got %+v", got)
	}
	if log, err := r.Log(t.Context(), ui, c.head(), 1); err != nil || len(log) != 1 {
		t.Errorf("got %v, %v", log, err)
	}
	if author, message, err := r.Describe(t.Context(), ui, first); err != nil || author != "Ada" || message != "Change README" {
		t.Errorf("got %q, %q, %v", author, message, err)
	}
}

func TestCheckout(t *testing.T) {
	r := newRig(t)
	c := r.newClone()
	lost := c.commit("Dockerfile", "FROM scratch")
	c.must("push", "origin", "main")
	c.must("reset", "--quiet", "--hard", "HEAD^")
	c.must("push", "--force", "origin", "main") // the commit is on no branch now
	work := clone{t, filepath.Join(t.TempDir(), "checkout")}
	if err := r.Checkout(t.Context(), ui, lost, work.dir); err != nil {
		t.Fatal(err)
	}
	if head := work.head(); head != lost {
		t.Errorf("it is at %s, want %s", head, lost)
	}
	if content, err := os.ReadFile(filepath.Join(work.dir, "Dockerfile")); err != nil || string(content) != "FROM scratch" {
		t.Errorf("got %q, %v", content, err)
	}
	if status := work.must("status", "--porcelain"); status != "" {
		t.Errorf("it is not clean:\n%s", status)
	}
	if err := r.Checkout(t.Context(), ui, lost, work.dir); !errors.Is(err, delivery.Conflict) {
		t.Errorf("a folder in use gave %v", err)
	}
}

func TestCommitFile(t *testing.T) {
	r := newRig(t)
	r.deliver()
	c := r.newClone()
	if err := os.WriteFile(filepath.Join(c.dir, "run.sh"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	base := c.commit("modules/votes.rb", "count = count +2\n")
	c.must("push", "origin", "main")
	edit := source.Edit{
		Branch: "main", Base: base, Path: "modules/votes.rb", Content: []byte("count = count +1\n"),
		Author: "Grace", Email: "grace@example.com", Message: "Count one vote once",
	}
	commit, err := r.CommitFile(t.Context(), ui, edit)
	if err != nil {
		t.Fatal(err)
	}
	got := r.consumer.await(t, 2)
	if got[1].Commit != commit || got[1].Old != base || got[1].Pusher != "Grace" {
		t.Errorf("delivered %+v", got[1])
	}
	c.must("pull", "--quiet", "origin", "main")
	if shown := c.must("show", "--format=%an <%ae> %s", "--numstat"); shown != "Grace <grace@example.com> Count one vote once\n\n1\t1\tmodules/votes.rb" {
		t.Errorf("the commit is:\n%s", shown)
	}
	if _, err := r.CommitFile(t.Context(), ui, edit); !errors.Is(err, delivery.Conflict) {
		t.Errorf("an old base gave %v", err)
	}
	edit.Base = commit
	if _, err := r.CommitFile(t.Context(), ui, edit); !errors.Is(err, delivery.Invalid) {
		t.Errorf("an edit that changes nothing gave %v", err)
	}
	edit.Path, edit.Content = "run.sh", []byte("#!/bin/sh\nexec ruby\n")
	if edit.Base, err = r.CommitFile(t.Context(), ui, edit); err != nil {
		t.Fatal(err)
	}
	c.must("pull", "--quiet", "origin", "main")
	if info, err := os.Stat(filepath.Join(c.dir, "run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("the script lost its mode: %v, %v", info, err)
	}
	for _, path := range []string{"", ".", "..", "/etc/passwd", "a/../b", "a//b", ".git/config", "x/.GIT/hooks/y", "a\nb", "modules", "README/x", strings.Repeat("x", 2000)} {
		edit.Path = path
		if _, err := r.CommitFile(t.Context(), ui, edit); !errors.Is(err, delivery.Invalid) {
			t.Errorf("path %q gave %v", path, err)
		}
	}
}

func TestTheFirstCommitMayBeAFile(t *testing.T) {
	r := newRig(t)
	edit := source.Edit{Branch: "main", Path: "README", Content: []byte("hello"), Author: "Grace", Email: "g@example.com", Message: "Begin"}
	if _, err := r.CommitFile(t.Context(), ui, edit); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CommitFile(t.Context(), ui, edit); !errors.Is(err, delivery.Conflict) {
		t.Errorf("a second first commit gave %v", err)
	}
}

func TestRepositoriesComeAndGo(t *testing.T) {
	r := newRig(t)
	db := delivery.ServiceID{Environment: "other", Name: "db"}
	for range 2 {
		if err := r.Create(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := r.Services(); err != nil || len(all) != 2 || all[0] != db || all[1] != ui {
		t.Errorf("got %v, %v", all, err)
	}
	for range 2 {
		if err := r.Delete(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := r.Services(); err != nil || len(all) != 1 {
		t.Errorf("got %v, %v", all, err)
	}
	if _, _, err := r.Head(t.Context(), db); !errors.Is(err, delivery.NotFound) {
		t.Errorf("got %v", err)
	}
	if err := r.Create(t.Context(), delivery.ServiceID{Environment: "..", Name: "x"}); !errors.Is(err, delivery.Invalid) {
		t.Errorf("got %v", err)
	}
}
