package proxy

import (
	"cmp"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
)

// Settings is what run is told by its environment.
type Settings struct {
	Task        delivery.TaskID
	Token       string // a secret
	Control     Control
	Envoy       string        // path of Envoy's binary
	Concurrency int           // Envoy's worker threads, from 1
	Drain       time.Duration // how long requests in flight may take after SIGTERM
	Hosts       string        // path of the hosts file
	State       string        // private directory, made when missing
	Version     string        // serin-proxy's own, for Hello
}

const tokenVariable = "SERIN_TOKEN"

// ReadSettings reads the variables that doc.go lists. It fails with Invalid, naming the variable.
func ReadSettings(getenv func(string) string) (Settings, error) {
	s := Settings{
		Envoy: cmp.Or(getenv("SERIN_ENVOY"), "/usr/local/bin/envoy"),
		Hosts: cmp.Or(getenv("SERIN_HOSTS"), "/etc/hosts"),
		State: stateDir(getenv),
		Token: getenv(tokenVariable),
	}
	var err error
	if s.Task, err = delivery.ParseTaskID(getenv("SERIN_TASK")); err != nil {
		return s, delivery.Errorf(delivery.Invalid, "SERIN_TASK: %w", err)
	}
	if !tokenSafe(s.Token) {
		return s, delivery.Errorf(delivery.Invalid, "%s: it must be the task's token, in printable ASCII without spaces", tokenVariable)
	}
	if s.Control, err = ParseControl(getenv("SERIN_CONTROL")); err != nil {
		return s, err
	}
	if s.Concurrency, err = number(getenv, "SERIN_CONCURRENCY", min(2, runtime.GOMAXPROCS(0)), 1, 64); err != nil {
		return s, err
	}
	seconds, err := number(getenv, "SERIN_DRAIN_SECONDS", 5, 0, 3600)
	s.Drain = time.Duration(seconds) * time.Second
	return s, err
}

// stateDir is where run and ready meet.
func stateDir(getenv func(string) string) string {
	return cmp.Or(getenv("SERIN_STATE"), "/run/serin-proxy")
}

// Control is where the control plane listens for proxies.
type Control struct {
	Path string // of a unix socket, or ""
	Host string // a name or an address, when Path is ""
	Port int
}

// ParseControl reads "unix:///path" or "host:port". It fails with Invalid.
func ParseControl(s string) (Control, error) {
	if path, ok := strings.CutPrefix(s, "unix://"); ok {
		if !filepath.IsAbs(path) || len(path) > maxSocketPath {
			return Control{}, delivery.Errorf(delivery.Invalid, "SERIN_CONTROL: %q: write unix:// and an absolute path of at most %d bytes, such as unix:///run/serin/mesh.sock", s, maxSocketPath)
		}
		return Control{Path: path}, nil
	}
	host, service, err := net.SplitHostPort(s)
	port, perr := strconv.Atoi(service)
	if err != nil || perr != nil || host == "" || port < 1 || port > 65535 {
		return Control{}, delivery.Errorf(delivery.Invalid, "SERIN_CONTROL: %q names no control plane: write unix:///run/serin/mesh.sock or host:port", s)
	}
	return Control{Host: host, Port: port}, nil
}

// maxSocketPath is what sockaddr_un holds, without the final zero byte.
const maxSocketPath = 107

// target is the name gRPC dials. The host is resolved anew at each attempt.
func (c Control) target() string {
	if c.Path != "" {
		return "unix://" + c.Path
	}
	return "passthrough:///" + net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}

// literal tells whether the host is an address rather than a name.
func (c Control) literal() bool {
	_, err := netip.ParseAddr(c.Host)
	return err == nil
}

func tokenSafe(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

func number(getenv func(string) string, key string, otherwise, least, most int) (int, error) {
	text := getenv(key)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, delivery.Errorf(delivery.Invalid, "%s is %q: it must be a number from %d to %d", key, text, least, most)
	}
	return n, nil
}
