package lab

import (
	"math"
	"slices"
)

// Row is what one contestant made of all runs of one cell of a scenario.
type Row struct {
	Scenario string `json:"scenario"`
	Kind     Kind   `json:"kind"`
	Judge    string `json:"judge"`
	Cell
	Runs int `json:"runs"`

	// Detect is the time to a rollback, in seconds from when the failure began, over the runs that were rolled back
	// after that; null when there is none.
	DetectP50 *float64 `json:"detect_p50_s"`
	DetectP95 *float64 `json:"detect_p95_s"`
	// Median is the same over all runs, where a run without a rollback takes for ever; null when half of them do.
	Median *float64 `json:"detect_all_p50_s"`

	// Over all runs, until the judge decided or the run ended: attempts that the canary failed, which without retries
	// are users hurt, and those of them whose retry on stable failed, too.
	FailedP50    float64 `json:"failed_attempts_p50"`
	HurtP50      float64 `json:"users_hurt_p50"`
	HurtRetryP50 float64 `json:"users_hurt_retry_p50"`

	// How many runs ended how. Early rollbacks are those before the failure began.
	RolledBack int `json:"rolled_back"`
	Early      int `json:"rolled_back_early"`
	Promoted   int `json:"promoted"`
	Held       int `json:"held"`
	Waiting    int `json:"waiting"`

	// RolledBackUpper95 bounds the share of runs that are rolled back, with confidence 95 % (one-sided, exact).
	RolledBackUpper95 float64 `json:"rolled_back_upper95"`
	// PromotedAfter is the time to a promotion, in seconds since the shift; null when there is none.
	PromotedAfter *float64 `json:"promoted_after_p50_s"`
}

// measure sums up one contestant's outcomes.
func measure(s Scenario, c Cell, judge string, runs []outcome) Row {
	row := Row{Scenario: s.Name, Kind: s.Kind, Judge: judge, Cell: c, Runs: len(runs)}
	var detected, promoted, failed, hurt []float64
	for _, o := range runs {
		failed, hurt = append(failed, float64(o.failed)), append(hurt, float64(o.hurt))
		switch {
		case o.end == RolledBack && o.after <= 0:
			row.Early++
			row.RolledBack++
		case o.end == RolledBack:
			detected = append(detected, o.after.Seconds())
			row.RolledBack++
		case o.end == Promoted:
			promoted = append(promoted, o.after.Seconds())
			row.Promoted++
		case o.end == Held:
			row.Held++
		default:
			row.Waiting++
		}
	}
	row.DetectP50, row.DetectP95 = quantile(detected, 0.5), quantile(detected, 0.95)
	row.Median = median(detected, len(runs))
	row.PromotedAfter = quantile(promoted, 0.5)
	row.FailedP50, row.HurtRetryP50 = *quantile(failed, 0.5), *quantile(hurt, 0.5)
	row.HurtP50 = row.FailedP50
	row.RolledBackUpper95 = upperBound(row.RolledBack, row.Runs)
	return row
}

// quantile is the least of the values that at least the share q of all are at or below; nil when there is none.
func quantile(values []float64, q float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	return &values[int(math.Ceil(q*float64(len(values))))-1]
}

// median is that of n values of which all that are not given are larger; nil when it is not given.
func median(given []float64, n int) *float64 {
	if 2*len(given) < n {
		return nil
	}
	return quantile(given, 0.5*float64(n)/float64(len(given)))
}

// Share of runs that ended in some way.
func (r Row) Share(n int) float64 { return float64(n) / float64(r.Runs) }

// Detected are the runs that were rolled back once the failure had begun.
func (r Row) Detected() int { return r.RolledBack - r.Early }
