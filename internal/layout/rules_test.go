package layout

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// leaves are the packages whose words everybody shares.
var leaves = []string{"internal/delivery", "internal/evidence", "internal/topology", "internal/workload"}

// adapters are the packages that speak a technology; a pattern stands for its subpackages, too. Beside leaves
// they import what is named here: those whose states they keep, or whose words they put on the wire.
var adapters = []struct {
	pattern string
	imports []string
}{
	{"internal/engine/*", nil},
	{"internal/store/*", []string{"internal/access", "internal/pipeline", "internal/rollout"}},
	{"internal/source", []string{"internal/access"}},
	{"internal/registry", []string{"internal/access"}},
	{"internal/mesh/xds", []string{"internal/mesh", "internal/mesh/agentpb"}},
}

// composer is the only package that imports adapters.
const composer = "internal/app"

// emptyNames say nothing of what a package holds.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "types", "models", "base", "pkg"}

// violations gives a sentence for every rule that a package breaks.
func violations(packages []goPackage) []string {
	var found []string
	for _, p := range packages {
		found = slices.Concat(found, namedEmptily(p), importsAmiss(p), testImportsAmiss(p), incomplete(p))
	}
	return found
}

func namedEmptily(p goPackage) []string {
	names := append(strings.Split(p.path, "/"), p.name)
	for _, name := range names {
		if slices.Contains(emptyNames, name) {
			return []string{fmt.Sprintf("%s: %q says nothing of what is in a package: name it after that.", p.path, name)}
		}
	}
	return nil
}

func importsAmiss(p goPackage) []string {
	var found []string
	complain := func(imported, rule string) {
		found = append(found, fmt.Sprintf("%s imports %s: %s.", p.path, imported, rule))
	}
	from := adapterOf(p.path)
	for _, imported := range p.imports {
		to := adapterOf(imported)
		switch {
		case slices.Contains(leaves, p.path):
			if !slices.Contains(leaves, imported) {
				complain(imported, "a leaf imports only leaves")
			}
		case isSuite(imported) && !isSuite(p.path):
			complain(imported, "a conformance suite is for tests")
		case from != "" && to != "" && from != to:
			complain(imported, "adapters never import each other")
		case from != "" && to == "" && !mayImport(p.path, imported):
			complain(imported, "an adapter imports leaves and what rules_test.go of internal/layout names; declare a port instead")
		case from == "" && to != "" && p.path != composer:
			complain(imported, "only "+composer+" imports adapters; declare a port instead")
		}
	}
	return found
}

func testImportsAmiss(p goPackage) []string {
	var found []string
	from := adapterOf(p.path)
	for _, imported := range p.testImports {
		if to := adapterOf(imported); from != "" && to != "" && from != to {
			found = append(found, fmt.Sprintf("%s imports %s in a test: adapters never import each other; use a fake that passes the suite.", p.path, imported))
		}
	}
	return found
}

func incomplete(p goPackage) []string {
	if !strings.HasPrefix(p.path, "internal/") {
		return nil
	}
	var found []string
	if !p.documented {
		found = append(found, p.path+" has no package comment: say in its doc.go what it is for and what must always be true.")
	}
	if !p.tested && !p.generated && !isSuite(p.path) {
		found = append(found, p.path+" has no test.")
	}
	return found
}

// adapterOf gives the adapter that a package is, or is part of: "internal/store/sqlite" for
// "internal/store/sqlite/migrations". It is empty for other packages, conformance suites among them.
func adapterOf(pkg string) string {
	for _, a := range adapters {
		elements, depth := strings.Split(pkg, "/"), strings.Count(a.pattern, "/")+1
		if len(elements) < depth {
			continue
		}
		root := strings.Join(elements[:depth], "/")
		if matches(a.pattern, root) && !isSuite(root) {
			return root
		}
	}
	return ""
}

// mayImport tells whether the adapter that pkg belongs to may import a package that is no adapter.
func mayImport(pkg, imported string) bool {
	if slices.Contains(leaves, imported) {
		return true
	}
	for _, a := range adapters {
		if matches(a.pattern, adapterOf(pkg)) {
			return slices.Contains(a.imports, imported)
		}
	}
	return false
}

// matches is path.Match for the patterns above, which are well formed.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// isSuite tells whether a package is a conformance suite, by its name, as in the standard library's fstest.
func isSuite(pkg string) bool { return strings.HasSuffix(path.Base(pkg), "test") }
