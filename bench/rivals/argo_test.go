package rivals

import (
	"math"
	"testing"
	"time"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
)

// TestArgoConditions has the worked examples of docs/features/analysis.md, "NaN and Infinity" and "Empty array", the
// former with Prometheus's vectors for the page's plain numbers.
func TestArgoConditions(t *testing.T) {
	nan := []float64{math.NaN()}
	tests := []struct {
		success, failure string
		result           []float64
		want             v1alpha1.AnalysisPhase
	}{
		{"isNaN(result[0]) || result[0] >= 0.95", "", nan, v1alpha1.AnalysisPhaseSuccessful},
		{"result[0] >= 0.95", "result[0] < 0.95", nan, v1alpha1.AnalysisPhaseInconclusive},
		{"result[0] >= 0.95", "", nan, v1alpha1.AnalysisPhaseFailed},
		{"result[0] >= 0.95", "", []float64{math.Inf(1)}, v1alpha1.AnalysisPhaseSuccessful},
		{"", "isInf(result[0])", []float64{math.Inf(1)}, v1alpha1.AnalysisPhaseFailed},
		{"len(result) == 0 || result[0] >= 0.95", "", []float64{}, v1alpha1.AnalysisPhaseSuccessful},
		{"len(result) > 0 && result[0] >= 0.95", "", []float64{}, v1alpha1.AnalysisPhaseFailed},
		{"result[0] >= 0.95", "", []float64{}, v1alpha1.AnalysisPhaseError},
		{"result[0] >= 0.95", "", []float64{0.95}, v1alpha1.AnalysisPhaseSuccessful},
		{"result[0] >= 0.95", "", []float64{0.949}, v1alpha1.AnalysisPhaseFailed},
	}
	for _, test := range tests {
		c := newCondition(v1alpha1.Metric{SuccessCondition: test.success, FailureCondition: test.failure})
		for _, asked := range []string{"first", "again"} {
			if got := c.evaluate(test.result); got != test.want {
				t.Errorf("%q, %q of %v, asked %s: %s, want %s", test.success, test.failure, test.result, asked, got, test.want)
			}
		}
	}
}

func TestArgoAssess(t *testing.T) {
	tests := []struct {
		name   string
		metric v1alpha1.Metric
		counts v1alpha1.MetricResult
		want   v1alpha1.AnalysisPhase
	}{
		{"as many failures as the limit", v1alpha1.Metric{FailureLimit: limit(3)}, v1alpha1.MetricResult{Failed: 3}, v1alpha1.AnalysisPhaseRunning},
		{"one more", v1alpha1.Metric{FailureLimit: limit(3)}, v1alpha1.MetricResult{Failed: 4}, v1alpha1.AnalysisPhaseFailed},
		{"no limit: none may fail", v1alpha1.Metric{}, v1alpha1.MetricResult{Failed: 1}, v1alpha1.AnalysisPhaseFailed},
		{"a limit of -1: any may", v1alpha1.Metric{FailureLimit: limit(-1)}, v1alpha1.MetricResult{Failed: 99}, v1alpha1.AnalysisPhaseRunning},
		{"an inconclusive one", v1alpha1.Metric{}, v1alpha1.MetricResult{Inconclusive: 1}, v1alpha1.AnalysisPhaseInconclusive},
		{"four errors in a row", v1alpha1.Metric{}, v1alpha1.MetricResult{ConsecutiveError: 4}, v1alpha1.AnalysisPhaseRunning},
		{"five", v1alpha1.Metric{}, v1alpha1.MetricResult{ConsecutiveError: 5}, v1alpha1.AnalysisPhaseError},
	}
	for _, test := range tests {
		if got := argoAssess(test.metric, test.counts); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestArgo(t *testing.T) {
	// Errors at 0 and 10 s, before there are two scrapes; failures at 20 s and each 5 minutes after.
	expectRollback(t, argoDocumented(), failing, time.Hour, 15*time.Minute+20*time.Second)
	expectRollback(t, argoDocumented(), good, time.Hour, 0)
	expectRollback(t, argoTuned(), failing, time.Hour, 10*time.Second)
	expectRollback(t, argoTuned(), good, time.Hour, 0)
}

// TestArgoWithoutTraffic: a version that was never called has no counters, which is an error each time, and the fifth
// in a row ends the rollout. One that is called no more is at 0/0, a failure unless the condition says otherwise.
func TestArgoWithoutTraffic(t *testing.T) {
	for _, s := range []story{uncalled, nobody} {
		expectRollback(t, argoDocumented(), s, time.Hour, 40*time.Second)
		expectRollback(t, argoTuned(), s, time.Hour, 40*time.Second)
	}
	quiet := good.until(60, uncalled)
	expectRollback(t, argoDocumented(), quiet, time.Hour, 20*time.Minute+20*time.Second)
	expectRollback(t, argoTuned(), quiet, time.Hour, 0)
}
