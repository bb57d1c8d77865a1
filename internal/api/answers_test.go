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
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// parts are a catalogue, runs and tokens that say what a test lets them say; their lists are nil.
type parts struct {
	someDeployments

	mu      sync.Mutex
	run     pipeline.Run
	gone    bool
	changed chan struct{}
	log     func(w io.Writer) error
	service api.Service
}

// runOf is run 1 in a state.
func runOf(state pipeline.State) pipeline.Run {
	return pipeline.Run{ID: 1, State: state, Push: pipeline.Push{Service: delivery.ServiceID{Environment: "shop", Name: "cart"}}}
}

func newParts(t *testing.T) (*parts, *api.Client) {
	p := &parts{run: runOf(pipeline.Queued), changed: make(chan struct{})}
	p.service = api.Service{Pipeline: pipeline.Settings{Branch: "main", OnNewerPush: pipeline.Replace, BuildLimit: time.Hour}}
	server := httptest.NewServer(p.handler())
	t.Cleanup(server.Close)
	return p, &api.Client{URL: server.URL, Token: token}
}

// token opens everything of parts.
const token = "t0k3n"

func (p *parts) handler() http.Handler {
	return api.New(api.Options{
		Catalogue: catalogueOf{p}, Deployments: p, Rollouts: rollouts{&world{changed: make(chan struct{})}}, Runs: p, Tokens: tokensOf{p},
		Version: func() api.Version { return api.Version{Version: "v1"} },
		Authenticate: func(r *http.Request, _ string) (string, error) {
			if r.Header.Get("Authorization") != "Bearer "+token {
				return "", delivery.Errorf(delivery.Unauthorized, "no token, or a wrong one")
			}
			return "ada", nil
		},
	})
}

func (p *parts) set(change func(*parts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *parts) Runs(context.Context, *delivery.ServiceID, int) ([]pipeline.Run, error) {
	return nil, nil
}

func (p *parts) Run(_ context.Context, id delivery.RunID) (pipeline.Run, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || id != p.run.ID {
		return pipeline.Run{}, delivery.Errorf(delivery.NotFound, "there is no run %d", id)
	}
	return p.run, nil
}

func (p *parts) Cancel(_ context.Context, id delivery.RunID, by string) error {
	return delivery.Errorf(delivery.Conflict, "run %d is deploying, %s", id, by)
}

func (p *parts) Log(_ context.Context, _ delivery.RunID, _ bool, w io.Writer) error { return p.log(w) }

func (p *parts) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

func (p *parts) Deployments(context.Context, delivery.ServiceID) ([]api.Deployment, error) {
	return nil, nil
}

type tokensOf struct{ *parts }

func (tokensOf) Tokens(context.Context) ([]api.Token, error) { return nil, nil }
func (tokensOf) IssueToken(_ context.Context, n api.NewToken) (api.IssuedToken, error) {
	return api.IssuedToken{Token: api.Token{ID: "1", Name: n.Name, Role: n.Role}, Secret: "s"}, nil
}

func (tokensOf) RevokeToken(_ context.Context, id string) error {
	return errors.New("the disk says no to " + id)
}

type catalogueOf struct{ *parts }

func (catalogueOf) Environments(context.Context) ([]api.Environment, error) { return nil, nil }
func (catalogueOf) Services(context.Context, string) ([]api.Service, error) { return nil, nil }
func (catalogueOf) Proxies(context.Context, string) ([]api.Proxy, error)    { return nil, nil }
func (catalogueOf) DeleteEnvironment(context.Context, string) error         { return nil }
func (catalogueOf) DeleteService(context.Context, delivery.ServiceID) error { return nil }
func (c catalogueOf) Service(context.Context, delivery.ServiceID) (api.Service, error) {
	return c.service, nil
}

func (catalogueOf) Environment(_ context.Context, name string) (api.Environment, error) {
	return api.Environment{Name: name}, nil
}

func (catalogueOf) CreateEnvironment(_ context.Context, n api.NewEnvironment) (api.Environment, error) {
	return api.Environment{Name: n.Name}, nil
}

func (catalogueOf) CreateService(_ context.Context, env string, n api.NewService) (api.Service, error) {
	return api.Service{ID: delivery.ServiceID{Environment: env, Name: n.Name}, Pipeline: n.Pipeline}, nil
}

func (catalogueOf) SetPipeline(_ context.Context, id delivery.ServiceID, s pipeline.Settings) (api.Service, error) {
	return api.Service{ID: id, Pipeline: s}, nil
}

// raw asks and gives the answer as it came.
func raw(t *testing.T, c *api.Client, method, path, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestListsAreNeverNull(t *testing.T) {
	_, c := newParts(t)
	for _, path := range []string{
		"/environments", "/environments/shop/services", "/environments/shop/proxies", "/environments/shop/services/cart/deployments",
		"/environments/shop/services/cart/weights", "/runs", "/rollouts", "/rollouts/7/history", "/tokens",
	} {
		if answer, text := raw(t, c, "GET", "/api/v1"+path, ""); answer.StatusCode != http.StatusOK || strings.TrimSpace(text) != "[]" {
			t.Errorf("%s: %d %s, want []", path, answer.StatusCode, text)
		}
	}
}

// Whatever goes wrong, wherever it is found, is a Problem with a code and a sentence.
func TestEveryFailureIsAProblem(t *testing.T) {
	p, c := newParts(t)
	p.log = func(io.Writer) error { return errors.New("the file is damaged") }
	stranger := &api.Client{URL: c.URL}
	for _, test := range []struct {
		client             *api.Client
		method, path, body string
		status             int
		code               delivery.Code
		sentence           string
	}{
		{stranger, "GET", "/api/v1/runs", "", 401, delivery.Unauthorized, "no token, or a wrong one"},
		{stranger, "GET", "/api/v1/runs/1/log", "", 401, delivery.Unauthorized, "no token, or a wrong one"},
		{stranger, "GET", "/api/v1/runs/1/events", "", 401, delivery.Unauthorized, "no token, or a wrong one"},
		{c, "GET", "/api/v1/runs/9", "", 404, delivery.NotFound, "there is no run 9"},
		{c, "GET", "/api/v1/runs/0", "", 422, delivery.Invalid, "path.id"},
		{c, "GET", "/api/v1/runs/x", "", 422, delivery.Invalid, "path.id"},
		{c, "GET", "/api/v1/runs?limit=0", "", 422, delivery.Invalid, "query.limit"},
		{c, "GET", "/api/v1/runs?service=cart", "", 422, delivery.Invalid, "write <environment>/<service>"},
		{c, "POST", "/api/v1/runs/1/cancel", "", 409, delivery.Conflict, "run 1 is deploying, ada"},
		{c, "GET", "/api/v1/runs/1/log", "", 500, delivery.Internal, "the file is damaged"},
		{c, "DELETE", "/api/v1/tokens/7", "", 500, delivery.Internal, "the disk says no to 7"},
		{c, "POST", "/api/v1/tokens", `{"name":"x","role":"king"}`, 422, delivery.Invalid, "body.role"},
		{c, "POST", "/api/v1/tokens", `{"name":`, 400, delivery.Invalid, "unexpected end"},
		{c, "POST", "/api/v1/environments", `{"name":"shop","colour":"red"}`, 422, delivery.Invalid, "body.colour"},
		{c, "GET", "/api/v1/nothing", "", 404, delivery.NotFound, "there is no operation GET /api/v1/nothing"},
		{c, "PUT", "/api/v1/runs", "", 404, delivery.NotFound, "there is no operation PUT /api/v1/runs"},
	} {
		answer, text := raw(t, test.client, test.method, test.path, test.body)
		var problem api.Problem
		err := json.Unmarshal([]byte(text), &problem)
		if err != nil || answer.StatusCode != test.status || problem.Status != test.status || problem.Code != test.code || !strings.Contains(problem.Detail, test.sentence) ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s %s\nwant %d, the code %s and %q", test.method, test.path, answer.StatusCode, answer.Header.Get("Content-Type"), text, test.status, test.code, test.sentence)
		}
		if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == `Bearer realm="serin"`) != (test.status == 401) {
			t.Errorf("%s %s: WWW-Authenticate is %q", test.method, test.path, challenge)
		}
		if err := test.client.Do(t.Context(), test.method, test.path, nil, nil); test.body == "" && delivery.CodeOf(err) != test.code {
			t.Errorf("%s %s: the client says %v", test.method, test.path, err)
		}
	}
}

func TestAPipelineIsChangedInPart(t *testing.T) {
	_, c := newParts(t)
	var s api.Service
	if err := c.Do(t.Context(), "PATCH", "/api/v1/environments/shop/services/cart", map[string]any{"on_newer_push": "queue"}, &s); err != nil {
		t.Fatal(err)
	}
	if want := (pipeline.Settings{Branch: "main", OnNewerPush: pipeline.Queue, BuildLimit: time.Hour}); s.Pipeline != want || s.ID.String() != "shop/cart" {
		t.Errorf("%s has %+v, want %+v", s.ID, s.Pipeline, want)
	}
}

func TestALogThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	p, c := newParts(t)
	p.log = func(w io.Writer) error {
		fmt.Fprintln(w, "first")
		return errors.New("the disk is gone")
	}
	var out strings.Builder
	err := c.Copy(t.Context(), "/api/v1/runs/1/log", &out)
	if !errors.Is(err, delivery.Unavailable) || !strings.HasPrefix(out.String(), "first\n") || !strings.Contains(out.String(), "it breaks off here: the disk is gone") {
		t.Errorf("got %q, %v", out.String(), err)
	}
	p.log = func(io.Writer) error { return nil }
	out.Reset()
	if err := c.Copy(t.Context(), "/api/v1/runs/1/log", &out); err != nil || out.Len() > 0 {
		t.Errorf("an empty log: %q, %v", out.String(), err)
	}
}

// A line is there as soon as it is written.
func TestALogIsStreamed(t *testing.T) {
	p, c := newParts(t)
	read := make(chan struct{})
	p.log = func(w io.Writer) error {
		fmt.Fprint(w, "first")
		<-read
		return nil
	}
	if err := c.Copy(t.Context(), "/api/v1/runs/1/log", writer(func(text []byte) (int, error) { close(read); return len(text), nil })); err != nil {
		t.Error(err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Who follows a run that waits for its turn gets its log when there is one.
func TestFollowingARunThatHasNotBegun(t *testing.T) {
	p, c := newParts(t)
	p.log = func(w io.Writer) error { _, err := fmt.Fprint(w, "built"); return err }
	var out strings.Builder
	ended := make(chan error, 1)
	go func() { ended <- c.Copy(t.Context(), "/api/v1/runs/1/log?follow=true", &out) }()
	p.set(func(*parts) {}) // nothing that matters
	p.set(func(p *parts) { p.run.State = pipeline.Building })
	if err := <-ended; err != nil || out.String() != "built" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestWatchingWhatVanishes(t *testing.T) {
	p, c := newParts(t)
	_, err := c.WatchRun(t.Context(), 1, func(pipeline.Run) { p.set(func(p *parts) { p.gone = true }) })
	if !errors.Is(err, delivery.NotFound) || err.Error() != "there is no run 1" {
		t.Errorf("got %v", err)
	}
	err = api.Events(t.Context(), c, "/api/v1/runs/9/events", func(pipeline.Run) bool { return true })
	if !errors.Is(err, delivery.NotFound) {
		t.Errorf("what never was: %v", err)
	}
}

// A stream that breaks is opened again, and nothing that happened meanwhile is missed.
func TestWatchingThroughARestart(t *testing.T) {
	p := &parts{run: runOf(pipeline.Building), changed: make(chan struct{})}
	handler := api.New(api.Options{
		Catalogue: catalogueOf{p}, Deployments: p, Rollouts: rollouts{&world{}}, Runs: p, Tokens: tokensOf{p},
		Version:      func() api.Version { return api.Version{} },
		Authenticate: func(*http.Request, string) (string, error) { return "ada", nil },
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	var seen []string
	c := &api.Client{URL: server.URL}
	last, err := c.WatchRun(t.Context(), 1, func(r pipeline.Run) {
		seen = append(seen, string(r.State))
		if r.State == pipeline.Building {
			server.CloseClientConnections()
			p.set(func(p *parts) { p.run.State = pipeline.Failed })
		}
	})
	if err != nil || last.State != pipeline.Failed || seen[0] != "building" || seen[len(seen)-1] != "failed" {
		t.Errorf("saw %v, %v", seen, err)
	}
}

func TestWhatIsNoSerin(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"a proxy's page": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) },
		"other JSON":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); fmt.Fprint(w, `{"error":"no"}`) },
	} {
		server := httptest.NewServer(answer)
		c := &api.Client{URL: server.URL}
		var out []api.Environment
		if err := c.Do(t.Context(), "GET", "/api/v1/environments", nil, &out); !errors.Is(err, delivery.Unavailable) || !strings.Contains(err.Error(), "a Serin?") {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
		if err := c.Do(t.Context(), "GET", "/api/v1/environments", nil, &out); !errors.Is(err, delivery.Unavailable) || !strings.Contains(err.Error(), "is `serin up` running?") {
			t.Errorf("nobody: %v", err)
		}
	}
}

// Each operation has an id of its own, needs a token, says what it answers, and refers only to schemas that are there.
func TestTheContractIsWhole(t *testing.T) {
	_, c := newParts(t)
	_, text := raw(t, c, "GET", "/api/v1/openapi.json", "")
	var contract struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas         map[string]json.RawMessage
			SecuritySchemes map[string]struct{ Type, Scheme string }
		}
	}
	if err := json.Unmarshal([]byte(text), &contract); err != nil {
		t.Fatal(err)
	}
	if scheme := contract.Components.SecuritySchemes["token"]; scheme.Type != "http" || scheme.Scheme != "bearer" {
		t.Errorf("the security scheme is %+v", scheme)
	}
	for ref := range strings.SplitSeq(text, `"$ref":"#/components/schemas/`) {
		name, _, _ := strings.Cut(ref, `"`)
		if ref != text && !strings.HasPrefix(ref, "{") && contract.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %q", name)
		}
	}
	ids := map[string]string{}
	for path, item := range contract.Paths {
		for method, text := range item {
			var op struct {
				OperationID string
				Summary     string
				Security    []map[string][]string
				Parameters  []struct{ Name, In string }
				Responses   map[string]struct {
					Content map[string]struct{ Schema json.RawMessage }
				}
			}
			if err := json.Unmarshal(text, &op); err != nil {
				t.Fatal(err)
			}
			where := method + " " + path
			if op.OperationID == "" || ids[op.OperationID] != "" || op.Summary == "" || len(op.Security) != 1 {
				t.Errorf("%s: %+v, and %q has that id", where, op, ids[op.OperationID])
			}
			ids[op.OperationID] = where
			problem := op.Responses["default"].Content["application/problem+json"].Schema
			if !strings.Contains(string(problem), "#/components/schemas/Problem") || len(op.Responses) < 2 {
				t.Errorf("%s answers %+v", where, op.Responses)
			}
			for part := range strings.SplitSeq(path, "/") {
				name, isParameter := strings.CutPrefix(part, "{")
				name = strings.TrimSuffix(name, "}")
				found := false
				for _, parameter := range op.Parameters {
					found = found || parameter.In == "path" && parameter.Name == name
				}
				if isParameter && !found {
					t.Errorf("%s: the parameter %s is not declared", where, name)
				}
			}
		}
	}
	if len(ids) < 30 {
		t.Errorf("%d operations", len(ids))
	}
}
