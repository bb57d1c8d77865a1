package storetest

import (
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
)

func interval(second int) evidence.Interval {
	return evidence.Interval{
		From: start.Add(time.Duration(second-1) * time.Second), To: start.Add(time.Duration(second) * time.Second), Percent: 25,
		Shifted: start, Waited: start,
		Canary: evidence.Tally{Caller: evidence.Counts{Attempts: uint64(second), Latency: evidence.Latency{3: 1}}},
		Stable: evidence.Tally{Ingress: evidence.Counts{Attempts: 9, ErrorsGRPC: 1}},
		Checks: []evidence.Check{{Task: delivery.TaskID{Deployment: id(2)}, Passed: true, Detail: "200 OK"}},
		Silent: []delivery.TaskID{delivery.GatewayTask("prod")},
	}
}

// trials are kept with all that was told in them, in order, each interval once, until long after the rollout's end.
func trials(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	_, _, err := s.LoadTrial(t.Context(), 1)
	refused(t, err, delivery.NotFound)

	trial := evidence.Trial{
		Deployment: id(2), Stable: id(1), Policy: delivery.Policy{Step: 25, Judgement: delivery.Judgement{FalseAlarmRate: 0.05}}, Start: start,
		Before: evidence.Record{Began: start, Recent: evidence.Summary{Counts: evidence.Counts{Attempts: 7}, Seconds: 3}},
	}
	must(t, s.SaveTrial(t.Context(), 1, trial))
	other := trial
	other.Start = start.Add(time.Hour)
	must(t, s.SaveTrial(t.Context(), 1, other))
	must(t, s.SaveIntervals(t.Context(), []rollout.Told{{Rollout: 1, Interval: interval(2)}, {Rollout: 1, Interval: interval(1)}, {Rollout: 2, Interval: interval(1)}}))
	again := interval(2)
	again.Percent = 50
	must(t, s.SaveIntervals(t.Context(), []rollout.Told{{Rollout: 1, Interval: again}, {Rollout: 1, Interval: interval(3)}}))
	got, told, err := s.LoadTrial(t.Context(), 1)
	must(t, err)
	same(t, got, trial)
	same(t, told, []evidence.Interval{interval(1), interval(2), interval(3)})
}

// endedTrials are forgotten when they are old; one of a rollout that goes on is not, however old.
func endedTrials(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	c := next(prod(t, s))
	c.Deployments = []rollout.Deployment{deployment(1), deployment(2)}
	ended := rollout.Begin(1, id(1), start)
	ended.Phase = rollout.Succeeded
	c.Rollouts = []rollout.Rollout{ended, rollout.Begin(2, id(2), start)}
	must(t, s.Commit(t.Context(), c))
	for _, r := range []delivery.RolloutID{1, 2} {
		must(t, s.SaveTrial(t.Context(), r, evidence.Trial{Deployment: id(int(r)), Start: start}))
		must(t, s.SaveIntervals(t.Context(), []rollout.Told{{Rollout: r, Interval: interval(1)}}))
	}
	must(t, s.PruneTrials(t.Context(), start))
	_, told, err := s.LoadTrial(t.Context(), 1)
	must(t, err)
	same(t, len(told), 1)
	must(t, s.PruneTrials(t.Context(), start.Add(time.Second)))
	_, _, err = s.LoadTrial(t.Context(), 1)
	refused(t, err, delivery.NotFound)
	must(t, s.SaveTrial(t.Context(), 1, evidence.Trial{Deployment: id(1), Start: start}))
	_, told, err = s.LoadTrial(t.Context(), 1)
	must(t, err)
	same(t, len(told), 0) // its intervals went with it
	_, told, err = s.LoadTrial(t.Context(), 2)
	must(t, err)
	same(t, len(told), 1)
}

// records are replaced as a whole.
func records(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	standing := func(n uint64) evidence.Standing {
		return evidence.Standing{Total: evidence.Counts{Attempts: n}, At: start, Record: evidence.Record{Began: start}}
	}
	elsewhere := delivery.DeploymentID{Service: delivery.ServiceID{Environment: "test", Name: "shop"}, Number: 1}
	must(t, s.SaveRecords(t.Context(), map[delivery.DeploymentID]evidence.Standing{id(1): standing(1), id(2): standing(2)}))
	must(t, s.SaveRecords(t.Context(), map[delivery.DeploymentID]evidence.Standing{id(2): standing(3), elsewhere: standing(4)}))
	got, err := s.LoadRecords(t.Context(), "prod")
	must(t, err)
	same(t, got, map[delivery.DeploymentID]evidence.Standing{id(2): standing(3)})
}
