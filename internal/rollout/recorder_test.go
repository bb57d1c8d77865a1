package rollout

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// shelf keeps samples in memory, unless it is full.
type shelf struct {
	full    bool
	samples []evidence.Sample
	told    []Told
	records map[delivery.DeploymentID]evidence.Standing
}

func (s *shelf) SaveSamples(_ context.Context, samples []evidence.Sample) error {
	if s.full {
		return errors.New("full")
	}
	s.samples = append(s.samples, samples...)
	return nil
}

func (s *shelf) LoadSamples(context.Context, string) ([]evidence.Sample, error) {
	return s.samples, nil
}
func (s *shelf) PruneSamples(context.Context, string, []time.Time) error { return nil }
func (s *shelf) PruneTrials(context.Context, time.Time) error            { return nil }

func (s *shelf) SaveIntervals(_ context.Context, told []Told) error {
	if s.full {
		return errors.New("full")
	}
	s.told = append(s.told, told...)
	return nil
}

func (s *shelf) SaveRecords(_ context.Context, records map[delivery.DeploymentID]evidence.Standing) error {
	s.records = records
	return nil
}

func (s *shelf) LoadRecords(context.Context, string) (map[delivery.DeploymentID]evidence.Standing, error) {
	return s.records, nil
}

func reading(number, second int, attempts uint64) evidence.Sample {
	return evidence.Sample{
		Key: evidence.Key{
			Deployment: delivery.DeploymentID{Service: shop, Number: number}, Side: evidence.Caller,
			Proxy: delivery.GatewayTask("prod"), Epoch: noon.UnixNano(),
		},
		At: noon.Add(time.Duration(second) * time.Second), Counts: evidence.Counts{Attempts: attempts},
	}
}

func newRecorder(t *testing.T, s *shelf) *Recorder {
	t.Helper()
	c := NewRecorder(s, func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	if err := c.Load(t.Context(), "prod"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRecorderKeepsWhatSaysSomethingNew(t *testing.T) {
	s := &shelf{full: true}
	c := newRecorder(t, s)
	c.Record([]evidence.Sample{reading(2, 1, 0), reading(2, 2, 5), reading(2, 3, 5), reading(2, 4, 9), reading(2, 4, 9)})
	c.save(t.Context())
	s.full = false
	c.save(t.Context())
	c.save(t.Context())
	if len(s.samples) != 2 {
		t.Errorf("stored are %+v", s.samples)
	}
	id := reading(2, 0, 0).Deployment
	for _, r := range []*Recorder{c, newRecorder(t, s)} {
		if got := r.Window(noon.Add(3*time.Second), noon.Add(time.Minute), id)[id].Attempts(); got != 4 {
			t.Errorf("%d attempts since second 3, want 4", got)
		}
	}
}

func TestRecorderPrunes(t *testing.T) {
	c := newRecorder(t, &shelf{})
	for second := range 100 {
		c.Record([]evidence.Sample{reading(1, second, uint64(second)), reading(2, second, uint64(second))})
	}
	horizon := noon.Add(200 * time.Second)
	c.retain("prod", []time.Time{horizon}, []delivery.DeploymentID{reading(2, 0, 0).Deployment})
	c.prune(t.Context())
	if len(c.series) != 1 || len(c.series[reading(2, 0, 0).Key]) != 1 {
		t.Errorf("left are %+v", c.series)
	}
	c.Record([]evidence.Sample{reading(2, 300, 110)})
	id := reading(2, 0, 0).Deployment
	if got := c.Window(horizon, noon.Add(time.Hour), id)[id].Attempts(); got != 11 {
		t.Errorf("%d attempts since the horizon, want 11", got)
	}
}

func TestFresh(t *testing.T) {
	gateway := delivery.GatewayTask("prod")
	seen := func(alive bool, epoch time.Time) Seen {
		return Seen{
			Engine: workload.Observed{Tasks: []workload.Task{{ID: gateway, ProxyAlive: alive}}},
			Mesh:   topology.Observed{Tasks: map[delivery.TaskID]topology.TaskSeen{gateway: {Epoch: epoch.UnixNano()}}},
		}
	}
	tests := []struct {
		name string
		seen Seen
		now  int // seconds; the proxy reported last at 10
		want bool
	}{
		{"just started", seen(true, noon), 1, false},
		{"reported lately", seen(true, noon), 12, true},
		{"silent", seen(true, noon), 20, false},
		{"silent since it is gone", seen(false, noon), 20, true},
		{"silent since it started anew", seen(true, noon.Add(time.Second)), 20, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newRecorder(t, &shelf{})
			c.Record([]evidence.Sample{reading(2, 10, 1)})
			now := noon.Add(time.Duration(test.now) * time.Second)
			silent := c.silent(test.seen, defaults, now, reading(2, 0, 0).Deployment)
			if got := len(silent) == 0 && c.settled(defaults, now); got != test.want {
				t.Errorf("got %t, silent are %s", got, silent)
			}
		})
	}
}

func TestRecorderKeepsWhatJudgesWereTold(t *testing.T) {
	s := &shelf{full: true}
	c := newRecorder(t, s)
	for second := range 3 {
		c.keep(1, evidence.Interval{To: noon.Add(time.Duration(second) * time.Second)})
	}
	c.save(t.Context())
	s.full = false
	c.save(t.Context())
	c.save(t.Context())
	if len(s.told) != 3 || !s.told[2].Interval.To.Equal(noon.Add(2*time.Second)) {
		t.Errorf("stored are %+v", s.told)
	}
}

// A record follows the counters of living deployments, also over a restart that comes after it was stored.
func TestRecorderFollows(t *testing.T) {
	s := &shelf{}
	now := noon
	start := func() *Recorder {
		c := NewRecorder(s, func() time.Time { return now }, slog.New(slog.DiscardHandler))
		if err := c.Load(t.Context(), "prod"); err != nil {
			t.Fatal(err)
		}
		c.retain("prod", []time.Time{noon}, []delivery.DeploymentID{reading(2, 0, 0).Deployment})
		return c
	}
	c := start()
	for second := range 10 {
		now = noon.Add(time.Duration(second) * time.Second)
		c.Record([]evidence.Sample{reading(1, second, uint64(second)), reading(2, second, 100+10*uint64(second))})
		c.follow()
	}
	c.saveRecords(t.Context())
	c.save(t.Context())
	c = start()
	now = noon.Add(20 * time.Second)
	c.Record([]evidence.Sample{reading(2, 20, 300)})
	c.follow()
	id := reading(2, 0, 0).Deployment
	if got := c.record(id).Summary().Counts.Attempts; got != 200 {
		t.Errorf("%d attempts since the first look, want 200", got)
	}
	if len(c.records) != 1 {
		t.Errorf("records of %d deployments are kept, one lives", len(c.records))
	}
}
