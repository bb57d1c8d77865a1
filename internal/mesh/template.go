package mesh

import "strconv"

// Template is the version of what a proxy was made for, as its node's metadata tell. As long as it runs it is served
// what that version was served: a listener that changes with a newer control plane would cut its connections.
type Template int

const (
	countsOutcomes Template = 1 // attempts are counted by how they ended
	countsLatency  Template = 2 // and by how long the answer took

	// Newest is that of the proxies that belong to this control plane.
	Newest = countsLatency
)

// ParseTemplate reads what a proxy says. Who says nothing that is known is of the first version; who is of a later
// one than this control plane knows gets the newest that it does.
func ParseTemplate(s string) Template {
	n, _ := strconv.Atoi(s)
	return min(max(Template(n), countsOutcomes), Newest)
}
