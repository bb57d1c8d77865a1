// Package builder_test tests the aws program of the builder image.
package builder_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// What the build files' command lines must answer with; stdout is compared whole, stderr by a part of it.
func TestAWS(t *testing.T) {
	const (
		registry = "SERIN_REGISTRY=127.0.0.1:7070"
		password = "SERIN_REGISTRY_PASSWORD=s3cret"
		login    = "docker login -u AWS -p s3cret http://127.0.0.1:7070\n"
	)
	both := []string{registry, password}

	tests := []struct {
		name   string
		args   string
		env    []string
		stdout string
		stderr string
		status int
	}{
		{name: "get-login", args: "ecr get-login --no-include-email", env: both, stdout: login},
		{name: "get-login without the flag", args: "ecr get-login", env: both, stdout: login},
		{name: "get-login with a region behind", args: "ecr get-login --no-include-email --region eu-west-1", env: both, stdout: login},
		{name: "get-login with a region before", args: "--region eu-west-1 ecr get-login --no-include-email", env: both, stdout: login},
		{name: "get-login with an equals sign", args: "ecr get-login --region=eu-west-1 --no-include-email", env: both, stdout: login},
		{name: "get-login with registry ids", args: "ecr get-login --registry-ids 012345678910 109876543210 --no-include-email", env: both, stdout: login},
		{name: "get-login-password", args: "ecr get-login-password", env: both, stdout: "s3cret\n"},
		{name: "get-login-password with options", args: "--profile ci ecr get-login-password --region us-east-1 --output text --no-cli-pager", env: both, stdout: "s3cret\n"},
		{name: "get-login-password needs no registry", args: "ecr get-login-password", env: []string{password}, stdout: "s3cret\n"},

		{name: "no registry", args: "ecr get-login", env: []string{password}, stderr: "SERIN_REGISTRY is not set", status: 1},
		{name: "no password", args: "ecr get-login", env: []string{registry}, stderr: "SERIN_REGISTRY_PASSWORD is not set", status: 1},
		{name: "empty password", args: "ecr get-login-password", env: []string{"SERIN_REGISTRY_PASSWORD="}, stderr: "SERIN_REGISTRY_PASSWORD is not set", status: 1},

		{name: "nothing", env: both, stderr: "no command was given", status: 2},
		{name: "half a command", args: "ecr", env: both, stderr: `"aws ecr" is not known`, status: 2},
		{name: "another command of ecr", args: "ecr describe-images", env: both, stderr: `"aws ecr describe-images" is not known`, status: 2},
		{name: "another service", args: "s3 cp a b", env: both, stderr: `"aws s3 cp a b" is not known`, status: 2},
		{name: "a word too many", args: "ecr get-login-password now", env: both, stderr: "is not known", status: 2},
		{name: "an option not known", args: "ecr get-login --query x", env: both, stderr: "the option --query is not known", status: 2},
		{name: "an option without its value", args: "ecr get-login --region", env: both, stderr: "the option --region lacks its value", status: 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, status := run(t, test.env, strings.Fields(test.args)...)
			if stdout != test.stdout {
				t.Errorf("stdout is %q, want %q", stdout, test.stdout)
			}
			if !strings.Contains(stderr, test.stderr) || (test.stderr == "") != (stderr == "") {
				t.Errorf("stderr is %q, want %q in it", stderr, test.stderr)
			}
			if status != test.status {
				t.Errorf("the status is %d, want %d", status, test.status)
			}
		})
	}
}

// A refusal says what would have been understood.
func TestAWSRefusalNamesWhatIsSupported(t *testing.T) {
	_, stderr, _ := run(t, nil, "sts", "get-caller-identity")
	for _, want := range []string{`"aws ecr get-login"`, `"aws ecr get-login-password"`} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr is %q, want %s in it", stderr, want)
		}
	}
}

// run runs the program with env as its whole environment.
func run(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "./aws", args...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin"}, env...)
	cmd.Stdout, cmd.Stderr = &out, &errs

	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("running aws: %v", err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
