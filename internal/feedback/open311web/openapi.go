package open311web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// door is one address: what the mux serves and what the OpenAPI document says are read from the same table.
type door struct {
	method, path string
	serve        func(*Pages, http.ResponseWriter, *http.Request) error
	doc          string // operation's summary; "" leaves it out of the document
	params       []string
	media        []string
}

// doors is the table.
func doors() []door {
	var out []door
	both := func(method, path, doc string, a answer, params ...string) {
		media := map[string]string{"json": "application/json", "xml": "text/xml"}
		for _, form := range []string{"json", "xml"} {
			out = append(out, door{method, "/open311/v2/" + path + "." + form, georeport(a), doc, params, []string{media[form]}})
		}
	}
	// A wildcard takes a whole part of an address: the ending is read by the handler.
	one := func(path, doc string, a answer, params ...string) {
		out = append(out, door{"GET", "/open311/v2/" + path + "/{name}", georeport(a), doc, append([]string{"name"}, params...), []string{"application/json", "text/xml"}})
	}
	period := []string{"jurisdiction_id", "service_request_id", "service_code", "status", "start_date", "end_date", "page", "page_size"}
	both("GET", "discovery", "Where the endpoints are (Open311 service discovery)", (*Pages).discovery)
	both("GET", "services", "What can be asked for", (*Pages).services, "jurisdiction_id")
	one("services", "What a service asks beside the usual; name is the service code with .json or .xml", (*Pages).definition, "jurisdiction_id")
	both("GET", "requests", "Published requests; the last 90 days unless dates are given", (*Pages).list, period...)
	both("POST", "requests", "Send a request; needs a key", (*Pages).send)
	one("requests", "One request; name is its id with .json or .xml", (*Pages).one, "api_key")
	one("tokens", "The id of a token; name is the token with .json or .xml", (*Pages).token, "api_key")
	both("GET", "servicerequestupdates", "What happened to published requests (extension)", (*Pages).updates, period...)
	for _, f := range []struct {
		path, doc, media string
		serve            func(*Pages, http.ResponseWriter, *http.Request) error
	}{{"/open/cases.geojson", "Published cases on the map (RFC 7946)", "application/geo+json", (*Pages).geojson},
		{"/open/cases.csv", "Published cases as a table", "text/csv", (*Pages).csv},
		{"/open/cases.rss", "The newest published cases as a feed", "application/rss+xml", (*Pages).rss}} {
		out = append(out, door{"GET", f.path, f.serve, f.doc, []string{"unit", "category", "status", "page", "page_size"}, []string{f.media}})
	}
	return append(out, door{method: "GET", path: "/api/v1/openapi.json", serve: (*Pages).openapi})
}

// Address is a door of another room, to be described beside these: it is read with GET.
type Address struct {
	Path, Doc string
	Params    []Param // a name that stands in the path is required
	Media     string
	Answer    any // JSON Schema of the body
	Problem   any // and of the body when something was wrong (application/problem+json)
}

// Param is what may stand in the address of a door.
type Param struct {
	Name   string
	Doc    string
	Schema any // JSON Schema
}

// Describe adds doors of other rooms to the OpenAPI document.
func (p *Pages) Describe(more ...Address) *Pages {
	p.more = append(p.more, more...)
	return p
}

// operation describes a door of another room.
func (a Address) operation() operation {
	o := operation{Summary: a.Doc, ID: door{method: "GET", path: a.Path}.name(), Responses: map[string]response{"200": {"What was asked for", map[string]media{a.Media: {a.Answer}}},
		"default": {"What was wrong (RFC 9457)", map[string]media{"application/problem+json": {a.Problem}}}}}
	for _, x := range a.Params {
		in := "query"
		if strings.Contains(a.Path, "{"+x.Name+"}") {
			in = "path"
		}
		o.Parameters = append(o.Parameters, parameter{Name: x.Name, In: in, Required: in == "path", Description: x.Doc, Schema: x.Schema})
	}
	return o
}

// meanings explains each parameter once.
func meanings() map[string]string {
	return map[string]string{
		"jurisdiction_id":    "Unit: official code (two digits a province, five a commune) or the name in its address; with everything below it",
		"unit":               "Unit, as jurisdiction_id",
		"category":           "Service code; may be repeated, or several with commas",
		"service_code":       "Service code; may be repeated, or several with commas",
		"service_request_id": "Ids, with commas; overrides all other arguments",
		"status":             "open, closed or both with a comma",
		"start_date":         "Earliest time of receipt (RFC 3339); at most 90 days before end_date",
		"end_date":           "Latest time of receipt (RFC 3339)",
		"page":               "From 1",
		"page_size":          "At most 1000",
		"name":               "See the summary",
		"api_key":            "Key of the program that sent the request: shows how it stands before it is published",
	}
}

// sendFields are what a request that is sent may carry.
func sendFields() [][2]string {
	return [][2]string{{"api_key", "Key (required)"}, {"service_code", "What it is about (required)"}, {"description", "10 to 20,000 characters (required)"},
		{"lat", "WGS84; lat and long, or address_string, is required"}, {"long", "WGS84"}, {"address_string", "Where, in words"},
		{"jurisdiction_id", "Unit at or below that of the key; without it the key's own"}, {"first_name", "Kept sealed"}, {"last_name", "Kept sealed"}, {"phone", "Kept sealed"},
		{"email", "Not kept"}, {"media_url", "Not fetched"}, {"attribute[publish]", "yes or no: may the answer be published"}}
}

// The parts of an OpenAPI 3.1 document that these doors need.
type (
	document struct {
		OpenAPI string                          `json:"openapi"`
		Info    info                            `json:"info"`
		Servers []serverURL                     `json:"servers"`
		Paths   map[string]map[string]operation `json:"paths"` // by address and method
	}
	info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	}
	serverURL struct {
		URL string `json:"url"`
	}
	operation struct {
		Summary    string              `json:"summary"`
		ID         string              `json:"operationId"`
		Parameters []parameter         `json:"parameters,omitempty"`
		Body       *sentBody           `json:"requestBody,omitempty"`
		Responses  map[string]response `json:"responses"`
	}
	parameter struct {
		Name        string `json:"name"`
		In          string `json:"in"`
		Required    bool   `json:"required"`
		Description string `json:"description"`
		Schema      any    `json:"schema"`
	}
	sentBody struct {
		Required bool             `json:"required"`
		Content  map[string]media `json:"content"`
	}
	response struct {
		Description string           `json:"description"`
		Content     map[string]media `json:"content,omitempty"`
	}
	media struct {
		Schema any `json:"schema,omitempty"` // JSON Schema
	}
	schema struct {
		Type        string            `json:"type"`
		Description string            `json:"description,omitempty"`
		Required    []string          `json:"required,omitempty"`
		Properties  map[string]schema `json:"properties,omitempty"`
	}
)

// openapi serves the description of these doors (OpenAPI 3.1).
func (p *Pages) openapi(w http.ResponseWriter, _ *http.Request) error {
	d := document{OpenAPI: "3.1.0", Info: info{"Nhịp Cầu: open data and Open311", "1", "Published cases and statements of funds, masked, and the way in for requests of other programs."},
		Servers: []serverURL{{p.s.BaseURL}}, Paths: map[string]map[string]operation{}}
	for _, x := range doors() {
		if x.doc == "" {
			continue
		}
		if d.Paths[x.path] == nil {
			d.Paths[x.path] = map[string]operation{}
		}
		d.Paths[x.path][strings.ToLower(x.method)] = x.operation()
	}
	for _, a := range p.more {
		d.Paths[a.Path] = map[string]operation{"get": a.operation()}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "public, max-age=300")
	return json.NewEncoder(w).Encode(d)
}

// operation describes a door.
func (d door) operation() operation {
	content := map[string]media{}
	for _, m := range d.media {
		content[m] = media{}
	}
	good, o := "200", operation{Summary: d.doc, ID: d.name()}
	meaning := meanings()
	for _, name := range d.params {
		in := "query"
		if strings.Contains(d.path, "{"+name+"}") {
			in = "path"
		}
		o.Parameters = append(o.Parameters, parameter{Name: name, In: in, Required: in == "path", Description: meaning[name], Schema: schema{Type: "string"}})
	}
	if d.method == http.MethodPost {
		good = "201"
		form := schema{Type: "object", Required: []string{"api_key", "service_code", "description"}, Properties: map[string]schema{}}
		for _, f := range sendFields() {
			form.Properties[f[0]] = schema{Type: "string", Description: f[1]}
		}
		o.Body = &sentBody{Required: true, Content: map[string]media{"application/x-www-form-urlencoded": {&form}}}
	}
	o.Responses = map[string]response{good: {"What was asked for", content}, "default": {"Errors, as a list of code and description", content}}
	return o
}

// name names a door: get_open311_v2_services_json.
func (d door) name() string {
	return strings.ToLower(d.method) + strings.NewReplacer("/", "_", ".", "_", "{", "", "}", "").Replace(d.path)
}
