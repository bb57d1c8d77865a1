package registry

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
)

// Prefix is where the handler is mounted.
const Prefix = "/v2/"

// request is what a client wants.
type request struct {
	service delivery.ServiceID // the zero value: no repository
	kind    string             // "", "_catalog", "manifests", "blobs", "tags", "referrers"
	rest    string             // "uploads/<uuid>", a tag, a digest, "list"
	write   bool
}

var requestPath = regexp.MustCompile(`^` + Prefix + `([^/]+)/([^/]+)/(manifests|blobs|tags|referrers)/(.+)$`)

// parseRequest knows the requests of the distribution protocol to repositories of services, and refuses all else.
func parseRequest(r *http.Request) (request, error) {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	if path := r.URL.Path; read && (path == Prefix || path == Prefix+"_catalog") {
		return request{kind: strings.TrimPrefix(path, Prefix)}, nil
	}
	m := requestPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return request{}, delivery.Errorf(delivery.NotFound, "there is no such repository: they are called <environment>/<service>")
	}
	service, err := delivery.ParseServiceID(m[1] + "/" + m[2])
	if err != nil {
		return request{}, err
	}
	asked := request{service, m[3], m[4], !read}
	if r.Method == http.MethodDelete && !asked.upload() {
		return request{}, delivery.Errorf(delivery.Forbidden, "images are not deleted by hand: those that no deployment needs are collected")
	}
	return asked, nil
}

// upload tells whether the request is about a layer under way.
func (q request) upload() bool {
	return q.kind == "blobs" && (q.rest == "uploads" || strings.HasPrefix(q.rest, "uploads/"))
}

// allowed fails with Forbidden unless the principal may do it.
func (q request) allowed(p access.Principal) error {
	switch {
	case q.kind == "":
		return nil // "are you a registry, and do you know me?"
	case q.kind == "_catalog":
		return p.May(access.Read)
	case q.write:
		return p.MayPush(q.service)
	}
	return p.MayPull(q.service)
}

// withoutForeignMount takes out of a request to start a layer the wish to have it from a repository that the
// principal may not pull from: the client then sends the layer.
func withoutForeignMount(r *http.Request, p access.Principal) *http.Request {
	q := r.URL.Query()
	if !q.Has("from") {
		return r
	}
	service, err := delivery.ParseServiceID(q.Get("from"))
	if err == nil && len(q["from"]) == 1 && p.MayPull(service) == nil {
		return r
	}
	q.Del("from")
	q.Del("mount")
	u := *r.URL
	u.RawQuery = q.Encode()
	c := *r
	c.URL = &u
	c.Form, c.PostForm = nil, nil
	return &c
}

// plainBody keeps a request's values to its URL, where they were checked: a form in the body would add to them.
func plainBody(r *http.Request) *http.Request {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasPrefix(r.Header.Get("Content-Type"), "application/vnd.") {
		return r
	}
	c := *r
	c.Header = r.Header.Clone()
	if kind := r.Header.Get("Content-Type"); strings.Contains(kind, "form") {
		c.Header.Set("Content-Type", "application/octet-stream")
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		c.URL = &url.URL{Path: r.URL.Path}
	}
	return &c
}
