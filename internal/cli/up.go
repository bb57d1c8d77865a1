package cli

import (
	"log/slog"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/app"
)

func (c *cli) up() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run Serin on this machine until it is told to stop",
		Long: "Run Serin on this machine until it is told to stop. What it released goes on running without it.\n" +
			"Settings are flags, variables such as SERIN_PROXY_IMAGE, or lines of serin.yaml in the data folder.",
		Args: exactly(),
	}
	app.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := app.Load(cmd.Flags(), c.dataDir())
		if err != nil {
			return err
		}
		level, err := config.Level()
		if err != nil {
			return err
		}
		log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
		serin, err := app.Open(cmd.Context(), config, c.version, log)
		if err != nil {
			return err
		}
		defer serin.Close()
		return serin.Run(cmd.Context())
	}
	return cmd
}
