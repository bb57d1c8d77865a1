package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"serin.dev/serin/internal/api"
)

// Act is what one act came to.
type Act struct {
	Name         string  `json:"name"`
	Requests     int     `json:"requests"` // of users
	Failed       int     `json:"failed"`   // as users saw it
	CanaryFailed int     `json:"canary_attempts_failed"`
	Outcome      string  `json:"outcome"`
	Seconds      float64 `json:"seconds"`
}

// Report is what the demo came to.
type Report struct {
	Acts              []Act   `json:"acts"`
	VotesAcknowledged int     `json:"votes_acknowledged"`
	VotesExpected     int     `json:"votes_expected"` // those that the first version counted are two each
	VotesStored       int     `json:"votes_stored"`
	ControlPlaneRSS   float64 `json:"control_plane_rss_mb"`
	ProxyPSS          float64 `json:"proxy_pss_mb_max"`
}

func (d *demo) report(ctx context.Context) (Report, error) {
	r := Report{Acts: d.acts}
	for host, n := range d.tally().Votes {
		r.VotesAcknowledged += n
		r.VotesExpected += n
		if strings.HasPrefix(host, appserver.Name+"-1-") { // the seeded bug
			r.VotesExpected += n
		}
	}
	stored, err := votes(&http.Client{Timeout: 10 * time.Second}, d.gateway)
	if err != nil {
		return r, err
	}
	for _, restaurant := range restaurants {
		r.VotesStored += stored[restaurant]
	}
	if r.ControlPlaneRSS, err = d.server.rss(); err != nil {
		return r, err
	}
	r.ProxyPSS, err = proxyPSS(ctx, d.Data)
	return r, err
}

// verdict fails when any user request failed, or a vote was lost or doubled.
func (r Report) verdict() error {
	var errs []error
	for _, a := range r.Acts {
		if a.Failed > 0 {
			errs = append(errs, fmt.Errorf("act %s: %d user requests failed", a.Name, a.Failed))
		}
	}
	if r.VotesStored != r.VotesExpected {
		errs = append(errs, fmt.Errorf("%d votes are stored, and %d should be", r.VotesStored, r.VotesExpected))
	}
	return errors.Join(errs...)
}

func (r Report) write(out io.Writer) {
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACT\tUSER REQUESTS\tFAILED\tFAILED CANARY ATTEMPTS\tSECONDS\tOUTCOME")
	for _, a := range r.Acts {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%.0f\t%s\n", a.Name, a.Requests, a.Failed, a.CanaryFailed, a.Seconds, a.Outcome)
	}
	table.Flush()
	fmt.Fprintf(out, "votes: %d acknowledged, which makes %d with the seeded +2; %d stored\n", r.VotesAcknowledged, r.VotesExpected, r.VotesStored)
	fmt.Fprintf(out, "memory: control plane %.0f MB (resident), the largest proxy %.1f MB (its share of what is resident)\n", r.ControlPlaneRSS, r.ProxyPSS)
}

func (r Report) save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// canaryFailures sums the failed attempts of all rollouts of the app server so far.
func (d *demo) canaryFailures(ctx context.Context) (int, error) {
	var rollouts []api.Rollout
	if d.gateway == "" {
		return 0, nil // there is no environment yet
	}
	if err := d.client.Do(ctx, http.MethodGet, "/api/v1/rollouts?service="+appserver.String(), nil, &rollouts); err != nil {
		return 0, err
	}
	sum := 0
	for _, r := range rollouts {
		sum += int(r.Canary.Failed())
	}
	return sum, nil
}
