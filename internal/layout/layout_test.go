package layout

import (
	"slices"
	"strings"
	"testing"
)

func TestTheModuleKeepsTheRules(t *testing.T) {
	packages := listPackages(t)
	for _, leaf := range leaves {
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.path == leaf }) {
			t.Errorf("go list names no package %s: the rules speak of packages that are not there", leaf)
		}
	}
	for _, sentence := range violations(packages) {
		t.Error(sentence)
	}
}

// Each case is one package, whole but for what its name says.
func TestViolations(t *testing.T) {
	tests := []struct {
		name string
		pkg  goPackage
		want string // a part of the one sentence; empty: no violation
	}{
		{"a leaf that imports nothing", goPackage{path: "internal/delivery"}, ""},
		{"a leaf that imports a leaf", goPackage{path: "internal/workload", imports: []string{"internal/delivery"}}, ""},
		{"a leaf that imports a domain package", goPackage{path: "internal/evidence", imports: []string{"internal/rollout"}}, "internal/evidence imports internal/rollout: a leaf imports only leaves"},
		{"a leaf that imports an adapter", goPackage{path: "internal/evidence", imports: []string{"internal/store/sqlite"}}, "a leaf imports only leaves"},

		{"a domain package that imports its neighbours", goPackage{path: "internal/pipeline", imports: []string{"internal/delivery", "internal/spec"}}, ""},
		{"a domain package that imports an adapter", goPackage{path: "internal/rollout", imports: []string{"internal/store/sqlite"}}, "internal/rollout imports internal/store/sqlite: only internal/app imports adapters"},
		{"a domain package that imports a part of an adapter", goPackage{path: "internal/rollout", imports: []string{"internal/store/sqlite/migrations"}}, "only internal/app imports adapters"},
		{"a domain package that imports the registry", goPackage{path: "internal/build", imports: []string{"internal/registry"}}, "only internal/app imports adapters"},
		{"a parent that imports its adapter", goPackage{path: "internal/mesh", imports: []string{"internal/mesh/xds"}}, "only internal/app imports adapters"},
		{"a command that imports an adapter", goPackage{path: "cmd/serin", imports: []string{"internal/engine/docker"}}, "only internal/app imports adapters"},
		{"a domain package whose test uses an adapter", goPackage{path: "internal/build", testImports: []string{"internal/registry"}}, ""},
		{"a name that begins like an adapter's", goPackage{path: "internal/sourcemap", imports: []string{"internal/spec"}}, ""},
		{"app imports everything", goPackage{path: "internal/app", imports: []string{"internal/engine/docker", "internal/mesh/xds", "internal/rollout", "internal/store/sqlite"}}, ""},

		{"an adapter that imports leaves", goPackage{path: "internal/engine/docker", imports: []string{"internal/delivery", "internal/workload"}}, ""},
		{"an adapter that imports a domain package", goPackage{path: "internal/engine/docker", imports: []string{"internal/rollout"}}, "internal/engine/docker imports internal/rollout: an adapter imports leaves"},
		{"an adapter that imports what it keeps", goPackage{path: "internal/store/sqlite", imports: []string{"internal/rollout"}}, ""},
		{"an adapter that imports what it does not keep", goPackage{path: "internal/store/postgres", imports: []string{"internal/build"}}, "an adapter imports leaves"},
		{"an adapter that imports a part of itself", goPackage{path: "internal/store/sqlite", imports: []string{"internal/store/sqlite/migrations"}}, ""},
		{"a part of an adapter that imports a domain package", goPackage{path: "internal/engine/ecs/tasks", imports: []string{"internal/mesh"}}, "an adapter imports leaves"},
		{"an adapter that imports one of its kind", goPackage{path: "internal/store/postgres", imports: []string{"internal/store/sqlite"}}, "adapters never import each other"},
		{"an adapter that imports one of another kind", goPackage{path: "internal/source", imports: []string{"internal/registry"}}, "adapters never import each other"},
		{"an adapter whose test uses another", goPackage{path: "internal/source", testImports: []string{"internal/store/sqlite"}}, "internal/source imports internal/store/sqlite in a test"},
		{"an adapter whose test uses itself and a suite", goPackage{path: "internal/store/sqlite", testImports: []string{"internal/store/sqlite", "internal/store/storetest"}}, ""},
		{"xds imports what it serves", goPackage{path: "internal/mesh/xds", imports: []string{"internal/mesh", "internal/mesh/agentpb", "internal/topology"}}, ""},

		{"a suite that imports a leaf and another suite", goPackage{path: "internal/engine/enginetest", imports: []string{"internal/access/accesstest", "internal/workload"}}, ""},
		{"a suite that imports an adapter", goPackage{path: "internal/engine/enginetest", imports: []string{"internal/engine/docker"}}, "only internal/app imports adapters"},
		{"a suite imported by a program", goPackage{path: "internal/rollout", imports: []string{"internal/engine/enginetest"}}, "a conformance suite is for tests"},
		{"a suite imported by an adapter", goPackage{path: "internal/engine/docker", imports: []string{"internal/engine/enginetest"}}, "a conformance suite is for tests"},

		{"a package with an empty name", goPackage{path: "internal/util"}, `"util" says nothing`},
		{"a package in a folder with an empty name", goPackage{path: "pkg/rollout"}, `"pkg" says nothing`},
		{"a package with an empty name in a folder with a good one", goPackage{path: "internal/rollout", name: "types"}, `"types" says nothing`},
		{"a name that contains an empty one", goPackage{path: "internal/baseline"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.pkg.documented, test.pkg.tested = true, true
			expect(t, violations([]goPackage{test.pkg}), test.want)
		})
	}
}

func TestViolationsOfCompleteness(t *testing.T) {
	tests := []struct {
		name string
		pkg  goPackage
		want string
	}{
		{"complete", goPackage{path: "internal/rollout", documented: true, tested: true}, ""},
		{"no comment", goPackage{path: "internal/rollout", tested: true}, "internal/rollout has no package comment"},
		{"no test", goPackage{path: "internal/rollout", documented: true}, "internal/rollout has no test"},
		{"a suite without a test", goPackage{path: "internal/store/storetest", documented: true}, ""},
		{"a suite without a comment", goPackage{path: "internal/store/storetest"}, "internal/store/storetest has no package comment"},
		{"generated code without a test", goPackage{path: "internal/mesh/agentpb", documented: true, generated: true}, ""},
		{"generated code without a comment", goPackage{path: "internal/mesh/agentpb", generated: true}, "internal/mesh/agentpb has no package comment"},
		{"not internal", goPackage{path: "cmd/serin"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			expect(t, violations([]goPackage{test.pkg}), test.want)
		})
	}
}

// expect wants one sentence that has part in it, or none if part is empty.
func expect(t *testing.T, sentences []string, part string) {
	t.Helper()
	if part == "" {
		if len(sentences) > 0 {
			t.Errorf("got %q, want no violation", sentences)
		}
		return
	}
	if len(sentences) != 1 || !strings.Contains(sentences[0], part) {
		t.Errorf("got %q, want one sentence with %q in it", sentences, part)
	}
}
