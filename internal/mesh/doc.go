// Package mesh makes of the desired topology of an environment what each proxy is to hold, and says in which order
// a proxy may be given it. It has no I/O and no clock; package xds carries what is decided here.
//
//	topology.Environment ──Builder──▶ Config (per proxy) ──Next──▶ Push ──xds──▶ Envoy
//	                                                        ▲                     │ ACK, NACK
//	                                                        └──────── Held ◀──────┘
//
// # What a proxy holds
//
//	listener egress    a filter chain per service the task may call, by virtual IP and port
//	listener ingress   what other proxies ask of the task's app
//	listener gateway   what an environment's users ask, instead of both in a gateway
//	route    <env>/<service>                  HTTP: weights, retries, what answers when nobody serves
//	route    <env>/gateway                    the same for all exposed services, by host and path
//	cluster  <env>/<service>/<n>              HTTP: a deployment, first attempts
//	cluster  <env>/<service>/<n>/fallback     HTTP: the same tasks, attempts that failed before
//	cluster  <env>/<service>                  TCP: a service, with a locality per deployment
//	cluster  app                              the task's own app
//
// A listener, a filter chain and a cluster never change while their service keeps its port and protocol: Envoy
// would close connections or warm them anew. Weights vary in routes (HTTP) and endpoints (TCP).
//
// # What must always be true
//
//   - No request meets a route whose cluster or endpoints are not there: see [Next].
//   - The weights of a route sum to 10,000, and a deployment at 0 is left out.
//   - A deployment in a route always has an endpoint, be it one where nobody listens: Envoy's refused connection
//     is retried on the fallback, its own "no healthy upstream" is not.
//   - A call has one proxy that retries it: the caller's, or the gateway for users. The called task's proxy never
//     does. A call that a task makes while it serves another is a call of its own.
//   - Equal topologies make equal resources with equal versions, in every process: a control plane that restarts
//     disturbs nothing. A newer one serves a proxy what it was made for ([Template]), as long as that runs.
//
// # Timeouts
//
// A request may last as long as it makes progress: there is no limit on the whole, nor on one attempt. It ends after a minute
// without a byte in either direction; upgraded connections, gRPC, HTTP/2 and TCP after an hour. A connection is
// given a second to be made.
package mesh
