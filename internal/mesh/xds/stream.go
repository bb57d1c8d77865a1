package xds

import (
	"context"
	"strconv"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/mesh"
	"serin.dev/serin/internal/topology"
)

// stream is one discovery stream of a proxy.
type stream struct {
	id          int64
	environment *environment
	proxy       *proxy
	held        *mesh.Held
	asked       map[mesh.Kind]bool   // the proxy has asked for this kind
	answered    map[mesh.Kind]bool   // it has had a response of this kind
	watches     map[mesh.Kind]*watch // it waits for a change of this kind
	queued      map[*discoveryv3.DeltaDiscoveryResponse]*mesh.Flight
	flights     map[string]*mesh.Flight // by nonce
	refusals    map[mesh.Kind]refusal
	version     string
}

// refusal is a NACK.
type refusal struct {
	detail string
	at     time.Time
}

// callbacks follow each discovery stream: who it is, what it has, what it answers.
type callbacks struct{ server *Server }

func (c callbacks) OnDeltaStreamOpen(ctx context.Context, id int64, _ string) error {
	s := c.server
	task, err := s.caller(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, p, err := s.proxyOf(task)
	if err != nil {
		return err
	}
	st := &stream{
		id:          id,
		environment: e,
		proxy:       p,
		held:        mesh.NewHeld(),
		asked:       map[mesh.Kind]bool{},
		answered:    map[mesh.Kind]bool{},
		watches:     map[mesh.Kind]*watch{},
		queued:      map[*discoveryv3.DeltaDiscoveryResponse]*mesh.Flight{},
		flights:     map[string]*mesh.Flight{},
		refusals:    map[mesh.Kind]refusal{},
	}
	s.open[id] = st
	if p.streams == nil {
		p.streams = map[int64]*stream{}
	}
	p.streams[id] = st
	s.changed(e.declared.Name)
	return nil
}

func (c callbacks) OnDeltaStreamClosed(id int64, _ *corev3.Node) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.open[id]
	if st == nil { // it was refused
		return
	}
	delete(s.open, id)
	delete(st.proxy.streams, id)
	st.environment.dropIfGone(st.proxy)
	s.assess(st.environment)
	s.changed(st.environment.declared.Name)
}

func (c callbacks) OnStreamDeltaRequest(id int64, r *discoveryv3.DeltaDiscoveryRequest) error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.open[id]
	if n := r.GetNode(); n != nil {
		if task := st.proxy.task.ID.String(); n.GetId() != task {
			return status.Errorf(codes.PermissionDenied, "the token is that of task %s, but the node calls itself %q", task, n.GetId())
		}
		st.version = n.GetUserAgentBuildVersion().GetMetadata().GetFields()["revision.version"].GetStringValue()
		if v := n.GetUserAgentBuildVersion().GetVersion(); v != nil {
			st.version = strconv.Itoa(int(v.GetMajorNumber())) + "." + strconv.Itoa(int(v.GetMinorNumber())) + "." + strconv.Itoa(int(v.GetPatch()))
		}
		s.madeFor(st, mesh.ParseTemplate(n.GetMetadata().GetFields()["template"].GetStringValue()))
	}
	r.Node = &corev3.Node{Id: strconv.FormatInt(id, 10)} // from here on the watcher tells streams apart by it
	kind, known := mesh.KindOf(r.GetTypeUrl())
	if !known {
		return nil
	}
	if !st.asked[kind] {
		st.asked[kind] = true
		for name, version := range r.GetInitialResourceVersions() {
			st.held.Has(kind, name, version)
		}
	}
	for _, name := range r.GetResourceNamesUnsubscribe() {
		st.held.Forgets(kind, name)
	}
	s.hear(st, kind, r)
	s.pushBut(st, kind) // a watch for this kind follows at once
	s.assess(st.environment)
	return nil
}

// madeFor notes what a proxy was made for, before it is told anything.
func (s *Server) madeFor(st *stream, t mesh.Template) {
	if p := st.proxy; p.template != t {
		p.template = t
		s.rebuild(st.environment)
	}
}

// hear takes a proxy's answer to a response.
func (s *Server) hear(st *stream, kind mesh.Kind, r *discoveryv3.DeltaDiscoveryRequest) {
	flight := st.flights[r.GetResponseNonce()]
	if flight == nil {
		return
	}
	before := st.proxy.settled(st.environment.configs[st.proxy.task.ID])
	delete(st.flights, r.GetResponseNonce())
	if e := r.GetErrorDetail(); e != nil {
		flight.Refused()
		st.refusals[kind] = refusal{e.GetMessage(), s.options.Now()}
		s.options.Logger.Error("a proxy refused its configuration", "task", st.proxy.task.ID, "kind", kind, "detail", e.GetMessage())
		s.changed(st.environment.declared.Name)
		return
	}
	flight.Accepted()
	if _, was := st.refusals[kind]; was {
		delete(st.refusals, kind)
		s.changed(st.environment.declared.Name)
	}
	if st.proxy.settled(st.environment.configs[st.proxy.task.ID]) != before {
		s.changed(st.environment.declared.Name)
	}
}

func (c callbacks) OnStreamDeltaResponse(id int64, _ *discoveryv3.DeltaDiscoveryRequest, r *discoveryv3.DeltaDiscoveryResponse) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.open[id]; st != nil {
		st.flights[r.GetNonce()] = st.queued[r]
		delete(st.queued, r)
	}
}

// rejections are a proxy's NACKs that no later ACK of the kind has lifted.
func (p *proxy) rejections() []topology.Rejection {
	var all []topology.Rejection
	for _, st := range p.streams {
		for _, k := range mesh.Kinds() {
			if r, ok := st.refusals[k]; ok {
				all = append(all, topology.Rejection{Task: p.task.ID, Detail: k.String() + ": " + r.detail})
			}
		}
	}
	return all
}
