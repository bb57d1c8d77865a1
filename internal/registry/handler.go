package registry

import (
	"encoding/json"
	"net/http"

	"serin.dev/serin/internal/delivery"
)

// Handler serves the registry to docker and its like.
func (r *Registry) Handler(who Authenticator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked, err := parseRequest(req)
		if err != nil && delivery.CodeOf(err) != delivery.NotFound {
			refuse(w, err)
			return
		}
		principal, unknown := who.FromRequest(req)
		if unknown != nil {
			err = unknown // before anything is said about what there is
		}
		if err == nil {
			err = asked.allowed(principal)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		if asked.kind != "" && principal.MayPush(asked.service) == nil {
			if err := r.gate.enter(req.Context()); err != nil {
				refuse(w, err)
				return
			}
			defer r.gate.leave()
		}
		req = withoutForeignMount(plainBody(req), principal)
		if asked.write {
			r.write(w, req, asked)
			return
		}
		r.app.ServeHTTP(w, req)
	})
}

// refuse answers in the protocol's form, with a sentence that docker shows.
func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, "UNKNOWN"
	switch delivery.CodeOf(err) {
	case delivery.Unauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="serin"`)
		status, code = http.StatusUnauthorized, "UNAUTHORIZED"
	case delivery.Forbidden:
		status, code = http.StatusForbidden, "DENIED"
	case delivery.NotFound:
		status, code = http.StatusNotFound, "NAME_UNKNOWN"
	case delivery.Invalid:
		status, code = http.StatusBadRequest, "NAME_INVALID"
	case delivery.Unavailable:
		w.Header().Set("Retry-After", "10")
		status, code = http.StatusServiceUnavailable, "UNAVAILABLE"
	}
	answer(w, status, code, err.Error())
}

func answer(w http.ResponseWriter, status int, code, sentence string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body := json.NewEncoder(w)
	body.SetEscapeHTML(false)
	_ = body.Encode(map[string][]problem{"errors": {{code, sentence}}})
}
