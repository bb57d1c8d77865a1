package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec"
	"serin.dev/serin/internal/spec/specfile"
)

// work takes one run as far as it goes. Errors end the run with their sentence, unless the run was ended by another
// (it was superseded or cancelled) or Serin stops (then it goes on after the next start).
func (m *Manager) work(ctx context.Context, run Run, settings Settings) {
	run, err := m.release(ctx, run, settings)
	if err == nil {
		run, err = m.await(ctx, run)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, errOvertaken) {
		return
	}
	reason := err.Error()
	if err := m.insist(ctx, run.ID, func() error { _, err := m.end(ctx, run, Failed, reason); return err }); err != nil && ctx.Err() == nil {
		m.Logger.Error("a run's end was not stored; it will be tried again", "run", run.ID, "error", err)
		m.pause(ctx, 1)
	}
}

// release builds a run, unless it is built, and starts its rollout, unless that is known.
func (m *Manager) release(ctx context.Context, run Run, settings Settings) (Run, error) {
	if run.State == Deploying && run.Release == nil {
		return run, nil
	}
	log, err := m.Logs.Append(run.ID)
	if err != nil {
		return run, fmt.Errorf("opening the run's log: %w", err)
	}
	defer log.Close()
	if run.State != Deploying {
		run, err = m.buildInTurn(ctx, run, settings, log)
	}
	if err == nil {
		run, err = m.deploy(ctx, run, log)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(log, "[serin] ended: %v\n", context.Cause(ctx))
	case err != nil && !errors.Is(err, errOvertaken):
		fmt.Fprintf(log, "[serin] failed: %v\n", err)
	}
	return run, err
}

// buildInTurn waits for the run's turn and builds it. When it is stored what is to be released, nobody but the
// rollout's own commands can stop the run any more.
func (m *Manager) buildInTurn(ctx context.Context, run Run, settings Settings, log io.Writer) (Run, error) {
	select {
	case m.builds <- struct{}{}:
		defer func() { <-m.builds }()
	case <-ctx.Done():
		return run, ctx.Err()
	}
	err := m.insist(ctx, run.ID, func() (err error) {
		if run, err = m.ready(ctx, run); err != nil {
			return err
		}
		if run, err = m.begin(ctx, run); err != nil {
			return err
		}
		var release Release
		if release, run.Warnings, err = m.build(ctx, run, settings, log); err != nil {
			return again(ctx, run, err, log)
		}
		run.State, run.Release = Deploying, &release
		return nil
	})
	if err != nil {
		return run, err
	}
	return m.keep(ctx, run)
}

// maxAttempts bounds the builds of one run: a repository that stops its own builder must not build for ever.
const maxAttempts = 100

// again says in the log that a build which failed for no fault of its own begins once more, unless it did too often.
func again(ctx context.Context, run Run, err error, log io.Writer) error {
	switch {
	case !errors.Is(err, delivery.Unavailable) || ctx.Err() != nil:
		return err
	case run.Attempt >= maxAttempts:
		return delivery.Errorf(delivery.Internal, "given up after %d builds: %v", run.Attempt, err)
	}
	fmt.Fprintf(log, "[serin] the build begins again soon: %v\n", err)
	return err
}

// ready waits until a build can be made, and lets the run say what for. That is no attempt: it lasts as long as it does.
func (m *Manager) ready(ctx context.Context, run Run) (Run, error) {
	for {
		away := m.Builder.Ready(ctx)
		if !errors.Is(away, delivery.Unavailable) || ctx.Err() != nil {
			return run, away
		}
		if waits := away.Error(); run.Reason != waits {
			next := run
			next.Reason = waits
			stored, err := m.save(ctx, next)
			if err != nil {
				return run, err
			}
			run = stored
		}
		m.pause(ctx, 1)
	}
}

// begin stores that a run builds, and how often that was begun.
func (m *Manager) begin(ctx context.Context, run Run) (Run, error) {
	next := run
	next.State, next.Attempt, next.Reason = Building, run.Attempt+1, ""
	if next.Started.IsZero() {
		next.Started = m.Clock()
	}
	begun, err := m.save(ctx, next)
	if err != nil {
		return run, err
	}
	return begun, nil
}

// tell logs findings, and gives those a person should know of.
func tell(log io.Writer, findings []spec.Finding) (warnings []string) {
	for _, f := range findings {
		fmt.Fprintf(log, "[serin] %s\n", f)
		if f.Kind != specfile.Runs {
			warnings = append(warnings, f.String())
		}
	}
	return warnings
}

// deploy starts the rollout of a run that is built, or finds the one that was started before a crash.
func (m *Manager) deploy(ctx context.Context, run Run, log io.Writer) (Run, error) {
	release := *run.Release
	var outcome Outcome
	err := m.insist(ctx, run.ID, func() (err error) {
		if run.Rollout, err = m.Releases.Release(ctx, release); err != nil {
			return err
		}
		outcome, err = m.Releases.Outcome(ctx, run.Rollout)
		return err
	})
	run.Release = nil
	if err != nil {
		return run, err
	}
	fmt.Fprintf(log, "[serin] deploying %s as deployment %d\n", release.Revision.Image, outcome.Deployment)
	run.Deployment = outcome.Deployment
	return m.keep(ctx, run)
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
	warnings := tell(log, findings)
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
	warnings = append(warnings, tell(log, deployable.Notes)...)
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
		var outcome Outcome
		err := m.insist(ctx, run.ID, func() (err error) {
			outcome, err = m.Releases.Outcome(ctx, run.Rollout)
			return err
		})
		if err != nil {
			return run, err
		}
		if outcome.Ended {
			run.State, run.Reason, run.Ended = outcome.State, outcome.Reason, m.Clock()
			return m.keep(ctx, run)
		}
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case <-changed:
		}
	}
}

// keep is save for workers: it goes on while the store is away.
func (m *Manager) keep(ctx context.Context, run Run) (kept Run, err error) {
	err = m.insist(ctx, run.ID, func() error { kept, err = m.save(ctx, run); return err })
	if err != nil {
		return run, err
	}
	return kept, nil
}

// insist tries again, until ctx ends, what failed only because something was away.
func (m *Manager) insist(ctx context.Context, run RunID, do func() error) error {
	for tries := 1; ; tries++ {
		err := do()
		if !errors.Is(err, delivery.Unavailable) || ctx.Err() != nil {
			return err
		}
		m.Logger.Warn("a run waits for something that is away", "run", run, "error", err)
		m.pause(ctx, tries)
	}
}

// pause waits until things may have become better, longer each time, or ctx has ended.
func (m *Manager) pause(ctx context.Context, tries int) {
	const most = 5 // doublings
	select {
	case <-ctx.Done():
	case <-time.After(m.Retry << min(tries-1, most)):
	}
}
