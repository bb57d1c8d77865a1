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

// Of an environment that is gone nothing is kept; of others all is.
func TestRecorderForgets(t *testing.T) {
	c := newRecorder(t, &shelf{})
	other := reading(2, 1, 7)
	other.Deployment.Service.Environment = "test"
	c.Record([]evidence.Sample{reading(2, 1, 5), other})
	for _, s := range []evidence.Sample{reading(2, 1, 5), other} {
		c.retain(s.Deployment.Service.Environment, []time.Time{noon}, []delivery.DeploymentID{s.Deployment})
	}
	c.follow()
	c.forget(t.Context(), "prod")
	c.Record([]evidence.Sample{reading(2, 2, 6)})
	if len(c.series) != 1 || len(c.latest) != 1 || len(c.records) != 1 || len(c.needs) != 1 || len(c.unsaved) != 1 {
		t.Errorf("left are %+v, %+v, %+v, %+v, %+v", c.series, c.latest, c.records, c.needs, c.unsaved)
	}
	if got := c.Window(noon, noon.Add(time.Minute), other.Deployment)[other.Deployment].Attempts(); got != 7 {
		t.Errorf("%d attempts in the other environment, want 7", got)
	}
	c.retain("prod", []time.Time{noon}, nil)
	if c.Record([]evidence.Sample{reading(2, 3, 6)}); len(c.series) != 2 {
		t.Error("of another environment of that name nothing is recorded")
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

// Of all readings that are kept, a window needs the last until it begins and the last until it ends.
func TestRecorderCountsAsAllReadingsDo(t *testing.T) {
	c := newRecorder(t, &shelf{})
	var all []evidence.Sample
	for i, at := range []int{1, 2, 2, 5, 5, 5, 8} {
		s := reading(2, at, 10*uint64(i+1))
		all = append(all, s)
		c.Record([]evidence.Sample{s})
	}
	id := reading(2, 0, 0).Deployment
	for from := range 10 {
		for to := range 10 {
			begin, end := noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(to)*time.Second)
			if got, want := c.Window(begin, end, id)[id], evidence.Window(all, begin, end)[id]; got != want {
				t.Errorf("from %d to %d: %d attempts, want %d", from, to, got.Attempts(), want.Attempts())
			}
		}
	}
}

// A crash may lose the last readings and keep what the judge was told of them: nothing is told twice then.
func TestJudgeIsToldNothingTwice(t *testing.T) {
	c := &Reconciler{recorder: newRecorder(t, &shelf{}), timing: defaults}
	r := Rollout{Deployment: reading(2, 0, 0).Deployment, Previous: 1, Weighted: noon, Percent: 25}
	h := &hearing{judge: silentJudge{}, to: noon}
	h.hear(evidence.Interval{From: noon, To: noon.Add(2 * time.Second), Canary: evidence.Tally{Caller: evidence.Counts{Attempts: 100}}})
	told := uint64(0)
	for second := 3; second < 8; second++ {
		c.recorder.Record([]evidence.Sample{reading(2, second, 90+5*uint64(second-3))}) // 90, 95, 100, 105, 110
		iv := c.interval(State{}, r, h, Seen{}, noon.Add(time.Duration(second)*time.Second))
		h.hear(iv)
		told += iv.Canary.Attempts()
	}
	if told != 10 {
		t.Errorf("%d attempts were told besides 100 of 110", told)
	}
}

type silentJudge struct{}

func (silentJudge) Look(evidence.Interval) evidence.Verdict { return evidence.Verdict{} }
