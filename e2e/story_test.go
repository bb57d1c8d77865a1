package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"serin.dev/serin/internal/app"
)

// patience bounds whatever a story waits for.
const patience = 90 * time.Second

// storyKey is where testscript keeps the story.
type storyKey struct{}

// story is what one script has: a Serin, and whoever is around it.
type story struct {
	serin  string   // the program
	data   string   // folder
	listen string   // address
	env    []string // of the Serin
	server *server  // nil: it does not run
	load   *load    // nil: nobody is at work
	ports  map[string]func() error
}

// open prepares a story, and makes sure that nothing is left of it.
func (b built) open(env *testscript.Env) error {
	data, err := os.MkdirTemp("/tmp", "se-") // short: sockets in it have names of at most 107 bytes
	if err != nil {
		return err
	}
	ports, err := freePorts(3)
	if err != nil {
		return errors.Join(err, os.RemoveAll(data))
	}
	s := &story{
		serin: filepath.Join(b.dir, "serin"), data: data, listen: "127.0.0.1:" + strconv.Itoa(ports[0]),
		ports: map[string]func() error{},
	}
	for name, value := range map[string]string{
		"HOME": filepath.Join(env.WorkDir, "home"), "PATH": b.dir + string(os.PathListSeparator) + env.Getenv("PATH"),
		"DOCKER_HOST": os.Getenv("DOCKER_HOST"), "SERIN_DATA": data, "SERIN_LISTEN": s.listen,
		"SERIN_PROXY_IMAGE": b.proxyImage, "SERIN_BUILDER_IMAGE": b.builderImage,
		"SERVER": "http://" + s.listen, "GATEWAY": "http://127.0.0.1:" + strconv.Itoa(ports[1]), "GATEWAY_PORT": strconv.Itoa(ports[1]),
		"SERIN_PORT": strconv.Itoa(ports[0]), "OTHER_PORT": strconv.Itoa(ports[2]), "IMAGE": b.image, "GREETER": b.greeter,
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
		"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@localhost", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@localhost",
	} {
		env.Setenv(name, value)
	}
	s.env = env.Vars
	env.Values[storyKey{}] = s
	env.Defer(func() { s.close(env.T()) })
	return os.MkdirAll(env.Getenv("HOME"), 0o700)
}

// close removes all that the story has made.
func (s *story) close(t testscript.T) {
	if failed, ok := t.(interface{ Failed() bool }); ok && failed.Failed() {
		t.Log("serin's last words:\n" + s.lastWords(60))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.load != nil {
		s.load.stop()
	}
	errs := []error{s.stop(ctx)}
	for _, give := range s.ports {
		errs = append(errs, give())
	}
	errs = append(errs, app.Purge(ctx, s.data), s.nothingLeft(ctx), unmount(s.data), os.RemoveAll(s.data))
	if err := errors.Join(errs...); err != nil {
		t.Fatal("cleaning up: ", err)
	}
}

// nothingLeft fails when Docker has anything of the story's Serin.
func (s *story) nothingLeft(ctx context.Context) error {
	instance, err := s.instance()
	if err != nil {
		return nil // it never was up
	}
	var left []string
	for what, list := range map[string][]string{
		"container": {"ps", "--all", "--format", "{{.Names}}", "--filter", "label=serin.instance=" + instance},
		"network":   {"network", "ls", "--format", "{{.Name}}", "--filter", "label=serin.instance=" + instance},
		"image":     {"images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=" + s.listen + "/*/*"},
	} {
		out, err := exec.CommandContext(ctx, "docker", list...).Output()
		if err != nil {
			return fmt.Errorf("docker %s: %w", list[0], err)
		}
		for _, name := range strings.Fields(string(out)) {
			left = append(left, what+" "+name)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("purging left %s", strings.Join(left, ", "))
	}
	return nil
}
