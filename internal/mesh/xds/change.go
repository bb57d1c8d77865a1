package xds

import (
	"context"
	"time"
)

// changed notes, with mu held, that Observe would tell something new of the environment.
func (s *Server) changed(environment string) {
	s.dirty[environment] = true
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// notify calls OnChange until ctx ends.
func (s *Server) notify(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		s.mu.Lock()
		dirty := s.dirty
		s.dirty = map[string]bool{}
		s.mu.Unlock()
		for name := range dirty {
			if s.options.OnChange != nil {
				s.options.OnChange(name)
			}
		}
	}
}

// watchSilence tells of tasks whose agent fell silent.
func (s *Server) watchSilence(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		s.mu.Lock()
		now := s.options.Now()
		for name, e := range s.environments {
			for _, p := range e.proxies {
				if silent := p.silent(now); silent != p.wasSilent {
					p.wasSilent = silent
					s.changed(name)
				}
			}
		}
		s.mu.Unlock()
	}
}
