package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemo cuts a demo off in its first act, performs it again from there, and removes everything.
func TestDemo(t *testing.T) {
	d := newDemoStage(t)
	d.cutOff()
	d.performs()
	left := d.traces()
	for _, kind := range []string{"container", "network", "image", "packet filter", "network device", "process", "folder"} {
		if left[kind] == nil {
			t.Errorf("the test is blind: while the demo runs it sees no %s of it", kind)
		}
	}
	d.run("--cleanup")
	for kind, names := range d.traces() {
		t.Errorf("after --cleanup there are of kind %s: %s", kind, strings.Join(names, ", "))
	}
	if out := d.run("--cleanup"); out != "" {
		t.Errorf("a second --cleanup says %q", out)
	}
}

// demoStage is a place for a demo: its data folder and its address, and what is known of what it made.
type demoStage struct {
	t                           *testing.T
	serin, data, listen, report string
	env                         []string
	instances                   []string // of its Serins, by which they label what they make
	networks                    []string // ids of those they ever had
}

func newDemoStage(t *testing.T) *demoStage {
	t.Helper()
	data, err := os.MkdirTemp("/tmp", "sd-") // short: sockets in it have names of at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	d := &demoStage{
		t: t, serin: filepath.Join(t.TempDir(), "serin"), data: data, listen: "127.0.0.1:" + strconv.Itoa(ports[0]),
		report: filepath.Join(t.TempDir(), "report.json"),
		env: append(os.Environ(), "SERIN_PROXY_IMAGE="+setUpImage(t, "SERIN_PROXY_IMAGE", "proxy"),
			"SERIN_BUILDER_IMAGE="+setUpImage(t, "SERIN_BUILDER_IMAGE", "builder")),
	}
	run(t, "go", "build", "-o", d.serin, "../cmd/serin")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := d.command(ctx, "--cleanup").CombinedOutput()
		if err := errors.Join(err, os.RemoveAll(data)); err != nil {
			t.Errorf("cleaning up: %v\n%s", err, out)
		}
	})
	return d
}

func (d *demoStage) command(ctx context.Context, flags ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.serin, append([]string{"demo", "--demo-data", d.data, "--listen", d.listen}, flags...)...)
	cmd.Env = d.env
	return cmd
}

// run runs a demo that must go well, and gives what it says.
func (d *demoStage) run(flags ...string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	out, err := d.command(ctx, flags...).CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(d.data, "serin.log"))
		d.t.Fatalf("serin demo %s: %v\n%s\nserin:\n%s", strings.Join(flags, " "), err, out, log[max(0, len(log)-4000):])
	}
	return string(out)
}

// cutOff begins a demo and kills it and its Serin as a power cut would, while it builds and deploys.
func (d *demoStage) cutOff() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var said bytes.Buffer
	cmd := d.command(ctx)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for d.traces()["container"] == nil {
		select {
		case <-ended:
			d.t.Fatalf("the demo ended before it had made any container:\n%s", &said)
		case <-tick.C:
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	<-ended
	d.killServer()
}

// killServer kills the Serin of the demo, which outlives it.
func (d *demoStage) killServer() {
	d.t.Helper()
	for _, p := range d.traces()["process"] {
		pid, err := strconv.Atoi(strings.Fields(p)[0])
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			d.t.Fatal(err)
		}
	}
}

// performs runs the whole demo, and holds its report against what it promises.
func (d *demoStage) performs() {
	d.t.Helper()
	began := time.Now()
	out := d.run("--json", d.report)
	d.t.Logf("%s\n%.0f s in all", out, time.Since(began).Seconds())
	text, err := os.ReadFile(d.report)
	if err != nil {
		d.t.Fatal(err)
	}
	if keys := jsonKeys(d.t, text); !slices.Equal(keys, []string{"acts", "control_plane_rss_mb", "proxy_pss_mb_max", "votes_acknowledged", "votes_expected", "votes_stored"}) {
		d.t.Errorf("the report has the keys %v", keys)
	}
	var report struct {
		Acts         []json.RawMessage `json:"acts"`
		ControlPlane float64           `json:"control_plane_rss_mb"`
		Proxy        float64           `json:"proxy_pss_mb_max"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		d.t.Fatal(err)
	}
	if report.ControlPlane <= 0 || report.ControlPlane > 150 {
		d.t.Errorf("the control plane takes %.1f MB", report.ControlPlane)
	}
	if report.Proxy <= 0 {
		d.t.Errorf("the largest proxy takes %.1f MB", report.Proxy)
	}
	d.checkActs(report.Acts)
}

func (d *demoStage) checkActs(acts []json.RawMessage) {
	d.t.Helper()
	want := []struct{ name, outcome string }{
		{"1 release", "deployed, the page is up"},
		{"2 fix", "promoted"},
		{"3 wrong port", "rolled back"},
		{"4 failing", "rolled back"},
		{"5 kill -9", "promoted after a restart"},
	}
	if len(acts) != len(want) {
		d.t.Fatalf("the report has %d acts, not %d", len(acts), len(want))
	}
	together := 0.0
	for i, text := range acts {
		if keys := jsonKeys(d.t, text); !slices.Equal(keys, []string{"canary_attempts_failed", "failed", "name", "outcome", "requests", "seconds"}) {
			d.t.Errorf("act %d has the keys %v", i+1, keys)
		}
		var act struct {
			Name, Outcome    string
			Requests, Failed int
			CanaryFailed     int `json:"canary_attempts_failed"`
			Seconds          float64
		}
		if err := json.Unmarshal(text, &act); err != nil {
			d.t.Fatal(err)
		}
		if act.Name != want[i].name || act.Outcome != want[i].outcome || act.Failed != 0 || act.Seconds <= 0 {
			d.t.Errorf("act %d is %s; want %s", i+1, text, want[i])
		}
		if i == 0 {
			continue // there are no users yet
		}
		together += act.Seconds
		if rate := float64(act.Requests) / act.Seconds; rate < 50 {
			d.t.Errorf("act %s had %.0f requests/s, not the 50 at least that are promised", act.Name, rate)
		}
		if hidden := act.CanaryFailed > 0; hidden != (i == 3) {
			d.t.Errorf("act %s had %d failed canary attempts", act.Name, act.CanaryFailed)
		}
	}
	d.t.Logf("acts 2 to 5 took %.0f s together", together)
}

func jsonKeys(t *testing.T, text []byte) []string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return slices.Sorted(maps.Keys(object))
}

// traces is what there is on the machine of the demo, and of those before it in the same folder, by kind.
func (d *demoStage) traces() map[string][]string {
	d.t.Helper()
	found := map[string][]string{}
	d.meet()
	for _, instance := range d.instances {
		label := "label=serin.instance=" + instance
		found["container"] = append(found["container"], d.lines("docker", "ps", "--all", "--format", "{{.Names}}", "--filter", label)...)
		networks := d.lines("docker", "network", "ls", "--no-trunc", "--format", "{{.ID}}", "--filter", label)
		found["network"] = append(found["network"], networks...)
		d.networks = append(d.networks, networks...)
	}
	for _, image := range d.lines("docker", "images", "--format", "{{.Repository}}:{{.Tag}}") {
		ofBuild := func(instance string) bool { return strings.HasPrefix(image, "serin-"+instance+"/") }
		if strings.HasPrefix(image, d.listen+"/") || slices.ContainsFunc(d.instances, ofBuild) {
			found["image"] = append(found["image"], image)
		}
	}
	for kind, lines := range map[string][]string{
		"packet filter": d.lines("iptables-save"), "network device": d.lines("ip", "-oneline", "link"),
	} {
		for _, line := range lines {
			if slices.ContainsFunc(d.networks, func(id string) bool { return strings.Contains(line, "br-"+id[:12]) }) {
				found[kind] = append(found[kind], line)
			}
		}
	}
	found["process"] = d.processes()
	if _, err := os.Stat(d.data); err == nil {
		found["folder"] = []string{d.data}
	}
	maps.DeleteFunc(found, func(_ string, names []string) bool { return len(names) == 0 })
	return found
}

// meet learns which Serins the demo has had: each says so in its log.
func (d *demoStage) meet() {
	log, err := os.ReadFile(filepath.Join(d.data, "serin.log"))
	if err != nil {
		return // none since it was removed
	}
	for _, m := range instancePattern.FindAllStringSubmatch(string(log), -1) {
		if !slices.Contains(d.instances, m[1]) {
			d.instances = append(d.instances, m[1])
		}
	}
}

// processes are those on whose command line the data folder is, each with its number before it.
func (d *demoStage) processes() []string {
	d.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		d.t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		words, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(words), d.data) {
			found = append(found, filepath.Base(filepath.Dir(file))+" "+strings.ReplaceAll(string(words), "\x00", " "))
		}
	}
	return found
}

// lines are those that a program says.
func (d *demoStage) lines(name string, args ...string) []string {
	d.t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		d.t.Fatal(fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err))
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return line == "" })
}
