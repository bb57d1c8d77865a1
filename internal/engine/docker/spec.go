package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"serin.dev/serin/internal/workload"
)

// specVersion changes when the engine makes different containers of the same workload in a way that running tasks
// must be remade for.
const specVersion = 1

// specOf is the same for two tasks exactly if the one can stand for the other. What proxies are told by the mesh
// (replicas, backends, the check, exposure) is not in it, and neither is the proxy's image: a newer one is used when
// a proxy is made next.
func (e *Engine) specOf(w workload.Workload, g *workload.Gateway) string {
	w.Replicas, w.Backends, w.BackendsDeclared, w.Check, w.Exposed = 0, nil, false, workload.HealthCheck{}, false
	text, err := json.Marshal(struct {
		Version    int
		Workload   workload.Workload
		Gateway    *workload.Gateway
		ControlDir string
	}{specVersion, w, g, e.opts.ControlDir})
	if err != nil {
		panic(err) // plain values: it cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
