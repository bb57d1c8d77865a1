// Package accesstest is the conformance suite of access.Store: every store passes it, the one in memory included.
package accesstest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
)

// Run tries a store; open gives an empty one.
func Run(t *testing.T, open func(t *testing.T) access.Store) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123_000_000, time.UTC)
	token := func(id string, created time.Time) access.Token {
		return access.Token{ID: id, Name: "laptop of " + id, Role: access.Deploy, Hash: bytes.Repeat([]byte{0, 255}, 16), Created: created}
	}

	t.Run("what was put is given back", func(t *testing.T) {
		s, want := open(t), token("ta", at)
		if err := s.PutToken(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Token(t.Context(), "ta")
		if err != nil {
			t.Fatal(err)
		}
		if !got.Created.Equal(want.Created) || !bytes.Equal(got.Hash, want.Hash) || got.ID != want.ID || got.Name != want.Name || got.Role != want.Role {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("an id is given once", func(t *testing.T) {
		s := open(t)
		if err := s.PutToken(t.Context(), token("ta", at)); err != nil {
			t.Fatal(err)
		}
		if err := s.PutToken(t.Context(), token("ta", at)); !errors.Is(err, delivery.Conflict) {
			t.Errorf("the second put gave %v, want a conflict", err)
		}
	})
	t.Run("all are listed by creation", func(t *testing.T) {
		s := open(t)
		for _, x := range []access.Token{token("tc", at), token("ta", at.Add(time.Second)), token("tb", at)} {
			if err := s.PutToken(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.Tokens(t.Context())
		if err != nil || len(all) != 3 || all[0].ID != "tb" || all[1].ID != "tc" || all[2].ID != "ta" {
			t.Errorf("got %v, %v; want tb, tc, ta", all, err)
		}
	})
	t.Run("what was deleted is gone", func(t *testing.T) {
		s := open(t)
		if err := s.PutToken(t.Context(), token("ta", at)); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteToken(t.Context(), "ta"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Token(t.Context(), "ta"); !errors.Is(err, delivery.NotFound) {
			t.Errorf("Token gave %v, want not found", err)
		}
		if err := s.DeleteToken(t.Context(), "ta"); !errors.Is(err, delivery.NotFound) {
			t.Errorf("DeleteToken gave %v, want not found", err)
		}
		if all, err := s.Tokens(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("Tokens gave %v, %v; want none", all, err)
		}
	})
}
