package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// Problem is the JSON form of a fault (RFC 9457).
type Problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Errors []ProblemField `json:"errors,omitempty"`
}

// ProblemField is one refused field.
type ProblemField struct {
	Field   string `json:"field"`
	Key     string `json:"key"`
	Message string `json:"message"`
}

func writeProblem(w http.ResponseWriter, ctx context.Context, status int, err error) {
	p := Problem{Type: "about:blank", Title: http.StatusText(status), Status: status}
	for _, e := range Faults(err) {
		p.Errors = append(p.Errors, ProblemField{Field: e.Field, Key: e.Key, Message: i18n.Fault(ctx, e)})
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(p)
}

// Faults lists the faults inside err; none for an error that is not one.
func Faults(err error) fault.Fields {
	var fs fault.Fields
	if errors.As(err, &fs) {
		return fs
	}
	var e *fault.Error
	if errors.As(err, &e) {
		return fault.Fields{e}
	}
	return nil
}

// FieldError gives the text for one field of a refused form, "" when it is fine.
func FieldError(ctx context.Context, err error, field string) string {
	for _, e := range Faults(err) {
		if e.Field == field {
			return i18n.Fault(ctx, e)
		}
	}
	return ""
}

func urlQuery(r *http.Request) string { return url.QueryEscape(r.URL.RequestURI()) }
