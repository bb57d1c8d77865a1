package mesh

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
)

// simulated is a proxy that takes what it is sent and checks, at every step, that its routes lead somewhere.
type simulated struct {
	t    *testing.T
	held *Held
	has  [kinds]map[string]Resource
	log  []string
	// inFlight are responses it was sent and has not taken.
	inFlight []response
}

type response struct {
	kind    Kind
	changed []Resource
	removed []string
	flight  *Flight
}

func newSimulated(t *testing.T) *simulated {
	s := &simulated{t: t, held: NewHeld()}
	for k := range s.has {
		s.has[k] = map[string]Resource{}
	}
	return s
}

// offer sends what may be sent now.
func (s *simulated) offer(want Config) {
	next := Next(want, s.held)
	for _, k := range Kinds() {
		changed, removed := next.Change(k, s.held, func(name string) bool { return k != Endpoints || s.uses(name) })
		if len(changed)+len(removed) > 0 {
			s.inFlight = append(s.inFlight, response{k, changed, removed, s.held.Send(k, changed, removed)})
		}
	}
}

// take takes one response: the proxy reads those of one kind in order, but kinds may overtake each other.
func (s *simulated) take(i int) {
	r := s.inFlight[i]
	s.inFlight = slices.Delete(s.inFlight, i, i+1)
	for _, x := range r.changed {
		s.has[r.kind][x.Name] = x
		s.log = append(s.log, fmt.Sprintf("%s %s", r.kind, x.Name))
	}
	for _, name := range r.removed {
		delete(s.has[r.kind], name)
		s.log = append(s.log, fmt.Sprintf("no %s %s", r.kind, name))
	}
	s.check()
	r.flight.Accepted()
	for name := range s.has[Endpoints] {
		if !s.uses(name) {
			delete(s.has[Endpoints], name)
			s.held.Forgets(Endpoints, name)
		}
	}
}

// uses tells whether a cluster has these endpoints: Envoy subscribes to no others.
func (s *simulated) uses(endpoints string) bool {
	for cluster := range s.has[Clusters] {
		if endpointsOf(cluster) == endpoints {
			return true
		}
	}
	return false
}

func (s *simulated) check() {
	s.t.Helper()
	for _, k := range []Kind{Routes, Listeners} {
		for _, r := range s.has[k] {
			for _, cluster := range r.Needs {
				if _, ok := s.has[Clusters][cluster]; !ok {
					s.t.Fatalf("%s %s leads to cluster %s, which is not there:\n%v", k, r.Name, cluster, s.log)
				}
				e, ok := s.has[Endpoints][endpointsOf(cluster)]
				if !ok || e.Version == noEndpoints(e.Name).Version {
					s.t.Fatalf("%s %s leads to cluster %s, which has no endpoints:\n%v", k, r.Name, cluster, s.log)
				}
			}
		}
	}
}

// settle lets everything arrive in order.
func (s *simulated) settle(want Config) {
	s.t.Helper()
	for range 20 {
		s.offer(want)
		if len(s.inFlight) == 0 {
			break
		}
		for len(s.inFlight) > 0 {
			s.take(0)
		}
	}
	if !s.held.Settled(want) {
		s.t.Fatalf("not settled:\n%v", s.log)
	}
}

func frontConfig(change func(*topology.Service)) Config {
	env := demo()
	env.Services = env.Services[:1]
	change(&env.Services[0])
	return NewBuilder().Build(env, everybody, newest)[env.Tasks[0].ID]
}

func route(w delivery.Weights, known ...int) func(*topology.Service) {
	return func(s *topology.Service) { s.Route.Weights, s.Route.Known = w, known }
}

func TestOrderOfAddingAndRemoving(t *testing.T) {
	one, both := frontConfig(route(delivery.All(1), 1)), frontConfig(route(delivery.Split(1, 2, 10), 1, 2))
	s := newSimulated(t)
	s.settle(one)
	s.log = nil
	s.settle(both)
	slices.Sort(s.log[:2])
	want := []string{"clusters demo/shop/2", "clusters demo/shop/2/fallback", "endpoints demo/shop/2", "routes demo/shop"}
	if !slices.Equal(s.log, want) {
		t.Errorf("adding: %q, want %q", s.log, want)
	}
	s.log = nil
	s.settle(one)
	slices.Sort(s.log[2:4])
	want = []string{"routes demo/shop", "endpoints demo/shop/2", "no clusters demo/shop/2", "no clusters demo/shop/2/fallback"}
	if !slices.Equal(s.log, want) {
		t.Errorf("removing: %q, want %q", s.log, want)
	}
}

// TestNoOrderOfEventsBreaksARoute changes the desired state at random while responses arrive at random, and
// reconnects now and then.
func TestNoOrderOfEventsBreaksARoute(t *testing.T) {
	var wants []Config
	for _, r := range []func(*topology.Service){
		route(delivery.All(1), 1), route(delivery.Split(1, 2, 10), 1, 2), route(delivery.All(2), 1, 2), route(delivery.All(2), 2),
		route(delivery.Split(2, 3, 50), 2, 3), route(delivery.All(3), 3), route(nil, 1), route(nil),
	} {
		wants = append(wants, frontConfig(r))
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newSimulated(t)
		want := wants[0]
		s.settle(want)
		for range 60 {
			switch n := random.IntN(10); {
			case n < 3:
				want = wants[random.IntN(len(wants))]
				s.offer(want)
			case n == 9:
				s.reconnect()
				s.offer(want)
			default:
				s.takeAny(random)
				s.offer(want)
			}
		}
		s.settle(want)
	}
}

func (s *simulated) takeAny(random *rand.Rand) {
	if len(s.inFlight) == 0 {
		return
	}
	kind := s.inFlight[random.IntN(len(s.inFlight))].kind
	s.take(slices.IndexFunc(s.inFlight, func(r response) bool { return r.kind == kind }))
}

// reconnect loses what is in flight; the proxy says what it has.
func (s *simulated) reconnect() {
	s.inFlight, s.held = nil, NewHeld()
	for _, k := range Kinds() {
		for name, r := range s.has[k] {
			s.held.Has(k, name, r.Version)
		}
	}
}

func TestWhatWasRefusedIsSentAgainBesideAChange(t *testing.T) {
	one, both := frontConfig(route(delivery.All(1), 1)), frontConfig(route(delivery.Split(1, 2, 10), 1, 2))
	h := NewHeld()
	all := func(string) bool { return true }
	send := func(want Config) int {
		changed, removed := Next(want, h).Change(Clusters, h, all)
		if len(changed)+len(removed) > 0 {
			h.Send(Clusters, changed, removed).Refused()
		}
		return len(changed)
	}
	if n := send(one); n != 3 {
		t.Fatalf("%d clusters sent, want app, shop/1 and its fallback", n)
	}
	if n := send(one); n != 0 {
		t.Errorf("%d refused clusters were sent again alone", n)
	}
	if n := send(both); n != 5 {
		t.Errorf("%d clusters sent, want the new ones and those refused", n)
	}
}
