package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// format is -o: a table for people, or JSON for programs. It implements pflag.Value.
type format struct{ name string }

// formatFlag adds -o to a command.
func formatFlag(cmd *cobra.Command) *format {
	f := &format{"table"}
	cmd.Flags().VarP(f, "output", "o", "table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return f
}

func (f *format) String() string { return f.name }
func (f *format) Type() string   { return "format" }

// Set refuses what is neither.
func (f *format) Set(name string) error {
	if name != "table" && name != "json" {
		return errors.New("it must be table or json")
	}
	f.name = name
	return nil
}

// show writes a list as a table with a row a thing, or as JSON.
func show[T any](w io.Writer, f *format, things []T, header string, row func(T) []any) error {
	if f.name == "json" {
		if things == nil {
			things = []T{}
		}
		return writeJSON(w, things)
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
	if s := plain(fmt.Sprint(cell)); s != "" && s != "0" {
		return s
	}
	return "-"
}

// plain leaves out of a text what would move a terminal's cursor or break a line: commit messages and what proxies
// say are words of others.
func plain(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) }), " ")
}

func writeJSON(w io.Writer, thing any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(thing)
}
