package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// Options are what a Source needs.
type Options struct {
	Dir string // where the repositories lie; it is made when it is not there
	// Hook is the command git's hooks run, and its first arguments: a program that calls [Hook] with the arguments
	// after them. Its path is absolute.
	Hook    []string
	MaxPush int64 // bytes of one push; 0: 1 GiB
	Logger  *slog.Logger
}

// Source is the repositories of all services.
type Source struct {
	Options
	git      string // absolute path of git
	rounds   *rounds
	receipts receipts
}

// New makes a Source. It writes the hooks anew, since the path of the program may have changed.
func New(o Options) (*Source, error) {
	if o.MaxPush == 0 {
		o.MaxPush = 1 << 30
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "git is not installed: install it (Debian: apt-get install git)")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	s := &Source{Options: o, git: git, rounds: newRounds()}
	if err := s.writeHome(); err != nil {
		return nil, fmt.Errorf("preparing %s: %w", o.Dir, err)
	}
	return s, nil
}

// Create makes a service's empty repository. It does nothing when there is one.
func (s *Source) Create(ctx context.Context, service delivery.ServiceID) error {
	if err := checkService(service); err != nil {
		return err
	}
	repo := s.repository(service)
	if s.exists(service) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(repo), 0o700); err != nil {
		return err
	}
	// Made beside its place, so that a crash leaves nothing that looks like a repository.
	fresh, err := os.MkdirTemp(s.private(), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if _, err := s.run(ctx, command{dir: fresh, args: []string{"init", "--quiet", "--bare", "--template=", "."}}); err != nil {
		return err
	}
	if _, err := s.run(ctx, command{dir: fresh, args: []string{"symbolic-ref", "HEAD", "refs/heads/" + defaultBranch}}); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(fresh, journalDir), 0o700); err != nil {
		return err
	}
	if err := os.Rename(fresh, repo); err != nil && !s.exists(service) {
		return err
	}
	return nil
}

// Delete removes a service's repository, what was pushed and not yet delivered included. It does nothing when there
// is none.
func (s *Source) Delete(_ context.Context, service delivery.ServiceID) error {
	if err := checkService(service); err != nil {
		return err
	}
	// Moved away first: a repository is there whole or not at all.
	grave, err := os.MkdirTemp(s.private(), "old-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(grave)
	if err := os.Rename(s.repository(service), filepath.Join(grave, "git")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(s.repository(service))) // the environment's folder, when it is empty now
	return nil
}

// Services gives all services with a repository, ascending.
func (s *Source) Services() ([]delivery.ServiceID, error) {
	environments, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, err
	}
	var services []delivery.ServiceID
	for _, environment := range environments {
		repositories, err := os.ReadDir(filepath.Join(s.Dir, environment.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, repository := range repositories {
			name, ok := strings.CutSuffix(repository.Name(), ".git")
			service := delivery.ServiceID{Environment: environment.Name(), Name: name}
			if ok && checkService(service) == nil {
				services = append(services, service)
			}
		}
	}
	return services, nil
}

func (s *Source) repository(service delivery.ServiceID) string {
	return filepath.Join(s.Dir, service.Environment, service.Name+".git")
}

func (s *Source) exists(service delivery.ServiceID) bool {
	_, err := os.Stat(filepath.Join(s.repository(service), "HEAD"))
	return err == nil
}

// find gives a service's repository, or fails with NotFound.
func (s *Source) find(service delivery.ServiceID) (string, error) {
	if err := checkService(service); err != nil {
		return "", err
	}
	if !s.exists(service) {
		return "", delivery.Errorf(delivery.NotFound, "there is no repository of a service %s: `serin service create %s` makes it", service, service)
	}
	return s.repository(service), nil
}

func checkService(service delivery.ServiceID) error {
	_, err := delivery.ParseServiceID(service.String())
	return err
}

var (
	branchName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	commitName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

func checkBranch(branch string) error {
	if len(branch) > 200 || !branchName.MatchString(branch) {
		return delivery.Errorf(delivery.Invalid, "branch %q: it must be of letters, digits, _, ., - and /, and no part may start with . or -", branch)
	}
	return nil
}

func checkCommit(commit string) error {
	if !commitName.MatchString(commit) {
		return delivery.Errorf(delivery.Invalid, "commit %q: give its full name, 40 hexadecimal digits", commit)
	}
	return nil
}
