package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/source"
)

// settingListen keeps the HTTP address from the first start on: image names and git remotes hold it.
const settingListen = "listen"

// listen opens the HTTP port, and leaves what the serin command on this machine needs to find it.
func (a *App) listen() (net.Listener, error) {
	ctx := context.Background()
	kept, err := a.store.SettingOr(ctx, settingListen, a.config.Listen)
	if err != nil {
		return nil, err
	}
	if kept != a.config.Listen {
		a.log.Warn("the address changed: images and git remotes made before name the old one", "before", kept, "now", a.config.Listen)
		if err := a.store.SetSetting(ctx, settingListen, a.config.Listen); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", a.config.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, delivery.Errorf(delivery.Unavailable, "%s is in use by another program: stop that, or choose another port with --listen", a.config.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", a.config.Listen, err)
	}
	return l, os.WriteFile(a.config.path("url"), []byte(a.config.url()+"\n"), 0o600)
}

// serve answers HTTP until ctx ends; requests under way have a few seconds then.
func (a *App) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // long streams end here
		}
		stopped <- nil
	})
	defer stop()
	a.log.Info("serin is up", "url", a.config.url(), "version", a.version, "instance", a.instance)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// handler is everything on the HTTP port. Each answer is counted, and each failure logged.
func (a *App) handler() http.Handler {
	return api.Watch(a.routes(), a.log.With("part", "interface"), a.metrics.answered)
}

func (a *App) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(source.Prefix, a.source.Handler(a.access))
	mux.Handle("/v2/", a.registry.Handler(a.access))
	mux.Handle("/api/", api.New(api.Options{
		Catalogue: catalogue{a}, Deployments: deployments{a}, Rollouts: rollouts{a}, Runs: runs{a}, Tokens: tokens{a},
		Authenticate: a.authenticate,
		Version: func() api.Version {
			return api.Version{Version: a.version, Started: a.started, DataDir: a.config.Data}
		},
	}))
	mux.Handle("GET /metrics", a.guard(access.Read, a.metrics.handler(a.log.With("part", "metrics"))))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

// authenticate says who asks, for the API.
func (a *App) authenticate(r *http.Request, role string) (string, error) {
	who, err := a.access.FromRequest(r)
	if err != nil {
		return "", err
	}
	return who.Name, who.May(access.Role(role))
}

// guard lets only bearers of a role through.
func (a *App) guard(role access.Role, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := a.authenticate(r, string(role)); err != nil {
			status := http.StatusForbidden
			if errors.Is(err, delivery.Unauthorized) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="serin"`)
				status = http.StatusUnauthorized
			}
			http.Error(w, err.Error(), status)
			return
		}
		next.ServeHTTP(w, r)
	})
}
