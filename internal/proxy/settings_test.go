package proxy

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/delivery"
)

var goodEnvironment = map[string]string{
	"SERIN_TASK": "demo/shop/7/0", "SERIN_TOKEN": "t0ken", "SERIN_CONTROL": "unix:///run/serin/mesh.sock",
	"SERIN_CONCURRENCY": "3", "SERIN_DRAIN_SECONDS": "9",
}

func TestReadSettings(t *testing.T) {
	s, err := ReadSettings(func(key string) string { return goodEnvironment[key] })
	if err != nil {
		t.Fatal(err)
	}
	if s.Task.String() != "demo/shop/7/0" || s.Token != "t0ken" || s.Control.Path != "/run/serin/mesh.sock" ||
		s.Concurrency != 3 || s.Drain != 9*time.Second || s.Envoy != "/usr/local/bin/envoy" || s.Hosts != "/etc/hosts" || s.State != "/run/serin-proxy" {
		t.Errorf("got %+v", s)
	}
}

func TestReadSettingsNamesWhatIsWrong(t *testing.T) {
	for variable, values := range map[string][]string{
		"SERIN_TASK":          {"", "demo/shop", "demo/shop/x/0"},
		"SERIN_TOKEN":         {"", "two words", "line\nbreak"},
		"SERIN_CONTROL":       {"", "mesh", "unix://relative", ":8080", "host:0", "host:http", "unix:///" + strings.Repeat("x", 107)},
		"SERIN_CONCURRENCY":   {"0", "many", "65"},
		"SERIN_DRAIN_SECONDS": {"-1", "5s"},
	} {
		for _, value := range values {
			environment := maps.Clone(goodEnvironment)
			environment[variable] = value
			_, err := ReadSettings(func(key string) string { return environment[key] })
			if !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s=%q: got %v, want Invalid that names the variable", variable, value, err)
			}
			if err != nil && variable == "SERIN_TOKEN" && value != "" && strings.Contains(err.Error(), value) {
				t.Errorf("the error tells the token: %v", err)
			}
		}
	}
}

func TestControlTarget(t *testing.T) {
	for text, want := range map[string]string{
		"unix:///run/serin/mesh.sock": "unix:///run/serin/mesh.sock",
		"10.0.0.1:8081":               "passthrough:///10.0.0.1:8081",
		"[fd00::1]:8081":              "passthrough:///[fd00::1]:8081",
		"control.example:8081":        "passthrough:///control.example:8081",
	} {
		c, err := ParseControl(text)
		if err != nil || c.target() != want {
			t.Errorf("%s: got %s, %v; want %s", text, c.target(), err, want)
		}
	}
}
