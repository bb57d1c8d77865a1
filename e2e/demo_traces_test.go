package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

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
