package xds

import (
	"slices"
	"strconv"
	"strings"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"serin.dev/serin/internal/mesh"
)

// watch is a proxy's open question about one kind: it is answered once, when there is something to say.
type watch struct {
	request      *cache.DeltaRequest
	subscription cache.Subscription
	answer       chan cache.DeltaResponse
}

// watcher answers go-control-plane's delta server out of what the streams hold and are to hold.
type watcher struct{ server *Server }

// CreateWatch refuses: only delta streams are served.
func (w watcher) CreateWatch(*cache.Request, cache.Subscription, chan cache.Response) (func(), error) {
	return nil, status.Error(codes.Unimplemented, "only delta discovery is served")
}

func (w watcher) CreateDeltaWatch(r *cache.DeltaRequest, sub cache.Subscription, answer chan cache.DeltaResponse) (func(), error) {
	s := w.server
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := strconv.ParseInt(r.GetNode().GetId(), 10, 64)
	st := s.open[id]
	kind, known := mesh.KindOf(r.GetTypeUrl())
	if err != nil || st == nil {
		return nil, status.Error(codes.Unavailable, "the stream is closing")
	}
	if !known {
		return nil, nil // nothing of that kind is ever sent
	}
	mine := &watch{r, sub, answer}
	st.watches[kind] = mine
	s.pushKind(st, kind, s.next(st))
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if st.watches[kind] == mine {
			delete(st.watches, kind)
		}
	}, nil
}

func (s *Server) next(st *stream) mesh.Push {
	return mesh.Next(st.environment.configs[st.proxy.task.ID], st.held)
}

// push sends a stream all it may have by now.
func (s *Server) push(st *stream) { s.pushBut(st, -1) }

// pushBut leaves one kind out.
func (s *Server) pushBut(st *stream, but mesh.Kind) {
	next := s.next(st)
	for _, kind := range mesh.Kinds() {
		if kind != but {
			s.pushKind(st, kind, next)
		}
	}
}

// pushKind answers the open watch of a kind if there is something to say.
func (s *Server) pushKind(st *stream, kind mesh.Kind, next mesh.Push) {
	w := st.watches[kind]
	if w == nil {
		return
	}
	changed, removed := next.Change(kind, st.held, func(name string) bool {
		_, named := w.subscription.SubscribedResources()[name]
		return named || w.subscription.IsWildcard()
	})
	// A proxy that starts waits for a first answer, even if it is that there is nothing.
	first := w.subscription.IsWildcard() && !st.answered[kind]
	if len(changed)+len(removed) == 0 && !first {
		return
	}
	st.answered[kind] = true
	delete(st.watches, kind)
	response := respond(kind, changed, removed)
	st.queued[response] = st.held.Send(kind, changed, removed)
	w.answer <- &cache.DeltaPassthroughResponse{
		DeltaRequest:           w.request,
		DeltaDiscoveryResponse: response,
		NextVersionMap:         w.subscription.ReturnedResources(), // unused: st.held knows better
	}
}

func respond(kind mesh.Kind, changed []mesh.Resource, removed []string) *discoveryv3.DeltaDiscoveryResponse {
	slices.SortFunc(changed, func(a, b mesh.Resource) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(removed)
	response := &discoveryv3.DeltaDiscoveryResponse{TypeUrl: kind.TypeURL(), RemovedResources: removed}
	for _, r := range changed {
		response.Resources = append(response.Resources, &discoveryv3.Resource{Name: r.Name, Version: r.Version, Resource: r.Body})
	}
	return response
}
