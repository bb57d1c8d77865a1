package cli

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
)

func (c *cli) weights() *cobra.Command {
	cmd := &cobra.Command{Use: "weights ENVIRONMENT/SERVICE", Short: "Show who gets which share of a service's traffic", Args: exactly("service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, id, err := c.service(args[0])
		if err != nil {
			return err
		}
		var weights delivery.Weights
		if err := client.Do(cmd.Context(), http.MethodGet, api.ServicePath(id)+"/weights", nil, &weights); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, weights, "DEPLOYMENT PERCENT", func(w delivery.Weight) []any {
			return []any{w.Deployment, fmt.Sprintf("%g", float64(w.BasisPoints)*100/delivery.Full)}
		})
	}
	return cmd
}
