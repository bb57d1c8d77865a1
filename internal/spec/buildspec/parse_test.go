package buildspec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
)

const whole = `version: 0.2
run-as: root
env:
  shell: bash
  variables:
    B: "$A is not expanded"
    A: 1
  parameter-store:
    TOKEN: /shop/token
  secrets-manager:
    PASSWORD: db:password:AWSCURRENT
  exported-variables: [SHA]
phases:
  build:
    on-failure: CONTINUE
    commands:
      - true
      - |
        one
        two
    finally:
      - echo "always"
  install:
    runtime-versions:
      ruby: 3.3
  pre_build:
    on-failure: RETRY-3
    commands: ["SHA=1"]
artifacts:
  files: [specfiles/deploy.json, 'out/**/*']
  name: shop-$(date +%F)
  discard-paths: yes
  base-directory: .
  exclude-paths: ['out/*.tmp']
reports: {}
`

func TestWhole(t *testing.T) {
	s, warnings, err := buildspec.Parse("build.yml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := buildspec.Spec{
		Shell:          "bash",
		Variables:      []buildspec.Variable{{Name: "A", Value: "1"}, {Name: "B", Value: "$A is not expanded"}},
		ParameterStore: []buildspec.Variable{{Name: "TOKEN", Value: "/shop/token"}},
		SecretsManager: []buildspec.Variable{{Name: "PASSWORD", Value: "db:password:AWSCURRENT"}},
		Exported:       []string{"SHA"},
		Phases: []buildspec.Phase{
			{Name: buildspec.Install, Line: 24},
			{Name: buildspec.PreBuild, Line: 27, OnFailure: buildspec.Abort, Commands: []buildspec.Command{{Text: "SHA=1", Line: 28}}},
			{
				Name: buildspec.Build, Line: 15, OnFailure: buildspec.Continue,
				Commands: []buildspec.Command{{Text: "true", Line: 17}, {Text: "one\ntwo\n", Line: 18}},
				Finally:  []buildspec.Command{{Text: `echo "always"`, Line: 22}},
			},
		},
		Artifacts: buildspec.Artifacts{
			Files: []string{"specfiles/deploy.json", "out/**/*"}, Exclude: []string{"out/*.tmp"},
			Name: "shop-$(date +%F)", BaseDirectory: ".", DiscardPaths: true,
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{"run-as", "phases.install.runtime-versions", "phases.pre_build.on-failure", "reports"} {
		if i >= len(warnings) || warnings[i].Subject != want {
			t.Errorf("warning %d is not of %s: %v", i, want, warnings)
		}
	}
	if p, ok := s.Phase(buildspec.Build); !ok || len(p.Commands) != 2 {
		t.Error(p, ok)
	}
	if _, ok := s.Phase(buildspec.PostBuild); ok {
		t.Error("a phase that the file does not have")
	}
}

func TestErrors(t *testing.T) {
	const head = "version: 0.2\nphases:\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "the file is empty"},
		"comment":         {"# nothing\n", "the file is empty"},
		"broken":          {"version: 0.2\nphases:\n\tbuild: x\n", "build.yml:3: this is no YAML"},
		"list":            {"- a", "the file must be a map"},
		"two documents":   {head + "  build: {commands: [a]}\n---\na: b\n", "a second document"},
		"no version":      {"phases: {build: {commands: [a]}}", "version: the key is missing"},
		"old version":     {"version: 0.1\nphases: {build: {commands: [a]}}", "version: it is 0.1"},
		"odd version":     {"version: 2\nphases: {build: {commands: [a]}}", `version: it is "2"`},
		"no phases":       {"version: 0.2", "phases: the key is missing"},
		"empty phases":    {"version: 0.2\nphases:\n", "phases: it has no value"},
		"unknown phase":   {head + "  prebuild: {commands: [a]}\n", "build.yml:3: phases.prebuild: there is no such phase: it must be install, pre_build, build or post_build (did you mean pre_build?)"},
		"no commands":     {head + "  build: {comands: [a]}\n", "phases.build: it has no commands"},
		"no list":         {head + "  build: {commands: a}\n", "it must be a list"},
		"colon":           {head + "  build:\n    commands:\n      - echo a: b\n", `build.yml:5: phases.build.commands: this command is a map to YAML, because of a ": " in it: put it into quotes`},
		"list command":    {head + "  build: {commands: [[a]]}\n", "this command is a list to YAML"},
		"null command":    {head + "  build:\n    commands:\n      -\n", "this command is empty"},
		"on-failure":      {head + "  build: {commands: [a], on-failure: IGNORE}\n", "it must be ABORT or CONTINUE"},
		"shell":           {"version: 0.2\nenv: {shell: zsh}\nphases: {build: {commands: [a]}}", "env.shell"},
		"variable":        {"version: 0.2\nenv: {variables: {1a: b}}\nphases: {build: {commands: [a]}}", "env.variables.1a"},
		"variable value":  {"version: 0.2\nenv: {variables: {a: [b]}}\nphases: {build: {commands: [a]}}", "env.variables.a: it must be a text"},
		"no files":        {head + "  build: {commands: [a]}\nartifacts: {name: x}\n", "artifacts.files: the key is missing"},
		"outside":         {head + "  build: {commands: [a]}\nartifacts: {files: [../x]}\n", `"../x" is outside of the checkout`},
		"outside base":    {head + "  build: {commands: [a]}\nartifacts: {files: [x], base-directory: /etc}\n", `"/etc" is outside of the checkout`},
		"discard":         {head + "  build: {commands: [a]}\nartifacts: {files: [x], discard-paths: perhaps}\n", "it must be yes or no"},
		"merge":           {"version: 0.2\nphases: {build: {<<: {}, commands: [a]}}", "merge keys"},
		"key is no word":  {"version: 0.2\n? [a]\n: b\nphases: {build: {commands: [a]}}", "a key must be a plain word"},
		"alias of itself": {"version: 0.2\nphases: &a {build: *a}\n", "within each other"},
		"deep":            {"version: 0.2\nphases: " + strings.Repeat("[", 70) + strings.Repeat("]", 70), "more than 64 lists and maps"},
		"very deep":       {strings.Repeat("[", 100_000), "this is no YAML"},
		"bomb":            {bomb, "more than 100000 values"},
		"an escaped NUL":  {"version: \"\\0\"\nphases: {build: {commands: [a]}}", "version"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := buildspec.Parse("build.yml", []byte(c.text))
			if !errors.Is(err, delivery.Invalid) {
				t.Fatalf("%v is not Invalid", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q is not in:\n%v", c.want, err)
			}
		})
	}
}

// bomb stands for 10^9 texts.
var bomb = func() string {
	var b strings.Builder
	b.WriteString("version: 0.2\nx0: &x0 [a,a,a,a,a,a,a,a,a,a]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d,", i-1), 10), ","))
	}
	return b.String()
}()

func TestTwiceTheLastCounts(t *testing.T) {
	s, warnings, err := buildspec.Parse("build.yml", []byte("version: 0.2\nphases:\n  build: {commands: [a]}\n  build: {commands: [b]}\n"))
	if err != nil || len(s.Phases) != 1 || s.Phases[0].Commands[0].Text != "b" {
		t.Error(s, err)
	}
	if len(warnings) != 1 || warnings[0].Line != 4 {
		t.Error(warnings)
	}
}

func TestUnknownKeysAreWarnings(t *testing.T) {
	_, warnings, err := buildspec.Parse("build.yml", []byte("version: 0.2\nartefacts: {}\nphases: {build: {commands: [a]}}\n"))
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].String(), "did you mean artifacts?") {
		t.Error(warnings, err)
	}
}

func TestDefault(t *testing.T) {
	s := buildspec.Default("specfiles/deploy.json", "specfiles/canary-helper.yaml")
	p, _ := s.Phase(buildspec.PostBuild)
	if !strings.Contains(p.Commands[1].Text, "base64 specfiles/canary-helper.yaml") {
		t.Error(p)
	}
	p, _ = buildspec.Default("specfiles/deploy.json", "").Phase(buildspec.PostBuild)
	if strings.Contains(p.Commands[1].Text, "CanaryTemplate") {
		t.Error(p)
	}
}
