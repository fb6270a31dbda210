package ui

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// FieldProps describes one form field. The label stands above, the hint under the label, the error beside the field.
type FieldProps struct {
	Name         string // name in the form and in fault.Field
	Label        string
	Hint         string
	Value        string
	Type         string // text, textarea, email, tel, date, number, password, select, file, checkbox, radio; "" is text
	Required     bool
	Max          int // greatest length in characters (NFC code points), shown as a counter; 0 is no limit
	Rows         int // height of a textarea; 0 is 4
	Options      []Option
	Err          string // text of the refusal, usually web.FieldError(ctx, err, name)
	Autocomplete string
	Placeholder  string
	Attrs        templ.Attributes // further attributes of the input itself; "data-geo" adds a button for one's own place
	ID           string           // id of the input when two forms on a page share a name; "" is "f-"+Name
	Checked      bool             // for a single checkbox
}

// Option is one choice of a select, of radio buttons or of a group of checkboxes.
type Option struct {
	Value, Text string
	Selected    bool
	Hint        string
}

// FormProps describes a form.
type FormProps struct {
	Action    string
	Method    string // "" is post
	Multipart bool   // it carries files
	Autosave  bool   // keep a draft in the browser; needs ID
	ID        string
	Attrs     templ.Attributes

	// Offline names the form, "khao-sat-nha": it can be filled in without network, is kept on the device and sent later. The
	// server gets the hidden field offline_id (a UUID, "" without JavaScript) and must answer the same id as the first time.
	Offline string
	// OfflineTitle is the field whose value names one filled form among those that wait; "" is the page's title.
	OfflineTitle string
}

// outboxWords are the sentences about forms that wait on the device, as JSON for the script.
func outboxWords(ctx context.Context) string {
	w := map[string]string{}
	for _, k := range []string{"kept", "waiting", "sent", "refused", "signin", "edit", "drop", "sure"} {
		w[k] = i18n.T(ctx, "ui.outbox."+k)
	}
	b, _ := json.Marshal(w) // strings can always be written
	return string(b)
}

// outboxOwner tells the fillers of one shared device apart.
func outboxOwner(ctx context.Context) string {
	s := ShellFrom(ctx)
	if !s.SignedIn {
		return ""
	}
	return s.UserName + "|" + s.UnitID
}

// ButtonProps describes a button, or a link that looks like one when Href is set.
type ButtonProps struct {
	Kind  string // primary, secondary, danger, link; "" is secondary
	Name  string
	Value string
	Href  string
	Type  string // "" is submit
	Attrs templ.Attributes
}

func (f FieldProps) id() string { return or(f.ID, FieldID(f.Name)) }

// FieldID is the id of the input of a field; ErrorSummary links to it.
func FieldID(name string) string { return "f-" + name }

func (f FieldProps) kind() string { return or(f.Type, "text") }

func (f FieldProps) rows() int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 4
}

// describedBy lists the ids of the hint, the counter and the error, for screen readers.
func (f FieldProps) describedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.id()+"-hint")
	}
	if f.Err != "" {
		ids = append(ids, f.id()+"-err")
	}
	if f.Max > 0 {
		ids = append(ids, f.id()+"-count")
	}
	return strings.Join(ids, " ")
}

// inputAttrs are the attributes that every kind of input shares.
func (f FieldProps) inputAttrs(ctx context.Context) templ.Attributes {
	a := templ.Attributes{"id": f.id(), "name": f.Name}
	if d := f.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if f.Required {
		a["required"] = true
	}
	if f.Err != "" {
		a["aria-invalid"] = "true"
	}
	if f.Autocomplete != "" {
		a["autocomplete"] = f.Autocomplete
	}
	if f.Placeholder != "" {
		a["placeholder"] = f.Placeholder
	}
	if f.Max > 0 {
		a["data-max"] = f.Max
	}
	switch f.kind() {
	case "tel":
		a["inputmode"] = "tel"
	case "number":
		a["inputmode"] = "numeric"
	}
	for k, v := range f.Attrs {
		a[k] = v
	}
	if _, ok := a["data-geo"]; ok { // the browser offers to fill in where the person stands
		a["data-geo-text"], a["data-geo-failed"] = i18n.T(ctx, "ui.geo"), i18n.T(ctx, "ui.geo_failed")
	}
	for k, v := range a { // templ writes int values only as text
		if n, ok := v.(int); ok {
			a[k] = itoa(n)
		}
	}
	return a
}

// summaryLine is one refused field in the summary on top of a form.
type summaryLine struct{ Text, Href string }

// summaryLines gives the refusals in err, in their order; a field without fault gives none.
func summaryLines(ctx context.Context, err error) []summaryLine {
	var out []summaryLine
	for _, e := range web.Faults(err) {
		l := summaryLine{Text: i18n.Fault(ctx, e)}
		if e.Field != "" {
			l.Href = "#" + FieldID(e.Field)
		}
		out = append(out, l)
	}
	if err != nil && len(out) == 0 {
		out = append(out, summaryLine{Text: i18n.T(ctx, "web.page."+fault.KindOf(err).String()+".what")})
	}
	return out
}

func (b ButtonProps) class() string {
	switch b.Kind {
	case "primary", "danger", "link":
		return "btn btn-" + b.Kind
	}
	return "btn"
}

func method(m string) string {
	if strings.EqualFold(m, "get") {
		return "get"
	}
	return "post"
}

// editorTools are the labels that the editor needs, under "ui.editor." in the catalogue.
var editorTools = []string{"toolbar", "h2", "h3", "bold", "italic", "bullets", "numbers", "quote", "undo", "redo", "link", "unlink",
	"image", "address", "file", "alt", "insert", "cancel", "upload_failed"}

// editorField is a textarea with the labels of the editor in its data-editor.
func editorField(ctx context.Context, f FieldProps, uploadURL string) FieldProps {
	labels := make(map[string]string, len(editorTools))
	for _, name := range editorTools {
		labels[name] = i18n.T(ctx, "ui.editor."+name)
	}
	text, _ := json.Marshal(labels) // a map of texts always has a JSON form
	attrs := templ.Attributes{"data-editor": string(text)}
	if uploadURL != "" {
		attrs["data-upload"] = uploadURL
	}
	for k, v := range f.Attrs {
		attrs[k] = v
	}
	f.Type, f.Attrs = "textarea", attrs
	return f
}
