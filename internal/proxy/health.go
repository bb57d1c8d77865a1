package proxy

import (
	"time"

	"serin.dev/serin/internal/mesh/agentpb"
)

// health is what is known of the app.
type health struct {
	state  agentpb.Health_State
	detail string // the last check's outcome
	since  time.Time
	passes int // in a row, up to now
	fails  int

	listensOn []int // at the last check: the ports, ascending
}

// after gives the health that a check's outcome at now leads to. Thresholds are the check's.
func (h health) after(c check, passed bool, detail string, now time.Time) health {
	h.detail = detail
	if passed {
		h.passes, h.fails = h.passes+1, 0
	} else {
		h.passes, h.fails = 0, h.fails+1
	}
	switch {
	case h.passes >= c.healthy:
		return h.enter(agentpb.Health_HEALTHY, now)
	case h.fails >= c.unhealthy:
		return h.enter(agentpb.Health_UNHEALTHY, now)
	default:
		return h
	}
}

func (h health) enter(s agentpb.Health_State, now time.Time) health {
	if h.state != s {
		h.state, h.since = s, now
	}
	return h
}

// asked gives the health when another check begins: the state holds until the new check says otherwise, since an
// app that serves is not to lose its traffic because it is asked in another way.
func (h health) asked() health {
	h.passes, h.fails = 0, 0
	return h
}

func (h health) message() *agentpb.Health {
	m := &agentpb.Health{State: h.state, Detail: h.detail, SinceUnixNano: h.since.UnixNano()}
	for _, port := range h.listensOn {
		m.ListensOn = append(m.ListensOn, uint32(port))
	}
	return m
}

func (h health) serves() bool { return h.state == agentpb.Health_HEALTHY }
