package registry

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// write serves a request that writes. When the disk is full it says so, and removes what the upload had written.
func (r *Registry) write(w http.ResponseWriter, req *http.Request, asked request) {
	if req.Method == http.MethodDelete { // of an upload: it makes room
		r.app.ServeHTTP(w, req)
		return
	}
	if r.free() < r.Reserve+max(req.ContentLength, 0) {
		r.full(w, asked)
		return
	}
	held := &held{ResponseWriter: w}
	r.app.ServeHTTP(held, req)
	if held.status >= http.StatusBadRequest && (r.free() < r.Reserve || held.says("no space left on device", "disk quota exceeded")) {
		r.full(w, asked)
		return
	}
	held.release()
}

// full tells who pushes that the disk is. The status is not 507, which docker tries again five times and then shows
// without the sentence.
func (r *Registry) full(w http.ResponseWriter, asked request) {
	r.dropUpload(asked)
	r.Logger.Error("the registry's disk is full: a push was refused", "folder", r.Dir, "repository", asked.service)
	for name := range w.Header() {
		w.Header().Del(name)
	}
	w.Header().Set("Connection", "close") // the rest of the layer is not wanted
	answer(w, http.StatusForbidden, "DENIED", "the disk of Serin's registry is full: make room in "+r.Dir+" and push again")
}

var uploadID = regexp.MustCompile(`^uploads/([0-9a-f-]{36})$`)

// dropUpload removes what an upload has written.
func (r *Registry) dropUpload(asked request) {
	m := uploadID.FindStringSubmatch(asked.rest)
	if m == nil || asked.kind != "blobs" {
		return
	}
	dir := filepath.Join(r.repositoryDir(asked.service), "_uploads", m[1])
	// Emptied first: distribution does not close the file of an upload whose state it could not write.
	err := os.Truncate(filepath.Join(dir, "data"), 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		r.Logger.Error("a failed upload could not be removed", "error", err)
	}
}

// free is the room on the disk, in bytes. Where it cannot be told, there is some.
func (r *Registry) free() int64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(r.Dir, &disk); err != nil {
		return 1 << 62
	}
	return int64(disk.Bavail) * disk.Bsize
}

// held keeps back an answer that is an error; others pass.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
	if h.status < http.StatusBadRequest {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *held) Write(p []byte) (int, error) {
	if h.status == 0 {
		h.WriteHeader(http.StatusOK)
	}
	if h.status < http.StatusBadRequest {
		return h.ResponseWriter.Write(p)
	}
	return h.body.Write(p)
}

func (h *held) says(phrases ...string) bool {
	for _, phrase := range phrases {
		if strings.Contains(h.body.String(), phrase) {
			return true
		}
	}
	return false
}

func (h *held) release() {
	if h.status >= http.StatusBadRequest {
		h.ResponseWriter.WriteHeader(h.status)
		_, _ = h.ResponseWriter.Write(h.body.Bytes())
	}
}
