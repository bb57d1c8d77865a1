package source

import (
	"context"
	"net/http"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
)

// Push is a change of the released branch.
type Push struct {
	Service delivery.ServiceID
	Key     string // unique to the push: one that is delivered twice has the same
	Branch  string // "main"
	Commit  string // full name of the branch's new commit
	Old     string // of its old one; "" when the branch is new
	Pusher  string // the name of the token
	At      time.Time
}

// Pushes takes what was pushed.
type Pushes interface {
	// Deliver gives the run that a push became, once that is stored durably. It may be told of the same push again.
	Deliver(ctx context.Context, push Push) (delivery.RunID, error)
}

// Authenticator tells who makes a request.
type Authenticator interface {
	// FromRequest fails with delivery.Unauthorized when there is no token or a wrong one.
	FromRequest(r *http.Request) (access.Principal, error)
}
