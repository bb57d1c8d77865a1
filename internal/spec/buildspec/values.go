package buildspec

import (
	"maps"
	"slices"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// text reads a scalar as it is written.
func (p parser) text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode || specfile.Null(n) {
		p.Errorf(n.Line, key, "it must be a text")
		return ""
	}
	return n.Value
}

func (p parser) truth(n *yaml.Node, key string) bool {
	value, ok := specfile.Bool(n.Value)
	if n.Kind != yaml.ScalarNode || !ok {
		p.Errorf(n.Line, key, "it must be yes or no")
	}
	return value
}

func (p parser) texts(n *yaml.Node, key string) []string {
	if n.Kind != yaml.SequenceNode {
		p.Errorf(n.Line, key, "it must be a list: begin each line with - ")
		return nil
	}
	var list []string
	for _, item := range n.Content {
		item = specfile.Resolve(item)
		if s := p.text(item, key); s != "" {
			list = append(list, s)
		} else if item.Kind == yaml.ScalarNode && !specfile.Null(item) {
			p.Errorf(item.Line, key, "an entry is empty: write a text or remove it")
		}
	}
	return list
}

func join(within, key string) string {
	if within == "" {
		return key
	}
	return within + "." + key
}

func names(known keys) []string { return slices.Sorted(maps.Keys(known)) }

// cut keeps a message about a very long text readable.
func cut(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
