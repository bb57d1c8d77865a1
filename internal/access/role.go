package access

import "serin.dev/serin/internal/delivery"

// Role is what a token allows. Each role allows all that those after it do.
type Role string

const (
	Admin  Role = "admin"  // everything
	Deploy Role = "deploy" // push, deploy, steer rollouts, read
	Read   Role = "read"   // look, clone, pull
)

// ParseRole fails with Invalid unless s is a role.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Admin, Deploy, Read:
		return r, nil
	}
	return "", delivery.Errorf(delivery.Invalid, "role %q: it must be admin, deploy or read", s)
}

// Allows tells whether the role allows what another role allows.
func (r Role) Allows(needed Role) bool { return r.rank() >= needed.rank() && r.rank() > 0 }

func (r Role) rank() int {
	switch r {
	case Admin:
		return 3
	case Deploy:
		return 2
	case Read:
		return 1
	}
	return 0
}
