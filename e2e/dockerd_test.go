package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDockerFaults tells what happens when Docker stops, is killed, or goes down with the whole machine, on a machine
// whose Docker is nobody else's.
func TestDockerFaults(t *testing.T) {
	s := newShop(t, build(t))
	s.startDocker()
	s.loadImages()
	s.startSerin()
	s.open()
	for _, story := range []struct {
		name string
		tell func(*shop)
	}{
		{"Docker is stopped during a deploy", stoppedDuringDeploy},
		{"Docker is killed under running services", killedUnderServices},
		{"the power is cut", powerCut},
	} {
		if !t.Run(story.name, func(t *testing.T) { s.t = t; story.tell(s) }) {
			return // what follows stands on it
		}
	}
}

// stoppedDuringDeploy: the rollout says that Docker is away, Serin goes on, and the deploy when Docker is back.
func stoppedDuringDeploy(s *shop) {
	s.release("shop/hello", "--port", "8080", "--env", "VERSION=2")
	s.end("dockerd", "TERM")
	s.eventually("the rollout tells of Docker", func() error {
		if out := s.serin("rollout", "show", "shop/hello"); !strings.Contains(out, "tasks wait: Docker does not answer; start it") {
			return fmt.Errorf("it says:\n%s", out)
		}
		return nil
	})
	s.lives("serin")
	s.t.Logf("while Docker is away:\n%s", s.serin("rollout", "show", "shop/hello"))
	s.startDocker()
	began := time.Now()
	s.serin("rollout", "watch", "shop/hello")
	s.t.Logf("promoted %s after Docker was back", time.Since(began).Round(time.Millisecond))
	s.answersWithin(5*time.Second, "hello from version 2")
	s.lives("serin")
}

// killedUnderServices: Docker, and with it the gateway's port, is gone; when it is back, so is every task.
func killedUnderServices(s *shop) {
	before := s.containers()
	s.end("dockerd", "KILL")
	s.startDocker()
	took := s.answersWithin(30*time.Second, "hello from version 2")
	s.t.Logf("users were answered %s after Docker was back", took.Round(time.Millisecond))
	s.lives("serin")
	s.allAnew(before)
}

// powerCut: everything ended at once; when Serin and Docker are started, in this order, all is as it was.
func powerCut(s *shop) {
	before := s.containers()
	s.cutPower()
	s.switchOn()
	s.startSerin()
	s.startDocker()
	took := s.answersWithin(30*time.Second, "hello from version 2")
	s.t.Logf("users were answered %s after Docker was back", took.Round(time.Millisecond))
	s.allAnew(before)
}

// allAnew fails unless each task has the same parts as before, every one made anew: a namespace that was restarted
// has lost its packet filter.
func (s *shop) allAnew(before map[string]string) {
	s.t.Helper()
	after := s.containers()
	if !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		s.t.Errorf("the tasks' containers are %v; they were %v", after, before)
	}
	for name, id := range after {
		if before[name] == id {
			s.t.Errorf("%s is the container that it was before", name)
		}
	}
}

// containers gives the ids of all containers on the computer, by name.
func (s *shop) containers() map[string]string {
	s.t.Helper()
	found := map[string]string{}
	for _, line := range strings.Fields(s.do("docker", "--host", dockerSocket, "ps", "--all", "--no-trunc", "--format", "{{.Names}}={{.ID}}")) {
		name, id, _ := strings.Cut(line, "=")
		found[name] = id
	}
	return found
}
