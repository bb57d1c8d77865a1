package yelb_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"serin.dev/serin/samples/yelb"
)

// TestYelb tells the walk-through of the sample with real containers: vote, find the bug, fix it, break the port.
func TestYelb(t *testing.T) {
	images := buildAll(t)
	net := network(t)

	// The app server comes first: it has to live with stores that are not there yet.
	app := run(t, net, "yelb-appserver", images["yelb-appserver"], "4567")
	eventually(t, func() error { _, err := get(app.url(t, "4567") + "/api/hostname"); return err })
	if answer, err := get(app.url(t, "4567") + "/api/getvotes"); err == nil {
		t.Errorf("getvotes without a database answered %q", answer)
	}

	db := run(t, net, "yelb-db", images["yelb-db"])
	redis := run(t, net, "yelb-redisserver", images["yelb-redisserver"])
	ui := run(t, net, "yelb-ui", images["yelb-ui"], "80")
	api := func() string { return ui.url(t, "80") + "/api/" }
	eventually(t, func() error { _, err := get(api() + "getvotes"); return err })
	eventually(t, func() error { _, err := get(api() + "pageviews"); return err })

	t.Run("the page comes with its parts", func(t *testing.T) {
		for path, part := range map[string]string{"/": "<title>Yelb", "/yelb.js": "/api/", "/style.css": ".restaurant", "/icon.svg": "<svg"} {
			if body := mustGet(t, ui.url(t, "80")+path); !strings.Contains(body, part) {
				t.Errorf("%s does not contain %q:\n%s", path, part, body)
			}
		}
	})

	t.Run("a fresh database has four restaurants without votes", func(t *testing.T) {
		want := `[{"name":"outback","value":0},{"name":"bucadibeppo","value":0},{"name":"ihop","value":0},{"name":"chipotle","value":0}]`
		if votes := mustGet(t, api()+"getvotes"); votes != want {
			t.Errorf("getvotes: %s, want %s", votes, want)
		}
	})

	t.Run("page views count up", func(t *testing.T) {
		first, second := number(t, mustGet(t, api()+"pageviews")), number(t, mustGet(t, api()+"pageviews"))
		if second != first+1 {
			t.Errorf("page views %d, then %d", first, second)
		}
	})

	t.Run("stats name the host and count a view", func(t *testing.T) {
		host, views := mustGet(t, api()+"hostname"), number(t, mustGet(t, api()+"pageviews"))
		var stats struct {
			Hostname  string `json:"hostname"`
			Pageviews int    `json:"pageviews"`
		}
		if err := json.Unmarshal([]byte(mustGet(t, api()+"getstats")), &stats); err != nil {
			t.Fatal(err)
		}
		if stats.Hostname != host || host == "" || stats.Pageviews != views+1 {
			t.Errorf("stats %+v after host %q and %d views", stats, host, views)
		}
	})

	t.Run("a vote counts two, by GET and by POST", func(t *testing.T) {
		for _, restaurant := range []string{"ihop", "chipotle", "outback", "bucadibeppo"} {
			if count := number(t, mustGet(t, api()+restaurant)); count != 2 {
				t.Errorf("%s has %d votes after the first", restaurant, count)
			}
			if count := number(t, mustPost(t, api()+restaurant)); count != 4 {
				t.Errorf("%s has %d votes after the second", restaurant, count)
			}
		}
	})

	t.Run("stores that were restarted keep what they had, and are found again", func(t *testing.T) {
		views := number(t, mustGet(t, api()+"pageviews"))
		docker(t, "restart", db.name, redis.name)
		eventually(t, func() error { _, err := get(api() + "getvotes"); return err })
		eventually(t, func() error { _, err := get(api() + "pageviews"); return err })
		if count := number(t, mustPost(t, api()+"ihop")); count != 6 {
			t.Errorf("ihop has %d votes after the third, want 6", count)
		}
		if after := number(t, mustGet(t, api()+"pageviews")); after <= views {
			t.Errorf("%d page views before the restart, %d after it", views, after)
		}
	})

	t.Run("an app server stays healthy while its stores hang", func(t *testing.T) {
		docker(t, "pause", db.name)
		docker(t, "pause", redis.name)
		stuck := newStampede(60, func() { get(api() + "getvotes"); get(api() + "getstats") })
		url := app.url(t, "4567") + "/api/hostname"
		for range 10 {
			start := time.Now()
			if _, err := get(url); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("/api/hostname took %v", took)
			}
		}
		docker(t, "unpause", db.name)
		docker(t, "unpause", redis.name)
		stuck.Wait()
		eventually(t, func() error { _, err := get(api() + "getvotes"); return err })
	})

	t.Run("the fix counts one", func(t *testing.T) {
		dir := checkout(t, "yelb-appserver")
		edit(t, filepath.Join(dir, "modules", "restaurantsdbupdate.rb"), "SET count = count +2", "SET count = count +1")
		fixed := run(t, net, "yelb-appserver-fixed", build(t, dir, "fixed"), "4567")
		url := fixed.url(t, "4567") + "/api/chipotle"
		eventually(t, func() error { _, err := get(fixed.url(t, "4567") + "/api/getvotes"); return err })
		before := number(t, mustPost(t, url))
		if after := number(t, mustPost(t, url)); after != before+1 {
			t.Errorf("a vote took chipotle from %d to %d", before, after)
		}
	})

	t.Run("another port does not answer where it is asked", func(t *testing.T) {
		dir := checkout(t, "yelb-appserver")
		edit(t, filepath.Join(dir, "yelb-appserver.rb"), "configure :production do\n  set :port, 4567", "configure :production do\n  set :port, 4568")
		broken := run(t, net, "yelb-appserver-broken", build(t, dir, "broken"), "4567", "4568")
		eventually(t, func() error { _, err := get(broken.url(t, "4568") + "/api/hostname"); return err })
		if answer, err := get(broken.url(t, "4567") + "/api/hostname"); err == nil {
			t.Errorf("port 4567 answered %q", answer)
		}
	})

	t.Run("each container stops soon, with its stores in use", func(t *testing.T) {
		for _, c := range []container{db, redis, app, ui} {
			start := time.Now()
			if status := c.stop(t); status != "0" {
				t.Errorf("%s exited with status %s", c.name, status)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s took %v to stop", c.name, took)
			}
		}
	})
}

// buildAll builds the images of all repositories and returns their names by service.
func buildAll(t *testing.T) map[string]string {
	t.Helper()
	images := make(map[string]string)
	for _, name := range yelb.Names() {
		images[name] = build(t, checkout(t, name), name)
	}
	return images
}

// newStampede runs visit n times at once.
func newStampede(n int, visit func()) *sync.WaitGroup {
	var visitors sync.WaitGroup
	for range n {
		visitors.Go(visit)
	}
	return &visitors
}

// eventually tries until there is no error, a minute at most.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("still after a minute: %v", err)
		}
	}
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(url string) (string, error)  { return ask(http.MethodGet, url) }
func post(url string) (string, error) { return ask(http.MethodPost, url) }

// ask returns the body of a 200 answer.
func ask(method, url string) (string, error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s %s: %s: %s", method, url, response.Status, body)
	}
	return string(body), nil
}

func mustGet(t *testing.T, url string) string  { t.Helper(); return must(t)(get(url)) }
func mustPost(t *testing.T, url string) string { t.Helper(); return must(t)(post(url)) }

func must(t *testing.T) func(string, error) string {
	return func(body string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// edit replaces text in a file, in which it must be exactly once.
func edit(t *testing.T, file, from, to string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), from); n != 1 {
		t.Fatalf("%s contains %q %d times", file, from, n)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
