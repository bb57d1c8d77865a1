package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// run runs a command line and gives what it wrote.
func run(t *testing.T, words ...string) (string, error) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("SERIN_DATA", t.TempDir())
	var out bytes.Buffer
	root := New("v1.2.3", &out, &out)
	root.SetArgs(words)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestCommandLinesThatCannotBeMeant(t *testing.T) {
	for line, says := range map[string]string{
		"deploy":                              "name the service",
		"service create cart --image x":       "unknown flag",
		"service create cart":                 "<environment>/<service>",
		"rollout abort no-number":             "neither a rollout's number nor",
		"env create a b":                      "one word too many",
		"service delete shop/cart":            "--yes",
		"check":                               "name a repository's folder",
		"rollout frobnicate":                  "has no command",
		"login here":                          "http://HOST:PORT",
		"weights shop/cart/7":                 "",
		"deploy shop/cart --image x --port x": "invalid argument",
	} {
		_, err := run(t, append(strings.Fields(line), "--server", "http://127.0.0.1:1", "--token", "t")...)
		var bad usage
		if err == nil || !errors.As(err, &bad) && says != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("serin %s: %v, want a usage error that says %q", line, err, says)
		}
	}
}

func TestWithoutASerin(t *testing.T) {
	if _, err := run(t, "env", "list"); err == nil || !strings.Contains(err.Error(), "serin up") {
		t.Errorf("without a Serin: %v", err)
	}
	if _, err := run(t, "env", "list", "--server", "http://127.0.0.1:1", "--token", "t"); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("where nobody listens: %v", err)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	if out, err := run(t, "version"); err != nil || out != "serin v1.2.3\n" {
		t.Errorf("version says %q, %v", out, err)
	}
	if out, err := run(t, "completion", "bash"); err != nil || !strings.Contains(out, "__start_serin") {
		t.Errorf("completion: %v", err)
	}
}
