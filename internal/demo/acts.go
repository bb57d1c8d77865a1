package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
	"serin.dev/serin/samples/yelb"
)

// environment is the demo's; Yelb's spec files name it.
const environment = "yelb"

// appserver is the service that the acts release.
var appserver = delivery.ServiceID{Environment: environment, Name: "yelb-appserver"}

// release makes the environment and its services, and deploys their first versions.
func (d *demo) release(ctx context.Context) (string, error) {
	var env api.Environment
	if err := d.client.Do(ctx, http.MethodPost, "/api/v1/environments", api.NewEnvironment{Name: environment, GatewayPort: d.Gateway}, &env); err != nil {
		return "", err
	}
	d.gateway = env.GatewayURL
	var pushed []delivery.RunID
	for _, name := range yelb.Names() {
		var service api.Service
		path := "/api/v1/environments/" + environment + "/services"
		if err := d.client.Do(ctx, http.MethodPost, path, api.NewService{Name: name}, &service); err != nil {
			return "", err
		}
		if err := d.repos.create(ctx, name, service.Repository); err != nil {
			return "", err
		}
		run, err := d.push(ctx, service.ID)
		if err != nil {
			return "", err
		}
		pushed = append(pushed, run)
	}
	for _, run := range pushed {
		if err := d.succeeds(ctx, run); err != nil {
			return "", err
		}
	}
	if err := d.pageIsUp(ctx); err != nil {
		return "", err
	}
	return "deployed, the page is up", d.oneVoteCounts(2)
}

// fix releases the correct count, and holds the observed share against the weight at each step.
func (d *demo) fix(ctx context.Context) (string, error) {
	if err := d.repos.edit(appserver.Name, "modules/restaurantsdbupdate.rb", "count = count +2", "count = count +1"); err != nil {
		return "", err
	}
	rollout, err := d.pushRollout(ctx, "Count each vote once")
	if err != nil {
		return "", err
	}
	var shares []string
	measure := newShares(d)
	last, err := d.client.WatchRollout(ctx, rollout, func(r api.Rollout) {
		if done := measure.see(r); done != nil {
			shares = append(shares, done.String())
			d.say("  %s", done)
			err = errors.Join(err, done.check())
		}
	})
	if err != nil {
		return "", err
	}
	if last.Phase != "Succeeded" {
		return "", fmt.Errorf("the fix was not promoted: %s: %s", last.Phase, last.Reason)
	}
	if len(shares) < 3 {
		return "", fmt.Errorf("only %d shares were measured: %v", len(shares), shares)
	}
	return "promoted", d.oneVoteCounts(1)
}

// wrongPort pushes a version that no user may meet.
func (d *demo) wrongPort(ctx context.Context) (string, error) {
	if err := d.repos.edit(appserver.Name, "yelb-appserver.rb", "configure :production do\n  set :port, 4567", "configure :production do\n  set :port, 4568"); err != nil {
		return "", err
	}
	return d.rolledBack(ctx, "Listen on port 4568", func(r api.Rollout) error {
		if r.Percent > 0 || r.Canary.Attempts > 0 {
			return fmt.Errorf("%d requests reached the version that listens on another port", r.Canary.Attempts)
		}
		return nil
	})
}

// failing pushes a version whose failures only users' requests show.
func (d *demo) failing(ctx context.Context) (string, error) {
	if err := d.repos.edit(appserver.Name, "yelb-appserver.rb", "get '/api/getvotes' do\n", "get '/api/getvotes' do\n  halt 500, 'out of luck' if rand(3).zero?\n"); err != nil {
		return "", err
	}
	return d.rolledBack(ctx, "Fail a third of getvotes", func(r api.Rollout) error {
		if r.Percent > 25 {
			return fmt.Errorf("it was found out at %d %%, not at its first 25 %%", r.Percent)
		}
		if r.Canary.Failed() == 0 {
			return errors.New("no failure of it was counted")
		}
		if r.Judgement == nil || r.Judgement.Judge != "sequential" {
			return fmt.Errorf("it was not found out by comparison with stable: %s", r.Reason)
		}
		return nil
	})
}

// killed kills the control plane in the middle of a rollout; another takes over where it was.
func (d *demo) killed(ctx context.Context) (string, error) {
	if err := d.repos.edit(appserver.Name, "yelb-appserver.rb", "$stdout.sync = true\n", "$stdout.sync = true # each line at once\n"); err != nil {
		return "", err
	}
	rollout, err := d.pushRollout(ctx, "Explain a line")
	if err != nil {
		return "", err
	}
	if err := d.reaches(ctx, rollout, "Wait", 50); err != nil {
		return "", err
	}
	d.say("  kill -9 of the control plane at 50 %%")
	if err := d.server.kill(); err != nil {
		return "", err
	}
	before := d.tally().Requests
	if err := d.requestsGoOn(ctx, before+int(d.Rate)); err != nil {
		return "", err
	}
	d.say("  traffic went on without it; starting it again")
	if d.client, err = d.server.start(ctx); err != nil {
		return "", err
	}
	last, err := d.client.WatchRollout(ctx, rollout, func(api.Rollout) {})
	if err != nil {
		return "", err
	}
	if last.Phase != "Succeeded" {
		return "", fmt.Errorf("the rollout did not complete: %s: %s", last.Phase, last.Reason)
	}
	return "promoted after a restart", nil
}

// rolledBack pushes the working copy, waits for the rollout's end, and takes the commit back.
func (d *demo) rolledBack(ctx context.Context, message string, check func(api.Rollout) error) (string, error) {
	rollout, err := d.pushRollout(ctx, message)
	if err != nil {
		return "", err
	}
	most := api.Rollout{}
	last, err := d.client.WatchRollout(ctx, rollout, func(r api.Rollout) {
		if r.Percent >= most.Percent {
			most.Percent = r.Percent
		}
	})
	if err != nil {
		return "", err
	}
	last.Percent = most.Percent
	if last.Phase != "RolledBack" {
		return "", fmt.Errorf("it was not rolled back: %s: %s", last.Phase, last.Reason)
	}
	if err := check(last); err != nil {
		return "", err
	}
	d.say("  because %s", last.Reason)
	return "rolled back", d.repos.undo(ctx, appserver.Name)
}

// push pushes a service and gives the run that it starts.
func (d *demo) push(ctx context.Context, id delivery.ServiceID) (delivery.RunID, error) {
	known, err := d.newestRun(ctx, id)
	if err != nil {
		return 0, err
	}
	if err := d.repos.push(ctx, id.Name); err != nil {
		return 0, err
	}
	var run delivery.RunID
	err = eventually(ctx, 30*time.Second, "the push starts a run", func() (bool, error) {
		run, err = d.newestRun(ctx, id)
		return run > known, err
	})
	return run, err
}

func (d *demo) newestRun(ctx context.Context, id delivery.ServiceID) (delivery.RunID, error) {
	var runs []pipeline.Run
	if err := d.client.Do(ctx, http.MethodGet, "/api/v1/runs?limit=1&service="+id.String(), nil, &runs); err != nil || len(runs) == 0 {
		return 0, err
	}
	return runs[0].ID, nil
}

// pushRollout commits and pushes the app server, and gives the rollout that its build leads to.
func (d *demo) pushRollout(ctx context.Context, message string) (delivery.RolloutID, error) {
	if err := d.repos.commit(ctx, appserver.Name, message); err != nil {
		return 0, err
	}
	id, err := d.push(ctx, appserver)
	if err != nil {
		return 0, err
	}
	var run pipeline.Run
	err = api.Events(ctx, d.client, api.RunPath(id)+"/events", func(r pipeline.Run) bool {
		run = r
		return r.Rollout != 0 || r.State.Ended()
	})
	if err == nil && run.Rollout == 0 {
		err = fmt.Errorf("run %d is %s: %s", run.ID, run.State, run.Reason)
	}
	return run.Rollout, err
}

func (d *demo) succeeds(ctx context.Context, id delivery.RunID) error {
	run, err := d.client.WatchRun(ctx, id, func(pipeline.Run) {})
	if err != nil {
		return err
	}
	if run.State != pipeline.Succeeded {
		return fmt.Errorf("run %d of %s is %s: %s", run.ID, run.Push.Service, run.State, run.Reason)
	}
	d.say("  %s is deployed (run %d)", run.Push.Service.Name, run.ID)
	return nil
}

// reaches waits until a rollout is in a phase at a share.
func (d *demo) reaches(ctx context.Context, id delivery.RolloutID, phase string, percent int) error {
	var last api.Rollout
	err := api.Events(ctx, d.client, api.RolloutPath(id)+"/events", func(r api.Rollout) bool {
		last = r
		return r.Ended || r.Phase == phase && r.Percent >= percent
	})
	if err == nil && last.Ended {
		err = fmt.Errorf("it ended as %s before it was at %d %%: %s", last.Phase, percent, last.Reason)
	}
	return err
}

func (d *demo) requestsGoOn(ctx context.Context, until int) error {
	return eventually(ctx, 30*time.Second, "requests go on", func() (bool, error) { return d.tally().Requests >= until, nil })
}

func (d *demo) pageIsUp(ctx context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	return eventually(ctx, time.Minute, "the page and its votes are up", func() (bool, error) {
		page, _, err := fetch(client, http.MethodGet, d.gateway+"/")
		if err != nil || !strings.Contains(page, "<html") {
			return false, nil
		}
		_, _, err = fetch(client, http.MethodGet, d.gateway+"/api/getvotes")
		return err == nil, nil
	})
}

// ownVote is the restaurant that nobody else votes for.
const ownVote = "bucadibeppo"

// oneVoteCounts votes once and holds the count after it against the one before.
func (d *demo) oneVoteCounts(want int) error {
	client := &http.Client{Timeout: 10 * time.Second}
	before, err := votes(client, d.gateway)
	if err != nil {
		return err
	}
	if _, _, err := fetch(client, http.MethodPost, d.gateway+"/api/"+ownVote); err != nil {
		return err
	}
	after, err := votes(client, d.gateway)
	if err != nil {
		return err
	}
	if got := after[ownVote] - before[ownVote]; got != want {
		return fmt.Errorf("one vote counted %d, not %d", got, want)
	}
	d.say("  one vote counts %d", want)
	return nil
}

// votes reads what is stored, by restaurant.
func votes(client *http.Client, gateway string) (map[string]int, error) {
	text, _, err := fetch(client, http.MethodGet, gateway+"/api/getvotes")
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Name  string `json:"name"`
		Value int    `json:"value"`
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("getvotes: %w", err)
	}
	stored := map[string]int{}
	for _, row := range rows {
		stored[row.Name] = row.Value
	}
	return stored, nil
}

// eventually asks until it is so.
func eventually(ctx context.Context, within time.Duration, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// share is who answered while a weight was in force.
type share struct {
	percent  int // the weight
	observed float64
	of       int
}

func (s share) String() string {
	return fmt.Sprintf("at %d %%: %.1f %% of %d answers came from the new version", s.percent, 100*s.observed, s.of)
}

// tolerance is how far, in points, the observed share may be from the weight.
const tolerance = 5

func (s share) check() error {
	if s.of == 0 || math.Abs(100*s.observed-float64(s.percent)) > tolerance {
		return fmt.Errorf("%s: more than %d points off", s, tolerance)
	}
	return nil
}

// shares measures the observed share of each step of a rollout: from when every proxy has acknowledged a weight (the
// phase Wait begins) until the phase ends.
type shares struct {
	demo    *demo
	percent int
	before  Tally
}

func newShares(d *demo) *shares { return &shares{demo: d} }

// see takes a rollout's new state, and gives the share of the step that it ended.
func (s *shares) see(r api.Rollout) *share {
	var done *share
	if s.percent != 0 && (r.Phase != "Wait" || r.Percent != s.percent) {
		own := appserver.Name + "-" + strconv.Itoa(r.Deployment.Number) + "-"
		observed, of := s.demo.tally().Since(s.before).Share(func(host string) bool { return strings.HasPrefix(host, own) })
		done = &share{s.percent, observed, of}
		s.percent = 0
	}
	if s.percent == 0 && r.Phase == "Wait" {
		s.percent, s.before = r.Percent, s.demo.tally()
	}
	return done
}
