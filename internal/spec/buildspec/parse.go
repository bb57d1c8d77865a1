package buildspec

import (
	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// Parse reads the buildspec called file. The findings are warnings. The error has the code Invalid and tells all
// that is wrong.
func Parse(file string, data []byte) (Spec, []specfile.Finding, error) {
	c := specfile.NewCollector(file)
	p := parser{c}
	var s Spec
	if root, ok := c.YAML(data); ok {
		p.version(root)
		p.sections(root, &s)
	}
	warnings, err := c.Result()
	if err != nil {
		return Spec{}, warnings, err
	}
	return s, warnings, nil
}

// parser reads the nodes of one file.
type parser struct{ *specfile.Collector }

func (p parser) version(root *yaml.Node) {
	v, ok := specfile.Lookup(root, "version")
	switch {
	case !ok:
		p.Errorf(1, "version", "the key is missing: begin the file with version: 0.2")
	case v.Value == "0.1":
		p.Errorf(v.Line, "version", "it is 0.1, in which commands share nothing: write 0.2")
	case v.Value != "0.2":
		p.Errorf(v.Line, "version", "it is %q: only version 0.2 is known", cut(v.Value))
	}
}

func (p parser) sections(root *yaml.Node, s *Spec) {
	p.each(root, "", keys{
		"version":   nil,
		"env":       func(n *yaml.Node) { p.env(n, s) },
		"phases":    func(n *yaml.Node) { s.Phases = p.phases(n) },
		"artifacts": func(n *yaml.Node) { s.Artifacts = p.artifacts(n) },
		"run-as":    p.passedOver("run-as", "commands run as the builder container's user"),
		"proxy":     p.passedOver("proxy", "the build uses the machine's own proxy settings"),
		"batch":     p.passedOver("batch", "one push is one build"),
		"reports":   p.passedOver("reports", "test reports are not collected; their output is in the build's log"),
		"cache":     p.passedOver("cache", "image layers are cached without it, other files are not"),
	})
	if _, ok := specfile.Lookup(root, "phases"); !ok {
		p.Errorf(1, "phases", "the key is missing: add phases: with at least build: and its commands")
	}
}

// keys says how each known key of a map is read; nil: elsewhere.
type keys map[string]func(*yaml.Node)

// each reads a map's known keys in the order of the file, and warns of the others.
func (p parser) each(n *yaml.Node, within string, known keys) {
	if n.Kind != yaml.MappingNode {
		p.Errorf(n.Line, within, "it must be a map of keys and values")
		return
	}
	for k, v := range specfile.Pairs(n) {
		read, ok := known[k.Value]
		switch {
		case !ok:
			p.Warnf(k.Line, join(within, cut(k.Value)), "a buildspec has no such key: nothing is done with it%s", p.Hint(specfile.Warning, k.Value, func() []string { return names(known) }))
		case read != nil && specfile.Null(v):
			p.Errorf(k.Line, join(within, k.Value), "it has no value: write one or remove the key")
		case read != nil:
			read(v)
		}
	}
}

// passedOver is how a key is read that Serin does nothing with.
func (p parser) passedOver(key, instead string) func(*yaml.Node) {
	return func(n *yaml.Node) { p.Add(specfile.Ignored, n.Line, key, "Serin does nothing with it: %s", instead) }
}
