package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs the serin command and gives its exit status.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := New(version, os.Stdout, os.Stderr)
	err := root.ExecuteContext(ctx)
	var bad usage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &bad):
		fmt.Fprintf(os.Stderr, "serin: %v\n", err)
		return 2
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 130 // as a shell reports an interrupted command
	}
	fmt.Fprintf(os.Stderr, "serin: %v\n", err)
	return 1
}

// usage is a command line that cannot be meant.
type usage struct{ error }

// New makes the command with everything below it.
func New(version string, out, errOut io.Writer) *cobra.Command {
	c := &cli{version: version}
	root := &cobra.Command{
		Use:           "serin",
		Short:         "Turn every git push into a safe canary release",
		Long:          "Serin builds what is pushed, starts the new version beside the old one, moves traffic to it step by step,\nwatches what users really get, and promotes the new version or rolls it back.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage{fmt.Errorf("%w; `%s --help` tells more", err, cmd.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&c.server, "server", "", "URL of the Serin to ask (SERIN_SERVER)")
	flags.StringVar(&c.token, "token", "", "bearer token (SERIN_TOKEN)")
	flags.StringVar(&c.data, "data", "", "data folder of the Serin on this machine (SERIN_DATA; default "+defaultData()+")")
	root.AddCommand(
		c.up(), c.doctor(), c.demo(), c.check(), c.loginCommand(),
		c.environments(), c.services(), c.deploy(), c.runs(), c.rollouts(),
		c.logs(), c.weights(), c.proxies(), c.tokens(), c.versionCommand(), c.hook(),
	)
	return root
}

// cli is what all commands share.
type cli struct {
	version             string
	server, token, data string
}

// exactly makes a cobra argument check whose error names what is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage{fmt.Errorf("%s: name the %s; usage: %s", cmd.CommandPath(), names[len(args)], cmd.UseLine())}
		}
		if len(args) > len(names) {
			return usage{fmt.Errorf("%s: %q is one word too many; usage: %s", cmd.CommandPath(), args[len(names)], cmd.UseLine())}
		}
		return nil
	}
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage{fmt.Errorf("%s has no command %q; `%s --help` lists them", cmd.CommandPath(), args[0], cmd.CommandPath())}
		}
		return nil
	}, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}
