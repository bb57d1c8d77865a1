package delivery

import "strings"

// Revision is what is to run. Two revisions are the same only if every part is.
type Revision struct {
	Commit string `json:"commit,omitempty"` // git object name in full; empty for an image deployed by hand
	// Image is the app's image by digest, "<registry>/<repository>@sha256:<hex>"; one that was made on the engine's
	// machine and is in no registry is "sha256:<hex>".
	Image    string `json:"image"`
	Template string `json:"template,omitempty"` // "sha256:<hex>" of canary-helper.yaml's bytes
	Config   string `json:"config"`             // "sha256:<hex>" of everything else that shapes the workload
}

// Short is a name for people: the commit's first 8 characters, or the image digest's first 12.
func (r Revision) Short() string {
	if r.Commit != "" {
		return r.Commit[:min(8, len(r.Commit))]
	}
	_, hex, _ := strings.Cut(r.Image, "sha256:")
	return hex[:min(12, len(hex))]
}
