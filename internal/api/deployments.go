package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"serin.dev/serin/internal/delivery"
)

const deploymentsPath = servicesPath + "/{service}/deployments"

// InDeployment is the path of a deployment.
type InDeployment struct {
	InService
	Number int `path:"number" minimum:"1" doc:"the deployment's number"`
}

func (p InDeployment) id() delivery.DeploymentID {
	return delivery.DeploymentID{Service: p.InService.id(), Number: p.Number}
}

func (s *server) deployments(api huma.API) {
	get(s, api, "list-deployments", deploymentsPath, "A service's deployments, newest first", func(ctx context.Context, in *InService) ([]Deployment, error) {
		return s.Deployments.Deployments(ctx, in.id())
	})
	get(s, api, "get-deployment", deploymentsPath+"/{number}", "One deployment with its tasks", func(ctx context.Context, in *InDeployment) (Deployment, error) {
		return s.Deployments.Deployment(ctx, in.id())
	})
	call(s, api, roleDeploy, huma.Operation{
		OperationID: "deploy", Method: http.MethodPost, Path: deploymentsPath,
		Summary: "Deploy a ready-made image as a canary", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		InService
		Body NewDeployment
	},
	) (Rollout, error) {
		return s.Deployments.Deploy(ctx, in.id(), in.Body)
	})
	stream(s, api, "deployment-logs", deploymentsPath+"/{number}/logs", "Log lines, also of a deployment that was removed",
		func(ctx context.Context, in *struct {
			InDeployment
			Follow bool      `query:"follow"`
			Tail   int       `query:"tail" minimum:"0" doc:"the last lines of each container; 0: all"`
			Since  time.Time `query:"since"`
		}, w io.Writer,
		) error {
			return s.Deployments.Logs(ctx, in.id(), LogOptions{Follow: in.Follow, Tail: in.Tail, Since: in.Since}, w)
		})
}
