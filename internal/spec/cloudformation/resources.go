package cloudformation

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"serin.dev/serin/internal/spec/specfile"
)

// parts are what the resources of a template say of the workload.
type parts struct {
	services []ecsService
	tasks    map[string]value // properties of the task definitions, by logical id
	nodes    []virtualNode
}

// replacements are the resource types of the mesh, the balancer and the logs that Serin has its own for.
var replacements = map[string]string{
	"AWS::ServiceDiscovery::Service":            "Serin's mesh finds the tasks itself",
	"AWS::AppMesh::VirtualService":              "Serin gives each service its name in the mesh",
	"AWS::AppMesh::VirtualRouter":               "Serin routes to each service's deployments by their weights",
	"AWS::AppMesh::Route":                       "Serin routes to each service's deployments by their weights",
	"AWS::Logs::LogGroup":                       "Serin keeps the logs of every deployment",
	"AWS::ElasticLoadBalancingV2::TargetGroup":  "Serin's gateway routes to the service",
	"AWS::ElasticLoadBalancingV2::Listener":     "Serin's gateway routes to the service",
	"AWS::ElasticLoadBalancingV2::ListenerRule": "Serin's gateway routes by deploy.json's Hosts and Path",
	"AWS::EC2::SecurityGroup":                   "only the mesh reaches a task",
	"AWS::CloudWatch::Alarm":                    "Serin judges a deployment by deploy.json's FailureThresholdValue and FailureThresholdTime",
}

// passedOver are the resource types that mean nothing outside AWS.
var passedOver = map[string]string{
	"AWS::IAM::Role":   "there are no roles here: a container has the credentials that its environment gives it",
	"AWS::IAM::Policy": "there are no roles here",
	"AWS::ApplicationAutoScaling::ScalableTarget":      "the service keeps its DesiredCount of tasks",
	"AWS::ApplicationAutoScaling::ScalingPolicy":       "the service keeps its DesiredCount of tasks",
	"AWS::CloudFormation::WaitConditionHandle":         "nothing waits for it",
	"AWS::ElasticLoadBalancingV2::ListenerCertificate": "Serin's gateway has its own certificates",
}

// attributes are what a resource may have besides its Type and Properties.
var attributes = []string{
	"Type", "Properties", "Condition", "DependsOn", "Metadata", "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy", "CreationPolicy",
}

// resources reads each that is not left out by its condition.
func (e *evaluator) resources(t template) parts {
	p := parts{tasks: map[string]value{}}
	for name, r := range specfile.Pairs(t.resources) {
		id := cut(name.Value)
		typ := resourceType(r)
		if typ == "" {
			e.Errorf(name.Line, id, "the resource has no Type: add one, such as AWS::ECS::TaskDefinition")
			continue
		}
		if !e.present(id, r) {
			e.Add(specfile.Ignored, name.Line, id, "its condition does not hold")
			continue
		}
		e.resource(name, typ, e.properties(r), &p)
	}
	return p
}

// present checks a resource's attributes and tells whether its condition holds.
func (e *evaluator) present(id string, r *yaml.Node) bool {
	present := true
	for k, v := range specfile.Pairs(r) {
		switch {
		case !slices.Contains(attributes, k.Value):
			e.Errorf(k.Line, id, "a resource has no attribute %s%s", quoted(k.Value), e.Hint(specfile.Error, k.Value, func() []string { return attributes }))
		case k.Value == "Condition":
			present = e.condition(v.Value, v.Line)
		case k.Value == "DependsOn":
			e.dependsOn(id, v)
		}
	}
	return present
}

// dependsOn checks that the names exist. Serin makes the parts of a task in its own order.
func (e *evaluator) dependsOn(id string, n *yaml.Node) {
	names := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		names = n.Content
	}
	for _, name := range names {
		name = specfile.Resolve(name)
		if _, ok := e.known[name.Value]; !ok || name.Kind != yaml.ScalarNode {
			e.Errorf(name.Line, join(id, "DependsOn"), "%s is no resource of this template", quoted(name.Value))
		}
	}
}

func (e *evaluator) properties(r *yaml.Node) value {
	n, ok := specfile.Lookup(r, "Properties")
	if !ok || specfile.Null(n) {
		return value{kind: object, line: r.Line}
	}
	return e.eval(n)
}

// resource reads one by its type.
func (e *evaluator) resource(name *yaml.Node, typ string, v value, p *parts) {
	id := name.Value
	switch typ {
	case "AWS::ECS::Service":
		p.services = append(p.services, e.ecsService(cut(id), name.Line, v))
	case "AWS::ECS::TaskDefinition":
		p.tasks[id] = v
	case "AWS::AppMesh::VirtualNode":
		p.nodes = append(p.nodes, e.virtualNode(cut(id), name.Line, v))
	default:
		e.other(cut(id), name.Line, typ)
	}
}

func (e *evaluator) other(id string, line int, typ string) {
	if by, ok := replacements[typ]; ok {
		e.Add(specfile.Replaced, line, id, "%s: %s", typ, by)
		return
	}
	if why, ok := passedOver[typ]; ok {
		e.Add(specfile.Ignored, line, id, "%s: %s", typ, why)
		return
	}
	if strings.HasPrefix(typ, "Custom::") || typ == "AWS::CloudFormation::CustomResource" {
		e.Errorf(line, id, "%s is a custom resource, made by a Lambda function: create it outside of the template", quoted(typ))
		return
	}
	e.Errorf(line, id, "Serin does not know the resource type %s: create it outside of the template, and give the service what it needs by Environment", quoted(typ))
}
