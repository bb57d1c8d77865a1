package mesh

import (
	"fmt"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

func TestReadCountsEachAttemptInOneWay(t *testing.T) {
	front := delivery.TaskID{Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "demo", Name: "front"}, Number: 1}}
	shop := func(n int) delivery.DeploymentID {
		return delivery.DeploymentID{Service: delivery.ServiceID{Environment: "demo", Name: "shop"}, Number: n}
	}
	got := Read(front, map[string]uint64{
		"serin.attempts.cluster.demo/shop/1.code.200.flags.-.took.57.digits.2":          4,
		"serin.attempts.cluster.demo/shop/1.code.200.flags.-.took.10.digits.4":          5, // 1.0 ms and more
		"serin.attempts.cluster.demo/shop/1.code.404.flags.-.took.10.digits.4":          1,
		"serin.attempts.cluster.demo/shop/1/fallback.code.200.flags.-.took.10.digits.4": 2,
		"serin.attempts.cluster.demo/shop/1/fallback.code.502.flags.-.took.10.digits.4": 3,
		"serin.attempts.cluster.demo/shop/1/fallback.code.0.flags.-.took.-.digits.-":    1, // given up, see below
		"serin.attempts.cluster.demo/shop/1.code.0.flags.-.took.-.digits.-":             1, // the caller gave up
		"serin.attempts.cluster.demo/shop/2.code.500.flags.-.took.10.digits.4":          3, // no answer in 1 ms, a failure
		"serin.attempts.cluster.demo/shop/2.code.0.flags.UF":                            4,
		"serin.attempts.cluster.demo/shop/2.code.0.flags.UC":                            5,
		"serin.attempts.cluster.demo/shop/2.code.200.flags.UPE":                         6,
		"serin.attempts.cluster.demo/shop/2.code.0.flags.UF,URX":                        1,
		"serin.attempts.cluster.demo/shop/2.code.200.flags.-.grpc.14":                   7,
		"serin.attempts.cluster.demo/shop/2.code.200.flags.-.grpc.5":                    8,
		"serin.attempts.cluster.demo/shop/2.code.404.flags.-":                           9,
		"serin.timeouts.cluster.demo/shop/2":                                            1,
		"serin.timeouts.cluster.demo/shop/1/fallback":                                   1,
		"serin.connections.deployment.demo/shop/3.event.TcpUpstreamConnected.flags.-":   5,
		"serin.connections.deployment.demo/shop/3.event.TcpConnectionEnd.flags.-":       2,
		"serin.connections.deployment.demo/shop/3.event.TcpConnectionEnd.flags.UF,URX":  1,
		"serin.connections.deployment.-.event.TcpConnectionEnd.flags.NR":                1,
		"serin.ingress.cluster.app.code.200.flags.-":                                    20,
		"serin.ingress.cluster.app.code.503.flags.-":                                    1,
		"cluster.demo/shop/1.upstream_rq_active":                                        3,
		"cluster.demo/shop/1/fallback.upstream_rq_active":                               1,
		"http.ingress.downstream_rq_active":                                             2,
		"cluster.app.upstream_cx_active":                                                9,
		"cluster.serin.upstream_rq_active":                                              2,
		"server.live":                                                                   1,
	})
	want := map[Counted]Reading{
		{shop(1), evidence.Caller}: {evidence.Counts{
			Attempts: 17, Errors5xx: 3, Timeouts: 1, FallbackServed: 6, FallbackFailed: 4,
			Latency: evidence.Latency{0: 4, 6: 6},
		}, 4},
		{shop(2), evidence.Caller}:           {evidence.Counts{Attempts: 43, Errors5xx: 3, ErrorsGRPC: 7, ConnectFailed: 5, Resets: 11, Timeouts: 1}, 0},
		{shop(3), evidence.Caller}:           {evidence.Counts{Attempts: 6, ConnectFailed: 1}, 3},
		{front.Deployment, evidence.Ingress}: {evidence.Counts{Attempts: 21, Errors5xx: 1}, 2},
	}
	for about, w := range want {
		if g := got[about]; g == nil || *g != w {
			t.Errorf("%v: %+v, want %+v", about, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d readings, want %d", len(got), len(want))
	}
}

func FuzzRead(f *testing.F) {
	f.Add("serin.attempts.cluster.demo/shop/1.code.200.flags.-")
	f.Add("serin.attempts.cluster.demo/shop/1.code.200.flags.-.took.63.digits.9")
	f.Add("cluster.demo/shop/1.upstream_rq_active")
	f.Fuzz(func(t *testing.T, name string) {
		for about, r := range Read(delivery.GatewayTask("demo"), map[string]uint64{name: 1}) {
			if r.Failed() > r.Attempts && r.Timeouts == 0 {
				t.Errorf("%q: %v of %v attempts failed", name, r.Counts, about)
			}
		}
	})
}

// BenchmarkRead reads the report of a proxy that calls 20 services, each answering in 25 ways and times.
func BenchmarkRead(b *testing.B) {
	stats := map[string]uint64{}
	for service := range 20 {
		cluster := fmt.Sprintf("demo/service%d/1", service)
		stats["cluster."+cluster+".upstream_rq_active"] = 1
		for i := range 25 {
			stats[fmt.Sprintf("serin.attempts.cluster.%s.code.%d.flags.-.took.%d.digits.%d", cluster, 200+i/10, 10+i%10, 3+i%5)] = 7
		}
	}
	front := delivery.TaskID{Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "demo", Name: "front"}, Number: 1}}
	for b.Loop() {
		Read(front, stats)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(stats)), "ns/stat")
}
