package xds

import (
	"strconv"

	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/service/metrics/v3"
	clientmodel "github.com/prometheus/client_model/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/mesh"
)

// metrics takes the counters that Envoys push each second. They are absolute: a report that is lost costs nothing.
type metrics struct {
	metricsv3.UnimplementedMetricsServiceServer
	server *Server
}

func (m *metrics) StreamMetrics(stream metricsv3.MetricsService_StreamMetricsServer) error {
	s := m.server
	task, err := s.authorise(stream.Context())
	if err != nil {
		return err
	}
	var epoch int64
	for first := true; ; first = false {
		report, err := stream.Recv()
		if err != nil {
			return nil // the proxy went away; it will come back
		}
		if first {
			node := report.GetIdentifier().GetNode()
			if node.GetId() != task.String() {
				return status.Errorf(codes.PermissionDenied, "the token is that of task %s, but the node calls itself %q", task, node.GetId())
			}
			epoch, err = strconv.ParseInt(node.GetMetadata().GetFields()["epoch"].GetStringValue(), 10, 64)
			if err != nil {
				return status.Error(codes.InvalidArgument, "the node's metadata must hold \"epoch\", the Unix nanoseconds of its start, as a string")
			}
		}
		if err := s.measure(task, epoch, stats(report.GetEnvoyMetrics())); err != nil {
			return err
		}
	}
}

// measure takes one report: what is under way for Observe, the counts for whoever collects evidence.
func (s *Server) measure(task delivery.TaskID, epoch int64, stats map[string]uint64) error {
	readings := mesh.Read(task, stats)
	s.mu.Lock()
	e, p, err := s.proxyOf(task)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	now := s.options.Now()
	if e.drained(p, readings) {
		s.changed(e.declared.Name)
	}
	p.counted = readings
	p.countedBefore, p.countedAt = p.countedAt, now
	s.mu.Unlock()

	samples := make([]evidence.Sample, 0, len(readings))
	for about, r := range readings {
		samples = append(samples, evidence.Sample{
			Key:    evidence.Key{Deployment: about.Deployment, Side: about.Side, Proxy: task, Epoch: epoch},
			Counts: r.Counts,
			At:     now,
			Active: r.Active,
		})
	}
	if s.options.Evidence != nil && len(samples) > 0 {
		s.options.Evidence.Record(samples)
	}
	return nil
}

// drained tells whether a report is news to who waits for a deployment to be idle: the proxy has nothing under way
// any more to one it had, or it is the first report that counts since a route was acknowledged.
func (e *environment) drained(p *proxy, now mesh.Readings) bool {
	for about, before := range p.counted {
		if r := now[about]; before.Active > 0 && (r == nil || r.Active == 0) {
			return true
		}
	}
	for _, r := range e.routes {
		if !p.countedSince(r.ackedAt) && p.countedAt.After(r.ackedAt) {
			return true
		}
	}
	return false
}

// stats are the counters and gauges of a report by name.
func stats(families []*clientmodel.MetricFamily) map[string]uint64 {
	values := make(map[string]uint64, len(families))
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch {
			case m.GetCounter() != nil:
				values[f.GetName()] += uint64(m.GetCounter().GetValue())
			case m.GetGauge() != nil:
				values[f.GetName()] += uint64(m.GetGauge().GetValue())
			}
		}
	}
	return values
}
