package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"serin.dev/serin/internal/spec/buildspec"
)

// maxArtifacts bounds what one build may leave, in bytes.
const maxArtifacts = 256 << 20

// extract writes the files of a tar archive that match the buildspec's patterns into dir. Every pattern must match
// something, as in CodeBuild.
func extract(archive io.Reader, want buildspec.Artifacts, dir string, log io.Writer) error {
	matched := make([]bool, len(want.Files))
	root, err := os.OpenRoot(dir) // nothing can be written outside, whatever the names and links are
	if err != nil {
		return err
	}
	defer root.Close()
	room := int64(maxArtifacts)
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("artifacts: reading the builder's files: %w", err)
		}
		name := path.Clean(strings.TrimPrefix(header.Name, "./"))
		if header.Typeflag != tar.TypeReg || !wanted(name, want, matched) {
			continue
		}
		if room -= header.Size; room < 0 {
			return Failed{fmt.Sprintf("artifacts: they are larger than the limit of %d MiB", maxArtifacts>>20)}
		}
		if want.DiscardPaths {
			name = path.Base(name)
		}
		if err := save(root, name, r); err != nil {
			return fmt.Errorf("artifacts: keeping %s: %w", name, err)
		}
		fmt.Fprintf(log, "[serin] artifact %s\n", name)
	}
	for i, found := range matched {
		if !found {
			return Failed{fmt.Sprintf("artifacts: no file matches %q after the build", want.Files[i])}
		}
	}
	return nil
}

// wanted tells whether a file is an artifact, and notes which pattern said so.
func wanted(name string, want buildspec.Artifacts, matched []bool) bool {
	for _, pattern := range want.Exclude {
		if doublestar.MatchUnvalidated(path.Clean(pattern), name) {
			return false
		}
	}
	found := false
	for i, pattern := range want.Files {
		if doublestar.MatchUnvalidated(path.Clean(pattern), name) {
			matched[i], found = true, true
		}
	}
	return found
}

func save(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
