package registry_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/registry"
)

var (
	ui = delivery.ServiceID{Environment: "yelb", Name: "yelb-ui"}
	db = delivery.ServiceID{Environment: "yelb", Name: "yelb-db"}
)

// rig is a registry behind an HTTP server.
type rig struct {
	*registry.Registry
	t      *testing.T
	access *access.Access
	token  string // with the role deploy
	url    string
}

func newRig(t *testing.T, o registry.Options) *rig {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	o.Host = server.Listener.Addr().String()
	o.Logger = slog.New(slog.DiscardHandler)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Reserve == 0 {
		o.Reserve = 1 << 20
	}
	reg, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Registry: reg, t: t, access: access.New(access.NewMemory(), time.Now)}
	if r.token, _, err = r.access.Issue(t.Context(), "a deployer", access.Deploy); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = reg.Handler(r.access)
	server.Start()
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// do sends a request with a token and gives the answer, its body read.
func (r *rig) do(method, path, token, kind string, body []byte) (*http.Response, string) {
	r.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = r.url + path
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.SetBasicAuth("anybody", token)
	}
	req.Header.Set("Accept", manifestKind)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, string(said)
}

const manifestKind = "application/vnd.oci.image.manifest.v1+json"

// push puts an image with the layers under a tag, as docker does but without it, and gives the digest.
func (r *rig) push(service delivery.ServiceID, tag string, layers ...[]byte) string {
	r.t.Helper()
	type descriptor struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	blob := func(kind string, content []byte) descriptor {
		res, said := r.do(http.MethodPost, "/v2/"+service.String()+"/blobs/uploads/", r.token, "", nil)
		if res.StatusCode != http.StatusAccepted {
			r.t.Fatalf("starting an upload: %s %s", res.Status, said)
		}
		d := digestOf(content)
		at := res.Header.Get("Location")
		res, said = r.do(http.MethodPut, at+"&digest="+d, r.token, "application/octet-stream", content)
		if res.StatusCode != http.StatusCreated {
			r.t.Fatalf("uploading: %s %s", res.Status, said)
		}
		return descriptor{kind, d, len(content)}
	}
	manifest := map[string]any{"schemaVersion": 2, "mediaType": manifestKind, "config": blob("application/vnd.oci.image.config.v1+json", []byte(`{"tag":"`+tag+`"}`))}
	var parts []descriptor
	for _, layer := range layers {
		parts = append(parts, blob("application/vnd.oci.image.layer.v1.tar", layer))
	}
	manifest["layers"] = parts
	content, err := json.Marshal(manifest)
	if err != nil {
		r.t.Fatal(err)
	}
	res, said := r.do(http.MethodPut, "/v2/"+service.String()+"/manifests/"+tag, r.token, manifestKind, content)
	if res.StatusCode != http.StatusCreated {
		r.t.Fatalf("putting the manifest: %s %s", res.Status, said)
	}
	return digestOf(content)
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}

// docker is the real client, with its own configuration.
type docker struct {
	t      *testing.T
	config string
}

func (d docker) run(stdin io.Reader, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.t.Context()), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", append([]string{"--config", d.config}, args...)...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (d docker) must(stdin io.Reader, args ...string) string {
	d.t.Helper()
	out, err := d.run(stdin, args...)
	if err != nil {
		d.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (d docker) login(host, token string) {
	d.t.Helper()
	d.must(strings.NewReader(token), "login", "--username", "anybody", "--password-stdin", host)
}

// image makes a local image of one file, and removes it with the test.
func (d docker) image(name string, content []byte) {
	d.t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "noise", Mode: 0o644, Size: int64(len(content))}); err != nil {
		d.t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		d.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	d.must(&archive, "import", "-", name)
	d.t.Cleanup(func() { _, _ = d.run(nil, "rmi", "--force", name) })
}

func (r *rig) name(service delivery.ServiceID, tag string) string {
	return fmt.Sprintf("%s/%s:%s", r.Host, service, tag)
}
