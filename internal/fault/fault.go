// Package fault is the one error type of the house. A use case returns a fault when a person must be told something;
// the web layer maps its Kind to an HTTP status and its Key to catalogue text, while the log keeps the cause.
package fault

import (
	"errors"
	"strings"
)

// Kind says what sort of thing went wrong, seen from the person who asked.
type Kind int

// The kinds, with the HTTP status each is shown as.
const (
	Internal        Kind = iota // 500: our mistake
	Invalid                     // 422: what was typed cannot be taken as it is
	NotFound                    // 404: no such thing, or none the person may know of
	Unauthenticated             // 401: sign in first
	Forbidden                   // 403: signed in, but not allowed
	Conflict                    // 409: somebody else changed it meanwhile, or the state does not permit it
	TooLarge                    // 413: file or text over the limit
	TooMany                     // 429: rate limit
	Unavailable                 // 503: the outside world, the disk or the database is not answering
)

var kindNames = [...]string{"internal", "invalid", "not_found", "unauthenticated", "forbidden", "conflict", "too_large", "too_many", "unavailable"}

// String gives the stable snake_case name used in logs and in the JSON API.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "internal"
	}
	return kindNames[k]
}

// Arg is one named value for the catalogue text, for example {"Limit", 150}.
type Arg struct {
	Name  string
	Value any
}

// Error is what a use case returns. Key names the catalogue text; Field names the form field it belongs to ("" for the
// whole form); Err is the cause for the log and is never shown to a person.
type Error struct {
	Kind  Kind
	Key   string
	Field string
	Args  []Arg
	Err   error
}

// Error implements error with a text meant for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	b.WriteString(": ")
	b.WriteString(e.Key)
	if e.Field != "" {
		b.WriteString(" (" + e.Field + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// With returns a copy that carries one more named value for the catalogue text.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Args = append(append([]Arg(nil), e.Args...), Arg{name, value})
	return &c
}

// Because returns a copy with the cause set.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// New makes a fault of a kind with the catalogue key of its text.
func New(kind Kind, key string) *Error { return &Error{Kind: kind, Key: key} }

// Field makes an Invalid fault that belongs to one form field.
func Field(field, key string) *Error { return &Error{Kind: Invalid, Key: key, Field: field} }

// Fields is several Invalid faults found in one form at once; the page shows all of them together.
type Fields []*Error

// Error lists the faults for the log.
func (f Fields) Error() string {
	parts := make([]string, len(f))
	for i, e := range f {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Add appends a field fault.
func (f *Fields) Add(e *Error) { *f = append(*f, e) }

// Check appends a field fault unless ok holds.
func (f *Fields) Check(ok bool, field, key string) {
	if !ok {
		f.Add(Field(field, key))
	}
}

// OrNil returns nil when nothing was found, otherwise the list itself.
func (f Fields) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// KindOf tells the kind of any error: Invalid for Fields, Internal for an error that is no fault.
func KindOf(err error) Kind {
	var fs Fields
	if errors.As(err, &fs) {
		return Invalid
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is tells whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
