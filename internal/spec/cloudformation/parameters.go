package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// given are the parameters a version's template gets, as the reference gave them.
func (in Input) given() map[string]string {
	return map[string]string{
		"EnvironmentName":  in.Environment,
		"MicroserviceName": in.Service,
		"Namespace":        in.Namespace,
		"Sha":              in.Sha,
		"ContainerImage":   in.Image,
		"Port":             strconv.Itoa(in.Port),
		"Protocol":         string(in.Protocol),
	}
}

// parameters fills in each from what is given, else from its Default, and checks it.
func (e *evaluator) parameters(t template) {
	given := e.in.given()
	for name, p := range specfile.Pairs(t.parameters) {
		subject := join("Parameters", cut(name.Value))
		if p.Kind != yaml.MappingNode {
			e.Errorf(name.Line, subject, "it must be a map with a Type")
			e.params[name.Value] = fault(name.Line)
			continue
		}
		d := declaration{e: e, node: p, line: name.Line, subject: subject}
		d.keys()
		s, ok := given[name.Value]
		if !ok {
			s, ok = d.text("Default")
		}
		typ, typed := d.text("Type")
		switch {
		case !typed:
			e.Errorf(name.Line, subject, "it has no Type: add Type: String")
			e.params[name.Value] = fault(name.Line)
		case strings.HasPrefix(typ, "AWS::SSM::Parameter::"):
			e.params[name.Value] = text(name.Line, placeholder("parameter", "the SSM parameter of "+name.Value))
		case !ok:
			e.Errorf(name.Line, subject, "nobody gives it a value: add a Default. Given are EnvironmentName, MicroserviceName, Namespace, Sha, ContainerImage, Port and Protocol")
			e.params[name.Value] = fault(name.Line)
		default:
			e.params[name.Value] = d.value(s, typ)
		}
	}
}

// declaration is one parameter of the template.
type declaration struct {
	e       *evaluator
	node    *yaml.Node
	line    int
	subject string
}

func (d declaration) keys() {
	known := []string{
		"Type", "Default", "AllowedValues", "AllowedPattern", "ConstraintDescription", "Description",
		"MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho",
	}
	for k := range specfile.Pairs(d.node) {
		if !slices.Contains(known, k.Value) {
			d.e.Errorf(k.Line, d.subject, "a parameter has no key %s%s", quoted(k.Value), specfile.DidYouMean(k.Value, known...))
		}
	}
}

// text gives a scalar of the declaration.
func (d declaration) text(key string) (string, bool) {
	n, ok := specfile.Lookup(d.node, key)
	if !ok || specfile.Null(n) {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || strings.Contains(n.Value, mark) {
		d.e.Errorf(n.Line, join(d.subject, key), "it must be a text")
		return "", false
	}
	return n.Value, true
}

// How long a parameter's value and the pattern it must match may be, in bytes. The former is CloudFormation's own limit.
const (
	maxParameter = 4096
	maxPattern   = 1000
)

// value makes the parameter's value of its text, by its type.
func (d declaration) value(s, typ string) value {
	if len(s) > maxParameter {
		d.e.Errorf(d.line, d.subject, "its value has %d bytes: at most %d", len(s), maxParameter)
		return fault(d.line)
	}
	switch {
	case typ == "CommaDelimitedList", strings.HasPrefix(typ, "List<"):
		v := value{kind: list, line: d.line}
		items := strings.Split(s, ",")
		for i, item := range items {
			items[i] = strings.TrimSpace(item)
			v.items = append(v.items, text(d.line, items[i]))
		}
		checks{d}.all(items, strings.TrimSuffix(strings.TrimPrefix(typ, "List<"), ">"))
		return v
	case typ == "String", typ == "Number", strings.HasPrefix(typ, "AWS::"):
		checks{d}.all([]string{s}, typ)
		return text(d.line, s)
	}
	d.e.Errorf(d.line, d.subject, "there is no parameter type %s: use String, Number, CommaDelimitedList, List<Number> or a type of AWS's", quoted(typ))
	return fault(d.line)
}
