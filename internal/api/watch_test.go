package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
)

// watched is a handler under watch: what was told and logged of it.
type watched struct {
	*httptest.Server

	mu   sync.Mutex
	told []api.Answered
	log  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func watch(t *testing.T, handler http.Handler) *watched {
	w := &watched{}
	log := slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.Server = httptest.NewServer(api.Watch(handler, log, func(a api.Answered) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, a)
	}))
	t.Cleanup(w.Close)
	return w
}

// end waits for all answers, and gives what was told and logged.
func (w *watched) end() ([]api.Answered, string) {
	w.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told, w.log.String()
}

func send(t *testing.T, method, url string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

func TestEachAnswerIsToldAndFailuresAreLogged(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/git/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "serin: git is broken", http.StatusInternalServerError)
	})
	mux.HandleFunc("GET /runs/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Docker does not answer", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("GET /wrong", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	mux.HandleFunc("GET /cut", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	for _, test := range []struct {
		method, path string
		told         api.Answered
		logged       string // "": nothing
	}{
		{"POST", "/git/shop/cart.git/git-receive-pack?key=" + token, api.Answered{"/git/", "POST", 500}, `level=ERROR msg="a request failed" request=ID method=POST route=/git/ status=500 error="serin: git is broken"`},
		{"GET", "/runs/12", api.Answered{"/runs/{id}", "GET", 200}, ""},
		{"BREW", "/git/", api.Answered{"/git/", "other", 500}, `method=other`},
		{"GET", "/away?token=" + token, api.Answered{"/away", "GET", 503}, `level=WARN msg="a request failed"`},
		{"GET", "/wrong", api.Answered{"/wrong", "GET", 418}, ""},
		{"GET", "/" + token, api.Answered{"none", "GET", 404}, ""},
		{"GET", "/cut", api.Answered{"/cut", "GET", 0}, ""},
	} {
		w := watch(t, mux)
		answer, _, err := send(t, test.method, w.URL+test.path)
		if (err != nil) != (test.told.Status == 0) {
			t.Errorf("%s: reading the answer: %v", test.path, err)
		}
		told, log := w.end()
		id := answer.Header.Get(api.RequestIDHeader)
		if len(told) != 1 || told[0] != test.told || id == "" {
			t.Errorf("%s %s is told as %+v (id %q), want %+v", test.method, test.path, told, id, test.told)
		}
		want := strings.ReplaceAll(test.logged, "ID", id)
		if want == "" && log != "" || !strings.Contains(log, want) || strings.Count(log, "\n") > 1 || strings.Contains(log, token) {
			t.Errorf("%s %s is logged as %q, want %q once", test.method, test.path, log, want)
		}
	}
}

func TestAProblemHoldsTheRequestsID(t *testing.T) {
	p, _ := newParts(t)
	p.log = func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("the file is damaged")
	}
	for _, test := range []struct {
		method, path string
		logged       string // "": nothing
	}{
		{"DELETE", "/api/v1/tokens/7", "the disk says no to 7"},
		{"GET", "/api/v1/runs/9", ""},
		{"GET", "/api/v1/runs/x", ""},
		{"GET", "/api/v1/nothing", ""},
	} {
		w := watch(t, p.handler())
		answer, text, err := send(t, test.method, w.URL+test.path)
		if err != nil {
			t.Fatal(err)
		}
		var problem api.Problem
		if err := json.Unmarshal([]byte(text), &problem); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if id := answer.Header.Get(api.RequestIDHeader); problem.Request == "" || problem.Request != id {
			t.Errorf("%s: the problem is of request %q, the answer of %q", test.path, problem.Request, id)
		}
		_, log := w.end()
		if (test.logged != "") != strings.Contains(log, "request="+problem.Request) || !strings.Contains(log, test.logged) {
			t.Errorf("%s is logged as %q, want %q", test.path, log, test.logged)
		}
	}
	w := watch(t, p.handler())
	_, _, err := send(t, "GET", w.URL+"/api/v1/runs/1/log")
	told, log := w.end()
	if err == nil || told[0].Status != 0 || strings.Count(log, "the file is damaged") != 1 || !strings.Contains(log, "status=500") {
		t.Errorf("what breaks off (%v) is told as %+v and logged as %q", err, told, log)
	}
}

func TestWhoHasLeftIsNotFailedLoudly(t *testing.T) {
	arrived, left := make(chan struct{}), make(chan struct{})
	w := watch(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		http.Error(w, r.Context().Err().Error(), http.StatusInternalServerError)
		close(left)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(r); err == nil {
		answer.Body.Close()
		t.Fatal("it was answered")
	}
	<-left
	if _, log := w.end(); !strings.Contains(log, "level=DEBUG") {
		t.Errorf("logged as %q", log)
	}
}

func TestAnInternalErrorSaysWhereToReadOn(t *testing.T) {
	p, _ := newParts(t)
	w := watch(t, p.handler())
	c := &api.Client{URL: w.URL, Token: token}
	err := c.Do(t.Context(), http.MethodDelete, "/api/v1/tokens/7", nil, nil)
	if !errors.Is(err, delivery.Internal) || !strings.Contains(err.Error(), "the disk says no to 7 (Serin's log has it as request ") {
		t.Errorf("got %v", err)
	}
	err = c.Do(t.Context(), http.MethodGet, api.RunPath(9), nil, nil)
	if !errors.Is(err, delivery.NotFound) || strings.Contains(err.Error(), "request") {
		t.Errorf("got %v", err)
	}
}
