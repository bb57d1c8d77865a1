package sqlite_test

import (
	"path/filepath"
	"testing"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/access/accesstest"
)

func TestTokens(t *testing.T) {
	accesstest.Run(t, func(t *testing.T) access.Store {
		s := database{filepath.Join(t.TempDir(), "serin.db")}.Open(t)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s.(access.Store)
	})
}
