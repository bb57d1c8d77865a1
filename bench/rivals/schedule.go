package rivals

import "time"

// schedule tells when a rival looks next, since the rollout's start.
type schedule struct{ next time.Duration }

// every begins with a look after one interval.
func every(interval time.Duration) schedule { return schedule{interval} }

// due tells whether it is time to look, and if so, that the next look is that much later.
func (s *schedule) due(now, interval time.Duration) bool {
	if now < s.next {
		return false
	}
	s.again(now, interval)
	return true
}

// again sets the next look. Looks that the evidence has no interval for are left out.
func (s *schedule) again(now, interval time.Duration) {
	if s.next += interval; s.next <= now {
		s.next = now + interval
	}
}
