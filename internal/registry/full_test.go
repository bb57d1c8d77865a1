package registry_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"serin.dev/serin/internal/registry"
)

// smallDisk mounts a file system of its own, which the test fills.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("serin-test-registry", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mounting a small file system needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskIsToldToDocker(t *testing.T) {
	r, d := newRig(t, registry.Options{Dir: smallDisk(t, "8m")}), docker{t, t.TempDir()}
	d.login(r.Host, r.token)
	large, small := r.name(ui, "large"), r.name(ui, "small")
	d.image(large, noise(16<<20))
	d.image(small, noise(1<<20))
	began := time.Now()
	out, err := d.run(nil, "push", large)
	t.Logf("docker gave up after %s", time.Since(began).Round(time.Millisecond))
	if err == nil || !strings.Contains(out, "the disk of Serin's registry is full: make room in "+r.Dir) {
		t.Errorf("the push of 16 MiB to a disk of 8 MiB: %v\n%s", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir, "docker/registry/v2/repositories/yelb/yelb-ui/_uploads/*/data")); len(left) > 0 {
		t.Errorf("the failed push left %v", left)
	}
	d.must(nil, "push", small)
}

func TestAFullDiskIsToldAtOnceWhereTheSizeIsKnown(t *testing.T) {
	r := newRig(t, registry.Options{Dir: smallDisk(t, "8m")})
	res, said := r.do(http.MethodPost, "/v2/yelb/yelb-ui/blobs/uploads/", r.token, "", nil)
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("starting an upload: %s %s", res.Status, said)
	}
	content := noise(16 << 20)
	res, said = r.do(http.MethodPut, res.Header.Get("Location")+"&digest="+digestOf(content), r.token, "application/octet-stream", content)
	if res.StatusCode != http.StatusForbidden || !strings.Contains(said, "is full") {
		t.Errorf("got %s %s", res.Status, said)
	}
	r.push(ui, "v1", noise(1000))
}
