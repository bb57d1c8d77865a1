// Package proxy is what serin-proxy does inside a task. A task is one network namespace, and serin-proxy stands in
// it three times:
//
//	serin-proxy pause      owns the namespace; ends only when it is told to
//	serin-proxy capture    once, with NET_ADMIN: programs the namespace's packet filter, then exits
//	serin-proxy run        beside the app, for as long as the task lives:
//
//	   control plane ──── delta ADS ────▶ Envoy ◀── 127.0.0.1:15001 ◀── redirect ◀── app's calls to 240.240.0.0/16
//	        ▲  │    ◀──── metrics ──────    │  ◀── 0.0.0.0:15006 ◀── other tasks' proxies, gateways
//	        │  │                            ▼
//	 Report │  │ Instruction               app ◀── health check ──┐
//	        │  └──────────────────────────────────────────────▶ agent ── names ──▶ /etc/hosts
//	        └─────────────────────────────────────────────────────┘
//
//	serin-proxy ready      exits 0 when run has names, and Envoy its listeners
//
// # What must always be true
//
//   - Without the capture a virtual service is unreachable, not unprotected: virtual IPs exist nowhere else.
//     With it, nothing from outside the task reaches the app but through Envoy's mesh port, over IPv4 or IPv6.
//   - The hosts file is never seen empty or cut short, keeps its inode (every container of the task has it mounted)
//     and every line that is not Serin's.
//   - The task's token is in the environment of run and in a file of mode 0600 in a directory of mode 0700: not in
//     arguments, not in logs, not in Envoy's environment. Envoy's admin interface is a socket in the same directory,
//     since a port on loopback would be open to the app.
//   - What the app listens on is read, never tried: a port that is not the app's own is not called.
//   - Envoy's listeners and everything else that changes come from the control plane: the bootstrap is constant for
//     a template version, which the node's metadata tells.
//
// # When things fail
//
// The control plane is away: traffic, names and checks go on as last told; agent and Envoy try again every 0.1 to 1 s,
// for ever. Envoy ends unasked: run ends with Envoy's status, so that the engine makes the task's proxy again.
// SIGTERM: Envoy tells its peers to take their connections elsewhere and goes on serving until nothing is in flight
// or SERIN_DRAIN_SECONDS are over, then run ends with status 0.
//
// # Environment of run
//
//	SERIN_TASK           <environment>/<service>/<number>/<replica>
//	SERIN_TOKEN          the task's bearer token
//	SERIN_CONTROL        unix:///run/serin/mesh.sock, or host:port
//	SERIN_ENVOY          Envoy's binary; default /usr/local/bin/envoy
//	SERIN_CONCURRENCY    Envoy's worker threads; default: the CPUs, at most 2
//	SERIN_DRAIN_SECONDS  default 5
//	SERIN_HOSTS          default /etc/hosts
//	SERIN_STATE          private directory of run and ready; default /run/serin-proxy
package proxy
