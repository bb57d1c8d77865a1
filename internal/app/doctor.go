package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// Finding is one thing Serin needs, and how it is.
type Finding struct {
	Subject string `json:"subject"`
	OK      bool   `json:"ok"`
	Detail  string `json:"detail"` // a sentence; what to do when it is not OK
}

// Doctor looks for everything Serin needs on this machine. It changes nothing.
func Doctor(ctx context.Context, config Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	findings := []Finding{checkGit(ctx), checkData(config.Data)}
	docker, found := checkDocker(ctx, config)
	findings = append(findings, found)
	if !found.OK {
		return findings
	}
	defer docker.Close()
	return append(findings,
		checkImage(ctx, docker, "proxy image", config.ProxyImage),
		checkImage(ctx, docker, "builder image", config.BuilderImage))
}

func checkGit(ctx context.Context) Finding {
	out, err := exec.CommandContext(ctx, "git", "version").Output()
	if err != nil {
		return Finding{"git", false, "git does not run: install it (apt-get install git); Serin keeps repositories with it"}
	}
	backend, err := exec.CommandContext(ctx, "git", "--exec-path").Output()
	if err == nil {
		_, err = os.Stat(strings.TrimSpace(string(backend)) + "/git-http-backend")
	}
	if err != nil {
		return Finding{"git", false, "git has no http-backend: install the whole of git; pushes come through it"}
	}
	return Finding{"git", true, strings.TrimSpace(string(out))}
}

func checkData(dir string) Finding {
	const enough = 5 << 30 // bytes: images and their layers are large
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Finding{"data folder", false, fmt.Sprintf("%s cannot be made (%v): name another with --data", dir, err)}
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return Finding{"data folder", false, fmt.Sprintf("%s cannot be looked at: %v", dir, err)}
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	if free < enough {
		return Finding{"data folder", false, fmt.Sprintf("%s has %d MiB free: make room, images need at least %d MiB", dir, free>>20, int64(enough)>>20)}
	}
	return Finding{"data folder", true, fmt.Sprintf("%s, %d GiB free", dir, free>>30)}
}

func checkDocker(ctx context.Context, config Config) (*client.Client, Finding) {
	docker, err := newDocker(config)
	if err != nil {
		return nil, Finding{"Docker", false, err.Error()}
	}
	version, err := docker.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		docker.Close()
		return nil, Finding{"Docker", false, fmt.Sprintf("Docker does not answer (%v): start it, or install it (apt-get install docker.io iptables; `make setup` does both)", err)}
	}
	return docker, Finding{"Docker", true, fmt.Sprintf("engine %s, API %s", version.Version, version.APIVersion)}
}

func checkImage(ctx context.Context, docker *client.Client, subject, name string) Finding {
	if name == "" {
		return Finding{subject, false, "no --" + strings.ReplaceAll(subject, " ", "-") + " is said: `make setup` makes the images and keeps their names in .cache/images"}
	}
	if _, err := docker.ImageInspect(ctx, name); err != nil {
		return Finding{subject, false, fmt.Sprintf("Docker has no image %s: `make setup` makes it", name)}
	}
	return Finding{subject, true, name}
}
