package cloudformation

import (
	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// table is a mapping: its cells by their two keys.
type table map[string]map[string]*yaml.Node

// mappings remembers the template's tables: two levels of keys, then a text or a list of texts.
func (e *evaluator) mappings(t template) {
	for name, rows := range specfile.Pairs(t.mappings) {
		if rows.Kind != yaml.MappingNode {
			e.Errorf(name.Line, join("Mappings", cut(name.Value)), "it must be a map of maps")
			continue
		}
		t := table{}
		for row, cells := range specfile.Pairs(rows) {
			t[row.Value] = map[string]*yaml.Node{}
			if cells.Kind != yaml.MappingNode {
				e.Errorf(row.Line, join("Mappings", cut(name.Value)), "%s must be a map", quoted(row.Value))
			}
			for column, cell := range specfile.Pairs(cells) {
				t[row.Value][column.Value] = cell
			}
		}
		e.maps[name.Value] = t
	}
}

func (e *evaluator) findInMap(arg *yaml.Node) value {
	const name = "Fn::FindInMap"
	args, ok := e.arguments(arg, name, 3, "a mapping's name and two keys")
	if !ok {
		return fault(arg.Line)
	}
	var keys [3]string
	for i, n := range args {
		v := e.eval(n)
		if v.kind != scalar {
			e.unless(v, name, "its arguments must be texts")
			return fault(arg.Line)
		}
		if class, what, found := opaque(v.text); found {
			e.tellOpaque(arg.Line, name, class, what)
			return fault(arg.Line)
		}
		keys[i] = v.text
	}
	node, ok := e.maps[keys[0]][keys[1]][keys[2]]
	if !ok {
		e.Errorf(arg.Line, name, "Mappings has no %s . %s . %s: add it", quoted(keys[0]), quoted(keys[1]), quoted(keys[2]))
		return fault(arg.Line)
	}
	if node.Kind == yaml.MappingNode {
		e.Errorf(node.Line, name, "it must give a text or a list of texts")
		return fault(arg.Line)
	}
	v := e.cell(node)
	v.line = arg.Line
	return v
}

// cell is a mapping's value: no intrinsics are evaluated in it.
func (e *evaluator) cell(n *yaml.Node) value {
	if n.Kind != yaml.SequenceNode {
		return e.scalar(n)
	}
	if !e.make(128*len(n.Content), n.Line, "Fn::FindInMap") {
		return fault(n.Line)
	}
	v := value{kind: list, line: n.Line}
	for _, item := range n.Content {
		item = specfile.Resolve(item)
		if item.Kind != yaml.ScalarNode {
			e.Errorf(item.Line, "Mappings", "a mapping's list must hold texts")
			return fault(n.Line)
		}
		v.items = append(v.items, e.scalar(item))
	}
	return v
}
