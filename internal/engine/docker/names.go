package docker

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// Labels of everything the engine makes.
const (
	labelInstance    = "serin.instance"    // Options.Instance
	labelEnvironment = "serin.environment" // name
	labelTask        = "serin.task"        // text form of the task's id
	labelPart        = "serin.part"        // pause, capture, proxy or app
	labelContainer   = "serin.container"   // an app container's name
	labelSpec        = "serin.spec"        // hash of what was desired
	labelGeneration  = "serin.generation"  // at which the container was made
	labelRestarts    = "serin.restarts"    // how often the app's containers were made before
)

// part is what a container is in its task.
type part string

const (
	pausePart   part = "pause"   // owns the network namespace
	capturePart part = "capture" // ran once, to program its packet filter
	proxyPart   part = "proxy"   // serin-proxy and Envoy
	appPart     part = "app"     // one of the app's
)

// unfit is what Docker does not take in a container's name.
var unfit = regexp.MustCompile(`[^a-zA-Z0-9_.-]`)

func (e *Engine) networkName(environment string) string {
	return fmt.Sprintf("serin-%s-%s", e.opts.Instance, environment)
}

// containerName names a container; app is an app container's own name.
func (e *Engine) containerName(id delivery.TaskID, p part, app string) string {
	d := id.Deployment
	name := fmt.Sprintf("serin-%s-%s-%s-%d-%d-%s", e.opts.Instance, d.Service.Environment, d.Service.Name, d.Number, id.Replica, p)
	if p == appPart {
		name += "-" + unfit.ReplaceAllString(app, "_")
	}
	return name
}

// hostname is what every container of a task calls itself, such as "yelb-appserver-7-0".
func hostname(id delivery.TaskID) string {
	return fmt.Sprintf("%s-%d-%d", id.Deployment.Service.Name, id.Deployment.Number, id.Replica)
}

func (e *Engine) labels(w wanted, p part, app string, generation delivery.Generation, restarts int) map[string]string {
	labels := map[string]string{
		labelInstance:    e.opts.Instance,
		labelEnvironment: w.ID.Deployment.Service.Environment,
		labelTask:        w.ID.String(),
		labelPart:        string(p),
		labelSpec:        w.Spec,
		labelGeneration:  strconv.FormatInt(int64(generation), 10),
	}
	if p == appPart {
		labels[labelContainer] = app
		labels[labelRestarts] = strconv.Itoa(restarts)
	}
	return labels
}

// ours selects what this instance made; more are further labels, as "name=value".
func (e *Engine) ours(more ...string) client.Filters {
	return client.Filters{}.Add("label", append(more, labelInstance+"="+e.opts.Instance)...)
}
