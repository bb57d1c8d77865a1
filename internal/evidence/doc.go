// Package evidence is what users really got: counts of attempts and failures per deployment.
//
// Proxies push absolute counters each second ([Sample]). A sample is keyed by who counted (a task and the epoch of
// its proxy), for which deployment, and from which side. [Window] makes differences and sums them, so that a
// repeated, late or missing sample counts nothing twice and loses nothing, and a proxy that starts anew (a new
// epoch, counters from zero) is added to what its predecessor counted.
package evidence
