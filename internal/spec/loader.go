package spec

import (
	"errors"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

func (l *loader) read(path string) ([]byte, bool) {
	data, ok, err := read(l.tree, path)
	if err != nil && l.failure == nil {
		l.failure = err
	}
	if ok && data == nil {
		data = []byte{}
	}
	return data, ok
}

// add keeps findings, apart those that make the declaration unusable.
func (l *loader) add(findings ...Finding) {
	for _, f := range findings {
		if f.Kind.Fatal() {
			l.problems = append(l.problems, f)
		} else {
			l.findings = append(l.findings, f)
		}
	}
}

// sound tells whether a reader succeeded, and keeps its problems.
func (l *loader) sound(err error) bool {
	if problems, ok := errors.AsType[specfile.Problems](err); ok {
		l.problems = append(l.problems, problems...)
	} else if err != nil && l.failure == nil {
		l.failure = err
	}
	return err == nil
}

func invalid(p specfile.Problems) error { return delivery.Errorf(delivery.Invalid, "%w", p) }
