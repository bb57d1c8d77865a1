package spec

import (
	"errors"
	"io"
	"io/fs"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/specfile"
)

// Tree reads the files of one commit.
type Tree interface {
	// ReadFile gives a file's content by its path from the repository's root, with slashes. What is not there
	// fails with an error that is fs.ErrNotExist.
	ReadFile(path string) ([]byte, error)
}

// FS makes a Tree of a file system, such as os.DirFS of a checkout. It reads no more of a file than a spec file may have.
func FS(fsys fs.FS) Tree { return tree{fsys} }

type tree struct{ fsys fs.FS }

func (t tree) ReadFile(path string) ([]byte, error) {
	f, err := t.fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, specfile.MaxSize+1))
}

// Where the spec files are, from the repository's root.
const (
	BuildFile    = "specfiles/build.yml"
	BuildFileToo = "specfiles/buildspec.yml" // read where there is no BuildFile
	DeployFile   = "specfiles/deploy.json"
	TemplateFile = "specfiles/canary-helper.yaml"
	Dockerfile   = "Dockerfile"
)

// read gives a file's content; false when it is not there.
func read(t Tree, path string) ([]byte, bool, error) {
	data, err := t.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, delivery.Errorf(delivery.Unavailable, "reading %s: %w", path, err)
	}
	return data, true, nil
}
