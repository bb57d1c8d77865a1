package build

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"serin.dev/serin/internal/delivery"
)

// region is what AWS_REGION says where there is no AWS: scripts only ever put it into names.
const region = "us-east-1"

// variables are what the build starts with: CodeBuild's own, the project's (which a buildspec may override), and
// the buildspec's. secrets are the values that must not be seen in the log.
func (j Job) variables() (vars map[string]string, secrets []string, err error) {
	id := fmt.Sprintf("%s-%s:%d", j.Service.Environment, j.Service.Name, j.Run)
	vars = map[string]string{
		"CI":                                "true",
		"HOME":                              "/root",
		"AWS_REGION":                        region,
		"AWS_DEFAULT_REGION":                region,
		"CODEBUILD_BUILD_ID":                id,
		"CODEBUILD_BUILD_ARN":               "arn:aws:codebuild:" + region + ":000000000000:build/" + id,
		"CODEBUILD_BUILD_NUMBER":            strconv.FormatInt(int64(j.Run), 10),
		"CODEBUILD_BUILD_IMAGE":             "serin-builder",
		"CODEBUILD_BUILD_SUCCEEDING":        "1",
		"CODEBUILD_INITIATOR":               "serin",
		"CODEBUILD_LOG_PATH":                id,
		"CODEBUILD_RESOLVED_SOURCE_VERSION": j.Commit,
		"CODEBUILD_SOURCE_VERSION":          j.Commit,
		"CODEBUILD_SOURCE_REPO_URL":         j.Service.String(),
		"CODEBUILD_SRC_DIR":                 sourceDir,
		"CODEBUILD_START_TIME":              strconv.FormatInt(j.Started.UnixMilli(), 10),
		"CODEBUILD_WEBHOOK_HEAD_REF":        "refs/heads/" + j.Branch,
		"DOCKER_BUILDKIT":                   "0",
		"DOCKER_HOST":                       "unix://" + socketDir + "/docker.sock",
		"DOCKER_REGISTRY_URI":               j.Repository(),
		"SERIN_REGISTRY":                    j.Registry,
		"SERIN_REGISTRY_PASSWORD":           j.Credential,
	}
	secrets = append(secrets, j.Credential)
	for _, v := range j.Spec.Variables {
		vars[v.Name] = v.Value
	}
	for _, v := range slices.Concat(j.Spec.ParameterStore, j.Spec.SecretsManager) {
		value, err := j.parameter(v.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("the buildspec's variable %s: %w", v.Name, err)
		}
		vars[v.Name] = value
		secrets = append(secrets, value)
	}
	return vars, secrets, nil
}

func (j Job) parameter(reference string) (string, error) {
	if j.Parameters == nil {
		return "", delivery.Errorf(delivery.Invalid, "it refers to %q, and there are no parameters or secrets here", reference)
	}
	return j.Parameters(reference)
}

// exports writes variables as POSIX shell statements, each value quoted.
func exports(vars map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(vars[name], "'", `'\''`))
	}
	return b.String()
}
