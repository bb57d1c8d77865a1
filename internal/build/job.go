package build

import (
	"io"
	"time"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/buildspec"
)

// Job is one build.
type Job struct {
	Run      delivery.RunID
	Service  delivery.ServiceID
	Commit   string // full name
	Branch   string
	Checkout string // host folder with the commit's files, copied into the builder
	Spec     buildspec.Spec
	// Registry is the host and port of the registry, as the host's Docker reaches it; the build's repository in it
	// is "<environment>/<service>".
	Registry   string
	Credential string        // password for that repository alone, valid while the build runs
	Parameters Parameters    // resolves parameter-store and secrets-manager references; nil: there are none
	Started    time.Time     // CODEBUILD_START_TIME
	TimeLimit  time.Duration // 0: an hour, CodeBuild's default
	Log        io.Writer     // commands and their output as they come, secrets left out
	Artifacts  string        // host folder that receives the artifacts; must exist
}

// Repository is where the build pushes to: "<registry>/<environment>/<service>".
func (j Job) Repository() string { return j.Registry + "/" + j.Service.String() }

// Parameters resolves references to SSM's Parameter Store and to Secrets Manager.
type Parameters func(reference string) (string, error)
