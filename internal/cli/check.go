package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/spec"
)

func (c *cli) check() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check PATH…",
		Short: "Say what a repository's spec files would do: what runs, is replaced, ignored or refused",
		Long:  "Say what a repository's spec files would do: what runs, is replaced, ignored or refused, with the line.\nIt needs neither Docker nor a running Serin. It fails when anything would be refused.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage{fmt.Errorf("serin check: name a repository's folder; usage: %s", cmd.UseLine())}
			}
			return nil
		},
	}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		refused := false
		for _, path := range args {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if !info.IsDir() {
				return usage{fmt.Errorf("%s is a file: name the repository's folder, the one that holds specfiles/", path)}
			}
			report := spec.Check(spec.FS(os.DirFS(path)))
			refused = refused || !report.OK()
			if f.name == "json" {
				err = report.WriteJSON(cmd.OutOrStdout())
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "%s:\n", path)
				err = report.WriteText(cmd.OutOrStdout())
			}
			if err != nil {
				return err
			}
		}
		if refused {
			return errors.New("some of it would be refused")
		}
		return nil
	}
	return cmd
}
