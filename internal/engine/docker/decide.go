package docker

import (
	"time"

	"github.com/moby/moby/api/types/container"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// action is the one thing a worker does next.
type action string

const (
	rest       action = "rest"       // nothing until something happens, or plan.Wake
	finish     action = "finish"     // the task is gone, and so is its worker
	clearAll   action = "clear"      // stop and remove everything of the task
	makePause  action = "pause"      // pull what is missing, make the network namespace
	capture    action = "capture"    // program its packet filter
	makeProxy  action = "proxy"      // start serin-proxy
	awaitProxy action = "ready"      // until it has names and listeners
	buryProxy  action = "bury proxy" // keep the dead proxy's log, remove it
	startApp   action = "app"        // plan.App
	buryApps   action = "bury apps"  // stop, keep the logs of and remove the app's containers
)

// removes tells whether the action takes containers away.
func (a action) removes() bool { return a == clearAll || a == buryProxy || a == buryApps }

// plan is what decide found: what to do, and what to report meanwhile.
type plan struct {
	Do     action
	App    workload.Container // of startApp
	Ended  *box               // of the burials: whose end is the reason
	Why    string             // of clearAll and the burials: a sentence about what ended; "" when nothing failed
	State  workload.State
	Reason string
	Wake   time.Time // of rest; zero: only when something happens
}

// memory is what a worker remembers of its task; all of it can be lost.
type memory struct {
	Generation delivery.Generation // declared; 0 when the environment is not
	Ready      string              // the run of the proxy that is known to be ready
	Base       pacer               // of pause, capture and proxy
	Apps       pacer
	Restarts   int
}

// decide finds the next step from what is wanted (nil: nothing) and what stands. It goes from the pause container up:
// what rests on something that is gone or of another kind is removed first.
func decide(w *wanted, s sight, m memory, network string, now time.Time) plan {
	if w == nil && s.empty() {
		return plan{Do: finish}
	}
	if newest := s.generation(); m.Generation > 0 && newest > m.Generation {
		return plan{Do: rest, State: workload.Failed, Reason: newerSentence(newest, m.Generation)}
	}
	if w == nil {
		return plan{Do: clearAll, State: workload.Removing}
	}
	if why, unsound := s.unsound(w, network); unsound {
		return plan{Do: clearAll, Why: why, State: workload.Pending, Reason: why}
	}
	if p := decideBase(w, s, m, now); p.Do != "" {
		return p
	}
	return decideApps(w, s, m, now)
}

// decideBase makes what the app's containers stand on: namespace, packet filter, proxy. It gives no action when all that is there.
func decideBase(w *wanted, s sight, m memory, now time.Time) plan {
	if s.Proxy != nil && !s.Proxy.Running && !s.Proxy.Fresh {
		why := endedSentence("the task's proxy", s.Proxy)
		return plan{Do: buryProxy, Ended: s.Proxy, Why: why, State: workload.Starting, Reason: why}
	}
	next := plan{State: workload.Pending, Reason: m.Base.reason}
	switch {
	case s.Pause == nil:
		next.Do = makePause
	case s.Capture == nil || s.Capture.Running || s.Capture.Fresh || s.Capture.ExitCode != 0:
		next.Do = capture
	case s.Proxy == nil || s.Proxy.Fresh:
		next.Do, next.State = makeProxy, workload.Starting
	case m.Ready != s.Proxy.run():
		next.Do, next.State = awaitProxy, workload.Starting
	default:
		return plan{}
	}
	if m.Base.holds(now) {
		return plan{Do: rest, State: workload.Failed, Reason: m.Base.reason, Wake: m.Base.until}
	}
	return next
}

// decideApps starts the app's containers in the order of their dependencies.
func decideApps(w *wanted, s sight, m memory, now time.Time) plan {
	if ended, why := appFailure(w.Workload, s); ended != nil {
		return plan{Do: buryApps, Ended: ended, Why: why, State: workload.Failed, Reason: why}
	}
	if m.Apps.holds(now) {
		return plan{Do: rest, State: workload.Failed, Reason: m.Apps.reason, Wake: m.Apps.until}
	}
	done := plan{Do: rest, State: workload.Running, Reason: m.Apps.reason, Wake: s.steadyAt(m)}
	for _, c := range w.Workload.Containers {
		b := s.Apps[c.Name]
		switch {
		case b == nil || b.Fresh:
			done.State = workload.Starting
			if dependenciesMet(c, s) {
				return plan{Do: startApp, App: c, State: workload.Starting, Reason: m.Apps.reason}
			}
		case b.Running && b.Health == container.Unhealthy:
			done.State, done.Reason = workload.Starting, unhealthySentence(c.Name, b)
		case b.Running && b.Health == container.Starting:
			done.State = workload.Starting
		}
	}
	return done
}

// appFailure tells which container's end means that the app's containers must all be made anew; nil when they need not.
func appFailure(w workload.Workload, s sight) (ended *box, why string) {
	for _, c := range w.Containers {
		b := s.Apps[c.Name]
		switch {
		case b == nil || b.Fresh:
			for _, d := range c.DependsOn {
				on := s.Apps[d.Container]
				if d.Condition == workload.Success && on.ended() && on.ExitCode != 0 {
					return on, endedSentence("container "+d.Container+", which "+c.Name+" waits for,", on)
				}
				if d.Condition == workload.Healthy && on.ended() {
					return on, endedSentence("container "+d.Container+", whose health "+c.Name+" waits for,", on)
				}
			}
		case !essential(w, c):
		case b.ended():
			return b, endedSentence("container "+c.Name, b)
		case b.Health == container.Unhealthy:
			return b, unhealthySentence(c.Name, b)
		}
	}
	return nil, ""
}

// essential tells whether the task ends with the container: as declared, and where none is, the app's own.
func essential(w workload.Workload, c workload.Container) bool {
	for _, other := range w.Containers {
		if other.Essential {
			return c.Essential
		}
	}
	return c.Name == w.App || (w.App == "" && c.Name == w.Containers[0].Name)
}

func dependenciesMet(c workload.Container, s sight) bool {
	for _, d := range c.DependsOn {
		on := s.Apps[d.Container]
		if on == nil || on.Fresh {
			return false
		}
		switch d.Condition {
		case workload.Complete:
			if !on.ended() {
				return false
			}
		case workload.Success:
			if !on.ended() || on.ExitCode != 0 {
				return false
			}
		case workload.Healthy:
			if !on.Running || on.Health != container.Healthy {
				return false
			}
		}
	}
	return true
}

// unsound tells whether the task cannot be mended but by making it anew, and why if something ended.
func (s sight) unsound(w *wanted, network string) (why string, unsound bool) {
	all := s.all()
	for _, b := range all {
		if b.Spec != w.Spec {
			return "", true
		}
	}
	switch {
	case len(s.Strays) > 0:
		return "", true
	case s.Pause == nil:
		return "the task's network namespace was removed; the task is made again", len(all) > 0
	case s.Pause.Fresh:
		return "", true
	case !s.Pause.Running:
		return "the task's network namespace ended; the task is made again", true
	}
	if _, attached := s.Pause.Networks[network]; !attached {
		return "the task was taken off its network; the task is made again", true
	}
	for _, b := range all {
		if b != s.Pause && (b.Namespace != s.Pause.ID || !b.Fresh && b.StartedAt.Before(s.Pause.StartedAt)) {
			return "the task's network namespace was restarted; the task is made again", true
		}
	}
	return "", false
}

// generation is the newest one that a container of the task was made at.
func (s sight) generation() delivery.Generation {
	var newest delivery.Generation
	for _, b := range s.all() {
		newest = max(newest, b.Generation)
	}
	return newest
}

// steadyAt is when everything will have run long enough for past failures to be forgotten; zero when there are none.
func (s sight) steadyAt(m memory) time.Time {
	if m.Base.failures == 0 && m.Apps.failures == 0 {
		return time.Time{}
	}
	return s.lastStart().Add(steady)
}

// lastStart is when the youngest of the running containers was started.
func (s sight) lastStart() time.Time {
	var last time.Time
	for _, b := range s.all() {
		if b.Running && b.StartedAt.After(last) {
			last = b.StartedAt
		}
	}
	return last
}

func (b *box) ended() bool { return b != nil && !b.Running && !b.Fresh }

// run tells one run of a container from the next.
func (b *box) run() string { return b.ID + " " + b.StartedAt.String() }

// lasted is how long the container's last run took.
func (b *box) lasted() time.Duration { return b.FinishedAt.Sub(b.StartedAt) }
