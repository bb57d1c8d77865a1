package source

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"serin.dev/serin/internal/delivery"
)

// Tree gives a commit's files, to be read while ctx lives. It fails with NotFound when there is no such commit.
func (s *Source) Tree(ctx context.Context, service delivery.ServiceID, commit string) (fs.FS, error) {
	repo, err := s.find(service)
	if err != nil {
		return nil, err
	}
	if err := checkCommit(commit); err != nil {
		return nil, err
	}
	if _, err := s.commitAt(ctx, repo, service, commit); err != nil {
		return nil, err
	}
	return tree{s, ctx, repo, commit}, nil
}

// tree is a commit's files. Symbolic links are not followed; submodules are empty folders.
type tree struct {
	source *Source
	ctx    context.Context // of whoever asked for the tree: fs.FS has no place for one
	repo   string
	commit string
}

// Open gives a file whole, or a folder with its entries.
func (t tree) Open(name string) (fs.File, error) {
	n, err := t.find(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := &file{node: n}
	switch {
	case n.IsDir():
		f.entries, err = t.list(n)
	case n.Mode().IsRegular():
		var content []byte
		content, err = t.git("cat-file", "blob", n.object)
		f.Reader = bytes.NewReader(content)
	default:
		err = delivery.Errorf(delivery.Invalid, "it is a symbolic link: only regular files are read")
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}

// find gives the node of a path.
func (t tree) find(name string) (node, error) {
	if !fs.ValidPath(name) || strings.ContainsRune(name, 0) {
		return node{}, fs.ErrInvalid
	}
	if name == "." {
		return node{name: ".", mode: fs.ModeDir | 0o755, object: t.commit}, nil
	}
	nodes, err := t.nodes("ls-tree", "-z", "--long", t.commit, "--", name)
	if err != nil {
		return node{}, err
	}
	if len(nodes) == 0 {
		return node{}, fs.ErrNotExist
	}
	return nodes[0], nil
}

// list gives what is in a folder, by name.
func (t tree) list(n node) ([]node, error) {
	if n.submodule {
		return nil, nil
	}
	return t.nodes("ls-tree", "-z", "--long", n.object)
}

func (t tree) nodes(args ...string) ([]node, error) {
	out, err := t.git(args...)
	if err != nil {
		return nil, err
	}
	var nodes []node
	for line := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if n, ok := parseNode(line); ok {
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

func (t tree) git(args ...string) ([]byte, error) {
	return t.source.run(t.ctx, command{dir: t.repo, args: append([]string{"--literal-pathspecs"}, args...)})
}

// node is a file or folder; it is its own fs.FileInfo and fs.DirEntry.
type node struct {
	name      string
	mode      fs.FileMode
	size      int64
	object    string
	submodule bool
}

// parseNode reads "<mode> <type> <object> <size>\t<path>".
func parseNode(line string) (node, bool) {
	head, name, ok := strings.Cut(line, "\t")
	f := strings.Fields(head)
	if !ok || len(f) != 4 {
		return node{}, false
	}
	n := node{name: path.Base(name), object: f[2], submodule: f[0] == "160000"}
	n.size, _ = strconv.ParseInt(f[3], 10, 64) // "-" for a folder
	switch f[0] {
	case "040000", "160000":
		n.mode = fs.ModeDir | 0o755
	case "120000":
		n.mode = fs.ModeSymlink | 0o777
	case "100755":
		n.mode = 0o755
	default:
		n.mode = 0o644
	}
	return n, true
}

func (n node) Name() string               { return n.name }
func (n node) Size() int64                { return n.size }
func (n node) Mode() fs.FileMode          { return n.mode }
func (n node) Type() fs.FileMode          { return n.mode.Type() }
func (n node) ModTime() time.Time         { return time.Time{} }
func (n node) IsDir() bool                { return n.mode.IsDir() }
func (n node) Sys() any                   { return nil }
func (n node) Info() (fs.FileInfo, error) { return n, nil }

// file is an open node.
type file struct {
	node
	*bytes.Reader
	entries []node
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *file) Size() int64                { return f.node.size }
func (f *file) Close() error               { return nil }

func (f *file) Read(p []byte) (int, error) {
	if f.Reader == nil {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	return f.Reader.Read(p)
}

// ReadDir gives the next n entries, or all of them.
func (f *file) ReadDir(n int) ([]fs.DirEntry, error) {
	if !f.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: f.name, Err: fs.ErrInvalid}
	}
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	entries := make([]fs.DirEntry, n)
	for i, e := range f.entries[:n] {
		entries[i] = e
	}
	f.entries = f.entries[n:]
	return entries, nil
}
