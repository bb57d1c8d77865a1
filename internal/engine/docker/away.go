package docker

import (
	"errors"
	"io"
	"syscall"

	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// away tells whether Docker did not answer, or stopped in the middle of an answer.
func away(err error) bool {
	return client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// answered makes Docker being away Unavailable, with a sentence.
func answered(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case away(err):
		return delivery.Errorf(delivery.Unavailable, "%s: Docker does not answer; start it, or see why it is down (docker info): %w", doing, err)
	}
	return delivery.Errorf(delivery.Unavailable, "%s: %w", doing, err)
}
