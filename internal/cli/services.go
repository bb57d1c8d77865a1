package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

func (c *cli) services() *cobra.Command {
	return group("service", "Services: what callers name, each with a repository and a pipeline",
		c.serviceCreate(), c.serviceList(), c.serviceDelete())
}

func (c *cli) serviceCreate() *cobra.Command {
	var settings pipeline.Settings
	var newer string
	cmd := &cobra.Command{
		Use: "create ENVIRONMENT/SERVICE", Short: "Create a service: repository, image repository and pipeline", Args: exactly("service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.service(args[0])
			if err != nil {
				return err
			}
			settings.OnNewerPush = pipeline.OnNewerPush(newer)
			var s api.Service
			path := environmentsPath + "/" + url.PathEscape(id.Environment) + "/services"
			if err := client.Do(cmd.Context(), http.MethodPost, path, api.NewService{Name: id.Name, Pipeline: settings}, &s); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "service %s is there; push to it: git remote add serin %s\n", s.ID, s.Repository)
			return err
		},
	}
	cmd.Flags().StringVar(&settings.Branch, "branch", "main", "the branch that is released")
	cmd.Flags().StringVar(&newer, "on-newer-push", string(pipeline.Replace), "what becomes of a release under way: replace or queue")
	cmd.Flags().DurationVar(&settings.BuildLimit, "build-limit", time.Hour, "how long a build may take")
	return cmd
}

func (c *cli) serviceList() *cobra.Command {
	cmd := &cobra.Command{Use: "list ENVIRONMENT", Short: "List an environment's services", Args: exactly("environment")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		var list []api.Service
		if err := client.Do(cmd.Context(), http.MethodGet, environmentsPath+"/"+url.PathEscape(args[0])+"/services", nil, &list); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "NAME PORT PROTOCOL STABLE COMMIT ROLLOUT", func(s api.Service) []any {
			var stable, commit, rollout any = "", "", ""
			if s.Stable != nil {
				stable, commit = s.Stable.ID.Number, s.Stable.Revision.Short()
			}
			if s.Rollout != nil {
				rollout = fmt.Sprintf("%s %d%%", s.Rollout.Phase, s.Rollout.Percent)
			}
			return []any{s.ID.Name, s.Port, s.Protocol, stable, commit, rollout}
		})
	}
	return cmd
}

func (c *cli) serviceDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete ENVIRONMENT/SERVICE", Short: "Delete a service, its repository and its images", Args: exactly("service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.service(args[0])
			if err != nil {
				return err
			}
			if !yes {
				return usage{fmt.Errorf("this deletes %s with its repository and its images for ever: say --yes to do it", id)}
			}
			if err := client.Do(cmd.Context(), http.MethodDelete, api.ServicePath(id), nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "service %s is deleted\n", id)
			return err
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}

// service reads a service's name and finds the Serin to ask about it.
func (c *cli) service(name string) (*api.Client, delivery.ServiceID, error) {
	id, err := delivery.ParseServiceID(name)
	if err != nil {
		return nil, id, usage{err}
	}
	client, err := c.client()
	return client, id, err
}
