package buildspec

import (
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// phases reads those the file has, in the order in which they run.
func (p parser) phases(n *yaml.Node) []Phase {
	found := map[PhaseName]Phase{}
	known := keys{}
	for _, name := range PhaseNames() {
		known[string(name)] = func(n *yaml.Node) { found[name] = p.phase(n, name) }
	}
	p.misspelt(n, known)
	p.each(n, "phases", known)
	if len(found) == 0 {
		p.Errorf(n.Line, "phases", "it has none of install, pre_build, build and post_build: nothing would be built")
	}
	var list []Phase
	for _, name := range PhaseNames() {
		if phase, ok := found[name]; ok {
			list = append(list, phase)
		}
	}
	return list
}

// misspelt makes an error of a phase that does not exist: passing over its commands would build something else.
func (p parser) misspelt(n *yaml.Node, known keys) {
	for k := range specfile.Pairs(n) {
		if _, ok := known[k.Value]; !ok {
			known[k.Value] = nil
			p.Errorf(k.Line, join("phases", cut(k.Value)), "there is no such phase: it must be install, pre_build, build or post_build%s", specfile.DidYouMean(k.Value, "install", "pre_build", "build", "post_build"))
		}
	}
}

func (p parser) phase(n *yaml.Node, name PhaseName) Phase {
	within := join("phases", string(name))
	phase := Phase{Name: name, Line: n.Line}
	p.each(n, within, keys{
		"commands":         func(n *yaml.Node) { phase.Commands = p.commands(n, join(within, "commands")) },
		"finally":          func(n *yaml.Node) { phase.Finally = p.commands(n, join(within, "finally")) },
		"on-failure":       func(n *yaml.Node) { phase.OnFailure = p.onFailure(n, join(within, "on-failure")) },
		"run-as":           p.passedOver(join(within, "run-as"), "commands run as the builder container's user"),
		"runtime-versions": p.passedOver(join(within, "runtime-versions"), "the builder image has what it has; build in a Dockerfile to choose versions"),
	})
	if _, ok := specfile.Lookup(n, "commands"); !ok && n.Kind == yaml.MappingNode {
		if _, versions := specfile.Lookup(n, "runtime-versions"); !versions {
			p.Errorf(n.Line, within, "it has no commands: add commands: with a list, or remove the phase")
		}
	}
	return phase
}

func (p parser) commands(n *yaml.Node, key string) []Command {
	if n.Kind != yaml.SequenceNode {
		p.Errorf(n.Line, key, "it must be a list: begin each command with - ")
		return nil
	}
	var list []Command
	for _, item := range n.Content {
		item = specfile.Resolve(item)
		switch {
		case item.Kind == yaml.MappingNode:
			p.Errorf(item.Line, key, `this command is a map to YAML, because of a ": " in it: put it into quotes, or after "- |" on lines of its own`)
		case item.Kind == yaml.SequenceNode:
			p.Errorf(item.Line, key, `this command is a list to YAML: put it into quotes, or after "- |" on lines of its own`)
		case specfile.Null(item) || strings.TrimSpace(item.Value) == "":
			p.Errorf(item.Line, key, "this command is empty: write one or remove the line")
		default:
			list = append(list, Command{Text: item.Value, Line: item.Line})
		}
	}
	return list
}

func (p parser) onFailure(n *yaml.Node, key string) OnFailure {
	s := p.text(n, key)
	switch {
	case s == string(Abort), s == string(Continue):
		return OnFailure(s)
	case strings.HasPrefix(s, "RETRY"):
		p.Add(specfile.Ignored, n.Line, key, "Serin does not repeat a failed phase: it is taken for ABORT")
		return Abort
	}
	if s != "" {
		p.Errorf(n.Line, key, "it is %q: it must be ABORT or CONTINUE", cut(s))
	}
	return AsUsual
}
