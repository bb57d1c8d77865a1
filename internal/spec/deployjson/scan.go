package deployjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"serin.dev/serin/internal/spec/specfile"
)

// field is one key of the file with its value as it is written.
type field struct {
	key  string
	raw  json.RawMessage
	line int
}

// scan reads the file's one object into its fields, in their order.
func scan(c *specfile.Collector, data []byte) ([]field, bool) {
	if line, message := syntax(data); message != "" {
		c.Errorf(line, "", "this is no JSON: %s", message)
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		c.Errorf(1, "", "the file must be one JSON object: { \"EnvironmentName\": … }")
		return nil, false
	}
	var fields []field
	first := map[string]int{}
	line, counted := 1, 0
	for decoder.More() {
		key, err := decoder.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			c.Errorf(0, "", "the file must be one JSON object")
			return nil, false
		}
		line += bytes.Count(data[counted:decoder.InputOffset()], []byte("\n"))
		counted = int(decoder.InputOffset())
		f := field{key: name, line: line}
		if err := decoder.Decode(&f.raw); err != nil {
			c.Errorf(f.line, name, "its value can't be read: %v", err)
			return nil, false
		}
		if before, twice := first[name]; twice {
			c.Errorf(f.line, short(name), "the key is here twice, first in line %d: remove one", before)
			continue
		}
		first[name] = f.line
		fields = append(fields, f)
	}
	return fields, true
}

// syntax gives the line and the message of the first error, if the data is not one JSON value.
func syntax(data []byte) (int, string) {
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if err == nil {
		return 0, ""
	}
	message := strings.TrimPrefix(err.Error(), "json: ")
	if at, ok := errors.AsType[*json.SyntaxError](err); ok {
		return specfile.LineOf(data, int(at.Offset)-1), message
	}
	return 0, message
}
