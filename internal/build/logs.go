package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"serin.dev/serin/internal/delivery"
)

// maxLog bounds one run's log, in bytes; what comes after is dropped, and the log says so.
const maxLog = 64 << 20

// Logs keeps one file a run, which can be read while it is written.
type Logs struct {
	dir string

	mu   sync.Mutex
	open map[delivery.RunID]chan struct{} // closed and replaced at each write; removed when the log is closed
}

// NewLogs keeps logs in dir, which must exist.
func NewLogs(dir string) *Logs { return &Logs{dir: dir, open: map[delivery.RunID]chan struct{}{}} }

func (l *Logs) path(run delivery.RunID) string {
	return filepath.Join(l.dir, fmt.Sprintf("run-%d.log", run))
}

// Append opens a run's log for writing at its end. Readers that follow it go on until it is closed.
func (l *Logs) Append(run delivery.RunID) (io.WriteCloser, error) {
	file, err := os.OpenFile(l.path(run), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[run] = make(chan struct{})
	return &writer{logs: l, run: run, file: file, room: maxLog - info.Size()}, nil
}

// Read copies a run's log to w, and with follow goes on until the log is closed or ctx ends. A run without a log
// has an empty one.
func (l *Logs) Read(ctx context.Context, run delivery.RunID, follow bool, w io.Writer) error {
	changed := l.changed(run) // before the first read, so that no write is missed
	file, err := os.Open(l.path(run))
	if errors.Is(err, fs.ErrNotExist) && (!follow || changed == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
		if !follow || changed == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			changed = l.changed(run)
		}
	}
}

// changed is closed at the next write; nil when nobody writes.
func (l *Logs) changed(run delivery.RunID) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[run]
}

type writer struct {
	logs *Logs
	run  delivery.RunID
	file *os.File
	room int64
}

// Write implements io.Writer. It never fails a build for its log's length.
func (w *writer) Write(p []byte) (int, error) {
	if w.room <= 0 {
		return len(p), nil
	}
	kept := p[:min(int64(len(p)), w.room)]
	if w.room -= int64(len(kept)); w.room <= 0 {
		kept = append(append([]byte{}, kept...), fmt.Sprintf("\n[serin] the log is longer than %d MiB: the rest is not kept\n", maxLog>>20)...)
	}
	_, err := w.file.Write(kept)
	w.logs.mu.Lock()
	defer w.logs.mu.Unlock()
	if c := w.logs.open[w.run]; c != nil {
		close(c)
		w.logs.open[w.run] = make(chan struct{})
	}
	return len(p), err
}

// Close ends the log and its followers.
func (w *writer) Close() error {
	w.logs.mu.Lock()
	if c := w.logs.open[w.run]; c != nil {
		close(c)
		delete(w.logs.open, w.run)
	}
	w.logs.mu.Unlock()
	return w.file.Close()
}
