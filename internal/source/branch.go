package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// branchFile, in a repository, names the branch that is released. It is a file since the hooks, which are processes of
// their own, must read it at the instant of a push.
const branchFile = "serin-branch"

// defaultBranch is released where nobody said otherwise.
const defaultBranch = "main"

// SetBranch says which branch of a service is released from the next push on; "" is main.
func (s *Source) SetBranch(service delivery.ServiceID, branch string) error {
	if branch == "" {
		branch = defaultBranch
	}
	if err := checkBranch(branch); err != nil {
		return err
	}
	repo, err := s.find(service)
	if err != nil {
		return err
	}
	path := filepath.Join(repo, branchFile)
	fresh := path + ".new" // a push meanwhile reads the old name or the new one
	if err := os.WriteFile(fresh, []byte(branch+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// releasedBranch reads which branch of a repository is released.
func releasedBranch(repo string) (string, error) {
	text, err := os.ReadFile(filepath.Join(repo, branchFile))
	if errors.Is(err, fs.ErrNotExist) {
		return defaultBranch, nil
	}
	return strings.TrimSpace(string(text)), err
}
