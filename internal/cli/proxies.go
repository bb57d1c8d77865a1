package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
)

func (c *cli) proxies() *cobra.Command {
	cmd := &cobra.Command{Use: "proxies ENVIRONMENT", Short: "List the mesh's proxies and whether they have ACKed their configuration", Args: exactly("environment")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		var list []api.Proxy
		if err := client.Do(cmd.Context(), http.MethodGet, environmentsPath+"/"+url.PathEscape(args[0])+"/proxies", nil, &list); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "TASK CONNECTED CONFIGURED APP VERSION ERROR", func(p api.Proxy) []any {
			return []any{p.Task, p.Connected, p.Configured, p.Health, p.Version, p.Error}
		})
	}
	return cmd
}
