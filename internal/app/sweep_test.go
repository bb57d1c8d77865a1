package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"serin.dev/serin/internal/delivery"
)

func TestBuildsWaitUntilDockerIsSwept(t *testing.T) {
	var log bytes.Buffer
	a := opened(t, slog.New(slog.DiscardHandler))
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		a.swept = &sweep{log: slog.New(slog.NewTextHandler(&log, nil)), do: func(context.Context) error {
			if tries++; tries < 3 {
				return errors.New("Docker is away")
			}
			return nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.swept.run(ctx) }()
		synctest.Wait()
		if err := (buildAdapter{a}).Ready(ctx); !errors.Is(err, delivery.Unavailable) || !strings.Contains(err.Error(), "waits for Docker") {
			t.Errorf("before: %v", err)
		}
		for !a.swept.over() {
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if err := (buildAdapter{a}).Ready(ctx); err != nil {
			t.Errorf("after: %v", err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	if n := strings.Count(log.String(), "Docker is away"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, &log)
	}
}
