package specfile

import (
	"iter"

	"gopkg.in/yaml.v3"
)

// Resolve gives what an alias stands for, and any other node as it is.
func Resolve(n *yaml.Node) *yaml.Node {
	for hops := 0; n.Kind == yaml.AliasNode && n.Alias != nil && hops < MaxDepth; hops++ {
		n = n.Alias
	}
	return n
}

// Pairs ranges over a map's keys and values, aliases resolved. It yields nothing for another kind of node.
func Pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(Resolve(n.Content[i]), Resolve(n.Content[i+1])) {
				return
			}
		}
	}
}

// Null tells whether nothing was written where a value is expected.
func Null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// Lookup gives a map's value by key.
func Lookup(n *yaml.Node, key string) (*yaml.Node, bool) {
	for k, v := range Pairs(n) {
		if k.Value == key {
			return v, true
		}
	}
	return nil, false
}

// Bool reads a truth value as YAML 1.1 and CloudFormation write it.
func Bool(s string) (value, ok bool) {
	switch s {
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}
