package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

func (c *cli) runs() *cobra.Command {
	return group("run", "Runs: pushes on their way through build and rollout",
		c.runList(), c.runShow(), c.runLogs(), c.runWatch(), c.runCancel())
}

func (c *cli) runList() *cobra.Command {
	cmd := &cobra.Command{Use: "list [ENVIRONMENT/SERVICE]", Short: "List runs, newest first", Args: atMost("service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		list, err := listRuns(cmd, client, args, 50)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "ID SERVICE COMMIT STATE CREATED MESSAGE", func(r pipeline.Run) []any {
			return []any{r.ID, r.Push.Service, r.Push.Commit[:min(8, len(r.Push.Commit))], r.State, r.Created, r.Message}
		})
	}
	return cmd
}

func listRuns(cmd *cobra.Command, client *api.Client, service []string, limit int) ([]pipeline.Run, error) {
	var list []pipeline.Run
	err := client.Do(cmd.Context(), http.MethodGet, "/api/v1/runs"+filter(service, limit), nil, &list)
	return list, err
}

// filter is the query of a list: of one service, if it is named.
func filter(service []string, limit int) string {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if len(service) > 0 {
		query.Set("service", service[0])
	}
	return "?" + query.Encode()
}

// run finds a run by its number, or a service's newest by the service's name.
func (c *cli) run(cmd *cobra.Command, name string) (*api.Client, delivery.RunID, error) {
	client, err := c.client()
	if err != nil {
		return nil, 0, err
	}
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		return client, delivery.RunID(n), nil
	}
	if _, err := delivery.ParseServiceID(name); err != nil {
		return nil, 0, usage{fmt.Errorf("%q is neither a run's number nor <environment>/<service>", name)}
	}
	list, err := listRuns(cmd, client, []string{name}, 1)
	if err != nil {
		return nil, 0, err
	}
	if len(list) == 0 {
		return nil, 0, fmt.Errorf("%s has no run yet: push to it", name)
	}
	return client, list[0].ID, nil
}

func (c *cli) runShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show RUN|ENVIRONMENT/SERVICE", Short: "Show a run, or a service's newest", Args: exactly("run or service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, id, err := c.run(cmd, args[0])
		if err != nil {
			return err
		}
		var r pipeline.Run
		if err := client.Do(cmd.Context(), http.MethodGet, api.RunPath(id), nil, &r); err != nil {
			return err
		}
		if f.name == "json" {
			return writeJSON(cmd.OutOrStdout(), r)
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "run         %d of %s\ncommit      %s %s (%s)\nstate       %s\ndeployment  %s (rollout %s)\n",
			r.ID, r.Push.Service, r.Push.Commit, plain(r.Message), plain(r.Author), r.State, text(r.Deployment), text(r.Rollout))
		if r.Reason != "" {
			fmt.Fprintf(out, "reason      %s\n", plain(r.Reason))
		}
		for _, warning := range r.Warnings {
			fmt.Fprintf(out, "warning     %s\n", plain(warning))
		}
		return nil
	}
	return cmd
}

func (c *cli) runLogs() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "logs RUN|ENVIRONMENT/SERVICE", Short: "Print what a run's build said", Args: exactly("run or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.run(cmd, args[0])
			if err != nil {
				return err
			}
			return client.Copy(cmd.Context(), fmt.Sprintf("%s/log?follow=%t", api.RunPath(id), follow), cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the build has ended")
	return cmd
}

func (c *cli) runWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch RUN|ENVIRONMENT/SERVICE", Short: "Watch a run, build and rollout, until it has ended; fail unless it succeeded", Args: exactly("run or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.run(cmd, args[0])
			if err != nil {
				return err
			}
			run, err := watchRun(cmd, client, id)
			if err != nil {
				return err
			}
			if run.State != pipeline.Succeeded {
				return fmt.Errorf("run %d is %s: %s", run.ID, run.State, run.Reason)
			}
			return nil
		},
	}
}

// watchRun shows a run until it has ended: its build by its state, its release by its rollout's.
func watchRun(cmd *cobra.Command, client *api.Client, id delivery.RunID) (pipeline.Run, error) {
	p := newProgress(cmd.OutOrStdout())
	defer p.end()
	var run pipeline.Run
	err := api.Events(cmd.Context(), client, api.RunPath(id)+"/events", func(r pipeline.Run) bool {
		run = r
		p.show(describeRun(r))
		return r.State.Ended() || r.Rollout != 0
	})
	if err != nil || run.State.Ended() {
		return run, err
	}
	if _, err := client.WatchRollout(cmd.Context(), run.Rollout, func(r api.Rollout) { p.show(describeRollout(r)) }); err != nil {
		return run, err
	}
	return client.WatchRun(cmd.Context(), id, func(r pipeline.Run) {
		if r.State.Ended() {
			p.show(describeRun(r))
		}
	})
}

func describeRun(r pipeline.Run) string {
	line := fmt.Sprintf("run %d of %s (%.8s): %s", r.ID, r.Push.Service, r.Push.Commit, r.State)
	if r.Reason != "" && !r.State.Ended() {
		line += ": " + r.Reason
	}
	return line
}

func (c *cli) runCancel() *cobra.Command {
	return &cobra.Command{
		Use: "cancel RUN|ENVIRONMENT/SERVICE", Short: "End a run that waits or builds", Args: exactly("run or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.run(cmd, args[0])
			if err != nil {
				return err
			}
			if err := client.Do(cmd.Context(), http.MethodPost, api.RunPath(id)+"/cancel", nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "run %d is cancelled\n", id)
			return err
		},
	}
}
