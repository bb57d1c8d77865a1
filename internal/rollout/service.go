package rollout

import (
	"net/netip"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

// Environment is a set of services that call each other, and their door.
type Environment struct {
	Name       string              `json:"name"`
	Generation delivery.Generation `json:"generation"` // grows with each change of what is declared
	Gateway    workload.Gateway    `json:"gateway"`    // Port 0: it has none
	Created    time.Time           `json:"created"`
	Deleting   bool                `json:"deleting,omitempty"`
}

// Service is what callers name.
type Service struct {
	ID        delivery.ServiceID `json:"id"`
	Namespace string             `json:"namespace,omitempty"` // its second name is "<service>.<namespace>"
	Port      int                `json:"port"`                // callers' port; 0 until the first deployment, which sets it
	Protocol  delivery.Protocol  `json:"protocol"`            // "" until the first deployment, which sets it
	Exposed   bool               `json:"exposed"`             // the gateway routes to it, whatever its deployment says
	Hosts     []string           `json:"hosts,omitempty"`     // of the gateway; empty: any host
	Path      string             `json:"path,omitempty"`      // prefix at the gateway; "" is "/"
	Stable    int                `json:"stable"`              // the stable deployment's number; 0: none yet
	Route     delivery.Route     `json:"route"`               // as declared
	Created   time.Time          `json:"created"`
	Deleting  bool               `json:"deleting,omitempty"`
}

// State is one consistent reading of all that an environment is and is to be.
type State struct {
	Environment Environment
	Services    []Service // ascending by creation, then name
	// Deployments are those not removed, ascending by service and number.
	Deployments []Deployment
	// Rollouts are those not ended, ascending by ID.
	Rollouts []Rollout
	// Addresses are the virtual IPs of all names ever mentioned in the environment, also of services that do not
	// exist.
	Addresses map[string]netip.Addr
	// Numbers are the highest deployment numbers ever given, by service name.
	Numbers map[string]int
	// Seen is the engine's last look that was stored: who was where.
	Seen workload.Observed
}

// service gives the service of that name.
func (s State) service(name string) (Service, bool) {
	i := slices.IndexFunc(s.Services, func(x Service) bool { return x.ID.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return s.Services[i], true
}

// deployment gives one that is not removed.
func (s State) deployment(id delivery.DeploymentID) (Deployment, bool) {
	i := slices.IndexFunc(s.Deployments, func(d Deployment) bool { return d.ID == id })
	if i < 0 {
		return Deployment{}, false
	}
	return s.Deployments[i], true
}

// of gives the deployments of a service that are not removed.
func (s State) of(id delivery.ServiceID) []Deployment {
	var ds []Deployment
	for _, d := range s.Deployments {
		if d.ID.Service == id {
			ds = append(ds, d)
		}
	}
	return ds
}

// active gives the service's rollout that acts, nil when none does.
func (s State) active(id delivery.ServiceID) *Rollout {
	return s.find(id, func(r Rollout) bool { return r.Phase.Active() })
}

// pending gives the service's rollout that waits for its turn, nil when none does.
func (s State) pending(id delivery.ServiceID) *Rollout {
	return s.find(id, func(r Rollout) bool { return r.Phase == Pending })
}

func (s State) find(id delivery.ServiceID, is func(Rollout) bool) *Rollout {
	for _, r := range s.Rollouts {
		if r.Deployment.Service == id && is(r) {
			return &r
		}
	}
	return nil
}

// routeOf is what callers of the service must do now, without its generation: the only place where weights come from.
func routeOf(svc Service, deployments []Deployment, active *Rollout) delivery.Route {
	weights := delivery.All(svc.Stable)
	if active != nil && active.Phase.Serving() {
		weights = delivery.Split(svc.Stable, active.Deployment.Number, active.Percent)
	}
	route := delivery.Route{Service: svc.ID, Weights: weights, Stable: svc.Stable, Known: []int{}}
	for _, d := range deployments {
		if d.ID.Service == svc.ID && d.Stage.Known() {
			route.Known = append(route.Known, d.ID.Number)
		}
	}
	slices.Sort(route.Known)
	return route
}

// sameRoute tells whether two routes ask the same of callers, whatever their generations.
func sameRoute(a, b delivery.Route) bool {
	return a.Service == b.Service && a.Stable == b.Stable && slices.Equal(a.Weights, b.Weights) && slices.Equal(a.Known, b.Known)
}

// Change is what one transaction stores. It fails with delivery.Conflict when the environment's generation is not
// From any more, or a rollout not of the Version given; then nothing is stored.
type Change struct {
	Name string // the environment's
	From delivery.Generation
	// Environment is set when what is declared changes: its Generation is From + 1 then.
	Environment *Environment
	Services    []Service            // new or changed
	Deleted     []delivery.ServiceID // services that are no more; their deployments and history stay
	Deployments []Deployment         // new or changed
	Rollouts    []Rollout            // new (Version 0) or changed; stored with Version + 1
	Events      []Event
	Mentioned   []string // names that need a virtual IP
	// Gone tells that the environment itself is no more.
	Gone bool
}

// Empty tells whether there is nothing to store.
func (c Change) Empty() bool {
	return c.Environment == nil && !c.Gone && len(c.Services)+len(c.Deleted)+len(c.Deployments)+len(c.Rollouts)+len(c.Events)+len(c.Mentioned) == 0
}
