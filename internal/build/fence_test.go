package build

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// recorder stands for Docker: it notes what reaches it.
func recorder(t *testing.T) (dial func(context.Context) (net.Conn, error), seen func() string) {
	var last string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		last = r.Method + " " + r.URL.Path + "?" + query
	}))
	t.Cleanup(server.Close)
	return func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}, func() string { return last }
}

func TestFence(t *testing.T) {
	const own = "127.0.0.1:5000/shop/cart"
	for _, test := range []struct {
		name, method, path string
		reaches            string // what Docker gets; "" when the call is refused
	}{
		{"ping", "GET", "/_ping", "GET /_ping?"},
		{"login", "POST", "/v1.41/auth", "POST /v1.41/auth?"},
		{"build for its own repository", "POST", "/v1.41/build?t=" + own + ":1", "POST /v1.41/build?forcerm=1&rm=1&t=" + own + ":1"},
		{"build without a registry is renamed", "POST", "/v1.41/build?t=app", "POST /v1.41/build?forcerm=1&rm=1&t=serin-x/shop/cart/app:latest"},
		{"build that would leave containers", "POST", "/v1.41/build?rm=0&forcerm=false", "POST /v1.41/build?forcerm=1&rm=1"},
		{"build for another service", "POST", "/v1.41/build?t=127.0.0.1:5000/shop/other:1", ""},
		{"build in the host's network", "POST", "/v1.41/build?networkmode=host", ""},
		{"build in another container's network", "POST", "/v1.41/build?networkmode=container:x", ""},
		{"build from an address", "POST", "/v1.41/build?remote=http://example.com", ""},
		{"BuildKit", "POST", "/v1.41/build?version=2", ""},
		{"a BuildKit session", "POST", "/v1.41/session", ""},
		{"an unknown parameter", "POST", "/v1.41/build?outputs=x", ""},
		{"a second, forbidden value", "POST", "/v1.41/build?networkmode=none&networkmode=host", ""},
		{"push to its own repository", "POST", "/v1.41/images/" + own + "/push?tag=1", "POST /v1.41/images/" + own + "/push?tag=1"},
		{"push to another", "POST", "/v1.41/images/127.0.0.1:5000/shop/other/push?tag=1", ""},
		{"push to another registry", "POST", "/v1.41/images/example.com/x/push?tag=1", ""},
		{"pull a base image", "POST", "/v1.41/images/create?fromImage=debian&tag=12", "POST /v1.41/images/create?fromImage=debian&tag=12"},
		{"pull another service's image", "POST", "/v1.41/images/create?fromImage=127.0.0.1:5000/shop/other&tag=1", ""},
		{"import", "POST", "/v1.41/images/create?fromSrc=-", ""},
		{"tag into its own repository", "POST", "/v1.41/images/debian:12/tag?repo=" + own + "&tag=1", "POST /v1.41/images/debian:12/tag?repo=" + own + "&tag=1"},
		{"tag over a host's image is renamed", "POST", "/v1.41/images/debian:12/tag?repo=debian&tag=12", "POST /v1.41/images/debian:12/tag?repo=serin-x/shop/cart/debian&tag=12"},
		{"inspect", "GET", "/v1.41/images/debian:12/json", "GET /v1.41/images/debian:12/json?"},
		{"list images", "GET", "/v1.41/images/json", ""},
		{"delete an image", "DELETE", "/v1.41/images/debian:12", ""},
		{"run a container", "POST", "/v1.41/containers/create", ""},
		{"volumes", "GET", "/v1.41/volumes", ""},
		{"networks", "POST", "/v1.41/networks/create", ""},
		{"a way out of the path", "GET", "/v1.41/images/../containers/json", ""},
		{"an escaped way out", "GET", "/v1.41/images/%2e%2e/containers/json", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dial, seen := recorder(t)
			fence := &Fence{Own: own, Local: "serin-x/shop/cart", Dial: dial}
			answered := httptest.NewRecorder()
			fence.ServeHTTP(answered, httptest.NewRequest(test.method, test.path, nil))
			got, _ := url.QueryUnescape(seen())
			if !sameCall(got, test.reaches) {
				t.Errorf("Docker got %q, want %q", got, test.reaches)
			}
			body, _ := io.ReadAll(answered.Body)
			if test.reaches == "" && (answered.Code != http.StatusForbidden || !strings.Contains(string(body), `"message":"`)) {
				t.Errorf("refused with %d %s, want 403 and a message", answered.Code, body)
			}
		})
	}
}

// sameCall compares two calls whatever the order of their parameters.
func sameCall(got, want string) bool {
	gotPath, gotQuery, _ := strings.Cut(got, "?")
	wantPath, wantQuery, _ := strings.Cut(want, "?")
	g, _ := url.ParseQuery(gotQuery)
	w, _ := url.ParseQuery(wantQuery)
	return gotPath == wantPath && g.Encode() == w.Encode()
}

func TestFenceFindsWhatTheBuildNamedItself(t *testing.T) {
	dial, seen := recorder(t)
	fence := &Fence{Own: "127.0.0.1:5000/shop/cart", Local: "serin-x/shop/cart", Dial: dial}
	for _, call := range []string{"/v1.41/build?t=app:2", "/v1.41/images/app:2/tag?repo=127.0.0.1:5000/shop/cart&tag=9"} {
		fence.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", call, nil))
	}
	if want := "POST /v1.41/images/serin-x/shop/cart/app:2/tag?"; !strings.HasPrefix(seen(), want) {
		t.Errorf("Docker got %q, want %q…", seen(), want)
	}
	if tags := fence.LocalTags(); len(tags) != 1 || tags[0] != "serin-x/shop/cart/app:2" {
		t.Errorf("local tags are %v", tags)
	}
}

// What a form in the body says must not count beside what the URL says: Docker would take both.
func TestFenceRefusesForms(t *testing.T) {
	dial, seen := recorder(t)
	fence := &Fence{Own: "127.0.0.1:5000/shop/cart", Local: "serin-x/shop/cart", Dial: dial}
	for _, kind := range []string{"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=x", "multipart/form-data; boundary=x", "a b;c"} {
		call := httptest.NewRequest("POST", "/v1.41/images/create?fromImage=debian", strings.NewReader("fromImage=127.0.0.1:5000/shop/other"))
		call.Header.Set("Content-Type", kind)
		answered := httptest.NewRecorder()
		fence.ServeHTTP(answered, call)
		if answered.Code != http.StatusForbidden || seen() != "" {
			t.Errorf("%s: %d, and Docker got %q", kind, answered.Code, seen())
		}
	}
}

func TestFenceLogsWhatTheDockerCommandDoesNotPrint(t *testing.T) {
	dial, _ := recorder(t)
	var log strings.Builder
	fence := &Fence{Own: "127.0.0.1:5000/shop/cart", Local: "serin-x/shop/cart", Dial: dial, Log: &log}
	call := httptest.NewRequest("POST", "/v1.41/grpc", nil)
	call.Header.Set("Upgrade", "h2c")
	fence.ServeHTTP(httptest.NewRecorder(), call)
	if !strings.Contains(log.String(), "set DOCKER_BUILDKIT=0") {
		t.Errorf("log %q", log.String())
	}
}

// Whatever is asked for, Docker only gets calls of the few kinds, about images, and names nobody else's.
func FuzzFence(f *testing.F) {
	const own, registry = "127.0.0.1:5000/shop/cart", "127.0.0.1:5000/"
	for _, seed := range []string{
		"/v1.41/build?t=app", "/images/x/json", "/v1.41/images/" + own + "/push?tag=1", "/v1.41/images/../containers/json", "//images//a/tag?repo=b&tag=c",
		"/v1.41/images/create?fromImage=debian", "/v1.99/images/%2e%2e%2fvolumes/json", "/images/a/tag?repo=127.0.0.1:5000/shop/other", "/v1.41/build?t=a&t=127.0.0.1:5000/x/y&networkmode=host",
		"/images/create?fromImage=x&fromImage=127.0.0.1:5000/shop/other", "/images/a?b/json", "/images/a%3Fb%23c/json", "/v1.41/images/app@sha256:00/json",
	} {
		f.Add("POST", seed)
		f.Add("GET", seed)
	}
	// What Docker may be asked: the paths, with an image's name in the middle of some.
	known := regexp.MustCompile(`^(HEAD|GET|POST) (/v1\.[0-9]{1,2})?(/_ping|/version|/info|/auth|/build|/images/create|/images/.+/(push|tag|json|history))$`)
	f.Fuzz(func(t *testing.T, method, target string) {
		parsed, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		var got *http.Request
		fence := &Fence{Own: own, Local: "serin-x/shop/cart/1", transport: func(r *http.Request) (*http.Response, error) {
			got = r
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}}
		fence.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: method, URL: parsed, Header: http.Header{}, Body: http.NoBody})
		if got == nil {
			return
		}
		if call := got.Method + " " + got.URL.Path; !known.MatchString(call) || strings.Contains(got.URL.Path, "..") {
			t.Errorf("Docker got %q", call)
		}
		query := got.URL.Query()
		names := append(append(query["t"], query["repo"]...), query["fromImage"]...)
		if image, _ := splitImagePath("/" + apiVersion.ReplaceAllString(got.URL.Path, "")); image != "" {
			names = append(names, image)
		}
		for _, name := range names {
			if strings.HasPrefix(name, registry) && RepositoryOf(name) != own {
				t.Errorf("Docker got %s %s, which names %q", got.Method, got.URL, name)
			}
		}
		for _, name := range append(query["t"], query["repo"]...) {
			if name != "" && !strings.HasPrefix(name, fence.Local+"/") && RepositoryOf(name) != own {
				t.Errorf("Docker got %s %s, which makes %q", got.Method, got.URL, name)
			}
		}
	})
}
