package yelb_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/samples/yelb"
)

// prefix begins the name of every container, network and image that these tests make.
var prefix = fmt.Sprintf("serin-test-yelb-%d-", os.Getpid())

// docker runs the docker command and returns what it prints, or fails the test.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryDocker(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryDocker(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// removeAfter runs a docker command when the test is over, to undo what another made.
func removeAfter(t *testing.T, args ...string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := tryDocker(ctx, args...); err != nil {
			t.Error(err)
		}
	})
}

// checkout writes a repository's files to a directory and returns it.
func checkout(t *testing.T, repository string) string {
	t.Helper()
	files, err := yelb.Repository(repository)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// build builds the image of a checked-out repository and returns its name.
func build(t *testing.T, dir, name string) string {
	t.Helper()
	image := prefix + name
	docker(t, "build", "--quiet", "--tag", image, dir)
	removeAfter(t, "rmi", "--force", image)
	return image
}

// network makes a network for the test's containers.
func network(t *testing.T) string {
	t.Helper()
	name := prefix + "network"
	docker(t, "network", "create", name)
	removeAfter(t, "network", "rm", name)
	return name
}

// container is a running container of one of Yelb's services.
type container struct {
	name string
}

// run starts a container with the service's name in the network, and its ports published on the loopback interface.
func run(t *testing.T, network, service, image string, ports ...string) container {
	t.Helper()
	c := container{name: image + "-container"}
	args := []string{"run", "--detach", "--name", c.name, "--network", network, "--network-alias", service, "--env", "SEARCH_DOMAIN=yelb.local"}
	for _, port := range ports {
		args = append(args, "--publish", "127.0.0.1::"+port)
	}
	docker(t, append(args, image)...)
	removeAfter(t, "rm", "--force", "--volumes", c.name)
	t.Cleanup(func() {
		if t.Failed() {
			out, err := exec.Command("docker", "logs", "--tail", "30", c.name).CombinedOutput()
			t.Logf("%s (%v):\n%s", c.name, err, out)
		}
	})
	return c
}

// url returns where the container's port is published at the moment: a restart may change it.
func (c container) url(t *testing.T, port string) string {
	t.Helper()
	return "http://" + docker(t, "port", c.name, port+"/tcp")
}

// stop sends the container its stop signal and returns its exit status.
func (c container) stop(t *testing.T) string {
	t.Helper()
	docker(t, "stop", "--time", "30", c.name)
	return docker(t, "inspect", "--format", "{{.State.ExitCode}}", c.name)
}
