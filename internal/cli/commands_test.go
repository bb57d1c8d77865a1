package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/pipeline"
)

// Each command line, what it asks for, and what it says.
func TestCommands(t *testing.T) {
	const services, service = "/api/v1/environments/shop/services", "/api/v1/environments/shop/services/cart"
	deployments := []api.Deployment{{ID: canary}, {ID: delivery.DeploymentID{Service: cart, Number: 1}}}
	f := newFake(t, map[string]any{
		"GET /api/v1/environments":              []api.Environment{{Name: "shop", GatewayURL: "http://127.0.0.1:8080"}},
		"POST /api/v1/environments":             api.Environment{Name: "shop", GatewayURL: "http://127.0.0.1:8080"},
		"DELETE /api/v1/environments/shop":      map[string]string{},
		"GET /api/v1/environments/shop/proxies": []api.Proxy{{Task: delivery.TaskID{Deployment: canary}, Connected: true, Error: "bad\nlistener"}},
		"GET " + services: []api.Service{
			{ID: cart, Port: 80, Protocol: "http", Rollout: new(rollout("Wait", "", false)), Stable: &api.Deployment{ID: canary, Revision: delivery.Revision{Commit: "0123456789"}}},
			{ID: delivery.ServiceID{Environment: "shop", Name: "new"}},
		},
		"POST " + services:                       api.Service{ID: cart, Repository: "http://127.0.0.1:7070/git/shop/cart"},
		"DELETE " + service:                      map[string]string{},
		"GET " + service:                         api.Service{ID: cart, Exposed: true},
		"GET " + service + "/weights":            delivery.Split(1, 2, 25),
		"GET " + service + "/deployments":        deployments,
		"POST " + service + "/deployments":       rollout("CheckDeploymentVersion", "", false),
		"GET " + service + "/deployments/2/logs": "line of 2\n",
		"GET /api/v1/runs":                       []pipeline.Run{pipelineRun(pipeline.Failed, "")},
		"GET /api/v1/runs/3":                     pipelineRun(pipeline.Failed, "make ended with status 2"),
		"GET /api/v1/runs/3/log":                 "[serin] phase build\n",
		"POST /api/v1/runs/3/cancel":             map[string]string{},
		"GET /api/v1/rollouts":                   []api.Rollout{rollout("Wait", "", false)},
		"GET /api/v1/rollouts/7":                 rollout("Wait", "5 of 10 failed", false),
		"GET /api/v1/rollouts/7/evidence":        map[string]any{"trial": map[string]any{}},
		"GET /api/v1/rollouts/7/history":         []api.Event{{Seq: 1, Phase: "Wait", Summary: "waits", Error: "and hurts"}},
		"POST /api/v1/rollouts/7/abort":          map[string]string{},
		"POST /api/v1/rollouts/7/promote":        map[string]string{},
		"GET /api/v1/tokens":                     []api.Token{{ID: "t1", Name: "ci", Role: "deploy"}},
		"POST /api/v1/tokens":                    api.IssuedToken{Secret: "serin_new"},
		"DELETE /api/v1/tokens/t1":               map[string]string{},
	})
	for _, test := range []struct{ line, asks, says string }{
		{"env create shop --gateway-port 8080", `POST /api/v1/environments {"name":"shop","gateway_port":8080}`, "environment shop is there; its gateway is http://127.0.0.1:8080\n"},
		{"env list", "GET /api/v1/environments", "NAME  GATEWAY                CREATED\nshop  http://127.0.0.1:8080  -\n"},
		{"environment delete shop", "DELETE /api/v1/environments/shop", "environment shop is deleted\n"},
		{"service create shop/cart --on-newer-push queue", `POST ` + services + ` {"name":"cart","pipeline":{"branch":"main","on_newer_push":"queue","build_limit":3600000000000}}`, "git remote add serin http://127.0.0.1:7070/git/shop/cart"},
		{"service list shop", "GET " + services, "NAME  PORT  PROTOCOL  STABLE  COMMIT    ROLLOUT\ncart  80    http      2       01234567  Wait 25%\nnew   -     -         -       -         -\n"},
		{"service delete shop/cart --yes", "DELETE " + service, "service shop/cart is deleted\n"},
		{"weights shop/cart", "GET " + service + "/weights", "DEPLOYMENT  PERCENT\n1           75\n2           25\n"},
		{"proxies shop", "GET /api/v1/environments/shop/proxies", "bad listener"},
		{"logs shop/cart --tail 5 -f", "GET " + service + "/deployments/2/logs?follow=true&tail=5", "line of 2\n"},
		{"logs shop/cart/2", "GET " + service + "/deployments/2/logs?follow=false&tail=0", "line of 2\n"},
		{"run list shop/cart", "GET /api/v1/runs?limit=50&service=shop%2Fcart", "3   shop/cart  abababab  failed  "},
		{"run list", "GET /api/v1/runs?limit=50", "fix [2Jit"},
		{"run show shop/cart", "GET /api/v1/runs/3", "reason      make ended with status 2\nwarning     build.yml:3: ignored\n"},
		{"run logs 3 --follow", "GET /api/v1/runs/3/log?follow=true", "[serin] phase build\n"},
		{"run cancel 3", "POST /api/v1/runs/3/cancel", "run 3 is cancelled\n"},
		{"rollout list", "GET /api/v1/rollouts?limit=50", "7   shop/cart/2  Wait   25"},
		{"rollout show shop/cart", "GET /api/v1/rollouts/7", "deployment  shop/cart/2 (before: 1)\nphase       Wait since "},
		{"rollout show 7", "GET /api/v1/rollouts/7", "reason      5 of 10 failed\n"},
		{"rollout evidence 7", "GET /api/v1/rollouts/7/evidence", `{"trial":`},
		{"rollout history 7", "GET /api/v1/rollouts/7/history", "waits: and hurts"},
		{"rollout abort shop/cart", "POST /api/v1/rollouts/7/abort", "rollout 7: abort is asked for\n"},
		{"rollout promote 7", "POST /api/v1/rollouts/7/promote", "rollout 7: promote is asked for\n"},
		{"token list", "GET /api/v1/tokens", "t1  ci    deploy  -\n"},
		{"token create ci --role read", `POST /api/v1/tokens {"name":"ci","role":"read"}`, "serin_new\n"},
		{"token delete t1", "DELETE /api/v1/tokens/t1", "token t1 is useless from now on\n"},
		{"deploy shop/cart --image i:1 --port 8080 --env A=b=c --command serve+now --replicas 2", `POST ` + service + `/deployments {"image":"i:1","port":8080,"protocol":"http","replicas":2,"command":["serve","now"],"env":{"A":"b=c"}}`, "rollout 7 releases shop/cart as deployment 2\n"},
		{"deploy shop/cart --image i:1 --port 8080 --expose=false", `POST ` + service + `/deployments {"image":"i:1","port":8080,"protocol":"http","expose":false,"replicas":1}`, "rollout 7"},
		{"deploy shop/cart --image i:1 --port 8080 --step 50", `"policy":{`, "rollout 7"},
	} {
		t.Run(test.line, func(t *testing.T) {
			f.asked = nil
			words := strings.Fields(test.line)
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], "+", " ")
			}
			out, err := f.serin(t, words...)
			if err != nil || !strings.Contains(out, test.says) {
				t.Errorf("it says %q, %v, want %q", out, err, test.says)
			}
			if last := f.asked[len(f.asked)-1]; last != test.asks && (!strings.HasPrefix(test.asks, `"`) || !strings.Contains(last, test.asks)) {
				t.Errorf("it asks for %s\nwant %s", last, test.asks)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	f := newFake(t, map[string]any{
		"GET /api/v1/environments": json.RawMessage("null"),
		"GET /api/v1/runs":         []pipeline.Run{pipelineRun(pipeline.Failed, "")},
		"GET /api/v1/runs/3":       pipelineRun(pipeline.Failed, ""),
		"GET /api/v1/rollouts/7":   rollout("Wait", "", false),
	})
	if out, err := f.serin(t, "env", "list", "-o", "json"); err != nil || out != "[]\n" {
		t.Errorf("no environments are %q, %v", out, err)
	}
	var runs []pipeline.Run
	if out, err := f.serin(t, "run", "list", "-ojson"); err != nil || json.Unmarshal([]byte(out), &runs) != nil || len(runs) != 1 || runs[0].Message != "fix\x1b[2Jit" {
		t.Errorf("%s, %v", out, err)
	}
	var run pipeline.Run
	if out, err := f.serin(t, "run", "show", "3", "--output", "json"); err != nil || json.Unmarshal([]byte(out), &run) != nil || run.ID != 3 {
		t.Errorf("%s, %v", out, err)
	}
	var r api.Rollout
	if out, err := f.serin(t, "rollout", "show", "7", "-o", "json"); err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Deployment != canary {
		t.Errorf("%s, %v", out, err)
	}
	for _, line := range []string{"run show 3", "env list", "check ."} {
		_, err := f.serin(t, append(strings.Fields(line), "-o", "yaml")...)
		if !errors.As(err, new(usage)) || !strings.Contains(err.Error(), "it must be table or json") {
			t.Errorf("serin %s -o yaml: %v", line, err)
		}
	}
}

func TestDeployAndWait(t *testing.T) {
	begun := rollout("CheckDeploymentVersion", "", false)
	for _, test := range []struct {
		name  string
		ends  api.Rollout
		fails string
	}{
		{"promoted", rollout("Succeeded", "", true), ""},
		{"promoted, and the old one is still there", rollout("CleanupFailed", "", true), ""},
		{"rolled back", rollout("RolledBack", "5 of 10 failed", true), "shop/cart/2 was not promoted: 5 of 10 failed"},
		{"superseded", rollout("Superseded", "", true), "shop/cart/2 was not promoted: Superseded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t, map[string]any{
				"POST /api/v1/environments/shop/services/cart/deployments": begun,
				"GET /api/v1/environments/shop/services/cart":              api.Service{ID: cart},
				"GET /api/v1/rollouts/7":                                   begun,
				"GET /api/v1/rollouts/7/events":                            events(t, begun, rollout("Wait", "", false), rollout("Wait", "", false), test.ends),
			})
			out, err := f.serin(t, "deploy", "shop/cart", "--image", "i", "--port", "80", "--wait")
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || err.Error() != test.fails) {
				t.Errorf("%v, want %q", err, test.fails)
			}
			if n := strings.Count(out, "Wait, 25 %"); n != 1 || strings.Contains(out, "\x1b") {
				t.Errorf("piped, it says what it does not change %d times:\n%s", n, out)
			}
		})
	}
}

func TestWatchingARunShowsItsRollout(t *testing.T) {
	deploying, succeeded := pipelineRun(pipeline.Deploying, ""), pipelineRun(pipeline.Succeeded, "")
	deploying.Rollout, succeeded.Rollout = 7, 7
	f := newFake(t, map[string]any{
		"GET /api/v1/runs/3":            succeeded,
		"GET /api/v1/runs/3/events":     events(t, deploying, succeeded),
		"GET /api/v1/rollouts/7":        rollout("Wait", "", false),
		"GET /api/v1/rollouts/7/events": events(t, rollout("Wait", "", false), rollout("Succeeded", "", true)),
	})
	out, err := f.serin(t, "run", "watch", "3")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for line := range strings.Lines(out) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), " ") // after the time
		said = append(said, line)
	}
	want := []string{
		"run 3 of shop/cart (abababab): deploying", "shop/cart/2: Wait, 25 %", "shop/cart/2: Succeeded, 25 %",
		"run 3 of shop/cart (abababab): succeeded",
	}
	if !slices.Equal(said, want) {
		t.Errorf("it says\n%s", out)
	}
}

func TestWatchingARun(t *testing.T) {
	for _, test := range []struct{ ends, fails string }{{"succeeded", ""}, {"failed", "run 3 is failed: because"}} {
		f := newFake(t, map[string]any{
			"GET /api/v1/runs/3":        pipelineRun(pipeline.Building, ""),
			"GET /api/v1/runs/3/events": events(t, pipelineRun(pipeline.Building, ""), pipelineRun(pipeline.State(test.ends), "because")),
		})
		if _, err := f.serin(t, "run", "watch", "3"); fmt.Sprint(err) != test.fails && (err != nil || test.fails != "") {
			t.Errorf("%v, want %q", err, test.fails)
		}
	}
}

func TestFailuresAreTheServersSentence(t *testing.T) {
	f := newFake(t, map[string]any{"DELETE /api/v1/environments/shop": api.Problem{Status: 409, Code: delivery.Conflict, Detail: "shop has services: delete them first"}, "GET /api/v1/runs": []pipeline.Run{}})
	if _, err := f.serin(t, "env", "delete", "shop"); !errors.Is(err, delivery.Conflict) || err.Error() != "shop has services: delete them first" {
		t.Errorf("got %v", err)
	}
	if _, err := f.serin(t, "run", "show", "shop/cart"); err == nil || err.Error() != "shop/cart has no run yet: push to it" {
		t.Errorf("got %v", err)
	}
	if _, err := f.serin(t, "env", "list", "--token", "wrong"); !errors.Is(err, delivery.Unauthorized) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownCommands(t *testing.T) {
	for line, want := range map[string]string{
		"dploy":               `serin has no command "dploy"; did you mean deploy?; ` + "`serin --help` lists them",
		"rollout abrt":        `serin rollout has no command "abrt"; did you mean abort?; ` + "`serin rollout --help` lists them",
		"xyzzy":               `serin has no command "xyzzy"; ` + "`serin --help` lists them",
		"run list a/b c":      `serin run list: "c" is one word too many`,
		"deploy a/b --port 1": "serin deploy: say --image",
		"login ftp://x":       "is no URL of a Serin",
		"login http://x/y":    "is no URL of a Serin",
	} {
		_, err := run(t, strings.Fields(line)...)
		if !errors.As(err, new(usage)) || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), "is no URL") {
			t.Errorf("serin %s: %v, want %s", line, err, want)
		}
	}
	for _, words := range [][]string{nil, {"help"}, {"rollout"}, {"deploy", "--help"}} {
		if out, err := run(t, words...); err != nil || !strings.Contains(out, "Usage:") {
			t.Errorf("serin %s: %v\n%s", words, err, out)
		}
	}
}

func TestExitStatus(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want int
		says string
	}{
		{t.Context(), nil, 0, ""},
		{t.Context(), errors.New("no"), 1, "serin: no\n"},
		{t.Context(), usage{errors.New("what?")}, 2, "serin: what?\n"},
		{t.Context(), fmt.Errorf("deep: %w", usage{errors.New("what?")}), 2, "serin: deep: what?\n"},
		{cancelled, context.Canceled, 130, ""},
		{cancelled, errors.New("no"), 1, "serin: no\n"},
	} {
		var out bytes.Buffer
		if got := exitStatus(test.ctx, test.err, &out); got != test.want || out.String() != test.says {
			t.Errorf("%v: %d %q, want %d %q", test.err, got, &out, test.want, test.says)
		}
	}
}

func TestLogin(t *testing.T) {
	f := newFake(t, map[string]any{"GET /api/v1/version": api.Version{}, "GET /api/v1/environments": []api.Environment{}})
	home := t.TempDir()
	if _, err := said(t, home, "wrong\n", "login", f.URL); !errors.Is(err, delivery.Unauthorized) {
		t.Errorf("with a wrong token: %v", err)
	}
	if _, err := said(t, home, "\n", "login", f.URL); err == nil || !strings.Contains(err.Error(), "no token") {
		t.Errorf("without a token: %v", err)
	}
	kept := filepath.Join(home, ".config", "serin", "login.json")
	if _, err := os.Stat(kept); err == nil {
		t.Error("a login that failed is kept")
	}
	for range 2 { // again is no error
		out, err := said(t, home, token+"\n", "login", strings.Replace(f.URL, "http", "HTTP", 1)+"/")
		if err != nil || strings.Contains(out, token) {
			t.Fatalf("%q, %v", out, err)
		}
	}
	info, err := os.Stat(kept)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file of its owner alone", info, err)
	}
	if _, err := said(t, home, "", "env", "list"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := said(t, home, "", "env", "list", "--server", "http://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no token is known for http://127.0.0.1:1") {
		t.Errorf("another server gets the token: %v", err)
	}

	git := exec.CommandContext(t.Context(), "git", "config", "--global", "--get-all", "credential."+f.URL+".helper")
	helper, err := git.Output()
	if self, _ := os.Executable(); err != nil || string(helper) != "!'"+self+"' login credential\n" {
		t.Errorf("git's helper is %q, %v", helper, err)
	}
	host := strings.TrimPrefix(f.URL, "http://")
	for _, test := range []struct{ operation, asked, answer string }{
		{"get", "protocol=http\nhost=" + host + "\n\n", "username=serin\npassword=" + token + "\n"},
		{"get", "capability[]=authtype\nprotocol=http\nhost=" + host + "\npath=git/shop/cart\n", "username=serin\npassword=" + token + "\n"},
		{"get", "protocol=https\nhost=" + host + "\n\n", ""},
		{"get", "protocol=http\nhost=example.com\n\n", ""},
		{"get", "", ""},
		{"store", "protocol=http\nhost=" + host + "\npassword=x\n\n", ""},
		{"erase", "protocol=http\nhost=" + host + "\n\n", ""},
	} {
		if out, err := said(t, home, test.asked, "login", "credential", test.operation); err != nil || out != test.answer {
			t.Errorf("credential %s of %q: %q, %v, want %q", test.operation, test.asked, out, err, test.answer)
		}
	}
	if err := os.WriteFile(kept, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := said(t, home, "", "env", "list"); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

// A Serin on this machine leaves its address and token in its data folder.
func TestTheSerinOfThisMachine(t *testing.T) {
	f := newFake(t, map[string]any{"GET /api/v1/environments": []api.Environment{}})
	home := t.TempDir()
	for name, text := range map[string]string{"url": f.URL, "token": token} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, words := range [][]string{{"env", "list"}, {"env", "list", "--server", f.URL + "/"}} {
		if _, err := said(t, home, "", words...); err != nil {
			t.Errorf("serin %s: %v", words, err)
		}
	}
}

func TestCells(t *testing.T) {
	for _, test := range []struct {
		cell any
		want string
	}{
		{"", "-"},
		{0, "-"},
		{"a\tb\nc", "a b c"},
		{"\x1b]0;x\x07y", "]0;x y"},
		{true, "true"},
		{time.Time{}, "-"},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), "2026-01-02 03:04:05"},
	} {
		if got := text(test.cell); got != test.want {
			t.Errorf("%#v is %q, want %q", test.cell, got, test.want)
		}
	}
}

func TestCompletionKnowsTheCommands(t *testing.T) {
	out, err := run(t, "__complete", "rollout", "a")
	if err != nil || !slices.Contains(strings.Split(out, "\n"), "abort\tRoll back, whatever the evidence says") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run(t, "__complete", "env", "list", "-o", ""); err != nil || !strings.HasPrefix(out, "table\njson\n") {
		t.Errorf("%q, %v", out, err)
	}
}
