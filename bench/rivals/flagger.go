package rivals

import (
	"math"
	"time"

	flagger "github.com/fluxcd/flagger/pkg/apis/flagger/v1beta1"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

const flaggerSource = "fluxcd/flagger v1.36.1: pkg/apis/flagger/v1beta1 is run, pkg/controller and docs/gitbook/usage re-stated"

// flaggerDefaults has the interval that Flagger takes when none is given, the two checks of
// docs/gitbook/usage/metrics.md with that page's ranges and windows, and the threshold of its mesh tutorials (such as
// docs/gitbook/tutorials/gatewayapi-progressive-delivery.md).
func flaggerDefaults() lab.Contestant { return flaggerOf("flagger (defaults)", "", 5) }

// flaggerTightest looks as often as Flagger lets one, and forgives as few failed checks: of whatever is asked for, the
// code makes 10 s and 1.
func flaggerTightest() lab.Contestant { return flaggerOf("flagger (tightest)", "1s", 1) }

func flaggerOf(name, interval string, threshold int) lab.Contestant {
	atLeast, atMost := 99.0, 500.0
	canary := &flagger.Canary{Spec: flagger.CanarySpec{Analysis: &flagger.CanaryAnalysis{
		Interval:  interval,
		Threshold: threshold,
		Metrics: []flagger.CanaryMetric{
			{Name: "request-success-rate", ThresholdRange: &flagger.CanaryThresholdRange{Min: &atLeast}},
			{Name: "request-duration", ThresholdRange: &flagger.CanaryThresholdRange{Max: &atMost}},
		},
	}}}
	return lab.Contestant{
		Name: name, Source: flaggerSource, Looks: canary.GetAnalysisInterval(),
		New: func(evidence.Trial) lab.Judge { return whilePartial(newFlagger(canary)) },
	}
}

// flaggerRun is Flagger's control loop on one canary, from the tick on at which it got its share. Weights are moved
// by the lab; what stays of "halt advancement" is that a version is not promoted while a check fails.
type flaggerRun struct {
	canary  *flagger.Canary
	scrapes scrapes
	window  int // scrapes
	looks   schedule
	failed  int  // checks: never counted down, advancement between them or not
	passed  bool // the last check did
}

func newFlagger(canary *flagger.Canary) *flaggerRun {
	window, err := time.ParseDuration(canary.GetMetricInterval())
	if err != nil {
		panic(err) // it is a constant of Flagger's
	}
	const scrape = 10 * time.Second
	n := int(window / scrape)
	return &flaggerRun{
		canary: canary, scrapes: scrapes{every: scrape, keep: n}, window: n,
		looks: every(canary.GetAnalysisInterval()),
	}
}

// Look is a tick of advanceCanary, when it is time. That too many checks have failed is seen before the next one is
// made, which is one interval after the one that was too many.
func (f *flaggerRun) Look(iv *evidence.Interval) lab.Decision {
	f.scrapes.observe(iv)
	if !f.looks.due(f.scrapes.now, f.canary.GetAnalysisInterval()) {
		return lab.GoOn
	}
	if f.failed >= f.canary.GetAnalysisThreshold() {
		return lab.RollBack
	}
	if f.passed = f.check(); !f.passed {
		f.failed++
	}
	return lab.GoOn
}

func (f *flaggerRun) Promote() bool { return f.passed && f.failed < f.canary.GetAnalysisThreshold() }

// check is runBuiltinMetricChecks: each metric must be in its range. One without a value fails the check ("Halt
// advancement no values found"): a canary that nobody calls is rolled back.
func (f *flaggerRun) check() bool {
	for _, m := range f.canary.GetAnalysis().Metrics {
		value, measured := f.value(m.Name)
		if measured && !within(value, *m.ThresholdRange) {
			return false
		}
	}
	return true
}

// value is a built-in metric over its window: the percentage of successes, or the 99th percentile in milliseconds,
// cut to whole ones as Flagger does. Not measured is what the lab gives nobody: answer times in most scenarios.
func (f *flaggerRun) value(metric string) (value float64, measured bool) {
	in, total := f.scrapes.canary.increase(f.window, 0)
	if metric == "request-duration" {
		return math.Trunc(quantile(0.99, in.latency)), total.latency.Total() > 0
	}
	return 100 * (1 - in.failureRate()), true
}

// within is true of no NaN.
func within(value float64, r flagger.CanaryThresholdRange) bool {
	return (r.Min == nil || value >= *r.Min) && (r.Max == nil || value <= *r.Max)
}
