package cloudformation

import "serin.dev/serin/internal/spec/specfile"

// ecsService is what an AWS::ECS::Service says.
type ecsService struct {
	id        string
	line      int
	replicas  int
	task      string // logical id of its task definition, "" when that is wrong
	balancers []balancer
}

// balancer is an entry of LoadBalancers.
type balancer struct {
	container string
	port      int
	line      int
}

var serviceProperties = properties{
	acted: []string{"DesiredCount", "TaskDefinition", "LoadBalancers", "SchedulingStrategy"},
	ignored: []string{
		"AvailabilityZoneRebalancing", "CapacityProviderStrategy", "Cluster", "DeploymentController", "EnableECSManagedTags",
		"EnableExecuteCommand", "LaunchType", "PlacementConstraints", "PlacementStrategies", "PlatformVersion", "PropagateTags",
		"Role", "ServiceName", "Tags",
	},
	replaced: map[string]string{
		"DeploymentConfiguration":       "Serin starts the new version beside the old one and shifts the traffic",
		"HealthCheckGracePeriodSeconds": "a new version has deploy.json's DeployTimeout to become healthy",
		"NetworkConfiguration":          "each task has a network of its own, which only the mesh reaches",
		"ServiceConnectConfiguration":   "Serin's mesh connects the services",
		"ServiceRegistries":             "Serin's mesh finds the tasks itself",
	},
	refused: map[string]string{
		"VolumeConfigurations": "Serin has no volumes for a template: keep the data outside of the service",
	},
}

func (e *evaluator) ecsService(id string, line int, v value) ecsService {
	e.sort(v, id, serviceProperties)
	s := ecsService{
		id:       id,
		line:     line,
		replicas: e.integer(v.at("DesiredCount"), join(id, "DesiredCount"), 1, 0, 100),
		task:     e.taskOf(v.at("TaskDefinition"), line, join(id, "TaskDefinition")),
	}
	if strategy, ok := e.text(v.at("SchedulingStrategy"), join(id, "SchedulingStrategy")); ok && strategy != "REPLICA" {
		e.Add(specfile.Refused, v.at("SchedulingStrategy").line, join(id, "SchedulingStrategy"), "it is %s: only REPLICA is run: set DesiredCount", quoted(strategy))
	}
	for _, b := range e.each(v.at("LoadBalancers"), join(id, "LoadBalancers")) {
		s.balancers = append(s.balancers, e.balancer(b, join(id, "LoadBalancers")))
	}
	return s
}

// taskOf gives the logical id a service's TaskDefinition refers to.
func (e *evaluator) taskOf(v value, line int, subject string) string {
	if v.kind == absent {
		e.Errorf(line, subject, "it is missing: add TaskDefinition: !Ref and the task definition's name")
	}
	if v.kind != scalar {
		return ""
	}
	class, what, _ := opaque(v.text)
	if class != "ref" || e.known[what] != "AWS::ECS::TaskDefinition" {
		e.Errorf(v.line, subject, "it must be !Ref and the name of an AWS::ECS::TaskDefinition of this template")
		return ""
	}
	return what
}

func (e *evaluator) balancer(v value, subject string) balancer {
	e.sort(v, subject, properties{
		acted:   []string{"ContainerName", "ContainerPort"},
		ignored: []string{"TargetGroupArn", "LoadBalancerName", "AdvancedConfiguration"},
	})
	b := balancer{line: v.line, port: e.integer(v.at("ContainerPort"), join(subject, "ContainerPort"), 0, 1, 65535)}
	b.container, _ = e.text(v.at("ContainerName"), join(subject, "ContainerName"))
	return b
}
