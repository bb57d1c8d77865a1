package mesh

import "serin.dev/serin/internal/delivery"

// Held is what one proxy has, as far as it told: it begins with what a proxy that reconnects says it holds, and
// changes with what is sent to it and how it answers.
type Held struct {
	resources [kinds]map[string]*holding
}

// holding is one resource at a proxy.
type holding struct {
	acked   string // the version it has; "" before it acknowledged any
	sent    string // the version sent last; "" is a removal
	flying  int    // sent, not answered
	refused bool   // its last answer was no
}

// NewHeld is a proxy that has nothing.
func NewHeld() *Held {
	h := &Held{}
	for k := range h.resources {
		h.resources[k] = map[string]*holding{}
	}
	return h
}

// Has notes a resource the proxy says it has.
func (h *Held) Has(k Kind, name, version string) {
	h.resources[k][name] = &holding{acked: version, sent: version}
}

// Forgets notes that the proxy no longer cares for a resource.
func (h *Held) Forgets(k Kind, name string) { delete(h.resources[k], name) }

// Sent gives the version of a resource that was last sent to the proxy, "" when there is none.
func (h *Held) Sent(k Kind, name string) string {
	if r := h.resources[k][name]; r != nil {
		return r.sent
	}
	return ""
}

// Refused tells whether the proxy's last word on a resource was no.
func (h *Held) Refused(k Kind, name string) bool {
	r := h.resources[k][name]
	return r != nil && r.refused
}

// Names are the resources of a kind the proxy has or is being sent.
func (h *Held) Names(k Kind) []string {
	names := make([]string, 0, len(h.resources[k]))
	for name := range h.resources[k] {
		names = append(names, name)
	}
	return names
}

// Acknowledged counts the resources the proxy has.
func (h *Held) Acknowledged() int {
	n := 0
	for _, k := range Kinds() {
		for _, r := range h.resources[k] {
			if r.acked != "" {
				n++
			}
		}
	}
	return n
}

// Settled tells whether the proxy has all of its configuration and nothing besides. Routes of a listener that is
// being drained do not count.
func (h *Held) Settled(want Config) bool {
	for _, k := range Kinds() {
		if !h.hasAll(k, want.Resources[k]) || k != Routes && len(h.resources[k]) != len(want.Resources[k]) {
			return false
		}
	}
	return true
}

// SettledFor tells whether the proxy has all that calls to one service need, and nothing of that service besides.
func (h *Held) SettledFor(want Config, s delivery.ServiceID) bool {
	for _, k := range Kinds() {
		for name, r := range want.Resources[k] {
			if concerns(k, name, s) && !h.has(k, r) {
				return false
			}
		}
		for name := range h.resources[k] {
			if _, wanted := want.Resources[k][name]; !wanted && k != Routes && concerns(k, name, s) {
				return false
			}
		}
	}
	return true
}

// concerns tells whether calls to a service depend on a resource: its own, and those all services share.
func concerns(k Kind, name string, s delivery.ServiceID) bool {
	return k == Listeners && name != IngressListener || name == GatewayRoutes(s.Environment) || belongsTo(name, s)
}

// has tells whether the proxy has this version and nothing else is on its way.
func (h *Held) has(k Kind, r Resource) bool {
	x := h.resources[k][r.Name]
	return x != nil && x.acked == r.Version && x.flying == 0
}

func (h *Held) hasAll(k Kind, want map[string]Resource) bool {
	for _, r := range want {
		if !h.has(k, r) {
			return false
		}
	}
	return true
}

// extra are the names of what the proxy has beyond what it is to have.
func (h *Held) extra(k Kind, want Config) []string {
	var names []string
	for name := range h.resources[k] {
		if _, wanted := want.Resources[k][name]; !wanted {
			names = append(names, name)
		}
	}
	return names
}

func (h *Held) knows(k Kind, name string) bool { return h.resources[k][name] != nil }
