package api

import (
	"encoding/json"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/topology"
	"serin.dev/serin/internal/workload"
)

// Environment is a set of services that call each other, with one gateway.
type Environment struct {
	Name       string    `json:"name"`
	GatewayURL string    `json:"gateway_url" doc:"where users arrive"`
	Created    time.Time `json:"created"`
}

// NewEnvironment asks for an environment.
type NewEnvironment struct {
	Name        string `json:"name"`
	GatewayPort int    `json:"gateway_port,omitempty" minimum:"0" maximum:"65535" doc:"host port; 0: one that is free is chosen and kept"`
}

// Service is what callers name.
type Service struct {
	ID         delivery.ServiceID `json:"id"`
	Namespace  string             `json:"namespace,omitempty"`
	VIP        string             `json:"vip,omitempty" doc:"its virtual IP inside the environment"`
	Port       int                `json:"port,omitempty" doc:"callers' port; 0 until the first deployment says it"`
	Protocol   delivery.Protocol  `json:"protocol,omitempty"`
	Exposed    bool               `json:"exposed" doc:"the gateway routes to it"`
	Hosts      []string           `json:"hosts,omitempty"`
	Path       string             `json:"path,omitempty"`
	Stable     *Deployment        `json:"stable,omitempty"`
	Rollout    *Rollout           `json:"rollout,omitempty" doc:"the one under way"`
	Pipeline   pipeline.Settings  `json:"pipeline"`
	Repository string             `json:"repository" doc:"URL to push to"`
	Image      string             `json:"image" doc:"its image repository: registry host, environment and service"`
	Created    time.Time          `json:"created"`
}

// NewService asks for a service: a repository, an image repository and a pipeline.
type NewService struct {
	Name     string            `json:"name"`
	Pipeline pipeline.Settings `json:"pipeline,omitzero"`
}

// PipelineChange changes what it names of a service's pipeline.
type PipelineChange struct {
	Branch      *string               `json:"branch,omitempty" doc:"the branch that is released"`
	OnNewerPush *pipeline.OnNewerPush `json:"on_newer_push,omitempty" enum:"replace,queue"`
	BuildLimit  *time.Duration        `json:"build_limit,omitempty" doc:"nanoseconds; 0: an hour"`
}

func (c PipelineChange) apply(s pipeline.Settings) pipeline.Settings {
	if c.Branch != nil {
		s.Branch = *c.Branch
	}
	if c.OnNewerPush != nil {
		s.OnNewerPush = *c.OnNewerPush
	}
	if c.BuildLimit != nil {
		s.BuildLimit = *c.BuildLimit
	}
	return s
}

// Deployment is one numbered attempt to run a revision.
type Deployment struct {
	ID       delivery.DeploymentID `json:"id"`
	Revision delivery.Revision     `json:"revision"`
	Policy   delivery.Policy       `json:"policy"`
	Workload workload.Workload     `json:"workload"`
	Author   string                `json:"author,omitempty"`
	Message  string                `json:"message,omitempty"`
	Run      delivery.RunID        `json:"run,omitempty"`
	Created  time.Time             `json:"created"`
	Weight   int                   `json:"weight" doc:"basis points of the service's traffic that go to it now"`
	Tasks    []Task                `json:"tasks,omitempty"`
}

// Task is one replica: what the engine and its proxy say.
type Task struct {
	workload.Task
	Health topology.Health `json:"health"`
	Detail string          `json:"detail,omitempty" doc:"the last check's outcome"`
}

// NewDeployment deploys a ready-made image.
type NewDeployment struct {
	Image     string            `json:"image" doc:"by tag or digest; it is pinned to its digest"`
	Port      int               `json:"port" minimum:"1" maximum:"65535" doc:"where the app listens, and callers' port for a first deployment"`
	Protocol  delivery.Protocol `json:"protocol" enum:"http,http2,grpc,tcp"`
	Expose    *bool             `json:"expose,omitempty" doc:"let the gateway route to it; absent: as it does to the stable deployment"`
	Replicas  int               `json:"replicas,omitempty" minimum:"0" maximum:"100" doc:"0: 1"`
	Command   []string          `json:"command,omitempty" doc:"instead of the image's"`
	Env       map[string]string `json:"env,omitempty"`
	CheckPath string            `json:"check_path,omitempty" doc:"HTTP path of the in-task health check; empty: does the port accept?"`
	Backends  []string          `json:"backends,omitempty" doc:"services it may call; none: all of its environment"`
	Policy    *delivery.Policy  `json:"policy,omitempty" doc:"absent: the stable deployment's, or 25 % every 60 s"`
}

// Rollout is the process that makes a deployment stable or removes it.
type Rollout struct {
	ID         delivery.RolloutID    `json:"id"`
	Deployment delivery.DeploymentID `json:"deployment"`
	Previous   int                   `json:"previous" doc:"number of the deployment that was stable when it began; 0: none"`
	Phase      string                `json:"phase" doc:"CheckDeploymentVersion, DeployNewVersion, ShiftTraffic, Wait, GatherHealth, PromoteVersion, RemoveOldVersion, RollBack or how it ended: Succeeded, RolledBack, Aborted, Superseded, CleanupFailed"`
	Hold       string                `json:"hold,omitempty" doc:"what keeps it from going on: paused, approval, freeze"`
	Intent     string                `json:"intent,omitempty" doc:"what was asked of it: promote, abort, replace"`
	Percent    int                   `json:"percent" doc:"of the traffic"`
	Weights    delivery.Weights      `json:"weights"`
	Verdict    string                `json:"verdict,omitempty" doc:"the last judgement, a sentence with its numbers"`
	Judgement  *evidence.Verdict     `json:"judgement,omitempty" doc:"the same, with whose it is and what it rests on"`
	Reason     string                `json:"reason,omitempty" doc:"why it rolled back or waits"`
	Waiting    []string              `json:"waiting,omitempty" doc:"proxies that have not acknowledged yet"`
	Canary     Counts                `json:"canary" doc:"what callers got from the new deployment since it got traffic"`
	Created    time.Time             `json:"created"`
	Since      time.Time             `json:"since" doc:"when the phase began"`
	Ended      bool                  `json:"ended"`
}

// Counts are attempts at a deployment, and how they failed, each in one way.
type Counts struct {
	Attempts       uint64 `json:"attempts" doc:"HTTP requests tried, first tries and retries; TCP connections tried"`
	Errors5xx      uint64 `json:"errors_5xx"`
	ErrorsGRPC     uint64 `json:"errors_grpc"`
	ConnectFailed  uint64 `json:"connect_failed"`
	Resets         uint64 `json:"resets"`
	Timeouts       uint64 `json:"timeouts"`
	FallbackServed uint64 `json:"fallback_served" doc:"of the attempts, those that were retries of another deployment's failure"`
	FallbackFailed uint64 `json:"fallback_failed"`
}

// CountsOf leaves out how long answers took: the evidence has it.
func CountsOf(c evidence.Counts) Counts {
	return Counts{
		Attempts: c.Attempts, Errors5xx: c.Errors5xx, ErrorsGRPC: c.ErrorsGRPC, ConnectFailed: c.ConnectFailed,
		Resets: c.Resets, Timeouts: c.Timeouts, FallbackServed: c.FallbackServed, FallbackFailed: c.FallbackFailed,
	}
}

// Failed sums all ways to fail.
func (c Counts) Failed() uint64 {
	return c.Errors5xx + c.ErrorsGRPC + c.ConnectFailed + c.Resets + c.Timeouts
}

// Event is one row of a rollout's history.
type Event struct {
	Seq     int             `json:"seq"`
	At      time.Time       `json:"at"`
	Phase   string          `json:"phase"`
	Summary string          `json:"summary" doc:"what happened, a sentence"`
	Input   json.RawMessage `json:"input,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	Error   string          `json:"error,omitempty"`
	Attempt int             `json:"attempt"`
}

// Proxy is one Envoy of the mesh.
type Proxy struct {
	Task       delivery.TaskID `json:"task"`
	Connected  bool            `json:"connected"`
	Configured bool            `json:"configured" doc:"it has ACKed all its configuration"`
	Version    string          `json:"version,omitempty"`
	Health     topology.Health `json:"health"`
	Error      string          `json:"error,omitempty" doc:"the last configuration it rejected, and why; or why its task does not run"`
}

// Token is a bearer token without its secret.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    string    `json:"role" enum:"admin,deploy,read"`
	Created time.Time `json:"created"`
}

// NewToken asks for a token.
type NewToken struct {
	Name string `json:"name" minLength:"1" maxLength:"60"`
	Role string `json:"role" enum:"admin,deploy,read"`
}

// IssuedToken is a new token; its secret is shown this once.
type IssuedToken struct {
	Token
	Secret string `json:"secret" doc:"the whole bearer token"`
}

// Version is what runs.
type Version struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	DataDir string    `json:"data_dir"`
}
