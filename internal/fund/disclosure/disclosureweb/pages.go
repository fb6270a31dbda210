// Package disclosureweb shows the public statement of a fund: the list of appeals, the statement of each with its sums, the
// search for one's own gift, a page and a receipt for every line, the file as a whole, the same for programs under
// /api/v1/public/, and for officials the list of what law wants published by when. Citizens' pages need no script.
package disclosureweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Spent tells where the money of an appeal went; spending.Service implements it.
type Spent interface {
	PublicView(ctx context.Context, code string) (spending.Public, error)
}

// Config is what the pages need besides the service.
type Config struct {
	Spent    Spent                      // nil: nothing is told of spending
	UnitName func(unitID string) string // full name as it is called today
	BaseURL  string                     // public address of the house, without a slash at the end
	Now      func() time.Time
	// ReadsPerMinute bounds the programs of one address; 0: no limit.
	ReadsPerMinute int
}

// Pages serves the pages.
type Pages struct {
	s *disclosure.Service
	Config
	reads *httprate.RateLimiter
}

// New makes the pages.
func New(s *disclosure.Service, c Config) *Pages {
	p := &Pages{s: s, Config: c}
	if c.ReadsPerMinute > 0 {
		p.reads = httprate.NewRateLimiter(c.ReadsPerMinute, time.Minute)
	}
	return p
}

// Base is where the public pages begin.
const Base = "/ung-ho"

// Routes adds the pages and the doors for programs.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Public("GET "+Base, p.list)
	rt.Public("GET "+Base+"/{code}", p.statement)
	rt.Public("GET "+Base+"/{code}/tong-hop", p.totals)
	rt.Public("GET "+Base+"/{code}/kiem-chung", p.verify)
	rt.Public("GET "+Base+"/{code}/dong/{line}", p.line)
	rt.Public("GET "+Base+"/{code}/dong/{line}/bien-nhan.pdf", p.receiptPDF)
	rt.Can("GET "+OfficeBase, disclosure.ActionSee, p.duties)
	rt.Can("GET "+OfficeBase+"/xuat.xlsx", disclosure.ActionSee, p.dutiesExcel)
	rt.Can("POST "+OfficeBase+"/{code}/{duty}", disclosure.ActionPublish, p.publish)
	rt.Can("GET "+OfficeBase+"/dinh-chinh", disclosure.ActionCorrect, p.correction)
	rt.Can("POST "+OfficeBase+"/dinh-chinh", disclosure.ActionCorrect, p.correct)
	p.apiRoutes(rt)
}

// public lets finished pages be kept by browsers for a moment.
func public(w http.ResponseWriter) { w.Header().Set("Cache-Control", "public, max-age=10") }

// appealView is one appeal in the list.
type appealView struct {
	disclosure.Statement
	Unit  string
	State string // soon, open, closed
}

func (p *Pages) view(st disclosure.Statement) appealView {
	v := appealView{Statement: st, Unit: p.unit(st.UnitID), State: "open"}
	switch today := clock.DateOf(p.Now()); {
	case today < st.Opens:
		v.State = "soon"
	case today > st.Closes:
		v.State = "closed"
	}
	return v
}

func (p *Pages) unit(unitID string) string {
	if p.UnitName == nil {
		return ""
	}
	return p.UnitName(unitID)
}

type listView struct{ Open, Closed []appealView }

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	all, err := p.s.Statements(r.Context())
	if err != nil {
		return err
	}
	var v listView
	for _, st := range all {
		if a := p.view(st); a.State == "closed" {
			v.Closed = append(v.Closed, a)
		} else {
			v.Open = append(v.Open, a)
		}
	}
	public(w)
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// question is a search as it was typed.
type question struct {
	Text, Amount, Day, Ref string
	Before                 string
}

func (q question) asked() bool { return q.Text+q.Amount+q.Day+q.Ref != "" }

// values are the parts of the address of a search.
func (q question) values() url.Values {
	out := url.Values{}
	for k, v := range map[string]string{"q": q.Text, "so-tien": q.Amount, "ngay": q.Day, "ma": q.Ref} {
		if v != "" {
			out.Set(k, v)
		}
	}
	return out
}

// parse reads a search; field names the fields as the caller's form does.
func (q question) parse(field func(string) string) (disclosure.Query, error) {
	out := disclosure.Query{Text: q.Text, Reference: q.Ref}
	var fs fault.Fields
	if len(q.Text) > 200 || len(q.Ref) > 100 {
		fs.Add(fault.Field(field("q"), "disclosure.search.long"))
	}
	if q.Amount != "" {
		v, err := money.Parse(q.Amount)
		if fs.Check(err == nil && v > 0, field("amount"), "disclosure.search.amount"); err == nil {
			out.Amount = v
		}
	}
	if q.Day != "" {
		d, err := day(q.Day)
		if fs.Check(err == nil, field("date"), "disclosure.search.day"); err == nil {
			out.Day = d
		}
	}
	if q.Before != "" {
		n, err := strconv.ParseInt(q.Before, 10, 64)
		fs.Check(err == nil && n > 0, field("cursor"), "disclosure.search.cursor")
		out.Before = n
	}
	return out, fs.OrNil()
}

// day reads a day as programs and as people write it: 2026-09-08, 8/9/2026.
func day(s string) (clock.Date, error) {
	if d, err := clock.ParseDate(s); err == nil {
		return d, nil
	}
	t, err := time.Parse("2/1/2006", strings.NewReplacer("-", "/", ".", "/").Replace(s))
	if err != nil {
		return "", err
	}
	return clock.Date(t.Format(time.DateOnly)), nil
}

func pageField(name string) string {
	return map[string]string{"q": "q", "amount": "so-tien", "date": "ngay", "cursor": "truoc"}[name]
}

type statementView struct {
	appealView
	Base   string // public address of the house
	Totals disclosure.Totals
	Spent  *spending.Public
	Ask    question
	Hits   disclosure.Hits
	Next   string
	Err    error
}

// pageLines is how many lines a page of the statement shows.
const pageLines = 20

// fewDays is how many days the first page of a statement shows.
const fewDays = 7

func (p *Pages) statement(w http.ResponseWriter, r *http.Request) error {
	ctx, form := r.Context(), r.URL.Query()
	st, err := p.s.Statement(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v := statementView{appealView: p.view(st), Base: p.BaseURL, Ask: question{Text: trim(form, "q"), Amount: trim(form, "so-tien"), Day: trim(form, "ngay"), Ref: trim(form, "ma"), Before: trim(form, "truoc")}}
	q, err := v.Ask.parse(pageField)
	status := http.StatusOK
	if v.Err = err; err != nil {
		status = http.StatusUnprocessableEntity
	} else {
		q.Limit = pageLines
		if v.Hits, err = p.s.Search(ctx, st, q); err != nil {
			return err
		}
		if v.Hits.Next > 0 {
			next := v.Ask.values()
			next.Set("truoc", strconv.FormatInt(v.Hits.Next, 10))
			v.Next = Base + "/" + st.Code + "?" + next.Encode() + "#ket-qua"
		}
	}
	if !v.Ask.asked() && v.Ask.Before == "" {
		if err := p.sums(ctx, &v); err != nil {
			return err
		}
	}
	public(w)
	return web.Render(w, r, status, statementPage(v))
}

// sums adds the totals, and where the money went.
func (p *Pages) sums(ctx context.Context, v *statementView) (err error) {
	if v.Totals, err = p.s.Totals(ctx, v.Statement); err != nil || p.Spent == nil {
		return err
	}
	spent, err := p.Spent.PublicView(ctx, v.Code)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && spent.Allotted > 0 {
		v.Spent = &spent
	}
	return err
}

func trim(form url.Values, name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(form.Get(name), ""))
}

func (p *Pages) totals(w http.ResponseWriter, r *http.Request) error {
	st, err := p.s.Statement(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	v := statementView{appealView: p.view(st), Base: p.BaseURL}
	if err := p.sums(r.Context(), &v); err != nil {
		return err
	}
	public(w)
	return web.Render(w, r, http.StatusOK, totalsPage(v))
}

func (p *Pages) verify(w http.ResponseWriter, r *http.Request) error {
	st, err := p.s.Statement(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	public(w)
	return web.Render(w, r, http.StatusOK, verifyPage(statementView{appealView: p.view(st), Base: p.BaseURL}))
}

type lineView struct {
	appealView
	Line   disclosure.Line
	Later  []disclosure.Line
	GiftID string // for the journey of its money; ""
	Logged bool
	Batch  int64
	Index  uint64
	URL    string
}

func (p *Pages) line(w http.ResponseWriter, r *http.Request) error {
	v, err := p.lineView(r)
	if err != nil {
		return err
	}
	public(w)
	return web.Render(w, r, http.StatusOK, linePage(v))
}

func (p *Pages) lineView(r *http.Request) (lineView, error) {
	ctx, code := r.Context(), r.PathValue("code")
	lineID := code + "." + r.PathValue("line")
	l, later, err := p.s.Line(ctx, lineID)
	if err != nil {
		return lineView{}, err
	}
	st, err := p.s.Statement(ctx, code)
	if err != nil {
		return lineView{}, err
	}
	v := lineView{appealView: p.view(st), Line: l, Later: later, URL: p.BaseURL + lineHref(l)}
	if v.Logged, v.Batch, v.Index, err = p.s.InLog(ctx, st, l.Seq); err != nil {
		return lineView{}, err
	}
	if p.Spent != nil && l.Kind == disclosure.KindGift && len(later) == 0 {
		v.GiftID, err = p.s.GiftOf(ctx, st, l.Seq)
	}
	return v, err
}

func lineHref(l disclosure.Line) string {
	return Base + "/" + l.Code + "/dong/" + strconv.FormatInt(l.Seq, 10)
}

func aboutHref(l disclosure.Line) string {
	return Base + "/" + l.Code + "/dong/" + strconv.FormatInt(l.About, 10)
}

// who is how a line names its giver.
func who(ctx context.Context, l disclosure.Line) string {
	switch {
	case l.Name != "":
		return l.Name
	case l.Kind != disclosure.KindGift:
		return i18n.T(ctx, "disclosure.kind."+string(l.Kind))
	}
	return ""
}

func channel(ctx context.Context, code string) string {
	if code == "cash" || code == "" {
		return i18n.T(ctx, "disclosure.channel."+or(code, "house"))
	}
	return code
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// err422 is the text under a field of a refused form.
func err422(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}

// bars draws sums, each with its amount in words.
func bars(list []disclosure.Sum, label func(string) string, href func(string) string) []ui.Bar {
	out := make([]ui.Bar, 0, len(list))
	for _, s := range list {
		b := ui.Bar{Label: label(s.Key), Value: int(max(0, s.Amount)), Text: s.Amount.String()}
		if href != nil {
			b.Href = href(s.Key)
		}
		out = append(out, b)
	}
	return out
}

// latest gives the last n, newest first.
func latest(list []disclosure.Sum, n int) []disclosure.Sum {
	var out []disclosure.Sum
	for i := len(list) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, list[i])
	}
	return out
}
