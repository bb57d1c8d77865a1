package cloudformation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
	"serin.dev/serin/internal/workload"
)

const full = `
Resources:
  Service:
    Type: AWS::ECS::Service
    Properties:
      DesiredCount: "3"
      TaskDefinition: !Ref Task
      LoadBalancers: [{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !ImportValue unknown}]
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: .5 vCPU
      Memory: 1 GB
      ContainerDefinitions:
        - Name: init
          Image: busybox
          Essential: false
          Command: [sh, -c, "true"]
        - Name: web
          Image: r/shop/cart:1
          EntryPoint: [/entry]
          Cpu: 128
          Memory: 256
          User: "1000:1000"
          WorkingDirectory: /srv
          StopTimeout: 30
          Environment: [{Name: A, Value: 1}, {Name: B, Value: ''}]
          Secrets: [{Name: TOKEN, ValueFrom: /shop/token}]
          Ulimits: [{Name: nofile, SoftLimit: 1024, HardLimit: 2048}]
          HealthCheck: {Command: [CMD-SHELL, "curl localhost"], Interval: 10, StartPeriod: 20}
          DependsOn: [{ContainerName: init, Condition: SUCCESS}, {ContainerName: mesh, Condition: HEALTHY}]
          PortMappings: [{ContainerPort: 8080}, {ContainerPort: 53, Protocol: udp}]
        - Name: side
          Image: fluentd
          DependsOn: [{ContainerName: web, Condition: HEALTHY}]
        - Name: mesh
          Image: public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.0.0-prod@sha256:00
          Environment: [{Name: X, Value: !ImportValue anything}]
        - Name: trace
          Image: public.ecr.aws/xray/aws-xray-daemon:latest
        - Name: router
          Image: amazon/aws-for-fluent-bit
          FirelensConfiguration: {Type: fluentbit}
  Node:
    Type: AWS::AppMesh::VirtualNode
    Properties:
      Spec:
        Listeners:
          - PortMapping: {Port: 8080, Protocol: HTTP}
            HealthCheck: {Protocol: http, Path: /up, HealthyThreshold: 3, UnhealthyThreshold: 4, TimeoutMillis: 2500, IntervalMillis: 7000}
        Backends:
          - VirtualService: {VirtualServiceName: db.shop.local}
          - VirtualService: {VirtualServiceName: cache}
`

func TestWorkload(t *testing.T) {
	w, notes, err := cloudformation.Evaluate("t.yaml", []byte(full), given)
	if err != nil {
		t.Fatal(err)
	}
	want := workload.Workload{
		App: "web", Port: 8080, Protocol: delivery.HTTP, Replicas: 3, CPU: 512, Memory: 1 << 30,
		Backends: []string{"db", "cache"}, BackendsDeclared: true, Exposed: true,
		Check: workload.HealthCheck{
			Protocol: delivery.HTTP, Port: 8080, Path: "/up", Interval: 7 * time.Second, Timeout: 2500 * time.Millisecond, Healthy: 3, Unhealthy: 4,
		},
		Containers: []workload.Container{
			{Name: "init", Image: "busybox", Command: []string{"sh", "-c", "true"}},
			{
				Name: "web", Image: "r/shop/cart:1", Entrypoint: []string{"/entry"}, CPU: 128, Memory: 256 << 20, User: "1000:1000",
				WorkingDir: "/srv", StopTimeout: 30 * time.Second, Essential: true,
				Environment: map[string]string{"A": "1", "B": ""},
				Secrets:     map[string]string{"TOKEN": "/shop/token"},
				Ulimits:     []workload.Ulimit{{Name: "nofile", Soft: 1024, Hard: 2048}},
				Health: &workload.ContainerHealth{
					Command: []string{"CMD-SHELL", "curl localhost"}, Interval: 10 * time.Second, Timeout: 5 * time.Second, Retries: 3, StartPeriod: 20 * time.Second,
				},
				DependsOn: []workload.Dependency{{Container: "init", Condition: workload.Success}},
			},
			{
				Name: "side", Image: "fluentd", Essential: true,
				DependsOn: []workload.Dependency{{Container: "web", Condition: workload.Healthy}},
			},
		},
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	told := fmt.Sprint(notes)
	for _, want := range []string{
		"[mesh]: App Mesh's proxy is replaced", "[trace]: the X-Ray daemon is replaced", "[router]: the log router is replaced",
		"mesh is replaced, so nothing waits for it", "port 53 is udp",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not in %s", want, told)
		}
	}
}

func TestWithoutNodeAndService(t *testing.T) {
	w, _, err := cloudformation.Evaluate("t.yaml", []byte(task), given)
	if err != nil {
		t.Fatal(err)
	}
	want := workload.Workload{
		App: "app", Port: 8080, Protocol: delivery.HTTP, Replicas: 1, Check: workload.DefaultCheck(8080),
		Containers: []workload.Container{{Name: "app", Image: "i", Essential: true}},
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
}

// TestWorkloadErrors changes the full template in one place.
func TestWorkloadErrors(t *testing.T) {
	for _, c := range []struct{ old, next, want string }{
		{"StopTimeout: 30", "Privileged: true", "a privileged container would own the machine"},
		{"StopTimeout: 30", "LinuxParameters: {Capabilities: {Add: [NET_ADMIN]}}", "it would open the machine"},
		{"StopTimeout: 30", "Links: [db]", "call them at localhost"},
		{"StopTimeout: 30", "MountPoints: [{SourceVolume: data}]", `the task has no volume "data"`},
		{"StopTimeout: 30", "StopTimeout: soon", "it must be a whole number from 0 to 3600"},
		{"Memory: 1 GB", "Volumes: [{Name: data, Host: {SourcePath: /etc}}]", "it would give a folder of the machine"},
		{"Memory: 1 GB", "NetworkMode: host", "host would share the machine's network"},
		{"Memory: 1 GB", "PidMode: host", "remove it"},
		{"Memory: 1 GB", "Memory: lots", "it must be MiB such as 512"},
		{"Memory: 1 GB", "Volumes: [{Name: data}]\n      InferenceAccelerators: []", "no accelerators"},
		{`DesiredCount: "3"`, "DesiredCount: 101", "from 0 to 100"},
		{`DesiredCount: "3"`, "SchedulingStrategy: DAEMON", "only REPLICA is run"},
		{"TaskDefinition: !Ref Task", "TaskDefinition: arn:x", "it must be !Ref and the name"},
		{"TaskDefinition: !Ref Task", "TaskDefinition: !Ref Node", "it must be !Ref and the name"},
		{"ContainerName: web, ContainerPort: 8080", "ContainerName: web, ContainerPort: 80", "ContainerPort is 80, and the service listens on 8080"},
		{"ContainerName: web, ContainerPort: 8080", "ContainerName: wbe, ContainerPort: 8080", `the task has no container "wbe"`},
		{"Port: 8080, Protocol: HTTP", "Port: 80, Protocol: HTTP", "it is 80, and Port in deploy.json is 8080"},
		{"Port: 8080, Protocol: HTTP", "Port: 8080, Protocol: tcp", "it is tcp, and Protocol in deploy.json is http"},
		{"Port: 8080, Protocol: HTTP", "Port: 8080, Protocol: udp", "it must be http, http2, grpc or tcp"},
		{"db.shop.local", "db.other.local", `"db.other.local" is no service of this environment`},
		{"Path: /up", "Path: up", "it must be a path"},
		{"ContainerName: init, Condition: SUCCESS", "ContainerName: nobody, Condition: START", `the task has no container "nobody"`},
		{"ContainerName: init, Condition: SUCCESS", "ContainerName: init, Condition: HEALTHY", "init has no HealthCheck"},
		{"ContainerName: init, Condition: SUCCESS", "ContainerName: side, Condition: START", "for itself"},
		{"ContainerName: init, Condition: SUCCESS", "ContainerName: side, Condition: SUCCESS", "side is essential"},
		{"ContainerName: init, Condition: SUCCESS", "ContainerName: init, Condition: READY", "START, COMPLETE, SUCCESS or HEALTHY"},
		{`[CMD-SHELL, "curl localhost"]`, "[curl]", "CMD-SHELL"},
		{"Name: init", "Name: web", "two containers are called \"web\""},
		{"Name: init", "Name: a b", "it must be 1 to 63 letters"},
		{"Image: busybox", "Image: !ImportValue unknown", `the import "unknown"`},
		{"Image: busybox", "Imagine: busybox", "[init].Image: it is missing"},
		{"Name: A, Value: 1", "Name: A=, Value: 1", "a name has no ="},
	} {
		text := strings.Replace(full, c.old, c.next, 1)
		if text == full {
			t.Fatalf("%q is not in the template", c.old)
		}
		_, _, err := cloudformation.Evaluate("t.yaml", []byte(text), given)
		if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q is not in: %v", c.next, c.want, err)
		}
	}
}
