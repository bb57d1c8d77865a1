package docker

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// A container that Docker is making when the engine is stopped is known when it has stopped: who removes everything
// then finds it.
func TestCreateSeesItsEnd(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/containers/create") {
			return
		}
		close(asked)
		<-goOn
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"Id": "made"}`))
	}))
	defer platform.Close()
	docker, err := client.New(client.WithHost("tcp://" + platform.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	e := &Engine{docker: docker, gate: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-asked
		stop()
		close(goOn)
	}()
	id, err := e.create(ctx, "app", &container.Config{Image: "app"}, &container.HostConfig{}, false)
	if err != nil || id != "made" {
		t.Errorf("it made %q, %v", id, err)
	}
}

// What Docker makes is waited for when all else ends, and not for ever.
func TestUnhurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		making, done := unhurried(ctx)
		defer done()
		began := time.Now()
		stop()
		synctest.Wait()
		if making.Err() != nil {
			t.Error("it ended at once")
		}
		<-making.Done()
		if took := time.Since(began); took != finishing {
			t.Errorf("it was given %s", took)
		}
	})
}
