package registry_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/registry"
)

func TestDockerPushesAndPulls(t *testing.T) {
	r, d := newRig(t, registry.Options{}), docker{t, t.TempDir()}
	build := r.access.Grant("build 1 of yelb/yelb-ui", access.Scope{Repository: ui, Pull: true, Push: true}, time.Hour)
	own, others := r.name(ui, "v1"), r.name(db, "v1")
	d.image(own, noise(1<<20))
	d.must(nil, "tag", own, others)
	t.Cleanup(func() { _, _ = d.run(nil, "rmi", others) })

	if out, err := d.run(nil, "push", own); err == nil || !strings.Contains(out, "no basic auth credentials") {
		t.Errorf("a push without a login: %v\n%s", err, out)
	}
	if out, err := d.run(strings.NewReader("wrong"), "login", "--username", "x", "--password-stdin", r.Host); err == nil {
		t.Errorf("a login with a wrong token:\n%s", out)
	}
	d.login(r.Host, build)
	d.must(nil, "push", own)
	if out, err := d.run(nil, "push", others); err == nil || !strings.Contains(out, "may not push to the repository yelb/yelb-db") {
		t.Errorf("a push to another's repository: %v\n%s", err, out)
	}

	pinned, err := r.Pin(t.Context(), ui, own)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Pin(t.Context(), ui, pinned); err != nil || again != pinned {
		t.Errorf("pinned again it is %q, %v", again, err)
	}
	d.must(nil, "rmi", own)
	engine := docker{t, t.TempDir()}
	engine.login(r.Host, r.access.Grant("the engine", access.Scope{Pull: true}, time.Hour))
	engine.must(nil, "pull", pinned)
	t.Cleanup(func() { _, _ = engine.run(nil, "rmi", pinned) })

	engine.must(nil, "rmi", pinned, others) // docker pulls nothing that it has
	r.access.Revoke(build)
	if out, err := d.run(nil, "pull", pinned); err == nil {
		t.Errorf("a revoked credential pulls:\n%s", out)
	}
}

func TestPinRefusesWhatIsNotTheServicesOwn(t *testing.T) {
	r := newRig(t, registry.Options{})
	r.push(ui, "v1", noise(100))
	for image, says := range map[string]string{
		r.name(db, "v1"):            "not of the service's own repository",
		"docker.io/yelb/yelb-ui:v1": "not of the service's own repository",
		"yelb/yelb-ui:v1":           "not of the service's own repository",
		r.name(ui, "v2"):            "was not pushed",
		r.Host + "/yelb/yelb-ui":    "was not pushed", // latest
		r.Host + "/yelb/yelb-ui@sha256:" + strings.Repeat("1", 64): "was not pushed",
		"": "image", "UPPER CASE": "image", r.name(ui, "-"): "image",
	} {
		if _, err := r.Pin(t.Context(), ui, image); !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q gave %v, want %q in it", image, err, says)
		}
	}
	if got, err := r.Pin(t.Context(), ui, r.name(ui, "v1")); err != nil || !strings.HasPrefix(got, r.Host+"/yelb/yelb-ui@sha256:") {
		t.Errorf("got %q, %v", got, err)
	}
}
