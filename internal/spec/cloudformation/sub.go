package cloudformation

import (
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// sub is Fn::Sub: a text in which ${Name}, ${Resource.Attribute} and the names of an optional map are replaced.
// "${!Name}" gives "${Name}".
func (e *evaluator) sub(arg *yaml.Node) value {
	const name = "Fn::Sub"
	own := map[string]value{}
	format := arg
	if arg.Kind == yaml.SequenceNode {
		args, ok := e.arguments(arg, name, 2, "a text and a map of names")
		if !ok {
			return fault(arg.Line)
		}
		if args[1].Kind != yaml.MappingNode {
			e.Errorf(arg.Line, name, "its second argument must be a map of names and values")
			return fault(arg.Line)
		}
		format = args[0]
		for k, v := range specfile.Pairs(args[1]) {
			own[k.Value] = e.eval(v)
		}
	}
	v := e.eval(format)
	if v.kind != scalar {
		e.unless(v, name, "it must be a text, or a list of a text and a map")
		return fault(arg.Line)
	}
	return e.substitute(v.text, own, arg.Line)
}

func (e *evaluator) substitute(format string, own map[string]value, line int) value {
	const step = 8 // what looking at a name costs, if its value is empty
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(format, "${")
		if !e.make(len(before)+step, line, "Fn::Sub") {
			return fault(line)
		}
		b.WriteString(before)
		if !found {
			return text(line, b.String())
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			e.Errorf(line, "Fn::Sub", "a ${ is not closed: write } after the name, or ${!…} for the signs themselves")
			return fault(line)
		}
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			b.WriteString("${" + literal + "}")
		} else {
			v := e.subName(strings.TrimSpace(name), own, line)
			if v.kind != scalar || !e.make(len(v.text), line, "Fn::Sub") {
				e.unless(v, "Fn::Sub", "${"+cut(name)+"} is not a text")
				return fault(line)
			}
			b.WriteString(v.text)
		}
		format = after
	}
}

func (e *evaluator) subName(name string, own map[string]value, line int) value {
	if v, ok := own[name]; ok {
		return v
	}
	if strings.Contains(name, ".") {
		return e.getAtt(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: line})
	}
	return e.named(name, line, "Fn::Sub")
}
