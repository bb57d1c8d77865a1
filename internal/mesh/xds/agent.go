package xds

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
)

// agents serves serin-proxy, the process beside each Envoy.
type agents struct {
	agentpb.UnimplementedAgentServer
	server *Server
}

// session is one attached agent.
type session struct {
	version string
	news    chan struct{} // the instruction may have changed
}

// poke lets the session look for a new instruction.
func (x *session) poke() {
	select {
	case x.news <- struct{}{}:
	default:
	}
}

func (a *agents) Attach(stream agentpb.Agent_AttachServer) error {
	s := a.server
	task, err := s.authorise(stream.Context())
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	hello := first.GetHello()
	if hello == nil {
		return status.Error(codes.InvalidArgument, "the first report must hold a hello")
	}
	if hello.GetTask() != task.String() {
		return status.Errorf(codes.PermissionDenied, "the token is that of task %s, but the hello names %q", task, hello.GetTask())
	}
	me := &session{version: hello.GetVersion(), news: make(chan struct{}, 1)}
	if err := s.attach(task, me, first); err != nil {
		return err
	}
	defer s.detach(task, me)
	reports := make(chan error, 1)
	go func() { // it ends with the stream, that is when Attach returns
		for {
			r, err := stream.Recv()
			if err != nil {
				reports <- err
				return
			}
			s.report(task, me, r)
		}
	}()
	return s.instruct(stream, task, me, reports)
}

// instruct sends the task's instruction now and whenever it changed, until the stream ends.
func (s *Server) instruct(stream agentpb.Agent_AttachServer, task delivery.TaskID, me *session, ended <-chan error) error {
	var last *agentpb.Instruction
	for {
		next, err := s.instruction(task, me)
		if err != nil {
			return err
		}
		if last == nil || !proto.Equal(last, next) {
			if err := stream.Send(next); err != nil {
				return err
			}
			last = next
		}
		select {
		case <-me.news:
		case <-ended:
			return nil
		case <-stream.Context().Done():
			return nil
		}
	}
}

func (s *Server) attach(task delivery.TaskID, me *session, first *agentpb.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, p, err := s.proxyOf(task)
	if err != nil {
		return err
	}
	if p.agent != nil { // its last agent, half dead: let it notice
		p.agent.poke()
	}
	p.agent = me
	if epoch := first.GetHello().GetEpoch(); epoch != p.epoch {
		if p.epoch != 0 { // a proxy made anew: what the last one said of the app is no longer so
			p.serves, p.health = false, topology.Unknown
			p.since, p.detail = s.options.Now(), "the proxy has just started"
			p.listensOn = nil
		}
		p.epoch = epoch
	}
	s.take(e, p, first)
	s.rebuild(e)
	s.changed(e.declared.Name)
	return nil
}

func (s *Server) detach(task delivery.TaskID, me *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, p, err := s.proxyOf(task); err == nil && p.agent == me {
		p.agent = nil
	}
}

// report takes a report of an attached agent. One whose place a newer agent took is not listened to.
func (s *Server) report(task delivery.TaskID, me *session, r *agentpb.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, p, err := s.proxyOf(task)
	if err != nil || p.agent != me {
		return
	}
	if s.take(e, p, r) {
		s.rebuild(e)
	}
}

// take notes what a report says and tells whether callers must learn of it.
func (s *Server) take(e *environment, p *proxy, r *agentpb.Report) bool {
	now := s.options.Now()
	silent := p.silent(now)
	p.reportedAt = now
	h := r.GetHealth()
	if h == nil {
		return false
	}
	if ports := portsOf(h.GetListensOn()); silent || !slices.Equal(ports, p.listensOn) {
		p.listensOn, p.listensAt = ports, now
		s.changed(e.declared.Name)
	}
	health, served := healthOf(h.GetState()), p.serves
	if health != p.health || h.GetDetail() != p.detail {
		s.changed(e.declared.Name)
	}
	p.health, p.detail = health, h.GetDetail()
	p.since = p.reportedAt
	if nanos := h.GetSinceUnixNano(); nanos > 0 {
		p.since = time.Unix(0, nanos)
	}
	if health != topology.Unknown { // not checked yet: callers go on as they were told
		p.serves = health == topology.Healthy
	}
	return p.serves != served
}

func portsOf(listensOn []uint32) []int {
	ports := make([]int, 0, len(listensOn))
	for _, port := range listensOn {
		ports = append(ports, int(port))
	}
	return ports
}

func healthOf(s agentpb.Health_State) topology.Health {
	switch s {
	case agentpb.Health_HEALTHY:
		return topology.Healthy
	case agentpb.Health_UNHEALTHY:
		return topology.Unhealthy
	default:
		return topology.Unknown
	}
}

// tellAgents lets every attached agent look for a new instruction.
func (s *Server) tellAgents(e *environment) {
	for _, p := range e.proxies {
		if p.agent != nil {
			p.agent.poke()
		}
	}
}
