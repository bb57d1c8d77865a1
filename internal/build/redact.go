package build

import (
	"bytes"
	"io"
	"slices"
	"sync"
)

// redactor writes through and replaces secrets by asterisks, also one that is cut by two writes: it holds back the
// longest tail that could be a secret's beginning. Several may write at once.
type redactor struct {
	mu      sync.Mutex
	to      io.Writer
	secrets [][]byte
	held    []byte
}

// redact keeps secrets of at least 4 bytes out of what is written to w.
func redact(w io.Writer, secrets []string) *redactor {
	r := &redactor{to: w}
	for _, s := range secrets {
		if len(s) >= 4 { // shorter ones would blot out ordinary text and protect nothing
			r.secrets = append(r.secrets, []byte(s))
		}
	}
	slices.SortFunc(r.secrets, func(a, b []byte) int { return len(b) - len(a) }) // a secret may contain another
	return r
}

// Write implements io.Writer.
func (r *redactor) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := append(r.held, p...)
	for _, secret := range r.secrets {
		text = bytes.ReplaceAll(text, secret, []byte("***"))
	}
	keep := r.tail(text)
	_, err := r.to.Write(text[:len(text)-keep])
	r.held = slices.Clone(text[len(text)-keep:])
	return len(p), err
}

// Flush writes what is held back.
func (r *redactor) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.to.Write(r.held)
	r.held = nil
	return err
}

// tail is the length of the longest end of text that a secret begins with.
func (r *redactor) tail(text []byte) int {
	longest := 0
	for _, secret := range r.secrets {
		for n := min(len(secret)-1, len(text)); n > longest; n-- {
			if bytes.HasPrefix(secret, text[len(text)-n:]) {
				longest = n
				break
			}
		}
	}
	return longest
}
