package proxy

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"serin.dev/serin/internal/mesh/agentpb"
)

func TestCheckerAsksOftenUntilFirstHealthyThenAtItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		serves := begin.Add(10 * time.Second)
		asked := make(chan time.Duration, 1000)
		c := newChecker(func(context.Context, check) (bool, string) {
			asked <- time.Since(begin)
			return !time.Now().Before(serves), "asked"
		}, noPorts)
		c.use(&check{interval: 4 * time.Second, timeout: time.Second, healthy: 1, unhealthy: 3})
		stop := runChecker(c)

		time.Sleep(9 * time.Second)
		synctest.Wait()
		if first := <-asked; first != 0 {
			t.Errorf("the first check came after %v, want at once", first)
		}
		if h, _ := c.current(); h.state != agentpb.Health_UNHEALTHY {
			t.Errorf("before the app serves it is %s", h.state)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		h, _ := c.current()
		if h.state != agentpb.Health_HEALTHY || h.since.Sub(serves) > 1500*time.Millisecond {
			t.Errorf("it is %s since %v after it served, want HEALTHY within 1.5 s", h.state, h.since.Sub(serves))
		}
		known := len(asked)
		time.Sleep(8 * time.Second)
		synctest.Wait()
		if got := len(asked) - known; got != 2 {
			t.Errorf("asked %d times in 8 s of health, want 2 at an interval of 4 s", got)
		}
		stop()
	})
}

func TestCheckerBoundsEachCheckByItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChecker(func(ctx context.Context, _ check) (bool, string) {
			<-ctx.Done()
			return false, "no answer in time"
		}, noPorts)
		c.use(&check{interval: 2 * time.Second, timeout: time.Second, healthy: 1, unhealthy: 1})
		stop := runChecker(c)
		time.Sleep(time.Second)
		synctest.Wait()
		if h, _ := c.current(); h.state != agentpb.Health_UNHEALTHY {
			t.Errorf("an app that does not answer is %s", h.state)
		}
		stop()
	})
}

func TestCheckerKeepsTheStateWhenTheCheckChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChecker(func(_ context.Context, asked check) (bool, string) { return asked.port == 1, "asked" }, noPorts)
		first := check{port: 1, interval: time.Second, timeout: time.Second, healthy: 1, unhealthy: 3}
		c.use(&first)
		stop := runChecker(c)
		synctest.Wait()
		second := first
		second.port = 2
		c.use(&second)
		synctest.Wait()
		if h, _ := c.current(); h.state != agentpb.Health_HEALTHY || h.fails != 1 {
			t.Errorf("after one failure of the new check it is %s with %d failures, want HEALTHY with 1", h.state, h.fails)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h, _ := c.current(); h.state != agentpb.Health_UNHEALTHY {
			t.Errorf("after the threshold it is %s, want UNHEALTHY", h.state)
		}
		c.use(nil)
		synctest.Wait()
		if _, ok := c.current(); ok {
			t.Error("without a check there is still an app")
		}
		stop()
	})
}

func TestCheckerTellsWhatTheAppListensOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c := newChecker(func(context.Context, check) (bool, string) { return false, "refused" }, func() []int {
			if time.Since(begin) < 3*time.Second {
				return nil
			}
			return []int{4568}
		})
		c.use(&check{port: 4567, interval: 2 * time.Second, timeout: time.Second, healthy: 1, unhealthy: 1})
		stop := runChecker(c)
		synctest.Wait()
		<-c.changed
		if h, _ := c.current(); h.message().GetListensOn() != nil {
			t.Errorf("at first it listens on %v", h.listensOn)
		}
		select {
		case <-c.changed:
		case <-time.After(time.Minute):
			t.Fatal("no news")
		}
		h, _ := c.current()
		if got := h.message().GetListensOn(); !slices.Equal(got, []uint32{4568}) {
			t.Errorf("then it listens on %v, want 4568", got)
		}
		if late := time.Since(begin) - 3*time.Second; late > 2*time.Second {
			t.Errorf("that is told %v late", late)
		}
		stop()
	})
}

func noPorts() []int { return nil }

func runChecker(c *checker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.run(ctx) }()
	return func() { cancel(); <-done }
}
