package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
)

// RequestIDHeader names a request in each answer; a problem holds the same id, and so does the log, if it failed.
const RequestIDHeader = "X-Request-Id"

// Answered is what is counted of a request. Its values are few: no names, no numbers, nothing a client made up.
type Answered struct {
	Route  string // the pattern that matched, such as "/api/v1/runs/{id}"; "none" when nothing did
	Method string // "other" for one that HTTP does not know
	Status int    // 0: the answer broke off
}

// Watch gives each request an id, tells of each answer, and logs once each that failed with a status of 500 or more
// or broke off for such a reason. Neither URLs nor headers are logged, since they may hold secrets.
func Watch(next http.Handler, log *slog.Logger, tell func(Answered)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := &request{id: rand.Text()[:10]}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, asked))
		w.Header().Set(RequestIDHeader, asked.id)
		given := &answer{ResponseWriter: w}
		whole := false
		defer func() { // also when a handler breaks off by a panic
			if whole {
				given.begin(http.StatusOK)
			}
			done := Answered{Route: routeOf(r), Method: methodOf(r), Status: given.status}
			if !whole {
				done.Status = 0
			}
			tell(done)
			report(r.Context(), log, asked, given, done)
		}()
		next.ServeHTTP(given, r)
		whole = true
	})
}

// report logs a failure. That of a request whose client has left is nobody's concern.
func report(ctx context.Context, log *slog.Logger, asked *request, given *answer, done Answered) {
	status, said := given.status, strings.TrimSpace(given.failure.String())
	if p := asked.failed.Load(); p != nil {
		status, said = max(status, p.Status), p.Detail
	}
	level := slog.LevelError
	switch {
	case status < http.StatusInternalServerError:
		return
	case ctx.Err() != nil:
		level = slog.LevelDebug
	case status == http.StatusServiceUnavailable: // something else is away, and the sentence says what
		level = slog.LevelWarn
	}
	log.Log(context.WithoutCancel(ctx), level, "a request failed",
		"request", asked.id, "method", done.Method, "route", done.Route, "status", status, "error", said)
}

// routeOf is the pattern that took the request, which the last mux on its way left in it.
func routeOf(r *http.Request) string {
	if _, route, ok := strings.Cut(r.Pattern, " "); ok {
		return route
	}
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

func methodOf(r *http.Request) string {
	known := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	}
	if slices.Contains(known, r.Method) {
		return r.Method
	}
	return "other"
}

// request is what is known of a request under way.
type request struct {
	id     string
	failed atomic.Pointer[Problem]
}

type requestKey struct{}

// to makes the problem one of a request: it holds the request's id, and the log will tell of it.
func (p *Problem) to(ctx context.Context) *Problem {
	if asked, ok := ctx.Value(requestKey{}).(*request); ok {
		p.Request = asked.id
		asked.failed.Store(p)
	}
	return p
}

// answer remembers the status, and what a failure says.
type answer struct {
	http.ResponseWriter
	status  int // 0: not begun
	failure bytes.Buffer
}

func (a *answer) begin(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.begin(status)
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	const most = 1000
	a.begin(http.StatusOK)
	if a.status >= http.StatusInternalServerError {
		a.failure.Write(p[:min(len(p), most-a.failure.Len())])
	}
	return a.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.begin(http.StatusOK)
	_ = http.NewResponseController(a.ResponseWriter).Flush() // one that cannot flush sends all at its end
}

// Unwrap lets http.ResponseController reach what is behind.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
