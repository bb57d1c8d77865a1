package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Cleanup removes everything a demo made: its Serin, containers, networks, images and data. It does nothing where
// there is none, and leaves what other Serins made alone.
func Cleanup(ctx context.Context, o Options) error {
	if _, err := os.Stat(filepath.Join(o.Data, "serin.db")); os.IsNotExist(err) {
		return nil
	}
	fmt.Fprintf(o.Out, "removing the demo in %s\n", o.Data)
	s := &server{data: o.Data, listen: o.Listen, out: o.Out}
	if err := s.stop(ctx); err != nil {
		return fmt.Errorf("stopping its serin: %w", err)
	}
	if err := o.Purge(ctx, o.Data); err != nil {
		return err
	}
	return remove(o.Data)
}
