package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/app"
	"serin.dev/serin/internal/demo"
)

func (c *cli) demo() *cobra.Command {
	o := demo.Options{}
	var cleanup bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Release, fix, break and rescue a sample application while users are at work",
		Long:  "Release, fix, break and rescue a sample application while users are at work.\nIt runs a Serin of its own in a data folder of its own, and leaves it running; --cleanup removes everything.",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			o.Serin, o.Out, o.Purge = []string{self}, cmd.OutOrStdout(), app.Purge
			if o.Data == "" {
				o.Data = filepath.Clean(c.dataDir()) + "-demo"
			}
			if o.Data, err = filepath.Abs(o.Data); err != nil {
				return err
			}
			if cleanup {
				return demo.Cleanup(cmd.Context(), o)
			}
			return demo.Run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&cleanup, "cleanup", false, "remove everything of the demo: processes, containers, networks, images and its data folder")
	flags.StringVar(&o.JSON, "json", "", "also write the report to this file")
	flags.StringVar(&o.Data, "demo-data", "", "data folder (default: Serin's own with -demo at its end)")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:7421", "address of the demo's Serin")
	flags.IntVar(&o.Gateway, "gateway-port", 0, "host port of the demo's gateway (0: one that is free)")
	flags.Float64Var(&o.Rate, "rate", 200, "user requests a second, at least 50")
	return cmd
}
