package cloudformation

import (
	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// template is the file's sections, each an empty map where the file has none.
type template struct {
	parameters, mappings, conditions, resources, outputs *yaml.Node
}

func (e *evaluator) template(root *yaml.Node) (template, bool) {
	t := template{}
	sections := map[string]**yaml.Node{
		"Parameters": &t.parameters,
		"Mappings":   &t.mappings,
		"Conditions": &t.conditions,
		"Resources":  &t.resources,
		"Outputs":    &t.outputs,
	}
	for _, s := range sections {
		*s = &yaml.Node{Kind: yaml.MappingNode}
	}
	sound := true
	for k, v := range specfile.Pairs(root) {
		switch k.Value {
		case "AWSTemplateFormatVersion", "Description", "Metadata":
			continue
		case "Transform":
			e.Errorf(k.Line, k.Value, "macros are not evaluated: write out what they would make")
			continue
		case "Rules", "Hooks":
			e.Add(specfile.Refused, k.Line, k.Value, "Serin does not evaluate this section: remove it")
			continue
		}
		section, ok := sections[k.Value]
		switch {
		case !ok:
			e.Errorf(k.Line, cut(k.Value), "a template has no such section%s", specfile.DidYouMean(k.Value, "Parameters", "Mappings", "Conditions", "Resources", "Outputs"))
		case specfile.Null(v):
			continue
		case v.Kind != yaml.MappingNode:
			e.Errorf(v.Line, k.Value, "it must be a map of names")
			sound = false
		default:
			*section = v
		}
	}
	for name, r := range specfile.Pairs(t.resources) {
		e.known[name.Value] = resourceType(r)
	}
	if len(e.known) == 0 {
		e.Errorf(1, "Resources", "the template has no resources: it must have an AWS::ECS::TaskDefinition at least")
		sound = false
	}
	return t, sound
}

// resourceType is what a resource says it is, "" when it does not.
func resourceType(r *yaml.Node) string {
	if t, ok := specfile.Lookup(r, "Type"); ok && t.Kind == yaml.ScalarNode {
		return t.Value
	}
	return ""
}

// outputs are evaluated for their errors alone: nothing outside AWS reads them.
func (e *evaluator) outputs(t template) {
	for name, o := range specfile.Pairs(t.outputs) {
		if c, ok := specfile.Lookup(o, "Condition"); ok && !e.condition(c.Value, c.Line) {
			continue
		}
		if v, ok := specfile.Lookup(o, "Value"); ok {
			e.eval(v)
		}
		e.Add(specfile.Ignored, name.Line, "Outputs."+cut(name.Value), "nothing outside AWS imports it")
	}
}
