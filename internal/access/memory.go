package access

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"serin.dev/serin/internal/delivery"
)

// Memory is a Store that forgets when the process ends.
type Memory struct {
	mu     sync.Mutex
	tokens map[string]Token
}

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{tokens: map[string]Token{}} }

// PutToken stores a new token.
func (m *Memory) PutToken(_ context.Context, t Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.tokens[t.ID]; ok {
		return delivery.Errorf(delivery.Conflict, "there is a token %s already", t.ID)
	}
	t.Hash = slices.Clone(t.Hash)
	m.tokens[t.ID] = t
	return nil
}

// Token gives the one of an id.
func (m *Memory) Token(_ context.Context, id string) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[id]
	if !ok {
		return Token{}, delivery.Errorf(delivery.NotFound, "there is no token %s: `serin token list` shows them", id)
	}
	return t, nil
}

// Tokens gives all, by creation and then id.
func (m *Memory) Tokens(context.Context) ([]Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tokens := make([]Token, 0, len(m.tokens))
	for _, t := range m.tokens {
		tokens = append(tokens, t)
	}
	slices.SortFunc(tokens, func(a, b Token) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return tokens, nil
}

// DeleteToken removes the one of an id.
func (m *Memory) DeleteToken(ctx context.Context, id string) error {
	if _, err := m.Token(ctx, id); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, id)
	return nil
}
