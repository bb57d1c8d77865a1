package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/mesh/agentpb"
	"serin.dev/serin/internal/topology"
)

// The files in run's private directory.
const (
	bootstrapFile = "bootstrap.json"
	adminSocket   = "admin.sock"
	readySocket   = "ready.sock"
)

// Run runs Envoy and the agent until ctx ends, then drains and gives nil. When Envoy ends first it fails with
// Unavailable; Main makes Envoy's status the process's.
func Run(ctx context.Context, s Settings, log *slog.Logger) error {
	gate, err := prepare(s)
	if err != nil {
		return err
	}
	defer gate.listener.Close()
	epoch := time.Now()
	agent, err := newAgent(s, epoch, gate, log)
	if err != nil {
		return err
	}
	defer agent.link.conn.Close()
	envoy, err := launch(s, epoch)
	if err != nil {
		return err
	}
	defer envoy.end()
	admin := newAdmin(filepath.Join(s.State, adminSocket))

	working, stop := context.WithCancel(context.WithoutCancel(ctx)) // through the drain
	var parts sync.WaitGroup
	defer parts.Wait()
	defer stop()
	parts.Go(func() { agent.run(working) })
	parts.Go(func() { gate.run(working) })
	parts.Go(func() { awaitListeners(working, admin, wantedPorts(s.Task), gate) })

	select {
	case <-envoy.ended:
		return envoy.outcome()
	case <-ctx.Done():
		drained(working, admin, envoy.ended, s.Drain, log)
		return nil
	}
}

// prepare makes the private directory, so that nobody else may read what is put there, and the gate in it.
func prepare(s Settings) (*gate, error) {
	if longest := filepath.Join(s.State, adminSocket); len(longest) > maxSocketPath {
		return nil, delivery.Errorf(delivery.Invalid, "SERIN_STATE: %q is too long: sockets in it may have paths of %d bytes", s.State, maxSocketPath)
	}
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "making the private directory: %w; SERIN_STATE names it", err)
	}
	if err := os.Chmod(s.State, 0o700); err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "closing the private directory to others: %w", err)
	}
	return newGate(filepath.Join(s.State, readySocket))
}

func newAgent(s Settings, epoch time.Time, gate *gate, log *slog.Logger) (*agent, error) {
	link, err := newLink(s.Control, s.Token)
	if err != nil {
		return nil, err
	}
	return &agent{
		link:    link,
		hello:   &agentpb.Hello{Task: s.Task.String(), Epoch: epoch.UnixNano(), Version: s.Version},
		hosts:   s.Hosts,
		checker: newChecker(probe, listening),
		log:     log,
		named: func(err error) {
			if err != nil {
				gate.because(awaitNames, err.Error())
				return
			}
			gate.pass(awaitNames)
		},
	}, nil
}

// launch writes the bootstrap and starts Envoy with it.
func launch(s Settings, epoch time.Time) (*envoy, error) {
	admin := filepath.Join(s.State, adminSocket)
	if err := os.Remove(admin); err != nil && !os.IsNotExist(err) {
		return nil, delivery.Errorf(delivery.Unavailable, "making way for Envoy's admin socket: %w", err)
	}
	text, err := Bootstrap(s, epoch, admin)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.State, bootstrapFile)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, delivery.Errorf(delivery.Unavailable, "writing Envoy's bootstrap: %w", err)
	}
	return startEnvoy(s.Envoy, path, s.Concurrency, os.Stderr)
}

// wantedPorts are the ports that a task's Envoy listens on once it is configured.
func wantedPorts(task delivery.TaskID) []int {
	if task.Gateway() {
		return []int{topology.GatewayPort}
	}
	return []int{topology.EgressPort, topology.MeshPort}
}

// listenersLook is how often a starting Envoy is asked how far it has come: it does not tell by itself.
const listenersLook = 50 * time.Millisecond

// awaitListeners opens Envoy's half of the gate once Envoy is live and listens on all ports.
func awaitListeners(ctx context.Context, a admin, ports []int, gate *gate) {
	tick := time.NewTicker(listenersLook)
	defer tick.Stop()
	for {
		err := configured(ctx, a, ports)
		if err == nil {
			gate.pass(awaitEnvoy)
			return
		}
		gate.because(awaitEnvoy, err.Error())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func configured(ctx context.Context, a admin, ports []int) error {
	if err := a.live(ctx); err != nil {
		return err
	}
	bound, err := a.listening(ctx)
	if err != nil {
		return err
	}
	for _, port := range ports {
		if !bound[port] {
			return fmt.Errorf("the control plane has not told it to listen on port %d", port)
		}
	}
	return nil
}
