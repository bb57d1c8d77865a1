package proxy

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"serin.dev/serin/internal/delivery"
)

const usage = `serin-proxy stands in a task's network namespace, beside the app.

  serin-proxy pause                  hold the namespace until SIGTERM
  serin-proxy capture [--gateway]    program the namespace's packet filter; needs NET_ADMIN
  serin-proxy run                    run Envoy and the agent; set up by SERIN_TASK, SERIN_TOKEN, SERIN_CONTROL
  serin-proxy ready [--timeout 30s]  wait until run has its names, and Envoy its listeners
  serin-proxy version
`

// Main runs one subcommand and gives the process's exit status: 0, Envoy's own status when Envoy ended unasked,
// 2 for wrong arguments, else 1.
func Main(version string, args []string, stdout, stderr io.Writer) int {
	err := command(version, args, stdout, stderr)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "serin-proxy:", err)
	return exitStatus(err)
}

func command(version string, args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if len(args) == 0 {
		return usageError{"no command given"}
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	gateway, timeout := new(bool), new(time.Duration)
	switch args[0] {
	case "capture":
		gateway = flags.Bool("gateway", false, "")
	case "ready":
		timeout = flags.Duration("timeout", 30*time.Second, "")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return usageError{err.Error()}
	}
	if flags.NArg() > 0 {
		return usageError{fmt.Sprintf("%s takes no argument %q", args[0], flags.Arg(0))}
	}

	switch args[0] {
	case "pause":
		return Pause(ctx)
	case "capture":
		return Capture(*gateway)
	case "run":
		return runHere(ctx, version, stderr)
	case "ready":
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		return Ready(ctx, stateDir(os.Getenv))
	case "version":
		_, err := fmt.Fprintln(stdout, version)
		return err
	default:
		return usageError{fmt.Sprintf("there is no command %q", args[0])}
	}
}

func runHere(ctx context.Context, version string, stderr io.Writer) error {
	settings, err := ReadSettings(os.Getenv)
	if err != nil {
		return err
	}
	settings.Version = version
	if err := os.Unsetenv(tokenVariable); err != nil {
		return delivery.Errorf(delivery.Internal, "taking %s out of the environment: %w", tokenVariable, err)
	}
	staySmall()
	return Run(ctx, settings, slog.New(slog.NewTextHandler(stderr, nil)))
}

// usageError is a wrong command line.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message + "\n\n" + usage }
