// Bench-judge plays the lab's scenarios before Serin's judge and all rivals, and writes the report: make bench-judge.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"serin.dev/serin/bench/rivals"
	"serin.dev/serin/internal/analysis/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := lab.Main(ctx, os.Args[1:], os.Stderr, slices.Concat(lab.Serin(), rivals.All()))
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench-judge:", err)
		os.Exit(1)
	}
}
