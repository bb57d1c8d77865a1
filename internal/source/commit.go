package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"serin.dev/serin/internal/delivery"
)

// maxEdit bounds an edited file, in bytes.
const maxEdit = 1 << 20

// Edit is one changed file, to be committed.
type Edit struct {
	Branch  string
	Base    string // the branch's commit that was edited; "" when the branch is new
	Path    string // of the file, from the repository's root
	Content []byte // at most 1 MiB
	Author  string
	Email   string
	Message string
}

// CommitFile commits an edited file on top of its base and gives the commit. It is journalled as a push is. It fails
// with Conflict when the branch has moved on from the base.
func (s *Source) CommitFile(ctx context.Context, service delivery.ServiceID, e Edit) (string, error) {
	repo, err := s.find(service)
	if err != nil {
		return "", err
	}
	if err := e.check(); err != nil {
		return "", err
	}
	if err := s.current(ctx, repo, e); err != nil {
		return "", err
	}
	tree, err := s.edited(ctx, repo, service, e)
	if err != nil {
		return "", err
	}
	commit, err := s.commitTree(ctx, repo, tree, e)
	if err != nil {
		return "", err
	}
	if err := s.moveBranch(ctx, repo, commit, e); err != nil {
		return "", err
	}
	s.rounds.ask()
	return commit, nil
}

func (e Edit) check() error {
	if err := checkBranch(e.Branch); err != nil {
		return err
	}
	if e.Base != "" {
		if err := checkCommit(e.Base); err != nil {
			return err
		}
	}
	if err := checkPath(e.Path); err != nil {
		return err
	}
	if len(e.Content) > maxEdit {
		return delivery.Errorf(delivery.Invalid, "%s has %d bytes: at most %d can be edited here; push it instead", e.Path, len(e.Content), maxEdit)
	}
	for what, s := range map[string]string{"author": e.Author, "email": e.Email} {
		if s == "" || len(s) > 200 || strings.ContainsAny(s, "<>") || strings.ContainsFunc(s, unicode.IsControl) {
			return delivery.Errorf(delivery.Invalid, "%s %q: it must have 1 to 200 characters without < and >", what, s)
		}
	}
	if strings.TrimSpace(e.Message) == "" || len(e.Message) > 10_000 || strings.ContainsRune(e.Message, 0) {
		return delivery.Errorf(delivery.Invalid, "the commit message must have 1 to 10,000 characters: say what changed, and why")
	}
	return nil
}

// checkPath fails with Invalid unless p names a file within a repository.
func checkPath(p string) error {
	bad := !fs.ValidPath(p) || p == "." || len(p) > 1000 || !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl)
	for part := range strings.SplitSeq(p, "/") {
		bad = bad || strings.EqualFold(part, ".git")
	}
	if bad {
		return delivery.Errorf(delivery.Invalid, "path %q: give the file's path from the repository's root, without . and .. and .git", p)
	}
	return nil
}

// current fails with Conflict unless the branch stands at the base.
func (s *Source) current(ctx context.Context, repo string, e Edit) error {
	now, err := s.head(ctx, repo, "refs/heads/"+e.Branch)
	if err == nil && now != e.Base {
		err = delivery.Errorf(delivery.Conflict, "branch %s has moved on since you opened %s: it is at %.8s now; open the file again and repeat the change", e.Branch, e.Path, now)
	}
	return err
}

// edited writes the base's tree with the file changed.
func (s *Source) edited(ctx context.Context, repo string, service delivery.ServiceID, e Edit) (string, error) {
	scratch, err := os.MkdirTemp(s.private(), "edit-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	git := func(stdin []byte, args ...string) (string, error) {
		out, err := s.run(ctx, command{
			dir: repo, args: args, stdin: bytes.NewReader(stdin),
			env: []string{"GIT_INDEX_FILE=" + filepath.Join(scratch, "index")},
		})
		return strings.TrimSpace(string(out)), err
	}
	mode, before := "100644", ""
	if e.Base != "" {
		if mode, err = s.modeOf(ctx, service, e); err != nil {
			return "", err
		}
		if _, err := git(nil, "read-tree", e.Base); err != nil {
			return "", err
		}
		if before, err = git(nil, "write-tree"); err != nil {
			return "", err
		}
	}
	blob, err := git(e.Content, "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	if _, err := git([]byte(mode+" "+blob+"\t"+e.Path+"\x00"), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	after, err := git(nil, "write-tree")
	if err == nil && after == before {
		err = delivery.Errorf(delivery.Invalid, "%s is as it was: there is nothing to commit", e.Path)
	}
	return after, err
}

// modeOf gives the mode a file keeps, or gets when it is new.
func (s *Source) modeOf(ctx context.Context, service delivery.ServiceID, e Edit) (string, error) {
	files, err := s.Tree(ctx, service, e.Base)
	if err != nil {
		return "", err
	}
	for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
		if info, err := fs.Stat(files, dir); err == nil && !info.IsDir() {
			return "", delivery.Errorf(delivery.Invalid, "%s is a file: %s cannot be in it", dir, e.Path)
		}
	}
	info, err := fs.Stat(files, e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "100644", nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", delivery.Errorf(delivery.Invalid, "%s is not a regular file: only those can be edited here", e.Path)
	case info.Mode()&0o100 != 0:
		return "100755", nil
	}
	return "100644", nil
}

func (s *Source) commitTree(ctx context.Context, repo, tree string, e Edit) (string, error) {
	args := []string{"commit-tree", "-F", "-"}
	if e.Base != "" {
		args = append(args, "-p", e.Base)
	}
	out, err := s.run(ctx, command{
		dir: repo, args: append(args, tree), stdin: strings.NewReader(e.Message),
		env: []string{
			"GIT_AUTHOR_NAME=" + e.Author, "GIT_AUTHOR_EMAIL=" + e.Email,
			"GIT_COMMITTER_NAME=" + e.Author, "GIT_COMMITTER_EMAIL=" + e.Email,
		},
	})
	return strings.TrimSpace(string(out)), err
}

// moveBranch moves the branch from the base to the commit, through the hook that journals it.
func (s *Source) moveBranch(ctx context.Context, repo, commit string, e Edit) error {
	base := e.Base
	if base == "" {
		base = strings.Repeat("0", len(commit)) // it must not be there yet
	}
	_, err := s.run(ctx, command{
		dir: repo, args: []string{"update-ref", "-m", "edit", "refs/heads/" + e.Branch, commit, base},
		env: []string{pusherVariable + "=" + e.Author},
	})
	if err == nil {
		return nil
	}
	if conflict := s.current(ctx, repo, e); conflict != nil {
		return conflict
	}
	return fmt.Errorf("committing %s: %w", e.Path, err)
}
