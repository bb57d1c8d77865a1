package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
)

const tokensPath = "/api/v1/tokens"

func (c *cli) tokens() *cobra.Command {
	return group("token", "Tokens: who may ask this Serin for what", c.tokenCreate(), c.tokenList(), c.tokenDelete())
}

func (c *cli) tokenCreate() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token; its secret is shown this once", Args: exactly("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client()
			if err != nil {
				return err
			}
			var issued api.IssuedToken
			if err := client.Do(cmd.Context(), http.MethodPost, tokensPath, api.NewToken{Name: args[0], Role: role}, &issued); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), issued.Secret)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "deploy", "read, deploy or admin")
	return cmd
}

func (c *cli) tokenList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List tokens, without their secrets", Args: exactly()}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		var list []api.Token
		if err := client.Do(cmd.Context(), http.MethodGet, tokensPath, nil, &list); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "ID NAME ROLE CREATED", func(t api.Token) []any {
			return []any{t.ID, t.Name, t.Role, t.Created}
		})
	}
	return cmd
}

func (c *cli) tokenDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "Make a token useless at once", Args: exactly("token's ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.client()
			if err != nil {
				return err
			}
			if err := client.Do(cmd.Context(), http.MethodDelete, tokensPath+"/"+url.PathEscape(args[0]), nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "token %s is useless from now on\n", args[0])
			return err
		},
	}
}
