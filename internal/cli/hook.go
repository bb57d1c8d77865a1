package cli

import (
	"github.com/spf13/cobra"

	"serin.dev/serin/internal/app"
)

// hook is what git runs in a hosted repository at each push.
func (c *cli) hook() *cobra.Command {
	return &cobra.Command{
		Use: "hook", Hidden: true, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.Hook(args, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}
