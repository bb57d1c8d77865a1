package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"serin.dev/serin/internal/delivery"
)

// InRollout is the path of a rollout.
type InRollout struct {
	ID int64 `path:"id" minimum:"1" doc:"the rollout's number"`
}

func (p InRollout) id() delivery.RolloutID { return delivery.RolloutID(p.ID) }

// ofService filters a list.
type ofService struct {
	Service string `query:"service" doc:"<environment>/<service>; all services when it is left out"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

func (q ofService) id() (*delivery.ServiceID, error) {
	if q.Service == "" {
		return nil, nil
	}
	id, err := delivery.ParseServiceID(q.Service)
	return &id, err
}

func (s *server) rollouts(api huma.API) {
	get(s, api, "list-rollouts", "/api/v1/rollouts", "Rollouts, newest first", func(ctx context.Context, in *ofService) ([]Rollout, error) {
		service, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.Rollouts.Rollouts(ctx, service, in.Limit)
	})
	get(s, api, "get-rollout", "/api/v1/rollouts/{id}", "One rollout", func(ctx context.Context, in *InRollout) (Rollout, error) {
		return s.Rollouts.Rollout(ctx, in.id())
	})
	get(s, api, "rollout-history", "/api/v1/rollouts/{id}/history", "All that happened, with input, output, error and attempt", func(ctx context.Context, in *InRollout) ([]Event, error) {
		return s.Rollouts.History(ctx, in.id())
	})
	stream(s, api, "rollout-evidence", "/api/v1/rollouts/{id}/evidence", "What it was judged by, as JSON Lines: its trial, then each interval", func(ctx context.Context, in *InRollout, w io.Writer) error {
		return s.Rollouts.Evidence(ctx, in.id(), w)
	})
	events(s, api, "rollout-events", "/api/v1/rollouts/{id}/events", "A rollout as it goes on, until it has ended", s.Rollouts.Changed,
		func(ctx context.Context, in *InRollout) (Rollout, bool, error) {
			r, err := s.Rollouts.Rollout(ctx, in.id())
			return r, r.Ended, err
		})
	for verb, order := range map[string]struct {
		summary string
		do      func(context.Context, delivery.RolloutID, string) error
	}{
		"abort":   {"Roll back, whatever the evidence says", s.Rollouts.Abort},
		"pause":   {"Stop progress, not judgement", s.Rollouts.Pause},
		"resume":  {"Go on after a pause or a question", s.Rollouts.Resume},
		"promote": {"Skip the remaining steps", s.Rollouts.Promote},
	} {
		act(s, api, roleDeploy, huma.Operation{
			OperationID: verb + "-rollout", Method: http.MethodPost, Path: "/api/v1/rollouts/{id}/" + verb, Summary: order.summary,
		}, func(ctx context.Context, in *InRollout) error { return order.do(ctx, in.id(), callerOf(ctx)) })
	}
}
