package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"serin.dev/serin/internal/delivery"
)

// lockAge is when a lock of git's is taken for one that a killed process left. git holds them for milliseconds.
const lockAge = time.Minute

// clearLocks removes the locks of refs that nobody holds any more: git itself would refuse each later push for them.
func (s *Source) clearLocks(service delivery.ServiceID) error {
	repo := s.repository(service)
	clearOld := func(path string, entry fs.DirEntry) error {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < lockAge {
			return nil // gone by itself, or in use
		}
		s.Logger.Warn("removing a lock that a killed git left", "file", path)
		return os.Remove(path)
	}
	err := filepath.WalkDir(filepath.Join(repo, "refs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".lock" {
			return err
		}
		return clearOld(path, entry)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{"HEAD.lock", "packed-refs.lock"} {
		info, err := os.Lstat(filepath.Join(repo, name))
		if err != nil {
			continue
		}
		if err := clearOld(filepath.Join(repo, name), fs.FileInfoToDirEntry(info)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
