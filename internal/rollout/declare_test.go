package rollout

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// village is an environment in which shop/1 is stable, shop/2 rolls out at 25 % and shop/0's like are on their way out.
func village() State {
	deployment := func(n int, s Stage, replicas int) Deployment {
		return Deployment{
			ID: delivery.DeploymentID{Service: shop, Number: n}, Stage: s,
			Workload: workload.Workload{Port: 80 + n, Replicas: replicas, Exposed: n == 3},
			Policy:   delivery.Policy{Retries: delivery.RetryAll},
		}
	}
	r := at(Wait, 25)
	r.Deployment.Number, r.Previous = 4, 3
	return State{
		Environment: Environment{Name: "prod", Generation: 9, Gateway: workload.Gateway{Bind: "127.0.0.1", Port: 8080}},
		Services:    []Service{{ID: shop, Port: 80, Protocol: delivery.HTTP, Stable: 3}},
		Deployments: []Deployment{deployment(1, Removing, 1), deployment(2, Forgetting, 1), deployment(3, Live, 2), deployment(4, Live, 1), deployment(5, Planned, 1)},
		Rollouts:    []Rollout{r},
		Addresses:   map[string]netip.Addr{"shop": netip.MustParseAddr("240.240.0.1"), "db": netip.MustParseAddr("240.240.0.2")},
	}
}

func TestWorkloadOf(t *testing.T) {
	s := village()
	env := workloadOf(s)
	var numbers []int
	for _, d := range env.Deployments {
		numbers = append(numbers, d.ID.Number)
	}
	if !slices.Equal(numbers, []int{2, 3, 4}) || env.Generation != 9 || env.Gateway == nil {
		t.Errorf("deployments %v at generation %d, gateway %v", numbers, env.Generation, env.Gateway)
	}
	s.Environment.Deleting, s.Services = true, nil
	if env := workloadOf(s); env.Gateway != nil {
		t.Error("an environment without services that is being deleted has a gateway")
	}
}

func TestRouteOf(t *testing.T) {
	s := village()
	got := routeOf(s.Services[0], s.Deployments, s.active(shop))
	want := delivery.Route{Service: shop, Stable: 3, Known: []int{3, 4}, Weights: delivery.Weights{{Deployment: 3, BasisPoints: 7500}, {Deployment: 4, BasisPoints: 2500}}}
	if !sameRoute(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMeshOf(t *testing.T) {
	task := func(n, replica int) delivery.TaskID {
		return delivery.TaskID{Deployment: delivery.DeploymentID{Service: shop, Number: n}, Replica: replica}
	}
	seen := workload.Observed{At: time.Unix(1, 0), Tasks: []workload.Task{
		{ID: task(1, 0), State: workload.Removing, ProxyAlive: true, Address: "172.17.0.2"},
		{ID: task(3, 0), State: workload.Running, ProxyAlive: true, Address: "172.17.0.3"},
		{ID: task(3, 1), State: workload.Failed},
		{ID: task(7, 0), State: workload.Removing},
	}}
	alive := func(env topology.Environment) map[delivery.TaskID]bool {
		all := map[delivery.TaskID]bool{}
		for _, t := range env.Tasks {
			all[t.ID] = t.ProxyAlive
		}
		return all
	}
	same := func(t *testing.T, got, want map[delivery.TaskID]bool) {
		t.Helper()
		for id := range want {
			if is, ok := got[id]; !ok || is != want[id] {
				t.Errorf("task %s: there %t, alive %t, want %t", id, ok, is, want[id])
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	gateway := delivery.GatewayTask("prod")
	t.Run("who the engine saw", func(t *testing.T) {
		env := meshOf(village(), seen)
		same(t, alive(env), map[delivery.TaskID]bool{
			task(1, 0): true, task(2, 0): false, task(3, 0): true, task(3, 1): false, task(4, 0): false, gateway: false,
		})
		if env.RosterAt != seen.At {
			t.Errorf("the roster is of %s", env.RosterAt)
		}
	})
	t.Run("before anybody looked nobody is confirmed gone", func(t *testing.T) {
		same(t, alive(meshOf(village(), workload.Observed{})), map[delivery.TaskID]bool{
			task(2, 0): true, task(3, 0): true, task(3, 1): true, task(4, 0): true, gateway: true,
		})
	})
	t.Run("services", func(t *testing.T) {
		all := meshOf(village(), seen).Services
		if len(all) != 2 || all[0].ID != shop || all[1].ID.Name != "db" || all[1].Port != 0 || !all[1].VIP.IsValid() {
			t.Fatalf("got %+v", all)
		}
		if !all[0].Exposed || all[0].Retries != delivery.RetryAll {
			t.Errorf("the stable one says whether it is exposed, the new one what is retried: %+v", all[0])
		}
	})
}
