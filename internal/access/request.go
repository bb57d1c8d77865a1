package access

import (
	"net/http"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// FromRequest tells who makes a request: by "Authorization: Bearer <token>", or Basic with the token as the password
// of any user, as git and docker send it. It fails with Unauthorized when there is no token or a wrong one.
func (a *Access) FromRequest(r *http.Request) (Principal, error) {
	credential, ok := bearer(r)
	if !ok {
		_, credential, ok = r.BasicAuth()
	}
	if !ok || credential == "" {
		return Principal{}, delivery.Errorf(delivery.Unauthorized, "a token is needed: log in with `serin login`, or give one as \"Authorization: Bearer <token>\" or as the password of any user")
	}
	return a.Authenticate(r.Context(), credential)
}

func bearer(r *http.Request) (string, bool) {
	scheme, credential, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(credential), ok && strings.EqualFold(scheme, "bearer")
}
