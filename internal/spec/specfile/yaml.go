package specfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// YAML reads the one document of a file whose root is a map. Within the tree it gives, maps have unique scalar keys
// (of a key that is there twice the last one stays, with a warning),
// nothing is nested deeper than [MaxDepth], and walking all of it, aliases followed, meets at most [MaxNodes] nodes.
// It records what is wrong and gives false otherwise.
func (c *Collector) YAML(data []byte) (*yaml.Node, bool) {
	data, ok := c.Text(data)
	if !ok {
		return nil, false
	}
	doc, err := document(data)
	if err != nil {
		line, message := yamlError(err)
		c.Errorf(line, "", "this is no YAML: %s", message)
		return nil, false
	}
	root := Resolve(doc.Content[0])
	if root.Kind != yaml.MappingNode {
		c.Errorf(root.Line, "", "the file must be a map of keys and values")
		return nil, false
	}
	w := walk{c: c}
	w.node(root, 1)
	return root, !w.failed
}

// document parses exactly one document. The parser is given hostile texts: a panic of its is an error like others.
func document(data []byte) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, errors.New("its structure is broken")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	doc = &yaml.Node{}
	if err := decoder.Decode(doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return nil, errors.New("the file is empty")
	} else if err != nil {
		return nil, err
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, errors.New("line " + strconv.Itoa(second.Line) + ": a second document begins here: only one is read")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// yamlError takes the line out of a message of the YAML parser.
func yamlError(err error) (int, string) {
	message := err.Error()
	m := yamlLine.FindStringSubmatch(message)
	line, _ := strconv.Atoi(m[1])
	return line, strings.TrimPrefix(message, m[0])
}

// walk checks a tree, following aliases as a reader would.
type walk struct {
	c      *Collector
	nodes  int
	failed bool
}

func (w *walk) node(n *yaml.Node, depth int) {
	n = Resolve(n)
	if w.nodes++; w.nodes > MaxNodes {
		w.stop(n.Line, "the file holds more than %d values, aliases counted as what they stand for", MaxNodes)
	} else if depth > MaxDepth {
		w.stop(n.Line, "more than %d lists and maps are within each other here", MaxDepth)
	}
	if w.failed && w.nodes > MaxNodes {
		return
	}
	if depth > MaxDepth {
		return
	}
	if n.Kind == yaml.MappingNode {
		w.keys(n)
	}
	for _, child := range n.Content {
		w.node(child, depth+1)
	}
}

// keys checks a map's keys. Of a key that is there twice the last one stays, as CloudFormation has it.
func (w *walk) keys(n *yaml.Node) {
	last := make(map[string]int, len(n.Content)/2) // where each key's pair is in kept
	kept := n.Content[:0:0]
	for key, value := range Pairs(n) {
		if key.Kind != yaml.ScalarNode {
			w.stop(key.Line, "a key must be a plain word")
			continue
		}
		if key.Tag == "!!merge" {
			w.stop(key.Line, "merge keys (<<) are not read: write the keys out")
		}
		if at, twice := last[key.Value]; twice {
			w.c.Warnf(key.Line, "", "the key %s is here twice, first in line %d: this one counts", strconv.Quote(key.Value), kept[at].Line)
			kept[at], kept[at+1] = key, value
			continue
		}
		last[key.Value] = len(kept)
		kept = append(kept, key, value)
	}
	n.Content = kept
}

func (w *walk) stop(line int, format string, args ...any) {
	w.failed = true
	w.c.Errorf(line, "", format, args...)
}
