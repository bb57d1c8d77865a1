package workload_test

import (
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/workload"
)

func TestObservedTellsDeploymentsApart(t *testing.T) {
	one := delivery.DeploymentID{Service: delivery.ServiceID{Environment: "a", Name: "b"}, Number: 1}
	two := one
	two.Number = 2
	seen := workload.Observed{Tasks: []workload.Task{
		{ID: delivery.TaskID{Deployment: one}}, {ID: delivery.TaskID{Deployment: two}}, {ID: delivery.TaskID{Deployment: one, Replica: 1}},
	}}
	if got := seen.Of(one); len(got) != 2 || got[0].ID.Deployment != one || got[1].ID.Replica != 1 {
		t.Errorf("the tasks of %s are %v", one, got)
	}
	if got := seen.Of(delivery.DeploymentID{}); got != nil {
		t.Errorf("the tasks of none are %v", got)
	}
}

func TestTheDefaultCheckAsksWhetherThePortAccepts(t *testing.T) {
	c := workload.DefaultCheck(8080)
	if c.Protocol != delivery.TCP || c.Port != 8080 || c.Interval <= 0 || c.Timeout <= 0 || c.Timeout > c.Interval || c.Healthy < 1 || c.Unhealthy < 1 {
		t.Errorf("the default check is %+v", c)
	}
}
