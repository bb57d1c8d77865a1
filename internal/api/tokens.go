package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (s *server) tokens(api huma.API) {
	call(s, api, roleAdmin, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/api/v1/tokens", Summary: "All tokens, without their secrets",
	}, func(ctx context.Context, _ *struct{}) ([]Token, error) { return s.Tokens.Tokens(ctx) })
	call(s, api, roleAdmin, huma.Operation{
		OperationID: "issue-token", Method: http.MethodPost, Path: "/api/v1/tokens",
		Summary: "Make a token; its secret is shown this once", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct{ Body NewToken }) (IssuedToken, error) {
		return s.Tokens.IssueToken(ctx, in.Body)
	})
	act(s, api, roleAdmin, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/api/v1/tokens/{id}", Summary: "Make a token useless at once",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) error {
		return s.Tokens.RevokeToken(ctx, in.ID)
	})
}
