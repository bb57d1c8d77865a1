// Package rollout turns a deployment into its service's stable one, or removes it, without a user noticing.
//
// # The loop
//
// Everything that acts on the world is declarative. For each environment one loop runs for ever:
//
//	          ┌──────────────── commit (compare-and-set) ◀───────────────┐
//	          ▼                                                          │
//	store: State ──declare──▶ Engine, Mesh ──observe──▶ seen ──step──▶ Change
//	                                                     ▲
//	                        Recorder ── evidence ── Judge┘
//
// It loads the [State] of the environment, declares all of it to the engine and the mesh, looks at what they see,
// and lets step (pure: state, observation and now) say what changes. The change is stored in one transaction, which
// fails with delivery.Conflict when anybody else changed something meanwhile; then the loop starts again. It never
// waits for the world: a loop that changed nothing sleeps until the earliest WakeAt, a [Reconciler.Kick], or a slow
// look around. The same loop keeps stable deployments and gateways alive.
//
// # The rollout
//
// A [Rollout] is a [Phase], a [Hold] laid over it and an [Intent]:
//
//	Pending ▶ CheckDeploymentVersion ▶ DeployNewVersion ▶ ShiftTraffic ▶ Wait ▶ GatherHealth ▶ PromoteVersion ▶ RemoveOldVersion ▶ Succeeded
//	                                          │               ▲  └───────┬───────┘ │  │              │                └─▶ CleanupFailed
//	                                          │               └──────────│─────────┘  │              └─ first ─▶ Succeeded
//	                                          └───────────────▶ RollBack ◀────────────┘
//	                                                              └─▶ RolledBack | Aborted | Superseded, by intent
//
// DeployNewVersion has a deadline. A new version that listens on a port the stable one does not use, and not on its
// own, is not waited for so long: it goes back after ListenGrace, unless it is held.
//
// A hold keeps the new version from being given more: it stops the next shift and the promotion, never a shift that
// was declared, the judgement or the way back. PromoteVersion is the commit point: from there an abort is refused.
//
// # How a deployment leaves
//
// A [Deployment] has a [Stage] of its own, so that leaving is the same whether a rollout succeeded, failed or its
// service is deleted, and goes on after the rollout gave up waiting for it:
//
//	Planned ▶ Live ▶ Unrouting ▶ Draining ▶ Forgetting ▶ Removing ▶ Removed
//
// Unrouting waits until every proxy has acknowledged a route without weight for it; Draining until nothing is in
// flight and one route timeout has passed, or the drain deadline; Forgetting until every proxy has acknowledged a
// route that does not know it; Removing until the engine has seen that none of its tasks is left.
//
// # What must always be true
//
//   - A service's weights sum to 100 % or are empty; they name only deployments whose tasks are declared.
//   - No task is removed before every proxy has acknowledged a route without its deployment and it has drained.
//   - A deployment becomes stable on a passing verdict at 100 %, or because an operator said so; never on a failing one.
//   - One rollout of a service is active, at most one more is pending.
//   - An engine or a mesh that does not answer stops progress; it never makes any.
//
// # When things fail
//
// A process that dies loses nothing: what is to be is in the store before anybody is told, declaring again changes
// nothing, and a declaration carries its environment's generation, so that a control plane that was frozen and
// thawed is refused as delivery.Stale. The addresses last seen are stored too: proxies that reconnect to a control
// plane whose engine is away still get every endpoint. After a restart counters are trusted only once the proxies
// they come from have reported anew.
package rollout
