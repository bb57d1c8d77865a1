package cli

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
)

func (c *cli) deploy() *cobra.Command {
	var d api.NewDeployment
	var protocol, retry, noTraffic, command string
	var env []string
	var expose, wait bool
	policy := delivery.Policy{}
	cmd := &cobra.Command{
		Use:   "deploy ENVIRONMENT/SERVICE --image IMAGE --port PORT",
		Short: "Deploy a ready-made image as a canary",
		Long:  "Deploy a ready-made image as a canary, without a push and a build: for images that CI has built.\nWith --wait it ends when the rollout has, with status 0 only if the image was promoted.",
		Args:  exactly("service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needs(cmd, "image", "port"); err != nil {
				return err
			}
			client, id, err := c.service(args[0])
			if err != nil {
				return err
			}
			if d.Env, err = variables(env); err != nil {
				return err
			}
			if cmd.Flags().Changed("expose") {
				d.Expose = &expose
			}
			d.Protocol = delivery.Protocol(strings.ToLower(protocol))
			d.Command = strings.Fields(command)
			if policyChanged(cmd) {
				policy.Retries, policy.NoTraffic = delivery.Retries(retry), delivery.NoTraffic(noTraffic)
				d.Policy = &policy
			}
			var r api.Rollout
			if err := client.Do(cmd.Context(), http.MethodPost, api.ServicePath(id)+"/deployments", d, &r); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "rollout %d releases %s as deployment %d\n", r.ID, id, r.Deployment.Number)
			if !wait {
				return nil
			}
			return watchRollout(cmd, client, r.ID)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.Image, "image", "", "the image, by tag or digest; it is pinned to its digest")
	flags.IntVar(&d.Port, "port", 0, "where the app listens; callers' port too for a first deployment")
	flags.StringVar(&protocol, "protocol", "http", "http, http2, grpc or tcp")
	flags.BoolVar(&expose, "expose", false, "let the gateway route to it (default: as it does to the stable deployment)")
	flags.IntVar(&d.Replicas, "replicas", 1, "how many tasks")
	flags.StringVar(&command, "command", "", "words to run instead of the image's command, separated by spaces")
	flags.StringArrayVar(&env, "env", nil, "a variable, NAME=VALUE; may be repeated")
	flags.StringVar(&d.CheckPath, "check-path", "", "HTTP path of the in-task health check (default: does the port accept?)")
	flags.StringSliceVar(&d.Backends, "backends", nil, "services it may call (default: all of its environment)")
	flags.IntVar(&policy.Step, "step", 25, "percent of the traffic added by each shift")
	flags.DurationVar(&policy.Wait, "wait-time", time.Minute, "the bake after each shift")
	flags.DurationVar(&policy.KeepPrevious, "keep-previous", time.Minute, "the bake at 100 %, with the old deployment warm")
	flags.IntVar(&policy.FailureValue, "failure-value", 0, "failures within the window that are still healthy; -1: any number, comparison with stable decides")
	flags.DurationVar(&policy.FailureWindow, "failure-window", 10*time.Minute, "the time over which failures are counted")
	flags.Float64Var(&policy.Judgement.FalseAlarmRate, "false-alarm-rate", delivery.DefaultFalseAlarmRate, "chance that comparison rolls a good version back, at most")
	flags.Float64Var(&policy.Judgement.LatencyTolerance, "latency-tolerance", 0, "how many times as often as stable's its answers may be slow, from 1; 0: latency is not judged")
	flags.Float64Var(&policy.Judgement.ErrorMargin, "error-margin", 0, "promote only when it surely fails at most this share of attempts more than stable, as 0.01; 0: when nothing speaks against it")
	flags.IntVar(&policy.Judgement.MaxFailedAttempts, "max-failed", 0, "failed attempts that the rollout may cost; 0: any number")
	flags.IntVar(&policy.Judgement.MaxUsersHurt, "max-hurt", 0, "failures that no retry saves that the rollout may cost; 0: any number")
	flags.IntVar(&policy.Holdback, "holdback", 0, "percent that the last shift before 100 leaves to stable; 0: no such shift")
	flags.DurationVar(&policy.DeployTimeout, "deploy-timeout", 5*time.Minute, "until all tasks must run and pass their checks")
	flags.StringVar(&retry, "retry-on", string(delivery.RetryIdempotent), "what is retried on stable: connect, idempotent, all or none")
	flags.StringVar(&noTraffic, "no-traffic", string(delivery.NoTrafficHold), "without enough requests: hold, or checks")
	flags.BoolVar(&wait, "wait", false, "wait for the end; fail unless promoted")
	return cmd
}

// policyChanged tells whether any flag of the policy was said: else the service keeps the policy it has.
func policyChanged(cmd *cobra.Command) bool {
	for _, name := range []string{
		"step", "wait-time", "keep-previous", "failure-value", "failure-window", "deploy-timeout", "retry-on", "no-traffic",
		"false-alarm-rate", "latency-tolerance", "error-margin", "max-failed", "max-hurt", "holdback",
	} {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

func variables(pairs []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usage{fmt.Errorf("--env %q: write NAME=VALUE", pair)}
		}
		vars[name] = value
	}
	return vars, nil
}
