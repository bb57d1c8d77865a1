package rollout

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// Phase is where a rollout stands.
type Phase string

// The phases, in order, and the ends.
const (
	Pending                Phase = "Pending" // another rollout of the service is active
	CheckDeploymentVersion Phase = "CheckDeploymentVersion"
	DeployNewVersion       Phase = "DeployNewVersion"
	ShiftTraffic           Phase = "ShiftTraffic"
	Wait                   Phase = "Wait"
	GatherHealth           Phase = "GatherHealth"
	PromoteVersion         Phase = "PromoteVersion"
	RemoveOldVersion       Phase = "RemoveOldVersion"
	RollBack               Phase = "RollBack"

	Succeeded     Phase = "Succeeded"
	CleanupFailed Phase = "CleanupFailed" // the new version is stable; removing the old one is still tried
	RolledBack    Phase = "RolledBack"
	Aborted       Phase = "Aborted"
	Superseded    Phase = "Superseded"
)

// Ended tells whether the rollout is over.
func (p Phase) Ended() bool {
	switch p {
	case Succeeded, CleanupFailed, RolledBack, Aborted, Superseded:
		return true
	}
	return false
}

// Active tells whether the rollout acts: of each service at most one does.
func (p Phase) Active() bool { return p != Pending && !p.Ended() }

// Serving tells whether the new version has a share of the traffic and is under judgement.
func (p Phase) Serving() bool { return p == ShiftTraffic || p == Wait || p == GatherHealth }

// Abortable tells whether the rollout is before its commit point.
func (p Phase) Abortable() bool {
	return p == Pending || p == CheckDeploymentVersion || p == DeployNewVersion || p.Serving()
}

// Hold keeps a rollout from giving the new version more.
type Hold string

const (
	NoHold       Hold = ""
	Paused       Hold = "paused"   // an operator paused it
	TooLittle    Hold = "evidence" // there is too little evidence to judge by: it asks; resume waits anew, promote goes on without
	Approval     Hold = "approval" // somebody has to approve
	Freeze       Hold = "freeze"   // nothing is released at this time
	BackendRolls Hold = "backend"  // a service it calls is rolling out
)

// Intent is what an operator or a newer push wants of a running rollout. A later one does not undo an earlier abort.
type Intent string

const (
	NoIntent Intent = ""
	Promote  Intent = "promote" // skip the remaining steps and waits
	Abort    Intent = "abort"   // roll back; ends Aborted
	Replace  Intent = "replace" // roll back for a newer deployment; ends Superseded
)

// Rollout is the durable process that makes a deployment stable or removes it.
type Rollout struct {
	ID         delivery.RolloutID    `json:"id"`
	Deployment delivery.DeploymentID `json:"deployment"`
	Previous   int                   `json:"previous"` // the stable deployment's number when it began; 0: it is the first
	Phase      Phase                 `json:"phase"`
	Hold       Hold                  `json:"hold,omitempty"`
	Intent     Intent                `json:"intent,omitempty"`
	Percent    int                   `json:"percent"`    // the new version's share of the traffic, as declared
	Generation delivery.Generation   `json:"generation"` // of the service's route as this rollout last saw it declared

	Created  time.Time `json:"created"`
	Since    time.Time `json:"since"`             // when Phase was entered
	Deadline time.Time `json:"deadline,omitzero"` // of Phase
	WakeAt   time.Time `json:"wake_at,omitzero"`  // when to look again though nothing happened
	Weighted time.Time `json:"weighted,omitzero"` // when the new version was first given weight
	Shifted  time.Time `json:"shifted,omitzero"`  // when every proxy had acknowledged the present share
	Waited   time.Time `json:"waited,omitzero"`   // when the present wait began
	Waits    int       `json:"waits,omitempty"`   // how often it waited at the present share

	// Reason says why it rolls back, is held, or ended as it did: a sentence.
	Reason string `json:"reason,omitempty"`
	// Stuck is set when a phase that has no way out but forward passed its deadline: a sentence on what is missing.
	Stuck string `json:"stuck,omitempty"`
	// Events is how many rows its history has.
	Events int `json:"events"`
	// Version is for compare-and-set: 0 is not stored yet.
	Version int `json:"version"`
}

// Check fails with Internal for a rollout that cannot exist. Stores refuse to write one.
func (r Rollout) Check() error {
	bad := func(what string) error {
		return delivery.Errorf(delivery.Internal, "rollout %d of %s cannot be %s: %s", r.ID, r.Deployment, r.Phase, what)
	}
	switch {
	case r.ID < 1 || r.Deployment.Number < 1:
		return bad("it has no number")
	case r.Previous >= r.Deployment.Number:
		return bad("the previous deployment is not older")
	case r.Percent < 0 || r.Percent > 100:
		return bad("its share is not between 0 and 100 %")
	case r.Phase.Serving() && (r.Percent == 0 || r.Weighted.IsZero()):
		return bad("it has no share of the traffic")
	case r.Phase == PromoteVersion && r.Percent != 100:
		return bad("it was promoted below 100 %")
	case (r.Phase == RollBack || r.Phase == DeployNewVersion || r.Phase == Pending) && r.Percent != 0:
		return bad("it has a share of the traffic")
	case (r.Phase == Wait || r.Phase == GatherHealth) && r.Shifted.IsZero():
		return bad("no proxy acknowledged its share")
	case r.Phase.Ended() && (r.Hold != NoHold || !r.WakeAt.IsZero()):
		return bad("it is held or wants to be woken")
	case r.Phase == RolledBack && r.Reason == "":
		return bad("it does not say why")
	case r.Phase == Aborted && r.Intent != Abort, r.Phase == Superseded && r.Intent != Replace:
		return bad("nobody wanted it")
	}
	return nil
}

// Event is one row of a rollout's history: a phase that was left, a command, or something that went wrong in a phase.
type Event struct {
	Rollout delivery.RolloutID `json:"rollout"`
	Seq     int                `json:"seq"` // from 1
	At      time.Time          `json:"at"`
	Since   time.Time          `json:"since"` // when the phase was entered; At for a command
	Phase   Phase              `json:"phase"`
	Input   any                `json:"input,omitempty"`  // what came in; json.RawMessage when read from a store
	Output  any                `json:"output,omitempty"` // what came out
	Error   string             `json:"error,omitempty"`  // a sentence
	Attempt int                `json:"attempt"`          // from 1
}
