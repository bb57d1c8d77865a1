package cloudformation

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// maxMade bounds the bytes that all intrinsics of a template make together: a nested Sub could make any number.
const maxMade = 8 << 20

// evaluator turns nodes into values.
type evaluator struct {
	*specfile.Collector
	in      Input
	params  map[string]value
	maps    map[string]table
	conds   map[string]*conditionState
	known   map[string]string // resource types by logical id
	pseudos map[string]string
	made    int // bytes so far
}

func newEvaluator(c *specfile.Collector, in Input) *evaluator {
	return &evaluator{
		Collector: c,
		in:        in,
		params:    map[string]value{},
		maps:      map[string]table{},
		conds:     map[string]*conditionState{},
		known:     map[string]string{},
		pseudos:   pseudoParameters(in),
	}
}

// pseudoParameters are those a template has without declaring them. AWS::NoValue is apart, since it is none.
func pseudoParameters(in Input) map[string]string {
	region, account := in.Region, in.AccountID
	if region == "" {
		region = "us-east-1"
	}
	if account == "" {
		account = "000000000000"
	}
	stack := fmt.Sprintf("%s-%s-%s", in.Environment, in.Service, in.Sha)
	return map[string]string{
		"AWS::Region":           region,
		"AWS::AccountId":        account,
		"AWS::Partition":        "aws",
		"AWS::URLSuffix":        "amazonaws.com",
		"AWS::StackName":        stack,
		"AWS::StackId":          "arn:aws:cloudformation:" + region + ":" + account + ":stack/" + stack + "/serin",
		"AWS::NotificationARNs": "",
	}
}

// eval gives a node's value, intrinsics evaluated, absent items and fields left out.
func (e *evaluator) eval(n *yaml.Node) value {
	n = specfile.Resolve(n)
	if name, arg, ok := e.intrinsic(n); ok {
		return e.call(name, arg)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return e.scalar(n)
	case yaml.SequenceNode:
		v := value{kind: list, line: n.Line}
		for _, item := range n.Content {
			if x := e.eval(item); x.kind != absent {
				v.items = append(v.items, x)
			}
		}
		return v
	}
	v := value{kind: object, line: n.Line, fields: map[string]value{}}
	for k, item := range specfile.Pairs(n) {
		if x := e.eval(item); x.kind != absent {
			v.fields[k.Value] = x
			v.keys = append(v.keys, key{k.Value, k.Line})
		}
	}
	return v
}

func (e *evaluator) scalar(n *yaml.Node) value {
	switch {
	case specfile.Null(n):
		e.Errorf(n.Line, "", "a value is missing here: write one, or !Ref AWS::NoValue")
		return fault(n.Line)
	case strings.Contains(n.Value, mark):
		e.Errorf(n.Line, "", "a text holds a NUL byte: remove it")
		return fault(n.Line)
	}
	return text(n.Line, n.Value)
}

// intrinsic recognises !Name and {Fn::Name: …} and gives the long name and the argument.
func (e *evaluator) intrinsic(n *yaml.Node) (string, *yaml.Node, bool) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") && n.Tag != "!" {
		arg := *n
		arg.Tag = map[yaml.Kind]string{yaml.ScalarNode: "!!str", yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}[n.Kind]
		name := strings.TrimPrefix(n.Tag, "!")
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		return name, &arg, true
	}
	for k, v := range specfile.Pairs(n) {
		switch {
		case strings.HasPrefix(k.Value, "Fn::") && len(n.Content) > 2:
			e.Errorf(k.Line, cut(k.Value), "an intrinsic must stand alone in its map: move the other keys out")
			return "", nil, false
		case strings.HasPrefix(k.Value, "Fn::"), k.Value == "Ref" && len(n.Content) == 2:
			return k.Value, v, true
		}
	}
	return "", nil, false
}

// make accounts for bytes before an intrinsic makes them. False: the template wants too much, which is told.
func (e *evaluator) make(bytes, line int, name string) bool {
	if bytes < 0 || bytes > maxMade || e.made+bytes > maxMade {
		e.Errorf(line, name, "the template's intrinsics make more than %d bytes of text: make it smaller", maxMade)
		e.made = maxMade
		return false
	}
	e.made += bytes
	return true
}

func quoted(s string) string { return strconv.Quote(cut(s)) }
