// Package xds serves proxies over one gRPC port: their configuration (delta ADS), their counters (Envoy's metrics
// service) and their agents (serin-proxy: names, checks, health). Proxies dial in; nothing dials them.
//
//	rollout ──Declare──▶ Server ──responses──▶ Envoy
//	        ◀─Observe──         ◀─ACK, NACK───
//	                            ◀─counters──── Envoy        ──▶ Evidence
//	                            ◀─health────── serin-proxy
//	                            ──names, check▶ serin-proxy
//
// What is right to send is decided by package mesh; here is who is connected, what each of them has, and the gRPC.
// Everything is under one mutex, held for microseconds; only OnChange and Evidence are called without it.
//
// # What must always be true
//
//   - An empty answer is an outage: Envoy would delete all it has. So nobody is served before every environment
//     of Options.Environments was declared, and a stream of an unknown environment or task is refused with
//     Unavailable, upon which Envoy keeps what it has and comes again within a second.
//   - A stream is the task's whose token opened it. A missing or wrong token is Unauthenticated; a node that calls itself something
//     else is PermissionDenied.
//   - A generation is acknowledged once every proxy on the roster that may call the service holds exactly what it
//     makes, and the engine looked at the tasks after it was declared. The roster: tasks whose proxy is not
//     confirmed gone, and whoever is connected. Once acknowledged it stays so: a proxy that comes later begins with
//     what is declared now.
//
// # When things fail
//
// A proxy that reconnects says what it has, and gets the difference, in the safe order. One that has two streams,
// because the first is half dead, has acknowledged what both have. A task that is no longer declared but is
// still connected goes on being told of changes, as it may still call others, and is no longer called. An agent
// that falls silent for 15 s makes the task's health unknown in Observe and changes nothing for callers; a
// task is called only after its agent said it is healthy, except that tasks of an environment's first declaration
// are taken for healthy until they report. A refused configuration (NACK) is a defect of Serin's: it is logged, listed in
// Observe and Proxies, and not sent again until something else of its kind changes.
package xds
