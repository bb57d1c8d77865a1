package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// TestReadingsOfAnOlderSerinAreKept opens a file as it was before readings had latencies.
func TestReadingsOfAnOlderSerinAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "serin.db")
	older(t, path, 4,
		`INSERT INTO series (id, environment, service, number, side, proxy, epoch) VALUES (1, 'prod', 'shop', 3, 'caller', 'prod/gateway/0/0', 17)`,
		`INSERT INTO samples (series, at, attempts, errors_5xx, connect_failed, resets, timeouts, fallback_served, active)
			VALUES (1, 1000, 100, 1, 2, 3, 4, 5, 6)`)
	s := database{path}.Open(t)
	defer s.Close()
	got, err := s.LoadSamples(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	want := evidence.Sample{
		Key: evidence.Key{
			Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "prod", Name: "shop"}, Number: 3},
			Side:       evidence.Caller, Proxy: delivery.GatewayTask("prod"), Epoch: 17,
		},
		Counts: evidence.Counts{Attempts: 100, Errors5xx: 1, ConnectFailed: 2, Resets: 3, Timeouts: 4, FallbackServed: 5},
		At:     time.Unix(0, 1000).UTC(), Active: 6,
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// older makes a file whose tables are of a version, and runs statements on it.
func older(t *testing.T, path string, version int64, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrations, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}
