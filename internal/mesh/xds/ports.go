package xds

import (
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// Tokens tells whose join token it is; it fails with delivery.Unauthorized.
type Tokens interface {
	Verify(token string) (delivery.TaskID, error)
}

// Evidence takes what proxies counted. It is called often and must not block.
type Evidence interface {
	Record(samples []evidence.Sample)
}
