package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"

	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/engine/docker"
	"serin.dev/serin/internal/store/sqlite"
)

// Purge removes from Docker all that the Serin of a data folder has made: containers, networks and images. That
// Serin must not run. The folder itself stays.
func Purge(ctx context.Context, data string) error {
	held, err := lockSoon(ctx, Config{Data: data}.path("lock"))
	if err != nil {
		return err
	}
	defer held.Close()
	store, err := sqlite.Open(ctx, Config{Data: data}.path("serin.db"))
	if err != nil {
		return err
	}
	defer store.Close()
	instance, err := store.Setting(ctx, settingInstance)
	if errors.Is(err, delivery.NotFound) {
		return nil // it never came to make anything
	}
	if err != nil {
		return err
	}
	repositories := []string{"serin-" + instance + "/"}
	if listen, err := store.Setting(ctx, settingListen); err == nil {
		if _, port, err := net.SplitHostPort(listen); err == nil {
			repositories = append(repositories, net.JoinHostPort("127.0.0.1", port)+"/")
		}
	}
	host, err := newDocker(Config{})
	if err != nil {
		return err
	}
	defer host.Close()
	if err := build.New(build.Options{Docker: host, Instance: instance}).Sweep(ctx); err != nil {
		return err
	}
	engine, err := docker.New(docker.Options{
		Client: host, Instance: instance, ProxyImage: "none", ControlDir: data, LogDir: data,
		Token: func(delivery.TaskID) string { return "" }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	return engine.Purge(ctx, repositories...)
}
