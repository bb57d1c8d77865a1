package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"serin.dev/serin/internal/delivery"
)

// Options are what the API needs.
type Options struct {
	Catalogue    Catalogue
	Deployments  Deployments
	Rollouts     Rollouts
	Runs         Runs
	Tokens       Tokens
	Authenticate Authenticate
	Version      func() Version
}

// server holds the operations.
type server struct{ Options }

// New makes the handler of everything below /api/.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Serin", o.Version().Version)
	config.OpenAPIPath = "/api/v1/openapi"
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema links in answers
	config.Transformers = []huma.Transformer{shaped}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	api := humago.New(mux, config)
	s := &server{o}
	s.environments(api)
	s.services(api)
	s.deployments(api)
	s.rollouts(api)
	s.runs(api)
	s.tokens(api)
	get(s, api, "version", "/api/v1/version", "What runs", func(context.Context, *struct{}) (Version, error) {
		return s.Version(), nil
	})
	declareProblems(api.OpenAPI())
	mux.HandleFunc("/", unknown)
	return mux
}

// unknown answers what no operation does.
func unknown(w http.ResponseWriter, r *http.Request) {
	p := problem(delivery.Errorf(delivery.NotFound, "there is no operation %s %s: /api/v1/openapi.json lists them", r.Method, r.URL.Path)).to(r.Context())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}

// declareProblems says in the contract that all that is no success is a Problem.
func declareProblems(contract *huma.OpenAPI) {
	failed := &huma.Response{
		Description: "What went wrong",
		Content: map[string]*huma.MediaType{"application/problem+json": {
			Schema: contract.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem"),
		}},
	}
	for _, path := range contract.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Patch, path.Delete} {
			if op != nil {
				op.Responses["default"] = failed
			}
		}
	}
	delete(contract.Components.Schemas.Map(), "ErrorModel")
	delete(contract.Components.Schemas.Map(), "ErrorDetail")
}

// answered is the shape huma wants of an answer.
type answered[O any] struct{ Body O }

// call registers an operation that needs a role.
func call[I, O any](s *server, api huma.API, role string, op huma.Operation, do func(context.Context, *I) (O, error)) {
	huma.Register(api, s.guarded(api, role, op), func(ctx context.Context, in *I) (*answered[O], error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, problem(err)
		}
		return &answered[O]{out}, nil
	})
}

// get registers an operation that reads.
func get[I, O any](s *server, api huma.API, id, path, summary string, do func(context.Context, *I) (O, error)) {
	call(s, api, roleRead, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary}, do)
}

// act registers an operation that changes something and answers nothing.
func act[I any](s *server, api huma.API, role string, op huma.Operation, do func(context.Context, *I) error) {
	op.DefaultStatus = http.StatusNoContent
	huma.Register(api, s.guarded(api, role, op), func(ctx context.Context, in *I) (*struct{}, error) {
		if err := do(ctx, in); err != nil {
			return nil, problem(err)
		}
		return nil, nil
	})
}
