package rivals

import (
	"time"

	"serin.dev/serin/internal/analysis/lab"
	"serin.dev/serin/internal/evidence"
)

// cloudWatch is a CloudWatch alarm that ends an ECS or CodeDeploy canary deployment: 1 period of 1 minute, and the
// threshold that the AWS CDK's own example has for it, one 5xx answer of the new version's target group (CDK 2.274,
// page "HttpCodeTarget": metric TARGET_5XX_COUNT, period 1 minute, threshold 1, evaluationPeriods 1; an Alarm's
// comparison is GreaterThanOrEqualToThreshold unless one says otherwise, its statistic here is Sum). A minute without
// a 5xx has no data point, which counts as missing by default and never as a breach ("Configuring how CloudWatch
// alarms treat missing data", Amazon CloudWatch User Guide): a version that nobody calls passes.
//
// ECS watches the alarm during the canary's bake and the deployment's, so also at 100 % ("Amazon ECS canary
// deployments", Amazon ECS Developer Guide). In its favour the minute is judged as soon as it is over; in truth its
// counts take a minute or two more to arrive.
func cloudWatch() lab.Contestant {
	return lab.Contestant{
		Name:   "ecs (cloudwatch alarm 1 min x 1)",
		Source: "AWS CDK 2.274, HttpCodeTarget; Amazon ECS Developer Guide, Amazon ECS canary deployments: re-stated",
		Looks:  time.Minute,
		New:    func(evidence.Trial) lab.Judge { return &alarm{threshold: 1} },
	}
}

// alarm sums a metric over each minute of the clock.
type alarm struct {
	threshold uint64 // the sum at which it rings
	minute    time.Time
	sum       uint64
	ringing   bool
}

func (a *alarm) Look(iv *evidence.Interval) lab.Decision {
	_, failed := iv.Canary.Caller.First()
	if minute := iv.To.Add(-1).Truncate(time.Minute); minute.After(a.minute) {
		a.judge()
		a.minute, a.sum = minute, 0
	}
	a.sum += failed
	if iv.To.Equal(a.minute.Add(time.Minute)) {
		a.judge()
	}
	if a.ringing {
		return lab.RollBack
	}
	return lab.GoOn
}

func (a *alarm) judge() { a.ringing = a.ringing || a.sum >= a.threshold }

func (a *alarm) Promote() bool { return !a.ringing }
