package rivals

import (
	"errors"
	"math"
	"time"

	"github.com/aclements/go-moremath/stats"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

const (
	pipecdSource    = "pipe-cd/pipecd after v0.57.0, at 7e22859: pkg/app/pipedv1/plugin/analysis re-stated"
	pipecdTest      = pipecdSource + ", aclements/go-moremath at f10218a run"
	pipecdPerMinute = time.Minute // between the points of a range query: analysisprovider/metrics/prometheus
	pipecdAlpha     = 0.05        // of metrics_analyzer.go, for each look
)

// pipecdThreshold is the example of docs-v1.0.x/plugins/official/analysis.md: at most 1 % of the requests may fail,
// every minute, over that minute.
func pipecdThreshold() lab.Contestant {
	return pipecdOf("pipecd (threshold)", pipecdSource, time.Minute, atMost(failures, 0.01))
}

// pipecdMannWhitney is the CANARY_BASELINE example of docs-v0.57.x, "Adding an automated deployment analysis stage":
// the canary's error rate over 5 minutes must not be higher than the baseline's, every 5 minutes. The plugin's page
// has no example with that strategy.
func pipecdMannWhitney() lab.Contestant {
	return pipecdOf("pipecd (mann-whitney)", pipecdTest, 5*time.Minute, notHigher(failures))
}

// pipecdWithLatency looks at the 99th percentile of the answer times besides, as examples/.pipe/analysis-template.yaml
// does, which that page points to.
func pipecdWithLatency() lab.Contestant {
	c := pipecdOf("pipecd (mann-whitney, p99)", pipecdTest, 5*time.Minute, notHigher(failures), notHigher(slowest))
	c.Plays = func(s lab.Scenario) bool { return s.Answers }
	return c
}

func pipecdOf(name, source string, interval time.Duration, metrics ...pipecdMetric) lab.Contestant {
	return lab.Contestant{Name: name, Source: source, Looks: interval, New: func(evidence.Trial) lab.Judge {
		window := int(interval / pipecdPerMinute)
		return whilePartial(&pipecd{
			interval: interval, metrics: metrics, window: window, looks: every(interval),
			scrapes: scrapes{every: pipecdPerMinute, keep: 2 * window},
		})
	}}
}

// pipecd is an ANALYSIS stage: it fails as soon as one of its metrics does (failureLimit is 0 by default), and
// succeeds when its time, the lab's bake, is over before that.
type pipecd struct {
	interval time.Duration
	metrics  []pipecdMetric
	window   int // of a query, and of its range: minutes
	scrapes  scrapes
	looks    schedule
	failed   bool
}

func (p *pipecd) Look(iv *evidence.Interval) lab.Decision {
	p.scrapes.observe(iv)
	if p.looks.due(p.scrapes.now, p.interval) {
		for _, expected := range p.metrics {
			p.failed = p.failed || !expected(&p.scrapes, p.window)
		}
	}
	if p.failed {
		return lab.RollBack
	}
	return lab.GoOn
}

func (p *pipecd) Promote() bool { return !p.failed }

// pipecdMetric tells whether a metric is as expected. A query that fails, or has a point that is no number, is not:
// skipOnNoData is false by default.
type pipecdMetric func(s *scrapes, window int) bool

// atMost is the THRESHOLD strategy: no point of the canary may be larger. One without points, as of a version that
// was never called, is as expected.
func atMost(q pipecdQuery, largest float64) pipecdMetric {
	return func(s *scrapes, window int) bool {
		points, err := q.points(&s.canary, window)
		for _, p := range points {
			if p > largest {
				return false
			}
		}
		return err == nil
	}
}

// notHigher is the CANARY_BASELINE strategy with deviation HIGH, and stable for the baseline: a one-sided
// Mann-Whitney test. Two versions without points are as expected, one alone is not.
func notHigher(q pipecdQuery) pipecdMetric {
	return func(s *scrapes, window int) bool {
		canary, err := q.points(&s.canary, window)
		baseline, err2 := q.points(&s.stable, window)
		if err != nil || err2 != nil {
			return false
		}
		return pipecdCompare(canary, baseline)
	}
}

func pipecdCompare(canary, baseline []float64) bool {
	if len(canary) == 0 || len(baseline) == 0 {
		return len(canary) == len(baseline)
	}
	result, err := stats.MannWhitneyUTest(canary, baseline, stats.LocationGreater)
	return errors.Is(err, stats.ErrSamplesEqual) || err == nil && result.P > pipecdAlpha
}

// pipecdQuery is a query's value at one point, from the increase over its window; exists tells whether the counters
// did.
type pipecdQuery func(in, total reading) (value float64, exists bool)

func failures(in, total reading) (float64, bool) { return in.failureRate(), total.attempts > 0 }

func slowest(in, total reading) (float64, bool) {
	return quantile(0.99, in.latency), total.latency.Total() > 0
}

var errNoData = errors.New("a point is no number")

// points are those of a range query over the last minutes, both ends included: one a minute, each of which looks back
// over the whole window itself. Neighbours overlap, so that the points are anything but independent.
func (q pipecdQuery) points(of *series, window int) (points []float64, err error) {
	for ago := window; ago >= 0; ago-- {
		value, exists := q(of.increase(window, ago))
		switch {
		case !exists:
		case math.IsNaN(value):
			return nil, errNoData
		default:
			points = append(points, value)
		}
	}
	return points, nil
}
