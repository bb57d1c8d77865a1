package xds

import (
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// instruction is what a task's agent is to do now.
func (s *Server) instruction(task delivery.TaskID, me *session) (*agentpb.Instruction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, p, err := s.proxyOf(task)
	if err != nil {
		return nil, err
	}
	if p.agent != me {
		return nil, status.Error(codes.Aborted, "another agent of this task took its place")
	}
	i := &agentpb.Instruction{Names: names(e.declared.Services)}
	if !task.Gateway() {
		i.Check = check(p.task.Check)
	}
	return i, nil
}

// names are all names of an environment's services, ascending: whether a task may call one is decided by its
// proxy, which closes the connection at once, rather than by a name that does not resolve.
func names(services []topology.Service) []*agentpb.Name {
	var all []*agentpb.Name
	for _, v := range services {
		if !v.VIP.IsValid() {
			continue
		}
		all = append(all, &agentpb.Name{Name: v.ID.Name, Address: v.VIP.String()})
		if v.Namespace != "" {
			all = append(all, &agentpb.Name{Name: v.ID.Name + "." + v.Namespace, Address: v.VIP.String()})
		}
	}
	slices.SortFunc(all, func(a, b *agentpb.Name) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

func check(c workload.HealthCheck) *agentpb.Check {
	return &agentpb.Check{
		Protocol:   string(c.Protocol),
		Port:       uint32(c.Port),
		Path:       c.Path,
		IntervalMs: c.Interval.Milliseconds(),
		TimeoutMs:  c.Timeout.Milliseconds(),
		Healthy:    uint32(c.Healthy),
		Unhealthy:  uint32(c.Unhealthy),
	}
}
