package rollout

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Recorder keeps the counters that proxies push: in memory for judging, and each second in the store, so that a
// restart judges on all there was.
type Recorder struct {
	store Samples
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	started time.Time                          // when Load was done; zero before
	series  map[evidence.Key][]evidence.Sample // ascending by time; a reading that says nothing new is left out
	latest  map[evidence.Key]time.Time         // when a key last reported
	unsaved []evidence.Sample
	told    []Told // intervals not stored yet
	records map[delivery.DeploymentID]evidence.Standing
	needs   map[string]need // by environment
	gone    map[string]bool // environments whose last proxies may still push
}

// need is what of an environment's evidence is kept: everything since the last mark, of living deployments the last
// reading until each mark, too, and their records.
type need struct {
	marks []time.Time
	live  []delivery.DeploymentID
}

// NewRecorder makes one. Load fills it, Run saves what it gets.
func NewRecorder(store Samples, now func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{
		store: store, now: now, log: log,
		series:  map[evidence.Key][]evidence.Sample{},
		latest:  map[evidence.Key]time.Time{},
		records: map[delivery.DeploymentID]evidence.Standing{},
		needs:   map[string]need{},
		gone:    map[string]bool{},
	}
}

// Load reads what the store has of some environments. It comes before the proxies are listened to.
func (c *Recorder) Load(ctx context.Context, environments ...string) error {
	for _, env := range environments {
		samples, err := c.store.LoadSamples(ctx, env)
		if err != nil {
			return err
		}
		records, err := c.store.LoadRecords(ctx, env)
		if err != nil {
			return err
		}
		c.mu.Lock()
		for _, s := range samples {
			c.add(s)
		}
		maps.Copy(c.records, records)
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = c.now()
	return nil
}

// Record takes readings as proxies push them, each second also when nothing changed: that a proxy still reports is
// evidence too. They may be late or repeated.
func (c *Recorder) Record(samples []evidence.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range samples {
		if !c.gone[s.Deployment.Service.Environment] && c.add(s) {
			c.unsaved = append(c.unsaved, s)
		}
	}
}

// add files a reading, and tells whether it said anything new.
func (c *Recorder) add(s evidence.Sample) bool {
	if s.At.After(c.latest[s.Key]) {
		c.latest[s.Key] = s.At
	}
	all := c.series[s.Key]
	i, _ := slices.BinarySearchFunc(all, s.At, func(x evidence.Sample, t time.Time) int {
		if x.At.After(t) {
			return 1
		}
		return -1
	})
	if i > 0 && all[i-1].Counts == s.Counts || i == 0 && s.Counts == (evidence.Counts{}) {
		return false
	}
	c.series[s.Key] = slices.Insert(all, i, s)
	return true
}

// Window counts what happened to some deployments after from and until to.
func (c *Recorder) Window(from, to time.Time, deployments ...delivery.DeploymentID) map[delivery.DeploymentID]evidence.Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	var samples []evidence.Sample
	for key, all := range c.series {
		if slices.Contains(deployments, key.Deployment) {
			samples = append(samples, lastUntil(all, from)...)
			samples = append(samples, lastUntil(all, to)...)
		}
	}
	return evidence.Window(samples, from, to)
}

// lastUntil gives the last of a key's readings until a time, all of them that were made at once: what a window that
// begins or ends then needs of them.
func lastUntil(all []evidence.Sample, t time.Time) []evidence.Sample {
	end := sort.Search(len(all), func(i int) bool { return all[i].At.After(t) })
	begin := end
	for begin > 0 && all[begin-1].At.Equal(all[end-1].At) {
		begin--
	}
	return all[begin:end]
}

// silent are the living proxies that counted one of the deployments and have not reported lately.
func (c *Recorder) silent(seen Seen, t Timing, now time.Time, deployments ...delivery.DeploymentID) []delivery.TaskID {
	alive := map[delivery.TaskID]bool{}
	for _, task := range seen.Engine.Tasks {
		alive[task.ID] = task.ProxyAlive
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var silent []delivery.TaskID
	for key, last := range c.latest {
		successor := seen.Mesh.Tasks[key.Proxy].Epoch > key.Epoch
		late := alive[key.Proxy] && !successor && now.Sub(last) > t.Stale
		if late && slices.Contains(deployments, key.Deployment) && !slices.Contains(silent, key.Proxy) {
			silent = append(silent, key.Proxy)
		}
	}
	slices.SortFunc(silent, func(a, b delivery.TaskID) int { return cmp.Compare(a.String(), b.String()) })
	return silent
}

// settled tells whether the proxies had time to report since the start.
func (c *Recorder) settled(t Timing, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.started.IsZero() && now.Sub(c.started) >= t.Stale
}

// retain says what of an environment's evidence is needed.
func (c *Recorder) retain(environment string, marks []time.Time, live []delivery.DeploymentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.needs[environment] = need{marks, live}
	delete(c.gone, environment)
}

// forget drops the evidence of an environment that is gone, in the store too, and takes no more of it until there is
// another of that name.
func (c *Recorder) forget(ctx context.Context, environment string) {
	c.mu.Lock()
	of := func(id delivery.DeploymentID) bool { return id.Service.Environment == environment }
	c.gone[environment] = true
	delete(c.needs, environment)
	maps.DeleteFunc(c.series, func(k evidence.Key, _ []evidence.Sample) bool { return of(k.Deployment) })
	maps.DeleteFunc(c.latest, func(k evidence.Key, _ time.Time) bool { return of(k.Deployment) })
	maps.DeleteFunc(c.records, func(id delivery.DeploymentID, _ evidence.Standing) bool { return of(id) })
	c.unsaved = slices.DeleteFunc(c.unsaved, func(s evidence.Sample) bool { return of(s.Deployment) })
	c.mu.Unlock()
	if err := c.store.PruneSamples(ctx, environment, []time.Time{c.now()}); err != nil {
		c.log.Warn("the evidence of a removed environment stays in the store", "environment", environment, "error", err)
	}
}

// Run saves each second, prunes and saves records each minute, and saves once more when the context ends.
func (c *Recorder) Run(ctx context.Context) error {
	second, minute := time.NewTicker(time.Second), time.NewTicker(time.Minute)
	defer second.Stop()
	defer minute.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			c.save(last)
			c.saveRecords(last)
			return nil
		case <-second.C:
			c.follow()
			c.save(ctx)
		case <-minute.C:
			c.saveRecords(ctx)
			c.prune(ctx)
		}
	}
}

// save stores what is new; what could not be stored is tried again.
func (c *Recorder) save(ctx context.Context) {
	c.saveTold(ctx)
	c.mu.Lock()
	batch := c.unsaved
	c.unsaved = nil
	c.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	if err := c.store.SaveSamples(ctx, batch); err != nil {
		c.log.Warn("evidence is not stored, and will be tried again", "samples", len(batch), "error", err)
		c.mu.Lock()
		c.unsaved = append(batch, c.unsaved...)
		c.unsaved = c.unsaved[max(0, len(c.unsaved)-maxUnsaved):]
		c.mu.Unlock()
	}
}

// maxUnsaved bounds the memory of a store that refuses: the oldest are given up first, which loses nothing that a
// later reading of the same absolute counters does not say.
const maxUnsaved = 100_000

func (c *Recorder) prune(ctx context.Context) {
	c.mu.Lock()
	needs := maps.Clone(c.needs)
	for key, all := range c.series {
		n, ok := needs[key.Deployment.Service.Environment]
		switch {
		case !ok:
		case c.latest[key].Before(n.marks[0]) && !slices.Contains(n.live, key.Deployment):
			delete(c.series, key)
			delete(c.latest, key)
		default:
			c.series[key] = evidence.Thin(all, n.marks)
		}
	}
	c.mu.Unlock()
	for env, n := range needs {
		if err := c.store.PruneSamples(ctx, env, n.marks); err != nil {
			c.log.Warn("old evidence is not pruned", "environment", env, "error", err)
		}
	}
	if err := c.store.PruneTrials(ctx, c.now().Add(-trialsKept)); err != nil {
		c.log.Warn("the evidence of old rollouts is not pruned", "error", err)
	}
}

// trialsKept is for how long the evidence of a rollout is kept, so that it can be judged again by another policy.
const trialsKept = 30 * 24 * time.Hour
