package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/rollout"
)

// rollouts shows and steers rollouts.
type rollouts struct{ *App }

// Rollouts implements api.Rollouts.
func (a rollouts) Rollouts(ctx context.Context, service *delivery.ServiceID, limit int) ([]api.Rollout, error) {
	of := []delivery.ServiceID{}
	if service != nil {
		of = append(of, *service)
	} else {
		names, err := a.store.Environments(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			of = append(of, delivery.ServiceID{Environment: name})
		}
	}
	list := []api.Rollout{}
	for _, id := range of {
		state, err := a.store.State(ctx, id.Environment)
		if err != nil {
			return nil, err
		}
		stored, err := a.store.Rollouts(ctx, id, limit)
		if err != nil {
			return nil, err
		}
		for _, r := range stored {
			list = append(list, a.showRollout(state, r))
		}
	}
	return list, nil
}

// Rollout implements api.Rollouts.
func (a rollouts) Rollout(ctx context.Context, id delivery.RolloutID) (api.Rollout, error) {
	r, err := a.store.Rollout(ctx, id)
	if err != nil {
		return api.Rollout{}, err
	}
	state, err := a.store.State(ctx, r.Deployment.Service.Environment)
	if err != nil {
		return api.Rollout{}, err
	}
	shown := a.showRollout(state, r)
	if shown.Judgement != nil {
		return shown, nil
	}
	history, err := a.store.History(ctx, id, 0)
	if err != nil {
		return api.Rollout{}, err
	}
	if v, ok := rollout.LastVerdict(history); ok {
		shown.Verdict, shown.Judgement = v.Reason, &v
	}
	return shown, nil
}

// Evidence implements api.Rollouts.
func (a rollouts) Evidence(ctx context.Context, id delivery.RolloutID, w io.Writer) error {
	if _, err := a.store.Rollout(ctx, id); err != nil {
		return err
	}
	trial, intervals, err := a.store.LoadTrial(ctx, id)
	if err != nil {
		return err
	}
	return evidence.Case{Trial: trial, Intervals: intervals}.Write(w)
}

func (a *App) showRollout(state rollout.State, r rollout.Rollout) api.Rollout {
	shown := api.Rollout{
		ID: r.ID, Deployment: r.Deployment, Previous: r.Previous, Phase: string(r.Phase), Hold: string(r.Hold), Intent: string(r.Intent),
		Percent: r.Percent, Reason: r.Reason, Created: r.Created, Since: r.Since, Ended: r.Phase.Ended(), Weights: delivery.Weights{},
	}
	if r.Stuck != "" {
		shown.Reason = r.Stuck
	}
	from, to := window(r, time.Now())
	shown.Canary = api.CountsOf(a.recorder.Window(from, to, r.Deployment)[r.Deployment].Worse())
	if v, ok := a.rollouts.Verdict(r.ID); ok {
		shown.Verdict, shown.Judgement = v.Reason, &v
	}
	if shown.Ended {
		return shown
	}
	if err := a.engine.Away(); err != nil && shown.Reason == "" {
		shown.Reason = err.Error()
	}
	for _, s := range state.Services {
		if s.ID == r.Deployment.Service && s.Route.Weights != nil {
			shown.Weights = s.Route.Weights
		}
	}
	for _, t := range a.mesh.Observe(state.Environment.Name).Services[r.Deployment.Service].Waiting {
		shown.Waiting = append(shown.Waiting, t.String())
	}
	return shown
}

// History implements api.Rollouts.
func (a rollouts) History(ctx context.Context, id delivery.RolloutID) ([]api.Event, error) {
	if _, err := a.store.Rollout(ctx, id); err != nil {
		return nil, err
	}
	stored, err := a.store.History(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	list := make([]api.Event, len(stored))
	for i, e := range stored {
		input, _ := e.Input.(json.RawMessage)
		output, _ := e.Output.(json.RawMessage)
		list[i] = api.Event{
			Seq: e.Seq, At: e.At, Phase: string(e.Phase), Input: input, Output: output, Error: e.Error, Attempt: e.Attempt,
			Summary: summary(e, output),
		}
	}
	return list, nil
}

// summary says in a line what an event's output holds.
func summary(e rollout.Event, output json.RawMessage) string {
	took := ""
	if d := e.At.Sub(e.Since).Round(100 * time.Millisecond); d > 0 {
		took = fmt.Sprintf(" after %s", d)
	}
	if len(output) == 0 || string(output) == "null" {
		return "left" + took
	}
	const most = 200
	text := []rune(string(output))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return string(text) + took
}

// Abort implements api.Rollouts.
func (a rollouts) Abort(ctx context.Context, id delivery.RolloutID, by string) error {
	_, err := a.App.rollouts.Abort(ctx, id, "aborted by "+by)
	return err
}

// Pause implements api.Rollouts.
func (a rollouts) Pause(ctx context.Context, id delivery.RolloutID, by string) error {
	_, err := a.App.rollouts.Pause(ctx, id, "paused by "+by)
	return err
}

// Resume implements api.Rollouts.
func (a rollouts) Resume(ctx context.Context, id delivery.RolloutID, _ string) error {
	_, err := a.App.rollouts.Resume(ctx, id)
	return err
}

// Promote implements api.Rollouts.
func (a rollouts) Promote(ctx context.Context, id delivery.RolloutID, _ string) error {
	_, err := a.App.rollouts.Promote(ctx, id)
	return err
}

// Changed implements api.Rollouts.
func (a rollouts) Changed() <-chan struct{} { return a.rolloutsChanged.Changed() }

// digest names a configuration by its content.
func digest(parts ...any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(parts); err != nil {
		panic(err) // workloads are plain values
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
