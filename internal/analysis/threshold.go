package analysis

import (
	"fmt"
	"strconv"
	"time"

	"serin.dev/serin/internal/delivery"
)

// threshold is the rule of deploy.json: more than FailureValue failures within FailureWindow are failing, and so is a
// share of more than FailurePercent, once there are FailureMinimum attempts. Failures are 5xx and gRPC errors, failed
// connects, resets and timeouts, as the callers or the deployment's own proxy counted them, whichever saw more.
type threshold struct {
	policy delivery.Policy
	recent window[views, *views]
}

func newThreshold(p delivery.Policy) *threshold {
	return &threshold{policy: p, recent: window[views, *views]{length: p.FailureWindow}}
}

// look takes an interval, and gives a sentence when the rule is broken.
func (r *threshold) look(g *glance) (failing string) {
	if r.policy.FailureValue < 0 && r.policy.Judgement.FailurePercent == 0 {
		return ""
	}
	sum := r.recent.add(g.to, g.canary)
	attempted, failed := sum.attempts(), sum.failed()
	if most := r.policy.FailureValue; most >= 0 && failed > uint64(most) {
		return r.broken(fmt.Sprint(most))
	}
	j := r.policy.Judgement
	if share := 100 * float64(failed) / float64(max(1, attempted)); j.FailurePercent > 0 && attempted >= uint64(j.FailureMinimum) && share > j.FailurePercent {
		return r.broken(fmt.Sprintf("%g %%", j.FailurePercent))
	}
	return ""
}

func (r *threshold) broken(most string) string {
	return fmt.Sprintf("%d of %s failed within %s, at most %s may: %s",
		r.recent.sum.failed(), attempts(r.recent.sum.attempts()), span(r.policy.FailureWindow), most, r.recent.sum.worse().kinds())
}

// allowance says how far it is from breaking the rule, "" when no number does.
func (r *threshold) allowance() string {
	if r.policy.FailureValue < 0 {
		return ""
	}
	return fmt.Sprintf(", %d failed within %s, at most %d may", r.recent.sum.failed(), span(r.policy.FailureWindow), r.policy.FailureValue)
}

func attempts(n uint64) string {
	if n == 1 {
		return "1 attempt"
	}
	return strconv.FormatUint(n, 10) + " attempts"
}

func (c counts) kinds() string {
	text := fmt.Sprintf("%d answered 5xx, %d not connected, %d reset, %d timed out", c.errors5xx, c.connectFailed, c.resets, c.timeouts)
	if c.errorsGRPC > 0 {
		text += fmt.Sprintf(", %d answered a gRPC error", c.errorsGRPC)
	}
	return text
}

func span(d time.Duration) string { return d.Round(time.Second).String() }
