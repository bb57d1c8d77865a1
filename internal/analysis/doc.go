// Package analysis judges a new version: evidence in, verdict out. It does no I/O and asks no clock.
//
//	evidence.Interval ─▶ Panel ─┬─ health          checks inside its tasks fail              ─▶ Failing
//	 (one a second)             ├─ budget          it has cost more than it may              ─▶ Failing
//	                            ├─ threshold       more failures than deploy.json allows     ─▶ Failing
//	                            ├─ sequential      it fails more often than stable does  ┐
//	                            ├─ latency         it is slow more often than stable is  ┴ E ≥ 1/α ─▶ Failing
//	                            ├─ shared fate     both do badly alike                       ─▶ SharedFate
//	                            ├─ absence         it does not get what its share is         ─▶ NotEnough
//	                            └─ noninferiority  is it surely not much worse?              ─▶ NotEnough, or Healthy
//
// A [Panel] judges one rollout. It is told each interval once, in order, and keeps what it needs in a size that does
// not grow with the rollout's age; told the same intervals again, it finds the same again, which is how a restart
// goes on. docs/judgement.md explains the statistics; each judge's file gives its formula and where that is from.
//
// # What must always be true
//
//   - Silence is not health: a verdict is Healthy on attempts that succeeded, or, where there is nobody to attempt
//     anything, on checks inside the tasks that passed throughout.
//   - A version that fails as often as the stable one beside it, and is as slow, is rolled back by comparison with
//     a chance of at most α, the policy's false-alarm rate, however often and however long one looks.
//   - Every verdict says its numbers in a sentence, since somebody will want to know why.
//
// # One α for all comparisons
//
// The comparisons' e-values are averaged with fixed weights, not tested one by one: an average of e-processes is one
// under any dependence between them (Vovk and Wang, Ann. Statist. 49, 2021), so that the whole panel has the one
// false-alarm rate α, and evidence of two kinds adds up. The rules that people write (threshold, health, budget) say
// what they say and have no part in α.
package analysis
