package delivery

import (
	"errors"
	"fmt"
)

// Code says what kind of failure an Error is. errors.Is(err, delivery.NotFound) works for any error that wraps one.
type Code string

const (
	Invalid      Code = "invalid"      // the input is wrong; the sentence says where and what to do
	NotFound     Code = "not_found"    // no such thing
	Conflict     Code = "conflict"     // it exists already, or changed since it was read
	Stale        Code = "stale"        // a newer generation was declared already
	Unauthorized Code = "unauthorized" // no token, or a wrong one
	Forbidden    Code = "forbidden"    // the token does not allow it
	Unavailable  Code = "unavailable"  // something outside is away; trying again may help
	Internal     Code = "internal"     // a defect of Serin's
)

// Error lets a Code be the target of errors.Is.
func (c Code) Error() string { return string(c) }

// Error is what went wrong: a code for programs and a sentence for people.
type Error struct {
	Code    Code
	Message string
	Cause   error
}

// Errorf makes an Error. A %w among the arguments becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause, if there is one.
func (e *Error) Unwrap() error { return e.Cause }

// Is tells whether the target is the error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// CodeOf gives the code of the outermost Error in err's chain, Internal when there is none, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
