package proxy

import (
	"testing"

	"serin.dev/serin/internal/mesh"
)

func TestEnvoyKeepsTheStatsTheMeshReads(t *testing.T) {
	kept := make(map[string]bool)
	for _, pattern := range statPatterns() {
		kept[pattern.(object)["safe_regex"].(object)["regex"].(string)] = true
	}
	covered := map[string]string{`http\.ingress\.downstream_rq_active`: `http\..+\.downstream_rq_active`}
	for _, wanted := range mesh.StatPatterns() {
		if !kept[wanted] && !kept[covered[wanted]] {
			t.Errorf("the mesh reads %s, which statPatterns leaves out", wanted)
		}
	}
}

func TestSumActive(t *testing.T) {
	const text = `http.admin.downstream_rq_active: 1
http.admin.downstream_cx_active: 1
http.ingress.downstream_rq_active: 2
http.demo/shop.downstream_rq_active: 3
http.ingress.downstream_cx_active: 40
tcp.demo/db.downstream_cx_active: 4
listener.0.0.0.0_15006.downstream_cx_active: 50
`
	if got, err := sumActive(text); got != 9 || err != nil {
		t.Errorf("got %d, %v; want 9", got, err)
	}
	if _, err := sumActive("tcp.db.downstream_cx_active: many\n"); err == nil {
		t.Error("what is no number must fail")
	}
}
