package cloudformation

import (
	"encoding/base64"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// intrinsicNames are all that are evaluated, for a hint at a misspelt one.
var intrinsicNames = []string{
	"Ref", "Fn::Sub", "Fn::ImportValue", "Fn::GetAtt", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::FindInMap",
	"Fn::If", "Fn::Base64", "Fn::GetAZs", "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not",
}

// call evaluates the intrinsic name (in its long form) with its argument.
func (e *evaluator) call(name string, arg *yaml.Node) value {
	switch name {
	case "Ref":
		return e.ref(arg)
	case "Fn::Sub":
		return e.sub(arg)
	case "Fn::ImportValue":
		return e.importValue(arg)
	case "Fn::GetAtt":
		return e.getAtt(arg)
	case "Fn::Join":
		return e.join(arg)
	case "Fn::Select":
		return e.choose(arg)
	case "Fn::Split":
		return e.split(arg)
	case "Fn::FindInMap":
		return e.findInMap(arg)
	case "Fn::If":
		return e.either(arg)
	case "Fn::Base64":
		return e.base64(arg)
	case "Fn::GetAZs":
		return e.getAZs(arg)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Condition":
		e.Errorf(arg.Line, name, "it may only stand in Conditions: name the condition there and use Fn::If here")
	default:
		e.Errorf(arg.Line, cut(name), "Serin does not know this intrinsic%s: write out its value", e.Hint(specfile.Error, name, func() []string { return intrinsicNames }))
	}
	return fault(arg.Line)
}

// ref gives a parameter's or pseudo parameter's value, or stands for a resource's physical name.
func (e *evaluator) ref(arg *yaml.Node) value {
	if arg.Kind != yaml.ScalarNode {
		e.Errorf(arg.Line, "Ref", "it must name one parameter or resource")
		return fault(arg.Line)
	}
	return e.named(arg.Value, arg.Line, "Ref")
}

// named is what a name stands for in Ref and in Sub.
func (e *evaluator) named(name string, line int, within string) value {
	if name == "AWS::NoValue" && within == "Ref" {
		return value{line: line}
	}
	if s, ok := e.pseudos[name]; ok {
		return text(line, s)
	}
	if v, ok := e.params[name]; ok {
		v.line = line
		return v
	}
	if _, ok := e.known[name]; ok {
		return text(line, placeholder("ref", name))
	}
	e.Errorf(line, within, "%s is neither a parameter nor a resource of this template%s", quoted(name), e.Hint(specfile.Error, name, e.names))
	return fault(line)
}

// getAtt stands for a resource's attribute, which only AWS knows.
func (e *evaluator) getAtt(arg *yaml.Node) value {
	const name = "Fn::GetAtt"
	v := e.eval(arg)
	resource, attribute := "", ""
	switch {
	case v.kind == broken:
		return v
	case v.kind == scalar:
		resource, attribute, _ = strings.Cut(v.text, ".")
	case v.kind == list && len(v.items) == 2 && v.items[0].kind == scalar && v.items[1].kind == scalar:
		resource, attribute = v.items[0].text, v.items[1].text
	}
	if resource == "" || attribute == "" {
		e.Errorf(arg.Line, name, "it must be Resource.Attribute, or a list of the two")
		return fault(arg.Line)
	}
	if _, ok := e.known[resource]; !ok {
		e.Errorf(arg.Line, name, "%s is no resource of this template%s", quoted(resource), e.Hint(specfile.Error, resource, e.names))
		return fault(arg.Line)
	}
	return text(arg.Line, placeholder("attribute", resource+"."+strings.ReplaceAll(attribute, mark, "")))
}

func (e *evaluator) join(arg *yaml.Node) value {
	const name = "Fn::Join"
	args, ok := e.arguments(arg, name, 2, "a delimiter and a list of texts")
	if !ok {
		return fault(arg.Line)
	}
	parts, ok := e.texts(e.eval(args[1]), name)
	delimiter := e.eval(args[0])
	if !ok || delimiter.kind != scalar {
		e.unless(delimiter, name, "its delimiter must be a text")
		return fault(arg.Line)
	}
	const entry = 16 // what looking at an entry costs, empty ones too
	size := len(parts) * (len(delimiter.text) + entry)
	for _, p := range parts {
		size += len(p)
	}
	if !e.make(size, arg.Line, name) {
		return fault(arg.Line)
	}
	return text(arg.Line, strings.Join(parts, delimiter.text))
}

// choose is Fn::Select.
func (e *evaluator) choose(arg *yaml.Node) value {
	const name = "Fn::Select"
	args, ok := e.arguments(arg, name, 2, "an index and a list")
	if !ok {
		return fault(arg.Line)
	}
	index, from := e.eval(args[0]), e.eval(args[1])
	if index.kind == broken || from.kind == broken {
		return fault(arg.Line)
	}
	i, err := strconv.Atoi(index.text)
	switch {
	case from.kind != list:
		e.Errorf(arg.Line, name, "its second argument must be a list")
	case index.kind != scalar || err != nil || i < 0 || i >= len(from.items):
		e.Errorf(arg.Line, name, "its index is %s: the list has %d entries, counted from 0", quoted(index.text), len(from.items))
	default:
		v := from.items[i]
		v.line = arg.Line
		return v
	}
	return fault(arg.Line)
}

func (e *evaluator) split(arg *yaml.Node) value {
	const name = "Fn::Split"
	args, ok := e.arguments(arg, name, 2, "a delimiter and a text")
	if !ok {
		return fault(arg.Line)
	}
	delimiter, from := e.eval(args[0]), e.eval(args[1])
	if delimiter.kind != scalar || delimiter.text == "" || from.kind != scalar {
		e.unless(delimiter, name, "its delimiter must be a text that is not empty")
		e.unless(from, name, "its second argument must be a text")
		if delimiter.kind == scalar && delimiter.text == "" {
			e.Errorf(arg.Line, name, "its delimiter must be a text that is not empty")
		}
		return fault(arg.Line)
	}
	if class, what, found := opaque(from.text); found {
		e.tellOpaque(arg.Line, name, class, what)
		return fault(arg.Line)
	}
	const entry = 128 // what an entry of the list takes besides its text
	if !e.make(len(from.text)+entry*strings.Count(from.text, delimiter.text), arg.Line, name) {
		return fault(arg.Line)
	}
	v := value{kind: list, line: arg.Line}
	for _, s := range strings.Split(from.text, delimiter.text) {
		v.items = append(v.items, text(arg.Line, s))
	}
	return v
}

func (e *evaluator) base64(arg *yaml.Node) value {
	v := e.eval(arg)
	if v.kind != scalar {
		e.unless(v, "Fn::Base64", "its argument must be a text")
		return fault(arg.Line)
	}
	if class, what, found := opaque(v.text); found {
		e.tellOpaque(arg.Line, "Fn::Base64", class, what)
		return fault(arg.Line)
	}
	if !e.make(2*len(v.text), arg.Line, "Fn::Base64") {
		return fault(arg.Line)
	}
	return text(arg.Line, base64.StdEncoding.EncodeToString([]byte(v.text)))
}

// getAZs gives three zones: there is no region to ask.
func (e *evaluator) getAZs(arg *yaml.Node) value {
	v := e.eval(arg)
	if v.kind != scalar {
		e.unless(v, "Fn::GetAZs", "its argument must be a region or an empty text")
		return fault(arg.Line)
	}
	region := v.text
	if region == "" {
		region = e.pseudos["AWS::Region"]
	}
	zones := value{kind: list, line: arg.Line}
	for _, letter := range []string{"a", "b", "c"} {
		zones.items = append(zones.items, text(arg.Line, region+letter))
	}
	return zones
}
