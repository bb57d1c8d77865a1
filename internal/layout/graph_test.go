package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "serin.dev/serin/"

// goPackage is what the rules look at. Paths, of packages of ours only, are relative to the module.
type goPackage struct {
	path, name  string
	imports     []string
	testImports []string // by its own tests and by those of its _test package
	documented  bool
	tested      bool
	generated   bool // all its files are, but for doc.go
}

// listPackages reads the module's packages.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e",
		"-json=ImportPath,Name,Dir,Doc,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}

	var packages []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var listed struct {
			ImportPath, Name, Dir, Doc                   string
			GoFiles, CgoFiles, TestGoFiles, XTestGoFiles []string
			Imports, TestImports, XTestImports           []string
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("reading what go list printed: %v", err)
		}
		files := slices.Concat(listed.GoFiles, listed.CgoFiles)
		generated, err := allGenerated(listed.Dir, files)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, goPackage{
			path:        strings.TrimPrefix(listed.ImportPath, module),
			name:        listed.Name,
			imports:     ours(listed.Imports),
			testImports: ours(slices.Concat(listed.TestImports, listed.XTestImports)),
			documented:  listed.Doc != "",
			tested:      len(listed.TestGoFiles)+len(listed.XTestGoFiles) > 0,
			generated:   generated,
		})
	}
}

// ours gives the imports that are packages of the module, each once.
func ours(imports []string) []string {
	var relative []string
	for _, imported := range imports {
		if rest, ok := strings.CutPrefix(imported, module); ok {
			relative = append(relative, rest)
		}
	}
	slices.Sort(relative)
	return slices.Compact(relative)
}

// allGenerated tells whether a package has files beside doc.go, and each says that a program made it.
func allGenerated(dir string, files []string) (bool, error) {
	files = slices.DeleteFunc(files, func(name string) bool { return name == "doc.go" })
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return false, fmt.Errorf("reading whether a file is generated: %w", err)
		}
		if !ast.IsGenerated(file) {
			return false, nil
		}
	}
	return len(files) > 0, nil
}
