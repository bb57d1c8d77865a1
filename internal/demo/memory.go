package demo

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// rss is the resident memory of the demo's Serin, in MB.
func (s *server) rss() (float64, error) {
	return memoryLine(fmt.Sprintf("/proc/%d/status", s.process.Pid), "VmRSS:")
}

// proxyPSS is the largest proportional set size, in MB, of the demo's proxies: serin-proxy with its Envoy.
func proxyPSS(ctx context.Context, data string) (float64, error) {
	out, err := exec.CommandContext(ctx, "docker", "ps", "--quiet", "--no-trunc", "--filter", "label=serin.part=proxy").Output()
	if err != nil {
		return 0, fmt.Errorf("listing proxies: %w", err)
	}
	largest := 0.0
	for id := range strings.FieldsSeq(string(out)) {
		mounts, err := exec.CommandContext(ctx, "docker", "inspect", "--format", "{{.State.Pid}} {{range .Mounts}}{{.Source}} {{end}}", id).Output()
		if err != nil {
			continue // it ended meanwhile
		}
		pid, rest, _ := strings.Cut(strings.TrimSpace(string(mounts)), " ")
		if !strings.Contains(rest+" ", filepath.Join(data, "run", "mesh")+" ") {
			continue // another Serin's
		}
		size, err := treePSS(pid)
		if err != nil {
			return 0, err
		}
		largest = max(largest, size)
	}
	if largest == 0 {
		return 0, fmt.Errorf("no proxy of %s was found", data)
	}
	return largest, nil
}

// treePSS sums a process and all below it.
func treePSS(pid string) (float64, error) {
	sum, err := memoryLine("/proc/"+pid+"/smaps_rollup", "Pss:")
	if err != nil {
		return 0, err
	}
	children, err := filepath.Glob("/proc/" + pid + "/task/*/children")
	if err != nil {
		return 0, err
	}
	for _, file := range children {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that ended
		}
		for child := range strings.FieldsSeq(string(text)) {
			size, err := treePSS(child)
			if err != nil {
				return 0, err
			}
			sum += size
		}
	}
	return sum, nil
}

// memoryLine reads a line such as "Pss:  1234 kB", in MB.
func memoryLine(file, name string) (float64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == name {
			kb, err := strconv.ParseFloat(fields[1], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("%s has no line %s", file, name)
}
