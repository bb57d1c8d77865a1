package evidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"serin.dev/serin/internal/delivery"
)

// Case is one rollout's evidence: its trial, and all that its judge was told.
type Case struct {
	Trial     Trial
	Intervals []Interval
}

// line is one line of a file of evidence: JSON Lines, a trial and then its intervals, and so on.
type line struct {
	Trial    *Trial    `json:"trial,omitempty"`
	Interval *Interval `json:"interval,omitempty"`
}

// maxLine is the longest line that is read, in bytes.
const maxLine = 1 << 20

// Write writes a case as JSON Lines.
func (c Case) Write(w io.Writer) error {
	out := json.NewEncoder(w)
	if err := out.Encode(line{Trial: &c.Trial}); err != nil {
		return err
	}
	for i := range c.Intervals {
		if err := out.Encode(line{Interval: &c.Intervals[i]}); err != nil {
			return err
		}
	}
	return nil
}

// ReadCases reads what Write wrote, one case after the other. It fails with delivery.Invalid, naming file and line.
func ReadCases(file string, r io.Reader) ([]Case, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	var cases []Case
	number := 0
	for in.Scan() {
		number++
		if len(in.Bytes()) == 0 {
			continue
		}
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			return nil, delivery.Errorf(delivery.Invalid, "%s:%d: this is no line of evidence: %w", file, number, err)
		}
		var problem string
		if cases, problem = l.append(cases); problem != "" {
			return nil, delivery.Errorf(delivery.Invalid, "%s:%d: %s", file, number, problem)
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, delivery.Errorf(delivery.Invalid, "%s:%d: the line is longer than %d bytes: this is no file of evidence", file, number+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", file, err)
	case len(cases) == 0:
		return nil, delivery.Errorf(delivery.Invalid, "%s: there is no evidence in it: write one with `serin rollout evidence`", file)
	}
	return cases, nil
}

// append puts a line where it belongs, or says why it does not fit.
func (l line) append(cases []Case) (_ []Case, problem string) {
	switch {
	case l.Trial != nil && l.Interval == nil:
		return append(cases, Case{Trial: *l.Trial}), ""
	case l.Interval == nil || l.Trial != nil:
		return nil, `a line must have either "trial" or "interval"`
	case len(cases) == 0:
		return nil, "there is no trial before this interval"
	}
	last := &cases[len(cases)-1]
	previous := last.Trial.Start
	if n := len(last.Intervals); n > 0 {
		previous = last.Intervals[n-1].To
	}
	if l.Interval.From.Before(previous) || l.Interval.To.Before(l.Interval.From) {
		return nil, fmt.Sprintf("the interval from %s to %s overlaps the one before, which ends at %s", l.Interval.From, l.Interval.To, previous)
	}
	if p := l.Interval.Percent; p < 0 || p > 100 {
		return nil, fmt.Sprintf("the share is %d %%: it must be from 0 to 100", p)
	}
	last.Intervals = append(last.Intervals, *l.Interval)
	return cases, ""
}
