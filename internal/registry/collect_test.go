package registry_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/registry"
)

// keeping keeps the same for every service.
func keeping(digests ...string) func(context.Context, delivery.ServiceID) ([]string, error) {
	return func(context.Context, delivery.ServiceID) ([]string, error) { return digests, nil }
}

func (r *rig) has(path string) bool {
	r.t.Helper()
	res, _ := r.do(http.MethodHead, path, r.token, "", nil)
	return res.StatusCode == http.StatusOK
}

func TestCollectRemovesWhatIsNotKept(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond, Grace: time.Nanosecond})
	shared, old, current := noise(10_000), noise(10_000), noise(10_000)
	first := r.push(ui, "v1", shared, old)
	second := r.push(ui, "v2", shared, current)
	r.push(db, "v1", old)
	moved := r.push(ui, "latest", old)
	r.push(ui, "latest", current, old) // the tag has moved on from an image that goes
	if err := r.Collect(t.Context(), keeping(second)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/v2/yelb/yelb-ui/manifests/v1":               false,
		"/v2/yelb/yelb-ui/manifests/" + first:         false,
		"/v2/yelb/yelb-ui/manifests/" + moved:         false,
		"/v2/yelb/yelb-ui/manifests/latest":           false,
		"/v2/yelb/yelb-ui/manifests/v2":               true,
		"/v2/yelb/yelb-ui/blobs/" + digestOf(shared):  true,
		"/v2/yelb/yelb-ui/blobs/" + digestOf(current): true,
		"/v2/yelb/yelb-ui/blobs/" + digestOf(old):     false,
		"/v2/yelb/yelb-db/manifests/v1":               false,
		"/v2/yelb/yelb-db/blobs/" + digestOf(old):     false,
	} {
		if got := r.has(path); got != want {
			t.Errorf("%s is there: %v, want %v", path, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "docker/registry/v2/blobs/sha256", digestOf(old)[7:9], digestOf(old)[7:])); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the layer's file is still there: %v", err)
	}
	if r.push(ui, "v1", shared, old) != first { // and it can come back
		t.Error("the same image has another digest")
	}
	if _, err := r.Resolve(t.Context(), ui, "v1"); err != nil {
		t.Error(err)
	}
}

func TestCollectSparesTheYoung(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond})
	r.push(ui, "v1", noise(100))
	if err := r.Collect(t.Context(), keeping()); err != nil {
		t.Fatal(err)
	}
	if !r.has("/v2/yelb/yelb-ui/manifests/v1") {
		t.Error("an image was collected that was pushed just now")
	}
}

func TestCollectOfNothing(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond})
	if err := r.Collect(t.Context(), keeping()); err != nil {
		t.Errorf("an empty registry: %v", err)
	}
	// A push that was begun and no more.
	r.do(http.MethodPost, "/v2/yelb/yelb-ui/blobs/uploads/", r.token, "", nil)
	if err := r.Collect(t.Context(), keeping()); err != nil {
		t.Errorf("an upload alone: %v", err)
	}
}

func TestCollectKeepsAllWhenItCannotKnow(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond, Grace: time.Nanosecond})
	r.push(ui, "v1", noise(100))
	away := errors.New("the store is away")
	err := r.Collect(t.Context(), func(context.Context, delivery.ServiceID) ([]string, error) { return nil, away })
	if !errors.Is(err, away) || !r.has("/v2/yelb/yelb-ui/manifests/v1") {
		t.Errorf("got %v; the image is there: %v", err, r.has("/v2/yelb/yelb-ui/manifests/v1"))
	}
}

func TestPushesAndCollectionsKeepApart(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond, Grace: time.Nanosecond})
	r.push(ui, "v0", noise(100))
	collecting, goOn, collected := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		collected <- r.Collect(t.Context(), func(context.Context, delivery.ServiceID) ([]string, error) {
			close(collecting)
			<-goOn
			return nil, nil
		})
	}()
	<-collecting
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v2/yelb/yelb-ui/blobs/uploads/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("anybody", r.token)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
		t.Errorf("a push went on during a collection: %s", res.Status)
	}
	close(goOn)
	if err := <-collected; err != nil {
		t.Fatal(err)
	}
	r.push(ui, "v1", noise(100))
}

func TestCollectWaitsForQuiet(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Hour})
	r.push(ui, "v1", noise(100))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Collect(ctx, keeping()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that it waits", err)
	}
}

func TestDelete(t *testing.T) {
	r := newRig(t, registry.Options{Quiet: time.Nanosecond})
	r.push(ui, "v1", noise(100))
	for range 2 {
		if err := r.Delete(t.Context(), ui); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Resolve(t.Context(), ui, "v1"); !errors.Is(err, delivery.NotFound) {
		t.Errorf("got %v", err)
	}
	if err := r.Delete(t.Context(), delivery.ServiceID{Environment: "..", Name: ".."}); !errors.Is(err, delivery.Invalid) {
		t.Errorf("got %v", err)
	}
}
