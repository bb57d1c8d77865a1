package source

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
)

// lookAgain is how often the journals are read unasked: a push may end after the process that served it.
const lookAgain = 5 * time.Second

// Run delivers what is pushed until ctx ends: first what earlier processes left, then each push at once.
func (s *Source) Run(ctx context.Context, pushes Pushes) error {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	var receipts sync.WaitGroup
	defer receipts.Wait()
	receipts.Go(func() {
		if err := s.serveReceipts(ctx); err != nil {
			s.Logger.Warn("who pushes is not told the number of the run", "error", err)
		}
	})
	s.rounds.open()
	defer s.rounds.shut()
	for {
		end := s.rounds.begin()
		if err := s.deliverAll(ctx, pushes); err != nil && ctx.Err() == nil {
			s.Logger.Error("pushes could not be delivered; they are tried again", "error", err)
		}
		end()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.rounds.asked:
		case <-tick.C:
		}
	}
}

// deliverAll delivers what is in all journals. One repository's trouble is not another's.
func (s *Source) deliverAll(ctx context.Context, pushes Pushes) error {
	services, err := s.Services()
	if err != nil {
		return err
	}
	for _, service := range services {
		if err := s.deliver(ctx, service, pushes); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.Logger.Error("a push could not be delivered; it is tried again", "service", service, "error", err)
		}
	}
	return nil
}

// deliver delivers one service's pushes in order, and forgets each that was stored.
func (s *Source) deliver(ctx context.Context, service delivery.ServiceID, pushes Pushes) error {
	j := journal{filepath.Join(s.repository(service), journalDir)}
	if err := s.clearLocks(service); err != nil {
		return err
	}
	if err := s.settleAbandoned(ctx, service, j); err != nil {
		return err
	}
	entries, err := j.list(pushed)
	if err != nil {
		return err
	}
	for _, e := range entries {
		push := Push{
			Service: service, Key: fmt.Sprintf("%s@%d", service, e.seq), Branch: strings.TrimPrefix(e.Ref, "refs/heads/"),
			Commit: e.New, Old: e.Old, Pusher: e.Pusher, At: e.At,
		}
		run, err := pushes.Deliver(ctx, push)
		if err != nil {
			return fmt.Errorf("delivering %.8s: %w", e.New, err)
		}
		s.receipts.put(service, e.New, run)
		if err := j.remove(e, pushed); err != nil {
			return err
		}
	}
	return nil
}

// settleAbandoned promotes prepared entries whose push happened though nobody was left to say so. Those whose ref
// stands elsewhere may still be on their way: they are left alone.
func (s *Source) settleAbandoned(ctx context.Context, service delivery.ServiceID, j journal) error {
	entries, err := j.list(prepared)
	if err != nil {
		return err
	}
	for _, e := range entries {
		head, err := s.head(ctx, s.repository(service), e.Ref)
		if err != nil {
			return err
		}
		if head == e.New {
			if err := j.promote(e); err != nil {
				return err
			}
		}
	}
	return nil
}
