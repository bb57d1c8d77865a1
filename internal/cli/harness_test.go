package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// token opens the fake Serin.
const token = "serin_secret"

// fake is a Serin that answers what it was told to, and notes what it was asked.
type fake struct {
	*httptest.Server
	answers map[string]any // by method and path; a string is sent as it is, an api.Problem with its status
	asked   []string       // method, path, query and body
}

func newFake(t *testing.T, answers map[string]any) *fake {
	f := &fake{answers: answers}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// ServeHTTP answers one request.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.asked = append(f.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	if r.Header.Get("Authorization") != "Bearer "+token {
		answerProblem(w, api.Problem{Status: http.StatusUnauthorized, Code: delivery.Unauthorized, Detail: "no token, or a wrong one"})
		return
	}
	switch answer := f.answers[r.Method+" "+r.URL.Path].(type) {
	case nil:
		answerProblem(w, api.Problem{Status: http.StatusNotFound, Code: delivery.NotFound, Detail: "there is no " + r.URL.Path})
	case api.Problem:
		answerProblem(w, answer)
	case string:
		fmt.Fprint(w, answer)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func answerProblem(w http.ResponseWriter, p api.Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// serin runs a command line against the fake.
func (f *fake) serin(t *testing.T, words ...string) (out string, err error) {
	t.Helper()
	t.Setenv("SERIN_SERVER", f.URL)
	t.Setenv("SERIN_TOKEN", token)
	return run(t, words...)
}

// said runs a command line as a person at home would: only HOME and standard input say anything.
func said(t *testing.T, home, stdin string, words ...string) (out string, err error) {
	t.Helper()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("SERIN_DATA", home)
	t.Setenv("SERIN_SERVER", "")
	t.Setenv("SERIN_TOKEN", "")
	var written bytes.Buffer
	root := New("v1", &written, &written)
	root.SetIn(strings.NewReader(stdin))
	root.SetArgs(words)
	err = root.ExecuteContext(t.Context())
	return written.String(), err
}

var cart = delivery.ServiceID{Environment: "shop", Name: "cart"}

// canary is the second deployment of shop/cart.
var canary = delivery.DeploymentID{Service: cart, Number: 2}

// rollout is rollout 7 of the canary in a phase.
func rollout(phase, reason string, ended bool) api.Rollout {
	return api.Rollout{
		ID: 7, Deployment: canary, Previous: 1, Phase: phase, Percent: 25, Weights: delivery.Split(1, 2, 25), Reason: reason, Ended: ended,
		Created: time.Unix(1700000000, 0), Since: time.Unix(1700000000, 0),
	}
}

func pipelineRun(state pipeline.State, reason string) pipeline.Run {
	return pipeline.Run{
		ID: 3, State: state, Reason: reason, Author: "Ada", Message: "fix\x1b[2Jit", Created: time.Unix(1700000000, 0),
		Push: pipeline.Push{Service: cart, Commit: strings.Repeat("ab", 20)}, Warnings: []string{"build.yml:3: ignored"},
	}
}

// events is a stream of states.
func events(t *testing.T, things ...any) string {
	t.Helper()
	var b strings.Builder
	for _, thing := range things {
		text, err := json.Marshal(thing)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "event: changed\ndata: %s\n\n", text)
	}
	return b.String()
}
