package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

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

// lockSoon takes a data folder whose process has just been ended: the kernel gives the lock back only once it has
// closed the files of a killed process, which on a busy machine comes a while after the process is seen no more.
func lockSoon(ctx context.Context, path string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		file, err := lock(path)
		if !errors.Is(err, delivery.Conflict) {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}
