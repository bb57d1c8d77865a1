package rollout

import (
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

var (
	noon     = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	shop     = delivery.ServiceID{Environment: "prod", Name: "shop"}
	quarters = delivery.Policy{Step: 25, Wait: 30 * time.Second, KeepPrevious: time.Minute, DeployTimeout: 2 * time.Minute}
	defaults = Timing{}.withDefaults()
)

// good is an observation in which everything is as it should be.
func good() Observation {
	return Observation{
		Policy: quarters, Stable: 1, Looked: true, Ready: true, Acknowledged: true, Fresh: true,
		Verdict: evidence.Verdict{Outcome: evidence.Healthy},
	}
}

// at is a rollout of deployment 2 in a phase that began at noon.
func at(p Phase, percent int) Rollout {
	r := Begin(1, delivery.DeploymentID{Service: shop, Number: 2}, noon)
	r = r.enter(p, noon)
	r.Previous, r.Percent = 1, percent
	if percent > 0 {
		r.Weighted, r.Shifted, r.Waited, r.Waits = noon, noon, noon, 1
	}
	switch p {
	case DeployNewVersion:
		r = r.until(noon.Add(2 * time.Minute))
	case RemoveOldVersion, RollBack:
		r = r.until(noon.Add(5 * time.Minute))
	case Wait:
		r.WakeAt = noon.Add(30 * time.Second)
	}
	return r
}

func with(r Rollout, change func(*Rollout)) Rollout {
	change(&r)
	return r
}

func seeing(change func(*Observation)) Observation {
	o := good()
	change(&o)
	return o
}

func held(r *Rollout)      { r.Hold = Paused }
func aborted(r *Rollout)   { *r = r.abort("no good") }
func replaced(r *Rollout)  { *r = r.replace(delivery.DeploymentID{Service: shop, Number: 3}) }
func promoting(r *Rollout) { *r = r.promote() }
func isFirst(r *Rollout)   { r.Previous = 0 }

func away(o *Observation) { o.Looked = false }
func failing(o *Observation) {
	o.Verdict = evidence.Verdict{Outcome: evidence.Failing, Reason: "9 failed"}
}

func shared(o *Observation) {
	o.Verdict = evidence.Verdict{Outcome: evidence.SharedFate, Reason: "both fail"}
}
func holdback(o *Observation) { o.Policy.Holdback = 5 }

func thin(o *Observation) {
	o.Verdict = evidence.Verdict{Outcome: evidence.NotEnough, Reason: "nothing came", Thin: true}
}

func unacked(o *Observation) {
	o.Acknowledged, o.Waiting = false, "the proxy of x has not acknowledged"
}

func stray(o *Observation) {
	o.Ready, o.Missing, o.Astray = false, "the check fails", "listens on port 81"
}

func TestDecide(t *testing.T) {
	soon, later := noon.Add(time.Second), noon.Add(10*time.Minute)
	tests := []struct {
		name    string
		from    Rollout
		seen    Observation
		now     time.Time
		phase   Phase
		percent int
		reason  string // a part of it, or of Stuck
	}{
		{"waits for the one before", at(Pending, 0), seeing(func(o *Observation) { o.Busy = true }), soon, Pending, 0, ""},
		{"its turn", at(Pending, 0), good(), soon, CheckDeploymentVersion, 0, ""},
		{"pending, aborted", with(at(Pending, 0), aborted), seeing(func(o *Observation) { o.Busy = true }), soon, Aborted, 0, "no good"},
		{"service being deleted", at(Pending, 0), seeing(func(o *Observation) { o.Closing = true }), soon, Aborted, 0, "deleted"},

		{"the same revision", at(CheckDeploymentVersion, 0), seeing(func(o *Observation) { o.Same = true }), soon, Succeeded, 0, "nothing to do"},
		{"another protocol", at(CheckDeploymentVersion, 0), seeing(func(o *Observation) { o.Misfit = "speaks tcp" }), soon, RolledBack, 0, "speaks tcp"},
		{"another revision", at(CheckDeploymentVersion, 0), good(), soon, DeployNewVersion, 0, ""},

		{"not ready yet", at(DeployNewVersion, 0), seeing(func(o *Observation) { o.Ready = false }), soon, DeployNewVersion, 0, ""},
		{"ready, callers do not know it yet", at(DeployNewVersion, 0), seeing(unacked), soon, DeployNewVersion, 0, ""},
		{"ready by an old look", at(DeployNewVersion, 0), seeing(away), soon, DeployNewVersion, 0, ""},
		{"ready", at(DeployNewVersion, 0), good(), soon, ShiftTraffic, 25, ""},
		{"ready, first", with(at(DeployNewVersion, 0), isFirst), good(), soon, ShiftTraffic, 100, ""},
		{"ready, held", with(at(DeployNewVersion, 0), held), good(), soon, DeployNewVersion, 0, ""},
		{"ready, held beyond the deadline", with(at(DeployNewVersion, 0), held), good(), later, DeployNewVersion, 0, ""},
		{"never ready", at(DeployNewVersion, 0), seeing(func(o *Observation) { o.Ready, o.Missing = false, "image missing" }), later, RollBack, 0, "image missing"},
		{"never ready, held", with(at(DeployNewVersion, 0), held), seeing(func(o *Observation) { o.Ready, o.Missing = false, "image missing" }), later, RollBack, 0, "image missing"},
		{"astray", at(DeployNewVersion, 0), seeing(stray), soon, RollBack, 0, "listens on port 81"},
		{"astray by an old look", at(DeployNewVersion, 0), seeing(func(o *Observation) { stray(o); away(o) }), soon, DeployNewVersion, 0, ""},
		{"astray, held", with(at(DeployNewVersion, 0), held), seeing(stray), soon, DeployNewVersion, 0, ""},
		{"astray, held beyond the deadline", with(at(DeployNewVersion, 0), held), seeing(stray), later, RollBack, 0, "the check fails"},
		{"astray, but ready", at(DeployNewVersion, 0), seeing(func(o *Observation) { o.Astray = "listens on port 81" }), soon, ShiftTraffic, 25, ""},
		{"astray after it was ready", at(Wait, 25), seeing(stray), soon, Wait, 25, ""},
		{"never acknowledged", at(DeployNewVersion, 0), seeing(unacked), later, RollBack, 0, "has not acknowledged"},
		{"the engine is away", at(DeployNewVersion, 0), seeing(away), later, RollBack, 0, "engine does not answer"},
		{"deploying, aborted", with(at(DeployNewVersion, 0), aborted), good(), soon, RollBack, 0, "no good"},

		{"not everybody shifted", at(ShiftTraffic, 25), seeing(unacked), later, ShiftTraffic, 25, ""},
		{"shifted by an old roster", at(ShiftTraffic, 25), seeing(away), soon, ShiftTraffic, 25, ""},
		{"shifted", at(ShiftTraffic, 25), good(), soon, Wait, 25, ""},
		{"shifted, held", with(at(ShiftTraffic, 25), held), good(), soon, Wait, 25, ""},
		{"failing before everybody shifted", at(ShiftTraffic, 25), seeing(failing), soon, RollBack, 0, "9 failed"},

		{"waits", at(Wait, 25), good(), soon, Wait, 25, ""},
		{"waited", at(Wait, 25), good(), later, GatherHealth, 25, ""},
		{"waited, nobody looked", at(Wait, 25), seeing(away), later, Wait, 25, ""},
		{"fails while it waits", at(Wait, 25), seeing(failing), soon, RollBack, 0, "9 failed"},
		{"fails while it is held", with(at(Wait, 25), held), seeing(failing), soon, RollBack, 0, "9 failed"},
		{"fails while the engine is away", at(Wait, 25), seeing(func(o *Observation) { failing(o); away(o) }), soon, RollBack, 0, "9 failed"},
		{"fails though an operator promotes it", with(at(Wait, 25), promoting), seeing(failing), soon, RollBack, 0, "9 failed"},
		{"waits, aborted", with(at(Wait, 25), aborted), good(), soon, RollBack, 0, "no good"},
		{"waits, replaced", with(at(Wait, 25), replaced), good(), soon, RollBack, 0, "replaced by deployment 3"},
		{"waits, promoted", with(at(Wait, 25), promoting), good(), soon, GatherHealth, 25, ""},

		{"passes", at(GatherHealth, 25), good(), soon, ShiftTraffic, 50, ""},
		{"passes, held", with(at(GatherHealth, 25), held), good(), later, GatherHealth, 25, ""},
		{"passes, old evidence", at(GatherHealth, 25), seeing(func(o *Observation) { o.Fresh = false }), later, GatherHealth, 25, ""},
		{"passes, nobody looked", at(GatherHealth, 25), seeing(away), later, GatherHealth, 25, ""},
		{"passes, the route is not acknowledged", at(GatherHealth, 25), seeing(unacked), later, GatherHealth, 25, ""},
		{"passes at 90 %", at(GatherHealth, 90), good(), soon, ShiftTraffic, 100, ""},
		{"passes at 100 %", at(GatherHealth, 100), good(), soon, PromoteVersion, 100, ""},
		{"passes at 100 %, held", with(at(GatherHealth, 100), held), good(), soon, GatherHealth, 100, ""},
		{"too little", at(GatherHealth, 25), seeing(thin), soon, Wait, 25, ""},
		{"too little at 100 %", at(GatherHealth, 100), seeing(thin), soon, Wait, 100, ""},
		{"too little, held", with(at(GatherHealth, 25), held), seeing(thin), soon, GatherHealth, 25, ""},
		{"too little too often", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(thin), soon, GatherHealth, 25, "nothing came"},
		{"too little too often, checks are enough", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(func(o *Observation) {
			thin(o)
			o.Policy.NoTraffic, o.Verdict.Checked = delivery.NoTrafficChecks, true
		}), soon, ShiftTraffic, 50, ""},
		{"too little too often, checks are enough and failed once", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(func(o *Observation) {
			thin(o)
			o.Policy.NoTraffic = delivery.NoTrafficChecks
		}), soon, GatherHealth, 25, "too little"},
		{"both do badly alike", at(GatherHealth, 25), seeing(shared), soon, Wait, 25, ""},
		{"both do badly alike too often", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(shared), soon, GatherHealth, 25, "both fail"},
		{"both do badly alike too often, checks are no way out", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(func(o *Observation) {
			shared(o)
			o.Policy.NoTraffic, o.Verdict.Checked = delivery.NoTrafficChecks, true
		}), soon, GatherHealth, 25, "both fail"},
		{"both do badly alike in a wait", at(Wait, 25), seeing(shared), soon, Wait, 25, ""},
		{"passes at 75 %, with a holdback", at(GatherHealth, 75), seeing(holdback), soon, ShiftTraffic, 95, ""},
		{"passes at the holdback", at(GatherHealth, 95), seeing(holdback), soon, ShiftTraffic, 100, ""},
		{"passes at 50 %, with a holdback", at(GatherHealth, 50), seeing(holdback), soon, ShiftTraffic, 75, ""},
		{"too little too often, and not for want of traffic", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3 }), seeing(func(o *Observation) {
			thin(o)
			o.Policy.NoTraffic, o.Verdict.Checked, o.Verdict.Thin = delivery.NoTrafficChecks, true, false
		}), soon, GatherHealth, 25, "too little"},
		{"asked, then evidence came", with(at(GatherHealth, 25), func(r *Rollout) { *r = r.ask(evidence.Verdict{Reason: "silence"}) }), good(), soon, ShiftTraffic, 50, ""},
		{"asked, still too little", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3; *r = r.ask(evidence.Verdict{Reason: "silence"}) }), seeing(thin), later, GatherHealth, 25, "silence"},
		{"asked, resumed", with(at(GatherHealth, 25), func(r *Rollout) { r.Waits = 3; *r = r.ask(evidence.Verdict{Reason: "silence"}).resume() }), seeing(thin), later, Wait, 25, ""},
		{"promoted without evidence", with(at(GatherHealth, 25), promoting), seeing(thin), soon, ShiftTraffic, 100, ""},
		{"promoted without evidence, not acknowledged", with(at(GatherHealth, 100), promoting), seeing(func(o *Observation) { thin(o); unacked(o) }), soon, GatherHealth, 100, ""},
		{"promoted without evidence at 100 %", with(at(GatherHealth, 100), promoting), seeing(thin), soon, PromoteVersion, 100, ""},

		{"promoted", at(PromoteVersion, 100), good(), soon, RemoveOldVersion, 100, ""},
		{"promoted, first", with(at(PromoteVersion, 100), isFirst), good(), soon, Succeeded, 100, ""},
		{"promoted, aborted too late", with(at(PromoteVersion, 100), aborted), good(), soon, RemoveOldVersion, 100, ""},
		{"promoted, fails later", at(RemoveOldVersion, 100), seeing(failing), soon, RemoveOldVersion, 100, ""},

		{"the old one goes", at(RemoveOldVersion, 100), good(), soon, RemoveOldVersion, 100, ""},
		{"the old one is gone", at(RemoveOldVersion, 100), seeing(func(o *Observation) { o.PreviousGone = true }), soon, Succeeded, 100, ""},
		{"the old one does not go", at(RemoveOldVersion, 100), seeing(unacked), later, CleanupFailed, 100, "has not acknowledged"},

		{"rolls back", at(RollBack, 0), good(), soon, RollBack, 0, ""},
		{"rolled back", with(at(RollBack, 0), func(r *Rollout) { r.Reason = "x" }), seeing(func(o *Observation) { o.Gone = true }), soon, RolledBack, 0, "x"},
		{"rolled back on abort", with(at(RollBack, 0), aborted), seeing(func(o *Observation) { o.Gone = true }), soon, Aborted, 0, "no good"},
		{"rolled back for a newer one", with(at(RollBack, 0), replaced), seeing(func(o *Observation) { o.Gone = true }), soon, Superseded, 0, "replaced"},
		{"cannot roll back", at(RollBack, 0), seeing(away), later, RollBack, 0, "engine does not answer"},
		{"could not, then can", with(at(RollBack, 0), func(r *Rollout) { r.Reason, r.Stuck = "x", "stuck" }), seeing(func(o *Observation) { o.Gone = true }), later, RolledBack, 0, "x"},

		{"ended stays ended", with(at(Succeeded, 100), func(r *Rollout) { r.Deadline = time.Time{} }), seeing(failing), later, Succeeded, 100, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.from, test.seen, defaults, test.now)
			if got.Phase != test.phase || got.Percent != test.percent {
				t.Fatalf("got %s at %d %%, want %s at %d %%", got.Phase, got.Percent, test.phase, test.percent)
			}
			if !strings.Contains(got.Reason+got.Stuck, test.reason) {
				t.Errorf("the reason is %q %q, want …%s…", got.Reason, got.Stuck, test.reason)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWaitsAsThePolicySays(t *testing.T) {
	tests := []struct {
		name string
		from Rollout
		want time.Duration
	}{
		{"a step", at(ShiftTraffic, 50), quarters.Wait},
		{"all, the old one warm", at(ShiftTraffic, 100), quarters.KeepPrevious},
		{"all, nothing before", with(at(ShiftTraffic, 100), isFirst), quarters.Wait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.from, good(), defaults, noon)
			if wait := got.WakeAt.Sub(noon); got.Phase != Wait || wait != test.want {
				t.Errorf("%s for %s, want %s", got.Phase, wait, test.want)
			}
		})
	}
}
