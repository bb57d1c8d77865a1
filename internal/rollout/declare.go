package rollout

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// workloadOf is what the engine is told to run.
func workloadOf(s State) workload.Environment {
	env := workload.Environment{Name: s.Environment.Name, Generation: s.Environment.Generation, Deployments: []workload.Deployment{}}
	for _, d := range s.Deployments {
		if d.Stage.Declared() {
			env.Deployments = append(env.Deployments, workload.Deployment{ID: d.ID, Workload: d.Workload})
		}
	}
	if s.hasGateway() {
		gateway := s.Environment.Gateway
		env.Gateway = &gateway
	}
	return env
}

// hasGateway tells whether the environment's gateway is to run: until its last service is gone.
func (s State) hasGateway() bool {
	return s.Environment.Gateway.Port != 0 && !(s.Environment.Deleting && len(s.Services) == 0)
}

// meshOf is what the mesh is told, given where the engine saw the tasks.
func meshOf(s State, seen workload.Observed) topology.Environment {
	return topology.Environment{
		Name:       s.Environment.Name,
		Generation: s.Environment.Generation,
		Services:   services(s),
		Tasks:      tasks(s, seen),
		RosterAt:   seen.At,
	}
}

// services are all virtual services: those that exist, and the names that were only mentioned, without a port.
func services(s State) []topology.Service {
	all := []topology.Service{}
	for _, svc := range s.Services {
		face := s.face(svc)
		all = append(all, topology.Service{
			ID:        svc.ID,
			Namespace: svc.Namespace,
			VIP:       s.Addresses[svc.ID.Name],
			Port:      svc.Port,
			Protocol:  svc.Protocol,
			Retries:   cmp.Or(face.Policy.Retries, delivery.RetryIdempotent),
			Exposed:   svc.Exposed || face.Workload.Exposed,
			Hosts:     svc.Hosts,
			Path:      svc.Path,
			Route:     svc.Route,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Addresses)) {
		if _, exists := s.service(name); !exists {
			id := delivery.ServiceID{Environment: s.Environment.Name, Name: name}
			all = append(all, topology.Service{ID: id, VIP: s.Addresses[name], Route: delivery.Route{Service: id}})
		}
	}
	return all
}

// face is the deployment whose policy and workload say how the service meets its callers: the one that rolls out,
// or else the stable one. Only the stable one, or the first, says whether it is exposed.
func (s State) face(svc Service) Deployment {
	stable, _ := s.deployment(delivery.DeploymentID{Service: svc.ID, Number: svc.Stable})
	active := s.active(svc.ID)
	if active == nil || active.Phase == RollBack {
		return stable
	}
	rolling, _ := s.deployment(active.Deployment)
	if svc.Stable != 0 {
		rolling.Workload.Exposed = stable.Workload.Exposed
	}
	return rolling
}

// tasks are all places with a proxy: every task of a declared deployment, the gateway, and those that are to go but
// whose proxy the engine still sees, since they may still call.
func tasks(s State, seen workload.Observed) []topology.Task {
	looked := !seen.At.IsZero()
	there := map[delivery.TaskID]workload.Task{}
	for _, t := range seen.Tasks {
		there[t.ID] = t
	}
	all := []topology.Task{}
	add := func(id delivery.TaskID, d Deployment) {
		t, listed := there[id]
		delete(there, id)
		address, _ := netip.ParseAddr(t.Address)
		all = append(all, topology.Task{
			ID: id, Address: address,
			ProxyAlive: t.ProxyAlive || !listed && !looked,
			Port:       d.Workload.Port, Protocol: d.Workload.Protocol,
			Backends: d.Workload.Backends, BackendsDeclared: d.Workload.BackendsDeclared,
			Check: d.Workload.Check,
		})
	}
	for _, d := range s.Deployments {
		for replica := range d.Workload.Replicas {
			if d.Stage.Declared() {
				add(delivery.TaskID{Deployment: d.ID, Replica: replica}, d)
			}
		}
	}
	if s.hasGateway() {
		add(delivery.GatewayTask(s.Environment.Name), Deployment{})
	}
	for _, t := range seen.Tasks {
		if _, left := there[t.ID]; left && t.ProxyAlive {
			d, _ := s.deployment(t.ID.Deployment)
			add(t.ID, d)
		}
	}
	return all
}
