package cloudformation

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"serin.dev/serin/internal/spec/specfile"
)

// text gives a value as a text that holds no placeholder. False: it is absent, or wrong, which is told.
func (e *evaluator) text(v value, subject string) (string, bool) {
	switch v.kind {
	case scalar:
		if e.dynamic(v.text, v.line, subject) {
			return "", false
		}
		return e.concrete(v.text, v.line, subject)
	case list, object:
		e.Errorf(v.line, subject, "it must be a text")
	}
	return "", false
}

// needed is text for a value that must be there and not be empty.
func (e *evaluator) needed(v value, line int, subject string) (string, bool) {
	s, ok := e.text(v, subject)
	if v.kind == absent || ok && s == "" {
		e.Errorf(line, subject, "it is missing: add it")
		return "", false
	}
	return s, ok
}

// integer gives a value as a whole number; otherwise is for an absent one.
func (e *evaluator) integer(v value, subject string, otherwise, least, most int) int {
	s, ok := e.text(v, subject)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		e.Errorf(v.line, subject, "it is %s: it must be a whole number from %d to %d", quoted(s), least, most)
		return otherwise
	}
	return n
}

func (e *evaluator) truth(v value, subject string, otherwise bool) bool {
	s, ok := e.text(v, subject)
	if !ok {
		return otherwise
	}
	b, ok := specfile.Bool(s)
	if !ok {
		e.Errorf(v.line, subject, "it is %s: it must be true or false", quoted(s))
		return otherwise
	}
	return b
}

// each gives a list's values; none when it is absent.
func (e *evaluator) each(v value, subject string) []value {
	if v.kind == scalar || v.kind == object {
		e.Errorf(v.line, subject, "it must be a list: begin each entry with - ")
	}
	return v.items
}

// texts gives a list of texts; nil when it is absent.
func (e *evaluator) textList(v value, subject string) []string {
	var all []string
	for _, item := range e.each(v, subject) {
		if s, ok := e.text(item, subject); ok {
			all = append(all, s)
		}
	}
	return all
}

// object checks that a value is a map, or absent.
func (e *evaluator) object(v value, subject string) bool {
	if v.kind == scalar || v.kind == list {
		e.Errorf(v.line, subject, "it must be a map of keys and values")
	}
	return v.kind == object
}

// properties says what becomes of each property of a resource or of a part of one.
type properties struct {
	acted    []string          // read elsewhere
	ignored  []string          // without meaning outside AWS
	missing  map[string]string // property → why nothing is done with it
	replaced map[string]string // property → what Serin has for it
	warned   map[string]string // property → what is different without it
	refused  map[string]string // property → why, and what to do
}

// sort tells what becomes of the properties that are not read, and of those that nobody knows.
func (e *evaluator) sort(v value, subject string, p properties) {
	if !e.object(v, subject) {
		return
	}
	var ignored []string
	for _, k := range v.keys {
		key, line := k.name, k.line
		name := join(subject, cut(key))
		switch {
		case slices.Contains(p.acted, key):
		case slices.Contains(p.ignored, key):
			ignored = append(ignored, key)
		case p.replaced[key] != "":
			e.Add(specfile.Replaced, line, name, "%s", p.replaced[key])
		case p.missing[key] != "":
			e.Add(specfile.Ignored, line, name, "%s", p.missing[key])
		case p.warned[key] != "":
			e.Warnf(line, name, "it is ignored: %s", p.warned[key])
		case p.refused[key] != "":
			e.Add(specfile.Refused, line, name, "%s", p.refused[key])
		default:
			e.Warnf(line, name, "Serin does not know this property: nothing is done with it%s", e.Hint(specfile.Warning, key, func() []string { return p.acted }))
		}
	}
	if len(ignored) > 0 {
		e.Add(specfile.Ignored, v.line, subject, "without meaning here: %s", strings.Join(ignored, ", "))
	}
}

var size = regexp.MustCompile(`^([0-9]{0,9}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)$`)

// cpu reads units of 1/1024 core, or "0.25 vCPU".
func (e *evaluator) cpu(v value, subject string) int {
	n := e.scaled(v, subject, map[string]float64{"": 1, "vcpu": 1024}, "units such as 256, or .25 vCPU")
	return int(min(n, 1<<20))
}

// memory reads MiB, or "0.5 GB", and gives bytes.
func (e *evaluator) memory(v value, subject string) int64 {
	n := e.scaled(v, subject, map[string]float64{"": 1, "mb": 1, "gb": 1024}, "MiB such as 512, or 0.5 GB")
	return int64(min(n, 1<<24)) << 20
}

func (e *evaluator) scaled(v value, subject string, units map[string]float64, what string) float64 {
	s, ok := e.text(v, subject)
	if !ok {
		return 0
	}
	if m := size.FindStringSubmatch(s); m != nil {
		unit, known := units[strings.ToLower(m[2])]
		if x, err := strconv.ParseFloat(m[1], 64); err == nil && known {
			return math.Round(x * unit)
		}
	}
	e.Errorf(v.line, subject, "it is %s: it must be %s", quoted(s), what)
	return 0
}
