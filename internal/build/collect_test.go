package build_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/delivery"
)

// images are those of this test, those without a name included.
func (r *rig) images() []string {
	r.t.Helper()
	found, err := r.docker.ImageList(context.WithoutCancel(r.t.Context()), client.ImageListOptions{All: true, Filters: make(client.Filters).Add("label", r.label())})
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	for _, image := range found.Items {
		ids = append(ids, image.ID)
	}
	slices.Sort(ids)
	return ids
}

// nameless are images that nothing has a name for and no other is made of.
func (r *rig) nameless() int {
	r.t.Helper()
	found, err := r.docker.ImageList(r.t.Context(), client.ImageListOptions{Filters: make(client.Filters).Add("dangling", "true").Add("label", r.label())})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(found.Items)
}

// dockerBuild builds and pushes a Dockerfile as run number n; it may fail.
func (r *rig) dockerBuild(n int, dockerfile string) (string, error) {
	r.t.Helper()
	job, log := r.job(commands("build", "$(aws ecr get-login --no-include-email)", "docker build -t $DOCKER_REGISTRY_URI:$TAG .", "docker push $DOCKER_REGISTRY_URI:$TAG")+
		"env:\n  variables:\n    TAG: v"+string(rune('0'+n))+"\n", map[string]string{"Dockerfile": dockerfile})
	job.Run = delivery.RunID(n)
	err := r.Build(r.t.Context(), job)
	return log.String(), err
}

const twoStages = "FROM debian:bookworm-slim AS one\nLABEL LABELLED\nRUN echo STAGE >/made\n" +
	"FROM debian:bookworm-slim\nLABEL LABELLED stage=last\nCOPY --from=one /made /made\nRUN echo LAST >/last\n"

// staged is a Dockerfile all of whose layers have the rig's label: others build beside this test.
func (r *rig) staged(stage, last string) string {
	return strings.NewReplacer("LABELLED", r.label(), "STAGE", stage, "LAST", last).Replace(twoStages)
}

func (r *rig) label() string { return "serin-test=" + r.Instance }

func TestOnlyTheLastBuildsLayersStay(t *testing.T) {
	r := newRig(t)
	layers := "serin-" + r.Instance + "/shop/cart/layers:"
	before, nameless := r.images(), r.nameless()
	steady := 0
	for n, dockerfile := range []string{
		1: r.staged(r.Instance, "one"),
		2: r.staged(r.Instance, "two"), // the first stage is not made again
		3: r.staged(r.Instance+"x", "three"),
		4: r.staged(r.Instance+"x", "four") + "RUN false\n",
		5: r.staged(r.Instance+"x", "five"),
	} {
		if n == 0 {
			continue
		}
		log, err := r.dockerBuild(n, dockerfile)
		if failed := strings.Contains(dockerfile, "false"); (err != nil) != failed {
			t.Fatalf("build %d: %v\n%s", n, err, log)
		}
		// The labels of both stages are cached from the second build on.
		if cached := strings.Count(log, "Using cache") > 2; cached != (n != 1 && n != 3) {
			t.Errorf("build %d used the cache: %t\n%s", n, cached, log)
		}
		held := r.tags(layers)
		if len(held) != 2 {
			t.Errorf("build %d holds %v, want its two stages", n, held)
		}
		for _, tag := range held {
			if !strings.HasPrefix(tag, layers+string(rune('0'+n))+".") {
				t.Errorf("after build %d there is %s", n, tag)
			}
		}
		if more := r.nameless() - nameless; more != 0 {
			t.Errorf("after build %d there are %d more images without a name", n, more)
		}
		r.untag(r.own + ":v" + string(rune('0'+n)))
		if now := len(r.images()) - len(before); steady == 0 {
			steady = now
		} else if now > steady {
			t.Errorf("after build %d there are %d more images than before the first, and after that there were %d", n, now, steady)
		}
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held := r.tags(layers); len(held) != 2 {
		t.Errorf("after a restart %v are left", held)
	}
	// The service goes.
	if err := r.Collect(t.Context(), r.registry, func(context.Context, delivery.ServiceID) ([]string, bool, error) { return nil, false, nil }); err != nil {
		t.Fatal(err)
	}
	if left := r.images(); !slices.Equal(left, before) {
		t.Errorf("it leaves %d images, there were %d", len(left), len(before))
	}
}

func TestOldImagesAreCollected(t *testing.T) {
	r := newRig(t)
	foreign := "serin-test-foreign-" + r.Instance + ":1"
	digests := map[string]string{}
	for n := 1; n <= 4; n++ {
		if log, err := r.dockerBuild(n, r.staged(r.Instance, string(rune('a'+n)))); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		tag := r.own + ":v" + string(rune('0'+n))
		found, err := r.docker.ImageInspect(t.Context(), tag)
		if err != nil || len(found.RepoDigests) == 0 {
			t.Fatalf("%s: %v, digests %v", tag, err, found.RepoDigests)
		}
		_, digests[tag], _ = strings.Cut(found.RepoDigests[0], "@")
	}
	// Somebody else's name for the second one, and a container of the third.
	if _, err := r.docker.ImageTag(t.Context(), client.ImageTagOptions{Source: r.own + ":v2", Target: foreign}); err != nil {
		t.Fatal(err)
	}
	defer r.untag(foreign)
	user, err := r.docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: &container.Config{Image: r.own + ":v3", Cmd: []string{"true"}}})
	if err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_, _ = r.docker.ContainerRemove(context.WithoutCancel(t.Context()), user.ID, client.ContainerRemoveOptions{Force: true})
	}
	defer stop()
	needed := func(_ context.Context, service delivery.ServiceID) ([]string, bool, error) {
		return []string{digests[r.own+":v4"]}, service == cart, nil
	}
	expect := func(when string, want ...string) {
		t.Helper()
		if err := r.Collect(t.Context(), r.registry, needed); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 4; n++ {
			tag := r.own + ":v" + string(rune('0'+n))
			if there := len(r.tags(tag)) > 0; there != slices.Contains(want, tag) {
				t.Errorf("%s: %s is there: %t", when, tag, there)
			}
		}
	}
	expect("within the grace", r.own+":v1", r.own+":v2", r.own+":v3", r.own+":v4")
	r.Grace = time.Nanosecond
	expect("after it", r.own+":v3", r.own+":v4")
	if len(r.tags(foreign)) != 1 {
		t.Error("somebody else's name is gone")
	}
	stop()
	expect("when the container is gone", r.own+":v4")

	if err := r.Collect(t.Context(), r.registry, func(context.Context, delivery.ServiceID) ([]string, bool, error) {
		return nil, true, errors.New("the store is away")
	}); err == nil || len(r.tags(r.own+":v4")) != 1 {
		t.Errorf("got %v", err)
	}
	needed = func(context.Context, delivery.ServiceID) ([]string, bool, error) { return nil, false, nil }
	expect("when the service is gone")
	if left := r.tags("serin-" + r.Instance + "/"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
