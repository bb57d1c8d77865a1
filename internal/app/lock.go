package app

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"serin.dev/serin/internal/delivery"
)

// lock takes the data folder for this process. The kernel gives it back when the process ends, however it does.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, delivery.Errorf(delivery.Conflict, "another serin uses the data folder (%s is locked): stop it, or name another folder with --data", path)
	}
	return nil, fmt.Errorf("locking the data folder: %w", err)
}
