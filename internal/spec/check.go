package spec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"serin.dev/serin/internal/spec/specfile"
)

// Report is all there is to know about a repository's spec files before a build.
type Report struct {
	Findings []Finding `json:"findings"` // by file and line
}

// Check looks at a commit's spec files as Load does, and reports instead of failing.
func Check(t Tree) Report {
	l := loader{tree: t}
	l.load()
	all := append(l.findings, l.problems...)
	if l.failure != nil {
		all = append(all, Finding{File: "specfiles", Kind: specfile.Error, Message: l.failure.Error()})
	}
	order := map[string]int{BuildFile: 1, BuildFileToo: 1, Dockerfile: 1, DeployFile: 2, TemplateFile: 3}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return Report{all}
}

// Count gives how many findings are of a kind.
func (r Report) Count(kind Kind) int {
	n := 0
	for _, f := range r.Findings {
		if f.Kind == kind {
			n++
		}
	}
	return n
}

// OK tells whether the repository can be built and run.
func (r Report) OK() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind.Fatal() })
}

// WriteText writes a line a finding, "<file>:<line>: <kind>: <subject>: <message>", and a line that sums up.
func (r Report) WriteText(w io.Writer) error {
	for _, f := range r.Findings {
		subject := ""
		if f.Subject != "" {
			subject = f.Subject + ": "
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s%s\n", f.Where(), f.Kind, subject, f.Message); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d run, %d replaced, %d ignored, %s, %d refused, %s\n",
		r.Count(specfile.Runs), r.Count(specfile.Replaced), r.Count(specfile.Ignored),
		count(r.Count(specfile.Warning), "warning"), r.Count(specfile.Refused), count(r.Count(specfile.Error), "error"))
	return err
}

// WriteJSON writes {"findings": [{"file", "line", "subject", "kind", "message"}]}, indented.
func (r Report) WriteJSON(w io.Writer) error {
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
