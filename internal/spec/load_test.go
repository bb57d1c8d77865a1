package spec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec"
	"serin.dev/serin/internal/spec/specfile"
)

const deploy = `{
  "EnvironmentName": "shop", "MicroserviceName": "cart", "Namespace": "shop.local",
  "Protocol": "http", "Port": 8080,
  "PercentageStep": 25, "WaitTime": 60
}`

const template = `Parameters: {ContainerImage: {Type: String}, Sha: {Type: String}}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: app, Image: !Ref ContainerImage, Environment: [{Name: V, Value: !Ref Sha}]}]
`

const build = "version: 0.2\nphases: {build: {commands: [make]}}\nartifacts: {files: [specfiles/deploy.json]}\n"

func tree(files map[string]string) spec.Tree {
	m := fstest.MapFS{}
	for path, text := range files {
		m[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return spec.FS(m)
}

func TestLoad(t *testing.T) {
	d, findings, err := spec.Load(tree(map[string]string{
		spec.DeployFile: deploy, spec.TemplateFile: template, spec.BuildFileToo: build,
	}))
	if err != nil {
		t.Fatal(err)
	}
	if d.BuildFile != spec.BuildFileToo || string(d.Template) != template || d.Deploy.MicroserviceName != "cart" || len(findings) == 0 {
		t.Errorf("%+v", d)
	}
	if c := d.Workload.Containers; len(c) != 1 || c[0].Image != "the-built-image" {
		t.Errorf("%+v", d.Workload)
	}
}

func TestDeployJSONAlone(t *testing.T) {
	d, _, err := spec.Load(tree(map[string]string{spec.DeployFile: deploy, spec.Dockerfile: "FROM scratch"}))
	if err != nil {
		t.Fatal(err)
	}
	if d.BuildFile != "" || len(d.Build.Phases) != 3 || d.Template != nil || !d.Workload.Exposed || d.Workload.BackendsDeclared || d.Workload.Port != 8080 {
		t.Errorf("%+v", d)
	}
}

func TestLoadTellsAllProblems(t *testing.T) {
	_, _, err := spec.Load(tree(map[string]string{
		spec.DeployFile:   strings.Replace(deploy, "25", "0", 1),
		spec.TemplateFile: "Resources: []",
		spec.BuildFile:    "version: 0.1\nphases: {build: {commands: [make]}}\n",
	}))
	if !errors.Is(err, delivery.Invalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"deploy.json:4: PercentageStep: it is 0", "build.yml:1: version: it is 0.1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestNothingThere(t *testing.T) {
	_, _, err := spec.Load(tree(nil))
	for _, want := range []string{"specfiles/deploy.json: the file is missing", "Dockerfile: the file is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// unreadable is a tree whose files are there and can't be read.
type unreadable struct{}

func (unreadable) ReadFile(string) ([]byte, error) { return nil, fs.ErrPermission }

func TestUnreadableTree(t *testing.T) {
	if _, _, err := spec.Load(unreadable{}); !errors.Is(err, delivery.Unavailable) || !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if r := spec.Check(unreadable{}); r.OK() {
		t.Error(r)
	}
}

func TestCheck(t *testing.T) {
	r := spec.Check(tree(map[string]string{
		spec.DeployFile: deploy, spec.BuildFile: "version: 0.2\nphases: {build: {commands: [make]}}\n",
		spec.TemplateFile: template + "  Bucket: {Type: AWS::S3::Bucket}\n",
		spec.Dockerfile:   "FROM --platform=linux/amd64 docker.io/library/postgres:15 AS x\n",
	}))
	if r.OK() || r.Count(specfile.Error) != 1 {
		t.Errorf("%+v", r)
	}
	var text, object bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"specfiles/canary-helper.yaml:7: error: Bucket: ",
		"specfiles/build.yml: warning: artifacts: no file pattern names deploy.json",
		"cart looks like a data store (PostgreSQL: FROM docker.io/library/postgres:15 in its Dockerfile)",
		"at first 25 % of the connections",
		"1 error\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	var back spec.Report
	if err := json.Unmarshal(object.Bytes(), &back); err != nil || len(back.Findings) != len(r.Findings) {
		t.Error(err, object.String())
	}
}
