package cloudformation

import "strings"

// kind says what an evaluated value is.
type kind int

const (
	absent kind = iota // not written, or AWS::NoValue
	broken             // its error was told already
	scalar
	list
	object
)

// value is a node after evaluation.
type value struct {
	kind   kind
	line   int
	text   string           // of a scalar; it may hold placeholders
	items  []value          // of a list, none of them absent
	fields map[string]value // of an object, none of them absent
	keys   []key            // of an object, in the template's order
}

// key is an object's key and its line.
type key struct {
	name string
	line int
}

func text(line int, s string) value { return value{kind: scalar, line: line, text: s} }

func fault(line int) value { return value{kind: broken, line: line} }

// at gives an object's field; an absent one where there is none.
func (v value) at(key string) value {
	switch v.kind {
	case object:
		if f, ok := v.fields[key]; ok {
			return f
		}
		return value{line: v.line}
	case broken:
		return v
	}
	return value{line: v.line}
}

// mark encloses a placeholder. The reader of spec files refuses it in their text, and eval in an escape sequence.
const mark = "\x00"

// placeholder stands for a value that only AWS knows. The what begins with its class: import, known, ref, attribute.
func placeholder(class, what string) string { return mark + class + " " + what + mark }

// opaque gives the first placeholder within s.
func opaque(s string) (class, what string, found bool) {
	_, rest, found := strings.Cut(s, mark)
	if !found {
		return "", "", false
	}
	inner, _, _ := strings.Cut(rest, mark)
	class, what, _ = strings.Cut(inner, " ")
	return class, what, true
}

// cut keeps a message about a very long text readable.
func cut(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func join(within, key string) string {
	if within == "" {
		return key
	}
	return within + "." + key
}
