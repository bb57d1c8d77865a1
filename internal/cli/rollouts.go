package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
)

func (c *cli) rollouts() *cobra.Command {
	return group("rollout", "Rollouts: how a deployment becomes stable or is removed",
		c.rolloutList(), c.rolloutShow(), c.rolloutWatch(), c.rolloutHistory(), c.rolloutEvidence(),
		c.rolloutOrder("abort", "Roll back, whatever the evidence says"),
		c.rolloutOrder("pause", "Stop progress, not judgement"),
		c.rolloutOrder("resume", "Go on after a pause or a question"),
		c.rolloutOrder("promote", "Skip the remaining steps"))
}

func (c *cli) rolloutList() *cobra.Command {
	cmd := &cobra.Command{Use: "list [ENVIRONMENT/SERVICE]", Short: "List rollouts, newest first", Args: atMost("service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		list, err := listRollouts(cmd, client, args, 50)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, list, "ID DEPLOYMENT PHASE PERCENT CREATED REASON", func(r api.Rollout) []any {
			return []any{r.ID, r.Deployment, r.Phase, r.Percent, r.Created, r.Reason}
		})
	}
	return cmd
}

func listRollouts(cmd *cobra.Command, client *api.Client, service []string, limit int) ([]api.Rollout, error) {
	var list []api.Rollout
	err := client.Do(cmd.Context(), http.MethodGet, "/api/v1/rollouts"+filter(service, limit), nil, &list)
	return list, err
}

// rollout finds a rollout by its number, or a service's newest by the service's name.
func (c *cli) rollout(cmd *cobra.Command, name string) (*api.Client, delivery.RolloutID, error) {
	client, err := c.client()
	if err != nil {
		return nil, 0, err
	}
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		return client, delivery.RolloutID(n), nil
	}
	if _, err := delivery.ParseServiceID(name); err != nil {
		return nil, 0, usage{fmt.Errorf("%q is neither a rollout's number nor <environment>/<service>", name)}
	}
	list, err := listRollouts(cmd, client, []string{name}, 1)
	if err != nil {
		return nil, 0, err
	}
	if len(list) == 0 {
		return nil, 0, fmt.Errorf("%s has no rollout yet: push to it, or `serin deploy` an image", name)
	}
	return client, list[0].ID, nil
}

func (c *cli) rolloutShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show ROLLOUT|ENVIRONMENT/SERVICE", Short: "Show a rollout, or a service's newest", Args: exactly("rollout or service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, id, err := c.rollout(cmd, args[0])
		if err != nil {
			return err
		}
		var r api.Rollout
		if err := client.Do(cmd.Context(), http.MethodGet, api.RolloutPath(id), nil, &r); err != nil {
			return err
		}
		if f.name == "json" {
			return writeJSON(cmd.OutOrStdout(), r)
		}
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "rollout     %d\ndeployment  %s (before: %s)\nphase       %s since %s\nweights     %s\n",
			r.ID, r.Deployment, text(r.Previous), r.Phase, text(r.Since), r.Weights)
		for _, line := range []struct{ name, value string }{
			{"hold", r.Hold}, {"intent", r.Intent}, {"verdict", r.Verdict}, {"reason", r.Reason},
		} {
			if line.value != "" {
				fmt.Fprintf(out, "%-11s %s\n", line.name, plain(line.value))
			}
		}
		for _, proxy := range r.Waiting {
			fmt.Fprintf(out, "waiting     for %s to acknowledge\n", proxy)
		}
		if j := r.Judgement; j != nil && j.Judge != "" { // earlier versions of Serin named no judge
			fmt.Fprintf(out, "judge       %s says %s; evidence against it %.3g, it fails at %.3g\n", j.Judge, j.Outcome, j.Basis.Against, 1/j.Basis.FalseAlarmRate)
		}
		_, err = fmt.Fprintf(out, "canary      %d attempts, %d failed\n", r.Canary.Attempts, r.Canary.Failed())
		return err
	}
	return cmd
}

func (c *cli) rolloutWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch ROLLOUT|ENVIRONMENT/SERVICE", Short: "Watch a rollout until it has ended; fail unless it promoted", Args: exactly("rollout or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.rollout(cmd, args[0])
			if err != nil {
				return err
			}
			return watchRollout(cmd, client, id)
		},
	}
}

func (c *cli) rolloutHistory() *cobra.Command {
	cmd := &cobra.Command{Use: "history ROLLOUT|ENVIRONMENT/SERVICE", Short: "List all that happened in a rollout", Args: exactly("rollout or service")}
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, id, err := c.rollout(cmd, args[0])
		if err != nil {
			return err
		}
		var events []api.Event
		if err := client.Do(cmd.Context(), http.MethodGet, api.RolloutPath(id)+"/history", nil, &events); err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), f, events, "SEQ AT PHASE ATTEMPT WHAT", func(e api.Event) []any {
			what := e.Summary
			if e.Error != "" {
				what += ": " + e.Error
			}
			return []any{e.Seq, e.At, e.Phase, e.Attempt, what}
		})
	}
	return cmd
}

func (c *cli) rolloutEvidence() *cobra.Command {
	return &cobra.Command{
		Use: "evidence ROLLOUT|ENVIRONMENT/SERVICE", Short: "Print what a rollout was judged by, as JSON Lines", Args: exactly("rollout or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.rollout(cmd, args[0])
			if err != nil {
				return err
			}
			return client.Copy(cmd.Context(), api.RolloutPath(id)+"/evidence", cmd.OutOrStdout())
		},
	}
}

func (c *cli) rolloutOrder(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ROLLOUT|ENVIRONMENT/SERVICE", Short: short, Args: exactly("rollout or service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, id, err := c.rollout(cmd, args[0])
			if err != nil {
				return err
			}
			if err := client.Do(cmd.Context(), http.MethodPost, api.RolloutPath(id)+"/"+verb, nil, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "rollout %d: %s is asked for\n", id, verb)
			return err
		},
	}
}

// watchRollout shows a rollout until it has ended, and fails unless it promoted its deployment.
func watchRollout(cmd *cobra.Command, client *api.Client, id delivery.RolloutID) error {
	p := newProgress(cmd.OutOrStdout())
	last, err := client.WatchRollout(cmd.Context(), id, func(r api.Rollout) { p.show(describeRollout(r)) })
	p.end()
	if err != nil {
		return err
	}
	if last.Phase != "Succeeded" && last.Phase != "CleanupFailed" {
		return errors.New(last.Deployment.String() + " was not promoted: " + reasonOf(last))
	}
	return nil
}

func reasonOf(r api.Rollout) string {
	if r.Reason != "" {
		return r.Reason
	}
	return r.Phase
}

func describeRollout(r api.Rollout) string {
	line := fmt.Sprintf("%s: %s, %d %%", r.Deployment, r.Phase, r.Percent)
	for _, more := range []string{r.Hold, r.Reason} {
		if more != "" {
			line += "; " + more
		}
	}
	return line
}
