package rollout

import (
	"cmp"
	"time"
)

// Timing is how long things may take. A zero field has its default.
type Timing struct {
	DeployTimeout   time.Duration // for a policy that gives none; 10 min
	ListenGrace     time.Duration // how long a new version may listen on strange ports and not on its own before it is rolled back; 10 s
	RouteTimeout    time.Duration // how long a caller's proxy may take until an attempt it makes is counted: a drain is never shorter; 2 s
	DrainDeadline   time.Duration // after which a drain ends with requests in flight; 60 s
	CleanupDeadline time.Duration // after which a removal is called failed, and goes on; 5 min
	ThinWait        time.Duration // the shortest wait for more evidence; 5 s
	Waits           int           // how often a share is waited at for evidence, the first time included; 3
	Stale           time.Duration // after which a proxy that did not report is not trusted; 5 s
	Look            time.Duration // between looks while something is going on; 1 s
	Breath          time.Duration // between two rounds of which the first changed nothing, whatever is seen; 50 ms
	Idle            time.Duration // between looks while nothing is; 30 s
	Observe         time.Duration // for the engine to answer in; 10 s
}

// withDefaults fills the zero fields.
func (t Timing) withDefaults() Timing {
	return Timing{
		DeployTimeout:   cmp.Or(t.DeployTimeout, 10*time.Minute),
		ListenGrace:     cmp.Or(t.ListenGrace, 10*time.Second),
		RouteTimeout:    cmp.Or(t.RouteTimeout, 2*time.Second),
		DrainDeadline:   cmp.Or(t.DrainDeadline, time.Minute),
		CleanupDeadline: cmp.Or(t.CleanupDeadline, 5*time.Minute),
		ThinWait:        cmp.Or(t.ThinWait, 5*time.Second),
		Waits:           cmp.Or(t.Waits, 3),
		Stale:           cmp.Or(t.Stale, 5*time.Second),
		Look:            cmp.Or(t.Look, time.Second),
		Breath:          cmp.Or(t.Breath, 50*time.Millisecond),
		Idle:            cmp.Or(t.Idle, 30*time.Second),
		Observe:         cmp.Or(t.Observe, 10*time.Second),
	}
}
