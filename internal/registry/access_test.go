package registry_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/registry"
)

func TestWhoMayDoWhat(t *testing.T) {
	r := newRig(t, registry.Options{})
	layer := noise(1000)
	digest := r.push(ui, "v1", layer)
	r.push(db, "v1", noise(1000))
	reader, _, err := r.access.Issue(t.Context(), "a reader", access.Read)
	if err != nil {
		t.Fatal(err)
	}
	build := r.access.Grant("build 2", access.Scope{Repository: db, Pull: true, Push: true}, time.Hour)
	for _, c := range []struct {
		method, path, token string
		status              int
		says                string
	}{
		{"GET", "/v2/", "", 401, "a token is needed"},
		{"GET", "/v2/", "wrong", 401, "UNAUTHORIZED"},
		{"GET", "/v2/", build, 200, ""},
		{"GET", "/v2/_catalog", reader, 200, "yelb/yelb-ui"},
		{"GET", "/v2/_catalog", build, 403, "images alone"},
		{"GET", "/v2/yelb/yelb-ui/manifests/v1", "", 401, "a token is needed"},
		{"GET", "/v2/yelb/nothing/manifests/v1", "", 401, "a token is needed"},
		{"GET", "/v2/yelb/yelb-ui/manifests/v1", reader, 200, "schemaVersion"},
		{"GET", "/v2/yelb/yelb-ui/manifests/v1", build, 403, "may not pull from"},
		{"GET", "/v2/yelb/yelb-ui/blobs/" + digestOf(layer), build, 403, "may not pull from"},
		{"GET", "/v2/yelb/yelb-db/blobs/" + digestOf(layer), build, 404, "BLOB_UNKNOWN"},
		{"POST", "/v2/yelb/yelb-ui/blobs/uploads/", reader, 403, "needs deploy"},
		{"POST", "/v2/yelb/yelb-ui/blobs/uploads/", build, 403, "may not push to"},
		{"PUT", "/v2/yelb/yelb-ui/manifests/v2", build, 403, "may not push to"},
		// a layer of a foreign repository is not mounted: the build has to have it
		{"POST", "/v2/yelb/yelb-db/blobs/uploads/?from=yelb/yelb-ui&mount=" + digestOf(layer), build, 202, ""},
		{"POST", "/v2/yelb/yelb-db/blobs/uploads/?from=yelb/yelb-db&from=yelb/yelb-ui&mount=" + digestOf(layer), build, 202, ""},
		{"POST", "/v2/yelb/yelb-db/blobs/uploads/?from=yelb/yelb-ui&mount=" + digestOf(layer), r.token, 201, ""},
		{"DELETE", "/v2/yelb/yelb-ui/manifests/" + digest, r.token, 403, "not deleted by hand"},
		{"DELETE", "/v2/yelb/yelb-ui/blobs/" + digestOf(layer), r.token, 403, "not deleted by hand"},
		{"GET", "/v2/a/b/c/manifests/v1", r.token, 404, "called <environment>/<service>"},
		{"GET", "/v2/ui/manifests/v1", r.token, 404, "called <environment>/<service>"},
		{"GET", "/v2/UPPER/ui/manifests/v1", r.token, 400, "environment name"},
		{"GET", "/v2/yelb/../yelb/manifests/v1", r.token, 404, ""},
	} {
		res, said := r.do(c.method, c.path, c.token, "", nil)
		if res.StatusCode != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: %s %s; want %d and %q in it", c.method, c.path, res.Status, said, c.status, c.says)
		}
		if challenge := res.Header.Get("WWW-Authenticate"); (challenge != "") != (c.status == 401) {
			t.Errorf("%s %s is challenged by %q", c.method, c.path, challenge)
		}
	}
}

func TestAFormInTheBodyMountsNothing(t *testing.T) {
	r := newRig(t, registry.Options{})
	layer := noise(1000)
	r.push(ui, "v1", layer)
	build := r.access.Grant("build 2", access.Scope{Repository: db, Pull: true, Push: true}, time.Hour)
	form := []byte("from=yelb/yelb-ui&mount=" + digestOf(layer))
	res, _ := r.do(http.MethodPost, "/v2/yelb/yelb-db/blobs/uploads/", build, "application/x-www-form-urlencoded", form)
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("got %s, want that an upload begins", res.Status)
	}
}
