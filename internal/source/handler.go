package source

import (
	"log/slog"
	"net/http"
	"net/http/cgi"
	"regexp"
	"strings"

	"serin.dev/serin/internal/access"
	"serin.dev/serin/internal/delivery"
)

// Prefix is where the handler is mounted: a repository's URL is <server>/git/<environment>/<service>.git.
const Prefix = "/git/"

// maxAsk bounds what a client says that it has and wants, in bytes.
const maxAsk = 10 << 20

// request is what a client asks of git.
type request struct {
	service delivery.ServiceID
	path    string // within the repository: "info/refs", "git-upload-pack", "git-receive-pack"
	push    bool
}

// Handler serves the repositories to git clients over smart HTTP.
func (s *Source) Handler(who Authenticator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, err := parseRequest(r)
		if err != nil {
			refuse(w, err)
			return
		}
		principal, err := authorise(who, r, asked)
		if err != nil {
			refuse(w, err)
			return
		}
		if _, err := s.find(asked.service); err != nil {
			refuse(w, err)
			return
		}
		ending := &ending{ResponseWriter: w}
		s.backend(principal).ServeHTTP(ending, s.forGit(w, r, asked))
		if asked.path == "git-receive-pack" {
			s.handOver(r.Context())
		}
		if asked.path == "git-receive-pack" && r.ContentLength != probe && !ending.whole() {
			panic(http.ErrAbortHandler) // the client would wait for the rest for ever
		}
	})
}

// probe is the length of the flush packet that a client sends before a large push, to learn whether it may. The
// answer to it is empty.
const probe = 4

// ending watches how an answer ends: git's programs end it with a flush packet, unless they were killed.
type ending struct {
	http.ResponseWriter
	status int
	last   []byte
}

func (e *ending) whole() bool { return e.status != http.StatusOK || string(e.last) == "0000" }

func (e *ending) WriteHeader(status int) {
	e.status = status
	e.ResponseWriter.WriteHeader(status)
}

func (e *ending) Write(p []byte) (int, error) {
	e.last = append(e.last, p[max(0, len(p)-4):]...)
	e.last = e.last[max(0, len(e.last)-4):]
	return e.ResponseWriter.Write(p)
}

// Unwrap lets cgi flush.
func (e *ending) Unwrap() http.ResponseWriter { return e.ResponseWriter }

var requestPath = regexp.MustCompile(`^` + Prefix + `([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)$`)

// parseRequest knows the three requests of the smart protocol and refuses all else.
func parseRequest(r *http.Request) (request, error) {
	m := requestPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return request{}, delivery.Errorf(delivery.NotFound, "there is no such repository: its URL is <server>%s<environment>/<service>.git", Prefix)
	}
	service, err := delivery.ParseServiceID(m[1] + "/" + m[2])
	if err != nil {
		return request{}, err
	}
	asked, command, method := request{service: service, path: m[3]}, m[3], http.MethodPost
	if asked.path == "info/refs" {
		command, method = r.URL.Query().Get("service"), http.MethodGet
	}
	if r.Method != method || (command != "git-upload-pack" && command != "git-receive-pack") {
		return request{}, delivery.Errorf(delivery.Invalid, "only git's smart HTTP protocol is spoken here: use git 1.6.6 or newer")
	}
	asked.push = command == "git-receive-pack"
	return asked, nil
}

func authorise(who Authenticator, r *http.Request, asked request) (access.Principal, error) {
	principal, err := who.FromRequest(r)
	if err != nil {
		return access.Principal{}, err
	}
	if asked.push {
		return principal, principal.May(access.Deploy)
	}
	return principal, principal.May(access.Read)
}

// backend is git's own program for the protocol.
func (s *Source) backend(principal access.Principal) *cgi.Handler {
	return &cgi.Handler{
		Path:   s.git,
		Root:   strings.TrimSuffix(Prefix, "/"),
		Dir:    s.home(),
		Args:   append(s.settings(), "http-backend"),
		Env:    append(s.environment(), "GIT_PROJECT_ROOT="+s.Dir, "REMOTE_USER="+principal.ID, pusherVariable+"="+principal.Name, receiptVariable+"="+s.receipts.address()),
		Stderr: logWriter{s.Logger},
		Logger: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
	}
}

// forGit is the request as git's program gets it: with the checked names, without the secret, and bounded.
func (s *Source) forGit(w http.ResponseWriter, r *http.Request, asked request) *http.Request {
	g := r.Clone(r.Context())
	g.URL.Path = Prefix + asked.service.String() + ".git/" + asked.path
	g.URL.RawPath = ""
	g.Header = http.Header{}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "User-Agent", "Git-Protocol"} {
		if v := r.Header.Get(name); v != "" && len(v) < 1000 {
			g.Header.Set(name, v)
		}
	}
	if g.URL.RawQuery = ""; asked.path == "info/refs" {
		g.URL.RawQuery = "service=" + r.URL.Query().Get("service")
	}
	// A body without a length ends where it ends: cgi would refuse it, git reads to the end.
	g.TransferEncoding = nil
	limit := int64(maxAsk)
	if asked.push {
		limit = s.MaxPush + maxAsk // git itself refuses at MaxPush, in words
	}
	g.Body = http.MaxBytesReader(w, r.Body, limit)
	// git may report progress before it has read all.
	_ = http.NewResponseController(w).EnableFullDuplex()
	return g
}

// refuse answers in a sentence; git shows it behind "remote: ".
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch delivery.CodeOf(err) {
	case delivery.Unauthorized:
		// git asks its credential helper, or the user, and comes again.
		w.Header().Set("WWW-Authenticate", `Basic realm="serin", charset="UTF-8"`)
		status = http.StatusUnauthorized
	case delivery.Forbidden:
		status = http.StatusForbidden
	case delivery.NotFound:
		status = http.StatusNotFound
	case delivery.Invalid:
		status = http.StatusBadRequest
	case delivery.Unavailable:
		status = http.StatusServiceUnavailable
	}
	http.Error(w, "serin: "+err.Error(), status)
}

// logWriter logs what git says on the side.
type logWriter struct{ logger *slog.Logger }

func (l logWriter) Write(p []byte) (int, error) {
	l.logger.Info("git", "said", strings.TrimSpace(string(p[:min(len(p), 2000)])))
	return len(p), nil
}
