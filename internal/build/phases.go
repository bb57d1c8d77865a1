package build

import (
	"context"
	"fmt"
	"io"
	"strings"

	"serin.dev/serin/internal/spec/buildspec"
)

// runner runs one command of a phase and gives its exit status. An error means that the builder itself is broken.
type runner func(ctx context.Context, command string, succeeding bool) (status int, err error)

// runPhases runs a buildspec's phases in order, by CodeBuild's rules (docs.aws.amazon.com/codebuild, "Build phase
// transitions" and "Build specification reference"): the first command that fails ends its phase; a phase's finally
// block runs all the same; after a failed build phase post_build still runs, after any other failed phase nothing
// does, unless on-failure says CONTINUE. It gives the first failure as a sentence, "" when all went well.
func runPhases(ctx context.Context, phases []buildspec.Phase, log io.Writer, run runner) (failure string, err error) {
	for _, phase := range phases {
		if failure != "" && phase.Name != buildspec.PostBuild {
			continue
		}
		fmt.Fprintf(log, "[serin] phase %s\n", phase.Name)
		failed, err := runPhase(ctx, phase, log, failure == "", run)
		if err != nil {
			return failure, fmt.Errorf("phase %s: %w", phase.Name, err)
		}
		if failed == "" || phase.OnFailure == buildspec.Continue {
			continue
		}
		if failure == "" {
			failure = failed
		}
		if phase.Name != buildspec.Build || phase.OnFailure == buildspec.Abort {
			return failure, nil
		}
	}
	return failure, nil
}

// runPhase runs one phase's commands and then its finally block.
func runPhase(ctx context.Context, phase buildspec.Phase, log io.Writer, succeeding bool, run runner) (failure string, err error) {
	failure, err = runCommands(ctx, string(phase.Name), phase.Commands, log, succeeding, run)
	if err != nil {
		return failure, err
	}
	last, err := runCommands(ctx, string(phase.Name)+" (finally)", phase.Finally, log, succeeding && failure == "", run)
	if failure == "" {
		failure = last
	}
	return failure, err
}

func runCommands(ctx context.Context, phase string, commands []buildspec.Command, log io.Writer, succeeding bool, run runner) (failure string, err error) {
	for _, command := range commands {
		announce(log, phase, command.Text)
		status, err := run(ctx, command.Text, succeeding)
		if err != nil {
			return "", err
		}
		if status != 0 {
			return fmt.Sprintf("phase %s: the command %q%s ended with status %d", phase, abridge(command.Text), at(command), status), nil
		}
	}
	return "", nil
}

// at says where in its file a command is; one of the default build is in none.
func at(command buildspec.Command) string {
	if command.Line == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d)", command.Line)
}

// announce logs a command before it runs, so that each line of it can be told from output.
func announce(log io.Writer, phase, command string) {
	first, more, _ := strings.Cut(strings.TrimRight(command, "\n"), "\n")
	fmt.Fprintf(log, "[serin] %s: %s\n", phase, first)
	for line := range strings.Lines(more) {
		fmt.Fprintf(log, "[serin]   %s\n", strings.TrimRight(line, "\n"))
	}
}

// abridge keeps a sentence readable when a command is long.
func abridge(command string) string {
	const most = 80
	first, more, _ := strings.Cut(strings.TrimSpace(command), "\n")
	r := []rune(first)
	if len(r) > most || more != "" {
		return string(r[:min(most, len(r))]) + "…"
	}
	return first
}
