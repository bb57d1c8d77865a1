package buildspec

import (
	"cmp"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (p parser) env(n *yaml.Node, s *Spec) {
	p.each(n, "env", keys{
		"shell":                 func(n *yaml.Node) { s.Shell = p.shell(n) },
		"variables":             func(n *yaml.Node) { s.Variables = p.variables(n, "env.variables") },
		"parameter-store":       func(n *yaml.Node) { s.ParameterStore = p.variables(n, "env.parameter-store") },
		"secrets-manager":       func(n *yaml.Node) { s.SecretsManager = p.variables(n, "env.secrets-manager") },
		"exported-variables":    func(n *yaml.Node) { s.Exported = p.exported(n) },
		"git-credential-helper": p.passedOver("env.git-credential-helper", "the commit is checked out before the build begins"),
	})
}

func (p parser) shell(n *yaml.Node) string {
	switch s := p.text(n, "env.shell"); s {
	case "bash", "/bin/bash":
		return "bash"
	case "sh", "/bin/sh":
		return "sh"
	case "":
		return ""
	default:
		p.Errorf(n.Line, "env.shell", "it is %q: it must be sh or bash", cut(s))
		return ""
	}
}

// variables reads a map of names and texts, ascending by name.
func (p parser) variables(n *yaml.Node, key string) []Variable {
	if n.Kind != yaml.MappingNode {
		p.Errorf(n.Line, key, "it must be a map of names and values")
		return nil
	}
	var list []Variable
	for k, v := range specfile.Pairs(n) {
		name := join(key, cut(k.Value))
		if !variableName.MatchString(k.Value) {
			p.Errorf(k.Line, name, "no variable may be called so: use letters, digits and _, not beginning with a digit")
			continue
		}
		list = append(list, Variable{k.Value, p.text(v, name)})
	}
	slices.SortFunc(list, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (p parser) exported(n *yaml.Node) []string {
	list := p.texts(n, "env.exported-variables")
	for _, name := range list {
		if !variableName.MatchString(name) {
			p.Errorf(n.Line, "env.exported-variables", "no variable may be called %q: use letters, digits and _", cut(name))
		}
	}
	return list
}
