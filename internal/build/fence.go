package build

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Fence is the part of Docker's API that a build may use. It forwards what is allowed for the build's own
// repository and answers everything else with 403 and a sentence, which the docker command prints.
//
// Images whose name has no registry (as in `docker build -t app .`) are renamed to "<Local>/app", so that no build
// can overwrite an image of the host or of another service; LocalTags lists them for removal.
type Fence struct {
	Own   string // the service's repository, "<registry host>/<environment>/<service>"
	Local string // prefix for names without a registry, unique to the build
	Dial  func(ctx context.Context) (net.Conn, error)
	Built func(io.ReadCloser) io.ReadCloser // reads along what Docker says of each docker build; nil: nobody does
	Log   io.Writer                         // gets the sentences that the docker command does not print; nil: nobody does

	transport roundTripper   // instead of Dial, in tests
	calls     sync.WaitGroup // those under way

	mu    sync.Mutex
	local map[string]bool
}

// apiVersion is the optional first element of Docker's API paths.
var apiVersion = regexp.MustCompile(`^/v1\.[0-9]{1,2}/`)

// buildParameters are the query parameters of POST /build that change nothing outside the image. Of those left out,
// networkmode, cgroupparent, volumes and the like reach into the host; version=2 asks for BuildKit, whose session
// is a way around the fence.
var buildParameters = []string{
	"t", "dockerfile", "q", "nocache", "cachefrom", "pull", "rm", "forcerm", "buildargs", "labels", "target",
	"platform", "squash", "shmsize", "memory", "memswap", "cpushares", "cpuquota", "cpuperiod", "cpusetcpus",
	"cpusetmems", "ulimits", "version", "networkmode", "buildid", "remote", "cgroupparent", "extrahosts", "isolation",
}

// harmlessValues are the values allowed for parameters that would otherwise reach into the host.
var harmlessValues = map[string][]string{
	"version":      {"", "1"},
	"networkmode":  {"", "default", "none", "bridge"},
	"remote":       {""},
	"cgroupparent": {""},
	"extrahosts":   {"", "null", "[]"},
	"isolation":    {"", "default"},
}

// ServeHTTP answers one call of the docker command.
func (f *Fence) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls.Add(1)
	defer f.calls.Done()
	path := "/" + apiVersion.ReplaceAllString(r.URL.Path, "")
	path = "/" + strings.TrimLeft(path, "/")
	query := r.URL.Query()
	err := f.allow(r.Method, path, query)
	if err == nil && isForm(r) {
		err = fmt.Errorf("parameters go into the URL here, not into a form")
	}
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	forward := f.rename(path, query)
	prefix := apiVersion.FindString(r.URL.Path)
	if prefix == "" {
		prefix = "/"
	}
	proxy := httputil.ReverseProxy{
		FlushInterval: -1, // build output is read as it comes
		Transport:     f.docker(),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: "http", Host: "docker", Path: strings.TrimSuffix(prefix, "/") + forward, RawQuery: query.Encode()}
			p.Out.Host = "docker"
			p.Out.Header.Del("Upgrade")
		},
		ModifyResponse: func(said *http.Response) error {
			if path == "/build" && f.Built != nil && said.StatusCode == http.StatusOK {
				said.Body = f.Built(said.Body)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			answer(w, http.StatusBadGateway, "Docker does not answer: "+err.Error())
		},
	}
	proxy.ServeHTTP(w, r)
}

// docker carries calls to Docker.
func (f *Fence) docker() http.RoundTripper {
	if f.transport != nil {
		return f.transport
	}
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return f.Dial(ctx) },
	}
}

// roundTripper is a function that is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (r roundTripper) RoundTrip(call *http.Request) (*http.Response, error) { return r(call) }

// isForm tells whether Docker would take parameters from the call's body, too, where the fence does not look.
func isForm(r *http.Request) bool {
	kind := r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(kind)
	return len(r.Header.Values("Content-Type")) > 1 || media == "application/x-www-form-urlencoded" || media == "multipart/form-data" || err != nil && kind != ""
}

// Wait returns when no call is under way. Whoever calls it has seen to it that no new ones come.
func (f *Fence) Wait() { f.calls.Wait() }

// LocalTags are the renamed images this build has made.
func (f *Fence) LocalTags() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	tags := make([]string, 0, len(f.local))
	for tag := range f.local {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return tags
}

// allow decides about one call. path has no API version.
func (f *Fence) allow(method, path string, query url.Values) error {
	if strings.Contains(path, "..") {
		return fmt.Errorf("the path %q is not one of Docker's", path)
	}
	for key, values := range query {
		if len(values) > 1 && key != "t" {
			return fmt.Errorf("the parameter %q is given twice", key)
		}
	}
	image, verb := splitImagePath(path)
	switch {
	case path == "/_ping" && (method == http.MethodGet || method == http.MethodHead),
		method == http.MethodGet && (path == "/version" || path == "/info"),
		method == http.MethodPost && path == "/auth":
		return nil
	case method == http.MethodPost && path == "/build":
		return f.allowBuild(query)
	case method == http.MethodPost && path == "/images/create":
		return f.allowPull(query)
	case method == http.MethodPost && verb == "push":
		return f.allowOwn("push to", image)
	case method == http.MethodPost && verb == "tag":
		if err := f.allowRead(image); err != nil {
			return err
		}
		return f.allowName("tag", query.Get("repo"))
	case method == http.MethodGet && (verb == "json" || verb == "history"):
		return f.allowRead(image)
	case path == "/session", path == "/grpc":
		return fmt.Errorf("a build here cannot use BuildKit: set DOCKER_BUILDKIT=0")
	case strings.HasPrefix(path, "/containers"):
		return fmt.Errorf("a build here may build, pull, tag, push and inspect images, and not run containers: run the step in the Dockerfile, or as a command of the buildspec")
	}
	return fmt.Errorf("a build here may build, pull, tag, push and inspect images; %s %s is not allowed", method, path)
}

func (f *Fence) allowBuild(query url.Values) error {
	for key, values := range query {
		if !slices.Contains(buildParameters, key) {
			return fmt.Errorf("docker build: the parameter %q is not allowed here", key)
		}
		allowed, restricted := harmlessValues[key]
		for _, value := range values {
			if restricted && !slices.Contains(allowed, value) {
				return fmt.Errorf("docker build: %s=%q is not allowed here; leave it out (for version=2: set DOCKER_BUILDKIT=0)", key, value)
			}
		}
	}
	for _, tag := range query["t"] {
		if err := f.allowName("tag", tag); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fence) allowPull(query url.Values) error {
	if query.Get("fromSrc") != "" {
		return fmt.Errorf("docker import is not allowed here")
	}
	return f.allowRead(query.Get("fromImage"))
}

// allowRead lets a build see its own repository's images and those of other registries, not other services'.
func (f *Fence) allowRead(image string) error {
	host, _, _ := strings.Cut(f.Own, "/")
	if strings.HasPrefix(image, host+"/") {
		return f.allowOwn("read", image)
	}
	return nil
}

// allowName lets a build name an image in its own repository, or without a registry.
func (f *Fence) allowName(do, image string) error {
	if hasRegistry(image) {
		return f.allowOwn(do, image)
	}
	return nil
}

func (f *Fence) allowOwn(do, image string) error {
	if RepositoryOf(image) != f.Own {
		return fmt.Errorf("this build may not %s %s: its repository is %s", do, RepositoryOf(image), f.Own)
	}
	return nil
}

// rename gives names without a registry the build's own prefix, in the query (changed in place) and in the path.
func (f *Fence) rename(path string, query url.Values) string {
	image, verb := splitImagePath(path)
	image = f.localName(image, false) // before the call's own names: `docker tag debian debian` reads the host's
	switch {
	case path == "/build":
		for i, tag := range query["t"] {
			query["t"][i] = f.localName(tag, true)
		}
		query.Set("rm", "1") // containers of steps go, those of a step that failed included
		query.Set("forcerm", "1")
	case verb == "tag":
		if repo := query.Get("repo"); !hasRegistry(repo) {
			tagged := f.localName(repo+":"+orLatest(query.Get("tag")), true)
			query.Set("repo", RepositoryOf(tagged))
		}
	}
	if image == "" {
		return path
	}
	return "/images/" + image + "/" + verb
}

// localName is the name under which the host's Docker holds an image that the build calls image. A name that the
// build did not make itself is left as it is: it is a base image of the host.
func (f *Fence) localName(image string, made bool) string {
	if hasRegistry(image) || image == "" {
		return image
	}
	renamed := f.Local + "/" + RepositoryOf(image) + ":" + orLatest(tagOf(image))
	f.mu.Lock()
	defer f.mu.Unlock()
	if made {
		if f.local == nil {
			f.local = map[string]bool{}
		}
		f.local[renamed] = true
	}
	if !f.local[renamed] {
		return image
	}
	return renamed
}

// refuse answers a call that is not allowed. Who asks to speak another protocol does not read the sentence.
func (f *Fence) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if f.Log != nil && r.Header.Get("Upgrade") != "" {
		fmt.Fprintf(f.Log, "[serin] docker: %v\n", err)
	}
	answer(w, http.StatusForbidden, err.Error())
}

// answer writes an error as Docker's API does, so that the docker command prints the sentence.
func answer(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": sentence}) // a client that left is not our concern
}
