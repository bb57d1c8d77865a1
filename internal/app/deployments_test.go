package app

import (
	"testing"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/workload"
)

func TestWhatADeploymentDoesNotSayStaysAsItIs(t *testing.T) {
	cart := delivery.ServiceID{Environment: "shop", Name: "cart"}
	first := rollout.State{Services: []rollout.Service{{ID: cart}}}
	stable := rollout.State{
		Services: []rollout.Service{{ID: cart, Stable: 2}},
		Deployments: []rollout.Deployment{
			{ID: delivery.DeploymentID{Service: cart, Number: 1}, Policy: delivery.Policy{Step: 1}},
			{ID: delivery.DeploymentID{Service: cart, Number: 2}, Policy: delivery.Policy{Step: 50}, Workload: workload.Workload{Exposed: true}},
		},
	}
	for _, test := range []struct {
		name   string
		state  rollout.State
		asked  api.NewDeployment
		step   int
		expose bool
	}{
		{"a first one that says nothing", first, api.NewDeployment{}, 25, false},
		{"a first one that is exposed", first, api.NewDeployment{Expose: new(true)}, 25, true},
		{"a later one keeps", stable, api.NewDeployment{}, 50, true},
		{"a later one is hidden", stable, api.NewDeployment{Expose: new(false)}, 50, false},
		{"a later one has a policy", stable, api.NewDeployment{Policy: &delivery.Policy{Step: 10}}, 10, true},
	} {
		policy, expose := settled(test.state, cart, test.asked)
		if policy.Step != test.step || expose != test.expose {
			t.Errorf("%s: step %d, exposed %t, want %d and %t", test.name, policy.Step, expose, test.step, test.expose)
		}
	}
}
