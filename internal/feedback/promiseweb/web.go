// Package promiseweb draws the ledger of promises: for everybody what each unit promised, what it kept, what is late and
// which days were moved and why, with raw counts and without script; for officials the promises of their units that are due,
// and the forms by which a promise is kept or its day is moved.
package promiseweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts of promises.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// The addresses of the pages.
const (
	PublicPath = "/loi-hua"
	OfficePath = "/lam-viec/loi-hua"
)

const per = 20

// Pages serves the pages.
type Pages struct {
	S      *promise.Service
	Survey *survey.Service
	Units  func() *orgunit.Forest
	// Brand puts the name of a unit on top of a page; nil leaves the house's own.
	Brand func(ctx context.Context, unitID string) context.Context
	limit *httprate.RateLimiter
}

// New makes the pages; one address may send perWindow photos in ten minutes, 0 is no limit.
func New(p Pages, perWindow int) *Pages {
	if perWindow > 0 {
		p.limit = httprate.NewRateLimiter(perWindow, 10*time.Minute)
	}
	return &p
}

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+PublicPath, p.list)
	r.Public("GET "+PublicPath+".xlsx", p.excel)
	r.Public("GET "+PublicPath+"/{id}", p.one)
	r.Public("POST "+PublicPath+"/{id}/phan-anh", p.dispute)
	r.Can("GET "+OfficePath, feedback.ActionRead, p.due)
	r.SignedIn("GET "+OfficePath+"/{id}", p.office)
	r.SignedIn("POST "+OfficePath+"/{id}/doi-ngay", p.change)
	r.SignedIn("POST "+OfficePath+"/{id}/da-lam", p.keep)
}

type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

func (p *Pages) unit(ctx context.Context, unitID string) string {
	u, err := p.Units().Unit(unitID, p.S.Today())
	if err != nil {
		return ""
	}
	return feedback.BodyName(words{ctx}, u)
}

// unitFrom accepts the id or the slug of a unit.
func (p *Pages) unitFrom(s string) string {
	if s == "" {
		return ""
	}
	if u, err := p.Units().Unit(s, p.S.Today()); err == nil {
		return u.ID
	}
	for _, u := range p.Units().BySlug(s, "", p.S.Today()) {
		return u.ID
	}
	return ""
}

func (p *Pages) branded(r *http.Request, unitID string) *http.Request {
	if unitID == "" || p.Brand == nil {
		return r
	}
	return r.WithContext(p.Brand(r.Context(), unitID))
}

// listView is the public ledger.
type listView struct {
	UnitID, Unit string
	Query        string
	Standing     promise.Standing
	Sum          promise.Tally
	Units        []tallyRow
	Rows         []row
	Page         ui.Paging
	Q            url.Values
	Asked        survey.Tally
	Print        bool
}

type tallyRow struct {
	promise.Tally
	Name, Href string
}

// row is one promise as a page shows it.
type row struct {
	promise.Promise
	Unit, Tone, Standing, Href string
}

func (p *Pages) row(ctx context.Context, pr promise.Promise, base string) row {
	st := pr.Stands(p.S.Today())
	return row{Promise: pr, Unit: p.unit(ctx, pr.UnitID), Tone: tone(st), Standing: i18n.T(ctx, "promise.standing."+string(st)), Href: base + "/" + pr.ID}
}

func tone(st promise.Standing) string {
	return map[promise.Standing]string{promise.Kept: "ok", promise.Late: "late", promise.Changed: "wait", promise.Waiting: "info"}[st]
}

func filterOf(q url.Values, unitID string) promise.Filter {
	page, _ := strconv.Atoi(q.Get("trang"))
	return promise.Filter{UnitID: unitID, Standing: promise.Standing(q.Get("xem")), Text: vntext.Truncate(strings.TrimSpace(q.Get("q")), 100), Page: min(max(page, 1), 100_000), Per: per}
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := listView{UnitID: p.unitFrom(q.Get("don_vi")), Q: q, Print: q.Get("in") != ""}
	f := filterOf(q, v.UnitID)
	v.Query, v.Standing, v.Unit = f.Text, f.Standing, p.unit(ctx, v.UnitID)
	if v.Print {
		f.Page, f.Per = 1, 1000
	}
	list, total, err := p.S.List(ctx, f)
	if err != nil {
		return err
	}
	for _, pr := range list {
		v.Rows = append(v.Rows, p.row(ctx, pr, PublicPath))
	}
	v.Page = ui.Paging{Page: f.Page, Per: f.Per, Total: total, URL: func(n int) string { return v.with("trang", strconv.Itoa(n)) }}
	if err := p.tallies(ctx, &v); err != nil {
		return err
	}
	return web.Render(w, p.branded(r, v.UnitID), http.StatusOK, listPage(v))
}

// tallies adds up the counts of the units, and of the survey.
func (p *Pages) tallies(ctx context.Context, v *listView) error {
	list, err := p.S.Tallies(ctx, v.UnitID)
	if err != nil {
		return err
	}
	for _, t := range list {
		v.Sum.Total += t.Total
		v.Sum.Kept += t.Kept
		v.Sum.Late += t.Late
		v.Sum.Changed += t.Changed
		v.Sum.Waiting += t.Waiting
		if len(v.Units) < 12 && t.UnitID != v.UnitID {
			v.Units = append(v.Units, tallyRow{Tally: t, Name: p.unit(ctx, t.UnitID), Href: PublicPath + "?don_vi=" + t.UnitID})
		}
	}
	asked, err := p.Survey.Tallies(ctx, v.UnitID)
	for _, t := range asked {
		v.Asked.Asked += t.Asked
		v.Asked.Answered += t.Answered
		v.Asked.Yes += t.Yes
		v.Asked.Partly += t.Partly
		v.Asked.No += t.No
	}
	return err
}

// with is the same list with one thing of its address changed.
func (v listView) with(key, value string) string {
	q := url.Values{}
	for _, k := range []string{"don_vi", "xem", "q"} {
		if s := v.Q.Get(k); s != "" {
			q.Set(k, s)
		}
	}
	if q.Del(key); value != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return PublicPath
	}
	return PublicPath + "?" + q.Encode()
}

func (v listView) tabs(ctx context.Context) []ui.Tab {
	counts := map[promise.Standing]int{promise.Waiting: v.Sum.Waiting, promise.Kept: v.Sum.Kept, promise.Changed: v.Sum.Changed, promise.Late: v.Sum.Late}
	out := []ui.Tab{{Text: i18n.T(ctx, "promise.all"), Href: v.with("xem", ""), Active: v.Standing == "", Count: v.Sum.Total}}
	for _, st := range promise.Standings {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "promise.standing."+string(st)), Href: v.with("xem", string(st)), Active: v.Standing == st, Count: counts[st]})
	}
	return out
}

// share writes a part of a whole as "3 trên 8 (38 %)".
func share(ctx context.Context, key string, part, whole int) string {
	percent := 0
	if whole > 0 {
		percent = (200*part + whole) / (2 * whole)
	}
	return i18n.T(ctx, key, "Part", part, "Whole", whole, "Percent", percent)
}

const excelRows = 20_000

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := filterOf(r.URL.Query(), p.unitFrom(r.URL.Query().Get("don_vi")))
	f.Page, f.Per = 1, excelRows
	list, _, err := p.S.List(ctx, f)
	if err != nil {
		return err
	}
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "promise.title")}
	for _, k := range []string{"unit", "what", "who", "place", "made", "first_due", "due", "kept_on", "standing", "changes", "reopened"} {
		sheet.Head = append(sheet.Head, i18n.T(ctx, "promise.col_"+k))
	}
	for _, pr := range list {
		x := p.row(ctx, pr, PublicPath)
		sheet.Rows = append(sheet.Rows, []any{x.Unit, x.What, x.Who, x.Place, day(x.MadeOn), day(x.FirstDue), day(x.Due), day(x.KeptOn), x.Standing, x.Changes, x.Reopened})
	}
	return xlsx.Send(w, "loi-hua.xlsx", sheet)
}

func day(d clock.Date) any {
	if d == "" {
		return ""
	}
	return d
}

// oneView is one promise.
type oneView struct {
	row
	Items  []ui.TimelineItem
	Edit   bool
	Office bool
	Act    string
	Typed  url.Values
	Err    error
}

func (v oneView) typed(act, field, stored string) string {
	if v.Act == act && v.Typed != nil {
		return v.Typed.Get(field)
	}
	return stored
}

func (v oneView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

func (p *Pages) one(w http.ResponseWriter, r *http.Request) error {
	return p.renderOne(w, r, http.StatusOK, "", nil)
}

func (p *Pages) renderOne(w http.ResponseWriter, r *http.Request, status int, text string, refused error) error {
	ctx := r.Context()
	pr, err := p.S.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	steps, err := p.S.History(ctx, pr.ID)
	if err != nil {
		return err
	}
	v := oneView{row: p.row(ctx, pr, PublicPath), Items: items(ctx, steps), Act: "phan-anh", Typed: url.Values{"text": {text}}, Err: refused}
	return web.Render(w, p.branded(r, pr.UnitID), status, onePage(v))
}

func items(ctx context.Context, steps []promise.Event) []ui.TimelineItem {
	var out []ui.TimelineItem
	for _, e := range steps {
		it := ui.TimelineItem{At: e.At, Who: e.ActorName, Text: e.Words, Tone: map[promise.Step]string{promise.StepKept: "ok", promise.StepReopened: "late", promise.StepChanged: "wait"}[e.Step],
			Title: i18n.T(ctx, "promise.step."+string(e.Step), "Old", e.OldDue.Vietnamese(), "New", e.NewDue.Vietnamese())}
		if e.Step == promise.StepRemind {
			it.Text = ""
		}
		if e.PictureID != "" {
			it.Body = photo(picture.URL(e.PictureID, 320), picture.URL(e.PictureID, 1600))
		}
		out = append(out, it)
	}
	return out
}

// dispute takes the photo of somebody who says that a promise was not kept. The words stand before the photo in the form, so
// that they are kept when the photo is refused.
func (p *Pages) dispute(w http.ResponseWriter, r *http.Request) error {
	if p.limit != nil && p.limit.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "feedback.too_many_questions")
	}
	r.Body = http.MaxBytesReader(w, r.Body, picture.MaxBytes+(1<<20))
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
	}
	text, trap := "", ""
	for range 20 {
		part, perr := parts.NextPart()
		if errors.Is(perr, io.EOF) {
			break
		}
		if perr != nil {
			err = perr
			break
		}
		switch {
		case part.FormName() == "photo" && part.FileName() != "":
			if trap != "" {
				return web.SeeOther(w, r, PublicPath)
			}
			_, err = p.S.Dispute(r.Context(), r.PathValue("id"), part, text)
			return p.disputed(w, r, text, err)
		case part.FormName() == "text", part.FormName() == "website":
			b, rerr := io.ReadAll(io.LimitReader(part, 16<<10))
			if rerr != nil {
				return rerr
			}
			if part.FormName() == "text" {
				text = string(b)
			} else {
				trap = string(b)
			}
		}
	}
	if err == nil {
		_, err = p.S.Dispute(r.Context(), r.PathValue("id"), nil, text)
	}
	return p.disputed(w, r, text, err)
}

func (p *Pages) disputed(w http.ResponseWriter, r *http.Request, text string, err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		err = fault.Field("photo", "picture.too_many_bytes").With("Limit", picture.MaxBytes>>20)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderOne(w, r, web.Status(fault.KindOf(err)), text, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(PublicPath+"/"+r.PathValue("id"), "promise.done.disputed"))
}

// dueView is what an official's units owe.
type dueView struct{ Rows []row }

func (p *Pages) due(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.S.DueSoon(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	var v dueView
	for _, pr := range list {
		v.Rows = append(v.Rows, p.row(ctx, pr, OfficePath))
	}
	return web.Render(w, r, http.StatusOK, duePage(v))
}

func (p *Pages) office(w http.ResponseWriter, r *http.Request) error {
	return p.renderOffice(w, r, http.StatusOK, "", nil)
}

func (p *Pages) renderOffice(w http.ResponseWriter, r *http.Request, status int, act string, refused error) error {
	ctx := r.Context()
	pr, steps, edit, err := p.S.Open(ctx, identity.ActorFrom(ctx), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := oneView{row: p.row(ctx, pr, OfficePath), Items: items(ctx, steps), Edit: edit && pr.State == promise.StateOpen, Office: true, Act: act, Typed: r.PostForm, Err: refused}
	return web.Render(w, r, status, officePage(v))
}

func (p *Pages) act(w http.ResponseWriter, r *http.Request, act, done string, do func(ctx context.Context, a identity.Actor, id string) error) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
	}
	err := do(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderOffice(w, r, web.Status(fault.KindOf(err)), act, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(OfficePath+"/"+r.PathValue("id"), done))
}

func (p *Pages) change(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "doi-ngay", "promise.done.changed", func(ctx context.Context, a identity.Actor, id string) error {
		_, err := p.S.Change(ctx, a, id, r.PostForm.Get("due"), r.PostForm.Get("reason"))
		return err
	})
}

func (p *Pages) keep(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "da-lam", "promise.done.kept", func(ctx context.Context, a identity.Actor, id string) error {
		_, err := p.S.Keep(ctx, a, id, r.PostForm.Get("on"), r.PostForm.Get("note"))
		return err
	})
}

func err422(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}

func facts(ctx context.Context, v oneView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "promise.col_unit"), Text: v.Unit}}
	if v.Who != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "promise.who"), Text: v.Who})
	}
	if v.Place != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "promise.place"), Text: v.Place})
	}
	out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "promise.due"), Text: v.Due.Vietnamese()})
	if v.FirstDue != v.Due {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "promise.col_first_due"), Text: v.FirstDue.Vietnamese()})
	}
	if v.KeptOn != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "promise.col_kept_on"), Text: v.KeptOn.Vietnamese()})
	}
	return out
}

func excelHref(v listView) string {
	return strings.Replace(v.with("trang", ""), PublicPath, PublicPath+".xlsx", 1)
}
