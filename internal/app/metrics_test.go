package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/internal/rollout"
	"serin.dev/serin/internal/workload"
)

var cart = delivery.ServiceID{Environment: "shop", Name: "cart"}

// opened is a Serin over a fresh folder that does not run, on a Docker that is not there. It has an environment shop
// with a service cart.
func opened(t *testing.T, log *slog.Logger) *App {
	t.Helper()
	dir := t.TempDir()
	a, err := Open(t.Context(), Config{
		Data: dir, Listen: "127.0.0.1:7420", Docker: "unix://" + dir + "/no-docker.sock", ProxyImage: "p", BuilderImage: "b", Builds: 1,
	}, "v1.2.3", log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if _, err := a.rollouts.CreateEnvironment(t.Context(), "shop", workload.Gateway{Bind: "127.0.0.1", Port: 8080}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.rollouts.CreateService(t.Context(), rollout.NewService{ID: cart}); err != nil {
		t.Fatal(err)
	}
	return a
}

// ask sends a request with the administrator's token to everything on the port.
func ask(t *testing.T, a *App, path string) *httptest.ResponseRecorder {
	t.Helper()
	token, err := os.ReadFile(a.config.path("token"))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, r)
	return w
}

// deployTo has a rollout of cart wait for its turn.
func deployTo(t *testing.T, a *App, run delivery.RunID) {
	t.Helper()
	w := workloadOf(api.NewDeployment{Port: 80, Protocol: delivery.HTTP}, "app:1", true)
	_, err := a.rollouts.Start(t.Context(), rollout.NewDeployment{
		Service: cart, Workload: w, Policy: defaultPolicy(), RunID: run, OnNewer: rollout.QueueBehind, Revision: delivery.Revision{Image: "app:1"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// activate lets the rollout that waits begin, and pauses it.
func activate(t *testing.T, a *App) {
	t.Helper()
	state, err := a.store.State(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	r := state.Rollouts[0]
	r.Phase, r.Hold = rollout.CheckDeploymentVersion, rollout.Paused
	err = a.store.Commit(t.Context(), rollout.Change{Name: "shop", From: state.Environment.Generation, Rollouts: []rollout.Rollout{r}})
	if err != nil {
		t.Fatal(err)
	}
}

func runTo(t *testing.T, a *App, key string, state pipeline.State) {
	t.Helper()
	run, err := a.store.CreateRun(t.Context(), pipeline.Run{Push: pipeline.Push{Service: cart, Key: key}, State: pipeline.Queued})
	if err == nil {
		run.State = state
		_, err = a.store.SaveRun(t.Context(), run)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestMetricsTellWhatThereIs(t *testing.T) {
	a := opened(t, slog.New(slog.DiscardHandler))
	deployTo(t, a, 1)
	activate(t, a)
	deployTo(t, a, 2)
	deployTo(t, a, 3) // supersedes the one before
	runTo(t, a, "one", pipeline.Failed)
	runTo(t, a, "two", pipeline.Building)
	seen := workload.Observed{At: time.Now(), Tasks: []workload.Task{{ID: delivery.GatewayTask("shop"), ProxyAlive: true}}}
	if err := a.store.SaveSeen(t.Context(), "shop", seen); err != nil {
		t.Fatal(err)
	}
	a.metrics.built(cart, 7*time.Second, nil)
	a.metrics.built(cart, 3*time.Second, build.Failed{Sentence: "no"})
	a.metrics.built(cart, time.Second, context.Canceled)
	ask(t, a, "/api/v1/runs/1")
	ask(t, a, "/api/v1/runs/99")
	ask(t, a, "/secret")

	w := ask(t, a, "/metrics")
	said := w.Body.String()
	for _, want := range []string{
		`serin_build_info{version="v1.2.3"} 1`,
		`serin_docker_up 1`,
		`serin_deployments{environment="shop",service="cart",stage="planned"} 2`,
		`serin_rollouts{environment="shop",hold="none",phase="Pending",service="cart"} 1`,
		`serin_rollouts{environment="shop",hold="paused",phase="CheckDeploymentVersion",service="cart"} 1`,
		`serin_rollout_weight_ratio{environment="shop",service="cart"} 0`,
		`serin_rollouts_ended_total{environment="shop",outcome="Superseded",service="cart"} 1`,
		`serin_runs{environment="shop",service="cart",state="building"} 1`,
		`serin_runs_ended_total{environment="shop",outcome="failed",service="cart"} 1`,
		`serin_proxies{environment="shop"} 1`,
		`serin_proxies_connected{environment="shop"} 0`,
		`serin_proxies_unacknowledged{environment="shop"} 1`,
		`serin_proxies_refusing{environment="shop"} 0`,
		`serin_build_duration_seconds_count{environment="shop",outcome="failed",service="cart"} 1`,
		`serin_build_duration_seconds_sum{environment="shop",outcome="succeeded",service="cart"} 7`,
		`serin_http_requests_total{code="200",method="GET",route="/api/v1/runs/{id}"} 1`,
		`serin_http_requests_total{code="404",method="GET",route="/api/v1/runs/{id}"} 1`,
		`serin_http_requests_total{code="404",method="GET",route="none"} 1`,
	} {
		if !strings.Contains(said, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("got:\n%s", said)
	}
	if strings.Contains(said, "serin_tasks{") {
		t.Error("it tells of tasks though Docker does not answer")
	}
	if wrong, err := promlint.New(strings.NewReader(said)).Lint(); err != nil || len(wrong) > 0 {
		t.Errorf("%v, and against Prometheus' conventions: %v", err, wrong)
	}
}

func TestMetricsOfADeletedServiceGo(t *testing.T) {
	a := opened(t, slog.New(slog.DiscardHandler))
	a.metrics.built(cart, time.Second, nil)
	a.metrics.forget(cart)
	if said := ask(t, a, "/metrics").Body.String(); strings.Contains(said, "serin_build_duration_seconds_count") {
		t.Errorf("got:\n%s", said)
	}
}

func TestMetricsWithoutTheStoreAreIncomplete(t *testing.T) {
	var log bytes.Buffer
	a := opened(t, slog.New(slog.NewTextHandler(&log, nil)))
	handler := a.metrics.handler(a.log)
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "serin_build_info") || strings.Contains(w.Body.String(), "serin_runs") {
		t.Errorf("status %d:\n%s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "metrics are incomplete") {
		t.Errorf("the log says %q", log.String())
	}
}

// TestAFailureIsLoggedAndQuoted asks the whole port for something that fails.
func TestAFailureIsLoggedAndQuoted(t *testing.T) {
	var log bytes.Buffer
	a := opened(t, slog.New(slog.NewTextHandler(&log, nil)))
	server := httptest.NewServer(a.handler())
	defer server.Close()
	token, err := os.ReadFile(a.config.path("token"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(a.config.path("logs", "runs")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.config.path("logs", "runs"), nil, 0o600); err != nil { // no folder: logs cannot be read
		t.Fatal(err)
	}
	runTo(t, a, "one", pipeline.Failed)
	client := &api.Client{URL: server.URL, Token: strings.TrimSpace(string(token))}
	err = client.Copy(t.Context(), api.RunPath(1)+"/log", io.Discard)
	if !errors.Is(err, delivery.Internal) || !strings.Contains(err.Error(), "Serin's log has it as request ") {
		t.Fatalf("got %v", err)
	}
	_, id, _ := strings.Cut(strings.TrimSuffix(err.Error(), ")"), "as request ")
	for _, want := range []string{"level=ERROR", "request=" + id, "method=GET", "route=/api/v1/runs/{id}/log", "status=500", "part=interface"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, &log)
		}
	}
	if n := strings.Count(log.String(), "a request failed"); n != 1 {
		t.Errorf("it was logged %d times:\n%s", n, &log)
	}
	if _, secret, _ := strings.Cut(client.Token, "_t"); strings.Contains(log.String(), secret) {
		t.Error("the log has the token")
	}
}
