package rivals

import (
	"math"
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// The pages are those on canary judgment and on best practices, docs/guides/user/canary.
const kayentaSource = "spinnaker/kayenta at a69573b (NetflixACAJudge-v1.0) and spinnaker/spinnaker.io at 3bc6188: re-stated"

// The scores of the best practices: a judgement below the marginal one fails the canary at once, the last one must
// reach the other.
const (
	kayentaMarginal = 75
	kayentaPass     = 95
)

// kayentaDocumented judges every hour, on one value a minute of each metric (at least 50 make the statistics accurate)
// since the beginning, as the best practices say to begin with. The lifetime is the lab's bake: with their three hours
// no run would come to an end.
func kayentaDocumented() lab.Contestant {
	return kayentaOf("kayenta (documented)", time.Hour, time.Minute)
}

// kayentaTuned judges as soon as there are five values a side, and as often. With fewer, the confidence interval ends
// at the samples' extremes, whatever the confidence: any two values above any two others are a failure.
func kayentaTuned() lab.Contestant {
	return kayentaOf("kayenta (every 5 min)", 5*time.Minute, time.Minute)
}

// kayentaTightest judges as often as the stage lets one, each minute, on values of 10 s.
func kayentaTightest() lab.Contestant {
	return kayentaOf("kayenta (tightest)", time.Minute, 10*time.Second)
}

func kayentaOf(name string, interval, step time.Duration) lab.Contestant {
	return lab.Contestant{Name: name, Source: kayentaSource, Looks: interval, New: func(evidence.Trial) lab.Judge {
		return whilePartial(&kayenta{
			interval: interval, looks: every(interval),
			scrapes: scrapes{every: step, keep: math.MaxInt},
		})
	}}
}

// kayenta is a canary stage with two metrics in a group each, of equal weight: the percentage of failed requests, and
// the 99th percentile of the answer times, neither of which may increase. Stable is the baseline.
type kayenta struct {
	interval time.Duration
	scrapes  scrapes
	looks    schedule
	seen     int // scrapes whose values are in the metrics
	failures kayentaMetric
	slowest  kayentaMetric
	failed   bool
}

// kayentaMetric holds the values of each step. Those that are no number are left out: nanStrategy is remove by default.
type kayentaMetric struct{ canary, baseline []float64 }

func (m *kayentaMetric) add(canary, baseline float64) {
	if !math.IsNaN(canary) {
		m.canary = append(m.canary, canary)
	}
	if !math.IsNaN(baseline) {
		m.baseline = append(m.baseline, baseline)
	}
}

func (k *kayenta) Look(iv *evidence.Interval) lab.Decision {
	k.scrapes.observe(iv)
	if k.looks.due(k.scrapes.now, k.interval) {
		k.failed = k.failed || k.score() < kayentaMarginal
	}
	if k.failed {
		return lab.RollBack
	}
	return lab.GoOn
}

// Promote makes the last judgement of the stage. One that does not pass fails the canary.
func (k *kayenta) Promote() bool {
	k.failed = k.failed || k.score() < kayentaPass
	return !k.failed
}

// score is of all values since the beginning, from 0 to 100.
func (k *kayenta) score() float64 {
	k.collect()
	labels := []kayentaLabel{classify(k.failures.canary, k.failures.baseline)}
	if len(k.slowest.canary)+len(k.slowest.baseline) > 0 { // somebody measures it
		labels = append(labels, classify(k.slowest.canary, k.slowest.baseline))
	}
	return kayentaScore(labels)
}

// collect adds what each step since the last time was like.
func (k *kayenta) collect() {
	canary, baseline := k.scrapes.canary.read, k.scrapes.stable.read
	for i := max(1, k.seen); i < len(canary); i++ {
		c, b := canary[i].since(canary[i-1]), baseline[i].since(baseline[i-1])
		k.failures.add(100*c.failureRate(), 100*b.failureRate())
		k.slowest.add(quantile(0.99, c.latency), quantile(0.99, b.latency))
	}
	k.seen = len(canary)
}

// kayentaScore is the WeightedSumScorer for groups of one metric and equal weights: each that passed, or could not be
// judged, counts in full. Half of the metrics without data are a score of 0, so that a canary that nobody calls fails.
func kayentaScore(labels []kayentaLabel) float64 {
	var score, missing float64
	for _, l := range labels {
		if l == noData {
			missing++
		}
		if l != high {
			score++
		}
	}
	n := float64(len(labels))
	if missing/n >= 0.5 {
		return 0
	}
	return 100 * score / n
}
