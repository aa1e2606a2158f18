package news

import (
	"errors"
	"fmt"
)

// Kind classifies an error for whoever has to answer it: HTTP, the command
// line, a page.
type Kind string

// The kinds of error. An error without a kind is an internal one and its text
// never reaches a user.
const (
	Invalid     Kind = "invalid"     // the input is wrong; Field says where
	NotFound    Kind = "not_found"   // there is no such thing, or none for this reader
	Conflict    Kind = "conflict"    // right in itself, but not in this state
	Forbidden   Kind = "forbidden"   // this person or partner may not
	Unavailable Kind = "unavailable" // not now: try again later
	TooLarge    Kind = "too_large"   // over a limit, which Message names
)

// Error is an error that a person can act on.
type Error struct {
	Kind    Kind
	Field   string // the field at fault, as the caller named it; may be empty
	Message string // what is wrong and how to mend it, in plain English
	Err     error  // the cause; may be nil and is never shown
}

func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of the kind about the field.
func Errorf(kind Kind, field, format string, args ...any) *Error {
	return &Error{Kind: kind, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e that keeps err as its cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// KindOf returns the kind of the first Error in err's chain, or "" if there is
// none: an internal error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
