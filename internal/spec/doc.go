// Package spec is what a repository declares: how its image is built, what runs, and how a new version is released.
//
//	specfiles/build.yml ──────────▶ buildspec ──────┐
//	specfiles/deploy.json ────────▶ deployjson ─────┼──▶ Load: a Declaration    ──▶ the build
//	specfiles/canary-helper.yaml ─▶ cloudformation ─┘    Check: a Report for people
//	deploy.json as the build left it ───────────────────▶ Deployable: what to run  ──▶ the rollout
//
// Load and Check look at a commit before its build, when image and commit are not known yet: the template is evaluated
// with stand-ins for them. Deployable looks at what the build made. It trusts nothing in it: code that a build ran
// wrote it, so the service must be the repository's own, the commit the one that was built, and the image must lie in
// the service's own repository.
//
// A deploy.json is all it takes. Without a template the service is one container; without a build.yml the build is
// "docker build .". Errors name file, line and key and say what to do, all at once.
package spec
