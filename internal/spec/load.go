package spec

import (
	"serin.dev/serin/internal/spec/buildspec"
	"serin.dev/serin/internal/spec/cloudformation"
	"serin.dev/serin/internal/spec/deployjson"
	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// Finding is one thing to know about a spec file.
type Finding = specfile.Finding

// Kind says what becomes of the thing a finding is about.
type Kind = specfile.Kind

// Declaration is what a commit declares before it is built.
type Declaration struct {
	Build     buildspec.Spec
	BuildFile string // the path it was read from; "" when Build is the default, docker build
	Deploy    deployjson.File
	Template  []byte // canary-helper.yaml, nil when there is none
	// Workload has stand-ins for what only the build knows: the image and the commit.
	Workload workload.Workload
}

// Load reads what a commit declares. The findings tell what becomes of each part; the error, with the code Invalid
// and a specfile.Problems as its cause, all that is wrong.
func Load(t Tree) (Declaration, []Finding, error) {
	l := loader{tree: t}
	d := l.load()
	if l.failure != nil {
		return Declaration{}, l.findings, l.failure
	}
	if len(l.problems) > 0 {
		return Declaration{}, l.findings, invalid(l.problems)
	}
	return d, l.findings, nil
}

// loader reads the files one after the other, and goes on after an error in one of them.
type loader struct {
	tree     Tree
	findings []Finding
	problems specfile.Problems
	failure  error // of the tree itself
}

func (l *loader) load() Declaration {
	var d Declaration
	deploy, deployed := l.deploy()
	template, _ := l.read(TemplateFile)
	d.Deploy, d.Template = deploy, template
	d.Build, d.BuildFile = l.build(template != nil)
	if deployed {
		d.Workload = l.workload(deploy, template)
		l.warn(d)
	}
	return d
}

func (l *loader) deploy() (deployjson.File, bool) {
	data, ok := l.read(DeployFile)
	if !ok {
		l.add(Finding{File: DeployFile, Kind: specfile.Error, Message: "the file is missing: add it, with EnvironmentName, MicroserviceName, Namespace, Protocol, Port, PercentageStep and WaitTime"})
		return deployjson.File{}, false
	}
	f, findings, err := deployjson.Parse(DeployFile, data)
	l.add(findings...)
	if !l.sound(err) {
		return deployjson.File{}, false
	}
	l.add(release(f))
	return f, true
}

// build reads the buildspec, or makes the default one.
func (l *loader) build(template bool) (buildspec.Spec, string) {
	for _, path := range []string{BuildFile, BuildFileToo} {
		data, ok := l.read(path)
		if !ok {
			continue
		}
		s, findings, err := buildspec.Parse(path, data)
		l.add(findings...)
		if l.sound(err) {
			l.add(phases(path, s)...)
		}
		return s, path
	}
	if _, ok := l.read(Dockerfile); !ok {
		l.add(Finding{File: Dockerfile, Kind: specfile.Error, Message: "the file is missing, and so is " + BuildFile + ": add one of the two"})
	}
	l.add(Finding{File: Dockerfile, Kind: specfile.Runs, Message: "docker build . builds and pushes the image, since there is no " + BuildFile})
	path := ""
	if template {
		path = TemplateFile
	}
	return buildspec.Default(DeployFile, path), ""
}

// workload evaluates the template with stand-ins, or makes the one container of a deploy.json alone.
func (l *loader) workload(f deployjson.File, template []byte) workload.Workload {
	in := input(f, standInSha, standInImage)
	if template == nil {
		l.add(Finding{File: DeployFile, Line: f.Line("Port"), Kind: specfile.Runs, Message: "one container of the built image, reached by the gateway and by the other services, since there is no " + TemplateFile})
		return alone(in)
	}
	w, findings, err := cloudformation.Evaluate(TemplateFile, template, in)
	l.add(findings...)
	l.sound(err)
	return w
}
