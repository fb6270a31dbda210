package open311web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/maplink"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

const (
	maxBody     = 256 << 10 // bytes of a request that is sent
	pageSize    = 50
	maxPageSize = 1000 // as GeoReport v2 says
	span        = 90 * 24 * time.Hour
	maxIDs      = 100
)

type discovery struct {
	XMLName    xml.Name   `xml:"discovery" json:"-"`
	Changeset  string     `xml:"changeset" json:"changeset"`
	Contact    string     `xml:"contact" json:"contact"`
	KeyService string     `xml:"key_service" json:"key_service"`
	Endpoints  []endpoint `xml:"endpoints>endpoint" json:"endpoints"`
}

type endpoint struct {
	Specification string   `xml:"specification" json:"specification"`
	URL           string   `xml:"url" json:"url"`
	Changeset     string   `xml:"changeset" json:"changeset"`
	Type          string   `xml:"type" json:"type"`
	Formats       []string `xml:"formats>format" json:"formats"`
}

// changeset is when the form of these doors last changed.
const changeset = "2026-11-21T00:00:00+07:00"

func (p *Pages) discovery(_ http.ResponseWriter, r *http.Request) (int, any, any, error) {
	ctx := r.Context()
	d := discovery{Changeset: changeset, Contact: i18n.T(ctx, "open311.contact", "URL", p.s.BaseURL), KeyService: i18n.T(ctx, "open311.key_service"),
		Endpoints: []endpoint{{"http://wiki.open311.org/GeoReport_v2", p.s.BaseURL + "/open311/v2", changeset, "production", []string{"text/xml", "application/json"}}}}
	return http.StatusOK, d, d, nil
}

type service struct {
	XMLName     xml.Name `xml:"service" json:"-"`
	Code        string   `xml:"service_code" json:"service_code"`
	Name        string   `xml:"service_name" json:"service_name"`
	Description string   `xml:"description" json:"description"`
	Metadata    bool     `xml:"metadata" json:"metadata"`
	Type        string   `xml:"type" json:"type"`
	Keywords    string   `xml:"keywords" json:"keywords"`
	Group       string   `xml:"group" json:"group"`
}

func serviceName(ctx context.Context, s open311.Service) string {
	return s.Name(words{ctx}, i18n.Lang(ctx))
}

// serviceText says what belongs to a service.
func serviceText(ctx context.Context, s open311.Service) string {
	if s.Category == "" {
		return i18n.T(ctx, "open311.service_text."+s.Code)
	}
	return i18n.T(ctx, "open311.about", "Name", serviceName(ctx, s))
}

func (p *Pages) services(_ http.ResponseWriter, r *http.Request) (int, any, any, error) {
	if _, err := p.unit(r.URL.Query().Get("jurisdiction_id")); err != nil {
		return 0, nil, nil, err
	}
	ctx := r.Context()
	list := []service{}
	book, err := p.matters.Book(ctx)
	if err != nil {
		return 0, nil, nil, err
	}
	for _, s := range book.Offered() {
		list = append(list, service{Code: s.Code, Name: serviceName(ctx, s), Description: serviceText(ctx, s), Metadata: true, Type: "realtime",
			Keywords: s.Words, Group: i18n.T(ctx, "feedback.kind."+string(s.Kind))})
	}
	return http.StatusOK, struct {
		XMLName xml.Name `xml:"services"`
		List    []service
	}{List: list}, list, nil
}

type definition struct {
	XMLName    xml.Name    `xml:"service_definition" json:"-"`
	Code       string      `xml:"service_code" json:"service_code"`
	Attributes []attribute `xml:"attributes>attribute" json:"attributes"`
}

type attribute struct {
	Variable bool             `xml:"variable" json:"variable"`
	Code     string           `xml:"code" json:"code"`
	Datatype string           `xml:"datatype" json:"datatype"`
	Required bool             `xml:"required" json:"required"`
	Hint     string           `xml:"datatype_description" json:"datatype_description"`
	Order    int              `xml:"order" json:"order"`
	Text     string           `xml:"description" json:"description"`
	Values   []attributeValue `xml:"values>value" json:"values"`
}

type attributeValue struct {
	Key  string `xml:"key" json:"key"`
	Name string `xml:"name" json:"name"`
}

func (p *Pages) definition(_ http.ResponseWriter, r *http.Request) (int, any, any, error) {
	book, err := p.matters.Book(r.Context())
	if err != nil {
		return 0, nil, nil, err
	}
	s, ok := book.Of(word(r))
	if !ok {
		return 0, nil, nil, refuse(http.StatusNotFound, "open311.no_service", "Code", clip(word(r)))
	}
	ctx := r.Context()
	d := definition{Code: s.Code, Attributes: []attribute{{Variable: true, Code: "publish", Datatype: "singlevaluelist", Hint: i18n.T(ctx, "open311.publish_hint"), Order: 1,
		Text: i18n.T(ctx, "open311.publish"), Values: []attributeValue{{"yes", i18n.T(ctx, "open311.publish_yes")}, {"no", i18n.T(ctx, "open311.publish_no")}}}}}
	return http.StatusOK, d, d, nil
}

type request struct {
	XMLName     xml.Name `xml:"request" json:"-"`
	ID          string   `xml:"service_request_id" json:"service_request_id"`
	Token       string   `xml:"token,omitempty" json:"token,omitempty"`
	Status      string   `xml:"status,omitempty" json:"status,omitempty"`
	StatusNotes string   `xml:"status_notes,omitempty" json:"status_notes,omitempty"`
	ServiceName string   `xml:"service_name,omitempty" json:"service_name,omitempty"`
	ServiceCode string   `xml:"service_code,omitempty" json:"service_code,omitempty"`
	Description string   `xml:"description,omitempty" json:"description,omitempty"`
	Agency      string   `xml:"agency_responsible,omitempty" json:"agency_responsible,omitempty"`
	Notice      string   `xml:"service_notice,omitempty" json:"service_notice,omitempty"`
	Requested   string   `xml:"requested_datetime,omitempty" json:"requested_datetime,omitempty"`
	Updated     string   `xml:"updated_datetime,omitempty" json:"updated_datetime,omitempty"`
	Expected    string   `xml:"expected_datetime,omitempty" json:"expected_datetime,omitempty"`
	Address     string   `xml:"address,omitempty" json:"address,omitempty"`
	Lat         *float64 `xml:"lat,omitempty" json:"lat,omitempty"`
	Long        *float64 `xml:"long,omitempty" json:"long,omitempty"`
}

type requests struct {
	XMLName xml.Name `xml:"service_requests"`
	List    []request
}

func w3c(t time.Time) string { return t.In(clock.Vietnam).Format(time.RFC3339) }

// open turns a published case into a request. Its address is the unit that took it in: what was typed stays inside.
func (p *Pages) open(ctx context.Context, book open311.Book, c published.Case) request {
	s := book.For(c.Kind, c.Category)
	r := request{ID: c.ID, Status: open311.Status(c.State), StatusNotes: c.Answer, ServiceName: serviceName(ctx, s), ServiceCode: s.Code, Description: c.Question,
		Agency: p.body(ctx, c.HolderID), Requested: w3c(c.ReceivedAt), Updated: w3c(c.UpdatedAt), Expected: w3c(c.Deadline.Time()), Address: p.s.Unit(c.OriginID).FullName}
	if c.HasPoint() {
		r.Lat, r.Long = &c.Lat, &c.Lon
	}
	return r
}

func (p *Pages) list(_ http.ResponseWriter, r *http.Request) (int, any, any, error) {
	f, err := p.filter(r.Context(), r.URL.Query())
	if err != nil {
		return 0, nil, nil, err
	}
	cases, _, err := p.public.Cases(r.Context(), f)
	if err != nil {
		return 0, nil, nil, err
	}
	book, err := p.matters.Book(r.Context())
	if err != nil {
		return 0, nil, nil, err
	}
	list := []request{}
	for _, c := range cases {
		list = append(list, p.open(r.Context(), book, c))
	}
	return http.StatusOK, requests{List: list}, list, nil
}

// one gives a published request; to the key that sent it also how an unpublished one stands, without its words.
func (p *Pages) one(w http.ResponseWriter, r *http.Request) (int, any, any, error) {
	ctx, reqID := r.Context(), word(r)
	cases, _, err := p.public.Cases(ctx, published.Filter{IDs: []string{reqID}, Per: 1})
	if err != nil {
		return 0, nil, nil, err
	}
	book, err := p.matters.Book(ctx)
	if err != nil {
		return 0, nil, nil, err
	}
	var out request
	if len(cases) == 1 {
		out = p.open(ctx, book, cases[0])
	} else {
		k, err := p.key(w, r, r.URL.Query().Get("api_key"), false)
		if err != nil {
			return 0, nil, nil, err
		}
		if k.ID == "" {
			return 0, nil, nil, refuse(http.StatusNotFound, "open311.no_request")
		}
		c, err := p.s.Relayed(ctx, identity.System("open311"), reqID, k.ID+":")
		if err != nil {
			return 0, nil, nil, refuse(http.StatusNotFound, "open311.no_request")
		}
		s := book.For(c.Kind, c.Category)
		out = request{ID: c.ID, Status: open311.Status(c.State), ServiceName: serviceName(ctx, s), ServiceCode: s.Code, Agency: p.body(ctx, c.HolderUnitID),
			Notice: i18n.T(ctx, "open311.unpublished"), Requested: w3c(c.ReceivedAt), Updated: w3c(c.HolderSince), Expected: w3c(c.Deadline.Time())}
	}
	return http.StatusOK, requests{List: []request{out}}, []request{out}, nil
}

// token gives the id of a token. Requests get their id at once, so the id is its own token.
func (p *Pages) token(w http.ResponseWriter, r *http.Request) (int, any, any, error) {
	if _, _, _, err := p.one(w, r); err != nil {
		return 0, nil, nil, err
	}
	list := []request{{ID: word(r), Token: word(r)}}
	return http.StatusOK, requests{List: list}, list, nil
}

// filter reads the arguments of a list.
func (p *Pages) filter(ctx context.Context, q url.Values) (published.Filter, error) {
	f := published.Filter{Page: 1, Per: pageSize}
	u, err := p.unit(q.Get("jurisdiction_id"))
	if err != nil {
		return f, err
	}
	f.UnitID = u.ID
	for _, x := range []struct {
		name string
		to   *int
		most int
	}{{"page", &f.Page, 1_000_000}, {"page_size", &f.Per, maxPageSize}} {
		if s := q.Get(x.name); s != "" {
			if *x.to, err = strconv.Atoi(s); err != nil || *x.to < 1 || *x.to > x.most {
				return f, refuse(http.StatusBadRequest, "open311.bad_number", "Name", x.name)
			}
		}
	}
	if ids := split(q["service_request_id"]); len(ids) > 0 { // overrides all other arguments
		if len(ids) > maxIDs {
			return f, refuse(http.StatusBadRequest, "open311.bad_number", "Name", "service_request_id")
		}
		return published.Filter{IDs: ids, Page: 1, Per: maxIDs}, nil
	}
	book, err := p.matters.Book(ctx)
	if err != nil {
		return f, err
	}
	for _, code := range split(q["service_code"]) {
		s, ok := book.Of(code)
		if !ok {
			return f, refuse(http.StatusNotFound, "open311.no_service", "Code", clip(code))
		}
		f.Kinds = append(f.Kinds, book.Picks(s))
	}
	for _, s := range split(q["status"]) {
		switch s {
		case "open":
			f.Open = true
		case "closed":
			f.Closed = true
		default:
			return f, refuse(http.StatusBadRequest, "open311.bad_status")
		}
	}
	return f, p.period(q, &f)
}

// period reads the days: at most 90, the last 90 when nothing is said.
func (p *Pages) period(q url.Values, f *published.Filter) error {
	for _, x := range []struct {
		name string
		to   *time.Time
	}{{"start_date", &f.From}, {"end_date", &f.To}} {
		s := strings.ReplaceAll(q.Get(x.name), " ", "+") // a plus that was not escaped
		if s == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil || t.Year() < 1900 || t.Year() > 9998 {
			return refuse(http.StatusBadRequest, "open311.bad_date", "Name", x.name)
		}
		*x.to = t.UTC()
	}
	switch {
	case f.From.IsZero() && f.To.IsZero():
		f.From = p.s.Clock.Now().Add(-span)
	case f.From.IsZero():
		f.From = f.To.Add(-span)
	case f.To.IsZero():
		f.To = f.From.Add(span)
	case f.To.Before(f.From):
		return refuse(http.StatusBadRequest, "open311.bad_date", "Name", "end_date")
	case f.To.Sub(f.From) > span:
		return refuse(http.StatusBadRequest, "open311.span")
	}
	return nil
}

// split reads arguments that may be given several times and with commas.
func split(list []string) []string {
	var out []string
	for _, s := range list {
		for _, x := range strings.Split(s, ",") {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
	}
	return out
}

// send takes a request in.
func (p *Pages) send(w http.ResponseWriter, r *http.Request) (int, any, any, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	if err == nil {
		if err = r.ParseMultipartForm(maxBody); errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
	}
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		err = refuse(http.StatusBadRequest, "open311.unreadable")
	}
	if err != nil {
		return 0, nil, nil, err
	}
	k, err := p.key(w, r, r.Form.Get("api_key"), true)
	if err != nil {
		return 0, nil, nil, err
	}
	if p.sends.OnLimit(w, r.WithContext(httprate.WithRequestLimit(r.Context(), k.PerMinute)), k.ID) {
		return 0, nil, nil, refuse(http.StatusTooManyRequests, "open311.too_many")
	}
	in, err := p.intake(r.Context(), r.Form, k)
	if err != nil {
		return 0, nil, nil, err
	}
	c, err := p.s.Relay(r.Context(), identity.System(k.Name), in, k.ID+":"+once(r.Header.Get("Idempotency-Key")))
	if err != nil {
		return 0, nil, nil, err
	}
	ctx := r.Context()
	notice := i18n.T(ctx, "open311.taken", "Code", c.Code, "Link", p.s.CaseURL(c.Code), "Deadline", c.Deadline.Vietnamese())
	if r.Form.Get("media_url") != "" {
		notice += " " + i18n.T(ctx, "open311.no_media")
	}
	if r.Form.Get("email") != "" {
		notice += " " + i18n.T(ctx, "open311.no_email")
	}
	list := []sent{{ID: c.ID, Notice: notice}}
	return http.StatusCreated, sentList{List: list}, list, nil
}

type sent struct {
	XMLName xml.Name `xml:"request" json:"-"`
	ID      string   `xml:"service_request_id" json:"service_request_id"`
	Notice  string   `xml:"service_notice" json:"service_notice"`
	Account string   `xml:"account_id" json:"account_id"`
}

type sentList struct {
	XMLName xml.Name `xml:"service_requests"`
	List    []sent
}

// once names a sending: by the sender's own key when there is one, so that it may be repeated safely.
func once(key string) string {
	if key == "" {
		return id.New()
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// intake makes what feedback takes in out of the arguments.
func (p *Pages) intake(ctx context.Context, v url.Values, k open311.Key) (feedback.Intake, error) {
	in := feedback.Intake{UnitID: k.UnitID, Text: v.Get("description"), MayPublish: v.Get("attribute[publish]") != "no",
		Place:  feedback.Place{Text: v.Get("address_string")},
		Person: feedback.Person{Name: strings.TrimSpace(v.Get("last_name") + " " + v.Get("first_name")), Phone: v.Get("phone")}}
	code := v.Get("service_code")
	if code == "" {
		return in, refuse(http.StatusBadRequest, "open311.service_required")
	}
	book, err := p.matters.Book(ctx)
	if err != nil {
		return in, err
	}
	s, ok := book.Of(code)
	if !ok || !s.Active {
		return in, refuse(http.StatusNotFound, "open311.no_service", "Code", clip(code))
	}
	in.Kind, in.Category = s.Kind, s.Category
	if j := v.Get("jurisdiction_id"); j != "" {
		u, err := p.unit(j)
		if err != nil {
			return in, err
		}
		if u.ID != k.UnitID && !p.s.Forest().Under(u.ID, k.UnitID, p.s.Today()) {
			return in, refuse(http.StatusForbidden, "open311.not_yours", "Unit", u.FullName)
		}
		in.UnitID = u.ID
	}
	lat, long := v.Get("lat"), v.Get("long")
	if lat == "" && long == "" {
		if strings.TrimSpace(in.Place.Text) == "" {
			return in, refuse(http.StatusBadRequest, "open311.place_required")
		}
		return in, nil
	}
	la, err1 := strconv.ParseFloat(lat, 64)
	lo, err2 := strconv.ParseFloat(long, 64)
	if err1 == nil && err2 == nil {
		in.Place.Lat, in.Place.Lon, ok = maplink.Read(fmt.Sprintf("%.6f, %.6f", la, lo))
	}
	if err1 != nil || err2 != nil || !ok {
		return in, refuse(http.StatusBadRequest, "open311.point_bad")
	}
	return in, nil
}

type update struct {
	XMLName     xml.Name `xml:"request_update" json:"-"`
	ID          string   `xml:"update_id" json:"update_id"`
	RequestID   string   `xml:"service_request_id" json:"service_request_id"`
	Status      string   `xml:"status" json:"status"`
	Updated     string   `xml:"updated_datetime" json:"updated_datetime"`
	Description string   `xml:"description" json:"description"`
}

// updates lists what happened to published requests, oldest first: the extension that FixMyStreet reads.
func (p *Pages) updates(_ http.ResponseWriter, r *http.Request) (int, any, any, error) {
	f, err := p.filter(r.Context(), r.URL.Query())
	if err != nil {
		return 0, nil, nil, err
	}
	found, err := p.public.Updates(r.Context(), f)
	if err != nil {
		return 0, nil, nil, err
	}
	list := []update{}
	for _, u := range found {
		text := i18n.T(r.Context(), "feedback.step."+string(u.Step), "Unit", p.body(r.Context(), u.UnitID))
		if u.Answer != "" {
			text += "\n" + u.Answer
		}
		list = append(list, update{ID: u.ID, RequestID: u.CaseID, Status: open311.StatusAfter(u.Step), Updated: w3c(u.At), Description: text})
	}
	return http.StatusOK, struct {
		XMLName xml.Name `xml:"service_request_updates"`
		List    []update
	}{List: list}, list, nil
}
