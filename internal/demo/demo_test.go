package demo

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheLoadCountsWhatUsersGot(t *testing.T) {
	var served atomic.Int64
	enough := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := served.Add(1)
		if n == 40 {
			close(enough)
		}
		w.Header().Set("Yelb-Server", "yelb-appserver-1-0")
		if n%10 == 0 {
			http.Error(w, "out of luck", http.StatusInternalServerError)
		}
	}))
	defer gateway.Close()
	load := &Load{URL: gateway.URL, Rate: 500}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		load.Run(ctx)
	}()
	<-enough
	stop()
	<-done
	got, n := load.Tally(), int(served.Load())
	if got.Requests != n || got.Failed != n/10 || got.Hosts["yelb-appserver-1-0"] != n-n/10 || len(got.Failures) == 0 {
		t.Errorf("of %d requests it counted %+v", n, got)
	}
	if votes := got.Votes["yelb-appserver-1-0"]; votes == 0 || votes > n/5+1 {
		t.Errorf("%d of %d requests were votes, want a fifth", votes, n)
	}
}

func TestShareOfAnInterval(t *testing.T) {
	before := Tally{Requests: 10, Hosts: map[string]int{"a-1-0": 10}}
	after := Tally{Requests: 110, Hosts: map[string]int{"a-1-0": 85, "a-2-0": 25}}
	share, of := after.Since(before).Share(func(h string) bool { return strings.HasPrefix(h, "a-2-") })
	if math.Abs(share-.25) > 1e-9 || of != 100 {
		t.Errorf("the share is %f of %d, want .25 of 100", share, of)
	}
	if _, of := (Tally{}).Share(func(string) bool { return true }); of != 0 {
		t.Error("nothing has a share")
	}
}

func TestSharesThatAreOff(t *testing.T) {
	for _, test := range []struct {
		s  share
		ok bool
	}{{share{25, .29, 1000}, true}, {share{25, .31, 1000}, false}, {share{25, .19, 1000}, false}, {share{25, .25, 0}, false}} {
		if err := test.s.check(); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.s, err)
		}
	}
}

func TestTheVerdictCountsUsersAndVotes(t *testing.T) {
	good := Report{Acts: []Act{{Name: "2 fix", Requests: 100}}, VotesExpected: 7, VotesStored: 7}
	if err := good.verdict(); err != nil {
		t.Error(err)
	}
	failed, lost := good, good
	failed.Acts = []Act{{Name: "2 fix", Requests: 100, Failed: 1}}
	lost.VotesStored = 6
	for _, r := range []Report{failed, lost} {
		if r.verdict() == nil {
			t.Errorf("%+v passes", r)
		}
	}
}
