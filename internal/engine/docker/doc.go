// Package docker runs tasks on one Docker host (Docker ≥ 20.10, API ≥ 1.41).
//
//	Declare ──▶ declared ──assign──▶ worker (one a task): look ─▶ decide ─▶ one step ─▶ look …
//	                                   ▲ events, 30 s resync          │
//	Observe ◀── one look at all ───────┴────── status ◀───────────────┘
//
// A task is built from the ground up, and every layer names the one below it:
//
//	app containers    in order of their dependencies, once the proxy is ready
//	proxy             serin-proxy run; then serin-proxy ready in it
//	capture           serin-proxy capture, once, with NET_ADMIN; stays as an ended container: the mark that it was done
//	pause             owns the network namespace, the hosts file and the host name, on the environment's bridge network
//
// # What must always be true
//
//   - [decide] is a function of what is wanted and what stands. A worker that is killed anywhere leaves nothing but
//     containers whose labels say what they are, and the next one goes on from there. So a restart of the control
//     plane disturbs no task whose spec is the same.
//   - What stands on something that is gone is removed before it is made again: an app never runs beside a namespace
//     without its packet filter. A namespace that was restarted counts as gone, since its filter is.
//   - A proxy is reported as not alive only by a look that saw none while the engine was not about to start one.
//   - A task made at a newer generation than the declared one is another control plane's, and is left alone.
//   - Apps are stopped before their proxy, and the proxy before the namespace. The output of what is removed is kept.
//
// # When things fail
//
// An essential container that ends or fails its health command ends the app: its containers are stopped, their logs
// kept, and all are made anew after 1, 2, 4 … 30 s less up to a fifth; a minute of running forgets the past. A proxy
// that ends is made anew in the same namespace; the first time at once. A namespace that ends or leaves its network
// takes the whole task with it, which is made again at once (after a restart of dockerd, all of them). A step that
// fails is told as the task's reason and tried again with the same back-off. Docker being away is nobody's failure:
// workers wait, Observe fails with Unavailable, Declare is kept.
//
// # Limits
//
// Docker has no limit on a group of containers. Each of the app's is bounded by the lower of its own memory limit
// and its task's, without swap, and may use the task's cpu at most (never more than the host has); its own cpu is its
// share when the host is busy. So containers of one task can together use more than the task's limits; Serin's own
// are not counted. Capabilities are Docker's default set without NET_RAW; pause and proxy have none; nothing gains
// privileges by exec. Privileged containers, host mounts and the host's network cannot be asked for.
//
// # What is nobody's
//
// Declaring an environment lets the engine remove what that environment does not want, and an environment without
// deployments and gateway whole. Environments that are not declared are left alone until [Engine.Known] tells which
// ones exist; what belongs to none of them is removed then.
package docker
