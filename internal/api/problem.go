package api

import (
	"net/http"

	"serin.dev/serin/internal/delivery"
)

// Problem is RFC 9457's problem+json, with the code of the error.
type Problem struct {
	Status int           `json:"status"`
	Title  string        `json:"title"`
	Detail string        `json:"detail" doc:"what was wrong, where, and what to do"`
	Code   delivery.Code `json:"code"`
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
	status := statuses[code]
	return &Problem{Status: status, Title: http.StatusText(status), Detail: err.Error(), Code: code}
}

// asError is the error a problem stands for; a problem of huma's own has no code, and is told by its status.
func (p *Problem) asError() error {
	code := p.Code
	if code == "" {
		code = delivery.Internal
		for c, status := range statuses {
			if status == p.Status && c != delivery.Stale {
				code = c
			}
		}
		if p.Status == http.StatusBadRequest {
			code = delivery.Invalid
		}
	}
	return delivery.Errorf(code, "%s", p.Detail)
}
