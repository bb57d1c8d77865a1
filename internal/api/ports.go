package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// Environments and services.
type Catalogue interface {
	Environments(ctx context.Context) ([]Environment, error)
	Environment(ctx context.Context, name string) (Environment, error)
	CreateEnvironment(ctx context.Context, env NewEnvironment) (Environment, error)
	// DeleteEnvironment fails with delivery.Conflict while it has services.
	DeleteEnvironment(ctx context.Context, name string) error
	Services(ctx context.Context, environment string) ([]Service, error)
	Service(ctx context.Context, id delivery.ServiceID) (Service, error)
	CreateService(ctx context.Context, environment string, s NewService) (Service, error)
	SetPipeline(ctx context.Context, id delivery.ServiceID, s pipeline.Settings) (Service, error)
	DeleteService(ctx context.Context, id delivery.ServiceID) error
	Proxies(ctx context.Context, environment string) ([]Proxy, error)
}

// Deployments of a service.
type Deployments interface {
	Deployments(ctx context.Context, id delivery.ServiceID) ([]Deployment, error)
	Deployment(ctx context.Context, id delivery.DeploymentID) (Deployment, error)
	// Deploy starts the rollout of an image.
	Deploy(ctx context.Context, id delivery.ServiceID, d NewDeployment) (Rollout, error)
	// Logs writes the deployment's log lines, also of one that was removed.
	Logs(ctx context.Context, id delivery.DeploymentID, how LogOptions, w io.Writer) error
}

// LogOptions choose log lines.
type LogOptions struct {
	Follow bool
	Tail   int // the last lines of each container; 0: all
	Since  time.Time
}

// Rollouts under way and ended.
type Rollouts interface {
	// Rollouts are the newest first, at most limit; of one service when its name is given.
	Rollouts(ctx context.Context, service *delivery.ServiceID, limit int) ([]Rollout, error)
	Rollout(ctx context.Context, id delivery.RolloutID) (Rollout, error)
	History(ctx context.Context, id delivery.RolloutID) ([]Event, error)
	// Evidence writes what the rollout was judged by, as JSON Lines. It fails with delivery.NotFound when there is none.
	Evidence(ctx context.Context, id delivery.RolloutID, w io.Writer) error
	Abort(ctx context.Context, id delivery.RolloutID, by string) error
	Pause(ctx context.Context, id delivery.RolloutID, by string) error
	Resume(ctx context.Context, id delivery.RolloutID, by string) error
	Promote(ctx context.Context, id delivery.RolloutID, by string) error
	// Changed is closed when any rollout may have changed since the call.
	Changed() <-chan struct{}
}

// Runs of pipelines.
type Runs interface {
	// Runs are the newest first, at most limit; of one service when its name is given.
	Runs(ctx context.Context, service *delivery.ServiceID, limit int) ([]pipeline.Run, error)
	Run(ctx context.Context, id delivery.RunID) (pipeline.Run, error)
	Cancel(ctx context.Context, id delivery.RunID, by string) error
	Log(ctx context.Context, id delivery.RunID, follow bool, w io.Writer) error
	// Changed is closed when any run may have changed since the call.
	Changed() <-chan struct{}
}

// Tokens that open the API.
type Tokens interface {
	Tokens(ctx context.Context) ([]Token, error)
	IssueToken(ctx context.Context, t NewToken) (IssuedToken, error)
	RevokeToken(ctx context.Context, id string) error
}

// Authenticate says who asks: the name for histories, and whether the role may do what needs the given one.
// It fails with delivery.Unauthorized or delivery.Forbidden.
type Authenticate func(r *http.Request, role string) (name string, err error)
