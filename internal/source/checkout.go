package source

import (
	"context"
	"os"

	"serin.dev/serin/internal/delivery"
)

// Checkout writes a commit's files into dir, which must be empty or absent, with a .git of its own that holds the
// commit's history: what a build does there cannot reach the repository.
func (s *Source) Checkout(ctx context.Context, service delivery.ServiceID, commit, dir string) error {
	repo, err := s.find(service)
	if err != nil {
		return err
	}
	if err := checkCommit(commit); err != nil {
		return err
	}
	if _, err := s.commitAt(ctx, repo, service, commit); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err != nil {
		return err
	} else if len(there) > 0 {
		return delivery.Errorf(delivery.Conflict, "%s is not empty: a checkout needs a folder of its own", dir)
	}
	// Fetched rather than cloned: a clone copies the folder of objects while pushes write to it.
	for _, args := range [][]string{
		{"init", "--quiet", "--template=", "."},
		{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", repo, commit},
		{"checkout", "--quiet", "--detach", commit, "--"},
	} {
		if _, err := s.run(ctx, command{dir: dir, args: append([]string{"-c", "core.hooksPath=/dev/null"}, args...)}); err != nil {
			return err
		}
	}
	return nil
}
