package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// sweep removes what builds of an earlier process have left, once Docker answers. Until then no build may begin: it
// would be taken for one of those.
type sweep struct {
	do   func(context.Context) error
	log  *slog.Logger
	done atomic.Bool
}

func (s *sweep) over() bool { return s.done.Load() }

// run goes on until ctx ends.
func (s *sweep) run(ctx context.Context) error {
	const again = time.Second
	for told := false; ; told = true {
		err := s.do(ctx)
		if err == nil {
			s.done.Store(true)
			<-ctx.Done()
			return ctx.Err()
		}
		if !told && ctx.Err() == nil {
			s.log.Warn("builds wait until what earlier ones may have left can be removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}
