package docker

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
)

func TestKeep(t *testing.T) {
	k := keeper{dir: t.TempDir()}
	id := delivery.TaskID{Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "e", Name: "s"}, Number: 4}, Replica: 1}
	said := func(from, to int) func(io.Writer) error {
		return func(w io.Writer) error {
			for i := from; i < to; i++ {
				if _, err := fmt.Fprintf(w, "%s line %d\n", noon.Add(time.Duration(i)*time.Second).Format(time.RFC3339Nano), i); err != nil {
					return err
				}
			}
			return nil
		}
	}
	path := filepath.Join(k.dir, "e", "s", "4", "1.app.log")
	for _, part := range [][2]int{{0, 3}, {0, 5}, {5, 6}} { // the second repeats the first: it was cut off before the container was removed
		if err := k.keep(id, "app", said(part[0], part[1])); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") != 6 || !strings.HasSuffix(string(text), " line 5\n") {
		t.Errorf("kept (%v):\n%s", err, text)
	}

	const many = 400_000
	if err := k.keep(id, "app", said(6, many)); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(path)
	if err != nil || len(text) > keptBytes || len(text) < keptBytes-100 || !strings.HasPrefix(string(text), "2026-") || !strings.HasSuffix(string(text), fmt.Sprintf(" line %d\n", many-1)) {
		t.Errorf("kept %d bytes (%v), from %.60q", len(text), err, text)
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("2026-01-02T15:04:05.000000006Z hello world")
	f.Add("hello")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		got := parseLine(s)
		if got.At.IsZero() && got.Text != s && !strings.HasPrefix(s, "0001-01-01T") {
			t.Errorf("%q without a time became %q", s, got.Text)
		}
		if !strings.HasSuffix(s, got.Text) {
			t.Errorf("%q is not the end of %q", got.Text, s)
		}
	})
}
