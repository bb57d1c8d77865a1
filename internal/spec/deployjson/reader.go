package deployjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"serin.dev/serin/internal/spec/specfile"
)

// reader takes the fields one by one, remembers which keys were asked for, and records what is wrong with them.
type reader struct {
	c      *specfile.Collector
	fields []field
	asked  []string
}

func (r *reader) lines() map[string]int {
	lines := make(map[string]int, len(r.fields))
	for _, f := range r.fields {
		lines[f.key] = f.line
	}
	return lines
}

// get finds a key's value. A null is an error, and as if it was not there.
func (r *reader) get(key string) (json.RawMessage, bool) {
	r.asked = append(r.asked, key)
	i := slices.IndexFunc(r.fields, func(f field) bool { return f.key == key })
	if i < 0 {
		return nil, false
	}
	if string(r.fields[i].raw) == "null" {
		r.errorf(key, "it is null: write a value or remove the key")
		return nil, false
	}
	return r.fields[i].raw, true
}

func (r *reader) line(key string) int {
	for _, f := range r.fields {
		if f.key == key {
			return f.line
		}
	}
	return 0
}

func (r *reader) errorf(key, format string, args ...any) {
	r.c.Errorf(r.line(key), key, format, args...)
}

// missing records that a required key is not there.
func (r *reader) missing(key, example string) {
	if r.line(key) == 0 {
		r.errorf(key, "the key is missing: add %q: %s", key, example)
	}
}

// text reads a string, "" when it is missing or wrong.
func (r *reader) text(key string) (string, bool) {
	raw, ok := r.get(key)
	if !ok {
		return "", false
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		r.errorf(key, "it is %s: it must be a text in double quotes", shown(raw))
		return "", false
	}
	return s, true
}

// required reads a whole number that must be there.
func (r *reader) required(key string, least, most int) int {
	n, ok := r.integer(key, least, most)
	if !ok {
		r.missing(key, fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n
}

// optional reads a whole number that may be missing.
func (r *reader) optional(key string, otherwise, least, most int) int {
	if n, ok := r.integer(key, least, most); ok {
		return n
	}
	return otherwise
}

func (r *reader) integer(key string, least, most int) (int, bool) {
	raw, ok := r.get(key)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < least || n > most {
		hint := ""
		if raw[0] == '"' {
			hint = ", without quotes"
		}
		r.errorf(key, "it is %s: it must be a whole number from %d to %d%s", shown(raw), least, most, hint)
		return 0, false
	}
	return n, true
}

// choice reads one of some words, whatever their case. The first is the default.
func choice[T ~string](r *reader, key string, otherwise T, others ...T) T {
	s, ok := r.text(key)
	if !ok {
		return otherwise
	}
	all := append([]T{otherwise}, others...)
	for _, c := range all {
		if strings.EqualFold(s, string(c)) {
			return c
		}
	}
	r.errorf(key, "it is %s: it must be one of %s", quoted(s), words(all))
	return otherwise
}

// unknown warns of each key nothing asked for.
func (r *reader) unknown() {
	for _, f := range r.fields {
		if !slices.Contains(r.asked, f.key) {
			r.c.Warnf(f.line, short(f.key), "Serin does not know this key: nothing is done with it%s", r.c.Hint(specfile.Warning, f.key, func() []string { return r.asked }))
		}
	}
}

func words[T ~string](all []T) string {
	s := make([]string, len(all))
	for i, w := range all {
		s[i] = string(w)
	}
	return strings.Join(s, ", ")
}

// shown is a value for a message, on one line and not too long.
func shown(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return "unreadable"
	}
	return short(b.String())
}

func quoted(s string) string { return strconv.Quote(short(s)) }

func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
