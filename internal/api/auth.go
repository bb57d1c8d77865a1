package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Roles, each of which may do what the one before may.
const (
	roleRead   = "read"
	roleDeploy = "deploy"
	roleAdmin  = "admin"
)

// caller keys the name of who asks in an operation's context.
type caller struct{}

// callerOf gives the name of who asks.
func callerOf(ctx context.Context) string {
	name, _ := ctx.Value(caller{}).(string)
	return name
}

// guarded lets only a bearer of the role's token reach an operation.
func (s *server) guarded(api huma.API, role string, op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{"token": {}}}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		name, err := s.Authenticate(r, role)
		if err != nil {
			problem(err).send(ctx)
			return
		}
		next(huma.WithValue(ctx, caller{}, name))
	})
	return op
}
