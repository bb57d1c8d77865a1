package cloudformation

import (
	"regexp"
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

// value makes the parameter's value of its text, by its type.
func (d declaration) value(s, typ string) value {
	switch {
	case typ == "CommaDelimitedList", strings.HasPrefix(typ, "List<"):
		v := value{kind: list, line: d.line}
		for _, item := range strings.Split(s, ",") {
			item = strings.TrimSpace(item)
			d.check(item, strings.TrimSuffix(strings.TrimPrefix(typ, "List<"), ">"))
			v.items = append(v.items, text(d.line, item))
		}
		if !d.e.make(128*len(v.items), d.line, d.subject) {
			return fault(d.line)
		}
		return v
	case typ == "String", typ == "Number", strings.HasPrefix(typ, "AWS::"):
		d.check(s, typ)
		return text(d.line, s)
	}
	d.e.Errorf(d.line, d.subject, "there is no parameter type %s: use String, Number, CommaDelimitedList, List<Number> or a type of AWS's", quoted(typ))
	return fault(d.line)
}

// check compares a value with what the declaration allows.
func (d declaration) check(s, typ string) {
	d.allowed(s)
	d.pattern(s)
	if typ == "Number" {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			d.e.Errorf(d.line, d.subject, "it is %s: it must be a number", quoted(s))
			return
		}
		d.bound("MinValue", func(limit float64) bool { return x >= limit }, s, "at least")
		d.bound("MaxValue", func(limit float64) bool { return x <= limit }, s, "at most")
		return
	}
	length := float64(len([]rune(s)))
	d.bound("MinLength", func(limit float64) bool { return length >= limit }, s, "a text of a length of at least")
	d.bound("MaxLength", func(limit float64) bool { return length <= limit }, s, "a text of a length of at most")
}

func (d declaration) allowed(s string) {
	n, ok := specfile.Lookup(d.node, "AllowedValues")
	if !ok {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.e.Errorf(n.Line, join(d.subject, "AllowedValues"), "it must be a list")
		return
	}
	var all []string
	for _, item := range n.Content {
		all = append(all, specfile.Resolve(item).Value)
	}
	if !slices.Contains(all, s) {
		d.e.Errorf(n.Line, d.subject, "it is %s: AllowedValues are %s", quoted(s), cut(strings.Join(all, ", ")))
	}
}

func (d declaration) pattern(s string) {
	p, ok := d.text("AllowedPattern")
	if !ok {
		return
	}
	re, err := regexp.Compile(`^(?:` + p + `)$`)
	if err != nil {
		d.e.Warnf(d.line, join(d.subject, "AllowedPattern"), "Serin can't read this pattern, so the value is not compared with it")
		return
	}
	if !re.MatchString(s) {
		d.e.Errorf(d.line, d.subject, "it is %s: it must match AllowedPattern %s", quoted(s), quoted(p))
	}
}

func (d declaration) bound(key string, holds func(float64) bool, s, what string) {
	limit, ok := d.text(key)
	if !ok {
		return
	}
	x, err := strconv.ParseFloat(limit, 64)
	switch {
	case err != nil:
		d.e.Errorf(d.line, join(d.subject, key), "it is %s: it must be a number", quoted(limit))
	case !holds(x):
		d.e.Errorf(d.line, d.subject, "it is %s: it must be %s %s, by %s", quoted(s), what, limit, key)
	}
}
