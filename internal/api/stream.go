package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"
)

// stream registers an operation whose answer is text as it comes. An error before the first byte is a problem; one
// after it is the text's last line, and the answer breaks off, so that nobody takes it for whole.
func stream[I any](s *server, api huma.API, id, path, summary string, write func(context.Context, *I, io.Writer) error) {
	op := huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		Responses: map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{"text/plain": {}}}},
	}
	huma.Register(api, s.guarded(api, roleRead, op), func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			w := &flusher{ctx: ctx}
			err := write(ctx.Context(), in, w)
			switch {
			case err == nil || ctx.Context().Err() != nil:
				w.begin()
			case w.begun:
				problem(err).to(ctx.Context())
				fmt.Fprintf(w, "\n[serin] it breaks off here: %v\n", err)
				panic(http.ErrAbortHandler) // net/http's way to say so to the client
			default:
				problem(err).send(ctx)
			}
		}}, nil
	})
}

// flusher sends each write on at once.
type flusher struct {
	ctx   huma.Context
	begun bool
}

func (f *flusher) begin() {
	if !f.begun {
		f.begun = true
		f.ctx.SetHeader("Content-Type", "text/plain; charset=utf-8")
		f.ctx.SetHeader("X-Content-Type-Options", "nosniff")
		f.ctx.SetStatus(http.StatusOK)
	}
}

// Write implements io.Writer.
func (f *flusher) Write(p []byte) (int, error) {
	f.begin()
	n, err := f.ctx.BodyWriter().Write(p)
	if w, ok := f.ctx.BodyWriter().(http.Flusher); ok {
		w.Flush()
	}
	return n, err
}

// keepAlive is how often a silent event stream proves that it lives.
const keepAlive = 10 * time.Second

// events registers an operation that sends a thing whenever it changed ("changed"), until it has ended. It begins
// with how the thing is. What cannot be read ends the stream with a problem ("failed").
func events[I, O any](s *server, api huma.API, id, path, summary string, changed func() <-chan struct{}, read func(context.Context, *I) (thing O, ended bool, err error)) {
	op := s.guarded(api, roleRead, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary})
	var thing O
	sse.Register(api, op, map[string]any{"changed": thing, "alive": alive{}, "failed": Problem{}}, func(ctx context.Context, in *I, send sse.Sender) {
		var last []byte
		beat := time.NewTicker(keepAlive)
		defer beat.Stop()
		for {
			next := changed() // before reading, so that no change is missed
			thing, ended, err := read(ctx, in)
			if err != nil {
				_ = send.Data(*problem(err).to(ctx)) // the caller may be gone
				return
			}
			if now, err := json.Marshal(thing); err == nil && !bytes.Equal(now, last) {
				last = now
				if send.Data(thing) != nil {
					return
				}
			}
			if ended {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-next:
			case <-beat.C:
				if send(sse.Message{Data: alive{time.Now()}}) != nil {
					return
				}
			}
		}
	})
}

// alive is sent when nothing else is.
type alive struct {
	At time.Time `json:"at"`
}
