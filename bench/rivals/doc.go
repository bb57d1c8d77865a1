// Package rivals is what Serin is compared with: the decision rules of other canary tools, as contestants of the lab.
//
//	lab ── evidence.Interval, each second ──▶ scrapes ── at its own times ──▶ a rule ──▶ GoOn, RollBack
//	                                          (the rival's Prometheus)        (a file each)
//
// Where a tool's decision code can be imported it is run; the rest is re-stated from its documentation and source, at
// the version that each file names, and tested against their worked examples. README.md is the list.
//
// # What must always be true
//
//   - A rule sees what its tool would be told, and decides when its tool would: at its intervals, over its windows.
//   - What a tool leaves open is chosen in its favour, and said: its metrics are exact and never late ([scrapes]), what
//     all callers saw counts, retries of another version's failures do not, and stable is as good as a baseline made
//     for the purpose.
//   - What a tool does not look at it is not judged by: not answer times where nobody measures them, and nothing
//     once the new version has all the traffic, where the tool has ended by then ([partial]).
package rivals
