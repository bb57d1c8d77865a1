package app

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
)

// collector reads what is there when Prometheus asks. All of it is the store's, Docker's or the mesh's, so a restart
// changes no number.
type collector struct {
	app *App

	mu      sync.Mutex        // one scrape at a time
	tallies map[string]*tally // by what is counted, and the service
}

// Of the labels, environment and service are of those that exist, and the others have a handful of values.
var (
	buildInfo = describe("serin_build_info", "Always 1; the version is its label.", "version")
	dockerUp  = describe("serin_docker_up", "Whether Docker answers, as far as is known: 1 or 0.")

	deploymentsThere = describe("serin_deployments", "Deployments that are there, by stage on their way in or out.", "environment", "service", "stage")
	tasksThere       = describe("serin_tasks", "Tasks wanted or there, gateways included, by state. Absent while Docker does not answer.", "environment", "service", "state")

	rolloutsOpen  = describe("serin_rollouts", "Rollouts that have not ended, by phase and by what holds them.", "environment", "service", "phase", "hold")
	rolloutWeight = describe("serin_rollout_weight_ratio", "The share of a service's traffic that the deployment being rolled out is to have, from 0 to 1.", "environment", "service")
	rolloutsEnded = describe("serin_rollouts_ended_total", "Rollouts that have ended, ever, by outcome.", "environment", "service", "outcome")

	runsOpen  = describe("serin_runs", "Runs that have not ended, by state.", "environment", "service", "state")
	runsEnded = describe("serin_runs_ended_total", "Runs that have ended, ever, by outcome.", "environment", "service", "outcome")

	proxiesRoster    = describe("serin_proxies", "Proxies on the roster: those that a shift waits for.", "environment")
	proxiesConnected = describe("serin_proxies_connected", "Proxies that are connected.", "environment")
	proxiesBehind    = describe("serin_proxies_unacknowledged", "Proxies on the roster that have not acknowledged all of their configuration.", "environment")
	proxiesRefusing  = describe("serin_proxies_refusing", "Proxies that refuse their configuration: a defect of Serin's.", "environment")
	routeWaiting     = describe("serin_route_unacknowledged_proxies", "Proxies that have not acknowledged a service's present route.", "environment", "service")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		buildInfo, dockerUp, deploymentsThere, tasksThere, rolloutsOpen, rolloutWeight, rolloutsEnded, runsOpen, runsEnded,
		proxiesRoster, proxiesConnected, proxiesBehind, proxiesRefusing, routeWaiting,
	} {
		to <- d
	}
}

// scrapeLimit is how long reading takes at most: a Docker that hangs must not hang Prometheus.
const scrapeLimit = 5 * time.Second

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	to <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1, c.app.version)
	up := 1.0
	if c.app.engine.Away() != nil {
		up = 0
	}
	to <- prometheus.MustNewConstMetric(dockerUp, prometheus.GaugeValue, up)

	names, err := c.app.store.Environments(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(rolloutsOpen, err)
		return
	}
	for _, name := range names {
		state, err := c.app.store.State(ctx, name)
		if errors.Is(err, delivery.NotFound) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			to <- prometheus.NewInvalidMetric(rolloutsOpen, err)
			continue
		}
		c.environment(ctx, state, to)
		for _, s := range state.Services {
			c.ended(ctx, s.ID, to)
		}
	}
	c.runs(ctx, to)
}

// environment tells of one environment.
func (c *collector) environment(ctx context.Context, state rollout.State, to chan<- prometheus.Metric) {
	g := gauges{}
	for _, d := range state.Deployments {
		g.add(deploymentsThere, 1, d.ID.Service.Environment, d.ID.Service.Name, string(d.Stage))
	}
	for _, r := range state.Rollouts {
		s := r.Deployment.Service
		g.add(rolloutsOpen, 1, s.Environment, s.Name, string(r.Phase), cmp.Or(string(r.Hold), "none"))
		if r.Phase.Active() {
			g.add(rolloutWeight, float64(r.Percent)/100, s.Environment, s.Name)
		}
	}
	if seen, err := c.app.engine.Observe(ctx, state.Environment.Name); err == nil {
		for _, t := range seen.Tasks {
			s := t.ID.Deployment.Service
			g.add(tasksThere, 1, s.Environment, s.Name, string(t.State))
		}
	}
	c.proxies(state, g)
	g.tell(to)
}

// proxies counts the proxies of an environment. The roster is the durable one, and whoever is connected.
func (c *collector) proxies(state rollout.State, g gauges) {
	env := state.Environment.Name
	roster := map[delivery.TaskID]bool{}
	for _, t := range state.Seen.Tasks {
		if t.ProxyAlive {
			roster[t.ID] = true
		}
	}
	settled := map[delivery.TaskID]bool{}
	for _, d := range []*prometheus.Desc{proxiesRoster, proxiesConnected, proxiesBehind, proxiesRefusing} {
		g.add(d, 0, env)
	}
	for _, p := range c.app.mesh.Proxies(env) {
		settled[p.Task] = p.Connected && p.Configured
		if p.Connected {
			roster[p.Task] = true
			g.add(proxiesConnected, 1, env)
		}
		if p.LastError != "" {
			g.add(proxiesRefusing, 1, env)
		}
	}
	for task := range roster {
		g.add(proxiesRoster, 1, env)
		if !settled[task] {
			g.add(proxiesBehind, 1, env)
		}
	}
	for id, s := range c.app.mesh.Observe(env).Services {
		g.add(routeWaiting, float64(len(s.Waiting)), env, id.Name)
	}
}

// runs tells of the runs of all pipelines that have not ended.
func (c *collector) runs(ctx context.Context, to chan<- prometheus.Metric) {
	open, err := c.app.store.OpenRuns(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(runsOpen, err)
		return
	}
	g := gauges{}
	for _, r := range open {
		g.add(runsOpen, 1, r.Push.Service.Environment, r.Push.Service.Name, string(r.State))
	}
	g.tell(to)
}

// ended tells how many rollouts and runs of a service have ended.
func (c *collector) ended(ctx context.Context, service delivery.ServiceID, to chan<- prometheus.Metric) {
	tell := func(of *prometheus.Desc, t *tally, read func(limit int) ([]ending, error)) {
		counts, err := t.count(read)
		if err != nil {
			to <- prometheus.NewInvalidMetric(of, err)
			return
		}
		for outcome, n := range counts {
			to <- prometheus.MustNewConstMetric(of, prometheus.CounterValue, float64(n), service.Environment, service.Name, outcome)
		}
	}
	tell(rolloutsEnded, c.tallyOf("rollouts", service), func(limit int) ([]ending, error) {
		stored, err := c.app.store.Rollouts(ctx, service, limit)
		all := make([]ending, len(stored))
		for i, r := range stored {
			all[i] = ending{int64(r.ID), string(r.Phase), r.Phase.Ended()}
		}
		return all, err
	})
	tell(runsEnded, c.tallyOf("runs", service), func(limit int) ([]ending, error) {
		stored, err := c.app.store.Runs(ctx, &service, limit)
		all := make([]ending, len(stored))
		for i, r := range stored {
			all[i] = ending{int64(r.ID), string(r.State), r.State.Ended()}
		}
		return all, err
	})
}

func (c *collector) tallyOf(what string, service delivery.ServiceID) *tally {
	key := what + " of " + service.String()
	if c.tallies[key] == nil {
		c.tallies[key] = &tally{}
	}
	return c.tallies[key]
}

// gauges sums values by their labels.
type gauges map[*prometheus.Desc]map[string]*gauge

type gauge struct {
	labels []string
	value  float64
}

func (g gauges) add(d *prometheus.Desc, value float64, labels ...string) {
	if g[d] == nil {
		g[d] = map[string]*gauge{}
	}
	key := strings.Join(labels, "\x00")
	if g[d][key] == nil {
		g[d][key] = &gauge{labels: labels}
	}
	g[d][key].value += value
}

func (g gauges) tell(to chan<- prometheus.Metric) {
	for d, all := range g {
		for _, one := range all {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, one.value, one.labels...)
		}
	}
}
