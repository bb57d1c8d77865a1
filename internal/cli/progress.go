package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows how a thing goes on: one line that changes in a terminal, a line a change where output is piped.
type progress struct {
	w    io.Writer
	live bool
	last string
}

func newProgress(w io.Writer) *progress {
	file, ok := w.(*os.File)
	return &progress{w: w, live: ok && term.IsTerminal(int(file.Fd()))}
}

func (p *progress) show(line string) {
	line = plain(line)
	if line == p.last {
		return
	}
	p.last = line
	if p.live {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line) // back to the line's beginning, and clear it
		return
	}
	fmt.Fprintf(p.w, "%s %s\n", time.Now().Format(time.TimeOnly), line)
}

// end leaves the last line standing.
func (p *progress) end() {
	if p.live && p.last != "" {
		fmt.Fprintln(p.w)
	}
}
