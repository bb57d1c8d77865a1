package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// shop is an environment of two services on a computer: the gateway leads to asker, and asker calls hello by its name.
// So an answer shows that the gateway's port, both proxies, names, captured calls and both apps are there.
type shop struct {
	*computer
	built
	users http.Client
}

const gatewayPort = "7480" // on the computer

func newShop(t *testing.T, b built) *shop {
	t.Helper()
	s := &shop{computer: newComputer(t), built: b}
	// A connection a request: one that was cut says nothing of the next.
	s.users = http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}}
	s.switchOn()
	return s
}

func (s *shop) startDocker() {
	s.t.Helper()
	s.beginDocker()
	s.eventually("Docker answers", func() error {
		_, err := s.try("docker", "--host", dockerSocket, "version")
		return err
	})
}

const dockerSocket = "unix:///run/docker.sock"

// beginDocker starts Docker, and does not wait for it.
func (s *shop) beginDocker() {
	s.start("dockerd", "dockerd", "--host", dockerSocket, "--data-root", filepath.Join(s.disk, "docker"),
		"--exec-root", "/run/docker", "--pidfile", "/run/docker.pid",
		"--cgroup-parent", "/"+s.controlGroup(), "--exec-opt", "native.cgroupdriver=cgroupfs")
}

// loadImages brings the proxy's image over from the Docker that the tests run on, and makes one of both apps.
func (s *shop) loadImages() {
	s.t.Helper()
	run(s.t, "docker", "save", "--output", filepath.Join(s.disk, "proxy.tar"), s.proxyImage)
	s.do("docker", "--host", dockerSocket, "load", "--input", filepath.Join(s.disk, "proxy.tar"))
	apps := filepath.Dir(s.greeter)
	run(s.t, "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(apps, "asker"), "./asker")
	run(s.t, "tar", "-C", apps, "-cf", filepath.Join(s.disk, "apps.tar"), "greeter", "asker")
	s.do("docker", "--host", dockerSocket, "import", "--change", `CMD ["/greeter"]`, filepath.Join(s.disk, "apps.tar"), appsImage)
}

const appsImage = "shop-apps:1"

// beginSerin starts Serin, and does not wait for it.
func (s *shop) beginSerin() {
	s.start("serin", filepath.Join(s.dir, "serin"), "up", "--data", s.data(), "--docker", dockerSocket,
		"--proxy-image", s.proxyImage, "--builder-image", s.builderImage)
}

func (s *shop) startSerin() {
	s.t.Helper()
	s.beginSerin()
	s.eventually("Serin answers", func() error {
		_, err := s.trySerin("env", "list")
		return err
	})
}

func (s *shop) data() string { return filepath.Join(s.disk, "serin") }

func (s *shop) serin(words ...string) string {
	s.t.Helper()
	out, err := s.trySerin(words...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *shop) trySerin(words ...string) (string, error) {
	return s.try(append([]string{filepath.Join(s.dir, "serin"), "--data", s.data()}, words...)...)
}

// open deploys both services.
func (s *shop) open() {
	s.t.Helper()
	s.serin("env", "create", "shop", "--gateway-port", gatewayPort)
	s.serin("service", "create", "shop/hello")
	s.serin("service", "create", "shop/asker")
	s.release("shop/hello", "--port", "8080", "--env", "VERSION=1", "--wait")
	s.release("shop/asker", "--port", "8080", "--command", "/asker", "--env", "ASK=http://hello:8080/", "--expose", "--wait")
	s.answersWithin(10*time.Second, "hello from version 1")
}

func (s *shop) release(service string, more ...string) string {
	s.t.Helper()
	words := []string{"deploy", service, "--image", appsImage, "--step", "50", "--wait-time", "1s", "--keep-previous", "1s", "--no-traffic", "checks"}
	return s.serin(append(words, more...)...)
}

// ask is what one user gets.
func (s *shop) ask() (string, error) {
	return ask(&s.users, "http://127.0.0.1:"+gatewayPort+"/")
}

// answersWithin waits until users are answered, ten in a row, and gives how long it took.
func (s *shop) answersWithin(limit time.Duration, want string) time.Duration {
	s.t.Helper()
	began, good, last := time.Now(), 0, error(nil)
	s.eventually("users are answered "+want, func() error {
		for good = 0; good < 10; good++ {
			if got, err := s.ask(); err != nil {
				return err
			} else if got != want {
				return fmt.Errorf("they are answered %q", got)
			}
		}
		return last
	})
	took := time.Since(began)
	if took > limit {
		s.t.Errorf("users were answered again after %s, not within %s", took, limit)
	}
	return took
}

// eventually asks again and again until there is no error.
func (s *shop) eventually(what string, ask func() error) {
	s.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-late.C:
			s.t.Fatalf("it never came to this: %s: %v", what, err)
		case <-tick.C:
		}
	}
}
