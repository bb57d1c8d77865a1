package specfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// maxFindings bounds what is said of one file: nobody reads more, and a hostile file could have a million errors.
const maxFindings = 200

// Problems are the findings that make a file unusable. It is the cause of a reader's error.
type Problems []Finding

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, f := range p {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Collector gathers the findings of one file.
type Collector struct {
	file     string
	notes    []Finding
	problems Problems
}

// NewCollector starts with nothing found in file.
func NewCollector(file string) *Collector { return &Collector{file: file} }

// Add records a finding of any kind about a line (0: the whole file).
func (c *Collector) Add(kind Kind, line int, subject, format string, args ...any) {
	list := c.list(kind)
	if len(*list) >= maxFindings {
		return
	}
	f := Finding{File: c.file, Line: line, Subject: subject, Kind: kind, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(*list, f) {
		*list = append(*list, f)
	}
}

// list is where findings of a kind are kept.
func (c *Collector) list(kind Kind) *[]Finding {
	if kind.Fatal() {
		return (*[]Finding)(&c.problems)
	}
	return &c.notes
}

// Hint is DidYouMean for a finding of a kind, or "" where so many are recorded that it would not be kept.
func (c *Collector) Hint(kind Kind, name string, known func() []string) string {
	if len(*c.list(kind)) >= maxFindings {
		return ""
	}
	return DidYouMean(name, known()...)
}

// Errorf records that something is wrong.
func (c *Collector) Errorf(line int, subject, format string, args ...any) {
	c.Add(Error, line, subject, format, args...)
}

// Warnf records that something works and may hurt.
func (c *Collector) Warnf(line int, subject, format string, args ...any) {
	c.Add(Warning, line, subject, format, args...)
}

// Failed tells whether anything is wrong so far.
func (c *Collector) Failed() bool { return len(c.problems) > 0 }

// Result gives what was found, by line, and an Invalid error that tells all problems if there are any.
func (c *Collector) Result() ([]Finding, error) {
	byLine := func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(c.notes, byLine)
	if len(c.problems) == 0 {
		return c.notes, nil
	}
	slices.SortStableFunc(c.problems, byLine)
	return c.notes, delivery.Errorf(delivery.Invalid, "%w", c.problems)
}
