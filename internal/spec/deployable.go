package spec

import (
	"strings"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/cloudformation"
	"serin.dev/serin/internal/spec/deployjson"
	"serin.dev/serin/internal/spec/specfile"
	"serin.dev/serin/internal/workload"
)

// Expected is what a built deploy.json must agree with.
type Expected struct {
	Service    delivery.ServiceID // the repository's own
	Commit     string             // git object name in full; empty for an image deployed by hand
	Repository string             // the service's image repository, "<registry>/<path>", without a tag
}

// Deployable is what to run and how to release it.
type Deployable struct {
	Service   delivery.ServiceID
	Workload  workload.Workload
	Policy    delivery.Policy
	Port      int // the callers'
	Protocol  delivery.Protocol
	Namespace string
	Hosts     []string // of the gateway; empty: every host
	Path      string   // of the gateway
	// Revision has no image digest yet: its Image is ContainerImage, as the build named it.
	Revision delivery.Revision
	Notes    []Finding
}

// NewDeployable checks the deploy.json a build left and gives what it says to run. A build that left no template in
// it gets the commit's own. The error has the code Invalid and tells all that is wrong.
func NewDeployable(d Declaration, built []byte, expect Expected) (Deployable, error) {
	const file = "deploy.json (built)"
	f, notes, err := deployjson.Parse(file, built)
	if err != nil {
		return Deployable{}, err
	}
	if err := agree(file, f, expect); err != nil {
		return Deployable{}, err
	}
	template := f.CanaryTemplate
	if template == nil {
		template = d.Template
	}
	in := input(f, shortSha(f, expect), f.ContainerImage)
	w := alone(in)
	if template != nil {
		var more []Finding
		if w, more, err = cloudformation.Evaluate(TemplateFile, template, in); err != nil {
			return Deployable{}, err
		}
		notes = append(notes, more...)
	}
	return Deployable{
		Service:   f.Service(),
		Workload:  w,
		Policy:    f.Policy(),
		Port:      f.Port,
		Protocol:  f.Protocol,
		Namespace: f.Namespace,
		Hosts:     f.Hosts,
		Path:      f.Path,
		Revision: delivery.Revision{
			Commit:   expect.Commit,
			Image:    f.ContainerImage,
			Template: templateDigest(template),
			Config:   configDigest(f),
		},
		Notes: notes,
	}, nil
}

// agree compares a built deploy.json with whose build it was.
func agree(file string, f deployjson.File, expect Expected) error {
	c := specfile.NewCollector(file)
	at := func(key, format string, args ...any) { c.Errorf(f.Line(key), key, format, args...) }
	if f.EnvironmentName != expect.Service.Environment {
		at("EnvironmentName", "it is %q, and the repository belongs to %q: write that", f.EnvironmentName, expect.Service.Environment)
	}
	if f.MicroserviceName != expect.Service.Name {
		at("MicroserviceName", "it is %q, and the repository belongs to %q: write that", f.MicroserviceName, expect.Service.Name)
	}
	if expect.Commit != "" && f.Sha != "" && !strings.HasPrefix(expect.Commit, f.Sha) {
		at("Sha", "it is %s, and the commit that was built is %s: take it from CODEBUILD_RESOLVED_SOURCE_VERSION", f.Sha, expect.Commit)
	}
	switch {
	case f.ContainerImage == "":
		at("ContainerImage", "the key is missing: the build must add the name of the image it pushed")
	case !within(f.ContainerImage, expect.Repository):
		at("ContainerImage", "it is %s, which is not in the service's own repository: push to $DOCKER_REGISTRY_URI, which is %s", f.ContainerImage, expect.Repository)
	}
	_, err := c.Result()
	return err
}

// within tells whether an image is one of a repository's: by tag, by digest, or by the repository's name alone.
func within(image, repository string) bool {
	rest, ok := strings.CutPrefix(image, repository)
	return ok && repository != "" && (rest == "" || len(rest) > 1 && (rest[0] == ':' || rest[0] == '@') && !strings.Contains(rest, "/"))
}

// shortSha is the Sha a template gets: as the build wrote it, else how the commit begins.
func shortSha(f deployjson.File, expect Expected) string {
	if f.Sha != "" {
		return f.Sha
	}
	return expect.Commit[:min(8, len(expect.Commit))]
}
