// Package evidence is what users really got: counts of attempts and failures per deployment.
//
//	proxies ── Sample ──▶ Window ──▶ Tally ──▶ Interval ──▶ a judge ──▶ Verdict
//	 (absolute, each second)         (by deployment, since the last look)
//	                                   └────▶ Record, of each stable deployment
//
// Proxies push absolute counters each second ([Sample]). A sample is keyed by who counted (a task and the epoch of
// its proxy), for which deployment, and from which side. [Window] makes differences and sums them, so that a
// repeated, late or missing sample counts nothing twice and loses nothing, and a proxy that starts anew (a new
// epoch, counters from zero) is added to what its predecessor counted.
//
// An [Interval] is what a judge is told at each look, a [Record] how the deployment beside it did before, and a
// [Verdict] what the judge answers.
package evidence
