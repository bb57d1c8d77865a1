package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
)

// pusherVariable tells the hooks who pushes.
const pusherVariable = "SERIN_PUSHER"

// The hooks that are installed: the first keeps the journal, the second talks to who pushes.
const (
	transactionHook = "reference-transaction"
	postReceiveHook = "post-receive"
)

// writeHooks writes a script for each hook that calls the hook command with the hook's name.
func (s *Source) writeHooks() error {
	if len(s.Hook) == 0 || !filepath.IsAbs(s.Hook[0]) {
		return delivery.Errorf(delivery.Internal, "the hook command %q must start with an absolute path", s.Hook)
	}
	words := make([]string, len(s.Hook))
	for i, word := range s.Hook {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	for _, hook := range []string{transactionHook, postReceiveHook} {
		script := "#!/bin/sh\nexec " + strings.Join(words, " ") + " " + hook + " \"$@\"\n"
		path := filepath.Join(s.hooks(), hook)
		fresh := path + ".new" // a running push sees the old script or the new one
		if err := os.WriteFile(fresh, []byte(script), 0o700); err != nil {
			return err
		}
		if err := os.Rename(fresh, path); err != nil {
			return err
		}
	}
	return nil
}

// Hook is what the hook command does with its arguments (the hook's name and what git adds), standard input and
// output, inside a repository. An error of the transaction hook's first state makes git refuse the push.
func Hook(args []string, stdin io.Reader, stdout io.Writer) error {
	repo, err := filepath.Abs(os.Getenv("GIT_DIR"))
	if err != nil {
		return err
	}
	branch, err := releasedBranch(repo)
	if err != nil {
		return fmt.Errorf("reading which branch is released: %w", err)
	}
	h := hook{
		repo:     repo,
		branch:   branch,
		pusher:   os.Getenv(pusherVariable),
		receipts: os.Getenv(receiptVariable),
		process:  os.Getppid(),
		journal:  journal{filepath.Join(repo, journalDir)},
	}
	changes, err := readChanges(stdin)
	switch {
	case err != nil:
		return err
	case len(args) == 2 && args[0] == transactionHook:
		return h.transaction(args[1], changes)
	case len(args) == 1 && args[0] == postReceiveHook:
		return h.tell(changes, stdout)
	}
	return fmt.Errorf("unknown hook %q", args)
}

// hook is one call by git.
type hook struct {
	repo     string
	branch   string // that is released
	pusher   string
	receipts string // where to ask for the run's number; may be ""
	process  int    // of git, whose hook this is
	journal  journal
}

// transaction follows a transaction of git's refs: "prepared" with the refs locked, then "committed" or "aborted".
func (h hook) transaction(state string, changes []change) error {
	var err error
	for _, c := range changes {
		switch state {
		case "prepared":
			err = h.prepare(c, changes)
		case "committed":
			err = h.journal.settle(c.ref, h.own, true)
		case "aborted":
			err = h.journal.settle(c.ref, h.own, false)
		}
		if err != nil {
			return fmt.Errorf("journalling the push to %s: %w", c.ref, err)
		}
	}
	return nil
}

// own tells whether an entry was prepared by the transaction that this hook belongs to.
func (h hook) own(e entry) bool { return e.Process == h.process }

// prepare settles what an earlier push left behind, and journals this one. The ref is locked: nobody else is at it.
func (h hook) prepare(c change, all []change) error {
	released, err := h.released(c.ref, all)
	if err != nil || !released {
		return err
	}
	now, err := h.resolve(c.ref)
	if err != nil {
		return err
	}
	if err := h.journal.settle(c.ref, func(e entry) bool { return e.New == now }, true); err != nil {
		return err
	}
	if err := h.journal.settle(c.ref, func(e entry) bool { return e.New != now }, false); err != nil {
		return err
	}
	if c.new == "" || c.new == now {
		return nil // the branch goes, or stays where it is
	}
	return h.journal.prepare(entry{Ref: c.ref, Old: now, New: c.new, Pusher: h.pusher, At: time.Now().UTC(), Process: h.process})
}

// released tells whether a ref is the branch that is released: the one of that name, or master where that one is
// neither there nor made by the same push.
func (h hook) released(ref string, all []change) (bool, error) {
	branch := "refs/heads/" + h.branch
	if ref != "refs/heads/master" || ref == branch {
		return ref == branch, nil
	}
	if slices.ContainsFunc(all, func(c change) bool { return c.ref == branch && c.new != "" }) {
		return false, nil
	}
	at, err := h.resolve(branch)
	return at == "", err
}

// resolve gives the commit a ref stands at, "" when there is no such ref.
func (h hook) resolve(ref string) (string, error) {
	out, err := h.git("rev-parse", "--verify", "--quiet", ref)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

func (h hook) git(args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = h.repo, append(os.Environ(), "GIT_DIR="+h.repo)
	return cmd.Output()
}

// tell says to who pushed what becomes of it; git passes it on behind "remote: ".
func (h hook) tell(changes []change, out io.Writer) error {
	service := strings.TrimSuffix(filepath.Base(filepath.Dir(h.repo))+"/"+filepath.Base(h.repo), ".git")
	for _, c := range changes {
		branch, isBranch := strings.CutPrefix(c.ref, "refs/heads/")
		released, err := h.released(c.ref, changes)
		if err != nil {
			return err
		}
		switch {
		case !isBranch || c.new == "":
			continue
		case released:
			// Clones check this branch out. Should that fail, they still can by its name.
			_, _ = h.git("symbolic-ref", "HEAD", c.ref)
			if run, err := h.receipt(service, c.new); err == nil {
				fmt.Fprintf(out, "serin: %.8s of %s is run %d; watch it: serin run watch %d\n", c.new, service, run, run)
			} else {
				fmt.Fprintf(out, "serin: %.8s of %s will be released; watch it: serin run watch %s\n", c.new, service, service)
			}
		default:
			fmt.Fprintf(out, "serin: branch '%s' is not released; push to %s: git push origin %s:%s\n", branch, h.branch, branch, h.branch)
		}
	}
	return nil
}

// change is one line of what git tells a hook; "" stands for no commit.
type change struct{ old, new, ref string }

func readChanges(r io.Reader) ([]change, error) {
	var changes []change
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.SplitN(lines.Text(), " ", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("git told the hook %q, which is not a change of a ref", lines.Text())
		}
		changes = append(changes, change{named(f[0]), named(f[1]), f[2]})
	}
	return changes, lines.Err()
}

// named gives an object's name, "" for the one of zeros that means none.
func named(object string) string {
	if strings.Trim(object, "0") == "" {
		return ""
	}
	return object
}
