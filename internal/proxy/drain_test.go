package proxy

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// busy has something in flight until a moment.
type busy struct {
	until    time.Time
	refuses  error // to drain
	draining bool
}

func (b *busy) drain(context.Context) error {
	b.draining = b.refuses == nil
	return b.refuses
}

func (b *busy) inFlight(context.Context) (int, error) {
	if time.Now().Before(b.until) {
		return 1, nil
	}
	return 0, nil
}

func TestDrained(t *testing.T) {
	tests := map[string]struct {
		busy    time.Duration
		refuses error
		dies    time.Duration
		least   time.Duration
		most    time.Duration
	}{
		"nothing in flight":      {0, nil, time.Hour, 0, 0},
		"a request for 2 s":      {2 * time.Second, nil, time.Hour, 2 * time.Second, 2*time.Second + drainLook},
		"a request without end":  {time.Hour, nil, time.Hour, 5 * time.Second, 5 * time.Second},
		"Envoy dies meanwhile":   {time.Hour, nil, time.Second, time.Second, time.Second},
		"Envoy is still at rest": {time.Hour, errors.New("connection refused"), time.Hour, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				b := &busy{until: begin.Add(test.busy), refuses: test.refuses}
				ended := make(chan struct{})
				death := time.AfterFunc(test.dies, func() { close(ended) })
				defer death.Stop()
				drained(t.Context(), b, ended, 5*time.Second, slog.New(slog.DiscardHandler))
				if took := time.Since(begin); took < test.least || took > test.most {
					t.Errorf("it took %v, want %v to %v", took, test.least, test.most)
				}
				if b.draining != (test.refuses == nil) {
					t.Errorf("draining: %t", b.draining)
				}
			})
		})
	}
}
