package spec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"serin.dev/serin/internal/spec"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing")

// services have the four shapes of the reference's sample, and that of a deploy.json alone.
var services = []string{"ui", "appserver", "redisserver", "db", "bare"}

func TestGolden(t *testing.T) {
	for _, name := range services {
		t.Run(name, func(t *testing.T) {
			tree := spec.FS(os.DirFS(filepath.Join("testdata", name)))
			d, _, err := spec.Load(tree)
			if err != nil {
				t.Fatal(err)
			}
			w, err := json.MarshalIndent(d.Workload, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name, "workload.json"), append(w, '\n'))
			var report bytes.Buffer
			if err := spec.Check(tree).WriteText(&report); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name, "report.txt"), report.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}
