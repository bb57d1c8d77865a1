package lab

import "serin.dev/serin/internal/evidence"

// stream draws the first attempts at one version, second by second. A Poisson stream of requests that is split at
// random, by version, by success and by answer time, is as many independent Poisson streams, so that is what it
// draws.
type stream struct {
	clusters  poisson
	succeeded poisson
	buckets   [evidence.Buckets]poisson
}

// second sets the attempts of one second, mean of them in the mean, and those that failed. Failures come in clusters
// of dispersion phi ≥ 1: their number has phi times the variance of independent ones, and the same mean.
func (s *stream) second(r *random, mean float64, v Version, phi float64, counts *evidence.Counts) {
	size := (phi + 1) / 2 // of geometric clusters with E[K²]/E[K] = phi
	s.clusters.set(mean * v.Errors / size)
	failed := r.clustered(s.clusters.draw(r), size)

	counts.Attempts = s.successes(r, mean*(1-v.Errors), v.Answers, counts) + failed
	counts.Errors5xx = failed
	if v.Answers != nil {
		for range failed {
			counts.Latency[v.Answers.draw(r)]++
		}
	}
}

// successes counts them and, where somebody measures, sets their answer times.
func (s *stream) successes(r *random, mean float64, a *Answers, counts *evidence.Counts) (n uint64) {
	if a == nil {
		s.succeeded.set(mean)
		return s.succeeded.draw(r)
	}
	for i, share := range a {
		s.buckets[i].set(mean * share)
		counts.Latency[i] = s.buckets[i].draw(r)
		n += counts.Latency[i]
	}
	return n
}
