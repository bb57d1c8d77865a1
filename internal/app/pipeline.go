package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/source"
	"serin.dev/serin/internal/spec"
	"serin.dev/serin/internal/spec/buildspec"
)

// buildAdapter runs a pipeline's builds.
type buildAdapter struct{ *App }

// Ready implements pipeline.Builder.
func (a buildAdapter) Ready(ctx context.Context) error {
	if a.engine.Away() != nil || !a.swept.over() {
		return delivery.Errorf(delivery.Unavailable, "the build waits for Docker, which does not answer: start it, or see why it is down (docker info)")
	}
	return nil
}

// Build implements pipeline.Builder.
func (a buildAdapter) Build(ctx context.Context, run pipeline.Run, limit time.Duration, checkout string, how buildspec.Spec, log io.Writer) ([]byte, error) {
	if limit == 0 {
		limit = time.Hour
	}
	credential := a.access.Grant(fmt.Sprintf("build %d of %s", run.ID, run.Push.Service),
		access.Scope{Repository: run.Push.Service, Pull: true, Push: true}, limit+time.Minute)
	defer a.access.Revoke(credential)
	artifacts, err := os.MkdirTemp(a.config.path("tmp"), "artifacts-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(artifacts)
	began := time.Now()
	err = a.builder.Build(ctx, build.Job{
		Run: run.ID, Service: run.Push.Service, Commit: run.Push.Commit, Branch: run.Push.Branch, Checkout: checkout, Spec: how,
		Registry: a.config.registryHost(), Credential: credential, Started: run.Started, TimeLimit: limit, Log: log, Artifacts: artifacts,
	})
	a.metrics.built(run.Push.Service, time.Since(began), err)
	if failed, ok := errors.AsType[build.Failed](err); ok {
		return nil, delivery.Errorf(delivery.Invalid, "%s; `serin run logs %d` shows all of it", failed.Sentence, run.ID)
	}
	if err != nil {
		return nil, err
	}
	return builtDeployFile(artifacts)
}

// builtDeployFile finds the deploy.json among the artifacts, with its path or without.
func builtDeployFile(artifacts string) ([]byte, error) {
	for _, name := range []string{spec.DeployFile, path.Base(spec.DeployFile)} {
		text, err := os.ReadFile(filepath.Join(artifacts, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, delivery.Errorf(delivery.Invalid, "the build left no deploy.json among its artifacts: name %s under artifacts/files in build.yml", spec.DeployFile)
}

// releases starts a pipeline's rollouts.
type releases struct{ *App }

// Release implements pipeline.Releases.
func (a releases) Release(ctx context.Context, r pipeline.Release) (delivery.RolloutID, error) {
	if made, err := a.store.DeploymentOfRun(ctx, r.Service, r.Run); err == nil {
		started, err := a.store.RolloutOf(ctx, made)
		return started.ID, err
	} else if !errors.Is(err, delivery.NotFound) {
		return 0, err
	}
	if err := a.setGateway(ctx, r); err != nil {
		return 0, err
	}
	onNewer := rollout.ReplaceRunning
	if r.Queue {
		onNewer = rollout.QueueBehind
	}
	started, err := a.rollouts.Start(ctx, rollout.NewDeployment{
		Service: r.Service, Namespace: r.Namespace, Revision: r.Revision, Workload: r.Workload, Policy: r.Policy,
		RunID: r.Run, Message: r.Message, Author: r.Author, OnNewer: onNewer,
	})
	return started.ID, err
}

// setGateway tells where at the gateway a service is to be found, if its deploy.json says so.
func (a releases) setGateway(ctx context.Context, r pipeline.Release) error {
	state, err := a.store.State(ctx, r.Service.Environment)
	if err != nil {
		return err
	}
	for _, s := range state.Services {
		if s.ID == r.Service && (fmt.Sprint(s.Hosts) != fmt.Sprint(r.Hosts) || s.Path != r.Path) {
			_, err := a.rollouts.UpdateService(ctx, rollout.NewService{ID: s.ID, Namespace: s.Namespace, Exposed: s.Exposed, Hosts: r.Hosts, Path: r.Path})
			return err
		}
	}
	return nil
}

// Outcome implements pipeline.Releases.
func (a releases) Outcome(ctx context.Context, id delivery.RolloutID) (pipeline.Outcome, error) {
	r, err := a.store.Rollout(ctx, id)
	if err != nil {
		return pipeline.Outcome{}, err
	}
	states := map[rollout.Phase]pipeline.State{
		rollout.Succeeded: pipeline.Succeeded, rollout.CleanupFailed: pipeline.Succeeded,
		rollout.RolledBack: pipeline.RolledBack, rollout.Aborted: pipeline.Cancelled, rollout.Superseded: pipeline.Superseded,
	}
	return pipeline.Outcome{Deployment: r.Deployment.Number, Ended: r.Phase.Ended(), State: states[r.Phase], Reason: r.Reason}, nil
}

// Changed implements pipeline.Releases.
func (a releases) Changed() <-chan struct{} { return a.rolloutsChanged.Changed() }

// Hook is what git runs in a hosted repository at each push.
func Hook(args []string, stdin io.Reader, stdout io.Writer) error {
	return source.Hook(args, stdin, stdout)
}
