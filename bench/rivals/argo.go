package rivals

import (
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/defaults"
	"k8s.io/apimachinery/pkg/util/intstr"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

const argoSource = "argoproj/argo-rollouts v1.10.1: utils/evaluate is run, analysis/analysis.go and docs/features/analysis.md re-stated"

// argoDocumented is the example of "Background Analysis" in docs/features/analysis.md: the success rate must be 95 %
// every 5 minutes, and may be lower three times. Its query's irate looks at the last two scrapes alone, which in
// Istio's own Prometheus (samples/addons/prometheus.yaml) are 15 s apart. A rate of 0/0 is a failure there.
func argoDocumented() lab.Contestant {
	return argo("argo-rollouts (documented)", argoQuery{scrape: 15 * time.Second, window: 1}, v1alpha1.Metric{
		Name:             "success-rate",
		Interval:         "5m",
		SuccessCondition: "result[0] >= 0.95",
		FailureLimit:     limit(3),
	}, whilePartial)
}

// argoTuned is as tight as it can sensibly be: it looks every 10 s, as often as Prometheus is made to scrape, at the
// last minute, the shortest time in which a rate at that interval is no guess; no failure is forgiven; and 0/0 passes
// ("NaN and Infinity" of the same page), since else each quiet minute would roll back. The 95 % stay: the threshold is
// fixed, and one nearer to a service's usual rate rolls good versions back. Steps that end with setWeight: 100 and a
// pause make it watch on when the new version has everything.
func argoTuned() lab.Contestant {
	return argo("argo-rollouts (tuned)", argoQuery{scrape: 10 * time.Second, window: 6}, v1alpha1.Metric{
		Name:             "success-rate",
		Interval:         "10s",
		SuccessCondition: "isNaN(result[0]) || result[0] >= 0.95",
		FailureLimit:     limit(0),
	}, func(j lab.Judge) lab.Judge { return j })
}

func limit(n int) *intstr.IntOrString {
	v := intstr.FromInt32(int32(n))
	return &v
}

func argo(name string, q argoQuery, m v1alpha1.Metric, watching func(lab.Judge) lab.Judge) lab.Contestant {
	interval, err := m.Interval.Duration()
	if err != nil {
		panic(err) // the metrics are constants
	}
	condition := newCondition(m)
	return lab.Contestant{Name: name, Source: argoSource, Looks: interval, New: func(evidence.Trial) lab.Judge {
		return watching(&argoRun{
			query: q, condition: condition, interval: interval, metric: m,
			scrapes: scrapes{every: q.scrape, keep: q.window},
		})
	}}
}

// argoQuery asks for the canary's success rate over some scrapes.
type argoQuery struct {
	scrape time.Duration
	window int // scrapes
}

// result is a vector, as Prometheus answers: empty for a deployment that was never called.
func (q argoQuery) result(canary *series) []float64 {
	in, total := canary.increase(q.window, 0)
	if total.attempts == 0 || len(canary.read) < 2 {
		return []float64{}
	}
	return []float64{1 - in.failureRate()}
}

// argoRun is an AnalysisRun with one metric, which begins when the new version gets its share and runs until the
// rollout ends.
type argoRun struct {
	query     argoQuery
	condition *condition
	interval  time.Duration
	metric    v1alpha1.Metric

	scrapes scrapes
	looks   schedule
	counts  v1alpha1.MetricResult
	phase   v1alpha1.AnalysisPhase
}

// argoRetry is DefaultErrorRetryInterval of analysis/analysis.go: how soon a measurement that ended in an error is
// repeated, whatever the metric's interval.
const argoRetry = 10 * time.Second

func (r *argoRun) Look(iv *evidence.Interval) lab.Decision {
	r.scrapes.observe(iv)
	if r.scrapes.now >= r.looks.next && !r.phase.Completed() {
		r.looks.again(r.scrapes.now, r.measure())
	}
	switch r.phase {
	case v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError:
		return lab.RollBack
	case v1alpha1.AnalysisPhaseInconclusive:
		return lab.Hold
	}
	return lab.GoOn
}

// Promote is asked when the steps are done: a run that has not failed until then is ended, and has succeeded.
func (r *argoRun) Promote() bool { return !r.phase.Completed() }

// measure counts a measurement, and gives the time until the next. Whatever is no error ends a row of errors.
func (r *argoRun) measure() time.Duration {
	row, wait := int32(0), r.interval
	switch r.condition.evaluate(r.query.result(&r.scrapes.canary)) {
	case v1alpha1.AnalysisPhaseFailed:
		r.counts.Failed++
	case v1alpha1.AnalysisPhaseInconclusive:
		r.counts.Inconclusive++
	case v1alpha1.AnalysisPhaseError:
		row, wait = r.counts.ConsecutiveError+1, argoRetry
	}
	r.counts.ConsecutiveError = row
	r.phase = argoAssess(r.metric, r.counts)
	return wait
}

// argoAssess is the rule of a metric without a count: it fails when more measurements failed than failureLimit (so
// the fourth ends an analysis with a limit of 3, though the page says the third does), and so for inconclusive ones
// and errors in a row, of which four are forgiven by default. The worst that applies last wins.
func argoAssess(m v1alpha1.Metric, counts v1alpha1.MetricResult) v1alpha1.AnalysisPhase {
	phase := v1alpha1.AnalysisPhaseRunning
	if limit := orZero(m.FailureLimit); limit >= 0 && counts.Failed > limit {
		phase = v1alpha1.AnalysisPhaseFailed
	}
	if counts.Inconclusive > orZero(m.InconclusiveLimit) {
		phase = v1alpha1.AnalysisPhaseInconclusive
	}
	if counts.ConsecutiveError > defaults.GetConsecutiveErrorLimitOrDefault(&m) {
		phase = v1alpha1.AnalysisPhaseError
	}
	return phase
}

func orZero(n *intstr.IntOrString) int32 {
	if n == nil {
		return 0
	}
	return int32(n.IntValue())
}
