package docker

import (
	"context"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// watched are the events after which a task may no longer be what it was.
var watched = []events.Action{
	events.ActionCreate, events.ActionStart, events.ActionDie, events.ActionOOM, events.ActionDestroy, events.ActionPause,
	events.ActionUnPause, events.ActionHealthStatus, events.ActionConnect, events.ActionDisconnect,
}

// watch tells workers what happens in Docker, and to look at everything when Docker is back.
func (e *Engine) watch(ctx context.Context) {
	const least, most = 100 * time.Millisecond, 2 * time.Second
	wait := least
	for down := false; ctx.Err() == nil; {
		heard, err := e.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		e.setAway(err)
		if heard || !down {
			wait = least
			e.log.Warn("Docker does not answer; trying again until it does", "error", err)
			e.changedAll()
		}
		down = true
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, most)
	}
}

// listen reads events until the stream breaks. heard tells whether Docker answered.
func (e *Engine) listen(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := e.docker.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return false, err
	}
	filter := client.Filters{}.Add("type", string(events.ContainerEventType), string(events.NetworkEventType))
	for _, action := range watched {
		filter.Add("event", string(action))
	}
	stream := e.docker.Events(ctx, client.EventsListOptions{Filters: filter})
	e.setAway(nil)
	e.pokeAll()
	e.wake()
	e.changedAll()
	for {
		select {
		case m := <-stream.Messages:
			e.happened(m)
		case err := <-stream.Err:
			return true, err
		}
	}
}

func (e *Engine) setAway(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = answered("tasks wait", err)
}

// Away is nil when Docker answers, as far as is known, and else Unavailable with a sentence on what to do. It asks
// nobody and answers at once.
func (e *Engine) Away() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.away
}

// happened lets those look whom an event concerns.
func (e *Engine) happened(m events.Message) {
	if m.Type == events.NetworkEventType {
		e.pokeNetwork(m.Actor.Attributes["name"])
		return
	}
	if m.Actor.Attributes[labelInstance] != e.opts.Instance {
		return
	}
	e.mu.Lock()
	w := e.workers[m.Actor.Attributes[labelTask]]
	e.mu.Unlock()
	if w == nil {
		e.wake()
		return
	}
	w.poke()
}

func (e *Engine) pokeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.workers {
		w.poke()
	}
}

func (e *Engine) pokeNetwork(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.workers {
		if e.networkName(w.id.Deployment.Service.Environment) == name {
			w.poke()
		}
	}
}

// changedAll calls back for every environment: what Observe tells depends on whether Docker answers.
func (e *Engine) changedAll() {
	e.mu.Lock()
	var environments []string
	for name := range e.declared {
		environments = append(environments, name)
	}
	e.mu.Unlock()
	for _, name := range environments {
		e.opts.OnChange(name)
	}
}
