package cloudformation

import (
	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// conditionState is a named condition: not yet evaluated, under way, or done.
type conditionState struct {
	node     *yaml.Node
	underWay bool
	done     bool
	holds    bool
}

// conditions evaluates all, so that every error in them is told.
func (e *evaluator) conditions(t template) {
	for name, n := range specfile.Pairs(t.conditions) {
		e.conds[name.Value] = &conditionState{node: n}
	}
	for name := range specfile.Pairs(t.conditions) {
		e.condition(name.Value, name.Line)
	}
}

// condition tells whether a named condition holds. One that is wrong does not.
func (e *evaluator) condition(name string, line int) bool {
	c, ok := e.conds[name]
	switch {
	case !ok:
		e.Errorf(line, "Condition", "%s is no condition of this template: add it to Conditions", quoted(name))
		return false
	case c.done:
		return c.holds
	case c.underWay:
		e.Errorf(line, join("Conditions", cut(name)), "it depends on itself")
		return false
	}
	c.underWay = true
	c.holds = e.test(c.node)
	c.done = true
	return c.holds
}

// test evaluates a condition function.
func (e *evaluator) test(n *yaml.Node) bool {
	n = specfile.Resolve(n)
	name, arg, ok := e.intrinsic(n)
	if c, is := specfile.Lookup(n, "Condition"); !ok && is {
		name, arg, ok = "Condition", c, true
	}
	if !ok {
		e.Errorf(n.Line, "Conditions", "it must be Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition")
		return false
	}
	switch name {
	case "Condition":
		if arg.Kind != yaml.ScalarNode {
			e.Errorf(arg.Line, name, "it must name one condition")
			return false
		}
		return e.condition(arg.Value, arg.Line)
	case "Fn::Equals":
		return e.equals(arg)
	case "Fn::Not":
		args, ok := e.arguments(arg, name, 1, "one condition")
		return ok && !e.test(args[0])
	case "Fn::And", "Fn::Or":
		return e.several(name, arg)
	}
	e.Errorf(arg.Line, cut(name), "it is no condition: use Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition")
	return false
}

func (e *evaluator) equals(arg *yaml.Node) bool {
	args, ok := e.arguments(arg, "Fn::Equals", 2, "two texts")
	if !ok {
		return false
	}
	a, b := e.eval(args[0]), e.eval(args[1])
	if a.kind != scalar || b.kind != scalar {
		e.unless(a, "Fn::Equals", "it compares two texts")
		e.unless(b, "Fn::Equals", "it compares two texts")
		return false
	}
	for _, v := range []value{a, b} {
		if class, what, found := opaque(v.text); found {
			e.tellOpaque(arg.Line, "Fn::Equals", class, what)
			return false
		}
	}
	return a.text == b.text
}

// several is Fn::And and Fn::Or. All of their conditions are evaluated, so that every error is told.
func (e *evaluator) several(name string, arg *yaml.Node) bool {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) < 2 || len(arg.Content) > 10 {
		e.Errorf(arg.Line, name, "it must be a list of 2 to 10 conditions")
		return false
	}
	count := 0
	for _, n := range arg.Content {
		if e.test(n) {
			count++
		}
	}
	if name == "Fn::And" {
		return count == len(arg.Content)
	}
	return count > 0
}

// either is Fn::If.
func (e *evaluator) either(arg *yaml.Node) value {
	args, ok := e.arguments(arg, "Fn::If", 3, "a condition's name and two values")
	if !ok {
		return fault(arg.Line)
	}
	if args[0].Kind != yaml.ScalarNode {
		e.Errorf(arg.Line, "Fn::If", "its first argument must name a condition")
		return fault(arg.Line)
	}
	if e.condition(args[0].Value, args[0].Line) {
		return e.eval(args[1])
	}
	return e.eval(args[2])
}
