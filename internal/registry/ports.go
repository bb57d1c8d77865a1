package registry

import (
	"net/http"

	"serin.dev/serin/internal/access"
)

// Authenticator tells who makes a request.
type Authenticator interface {
	// FromRequest fails with delivery.Unauthorized when there is no token or a wrong one.
	FromRequest(r *http.Request) (access.Principal, error)
}
