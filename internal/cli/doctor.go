package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/app"
)

func (c *cli) doctor() *cobra.Command {
	cmd := &cobra.Command{Use: "doctor", Short: "Say what this machine lacks to run Serin, a sentence each", Args: exactly()}
	f := formatFlag(cmd)
	app.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := app.Settings(cmd.Flags(), c.dataDir())
		if err != nil {
			return err
		}
		findings := app.Doctor(cmd.Context(), config)
		if err := show(cmd.OutOrStdout(), f, findings, "SUBJECT OK DETAIL", func(f app.Finding) []any {
			return []any{f.Subject, map[bool]string{true: "yes", false: "no"}[f.OK], f.Detail}
		}); err != nil {
			return err
		}
		missing := 0
		for _, finding := range findings {
			if !finding.OK {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d are missing", missing, len(findings))
		}
		return nil
	}
	return cmd
}
