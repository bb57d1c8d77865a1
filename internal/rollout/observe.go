package rollout

import (
	"fmt"
	"slices"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// observe gathers what is seen of one rollout.
func (p *plan) observe(r Rollout, seen Seen, t Timing) Observation {
	svc, _ := p.service(r.Deployment.Service.Name)
	canary, _ := p.deployment(r.Deployment)
	active := p.active(svc.ID)
	obs := Observation{
		Policy:       canary.Policy,
		Busy:         active != nil && active.ID != r.ID,
		Closing:      svc.Deleting,
		Stable:       svc.Stable,
		Misfit:       misfit(svc, canary.Workload),
		Looked:       seen.Looked,
		Acknowledged: acknowledged(svc, seen.Mesh),
		Waiting:      waiting(seen.Mesh.Services[svc.ID]),
		Fresh:        seen.Fresh[r.ID],
		Verdict:      seen.Verdicts[r.ID],
		Gone:         p.removed(r.Deployment),
		PreviousGone: p.removed(delivery.DeploymentID{Service: svc.ID, Number: r.Previous}),
	}
	if stable, ok := p.deployment(delivery.DeploymentID{Service: svc.ID, Number: svc.Stable}); ok {
		obs.Same = stable.Revision == canary.Revision
		obs.Astray = astray(canary, stable, seen, t, p.at)
	}
	obs.Missing = missing(canary, seen)
	obs.Ready = obs.Missing == ""
	return obs
}

// removed tells whether nothing is left of a deployment.
func (p *plan) removed(id delivery.DeploymentID) bool {
	d, ok := p.deployment(id)
	return !ok || d.Stage == Removed
}

// acknowledged tells whether every proxy of the roster has ACKed the service's present route.
func acknowledged(svc Service, mesh topology.Observed) bool {
	return svc.Route.Generation > 0 && mesh.Services[svc.ID].Acknowledged >= svc.Route.Generation
}

// waiting is a sentence on which proxies have not acknowledged.
func waiting(seen topology.ServiceSeen) string {
	switch {
	case len(seen.Rejected) > 0:
		return fmt.Sprintf("the proxy of %s refused its configuration: %s", seen.Rejected[0].Task, seen.Rejected[0].Detail)
	case len(seen.Waiting) == 1:
		return fmt.Sprintf("the proxy of %s has not acknowledged the route", seen.Waiting[0])
	case len(seen.Waiting) > 1:
		return fmt.Sprintf("the proxy of %s and %d more have not acknowledged the route", seen.Waiting[0], len(seen.Waiting)-1)
	}
	return "the mesh has not acknowledged the route"
}

// missing is a sentence on what keeps a deployment from being ready, "" when nothing does.
func missing(d Deployment, seen Seen) string {
	tasks := seen.Engine.Of(d.ID)
	for replica := range d.Workload.Replicas {
		id := delivery.TaskID{Deployment: d.ID, Replica: replica}
		i := slices.IndexFunc(tasks, func(t workload.Task) bool { return t.ID == id })
		if i < 0 {
			return fmt.Sprintf("task %s is not there yet", id)
		}
		task, proxy := tasks[i], seen.Mesh.Tasks[id]
		switch {
		case task.State != workload.Running && task.Reason != "":
			return fmt.Sprintf("task %s is %s: %s", id, task.State, task.Reason)
		case task.State != workload.Running:
			return fmt.Sprintf("task %s is %s", id, task.State)
		case proxy.Health == topology.Unhealthy:
			return fmt.Sprintf("task %s runs and fails its check on port %d: %s%s", id, d.Workload.Check.Port, proxy.Detail, elsewhere(proxy, d.Workload.Port))
		case !proxy.Connected:
			return fmt.Sprintf("the proxy of task %s is not connected", id)
		case proxy.Health != topology.Healthy:
			return fmt.Sprintf("task %s runs, its check has not passed yet: %s", id, proxy.Detail)
		case !proxy.Configured:
			return fmt.Sprintf("the proxy of task %s has not acknowledged its configuration", id)
		}
	}
	return ""
}

// departure is what is seen of a deployment on its way out.
func departure(d Deployment, s State, seen Seen) Departure {
	svc, _ := s.service(d.ID.Service.Name)
	inFlight, reported := seen.Mesh.Services[svc.ID].InFlight[d.ID.Number]
	return Departure{
		Acknowledged: acknowledged(svc, seen.Mesh),
		InFlight:     inFlight,
		Reported:     reported,
		Gone:         seen.Looked && seen.Engine.At.After(d.Since) && len(seen.Engine.Of(d.ID)) == 0,
	}
}

// checksOf says how each task of a deployment did since from.
func checksOf(d Deployment, seen Seen, from, now time.Time) []evidence.Check {
	tasks := seen.Engine.Of(d.ID)
	check := d.Workload.Check
	patience := max(time.Second, time.Duration(check.Unhealthy)*check.Interval)
	all := make([]evidence.Check, 0, d.Workload.Replicas)
	for replica := range d.Workload.Replicas {
		id := delivery.TaskID{Deployment: d.ID, Replica: replica}
		c := evidence.Check{Task: id}
		proxy := seen.Mesh.Tasks[id]
		i := slices.IndexFunc(tasks, func(t workload.Task) bool { return t.ID == id })
		switch {
		case proxy.Health == topology.Unhealthy:
			c.Failing, c.Detail = true, proxy.Detail
		case i < 0:
			c.Detail = "it is not there"
		case tasks[i].State != workload.Running:
			c.Failing = seen.Looked && now.Sub(tasks[i].Since) > patience
			c.Detail = fmt.Sprintf("it is %s: %s", tasks[i].State, tasks[i].Reason)
		default:
			c.Passed = proxy.Health == topology.Healthy && !proxy.Since.After(from) && !tasks[i].Since.After(from)
			c.Detail = proxy.Detail
		}
		all = append(all, c)
	}
	return all
}
