package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"serin.dev/serin/internal/delivery"
)

const servicesPath = "/api/v1/environments/{env}/services"

// InService is the path of what a service holds.
type InService struct {
	Env     string `path:"env" doc:"environment"`
	Service string `path:"service" doc:"service"`
}

func (p InService) id() delivery.ServiceID {
	return delivery.ServiceID{Environment: p.Env, Name: p.Service}
}

func (s *server) services(api huma.API) {
	get(s, api, "list-services", servicesPath, "The services of an environment", func(ctx context.Context, in *InEnvironment) ([]Service, error) {
		return s.Catalogue.Services(ctx, in.Env)
	})
	get(s, api, "get-service", servicesPath+"/{service}", "One service", func(ctx context.Context, in *InService) (Service, error) {
		return s.Catalogue.Service(ctx, in.id())
	})
	get(s, api, "get-weights", servicesPath+"/{service}/weights", "Who gets which share of a service's traffic", func(ctx context.Context, in *InService) (delivery.Weights, error) {
		return s.weights(ctx, in.id())
	})
	call(s, api, roleAdmin, huma.Operation{
		OperationID: "create-service", Method: http.MethodPost, Path: servicesPath,
		Summary: "Create a service: repository, image repository and pipeline", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		InEnvironment
		Body NewService
	},
	) (Service, error) {
		return s.Catalogue.CreateService(ctx, in.Env, in.Body)
	})
	call(s, api, roleAdmin, huma.Operation{
		OperationID: "set-pipeline", Method: http.MethodPatch, Path: servicesPath + "/{service}", Summary: "Change some of a service's pipeline",
	}, func(ctx context.Context, in *struct {
		InService
		Body PipelineChange
	},
	) (Service, error) {
		service, err := s.Catalogue.Service(ctx, in.id())
		if err != nil {
			return Service{}, err
		}
		return s.Catalogue.SetPipeline(ctx, in.id(), in.Body.apply(service.Pipeline))
	})
	act(s, api, roleAdmin, huma.Operation{
		OperationID: "delete-service", Method: http.MethodDelete, Path: servicesPath + "/{service}",
		Summary: "Delete a service: its tasks are drained and removed, then its repository and images",
	}, func(ctx context.Context, in *InService) error {
		return s.Catalogue.DeleteService(ctx, in.id())
	})
}

// weights are those of the rollout under way, else everything on stable.
func (s *server) weights(ctx context.Context, id delivery.ServiceID) (delivery.Weights, error) {
	service, err := s.Catalogue.Service(ctx, id)
	if err != nil {
		return nil, err
	}
	if service.Rollout != nil {
		return service.Rollout.Weights, nil
	}
	if service.Stable != nil {
		return delivery.All(service.Stable.ID.Number), nil
	}
	return delivery.Weights{}, nil
}
