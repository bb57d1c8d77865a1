package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs the serin command and gives its exit status.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := New(version, os.Stdout, os.Stderr)
	return exitStatus(ctx, root.ExecuteContext(ctx), os.Stderr)
}

// exitStatus tells what went wrong, and what the command ends with.
func exitStatus(ctx context.Context, err error, errOut io.Writer) int {
	var bad usage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 130 // as a shell reports an interrupted command
	}
	fmt.Fprintf(errOut, "serin: %v\n", err)
	if errors.As(err, &bad) {
		return 2
	}
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
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
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
		c.environments(), c.services(), c.deploy(), c.runs(), c.rollouts(), c.analysis(),
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

// atMost makes a cobra argument check that allows the named words to be left out.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return nil
		}
		return exactly(names...)(cmd, args)
	}
}

// noSuchCommand is the argument check of a command that only holds others: what is left over names none of them.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(like, " or "))
	}
	return usage{fmt.Errorf("%s has no command %q%s; `%s --help` lists them", cmd.CommandPath(), args[0], hint, cmd.CommandPath())}
}

// needs makes flags required: a command line without one of them cannot be meant.
func needs(cmd *cobra.Command, flags ...string) error {
	for _, flag := range flags {
		if !cmd.Flags().Changed(flag) {
			return usage{fmt.Errorf("%s: say --%s; usage: %s", cmd.CommandPath(), flag, cmd.UseLine())}
		}
	}
	return nil
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noSuchCommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}
