package deployjson

import (
	"encoding/json"
	"strconv"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

// Rule says what decides beside the comparison with stable.
type Rule string

const (
	ByThreshold  Rule = "threshold"  // the number of failures, too, as the reference does
	ByComparison Rule = "comparison" // the number of failures only where the file gives FailureThresholdValue
)

// anyNumber of failures is healthy.
const anyNumber = -1

// judged reads by what a new version is judged. What the file does not say is as otherwise has it.
func (r *reader) judged(otherwise delivery.Policy) delivery.Policy {
	p := otherwise
	rule := choice(r, "Judge", ByThreshold, ByComparison)
	if r.line("Judge") > 0 {
		p.FailureValue = 0
		if rule == ByComparison {
			p.FailureValue = anyNumber
		}
	}
	p.FailureValue = r.optional("FailureThresholdValue", p.FailureValue, 0, 1_000_000_000)
	p.FailureWindow = seconds(r.optional("FailureThresholdTime", int(p.FailureWindow.Seconds()), 1, day))

	j := &p.Judgement
	j.FalseAlarmRate = r.number("FalseAlarmRate", j.FalseAlarmRate, 1e-6, 0.2)
	j.FailurePercent = r.number("FailureThresholdPercent", j.FailurePercent, 0.001, 100)
	if j.FailurePercent > 0 && j.FailureMinimum == 0 {
		j.FailureMinimum = defaultMinimum
	}
	j.FailureMinimum = r.optional("FailureThresholdMinimum", j.FailureMinimum, 1, 1_000_000_000)
	if r.line("FailureThresholdMinimum") > 0 && j.FailurePercent == 0 {
		r.errorf("FailureThresholdMinimum", "it is the least number of attempts for FailureThresholdPercent, which is missing: add it, or remove this key")
	}
	j.LatencyTolerance = r.number("LatencyTolerance", j.LatencyTolerance, 1, 100)
	j.ErrorMargin = r.number("ErrorMargin", 100*j.ErrorMargin, 0.001, 50) / 100
	j.MaxFailedAttempts = r.optional("MaxFailedAttempts", j.MaxFailedAttempts, 1, 1_000_000_000)
	j.MaxUsersHurt = r.optional("MaxUsersHurt", j.MaxUsersHurt, 1, 1_000_000_000)
	return p
}

// defaultMinimum is how many attempts FailureThresholdPercent waits for: one failure of them is 5 %.
const defaultMinimum = 20

// ParsePolicy reads the keys of a deploy.json that say by what a version is judged, and no others need be there.
// What the file does not say is as otherwise has it. The findings are warnings.
func ParsePolicy(file string, data []byte, otherwise delivery.Policy) (delivery.Policy, []specfile.Finding, error) {
	c := specfile.NewCollector(file)
	p := otherwise
	if text, ok := c.Text(data); ok {
		if fields, ok := scan(c, text); ok {
			r := reader{c: c, fields: fields}
			p = r.judged(otherwise)
			r.asked = allKeys()
			r.unknown()
		}
	}
	warnings, err := c.Result()
	return p, warnings, err
}

// allKeys are those of a deploy.json.
func allKeys() []string {
	r := reader{c: specfile.NewCollector("")}
	r.read(&File{})
	return r.asked
}

// number reads a number that may be missing.
func (r *reader) number(key string, otherwise, least, most float64) float64 {
	raw, ok := r.get(key)
	if !ok {
		return otherwise
	}
	var n float64
	if err := json.Unmarshal(raw, &n); err != nil || n < least || n > most {
		hint := ""
		if raw[0] == '"' {
			hint = ", without quotes"
		}
		r.errorf(key, "it is %s: it must be a number from %s to %s%s", shown(raw), decimal(least), decimal(most), hint)
		return otherwise
	}
	return n
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
