package cloudformation

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// checks compare a parameter's values (one, or those of a list) with what its declaration allows.
type checks struct{ declaration }

func (c checks) all(values []string, typ string) {
	c.allowed(values)
	c.pattern(values)
	if typ == "Number" {
		c.numbers(values)
		return
	}
	length := func(s string) float64 { return float64(len([]rune(s))) }
	c.bound("MinLength", values, "a text of a length of at least", func(s string, limit float64) bool { return length(s) >= limit })
	c.bound("MaxLength", values, "a text of a length of at most", func(s string, limit float64) bool { return length(s) <= limit })
}

func (c checks) numbers(values []string) {
	for _, s := range values {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			c.e.Errorf(c.line, c.subject, "it is %s: it must be a number", quoted(s))
			return
		}
	}
	number := func(s string) float64 {
		x, _ := strconv.ParseFloat(s, 64) // compared above
		return x
	}
	c.bound("MinValue", values, "at least", func(s string, limit float64) bool { return number(s) >= limit })
	c.bound("MaxValue", values, "at most", func(s string, limit float64) bool { return number(s) <= limit })
}

func (c checks) allowed(values []string) {
	n, ok := specfile.Lookup(c.node, "AllowedValues")
	if !ok {
		return
	}
	if n.Kind != yaml.SequenceNode {
		c.e.Errorf(n.Line, join(c.subject, "AllowedValues"), "it must be a list")
		return
	}
	all := make([]string, len(n.Content))
	for i, item := range n.Content {
		all[i] = specfile.Resolve(item).Value
	}
	for _, s := range values {
		if !slices.Contains(all, s) {
			c.e.Errorf(n.Line, c.subject, "it is %s: AllowedValues are %s", quoted(s), cut(strings.Join(all, ", ")))
			return
		}
	}
}

func (c checks) pattern(values []string) {
	p, ok := c.text("AllowedPattern")
	if !ok {
		return
	}
	if len(p) > maxPattern {
		c.e.Errorf(c.line, join(c.subject, "AllowedPattern"), "it has %d bytes: at most %d", len(p), maxPattern)
		return
	}
	re, err := regexp.Compile(`^(?:` + p + `)$`)
	if err != nil {
		c.e.Warnf(c.line, join(c.subject, "AllowedPattern"), "Serin can't read this pattern, so the value is not compared with it")
		return
	}
	for _, s := range values {
		if !re.MatchString(s) {
			c.e.Errorf(c.line, c.subject, "it is %s: it must match AllowedPattern %s", quoted(s), quoted(p))
			return
		}
	}
}

func (c checks) bound(key string, values []string, what string, holds func(s string, limit float64) bool) {
	written, ok := c.text(key)
	if !ok {
		return
	}
	limit, err := strconv.ParseFloat(written, 64)
	if err != nil {
		c.e.Errorf(c.line, join(c.subject, key), "it is %s: it must be a number", quoted(written))
		return
	}
	for _, s := range values {
		if !holds(s, limit) {
			c.e.Errorf(c.line, c.subject, "it is %s: it must be %s %s, by %s", quoted(s), what, written, key)
			return
		}
	}
}
