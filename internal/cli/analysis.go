package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"serin.dev/serin/internal/analysis"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/spec/deployjson"
)

func (c *cli) analysis() *cobra.Command {
	return group("analysis", "Judge past rollouts anew", c.analysisReplay())
}

// replayed is what another policy would have made of one rollout.
type replayed struct {
	Deployment string          `json:"deployment"`
	Outcome    string          `json:"outcome"`
	Turns      []analysis.Turn `json:"turns"`
}

func (c *cli) analysisReplay() *cobra.Command {
	var policy string
	cmd := &cobra.Command{
		Use:   "replay FILE --policy FILE",
		Short: "Say what a policy would have done, and when, on the evidence of past rollouts",
		Long: "Say what a policy would have done, and when, on the evidence of past rollouts, as `serin rollout evidence` writes\n" +
			"it: one rollout or several, one after the other; - reads standard input. The policy is a deploy.json, or just the keys\n" +
			"of one that are to be other than they were. Without a policy the rollout's own judges again.\n" +
			"It needs neither Docker nor a running Serin.",
		Args: exactly("file of evidence"),
	}
	cmd.Flags().StringVar(&policy, "policy", "", "file with the keys of a deploy.json by which to judge")
	f := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cases, err := readEvidence(cmd.InOrStdin(), args[0])
		if err != nil {
			return err
		}
		all := make([]replayed, len(cases))
		for i, one := range cases {
			if policy != "" {
				if err := judgeBy(&one, policy, cmd.ErrOrStderr(), i == 0); err != nil {
					return err
				}
			}
			if err := one.Trial.Policy.Check(); err != nil {
				return fmt.Errorf("%s: %w", one.Trial.Deployment, err)
			}
			turns := analysis.Replay(one)
			all[i] = replayed{one.Trial.Deployment.String(), conclusion(turns), turns}
		}
		if f.name == "json" {
			return writeJSON(cmd.OutOrStdout(), all)
		}
		for _, r := range all {
			if err := r.write(cmd.OutOrStdout()); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func readEvidence(stdin io.Reader, path string) ([]evidence.Case, error) {
	if path == "-" {
		return evidence.ReadCases("standard input", stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return evidence.ReadCases(path, file)
}

// judgeBy gives a case the policy of a file. Its warnings are written once.
func judgeBy(c *evidence.Case, path string, warn io.Writer, loud bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	policy, warnings, err := deployjson.ParsePolicy(path, data, c.Trial.Policy)
	if err != nil {
		return err
	}
	if loud {
		for _, w := range warnings {
			fmt.Fprintln(warn, w)
		}
	}
	c.Trial.Policy = policy
	return nil
}

// conclusion says in a sentence what would have come of a rollout.
func conclusion(turns []analysis.Turn) string {
	if len(turns) == 0 {
		return "there is nothing to judge by"
	}
	last := turns[len(turns)-1]
	at := fmt.Sprintf("%s after it first got traffic, at %d %%", last.After.Round(10*time.Millisecond), last.Percent)
	switch last.Verdict.Outcome {
	case evidence.Failing:
		return "it would have been rolled back " + at
	case evidence.Healthy:
		return "it would not have been rolled back; the evidence ends " + at + ", in health"
	case evidence.SharedFate:
		return "it would not have been rolled back; the evidence ends " + at + ", while both versions fail alike"
	}
	return "it would not have been rolled back; the evidence ends " + at + ", with too little to go on"
}

func (r replayed) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %s\n", r.Deployment, r.Outcome)
	for _, t := range r.Turns {
		_, failed := fmt.Fprintf(w, "  %8s  %3d %%  %-11s  %s: %s\n",
			t.After.Round(10*time.Millisecond), t.Percent, t.Verdict.Outcome, t.Verdict.Judge, plain(t.Verdict.Reason))
		err = errors.Join(err, failed)
	}
	return err
}
