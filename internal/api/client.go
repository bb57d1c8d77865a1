package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// Client speaks to a Serin. Its errors are delivery.Errors with the server's code and sentence.
type Client struct {
	URL   string // "http://127.0.0.1:8080"
	Token string
	HTTP  *http.Client // nil: one without a time limit, since logs and events are followed
}

// Do sends a request; in and out are JSON, nil for none.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if out == nil || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return delivery.Errorf(delivery.Unavailable, "%s %s: the answer is not JSON (%v): is %s a Serin?", method, path, err, c.URL)
	}
	return nil
}

// Copy streams an answer's text to w.
func (c *Client) Copy(ctx context.Context, path string, w io.Writer) error {
	answer, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err = io.Copy(w, answer.Body); errors.Is(err, io.ErrUnexpectedEOF) {
		return delivery.Errorf(delivery.Unavailable, "%s broke off before the end", c.URL)
	}
	return err
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, delivery.Errorf(delivery.Unavailable, "%s does not answer (%w): is `serin up` running?", c.URL, rootCause(err))
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	var p Problem
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if json.Unmarshal(text, &p) != nil || p.Status == 0 {
		return nil, delivery.Errorf(delivery.Unavailable, "%s %s: %s answered %s: is it a Serin?", method, path, c.URL, answer.Status)
	}
	return nil, p.asError()
}

// rootCause leaves out the method and URL that url.Error repeats.
func rootCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// Events calls on for each state of the thing at path until on says stop or ctx ends. A stream that ends before that
// is opened again, since Serin may have been started anew; it fails when the thing is not there (any more).
func Events[T any](ctx context.Context, c *Client, path string, on func(T) (stop bool)) error {
	for {
		ended, err := readEvents(ctx, c, path, on)
		if ended || ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, delivery.Unavailable) {
			return err
		}
		select { // the server is away, or starts
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func readEvents[T any](ctx context.Context, c *Client, path string, on func(T) bool) (ended bool, err error) {
	answer, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	var event string
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			event = value
		case field == "":
			event = ""
		case field == "data" && event == "failed":
			var p Problem
			if err := json.Unmarshal([]byte(value), &p); err != nil {
				return false, fmt.Errorf("reading an event: %w", err)
			}
			return false, p.asError()
		case field == "data" && event == "changed":
			var thing T
			if err := json.Unmarshal([]byte(value), &thing); err != nil {
				return false, fmt.Errorf("reading an event: %w", err)
			}
			if on(thing) {
				return true, nil
			}
		}
	}
	return false, nil
}

// ServicePath is where a service is.
func ServicePath(id delivery.ServiceID) string {
	return "/api/v1/environments/" + url.PathEscape(id.Environment) + "/services/" + url.PathEscape(id.Name)
}

// DeploymentPath is where a deployment is.
func DeploymentPath(id delivery.DeploymentID) string {
	return ServicePath(id.Service) + "/deployments/" + strconv.Itoa(id.Number)
}

// RunPath is where a run is.
func RunPath(id delivery.RunID) string { return "/api/v1/runs/" + strconv.FormatInt(int64(id), 10) }

// RolloutPath is where a rollout is.
func RolloutPath(id delivery.RolloutID) string {
	return "/api/v1/rollouts/" + strconv.FormatInt(int64(id), 10)
}

// WatchRollout calls on for each state until it has ended, and gives the last.
func (c *Client) WatchRollout(ctx context.Context, id delivery.RolloutID, on func(Rollout)) (Rollout, error) {
	var last Rollout
	if err := c.Do(ctx, http.MethodGet, RolloutPath(id), nil, &last); err != nil { // there is no such rollout, say
		return last, err
	}
	err := Events(ctx, c, RolloutPath(id)+"/events", func(r Rollout) bool {
		last = r
		on(r)
		return r.Ended
	})
	return last, err
}

// WatchRun calls on for each state until it has ended, and gives the last.
func (c *Client) WatchRun(ctx context.Context, id delivery.RunID, on func(pipeline.Run)) (pipeline.Run, error) {
	var last pipeline.Run
	if err := c.Do(ctx, http.MethodGet, RunPath(id), nil, &last); err != nil {
		return last, err
	}
	err := Events(ctx, c, RunPath(id)+"/events", func(r pipeline.Run) bool {
		last = r
		on(r)
		return r.State.Ended()
	})
	return last, err
}
