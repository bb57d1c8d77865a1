package evidence_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/evidence"
)

var (
	start = time.Unix(1_000_000, 0)
	shop  = delivery.DeploymentID{Service: delivery.ServiceID{Environment: "prod", Name: "shop"}, Number: 2}
)

func second(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

func sample(epoch int64, at int, attempts, failed uint64) evidence.Sample {
	return evidence.Sample{
		Key: evidence.Key{Deployment: shop, Side: evidence.Caller, Proxy: delivery.GatewayTask("prod"), Epoch: epoch},
		At:  second(at), Counts: evidence.Counts{Attempts: attempts, Errors5xx: failed},
	}
}

func TestWindow(t *testing.T) {
	tests := []struct {
		name     string
		samples  []evidence.Sample
		from, to int
		want     evidence.Counts
	}{
		{"nothing", nil, 0, 10, evidence.Counts{}},
		{"the first reading counts from zero", []evidence.Sample{sample(1, 5, 7, 1)}, 0, 10, evidence.Counts{Attempts: 7, Errors5xx: 1}},
		{"differences", []evidence.Sample{sample(1, 1, 10, 1), sample(1, 5, 30, 2)}, 2, 10, evidence.Counts{Attempts: 20, Errors5xx: 1}},
		{"a reading at the start is before the window", []evidence.Sample{sample(1, 2, 10, 1), sample(1, 5, 30, 2)}, 2, 10, evidence.Counts{Attempts: 20, Errors5xx: 1}},
		{"a reading at the end is within", []evidence.Sample{sample(1, 2, 10, 0), sample(1, 5, 30, 0)}, 2, 5, evidence.Counts{Attempts: 20}},
		{"a reading after the end is not", []evidence.Sample{sample(1, 2, 10, 0), sample(1, 6, 30, 0)}, 2, 5, evidence.Counts{}},
		{"a repeated reading", []evidence.Sample{sample(1, 3, 10, 1), sample(1, 3, 10, 1)}, 2, 5, evidence.Counts{Attempts: 10, Errors5xx: 1}},
		{"a late reading", []evidence.Sample{sample(1, 5, 30, 0), sample(1, 3, 10, 0)}, 2, 9, evidence.Counts{Attempts: 30}},
		{"a proxy that starts anew adds", []evidence.Sample{sample(1, 1, 10, 0), sample(1, 3, 15, 0), sample(2, 5, 4, 0)}, 2, 9, evidence.Counts{Attempts: 9}},
		{"nothing new since the window began", []evidence.Sample{sample(1, 1, 10, 3)}, 2, 9, evidence.Counts{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := evidence.Window(test.samples, second(test.from), second(test.to))[shop].Caller; got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A proxy that counts real attempts is watched through a stream of readings that repeats, drops and reorders them
// while the proxy restarts. What a window whose ends were read counts is what happened in it, whatever else went by.
func TestWindowCountsWhatHappened(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		length := 20 + rng.IntN(40)
		from, to := rng.IntN(length/2), length/2+rng.IntN(length/2)
		var want uint64
		var counter uint64
		epoch := int64(1)
		var arrived []evidence.Sample
		for now := range length {
			happened := rng.Uint64N(50)
			counter += happened
			if now > from && now <= to {
				want += happened
			}
			s := sample(epoch, now, counter, counter/3)
			restarts := rng.IntN(10) == 0
			if restarts || now == from || now == to || rng.IntN(3) > 0 {
				for range 1 + rng.IntN(2) {
					arrived = append(arrived, s)
				}
			}
			if restarts {
				epoch, counter = epoch+1, 0
			}
		}
		rng.Shuffle(len(arrived), func(i, j int) { arrived[i], arrived[j] = arrived[j], arrived[i] })
		if got := evidence.Window(arrived, second(from), second(to))[shop].Attempts(); got != want {
			t.Fatalf("seed %d: %d attempts in (%d, %d], want %d", seed, got, from, to, want)
		}
	}
}

func TestThinChangesNoWindow(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var all []evidence.Sample
		counter := uint64(0)
		for now := range 50 {
			counter += rng.Uint64N(5)
			if rng.IntN(3) > 0 {
				all = append(all, sample(1, now, counter, 0))
			}
		}
		early := rng.IntN(50)
		recent := early + rng.IntN(50-early)
		left := evidence.Thin(slices.Clone(all), []time.Time{second(early), second(recent)})
		if most := 2 + 50 - recent; len(left) > most {
			t.Fatalf("seed %d: %d readings are left, want %d at most", seed, len(left), most)
		}
		for from := range 50 {
			if from != early && from < recent {
				continue
			}
			want := evidence.Window(all, second(from), second(60))[shop]
			if got := evidence.Window(left, second(from), second(60))[shop]; got != want {
				t.Fatalf("seed %d: thinned for %d and %d a window from %d counts %+v, want %+v", seed, early, recent, from, got, want)
			}
		}
	}
}

// What was told already is left out, and told no second time when a crash has lost the readings it was told of.
func TestWhatWasToldIsNotToldAgain(t *testing.T) {
	counted := evidence.Tally{Caller: evidence.Counts{Attempts: 98, Errors5xx: 3, Latency: evidence.Latency{4: 95}}}
	told := evidence.Tally{Caller: evidence.Counts{Attempts: 100, Errors5xx: 2, Latency: evidence.Latency{4: 98}}}
	if got, want := counted.Minus(told), (evidence.Tally{Caller: evidence.Counts{Errors5xx: 1}}); got != want {
		t.Errorf("%+v is told, want %+v", got, want)
	}
	before := evidence.Standing{}.Follow(start, told.Caller)
	after := before.Follow(second(1), counted.Caller).Follow(second(2), evidence.Counts{Attempts: 105})
	if got := after.Record.Recent.Counts.Attempts; got != 7 {
		t.Errorf("the record has %d attempts, want 7", got)
	}
}

func TestTally(t *testing.T) {
	tally := evidence.Tally{}.
		Add(evidence.Caller, evidence.Counts{Attempts: 10, ConnectFailed: 2, Resets: 1}).
		Add(evidence.Ingress, evidence.Counts{Attempts: 7, Errors5xx: 1, Timeouts: 1})
	if tally.Attempts() != 10 || tally.Failed() != 3 || tally.Worse() != tally.Caller {
		t.Errorf("%+v: %d attempts, %d failed", tally, tally.Attempts(), tally.Failed())
	}
}
