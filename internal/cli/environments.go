package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
)

const environmentsPath = "/api/v1/environments"

func (c *cli) environments() *cobra.Command {
	cmd := group("env", "Environments: sets of services that call each other, each with a gateway",
		c.environmentCreate(), c.environmentList(), c.environmentDelete())
	cmd.Aliases = []string{"environment"}
	return cmd
}

func (c *cli) environmentCreate() *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use: "create ENVIRONMENT", Short: "Create an environment with its gateway", Args: exactly("environment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client()
			if err != nil {
				return err
			}
			var env api.Environment
			if err := client.Do(cmd.Context(), http.MethodPost, environmentsPath, api.NewEnvironment{Name: args[0], GatewayPort: port}, &env); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "environment %s is there; its gateway is %s\n", env.Name, env.GatewayURL)
			return err
		},
	}
	cmd.Flags().IntVar(&port, "gateway-port", 0, "host port of the gateway (0: one that is free is chosen and kept)")
	return cmd
}

func (c *cli) environmentList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List environments", Args: exactly()}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		var list []api.Environment
		if err := client.Do(cmd.Context(), http.MethodGet, environmentsPath, nil, &list); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "NAME GATEWAY CREATED", func(e api.Environment) []any {
			return []any{e.Name, e.GatewayURL, e.Created}
		})
	}
	return cmd
}

func (c *cli) environmentDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ENVIRONMENT", Short: "Delete an environment that has no services", Args: exactly("environment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client()
			if err != nil {
				return err
			}
			if err := client.Do(cmd.Context(), http.MethodDelete, environmentsPath+"/"+url.PathEscape(args[0]), nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "environment %s is deleted\n", args[0])
			return err
		},
	}
}
