package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

// The ports under names that are none of their methods, so that one type can have them all.
type (
	someCatalogue   = api.Catalogue
	someDeployments = api.Deployments
	someRuns        = api.Runs
	someTokens      = api.Tokens
)

// world answers for the parts behind the API; what no test asks for is not there.
type world struct {
	someCatalogue
	someDeployments
	someRuns
	someTokens

	mu      sync.Mutex
	rollout api.Rollout
	changed chan struct{}
	asked   []string
}

func (w *world) Environments(context.Context) ([]api.Environment, error) {
	return []api.Environment{}, nil
}

func (w *world) CreateService(_ context.Context, env string, n api.NewService) (api.Service, error) {
	return api.Service{ID: delivery.ServiceID{Environment: env, Name: n.Name}}, nil
}

func (w *world) Service(_ context.Context, id delivery.ServiceID) (api.Service, error) {
	return api.Service{}, delivery.Errorf(delivery.NotFound, "there is no service %s", id)
}

func (w *world) Logs(_ context.Context, id delivery.DeploymentID, how api.LogOptions, out io.Writer) error {
	if id.Number == 404 {
		return delivery.Errorf(delivery.NotFound, "there is no deployment %s", id)
	}
	_, err := fmt.Fprintf(out, "%s %d\n", id, how.Tail)
	return err
}

// rollouts is the world's, apart since its method names are others' too.
type rollouts struct{ *world }

func (w rollouts) Rollouts(context.Context, *delivery.ServiceID, int) ([]api.Rollout, error) {
	return []api.Rollout{}, nil
}

func (w rollouts) Rollout(_ context.Context, id delivery.RolloutID) (api.Rollout, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id != w.rollout.ID {
		return api.Rollout{}, delivery.Errorf(delivery.NotFound, "there is no rollout %d", id)
	}
	return w.rollout, nil
}

func (w rollouts) Evidence(_ context.Context, id delivery.RolloutID, out io.Writer) error {
	return evidence.Case{Trial: evidence.Trial{Deployment: delivery.DeploymentID{Service: delivery.ServiceID{Environment: "prod", Name: "shop"}, Number: int(id)}}}.Write(out)
}

func (w rollouts) History(context.Context, delivery.RolloutID) ([]api.Event, error) {
	return []api.Event{}, nil
}

func (w rollouts) order(verb string, id delivery.RolloutID, by string) error {
	w.asked = append(w.asked, fmt.Sprintf("%s %d by %s", verb, id, by))
	return nil
}

func (w rollouts) Abort(_ context.Context, id delivery.RolloutID, by string) error {
	return w.order("abort", id, by)
}

func (w rollouts) Pause(_ context.Context, id delivery.RolloutID, by string) error {
	return w.order("pause", id, by)
}

func (w rollouts) Resume(_ context.Context, id delivery.RolloutID, by string) error {
	return w.order("resume", id, by)
}

func (w rollouts) Promote(_ context.Context, id delivery.RolloutID, by string) error {
	return w.order("promote", id, by)
}

func (w rollouts) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// at is rollout 7 in a phase at a share.
func at(phase string, percent int) api.Rollout {
	canary := delivery.DeploymentID{Service: delivery.ServiceID{Environment: "shop", Name: "cart"}, Number: 2}
	return api.Rollout{ID: 7, Deployment: canary, Phase: phase, Percent: percent, Ended: phase == "Succeeded"}
}

// set changes the rollout and wakes who watches it.
func (w *world) set(r api.Rollout) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rollout = r
	close(w.changed)
	w.changed = make(chan struct{})
}

// serve makes an API whose tokens are the names of their roles.
func serve(t *testing.T) (*world, func(token string) *api.Client) {
	w := &world{rollout: at("Wait", 25), changed: make(chan struct{})}
	rank := map[string]int{"read": 1, "deploy": 2, "admin": 3}
	server := httptest.NewServer(api.New(api.Options{
		Catalogue: w, Deployments: w, Rollouts: rollouts{w}, Runs: w, Tokens: w,
		Version: func() api.Version { return api.Version{Version: "v1"} },
		Authenticate: func(r *http.Request, role string) (string, error) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if rank[token] == 0 {
				return "", delivery.Errorf(delivery.Unauthorized, "no token, or a wrong one")
			}
			if rank[token] < rank[role] {
				return "", delivery.Errorf(delivery.Forbidden, "this needs the role %s", role)
			}
			return token, nil
		},
	}))
	t.Cleanup(server.Close)
	return w, func(token string) *api.Client { return &api.Client{URL: server.URL, Token: token} }
}

func TestRoles(t *testing.T) {
	_, as := serve(t)
	for _, test := range []struct {
		token, method, path string
		in                  any
		want                delivery.Code
	}{
		{"", "GET", "/api/v1/environments", nil, delivery.Unauthorized},
		{"read", "GET", "/api/v1/environments", nil, ""},
		{"read", "POST", "/api/v1/rollouts/7/abort", nil, delivery.Forbidden},
		{"deploy", "POST", "/api/v1/rollouts/7/abort", nil, ""},
		{"deploy", "POST", "/api/v1/environments/shop/services", api.NewService{Name: "cart"}, delivery.Forbidden},
		{"admin", "POST", "/api/v1/environments/shop/services", api.NewService{Name: "cart"}, ""},
	} {
		err := as(test.token).Do(t.Context(), test.method, test.path, test.in, nil)
		if got := delivery.CodeOf(err); got != test.want {
			t.Errorf("%s %s as %q: %v, want %q", test.method, test.path, test.token, err, test.want)
		}
	}
}

func TestPathsAndBodiesArrive(t *testing.T) {
	w, as := serve(t)
	var made api.Service
	if err := as("admin").Do(t.Context(), "POST", "/api/v1/environments/shop/services", api.NewService{Name: "cart"}, &made); err != nil || made.ID.String() != "shop/cart" {
		t.Errorf("the service made is %v, %v", made.ID, err)
	}
	if err := as("deploy").Do(t.Context(), "POST", "/api/v1/rollouts/7/promote", nil, nil); err != nil || len(w.asked) != 1 || w.asked[0] != "promote 7 by deploy" {
		t.Errorf("asked for %v, %v", w.asked, err)
	}
	var out strings.Builder
	if err := as("read").Copy(t.Context(), "/api/v1/environments/shop/services/cart/deployments/3/logs?tail=5", &out); err != nil || out.String() != "shop/cart/3 5\n" {
		t.Errorf("the log is %q, %v", out.String(), err)
	}
}

func TestProblemsKeepTheirCodeAndSentence(t *testing.T) {
	_, as := serve(t)
	err := as("read").Do(t.Context(), "GET", "/api/v1/environments/shop/services/cart", nil, nil)
	if !errors.Is(err, delivery.NotFound) || err.Error() != "there is no service shop/cart" {
		t.Errorf("a missing service: %v", err)
	}
	err = as("read").Copy(t.Context(), "/api/v1/environments/shop/services/cart/deployments/404/logs", io.Discard)
	if !errors.Is(err, delivery.NotFound) {
		t.Errorf("a missing log: %v", err)
	}
	err = as("admin").Do(t.Context(), "POST", "/api/v1/environments", map[string]any{"nome": "shop"}, nil)
	if !errors.Is(err, delivery.Invalid) {
		t.Errorf("a body of the wrong shape: %v", err)
	}
	if _, err := as("read").WatchRollout(t.Context(), 8, func(api.Rollout) {}); !errors.Is(err, delivery.NotFound) {
		t.Errorf("watching a missing rollout: %v", err)
	}
}

func TestARolloutIsWatchedUntilItHasEnded(t *testing.T) {
	w, as := serve(t)
	var seen []string
	last, err := as("read").WatchRollout(t.Context(), 7, func(r api.Rollout) {
		seen = append(seen, fmt.Sprint(r.Phase, r.Percent))
		switch r.Percent {
		case 25:
			w.set(at("Wait", 50))
		case 50:
			w.set(at("Succeeded", 100))
		}
	})
	if err != nil || last.Phase != "Succeeded" || strings.Join(seen, " ") != "Wait25 Wait50 Succeeded100" {
		t.Errorf("saw %v, %v", seen, err)
	}
}

func TestTheContractIsOpenAPI31(t *testing.T) {
	_, as := serve(t)
	var contract struct {
		OpenAPI string                     `json:"openapi"`
		Paths   map[string]json.RawMessage `json:"paths"`
	}
	if err := as("").Do(t.Context(), "GET", "/api/v1/openapi.json", nil, &contract); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(contract.OpenAPI, "3.1") || contract.Paths["/api/v1/rollouts/{id}/abort"] == nil || len(contract.Paths) < 20 {
		t.Errorf("it is OpenAPI %s with %d paths", contract.OpenAPI, len(contract.Paths))
	}
}
