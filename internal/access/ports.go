package access

import "context"

// Store keeps tokens.
type Store interface {
	// PutToken stores a new token. It fails with delivery.Conflict when its id is taken.
	PutToken(ctx context.Context, t Token) error
	// Token fails with delivery.NotFound when there is none of that id.
	Token(ctx context.Context, id string) (Token, error)
	// Tokens gives all, by creation and then id.
	Tokens(ctx context.Context) ([]Token, error)
	// DeleteToken fails with delivery.NotFound when there is none of that id.
	DeleteToken(ctx context.Context, id string) error
}
