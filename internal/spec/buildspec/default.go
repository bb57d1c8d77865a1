package buildspec

// Default is the build of a repository without a build.yml: "docker build ." at its root, pushed under the commit's
// name, which deploy.json gets together with the template at template ("" when there is none).
func Default(deployJSON, template string) Spec {
	add := `jq --arg sha "$SHA" --arg image "$IMAGE" '. + {Sha: $sha, ContainerImage: $image}' ` +
		deployJSON + ` > "$SERIN_DEPLOY" && cat "$SERIN_DEPLOY" > ` + deployJSON
	if template != "" {
		add = `jq --arg sha "$SHA" --arg image "$IMAGE" --arg template "$(base64 ` + template + `)" ` +
			`'. + {Sha: $sha, ContainerImage: $image, CanaryTemplate: $template}' ` +
			deployJSON + ` > "$SERIN_DEPLOY" && cat "$SERIN_DEPLOY" > ` + deployJSON
	}
	return Spec{
		Phases: []Phase{
			{Name: PreBuild, OnFailure: Abort, Commands: commands(
				`SHA="$CODEBUILD_RESOLVED_SOURCE_VERSION"`,
				`IMAGE="$DOCKER_REGISTRY_URI:$SHA"`,
				`SERIN_DEPLOY="$(mktemp)"`,
				`aws ecr get-login-password | docker login --username AWS --password-stdin "${DOCKER_REGISTRY_URI%%/*}"`,
			)},
			{Name: Build, OnFailure: Abort, Commands: commands(`docker build --tag "$IMAGE" .`)},
			{Name: PostBuild, OnFailure: Abort, Commands: commands(`docker push "$IMAGE"`, add)},
		},
		Artifacts: Artifacts{Files: []string{deployJSON}, DiscardPaths: true},
	}
}

func commands(texts ...string) []Command {
	list := make([]Command, len(texts))
	for i, t := range texts {
		list[i] = Command{Text: t}
	}
	return list
}
