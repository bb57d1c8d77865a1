package api

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"serin.dev/serin/internal/delivery"
)

// Problem is RFC 9457's problem+json, with the code of the error.
type Problem struct {
	Status int           `json:"status"`
	Title  string        `json:"title"`
	Detail string        `json:"detail" doc:"what was wrong, where, and what to do"`
	Code   delivery.Code `json:"code"`
	// Request is set by [Watch].
	Request string `json:"request_id,omitempty" doc:"what the log knows the request by: quote it to whoever runs Serin"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes JSON problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses of the codes.
var statuses = map[delivery.Code]int{
	delivery.Invalid:      http.StatusUnprocessableEntity,
	delivery.NotFound:     http.StatusNotFound,
	delivery.Conflict:     http.StatusConflict,
	delivery.Stale:        http.StatusConflict,
	delivery.Unauthorized: http.StatusUnauthorized,
	delivery.Forbidden:    http.StatusForbidden,
	delivery.Unavailable:  http.StatusServiceUnavailable,
	delivery.Internal:     http.StatusInternalServerError,
}

func problem(err error) *Problem {
	code := delivery.CodeOf(err)
	status, known := statuses[code]
	if !known {
		code, status = delivery.Internal, http.StatusInternalServerError
	}
	return &Problem{Status: status, Title: http.StatusText(status), Detail: err.Error(), Code: code}
}

// send writes a problem as the answer. The caller may be gone: nothing can be done about that.
func (p *Problem) send(ctx huma.Context) {
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="serin"`)
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(p.to(ctx.Context()))
}

// shaped gives answers the shape that the contract says: what huma itself complains about (a request that does not
// match the contract) becomes a Problem whose sentence tells all of it, and a list without anything is [], not null.
func shaped(ctx huma.Context, _ string, answer any) (any, error) {
	switch answer := answer.(type) {
	case *huma.ErrorModel:
		return wrongRequest(answer).to(ctx.Context()), nil
	case *Problem:
		return answer.to(ctx.Context()), nil
	}
	if v := reflect.ValueOf(answer); v.Kind() == reflect.Slice && v.IsNil() {
		return reflect.MakeSlice(v.Type(), 0, 0).Interface(), nil
	}
	return answer, nil
}

func wrongRequest(e *huma.ErrorModel) *Problem {
	sentence := e.Detail
	for i, each := range e.Errors {
		sentence += [2]string{": ", "; "}[min(i, 1)] + each.Message
		if each.Location != "" {
			sentence += " (" + each.Location + ")"
		}
	}
	return &Problem{Status: e.Status, Title: http.StatusText(e.Status), Detail: sentence, Code: codeOf(e.Status)}
}

// codeOf is the code that a status stands for.
func codeOf(status int) delivery.Code {
	for code, s := range statuses {
		if s == status && code != delivery.Stale {
			return code
		}
	}
	if status >= 400 && status < 500 {
		return delivery.Invalid
	}
	return delivery.Internal
}

// asError is the error a problem stands for; one of another program has no code, and is told by its status. What is
// Serin's own fault says where to read on.
func (p *Problem) asError() error {
	code := p.Code
	if code == "" {
		code = codeOf(p.Status)
	}
	if code == delivery.Internal && p.Request != "" {
		return delivery.Errorf(code, "%s (Serin's log has it as request %s)", p.Detail, p.Request)
	}
	return delivery.Errorf(code, "%s", p.Detail)
}
