package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// restaurants are what the users vote for; the demo's own votes go to another.
var restaurants = []string{"ihop", "chipotle", "outback"}

// reads are what a user of Yelb looks at, by path.
var reads = []string{"/", "/api/getvotes", "/api/hostname", "/api/pageviews"}

// Load is users at work: a steady rate of reads and votes through the gateway, each counted.
type Load struct {
	URL  string  // of the gateway
	Rate float64 // requests/s, all together

	mu    sync.Mutex
	tally Tally
}

// Tally is what the users got since they began.
type Tally struct {
	Requests int
	Failed   int
	Votes    map[string]int // acknowledged with 200, by the host name of the app server that counted them
	Hosts    map[string]int // all answers, by the host name of the app server
	Failures []string       // the first few, a sentence each
}

const maxFailures = 10

// Run sends requests until ctx ends, and waits for those under way: what was begun is always counted.
func (l *Load) Run(ctx context.Context) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(time.Duration(float64(time.Second) / l.Rate))
	defer tick.Stop()
	var under sync.WaitGroup
	defer under.Wait()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			under.Go(func() { l.request(client, n) })
		}
	}
}

// request sends the n-th request: four reads, then a vote. Votes are POSTs, as on Yelb's page: nothing on their way
// may repeat one that was sent, so that those stored can be held against those acknowledged.
func (l *Load) request(client *http.Client, n int) {
	kinds := len(reads) + 1
	if kind := n % kinds; kind < len(reads) {
		_, host, err := fetch(client, http.MethodGet, l.URL+reads[kind])
		l.count(host, err, func(*Tally) {})
		return
	}
	choice := restaurants[n/kinds%len(restaurants)]
	_, host, err := fetch(client, http.MethodPost, l.URL+"/api/"+choice)
	l.count(host, err, func(t *Tally) { t.Votes[host]++ })
}

// fetch gets an answer whole, and the host name of the app server it came from, "" where none was asked. Anything but
// 200 is an error.
func fetch(client *http.Client, method, url string) (body, host string, err error) {
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", "", fmt.Errorf("%s %s: reading the answer: %w", method, url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return "", "", errors.New(method + " " + url + ": " + answer.Status)
	}
	return string(text), answer.Header.Get("Yelb-Server"), nil
}

func (l *Load) count(host string, err error, good func(*Tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.init()
	l.tally.Requests++
	if err == nil {
		good(&l.tally)
		if host != "" {
			l.tally.Hosts[host]++
		}
		return
	}
	l.tally.Failed++
	if len(l.tally.Failures) < maxFailures {
		l.tally.Failures = append(l.tally.Failures, time.Now().UTC().Format(time.TimeOnly)+" "+err.Error())
	}
}

// Tally is a copy of the counts so far.
func (l *Load) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.init()
	t := l.tally
	t.Votes, t.Hosts, t.Failures = maps.Clone(t.Votes), maps.Clone(t.Hosts), slices.Clone(t.Failures)
	return t
}

func (t *Tally) init() {
	if t.Votes == nil {
		t.Votes, t.Hosts = map[string]int{}, map[string]int{}
	}
}

// Since is what happened after an earlier tally.
func (t Tally) Since(earlier Tally) Tally {
	d := Tally{
		Requests: t.Requests - earlier.Requests, Failed: t.Failed - earlier.Failed,
		Votes: map[string]int{}, Hosts: map[string]int{},
	}
	for name, n := range t.Votes {
		d.Votes[name] = n - earlier.Votes[name]
	}
	for name, n := range t.Hosts {
		if n > earlier.Hosts[name] {
			d.Hosts[name] = n - earlier.Hosts[name]
		}
	}
	d.Failures = t.Failures[min(len(earlier.Failures), len(t.Failures)):]
	return d
}

// Share is the part (0 to 1) of the answers whose app server's host name satisfies is, and of how many.
func (t Tally) Share(is func(host string) bool) (share float64, of int) {
	matching := 0
	for host, n := range t.Hosts {
		of += n
		if is(host) {
			matching += n
		}
	}
	if of == 0 {
		return 0, 0
	}
	return float64(matching) / float64(of), of
}
