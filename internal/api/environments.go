package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// InEnvironment is the path of what an environment holds. It is exported since huma passes over fields that are not.
type InEnvironment struct {
	Env string `path:"env" doc:"environment"`
}

func (s *server) environments(api huma.API) {
	get(s, api, "list-environments", "/api/v1/environments", "All environments", func(ctx context.Context, _ *struct{}) ([]Environment, error) {
		return s.Catalogue.Environments(ctx)
	})
	get(s, api, "get-environment", "/api/v1/environments/{env}", "One environment", func(ctx context.Context, in *InEnvironment) (Environment, error) {
		return s.Catalogue.Environment(ctx, in.Env)
	})
	call(s, api, roleAdmin, huma.Operation{
		OperationID: "create-environment", Method: http.MethodPost, Path: "/api/v1/environments",
		Summary: "Create an environment with its gateway", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Body NewEnvironment }) (Environment, error) {
		return s.Catalogue.CreateEnvironment(ctx, in.Body)
	})
	act(s, api, roleAdmin, huma.Operation{
		OperationID: "delete-environment", Method: http.MethodDelete, Path: "/api/v1/environments/{env}",
		Summary: "Delete an environment that has no services",
	}, func(ctx context.Context, in *InEnvironment) error {
		return s.Catalogue.DeleteEnvironment(ctx, in.Env)
	})
	get(s, api, "list-proxies", "/api/v1/environments/{env}/proxies", "The mesh's proxies", func(ctx context.Context, in *InEnvironment) ([]Proxy, error) {
		return s.Catalogue.Proxies(ctx, in.Env)
	})
}
