package e2e_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// built is what all stories share, made once a test run.
type built struct {
	dir          string // holds serin
	greeter      string // the static program
	image        string // runs the greeter
	proxyImage   string
	builderImage string
}

// build makes the programs and the greeter's image, and removes them when all stories are over.
func build(t *testing.T) built {
	t.Helper()
	dir := t.TempDir()
	b := built{
		dir: filepath.Join(dir, "bin"), greeter: filepath.Join(dir, "image", "greeter"),
		proxyImage: setUpImage(t, "SERIN_PROXY_IMAGE", "proxy"), builderImage: setUpImage(t, "SERIN_BUILDER_IMAGE", "builder"),
	}
	run(t, "go", "build", "-o", filepath.Join(b.dir, "serin"), "../cmd/serin")
	run(t, "go", "build", "-ldflags", "-s -w", "-o", b.greeter, "./greeter")
	b.image = "serin-e2e:" + strings.ToLower(rand.Text())
	t.Cleanup(func() { run(t, "docker", "image", "rm", "--force", b.image) })
	dockerfile := filepath.Join(dir, "image", "Dockerfile")
	if err := os.WriteFile(dockerfile, []byte("FROM scratch\nCOPY greeter /greeter\nENTRYPOINT [\"/greeter\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "docker", "build", "--quiet", "--tag", b.image, filepath.Dir(dockerfile))
	return b
}

// setUpImage gives the name of an image that `make setup` made.
func setUpImage(t *testing.T, variable, name string) string {
	t.Helper()
	if image := os.Getenv(variable); image != "" {
		return image
	}
	text, err := os.ReadFile(filepath.Join("..", ".cache", "images", name))
	if err != nil {
		t.Fatalf("there is no %s image (%v): run `make setup`, or name one in %s", name, err, variable)
	}
	return strings.TrimSpace(string(text))
}

// run runs a program that must succeed; programs it builds are static.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", cmd, err, out))
	}
}
