package cloudformation

import (
	"slices"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// virtualNode is what an AWS::AppMesh::VirtualNode says.
type virtualNode struct {
	id               string
	line             int
	port             int                   // 0: it has no listener
	check            *workload.HealthCheck // nil: it has none
	backends         []string
	backendsDeclared bool
}

func (e *evaluator) virtualNode(id string, line int, v value) virtualNode {
	e.sort(v, id, properties{
		acted:   []string{"Spec"},
		ignored: []string{"MeshName", "MeshOwner", "Tags", "VirtualNodeName"},
	})
	n := virtualNode{id: id, line: line}
	spec, subject := v.at("Spec"), join(id, "Spec")
	e.sort(spec, subject, properties{
		acted: []string{"Listeners", "Backends"},
		replaced: map[string]string{
			"BackendDefaults":  "the mesh encrypts what goes between its proxies",
			"Logging":          "Serin counts every request at the proxies",
			"ServiceDiscovery": "Serin's mesh finds the tasks itself",
		},
	})
	e.listener(&n, spec.at("Listeners"), join(subject, "Listeners"))
	e.backends(&n, spec.at("Backends"), join(subject, "Backends"))
	e.Add(specfile.Replaced, line, id, "AWS::AppMesh::VirtualNode: Serin's proxy stands beside the app, with the listener, health check and backends declared here")
	return n
}

func (e *evaluator) listener(n *virtualNode, v value, subject string) {
	listeners := e.each(v, subject)
	if len(listeners) == 0 {
		return
	}
	if len(listeners) > 1 {
		e.Add(specfile.Refused, v.line, subject, "it has %d listeners: a service has one port: make the others services of their own", len(listeners))
	}
	l := listeners[0]
	e.sort(l, subject, properties{
		acted: []string{"PortMapping", "HealthCheck"},
		warned: map[string]string{
			"ConnectionPool":   "Serin's proxy has its own limits",
			"OutlierDetection": "Serin looks at each task's health from inside, and at each deployment's failures",
			"Timeout":          "Serin's proxy has its own timeouts",
		},
		replaced: map[string]string{"TLS": "the mesh encrypts what goes between its proxies"},
	})
	mapping := l.at("PortMapping")
	if mapping.kind == absent {
		e.Errorf(l.line, join(subject, "PortMapping"), "it is missing: add Port and Protocol")
		return
	}
	e.object(mapping, join(subject, "PortMapping"))
	n.port = e.agreedPort(mapping.at("Port"), mapping.line, join(subject, "PortMapping.Port"))
	e.agreedProtocol(mapping.at("Protocol"), mapping.line, join(subject, "PortMapping.Protocol"))
	if check := l.at("HealthCheck"); e.object(check, join(subject, "HealthCheck")) {
		n.check = e.healthCheck(check, n.port, join(subject, "HealthCheck"))
	}
}

// agreedPort reads the listener's port, which deploy.json has as well.
func (e *evaluator) agreedPort(v value, line int, subject string) int {
	if v.kind == absent {
		e.Errorf(line, subject, "it is missing: add Port: !Ref Port")
	}
	port := e.integer(v, subject, 0, 1, 65535)
	if port != 0 && port != e.in.Port {
		e.Errorf(v.line, subject, "it is %d, and Port in deploy.json is %d: write !Ref Port here, or make them the same", port, e.in.Port)
	}
	return port
}

func (e *evaluator) agreedProtocol(v value, line int, subject string) {
	p := e.protocol(v, line, subject)
	if p != "" && p != e.in.Protocol {
		e.Errorf(v.line, subject, "it is %s, and Protocol in deploy.json is %s: write !Ref Protocol here, or make them the same", p, e.in.Protocol)
	}
}

// protocol reads one of App Mesh's, whatever its case.
func (e *evaluator) protocol(v value, line int, subject string) delivery.Protocol {
	s, ok := e.needed(v, line, subject)
	if !ok {
		return ""
	}
	p := delivery.Protocol(strings.ToLower(s))
	if !slices.Contains([]delivery.Protocol{delivery.HTTP, delivery.HTTP2, delivery.GRPC, delivery.TCP}, p) {
		e.Errorf(v.line, subject, "it is %s: it must be http, http2, grpc or tcp", quoted(s))
		return ""
	}
	return p
}

func (e *evaluator) healthCheck(v value, port int, subject string) *workload.HealthCheck {
	at := func(key string) (value, string) { return v.at(key), join(subject, key) }
	e.sort(v, subject, properties{
		acted: []string{"Protocol", "Path", "Port", "HealthyThreshold", "UnhealthyThreshold", "TimeoutMillis", "IntervalMillis"},
	})
	number := func(key string, otherwise, least, most int) int {
		n, subject := at(key)
		return e.integer(n, subject, otherwise, least, most)
	}
	check := &workload.HealthCheck{
		Port:      number("Port", port, 1, 65535),
		Interval:  time.Duration(number("IntervalMillis", 5000, 100, 300_000)) * time.Millisecond,
		Timeout:   time.Duration(number("TimeoutMillis", 2000, 50, 60_000)) * time.Millisecond,
		Healthy:   number("HealthyThreshold", 2, 1, 100),
		Unhealthy: number("UnhealthyThreshold", 2, 1, 100),
	}
	protocol, key := at("Protocol")
	check.Protocol = e.protocol(protocol, v.line, key)
	pathValue, key := at("Path")
	if path, ok := e.text(pathValue, key); ok && check.Protocol != delivery.TCP && check.Protocol != delivery.GRPC {
		if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c > '~' }) {
			e.Errorf(pathValue.line, key, "it is %s: it must be a path such as /health", quoted(path))
		}
		check.Path = path
	}
	return check
}

// backends reads the names of the virtual services that may be called, without the namespace.
func (e *evaluator) backends(n *virtualNode, v value, subject string) {
	const most = 500
	if len(v.items) > most {
		e.Errorf(v.line, subject, "it has %d backends: at most %d", len(v.items), most)
		return
	}
	n.backendsDeclared = v.kind != absent
	for _, b := range e.each(v, subject) {
		service := b.at("VirtualService")
		e.object(b, subject)
		e.object(service, join(subject, "VirtualService"))
		nameValue := service.at("VirtualServiceName")
		key := join(subject, "VirtualService.VirtualServiceName")
		name, ok := e.needed(nameValue, b.line, key)
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "."+e.in.Namespace)
		if err := delivery.CheckName("service", name); err != nil {
			e.Errorf(nameValue.line, key, "%s is no service of this environment: write its name alone, or with .%s after it", quoted(name), e.in.Namespace)
			continue
		}
		if !slices.Contains(n.backends, name) {
			n.backends = append(n.backends, name)
		}
	}
}
