// Package open311web lets the programs of others read published cases and send requests: Open311 GeoReport v2 in XML and
// JSON under /open311/v2/, the same cases as GeoJSON, CSV and RSS under /open/, and one OpenAPI document that describes all
// of it. Only masked words that a person confirmed for the public ever leave by these doors.
package open311web

import (
	"context"
	"embed"
	"encoding/json"
	"encoding/xml"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the doors.
type Pages struct {
	s       *feedback.Service
	public  *published.Reader
	keys    *open311.Keys
	matters open311.Categories
	logger  *slog.Logger
	more    []Address             // doors of other rooms that the document describes
	reads   *httprate.RateLimiter // by address
	sends   *httprate.RateLimiter // by key
	tries   *httprate.RateLimiter // keys that do not hold, by address
}

// New makes the doors; what can be asked for is what the table of categories says, and one address may read so often in a
// minute (0: no limit).
func New(s *feedback.Service, keys *open311.Keys, matters open311.Categories, logger *slog.Logger, readsPerMinute int) *Pages {
	p := &Pages{s: s, public: published.Of(s), keys: keys, matters: matters, logger: logger, sends: httprate.NewRateLimiter(open311.DefaultPerMinute, time.Minute), tries: httprate.NewRateLimiter(30, time.Minute)}
	if readsPerMinute > 0 {
		p.reads = httprate.NewRateLimiter(readsPerMinute, time.Minute)
	}
	return p
}

// Routes adds the doors of the table, and the document that describes them.
func (p *Pages) Routes(rt *web.Routes) {
	for _, d := range doors() {
		h := d.serve
		rt.Public(d.method+" "+d.path, func(w http.ResponseWriter, r *http.Request) error { return h(p, w, r) })
	}
}

// problem is an error as Open311 wants it told.
type problem struct {
	Code        int    `xml:"code" json:"code"`
	Description string `xml:"description" json:"description"`
}

type problems struct {
	XMLName xml.Name  `xml:"errors"`
	List    []problem `xml:"error"`
}

// refusal is a request that is refused, with its status.
type refusal struct {
	status int
	key    string
	args   []any
}

// Error implements error.
func (r refusal) Error() string { return r.key }

func refuse(status int, key string, args ...any) error { return refusal{status, key, args} }

// answer is a handler of one request that gives what is to be sent: the same value as XML and as JSON.
type answer func(p *Pages, w http.ResponseWriter, r *http.Request) (status int, xmlBody, jsonBody any, err error)

// georeport serves an answer in the form that the ending of the address asks for, errors too.
func georeport(a answer) func(*Pages, http.ResponseWriter, *http.Request) error {
	return func(p *Pages, w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		asXML := strings.HasSuffix(r.URL.Path, ".xml")
		status, x, j, err := 0, any(nil), any(nil), error(nil)
		switch {
		case !asXML && !strings.HasSuffix(r.URL.Path, ".json"):
			err = refuse(http.StatusNotFound, "open311.format")
		case r.Method == http.MethodGet && p.reads != nil && p.reads.OnLimit(w, r, web.ClientIP(r)):
			err = refuse(http.StatusTooManyRequests, "open311.too_many")
		default:
			status, x, j, err = a(p, w, r)
		}
		if err != nil {
			list := p.explain(r, err)
			status, x, j = list[0].Code, problems{List: list}, list
		}
		h.Set("Cache-Control", "no-store")
		if asXML {
			h.Set("Content-Type", "text/xml; charset=utf-8")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(xml.Header))
			return xml.NewEncoder(w).Encode(x)
		}
		h.Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		return json.NewEncoder(w).Encode(j)
	}
}

// explain turns an error into Open311's, in the language of the request; the cause of our own failures stays in the log.
func (p *Pages) explain(r *http.Request, err error) []problem {
	ctx := r.Context()
	var ref refusal
	if errors.As(err, &ref) {
		return []problem{{ref.status, i18n.T(ctx, ref.key, ref.args...)}}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return []problem{{http.StatusRequestEntityTooLarge, i18n.T(ctx, "open311.too_large")}}
	}
	status := web.Status(fault.KindOf(err))
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // as GeoReport v2 says
	}
	var out []problem
	for _, f := range web.Faults(err) {
		if status < 500 {
			out = append(out, problem{status, i18n.Fault(ctx, f)})
		}
	}
	if len(out) == 0 {
		p.logger.ErrorContext(ctx, "open311 request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		out = []problem{{status, i18n.T(ctx, "open311.failed")}}
	}
	return out
}

// word is the path's last part without its ending.
func word(r *http.Request) string {
	s := r.PathValue("name")
	return strings.TrimSuffix(strings.TrimSuffix(s, ".json"), ".xml")
}

// unit finds a jurisdiction by official code (two digits a province, five a commune) or by the name in its address; the
// empty text gives no unit.
func (p *Pages) unit(jurisdiction string) (orgunit.Unit, error) {
	s := strings.TrimSpace(jurisdiction)
	f, today := p.s.Forest(), p.s.Today()
	if s == "" {
		return orgunit.Unit{}, nil
	}
	level := orgunit.LevelCommune
	if len(s) == 2 {
		level = orgunit.LevelProvince
	}
	if u, err := f.ByCode(level, s, today); err == nil {
		return u, nil
	}
	switch found := f.BySlug(s, "", today); len(found) {
	case 0:
		return orgunit.Unit{}, refuse(http.StatusNotFound, "open311.no_jurisdiction", "Name", clip(s))
	case 1:
		return found[0], nil
	}
	return orgunit.Unit{}, refuse(http.StatusBadRequest, "open311.jurisdictions", "Name", clip(s))
}

// clip keeps an echo of what was sent short.
func clip(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// key checks the key of a request; required says whether there must be one.
func (p *Pages) key(w http.ResponseWriter, r *http.Request, clear string, required bool) (open311.Key, error) {
	if clear == "" && !required {
		return open311.Key{}, nil
	}
	k, err := p.keys.Find(r.Context(), clear)
	if fault.Is(err, fault.Forbidden) {
		if p.tries.OnLimit(w, r, web.ClientIP(r)) {
			return k, refuse(http.StatusTooManyRequests, "open311.too_many")
		}
		return k, refuse(http.StatusForbidden, "open311.key_unknown")
	}
	return k, err
}

// body names a unit as one that acts.
func (p *Pages) body(ctx context.Context, unitID string) string {
	if unitID == "" {
		return ""
	}
	return feedback.BodyName(words{ctx}, p.s.Unit(unitID))
}

// words speaks the language of a request.
type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }
