package buildspec

import (
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

func (p parser) artifacts(n *yaml.Node) Artifacts {
	var a Artifacts
	p.each(n, "artifacts", keys{
		"files":               func(n *yaml.Node) { a.Files = p.patterns(n, "artifacts.files") },
		"exclude-paths":       func(n *yaml.Node) { a.Exclude = p.patterns(n, "artifacts.exclude-paths") },
		"name":                func(n *yaml.Node) { a.Name = p.text(n, "artifacts.name") },
		"base-directory":      func(n *yaml.Node) { a.BaseDirectory = p.folder(n, "artifacts.base-directory") },
		"discard-paths":       func(n *yaml.Node) { a.DiscardPaths = p.truth(n, "artifacts.discard-paths") },
		"enable-symlinks":     p.passedOver("artifacts.enable-symlinks", "symbolic links are not kept"),
		"s3-prefix":           p.passedOver("artifacts.s3-prefix", "artifacts are kept by Serin"),
		"secondary-artifacts": p.passedOver("artifacts.secondary-artifacts", "only the files of artifacts.files are kept"),
	})
	if _, ok := specfile.Lookup(n, "files"); !ok && n.Kind == yaml.MappingNode {
		p.Errorf(n.Line, "artifacts.files", "the key is missing: list the files to keep, such as specfiles/deploy.json")
	}
	return a
}

// patterns reads a list of patterns, none of which may leave the checkout.
func (p parser) patterns(n *yaml.Node, key string) []string {
	list := p.texts(n, key)
	for _, pattern := range list {
		p.inside(n.Line, pattern, key)
	}
	return list
}

func (p parser) folder(n *yaml.Node, key string) string {
	s := p.text(n, key)
	p.inside(n.Line, s, key)
	return s
}

func (p parser) inside(line int, s, key string) {
	if clean := path.Clean(s); path.IsAbs(s) || clean == ".." || strings.HasPrefix(clean, "../") {
		p.Errorf(line, key, "%q is outside of the checkout: write a path within it", cut(s))
	}
}
