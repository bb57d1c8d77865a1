package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
)

func (c *cli) logs() *cobra.Command {
	var follow bool
	var tail int
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "logs ENVIRONMENT/SERVICE[/NUMBER]",
		Short: "Print a deployment's log lines, also of one that was removed",
		Long:  "Print a deployment's log lines, also of one that was removed. Without a number it is the newest deployment.",
		Args:  exactly("deployment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.deployment(cmd, args[0])
			if err != nil {
				return err
			}
			query := url.Values{"follow": {strconv.FormatBool(follow)}, "tail": {strconv.Itoa(tail)}}
			if since > 0 {
				query.Set("since", time.Now().Add(-since).UTC().Format(time.RFC3339))
			}
			return client.Copy(cmd.Context(), api.DeploymentPath(id)+"/logs?"+query.Encode(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on as lines come")
	cmd.Flags().IntVar(&tail, "tail", 0, "the last lines of each container (0: all)")
	cmd.Flags().DurationVar(&since, "since", 0, "only lines this young, such as 10m")
	return cmd
}

// deployment finds a deployment by its whole name, or a service's newest by the service's name.
func (c *cli) deployment(cmd *cobra.Command, name string) (*api.Client, delivery.DeploymentID, error) {
	if strings.Count(name, "/") == 2 {
		id, err := delivery.ParseDeploymentID(name)
		if err != nil {
			return nil, id, usage{err}
		}
		client, err := c.client()
		return client, id, err
	}
	client, service, err := c.service(name)
	if err != nil {
		return nil, delivery.DeploymentID{}, err
	}
	var list []api.Deployment
	if err := client.Do(cmd.Context(), http.MethodGet, api.ServicePath(service)+"/deployments", nil, &list); err != nil {
		return nil, delivery.DeploymentID{}, err
	}
	if len(list) == 0 {
		return nil, delivery.DeploymentID{}, fmt.Errorf("%s has no deployment yet: push to it, or `serin deploy` an image", service)
	}
	return client, list[0].ID, nil
}
