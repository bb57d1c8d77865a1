package cloudformation

import (
	"maps"
	"slices"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// arguments gives the nodes of an intrinsic's argument list, which must have so many.
func (e *evaluator) arguments(arg *yaml.Node, name string, count int, what string) ([]*yaml.Node, bool) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != count {
		e.Errorf(arg.Line, name, "it must be a list of %s", what)
		return nil, false
	}
	args := make([]*yaml.Node, count)
	for i, n := range arg.Content {
		args[i] = specfile.Resolve(n)
	}
	return args, true
}

// texts gives a list's texts; false when it is not one, which is told.
func (e *evaluator) texts(v value, name string) ([]string, bool) {
	if v.kind != list {
		if v.kind != broken {
			e.Errorf(v.line, name, "it must be a list of texts")
		}
		return nil, false
	}
	parts := make([]string, len(v.items))
	ok := true
	for i, item := range v.items {
		if item.kind != scalar {
			e.unless(item, name, "each entry of its list must be a text")
			ok = false
		}
		parts[i] = item.text
	}
	return parts, ok
}

// unless tells what a value should have been, if it is not a scalar and its own error was not told already.
func (e *evaluator) unless(v value, name, message string) {
	if v.kind != scalar && v.kind != broken {
		e.Errorf(v.line, name, "%s", message)
	}
}

// names are all that Ref and GetAtt may name, ascending.
func (e *evaluator) names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(e.known)), maps.Keys(e.params))
	slices.Sort(names)
	return names[:min(len(names), 500)]
}
