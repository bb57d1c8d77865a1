package app

import (
	"context"
	"io"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// runs shows and steers runs.
type runs struct{ *App }

// Runs implements api.Runs.
func (a runs) Runs(ctx context.Context, service *delivery.ServiceID, limit int) ([]pipeline.Run, error) {
	return a.store.Runs(ctx, service, limit)
}

// Run implements api.Runs.
func (a runs) Run(ctx context.Context, id delivery.RunID) (pipeline.Run, error) {
	return a.store.Run(ctx, id)
}

// Cancel implements api.Runs.
func (a runs) Cancel(ctx context.Context, id delivery.RunID, by string) error {
	return a.pipelines.Cancel(ctx, id, by)
}

// Log implements api.Runs.
func (a runs) Log(ctx context.Context, id delivery.RunID, follow bool, w io.Writer) error {
	return a.logs.Read(ctx, id, follow, w)
}

// Changed implements api.Runs.
func (a runs) Changed() <-chan struct{} { return a.runsChanged.Changed() }

// tokens shows, issues and withdraws tokens.
type tokens struct{ *App }

// Tokens implements api.Tokens.
func (a tokens) Tokens(ctx context.Context) ([]api.Token, error) {
	stored, err := a.access.List(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.Token, len(stored))
	for i, t := range stored {
		list[i] = showToken(t)
	}
	return list, nil
}

func showToken(t access.Token) api.Token {
	return api.Token{ID: t.ID, Name: t.Name, Role: string(t.Role), Created: t.Created}
}

// IssueToken implements api.Tokens.
func (a tokens) IssueToken(ctx context.Context, n api.NewToken) (api.IssuedToken, error) {
	role, err := access.ParseRole(n.Role)
	if err != nil {
		return api.IssuedToken{}, err
	}
	text, t, err := a.access.Issue(ctx, n.Name, role)
	return api.IssuedToken{Token: showToken(t), Secret: text}, err
}

// RevokeToken implements api.Tokens.
func (a tokens) RevokeToken(ctx context.Context, id string) error { return a.access.Withdraw(ctx, id) }
