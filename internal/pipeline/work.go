package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec"
)

// work takes one run as far as it goes. Errors end the run with their sentence, unless the run was ended by another
// (it was superseded or cancelled) or Serin stops (then it goes on after the next start).
func (m *Manager) work(ctx context.Context, run Run, settings Settings) {
	run, err := m.release(ctx, run, settings)
	if err == nil {
		run, err = m.await(ctx, run)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, delivery.Conflict) {
		return
	}
	if _, err := m.end(ctx, run, Failed, err.Error()); err != nil {
		m.Logger.Error("a run's end was not stored; it will be tried again", "run", run.ID, "error", err)
	}
}

// release builds a run and starts its rollout. A run that has one already is left as it is.
func (m *Manager) release(ctx context.Context, run Run, settings Settings) (Run, error) {
	if run.State == Deploying {
		return run, nil
	}
	select { // wait for one's turn to build
	case m.builds <- struct{}{}:
		defer func() { <-m.builds }()
	case <-ctx.Done():
		return run, ctx.Err()
	}
	log, err := m.Logs.Append(run.ID)
	if err != nil {
		return run, fmt.Errorf("opening the run's log: %w", err)
	}
	defer log.Close()
	if run, err = m.begin(ctx, run); err != nil {
		return run, err
	}
	release, warnings, err := m.build(ctx, run, settings, log)
	run.Warnings = warnings
	if err != nil {
		fmt.Fprintf(log, "[serin] failed: %v\n", err)
		return run, err
	}
	if run.Rollout, err = m.Releases.Release(ctx, release); err != nil {
		fmt.Fprintf(log, "[serin] failed: %v\n", err)
		return run, err
	}
	outcome, err := m.Releases.Outcome(ctx, run.Rollout)
	if err != nil {
		return run, err
	}
	fmt.Fprintf(log, "[serin] deploying %s as deployment %d\n", release.Revision.Image, outcome.Deployment)
	run.State, run.Deployment = Deploying, outcome.Deployment
	return m.save(ctx, run)
}

// begin stores that a run builds, and how often that was begun.
func (m *Manager) begin(ctx context.Context, run Run) (Run, error) {
	run.State = Building
	run.Attempt++
	if run.Started.IsZero() {
		run.Started = m.Clock()
	}
	return m.save(ctx, run)
}

// build reads what the commit declares, builds it and checks what the build left.
func (m *Manager) build(ctx context.Context, run Run, settings Settings, log io.Writer) (Release, []string, error) {
	service, commit := run.Push.Service, run.Push.Commit
	fmt.Fprintf(log, "[serin] run %d: %s at %.8s (%s)\n", run.ID, service, commit, run.Message)
	tree, err := m.Source.Tree(ctx, service, commit)
	if err != nil {
		return Release{}, nil, err
	}
	declared, findings, err := spec.Load(spec.FS(tree))
	var warnings []string
	for _, f := range findings {
		warnings = append(warnings, f.String())
		fmt.Fprintf(log, "[serin] %s\n", f)
	}
	if err != nil {
		return Release{}, warnings, err
	}
	checkout := filepath.Join(m.Scratch, fmt.Sprintf("run-%d", run.ID))
	if err := os.RemoveAll(checkout); err != nil {
		return Release{}, warnings, err
	}
	defer os.RemoveAll(checkout)
	if err := m.Source.Checkout(ctx, service, commit, checkout); err != nil {
		return Release{}, warnings, err
	}
	built, err := m.Builder.Build(ctx, run, settings.BuildLimit, checkout, declared.Build, log)
	if err != nil {
		return Release{}, warnings, err
	}
	deployable, err := spec.NewDeployable(declared, built, spec.Expected{Service: service, Commit: commit, Repository: m.Images.Repository(service)})
	if err != nil {
		return Release{}, warnings, err
	}
	pinned, err := m.Images.Pin(ctx, service, deployable.Revision.Image)
	if err != nil {
		return Release{}, warnings, err
	}
	return newRelease(run, deployable, pinned, settings), warnings, nil
}

// await waits for the rollout's end and takes it over.
func (m *Manager) await(ctx context.Context, run Run) (Run, error) {
	for {
		changed := m.Releases.Changed()
		outcome, err := m.Releases.Outcome(ctx, run.Rollout)
		if err != nil {
			return run, err
		}
		if outcome.Ended {
			return m.end(ctx, run, outcome.State, outcome.Reason)
		}
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case <-changed:
		}
	}
}
