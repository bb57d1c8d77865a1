package spec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"serin.dev/serin/internal/spec/buildspec"
	"serin.dev/serin/internal/spec/deployjson"
	"serin.dev/serin/internal/spec/specfile"
)

// release says how the service is released.
func release(f deployjson.File) Finding {
	how := fmt.Sprintf("by %d %% each %s", f.PercentageStep, seconds(f.WaitTime))
	if f.PercentageStep == 100 {
		how = "all at once"
	}
	return Finding{
		File: DeployFile, Line: f.Line("MicroserviceName"), Subject: f.Service().String(), Kind: specfile.Runs,
		Message: fmt.Sprintf("%s on port %d, released %s, the old version kept for %s; %s",
			f.Protocol, f.Port, how, seconds(f.KeepPrevious), judged(f)),
	}
}

// judged says what rolls a new version back.
func judged(f deployjson.File) string {
	if f.FailureThresholdValue < 0 {
		return "failing more often than the old one rolls it back"
	}
	return fmt.Sprintf("more than %s within %s, or failing more often than the old one, roll it back",
		count(f.FailureThresholdValue, "failure"), seconds(f.FailureThresholdTime))
}

// phases say which commands a build runs, and warn when deploy.json is not kept of it.
func phases(path string, s buildspec.Spec) []Finding {
	var all []Finding
	for _, p := range s.Phases {
		all = append(all, Finding{File: path, Line: p.Line, Subject: "phases." + string(p.Name), Kind: specfile.Runs, Message: count(len(p.Commands), "command")})
	}
	for _, v := range append(slices.Clone(s.ParameterStore), s.SecretsManager...) {
		all = append(all, Finding{
			File: path, Subject: "env", Kind: specfile.Warning,
			Message: fmt.Sprintf("%s comes from the secret %q, which Serin must be given before the build", v.Name, v.Value),
		})
	}
	if !slices.ContainsFunc(s.Artifacts.Files, namesDeployJSON) {
		all = append(all, Finding{
			File: path, Subject: "artifacts", Kind: specfile.Warning,
			Message: "no file pattern names deploy.json, so what the build adds to it is lost: add " + DeployFile + " to artifacts.files",
		})
	}
	return all
}

// namesDeployJSON tells whether a pattern may match deploy.json.
func namesDeployJSON(pattern string) bool {
	return strings.HasSuffix(pattern, "deploy.json") || strings.ContainsAny(pattern, "*?[")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%d s", d/time.Second) }

// count gives "1 task" or "2 tasks".
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
