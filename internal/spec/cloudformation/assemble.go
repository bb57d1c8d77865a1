package cloudformation

import (
	"fmt"
	"maps"
	"slices"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// assemble makes the workload of what the resources say.
func (e *evaluator) assemble(p parts) workload.Workload {
	service, t, ok := e.chosen(p)
	if !ok {
		return workload.Workload{}
	}
	node := e.node(p)
	w := workload.Workload{
		Protocol:         e.in.Protocol,
		Replicas:         service.replicas,
		CPU:              t.cpu,
		Memory:           t.memory,
		Backends:         node.backends,
		BackendsDeclared: node.backendsDeclared,
		Exposed:          len(service.balancers) > 0,
	}
	for _, c := range t.containers {
		w.Containers = append(w.Containers, c.Container)
	}
	w.Port = e.port(service, t, node)
	w.App = e.app(service, t, w.Port)
	w.Check = check(node, w.Port)
	e.compare(service, t, w)
	e.tell(service, t, w)
	return w
}

// chosen finds the one service and its task definition.
func (e *evaluator) chosen(p parts) (ecsService, task, bool) {
	if len(p.services) > 1 {
		e.Errorf(p.services[1].line, p.services[1].id, "the template has a second AWS::ECS::Service: give it a repository of its own")
		return ecsService{}, task{}, false
	}
	read := map[string]task{}
	for _, id := range slices.Sorted(maps.Keys(p.tasks)) {
		read[id] = e.task(cut(id), p.tasks[id])
	}
	service := ecsService{replicas: 1}
	if len(p.services) == 1 {
		service = p.services[0]
	} else if len(read) == 1 {
		for id := range read {
			service.task = id
		}
	} else if !e.Failed() {
		e.Errorf(1, "Resources", "the template has no AWS::ECS::Service that says which task to run: add one")
	}
	t, ok := read[service.task]
	return service, t, ok
}

// node finds the one virtual node, or one that says nothing.
func (e *evaluator) node(p parts) virtualNode {
	if len(p.nodes) == 0 {
		return virtualNode{}
	}
	if len(p.nodes) > 1 {
		e.Errorf(p.nodes[1].line, p.nodes[1].id, "the template has a second AWS::AppMesh::VirtualNode: a service has one")
	}
	return p.nodes[0]
}

// port is where the app listens: as the virtual node says, else the load balancer, the proxy's AppPorts, a port
// mapping, deploy.json.
func (e *evaluator) port(s ecsService, t task, n virtualNode) int {
	switch {
	case n.port != 0:
		return n.port
	case len(s.balancers) > 0 && s.balancers[0].port != 0:
		return s.balancers[0].port
	case len(t.appPorts) > 0:
		return t.appPorts[0]
	}
	mapped := 0
	for _, c := range t.containers {
		for _, port := range c.ports {
			if port == e.in.Port {
				return port
			}
			if mapped == 0 {
				mapped = port
			}
		}
	}
	if mapped != 0 {
		return mapped
	}
	return e.in.Port
}

// app is the container that listens: as the load balancer says, else the one that maps the port, else the one with
// the service's own image, else the first.
func (e *evaluator) app(s ecsService, t task, port int) string {
	for _, b := range s.balancers {
		if t.container(b.container) != nil {
			return b.container
		}
	}
	for _, c := range t.containers {
		if slices.Contains(c.ports, port) {
			return c.Name
		}
	}
	for _, c := range t.containers {
		if c.Image == e.in.Image {
			return c.Name
		}
	}
	if len(t.containers) > 0 {
		return t.containers[0].Name
	}
	return ""
}

func check(n virtualNode, port int) workload.HealthCheck {
	if n.check != nil {
		return *n.check
	}
	return workload.DefaultCheck(port)
}

// compare tells where the resources contradict each other.
func (e *evaluator) compare(s ecsService, t task, w workload.Workload) {
	if w.Exposed && w.Protocol == delivery.TCP {
		e.Warnf(s.balancers[0].line, join(s.id, "LoadBalancers"), "the gateway routes HTTP by host and path: a tcp service is not reached through it")
	}
	for _, b := range s.balancers {
		subject := join(s.id, "LoadBalancers")
		if b.container != "" && t.container(b.container) == nil {
			e.Errorf(b.line, subject, "the task has no container %s that runs", quoted(b.container))
		}
		if b.port != 0 && b.port != w.Port {
			e.Errorf(b.line, subject, "ContainerPort is %d, and the service listens on %d: write !Ref Port for both", b.port, w.Port)
		}
	}
	if len(t.appPorts) > 0 && !slices.Contains(t.appPorts, w.Port) {
		e.Warnf(t.line, join(t.id, "ProxyConfiguration.AppPorts"), "it does not have port %d, on which the service listens", w.Port)
	}
}

// tell says what runs.
func (e *evaluator) tell(s ecsService, t task, w workload.Workload) {
	if s.id != "" {
		e.Add(specfile.Runs, s.line, s.id, "%s", serviceSentence(w))
	}
	if w.Replicas == 0 {
		e.Warnf(s.line, join(s.id, "DesiredCount"), "it is 0: no task runs, so a release has nothing that could become healthy")
	}
	for _, c := range t.containers {
		role := "beside the app"
		if c.Name == w.App {
			role = fmt.Sprintf("listens on port %d", w.Port)
		}
		e.Add(specfile.Runs, c.line, join(t.id, "ContainerDefinitions["+c.Name+"]"), "image %s, %s", cut(c.Image), role)
	}
}

func serviceSentence(w workload.Workload) string {
	tasks := fmt.Sprintf("%d tasks", w.Replicas)
	if w.Replicas == 1 {
		tasks = "1 task"
	}
	if w.Exposed {
		return tasks + "; Serin's gateway takes the place of the load balancer"
	}
	return tasks + ", reached by other services only"
}
