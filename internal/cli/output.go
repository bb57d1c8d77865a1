package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// format is -o: a table for people, or JSON for programs.
type format struct{ name string }

// formatFlag adds -o to a command.
func formatFlag(cmd *cobra.Command) *format {
	f := &format{}
	cmd.Flags().StringVarP(&f.name, "output", "o", "table", "table or json")
	return f
}

// show writes a list as a table with a row a thing, or as JSON.
func show[T any](w io.Writer, f *format, things []T, header string, row func(T) []any) error {
	switch f.name {
	case "json":
		if things == nil {
			things = []T{}
		}
		return writeJSON(w, things)
	case "table":
	default:
		return usage{fmt.Errorf("-o %s: it must be table or json", f.name)}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ReplaceAll(header, " ", "\t"))
	for _, thing := range things {
		var cells []string
		for _, cell := range row(thing) {
			cells = append(cells, text(cell))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// text writes a cell; what is empty is a dash, so that columns can be told apart.
func text(cell any) string {
	if at, ok := cell.(time.Time); ok {
		if at.IsZero() {
			return "-"
		}
		return at.Local().Format(time.DateTime)
	}
	if s := fmt.Sprint(cell); s != "" && s != "0" {
		return s
	}
	return "-"
}

func writeJSON(w io.Writer, thing any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(thing)
}
