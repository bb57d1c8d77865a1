package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// keeper holds the logs of removed containers: LogDir/<environment>/<service>/<number>/<replica>.<container>.log,
// lines beginning with Docker's time, the newest 10 MiB of each.
type keeper struct {
	dir string
	mu  sync.Mutex // one writer
}

const keptBytes = 10 << 20

// keepLog appends what a container has said since what is kept already.
func (e *Engine) keepLog(ctx context.Context, id delivery.TaskID, b *box) error {
	out, err := e.docker.ContainerLogs(ctx, b.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true})
	if err != nil {
		return gone(err)
	}
	defer out.Close()
	source := string(b.Part)
	if b.Part == appPart {
		source = b.App
	}
	return e.logs.keep(id, source, func(w io.Writer) error {
		_, err := stdcopy.StdCopy(w, w, out)
		return err
	})
}

func (k *keeper) folder(d delivery.DeploymentID) string {
	return filepath.Join(k.dir, d.Service.Environment, d.Service.Name, strconv.Itoa(d.Number))
}

// keep appends the lines that copy writes and that are newer than the last one kept.
func (k *keeper) keep(id delivery.TaskID, source string, copy func(io.Writer) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	folder := k.folder(id.Deployment)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, fmt.Sprintf("%d.%s.log", id.Replica, unfit.ReplaceAllString(source, "_")))
	last, err := lastKept(path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := copyNewer(file, last, copy); err != nil {
		return err
	}
	return shorten(path)
}

// copyNewer writes the lines whose time is after last.
func copyNewer(to io.Writer, last time.Time, copy func(io.Writer) error) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(copy(writer)) }()
	defer reader.Close() // ends copy, should writing fail
	lines := newLines(reader)
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !line.At.After(last) {
			continue
		}
		if _, err := fmt.Fprintf(to, "%s %s\n", line.At.Format(time.RFC3339Nano), line.Text); err != nil {
			return err
		}
	}
}

// lastKept is the time of a file's last line, zero when there is none.
func lastKept(path string) (time.Time, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return time.Time{}, err
	}
	end := make([]byte, min(size, 64<<10))
	if _, err := file.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return time.Time{}, err
	}
	all := bytes.Split(bytes.TrimSpace(end), []byte("\n"))
	return parseLine(string(all[len(all)-1])).At, nil
}

// shorten cuts a file down to its newest lines when it has grown beyond what is kept.
func shorten(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= keptBytes {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text = text[len(text)-keptBytes:]
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// line is one line of a container's output.
type line struct {
	At   time.Time
	Text string
}

// parseLine takes Docker's time off a line; a line without one has the zero time.
func parseLine(s string) line {
	stamp, text, ok := strings.Cut(s, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if !ok && err != nil || err != nil {
		return line{Text: s}
	}
	return line{At: at, Text: text}
}

// lines reads line after line; very long ones are cut into pieces.
type lines struct {
	scan *bufio.Reader
	last time.Time
}

func newLines(r io.Reader) *lines { return &lines{scan: bufio.NewReaderSize(r, 64<<10)} }

// next gives io.EOF at the end. A line without a time gets the one before it.
func (l *lines) next() (line, error) {
	text, err := l.scan.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) && len(text) == 0 {
		return line{}, err
	}
	got := parseLine(strings.TrimRight(string(text), "\r\n"))
	if got.At.IsZero() {
		got.At = l.last
	}
	l.last = got.At
	return got, nil
}
