package demo

import (
	"context"
	"fmt"
	"os"
)

// Cleanup removes everything a demo made: its Serin, containers, networks, images and data. It does nothing where
// there is none, and leaves what other Serins made alone.
func Cleanup(ctx context.Context, o Options) error {
	s := &server{data: o.Data, listen: o.Listen, out: o.Out}
	if _, err := os.Stat(s.logFile()); os.IsNotExist(err) {
		return nil // every demo begins with it, and no other Serin has it
	}
	fmt.Fprintf(o.Out, "removing the demo in %s\n", o.Data)
	if err := s.stop(ctx); err != nil {
		return fmt.Errorf("stopping its serin: %w", err)
	}
	if err := o.Purge(ctx, o.Data); err != nil {
		return err
	}
	return remove(o.Data)
}
