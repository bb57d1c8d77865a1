package access

import "serin.dev/serin/internal/delivery"

// Principal is who makes a request.
type Principal struct {
	ID   string // of the token or grant
	Name string // for people: the token's name, or what the grant is for
	Role Role   // "" for a grant
	// scope is what a grant is good for; nil for a token.
	scope *Scope
}

// Scope is what a grant is good for: images only.
type Scope struct {
	Repository delivery.ServiceID // the zero value: all of them
	Pull, Push bool
}

// May fails with Forbidden unless the principal has a token whose role allows what the needed role does.
func (p Principal) May(needed Role) error {
	switch {
	case p.scope != nil:
		return delivery.Errorf(delivery.Forbidden, "%s holds a credential for images alone: use a token with the role %s", p.Name, needed)
	case !p.Role.Allows(needed):
		return delivery.Errorf(delivery.Forbidden, "token %s (%s) has the role %s, and this needs %s: ask an administrator for `serin token create --role %s`", p.ID, p.Name, p.Role, needed, needed)
	}
	return nil
}

// MayPull fails with Forbidden unless images may be pulled from the service's repository.
func (p Principal) MayPull(service delivery.ServiceID) error {
	if p.scope == nil {
		return p.May(Read)
	}
	return p.scoped(service, p.scope.Pull, "pull from")
}

// MayPush fails with Forbidden unless images may be pushed to the service's repository.
func (p Principal) MayPush(service delivery.ServiceID) error {
	if p.scope == nil {
		return p.May(Deploy)
	}
	return p.scoped(service, p.scope.Push, "push to")
}

func (p Principal) scoped(service delivery.ServiceID, allowed bool, verb string) error {
	if !allowed || (p.scope.Repository != delivery.ServiceID{} && p.scope.Repository != service) {
		return delivery.Errorf(delivery.Forbidden, "%s may not %s the repository %s: a build may use its own service's alone", p.Name, verb, service)
	}
	return nil
}
