// Package workload says what a deployment runs and how to see that it runs ([Workload]), what an environment is to
// run as a whole ([Environment]) and what an engine saw of it ([Observed]).
//
//	spec ──Workload──▶ rollout ──Environment──▶ engine ──Observed──▶ rollout
//
// A task is one network namespace: a pause container that owns it, serin-proxy beside Envoy, and the app's
// containers. It is a leaf: engines take these values, spec makes them, and neither knows the other.
package workload
