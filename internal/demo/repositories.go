package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/samples/yelb"
)

// repositories are the working copies of Yelb's services, as a developer would have them.
type repositories struct {
	dir    string
	client *api.Client
}

func newRepositories(client *api.Client, dir string) (*repositories, error) {
	return &repositories{dir, client}, os.MkdirAll(dir, 0o700)
}

func (r *repositories) close() error { return remove(r.dir) }

func (r *repositories) path(service string) string { return filepath.Join(r.dir, service) }

// create makes a working copy with the sample's files, and commits them.
func (r *repositories) create(ctx context.Context, service, remote string) error {
	files, err := yelb.Repository(service)
	if err != nil {
		return err
	}
	if err := os.CopyFS(r.path(service), files); err != nil {
		return err
	}
	for _, words := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"},
		{"remote", "add", "origin", remote},
	} {
		if err := r.git(ctx, service, words...); err != nil {
			return err
		}
	}
	return r.commit(ctx, service, "Add "+service)
}

// edit replaces one text in one file; it fails when the text is not there exactly once.
func (r *repositories) edit(service, file, from, to string) error {
	path := filepath.Join(r.path(service), filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), from); n != 1 {
		return fmt.Errorf("%s of %s has %q %d times, not once", file, service, from, n)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), fs.FileMode(0o644))
}

func (r *repositories) commit(ctx context.Context, service, message string) error {
	if err := r.git(ctx, service, "add", "--all"); err != nil {
		return err
	}
	return r.git(ctx, service, "-c", "user.name=Serin demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "--message", message)
}

// undo takes the last commit back; the next push is a forced one.
func (r *repositories) undo(ctx context.Context, service string) error {
	return r.git(ctx, service, "reset", "--quiet", "--hard", "HEAD^")
}

func (r *repositories) push(ctx context.Context, service string) error {
	return r.git(ctx, service, "push", "--quiet", "--force", "origin", "main")
}

// git runs git in a working copy. The token goes by the environment: a command line can be read by every user.
func (r *repositories) git(ctx context.Context, service string, words ...string) error {
	cmd := exec.CommandContext(ctx, "git", words...)
	cmd.Dir = r.path(service)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("serin:"+r.client.Token)))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s in %s: %w: %s", words[0], service, err, out)
	}
	return nil
}
