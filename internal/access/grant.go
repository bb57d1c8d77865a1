package access

import (
	"crypto/subtle"
	"time"

	"serin.dev/serin/internal/delivery"
)

// grantMark starts a grant's id, and no token's.
const grantMark = "g"

type grant struct {
	name    string
	scope   Scope
	hash    []byte
	expires time.Time
}

// Grant makes a credential for images that ends after ttl, or when it is revoked. Its name says for people who
// holds it, such as "build 12 of yelb/yelb-ui". The text serves as the password of any user.
func (a *Access) Grant(name string, scope Scope, ttl time.Duration) (credential string) {
	id, secret := grantMark+random()[:15], random()
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for id, g := range a.grants {
		if !now.Before(g.expires) {
			delete(a.grants, id)
		}
	}
	a.grants[id] = grant{name, scope, hash(secret), now.Add(ttl)}
	return text(id, secret)
}

// Revoke ends a grant at once. It does nothing about one that has ended already.
func (a *Access) Revoke(credential string) {
	id, secret, ok := parse(credential)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if subtle.ConstantTimeCompare(hash(secret), a.grants[id].hash) == 1 {
		delete(a.grants, id)
	}
}

func (a *Access) granted(id, secret string) (Principal, error) {
	a.mu.Lock()
	g := a.grants[id]
	a.mu.Unlock()
	if subtle.ConstantTimeCompare(hash(secret), g.hash) != 1 || !a.now().Before(g.expires) {
		return Principal{}, delivery.Errorf(delivery.Unauthorized, "the build's credential has ended: it is good only while its build runs")
	}
	return Principal{ID: id, Name: g.name, scope: &g.scope}, nil
}
