// Package lab judges the judges: it plays simulated canary releases, whose right answer is known, before Serin's judge
// and before other tools' rules, and measures how soon bad versions go back, what they cost until then, and how many
// good ones go back with them. It imports no rival: bench/rivals, a module of its own, has them and the command.
//
//	Scenario × Cell ──▶ simulation ──▶ evidence.Interval, one a second ──▶ Judge of each Contestant ──▶ outcome
//	(what happens; weight,   (seeded by scenario, cell and run)                                           │ of each run
//	 rate, clustering)                                                                                    ▼
//	                                       Report: JSON, Markdown, SVG ◀── Row (percentiles, shares) ◀── measure
//
// [Run] plays, [Main] is the command, [Scenarios] are what it plays, [Replay] plays recorded evidence instead.
//
// # A run
//
// A rollout at one weight. First an hour is drawn in which stable has everything, and summed up in the
// evidence.Record that judges get with the trial. Then the canary has its weight, and each second becomes an interval.
// At the end of the bake each judge that has not rolled back is asked whether to promote; those that say "not yet"
// bake again, up to the scenario's limit. "Late failure" alone has two weights: 10 %, then 100 %.
//
// All contestants see the same runs, so their differences are not chance. A run's numbers depend on nothing but the
// seed, the scenario, the cell and the run's number: neither workers nor other contestants change a report.
//
// # The model
//
//   - Requests are a Poisson stream of rate r(t), split at random by weight. So the two versions' are independent
//     Poisson streams, and so are those that succeed and those that fail; that is how they are drawn.
//   - Failures at dispersion phi come in clusters: a client that retries at once. A cluster's size K is geometric with
//     mean m = (phi+1)/2, so that E[K²]/E[K] = phi; clusters come at rate (failures wanted)/m, which keeps the error
//     rate; each falls within one second and on one version, with the chance of that version's share. Its requests
//     are among the attempts counted. At phi 1 each failure stands alone.
//   - Bursts are clients that hammer for seconds on what fails, each by itself or all its attempts on one version.
//     Over its whole length a burst is a cluster of about ten: a phi of about 20, above what the A/A cells have.
//   - Answers take lognormal times of median 20 ms and sigma 0.6 (or 0.2), and one in a hundred ten times as long. The counts
//     of the buckets of evidence.Latency are drawn, not single times; and only in the scenarios that need them.
//   - What the canary fails is tried again on stable, which fails it at its own rate of the moment; a burst's requests
//     fail there, too. These retries are in stable's counts, as evidence.Counts says. So each run tells both users
//     hurt without retries (all that the canary failed) and with them.
//   - The callers' proxies and the deployments' own see the same. The canary's one task passes its check, unless the
//     scenario says otherwise.
//
// A judge is shown every second. Where the service has less than one request in two seconds, seconds without any are
// put together, up to the next multiple of ten since the start.
//
// # What it measures
//
// See [Row]. Time runs from the moment the failure begins, which in most scenarios is the canary's first request, in
// whole seconds; what a proxy, a network or an orchestrator takes to act comes on top, for every judge alike. What
// failed until then is counted over all runs, those without a rollback included, so a judge that finds little does not
// look cheap. [Report.Faster] lists where a rival is faster, but only such rivals as do not also roll back more than
// 5 % of the versions that do as stable does.
//
// # What it does not know
//
// Real failures have more causes than these, and real latencies are no lognormal. Versions are one stream each: no
// tasks that differ, no warm-up, no caches, no routes (a broken one is a share of failures), no clients that give up.
// Proxies report on time. A canary's load does not change how it does. Rivals that read a metrics store get each
// second's counts exactly, when it is over, where scraping would cost them some seconds more unless they model that.
package lab
