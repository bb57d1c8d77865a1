package source

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
)

// Commit is one entry of a log.
type Commit struct {
	ID      string    `json:"id"` // full name
	Author  string    `json:"author"`
	Email   string    `json:"email"`
	At      time.Time `json:"at"`      // when it was authored
	Subject string    `json:"subject"` // the first line of its message
	Body    string    `json:"body"`    // the others
}

// Head gives the released branch of a service and its commit. It fails with NotFound when nothing was pushed yet.
func (s *Source) Head(ctx context.Context, service delivery.ServiceID) (branch, commit string, err error) {
	repo, err := s.find(service)
	if err != nil {
		return "", "", err
	}
	released, err := releasedBranch(repo)
	if err != nil {
		return "", "", err
	}
	for _, branch := range []string{released, "master"} {
		commit, err := s.head(ctx, repo, "refs/heads/"+branch)
		if err != nil || commit != "" {
			return branch, commit, err
		}
	}
	return "", "", delivery.Errorf(delivery.NotFound, "nothing was pushed to branch %s of %s yet", released, service)
}

// Log gives the newest commits of a branch, or those from a commit backwards, at most limit (1 to 1000).
func (s *Source) Log(ctx context.Context, service delivery.ServiceID, ref string, limit int) ([]Commit, error) {
	repo, err := s.find(service)
	if err != nil {
		return nil, err
	}
	commit, err := s.commitAt(ctx, repo, service, ref)
	if err != nil {
		return nil, err
	}
	limit = min(max(limit, 1), 1000)
	out, err := s.run(ctx, command{dir: repo, args: []string{
		"log", "-z", "--format=%H%n%an%n%ae%n%at%n%s%n%b", "--max-count=" + strconv.Itoa(limit), commit, "--",
	}})
	if err != nil {
		return nil, err
	}
	var commits []Commit
	for record := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		f := strings.SplitN(record, "\n", 6)
		if len(f) != 6 {
			return nil, fmt.Errorf("git log gave %q", record)
		}
		at, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log gave %q", record)
		}
		commits = append(commits, Commit{f[0], f[1], f[2], time.Unix(at, 0).UTC(), f[4], strings.TrimSpace(f[5])})
	}
	return commits, nil
}

// Describe gives a commit's author and the first line of its message.
func (s *Source) Describe(ctx context.Context, service delivery.ServiceID, commit string) (author, message string, err error) {
	if err := checkCommit(commit); err != nil {
		return "", "", err
	}
	commits, err := s.Log(ctx, service, commit, 1)
	if err != nil {
		return "", "", err
	}
	return commits[0].Author, commits[0].Subject, nil
}

// commitAt gives the full name of a branch's commit, or checks that a commit is there.
func (s *Source) commitAt(ctx context.Context, repo string, service delivery.ServiceID, ref string) (string, error) {
	object, what := ref, "commit"
	if checkCommit(ref) != nil {
		if err := checkBranch(ref); err != nil {
			return "", err
		}
		object, what = "refs/heads/"+ref, "branch"
	}
	commit, err := s.head(ctx, repo, object+"^{commit}")
	if err == nil && commit == "" {
		err = delivery.Errorf(delivery.NotFound, "%s has no %s %s", service, what, ref)
	}
	return commit, err
}

// head gives the object a name stands for, "" when there is none.
func (s *Source) head(ctx context.Context, repo, name string) (string, error) {
	out, err := s.run(ctx, command{dir: repo, args: []string{"rev-parse", "--verify", "--quiet", name}})
	if f, ok := errors.AsType[*failure](err); ok && f.status == 1 {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}
