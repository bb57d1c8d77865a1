package cloudformation

import (
	"strconv"
	"strings"

	"serin.dev/serin/internal/spec/specfile"
)

// task is what an AWS::ECS::TaskDefinition says.
type task struct {
	id         string
	line       int
	cpu        int
	memory     int64
	proxy      string // the name of App Mesh's container, "" when there is none
	appPorts   []int
	containers []container // in the template's order, without the replaced ones
}

var taskProperties = properties{
	acted: []string{"ContainerDefinitions", "Cpu", "Memory", "NetworkMode", "ProxyConfiguration", "Volumes", "PidMode", "IpcMode"},
	ignored: []string{
		"EnableFaultInjection", "Family", "PlacementConstraints", "RequiresCompatibilities", "RuntimePlatform", "Tags",
	},
	replaced: map[string]string{
		"ExecutionRoleArn": "Serin pulls the image and keeps the logs",
	},
	missing: map[string]string{
		"EphemeralStorage": "a container writes to the disk of the machine",
		"TaskRoleArn":      "there are no roles here: a container has the credentials that its environment gives it",
	},
	refused: map[string]string{
		"InferenceAccelerators": "Serin gives no accelerators to a task: remove it",
	},
}

func (e *evaluator) task(id string, v value) task {
	e.sort(v, id, taskProperties)
	t := task{
		id:     id,
		line:   v.line,
		cpu:    e.cpu(v.at("Cpu"), join(id, "Cpu")),
		memory: e.memory(v.at("Memory"), join(id, "Memory")),
	}
	e.namespaces(id, v)
	e.proxyConfiguration(&t, v.at("ProxyConfiguration"), join(id, "ProxyConfiguration"))
	volumes := e.volumes(v.at("Volumes"), join(id, "Volumes"))
	e.containers(&t, v.at("ContainerDefinitions"), volumes)
	return t
}

// namespaces refuses tasks that would share the machine's.
func (e *evaluator) namespaces(id string, v value) {
	mode := v.at("NetworkMode")
	if s, ok := e.text(mode, join(id, "NetworkMode")); ok && s != "awsvpc" {
		switch s {
		case "host":
			e.Add(specfile.Refused, mode.line, join(id, "NetworkMode"), "host would share the machine's network with the task: write awsvpc")
		case "bridge":
			e.Add(specfile.Replaced, mode.line, join(id, "NetworkMode"), "each task has a network of its own, as with awsvpc")
		default:
			e.Add(specfile.Refused, mode.line, join(id, "NetworkMode"), "it is %s: a task needs a network of its own: write awsvpc", quoted(s))
		}
	}
	for _, key := range []string{"PidMode", "IpcMode"} {
		if s, ok := e.text(v.at(key), join(id, key)); ok {
			e.Add(specfile.Refused, v.at(key).line, join(id, key), "it is %s: each container has its own processes and memory: remove it", quoted(s))
		}
	}
}

// proxyConfiguration reads which container is App Mesh's, and which ports are the app's.
func (e *evaluator) proxyConfiguration(t *task, v value, subject string) {
	if !e.object(v, subject) {
		return
	}
	t.proxy, _ = e.text(v.at("ContainerName"), join(subject, "ContainerName"))
	e.Add(specfile.Replaced, v.line, subject, "Serin's own proxy takes the task's traffic")
	for _, p := range e.each(v.at("ProxyConfigurationProperties"), join(subject, "ProxyConfigurationProperties")) {
		name, _ := e.text(p.at("Name"), subject)
		if name != "AppPorts" {
			continue
		}
		ports, ok := e.text(p.at("Value"), join(subject, "AppPorts"))
		for port := range strings.SplitSeq(ports, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(port))
			switch {
			case ok && (err != nil || n < 1 || n > 65535):
				e.Errorf(p.line, join(subject, "AppPorts"), "it is %s: it must be a port from 1 to 65535, or several with commas", quoted(ports))
			case ok && len(t.appPorts) < 100:
				t.appPorts = append(t.appPorts, n)
			}
		}
	}
}

// volumes gives the names of the task's volumes, and refuses those of the machine.
func (e *evaluator) volumes(v value, subject string) []string {
	var names []string
	for _, volume := range e.each(v, subject) {
		if !e.object(volume, subject) {
			continue
		}
		name, _ := e.needed(volume.at("Name"), volume.line, join(subject, "Name"))
		names = append(names, name)
		if host := volume.at("Host").at("SourcePath"); host.kind != absent {
			e.Add(specfile.Refused, host.line, join(subject, name), "it would give a folder of the machine to the task: keep the data in a service of its own, or outside")
		}
	}
	return names
}
