package build_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
)

func TestCommandsShareTheirVariablesAndDirectory(t *testing.T) {
	r := newRig(t)
	const phases = `
phases:
  install:
    commands:
      - SHA=abc; export EXPORTED='two  words and a '\''quote'\'''
      - cd sub/deep
  pre_build:
    commands:
      - printf '%s|%s|%s\n' "$SHA" "$EXPORTED" "${PWD#"$CODEBUILD_SRC_DIR"}"
      - sh -c 'echo child sees $SHA'
      - |
        LINES="first
        second"
        false
        echo "after a false line"
      - echo "$LINES" | wc -l; cd ..
  build:
    commands:
      - pwd; ./run.sh; echo "[$1][$#]"
      - exit 0; echo never
      - readonly FIXED=1; unset EXPORTED; umask 077
      - echo "${FIXED-gone} ${EXPORTED-gone} $CODEBUILD_BUILD_SUCCEEDING $LITERAL"
      - printf 'no newline at the end'
`
	want := "abc|two  words and a 'quote'|/sub/deep\nchild sees abc\nafter a false line\n2\n/codebuild/src/sub\nran\n[][0]\n1 gone 1 $SHA is literal\nno newline at the end"
	for name, env := range map[string]string{"sh": "", "bash": "  shell: bash\n"} {
		t.Run(name, func(t *testing.T) {
			_, log := r.with(t).build("version: 0.2\nenv:\n"+env+"  variables:\n    LITERAL: $SHA is literal\n"+phases,
				map[string]string{"sub/deep/file": "", "sub/run.sh": "#!/bin/sh\necho ran\n"})
			got := output(log)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("output (-want +got):\n%s\n%s", diff, log)
			}
		})
	}
}

func TestTheShellIsTheBuildspecs(t *testing.T) {
	r := newRig(t)
	spec := func(shell string) string {
		return "version: 0.2\nenv:\n  shell: " + shell + "\nphases:\n  build:\n    commands:\n      - set -euo pipefail; list=(a b c); declare -A map=([k]=v)\n      - echo \"${BASH_VERSION:+bash}\"; [[ x == x ]] && echo brackets\n      - false | true && echo not carried over\n"
	}
	_, log := r.build(spec("bash"), nil)
	if diff := cmp.Diff("bash\nbrackets\nnot carried over\n", output(log)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	job, _ := r.job(commands("build", "false | true", `'[ -z "$BASH_VERSION" ]'`), nil)
	if err := r.Build(t.Context(), job); err != nil {
		t.Error(err)
	}
}

func TestFailures(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		name, spec string
		failure    string
		output     string
	}{
		{
			"exit in a command", commands("build", "echo one; exit 3; echo two", "echo never") + "    finally:\n      - echo finally $CODEBUILD_BUILD_SUCCEEDING\n  post_build:\n    commands:\n      - echo post $CODEBUILD_BUILD_SUCCEEDING\n",
			`phase build: the command "echo one; exit 3; echo two" (line 5) ended with status 3`, "one\nfinally 0\npost 0\n",
		},
		{
			"a failed install skips the rest", commands("install", "false") + "  build:\n    commands:\n      - echo never\n  post_build:\n    commands:\n      - echo never\n",
			`phase install: the command "false" (line 5) ended with status 1`, "",
		},
		{
			"a syntax error", commands("build", `'if true; then'`, "echo never"), `phase build: the command "if true; then" (line 5) ended with status 2`, "",
		},
		{
			"set -e in a block", commands("build", "|\n        set -e\n        false\n        echo never"), "ended with status 1", "",
		},
		{
			"an unknown command", commands("build", "no-such-command"), "ended with status 127", "",
		},
		{
			"a signal", commands("build", "sh -c 'kill -9 $$'"), "ended with status 137", "",
		},
		{
			"a status that comes after the output's end", commands("build", "exec >&- 2>&-; sleep 1; exit 4"), "ended with status 4", "",
		},
		{
			"what is not there among the artifacts", commands("build", "touch there") + "artifacts:\n  files:\n    - there\n    - 'missing/*.json'\n",
			`artifacts: no file matches "missing/*.json" after the build`, "",
		},
		{
			"a base-directory that is not there", commands("build", "touch there") + "artifacts:\n  files: ['*']\n  base-directory: nowhere\n",
			`artifacts: the base-directory "nowhere" is not there after the build`, "",
		},
		{
			"the first failure is told", commands("build", "exit 5") + "artifacts:\n  files: [missing]\n", `"exit 5"`, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			job, log := r.with(t).job(test.spec, nil)
			err := r.Build(t.Context(), job)
			if failed, ok := errors.AsType[build.Failed](err); !ok || !strings.Contains(failed.Sentence, test.failure) {
				t.Errorf("got %v, want the sentence %q\n%s", err, test.failure, log)
			}
			if got := output(log.String()); test.output != "" && got != test.output || strings.Contains(got, "never") {
				t.Errorf("output %q, want %q", got, test.output)
			}
		})
	}
}

func TestWhatIsLeftRunningHoldsNothingUp(t *testing.T) {
	r := newRig(t)
	begun := time.Now()
	_, log := r.build(commands("build", "sleep 600 & echo started", "echo next"), nil)
	if output(log) != "started\nnext\n" {
		t.Errorf("log:\n%s", log)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestArtifacts(t *testing.T) {
	r := newRig(t)
	made := commands("build", "mkdir -p out/a/b", "echo 1 >out/one.json; echo 2 >out/a/two.json; echo 3 >out/a/b/three.txt; echo 4 >out/.hidden", "ln -s one.json out/link.json")
	for _, test := range []struct {
		name, artifacts string
		want            []string
	}{
		{"by name", "  files:\n    - out/one.json\n    - ./out/a/two.json\n", []string{"out/a/two.json", "out/one.json"}},
		{"with patterns", "  files: ['**/*.json']\n", []string{"out/a/two.json", "out/one.json"}},
		{"from a base-directory", "  files: ['**/*']\n  base-directory: out\n  exclude-paths: ['./a/b/**']\n", []string{".hidden", "a/two.json", "one.json"}},
		{"without their paths", "  files: ['out/**/*.json']\n  discard-paths: yes\n", []string{"one.json", "two.json"}},
		{"from a base-directory of a variable", "  files: ['*.json']\n  base-directory: $CODEBUILD_SRC_DIR/out/a\n", []string{"two.json"}},
		{"none", "  files: []\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			job, log := r.with(t).build(made+"artifacts:\n"+test.artifacts, nil)
			var got []string
			err := filepath.WalkDir(job.Artifacts, func(path string, entry os.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					name, _ := filepath.Rel(job.Artifacts, path)
					got = append(got, name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("artifacts (-want +got):\n%s\n%s", diff, log)
			}
		})
	}
}

// As the reference's build files do it: sign in, build, push, and write down the image's name.
func TestAnImageIsBuiltAndPushed(t *testing.T) {
	r := newRig(t)
	job, log := r.build(`version: 0.2
phases:
  pre_build:
    commands:
      - $(aws ecr get-login --no-include-email)
      - SHA=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c1-8)
  build:
    commands:
      - docker build -t app .
      - docker tag app:latest $DOCKER_REGISTRY_URI:$SHA
  post_build:
    commands:
      - docker push $DOCKER_REGISTRY_URI:$SHA
      - docker image inspect --format '{{.Config.Cmd}}' app
      - aws ecr get-login-password | docker login --username AWS --password-stdin $SERIN_REGISTRY
      - printf '{"ContainerImage":"%s"}' "$DOCKER_REGISTRY_URI:$SHA" >specfiles/deploy.json
artifacts:
  files: [specfiles/deploy.json]
  discard-paths: yes
`, map[string]string{"Dockerfile": "FROM scratch\nCOPY specfiles /\nCMD [\"true\"]\n", "specfiles/deploy.json": "{}"})
	if !r.pushed("shop/cart", "0a1b0a1b") {
		t.Errorf("the registry has no image\n%s", log)
	}
	for _, want := range []string{"Successfully tagged", "Login Succeeded", "[true]"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	text, err := os.ReadFile(filepath.Join(job.Artifacts, "deploy.json"))
	if want := `{"ContainerImage":"` + r.own + `:0a1b0a1b"}`; err != nil || string(text) != want {
		t.Errorf("deploy.json is %s, %v, want %s", text, err, want)
	}
}

func TestTheFenceRefusesWithASentence(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct{ command, sentence string }{
		{"docker run --rm debian:bookworm-slim true", "and not run containers: run the step in the Dockerfile"},
		{"docker ps", "not run containers"},
		{"docker rmi debian:bookworm-slim", "is not allowed"},
		{"docker push " + r.registry + "/shop/other:1", "this build may not push to " + r.registry + "/shop/other: its repository is " + r.own},
		{"docker tag debian:bookworm-slim " + r.registry + "/shop/other:1", "this build may not tag " + r.registry + "/shop/other"},
		{"docker pull " + r.registry + "/shop/other:1", "this build may not read " + r.registry + "/shop/other"},
		{"docker build --network host .", `networkmode="host" is not allowed`},
		{"docker build -t " + r.registry + "/shop/other:1 .", "this build may not tag " + r.registry + "/shop/other"},
		{"DOCKER_BUILDKIT=1 docker build .", "a build here cannot use BuildKit: set DOCKER_BUILDKIT=0"},
		{"docker volume ls", "is not allowed"},
	} {
		t.Run(test.command, func(t *testing.T) {
			job, log := r.with(t).job(commands("build", test.command), map[string]string{"Dockerfile": "FROM debian:bookworm-slim\n"})
			if _, ok := errors.AsType[build.Failed](r.Build(t.Context(), job)); !ok {
				t.Errorf("it was allowed\n%s", log)
			}
			if !strings.Contains(log.String(), test.sentence) {
				t.Errorf("want the sentence %q:\n%s", test.sentence, log)
			}
		})
	}
}

func TestABuildIsCancelled(t *testing.T) {
	r := newRig(t)
	for name, command := range map[string]string{
		"in a command":      "echo begun; sleep 600",
		"in a docker build": "docker build --no-cache -t app .",
	} {
		t.Run(name, func(t *testing.T) {
			job, log := r.with(t).job(commands("build", command)+"    finally:\n      - echo never\n", map[string]string{"Dockerfile": "FROM debian:bookworm-slim\nRUN echo begun; sleep 20\n"})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Build(ctx, job) }()
			log.says(t, "\nbegun\n")
			cancel()
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("it goes on")
			}
			r.nothingLeft()
		})
	}
}

func TestTheTimeLimit(t *testing.T) {
	r := newRig(t)
	job, log := r.job(commands("build", "sleep 600"), nil)
	job.TimeLimit = 3 * time.Second
	err := r.Build(t.Context(), job)
	if failed, ok := errors.AsType[build.Failed](err); !ok || failed.Sentence != "the build took longer than its limit of 3s" {
		t.Errorf("got %v\n%s", err, log)
	}
}

func TestSecretsAreNotInTheLog(t *testing.T) {
	r := newRig(t)
	job, log := r.job(`version: 0.2
env:
  parameter-store:
    TOKEN: /shop/token
  secrets-manager:
    PASSWORD: db:password
phases:
  build:
    commands:
      - echo "$TOKEN and $PASSWORD and $SERIN_REGISTRY_PASSWORD"; env
`, nil)
	job.Parameters = func(reference string) (string, error) { return "value of " + reference, nil }
	if err := r.Build(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{credential, "value of /shop/token", "value of db:password"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
	if !strings.Contains(log.String(), "*** and *** and ***") {
		t.Errorf("log:\n%s", log)
	}

	job.Parameters = nil
	if err := r.Build(t.Context(), job); !errors.Is(err, delivery.Invalid) || !strings.Contains(err.Error(), "the buildspec's variable TOKEN: it refers to") {
		t.Errorf("without parameters: %v", err)
	}
}

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	r := newRig(t)
	created, err := r.docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name: "serin-" + r.Instance + "-build-3",
		Config: &container.Config{
			Image: r.Image, Cmd: []string{"sleep", "600"}, Labels: map[string]string{"serin.build.instance": r.Instance},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.docker.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	tag := "serin-" + r.Instance + "/shop/cart/3/team/app:1"
	if _, err := r.docker.ImageTag(t.Context(), client.ImageTagOptions{Source: r.Image, Target: tag}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(r.SocketDir, "build-3"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.nothingLeft()
	}
}

func TestABuilderThatVanishesIsNobodysFault(t *testing.T) {
	r := newRig(t)
	job, log := r.job(commands("build", "echo begun; sleep 600"), nil)
	ended := make(chan error, 1)
	go func() { ended <- r.Build(t.Context(), job) }()
	log.says(t, "\nbegun\n")
	if _, err := r.docker.ContainerRemove(t.Context(), "serin-"+r.Instance+"-build-7", client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, delivery.Unavailable) {
		t.Errorf("got %v, want an error that says to try again", err)
	}
}

func TestABuilderImageThatIsNotThere(t *testing.T) {
	r := newRig(t)
	r.Image = "serin-builder:none"
	job, _ := r.job(commands("build", "true"), nil)
	if err := r.Build(t.Context(), job); err == nil || !strings.Contains(err.Error(), "the builder image serin-builder:none is not there") {
		t.Errorf("got %v", err)
	}
}
