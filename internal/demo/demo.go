package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"serin.dev/serin/internal/api"
)

// Options are what a demo needs.
type Options struct {
	Serin   []string // the serin command; "up" and its flags are appended
	Data    string   // data folder of its own
	Listen  string   // address of its Serin
	Gateway int      // host port of its gateway; 0: one that is free
	Out     io.Writer
	JSON    string // file that receives the report; "": none
	Rate    float64
	// Purge removes all that a Serin which does not run any more has made on Docker, by its data folder.
	Purge func(ctx context.Context, data string) error
}

// demo is one performance.
type demo struct {
	Options
	server  *server
	client  *api.Client
	repos   *repositories
	gateway string
	load    *Load
	acts    []Act
}

// Run performs all acts and leaves the system running. It fails when an act went wrong or any user request failed.
func Run(ctx context.Context, o Options) error {
	if o.Rate == 0 {
		o.Rate = 200
	}
	d := &demo{Options: o, server: &server{command: o.Serin, data: o.Data, listen: o.Listen, out: o.Out}}
	if err := d.perform(ctx); err != nil {
		return err
	}
	return d.finish(ctx)
}

// perform is the story.
func (d *demo) perform(ctx context.Context) (err error) {
	d.say("Serin's demo: Yelb, four services, each a git repository, behind one gateway.")
	if err := d.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.repos.close()) }()
	if err := d.act(ctx, "1 release", "four services are created, pushed, built and deployed; one vote counts two", d.release); err != nil {
		return err
	}
	users, stop := d.users(ctx)
	defer stop()
	for _, act := range []struct {
		name, about string
		play        func(context.Context) (string, error)
	}{
		{"2 fix", "the fix is pushed: traffic moves by 25 %, and one vote counts one", d.fix},
		{"3 wrong port", "a version that listens on port 4568 is pushed: no user meets it", d.wrongPort},
		{"4 failing", "a version that passes its check but fails a third of getvotes is pushed", d.failing},
		{"5 kill -9", "the control plane is killed in the middle of a rollout, and started again", d.killed},
	} {
		if err := d.act(ctx, act.name, act.about, act.play); err != nil {
			return err
		}
	}
	stop()
	<-users // what was begun is counted
	return nil
}

// prepare ends an earlier demo and starts Serin.
func (d *demo) prepare(ctx context.Context) (err error) {
	if err := Cleanup(ctx, d.Options); err != nil {
		return fmt.Errorf("removing an earlier demo: %w", err)
	}
	if there, err := os.ReadDir(d.Data); err == nil && len(there) > 0 {
		return fmt.Errorf("%s holds files that no demo made: name another folder with --demo-data", d.Data)
	}
	d.say("starting serin in %s", d.Data)
	if d.client, err = d.server.start(ctx); err != nil {
		return err
	}
	d.repos, err = newRepositories(d.client, filepath.Join(d.Data, "working-copies"))
	return err
}

// users sets the load going; the channel is closed when the last request has its answer.
func (d *demo) users(ctx context.Context) (<-chan struct{}, context.CancelFunc) {
	d.say("users arrive: %.0f requests/s, reads and votes, through %s", d.Rate, d.gateway)
	d.load = &Load{URL: d.gateway, Rate: d.Rate}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.load.Run(ctx)
	}()
	return done, stop
}

// act plays one act and notes what the users got meanwhile.
func (d *demo) act(ctx context.Context, name, about string, play func(context.Context) (string, error)) error {
	d.say("")
	d.say("Act %s: %s", name, about)
	began, before := time.Now(), d.tally()
	failedBefore, err := d.canaryFailures(ctx)
	if err != nil {
		return err
	}
	outcome, err := play(ctx)
	if err != nil {
		return fmt.Errorf("act %s went wrong: %w", name, err)
	}
	failedAfter, err := d.canaryFailures(ctx)
	if err != nil {
		return err
	}
	users := d.tally().Since(before)
	a := Act{
		Name: name, Requests: users.Requests, Failed: users.Failed, CanaryFailed: failedAfter - failedBefore,
		Outcome: outcome, Seconds: time.Since(began).Seconds(),
	}
	d.acts = append(d.acts, a)
	d.say("  %s; %d user requests, %d failed, %.0f s", outcome, a.Requests, a.Failed, a.Seconds)
	for _, failure := range users.Failures {
		d.say("  ! %s", failure)
	}
	return nil
}

func (d *demo) tally() Tally {
	if d.load == nil {
		return Tally{}
	}
	return d.load.Tally()
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// finish shows the table and says whether all went well.
func (d *demo) finish(ctx context.Context) error {
	report, err := d.report(ctx)
	if err != nil {
		return err
	}
	report.write(d.Out)
	if d.JSON != "" {
		if err := report.save(d.JSON); err != nil {
			return err
		}
	}
	if err := report.verdict(); err != nil {
		return err
	}
	d.say("\nYelb goes on running: %s (Serin: %s)\n`serin demo --cleanup` removes everything.", d.gateway, d.client.URL)
	return nil
}

// remove takes a folder away with everything in it.
func remove(dir string) error {
	if dir == "" || dir == "/" {
		return fmt.Errorf("not removing %q", dir)
	}
	return os.RemoveAll(dir)
}
