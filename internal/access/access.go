package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"serin.dev/serin/internal/delivery"
)

// Access gives out credentials and recognises them.
type Access struct {
	store Store
	now   func() time.Time

	withdrawing sync.Mutex // so that the last administrator stays

	mu     sync.Mutex
	grants map[string]grant // by id
}

// New makes an Access over a store; now tells the time.
func New(store Store, now func() time.Time) *Access {
	return &Access{store: store, now: now, grants: map[string]grant{}}
}

// Issue makes a token and gives its text, which nobody can get again.
func (a *Access) Issue(ctx context.Context, name string, role Role) (string, Token, error) {
	if _, err := ParseRole(string(role)); err != nil {
		return "", Token{}, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 80 || strings.ContainsFunc(name, unicode.IsControl) {
		return "", Token{}, delivery.Errorf(delivery.Invalid, "token name %q: it must have 1 to 80 characters, and say who uses it", name)
	}
	id := "t" + random()[:9]
	secret := random()
	t := Token{ID: id, Name: name, Role: role, Hash: hash(secret), Created: a.now().UTC().Truncate(time.Millisecond)}
	if err := a.store.PutToken(ctx, t); err != nil {
		return "", Token{}, err
	}
	return text(id, secret), t, nil
}

// List gives all tokens, by creation.
func (a *Access) List(ctx context.Context) ([]Token, error) { return a.store.Tokens(ctx) }

// Withdraw ends a token. It fails with Conflict when no other could administer Serin.
func (a *Access) Withdraw(ctx context.Context, id string) error {
	a.withdrawing.Lock()
	defer a.withdrawing.Unlock()
	tokens, err := a.store.Tokens(ctx)
	if err != nil {
		return err
	}
	admins, own := 0, false
	for _, t := range tokens {
		if t.Role == Admin {
			admins++
			own = own || t.ID == id
		}
	}
	if own && admins == 1 {
		return delivery.Errorf(delivery.Conflict, "token %s is the last with the role admin: create another first, with `serin token create --role admin`", id)
	}
	return a.store.DeleteToken(ctx, id)
}

// Authenticate tells whose credential a text is. It fails with Unauthorized when it is nobody's.
func (a *Access) Authenticate(ctx context.Context, credential string) (Principal, error) {
	id, secret, ok := parse(credential)
	if !ok {
		return Principal{}, delivery.Errorf(delivery.Unauthorized, "the token is not one of Serin's: they look like serin_<id>_<secret>; `serin token create` makes one")
	}
	if strings.HasPrefix(id, grantMark) {
		return a.granted(id, secret)
	}
	t, err := a.store.Token(ctx, id)
	if err != nil && !errors.Is(err, delivery.NotFound) {
		return Principal{}, err
	}
	// An unknown id is compared as well: with nothing, which no hash equals.
	if subtle.ConstantTimeCompare(hash(secret), t.Hash) != 1 {
		return Principal{}, delivery.Errorf(delivery.Unauthorized, "the token is wrong or was withdrawn: log in again with `serin login`")
	}
	return Principal{ID: t.ID, Name: t.Name, Role: t.Role}, nil
}
