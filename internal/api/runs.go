package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// InRun is the path of a run.
type InRun struct {
	ID int64 `path:"id" minimum:"1" doc:"the run's number"`
}

func (p InRun) id() delivery.RunID { return delivery.RunID(p.ID) }

func (s *server) runs(api huma.API) {
	get(s, api, "list-runs", "/api/v1/runs", "Runs of pipelines, newest first", func(ctx context.Context, in *ofService) ([]pipeline.Run, error) {
		service, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.Runs.Runs(ctx, service, in.Limit)
	})
	get(s, api, "get-run", "/api/v1/runs/{id}", "One run", func(ctx context.Context, in *InRun) (pipeline.Run, error) {
		return s.Runs.Run(ctx, in.id())
	})
	stream(s, api, "run-log", "/api/v1/runs/{id}/log", "What the build said", func(ctx context.Context, in *struct {
		InRun
		Follow bool `query:"follow"`
	}, w io.Writer,
	) error {
		if err := s.begun(ctx, in.id(), in.Follow); err != nil {
			return err
		}
		return s.Runs.Log(ctx, in.id(), in.Follow, w)
	})
	events(s, api, "run-events", "/api/v1/runs/{id}/events", "A run as it goes on, until it has ended", s.Runs.Changed,
		func(ctx context.Context, in *InRun) (pipeline.Run, bool, error) {
			r, err := s.Runs.Run(ctx, in.id())
			return r, r.State.Ended(), err
		})
	act(s, api, roleDeploy, huma.Operation{
		OperationID: "cancel-run", Method: http.MethodPost, Path: "/api/v1/runs/{id}/cancel", Summary: "End a run that waits or builds",
	}, func(ctx context.Context, in *InRun) error { return s.Runs.Cancel(ctx, in.id(), callerOf(ctx)) })
}

// begun finds a run, and waits until it has begun, and so has a log, if its log is to be followed.
func (s *server) begun(ctx context.Context, id delivery.RunID, follow bool) error {
	for {
		changed := s.Runs.Changed()
		run, err := s.Runs.Run(ctx, id)
		if err != nil || !follow || run.State != pipeline.Queued {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
