package build

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

// A container that Docker is making when the build is cancelled is removed.
func TestCancelledWhileItsContainerIsMade(t *testing.T) {
	asked, goOn, removed := make(chan struct{}), make(chan struct{}), false
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/containers/create"):
			close(asked)
			<-goOn
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"Id": "made"}`))
		case r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/containers/made"):
			removed = true
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer platform.Close()
	docker, err := client.New(client.WithHost("tcp://" + platform.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-asked
		stop()
		close(goOn)
	}()
	b := New(Options{Docker: docker, Image: "builder", Instance: "test"})
	if _, err := b.start(ctx, Job{Run: 1}); err == nil || !removed {
		t.Errorf("it was removed: %t; error %v", removed, err)
	}
}
