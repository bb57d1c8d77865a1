package proxy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh"
)

func TestEnvoyAcceptsTheBootstrap(t *testing.T) {
	for _, target := range []string{"unix:///run/serin/mesh.sock", "10.0.0.1:8081", "[fd00::1]:8081", "control.example:8081"} {
		t.Run(target, func(t *testing.T) {
			control, err := ParseControl(target)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			text, err := Bootstrap(Settings{Task: delivery.GatewayTask("demo"), Token: `qu"ote`, Control: control}, time.Unix(0, 17), filepath.Join(dir, "a"))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "bootstrap.json")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(envoyBinary(t), "--mode", "validate", "-c", path, "--disable-hot-restart").CombinedOutput(); err != nil {
				t.Errorf("Envoy refuses the bootstrap: %v\n%s\n%s", err, out, text)
			}
		})
	}
}

func TestTheMeshKnowsTheTemplate(t *testing.T) {
	if want := strconv.Itoa(int(mesh.Newest)); template != want {
		t.Errorf("proxies are made for template %s, the mesh's newest is %s", template, want)
	}
}

// envoyBinary finds Envoy: SERIN_ENVOY, else in the module's cache.
func envoyBinary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("SERIN_ENVOY")
	if path == "" {
		root, err := filepath.Abs("../..")
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(root, ".cache/envoy/1.40.0/envoy")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("these tests run the real Envoy 1.40, which is missing: %v; set SERIN_ENVOY to its binary or put it there", err)
	}
	return path
}
