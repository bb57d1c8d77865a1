// Package pipeline takes a push to a release: Source, Build, Deploy, as a numbered and durable [Run].
//
//	push ──▶ Queued ──▶ Building ──▶ Deploying ──▶ Succeeded
//	            │           │            ├───────▶ RolledBack   the rollout found it bad, or was aborted
//	            │           ├────────────┴───────▶ Failed       the repository or the world is to blame; Reason says
//	            └───────────┴────────────────────▶ Superseded   a newer push took its place; Cancelled: a person did
//
// What must always be true:
//   - Each push starts exactly one run. The source delivers a push until it is told that it is stored, so it may
//     come twice; the run is keyed by the push.
//   - A run is stored before anything is done for it, and each state before the next begins. After a crash a run
//     that was Building builds again from the start (a build leaves nothing behind), and one that was Deploying
//     finds its rollout by its own number, or starts it with what was stored when the build ended.
//   - What was superseded or cancelled is never released: a run is stored as Deploying before its rollout begins,
//     and who comes too late finds it changed.
//   - What is away (Docker, the store, the registry: delivery.Unavailable) is waited for; it fails no run. One whose
//     build waits says so in its Reason, until the build begins.
//   - One run a service is worked on at a time. By the service's setting a newer push replaces (a run that waits or
//     builds is superseded at once; a rollout under way is rolled back when the newer one is built) or queues (the
//     one under way goes on, and of those that wait only the newest is kept).
//   - Nothing a build wrote is believed: deploy.json is checked again against the repository, the commit and the
//     service's own image repository, and the image is resolved to its digest.
package pipeline
