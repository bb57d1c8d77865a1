package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/workload"
)

// Runs is what the suite asks of a store that keeps runs.
type Runs interface {
	pipeline.Store
	Run(ctx context.Context, id delivery.RunID) (pipeline.Run, error)
	Runs(ctx context.Context, service *delivery.ServiceID, limit int) ([]pipeline.Run, error)
	SetPipelineSettings(ctx context.Context, service delivery.ServiceID, settings *pipeline.Settings) error
	DeploymentOfRun(ctx context.Context, service delivery.ServiceID, run delivery.RunID) (delivery.DeploymentID, error)
}

func pushed(service delivery.ServiceID, n int) pipeline.Run {
	return pipeline.Run{
		Push:   pipeline.Push{Service: service, Key: fmt.Sprintf("%s@%d", service, n), Branch: "main", Commit: "0123456789", Pusher: "ada", At: start},
		Author: "Ada", Message: "fix the count", State: pipeline.Queued, Created: start,
	}
}

func runs(t *testing.T, db Database) {
	s := db.Open(t)
	first, err := s.CreateRun(t.Context(), pushed(svc, 1))
	must(t, err)
	if first.ID < 1 || first.Version < 1 {
		t.Fatalf("a new run is %+v", first)
	}
	want := pushed(svc, 1)
	want.ID, want.Version = first.ID, first.Version
	same(t, first, want)

	// All that a run may hold is kept.
	first.State, first.Attempt, first.Started, first.Warnings = pipeline.Deploying, 2, start.Add(time.Second), []string{"ignored"}
	first.Release = &pipeline.Release{
		Run: first.ID, Service: svc, Revision: delivery.Revision{Commit: "0123456789", Image: "r/s@sha256:00"}, Port: 80, Protocol: delivery.HTTP,
		Policy:   delivery.Policy{Step: 25, Wait: time.Minute},
		Workload: workload.Workload{Containers: []workload.Container{{Name: "app", Image: "r/s@sha256:00", Environment: map[string]string{"A": "b"}}}, Port: 80, Replicas: 1},
		Hosts:    []string{"shop.example"}, Queue: true,
	}
	saved, err := s.SaveRun(t.Context(), first)
	must(t, err)
	stale := first
	first.Version++
	same(t, saved, first)
	must(t, s.Close())
	s = db.Open(t)
	defer s.Close()
	kept, err := s.Run(t.Context(), first.ID)
	must(t, err)
	same(t, kept, first)

	// Who comes second is told so and changes nothing.
	stale.State = pipeline.Cancelled
	got, err := s.SaveRun(t.Context(), stale)
	refused(t, err, delivery.Conflict)
	same(t, got, stale)
	kept, err = s.Run(t.Context(), first.ID)
	must(t, err)
	same(t, kept, first)

	_, err = s.Run(t.Context(), 99)
	refused(t, err, delivery.NotFound)
	_, err = s.SaveRun(t.Context(), pipeline.Run{ID: 99, Version: 1})
	refused(t, err, delivery.NotFound)
}

func runLists(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	other := delivery.ServiceID{Environment: "prod", Name: "other"}
	var ids []delivery.RunID
	for i := range 5 {
		run, err := s.CreateRun(t.Context(), pushed([]delivery.ServiceID{svc, other}[i%2], i))
		must(t, err)
		ids = append(ids, run.ID)
	}
	second, err := s.Run(t.Context(), ids[1])
	must(t, err)
	second.State, second.Ended = pipeline.Failed, start
	_, err = s.SaveRun(t.Context(), second)
	must(t, err)

	for _, test := range []struct {
		name string
		list func() ([]pipeline.Run, error)
		want []delivery.RunID
	}{
		{"open", func() ([]pipeline.Run, error) { return s.OpenRuns(t.Context()) }, []delivery.RunID{ids[0], ids[2], ids[3], ids[4]}},
		{"all", func() ([]pipeline.Run, error) { return s.Runs(t.Context(), nil, 50) }, []delivery.RunID{ids[4], ids[3], ids[2], ids[1], ids[0]}},
		{"the newest", func() ([]pipeline.Run, error) { return s.Runs(t.Context(), nil, 2) }, []delivery.RunID{ids[4], ids[3]}},
		{"of a service", func() ([]pipeline.Run, error) { return s.Runs(t.Context(), &other, 50) }, []delivery.RunID{ids[3], ids[1]}},
		{"of a service without any", func() ([]pipeline.Run, error) {
			return s.Runs(t.Context(), &delivery.ServiceID{Environment: "prod", Name: "none"}, 50)
		}, nil},
	} {
		list, err := test.list()
		must(t, err)
		var got []delivery.RunID
		for _, run := range list {
			got = append(got, run.ID)
		}
		t.Log(test.name)
		same(t, got, test.want)
	}
}

// Each push is one run, whoever stores it how often and at the same time.
func runsOfPushes(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	const pushes, times = 4, 4
	var ids [pushes * times]delivery.RunID
	var together sync.WaitGroup
	for i := range ids {
		together.Go(func() {
			run, err := s.CreateRun(t.Context(), pushed(svc, i%pushes))
			if err != nil {
				t.Error(err)
			}
			ids[i] = run.ID
		})
	}
	together.Wait()
	distinct := map[delivery.RunID]bool{}
	for i, id := range ids {
		distinct[id] = true
		if id != ids[i%pushes] {
			t.Errorf("push %d has the runs %d and %d", i%pushes, id, ids[i%pushes])
		}
	}
	if len(distinct) != pushes {
		t.Errorf("%d runs of %d pushes", len(distinct), pushes)
	}
	ended, err := s.Run(t.Context(), ids[0])
	must(t, err)
	ended.State = pipeline.Succeeded
	ended, err = s.SaveRun(t.Context(), ended)
	must(t, err)
	again, err := s.CreateRun(t.Context(), pushed(svc, 0))
	must(t, err)
	same(t, again, ended)
}

func runsAtOnce(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	run, err := s.CreateRun(t.Context(), pushed(svc, 1))
	must(t, err)
	var together sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		together.Go(func() {
			mine := run
			mine.Attempt = i
			if _, err := s.SaveRun(t.Context(), mine); err == nil {
				mu.Lock()
				defer mu.Unlock()
				won++
			} else if !errors.Is(err, delivery.Conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
		})
	}
	together.Wait()
	if won != 1 {
		t.Errorf("%d of 8 changes of one version were stored", won)
	}
}

func pipelineSettings(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	read := func() pipeline.Settings {
		t.Helper()
		settings, err := s.PipelineSettings(t.Context(), svc)
		must(t, err)
		return settings
	}
	otherwise := pipeline.Settings{Branch: "main", OnNewerPush: pipeline.Replace}
	same(t, read(), otherwise)
	for _, settings := range []pipeline.Settings{
		{Branch: "release", OnNewerPush: pipeline.Queue, BuildLimit: time.Hour},
		{Branch: "main", OnNewerPush: pipeline.Replace, BuildLimit: time.Minute},
	} {
		must(t, s.SetPipelineSettings(t.Context(), svc, &settings))
		same(t, read(), settings)
	}
	must(t, s.SetPipelineSettings(t.Context(), svc, nil))
	must(t, s.SetPipelineSettings(t.Context(), svc, nil))
	same(t, read(), otherwise)
}

func deploymentOfRun(t *testing.T, db Database) {
	s := db.Open(t)
	defer s.Close()
	_, err := s.DeploymentOfRun(t.Context(), svc, 7)
	refused(t, err, delivery.NotFound)
	c := next(prod(t, s))
	c.Services = append(c.Services, service())
	byHand := deployment(2)
	byHand.RunID = 0
	c.Deployments = append(c.Deployments, deployment(1), byHand)
	must(t, s.Commit(t.Context(), c))
	got, err := s.DeploymentOfRun(t.Context(), svc, 7)
	must(t, err)
	same(t, got, id(1))
	_, err = s.DeploymentOfRun(t.Context(), svc, 8)
	refused(t, err, delivery.NotFound)
}
