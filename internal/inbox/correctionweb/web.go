// Package correctionweb is the screens of the correction desk: what goes round and is not so, where it was seen, the draft of
// what is true, and letting it out.
package correctionweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the words of the correction desk.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand.
const Base = "/lam-viec/dinh-chinh"

const perPage = 50

// Pages serves the screens.
type Pages struct{ Service *correction.Service }

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, correction.ActionRead, p.list)
	r.Can("POST "+Base, correction.ActionNote, p.open)
	r.Can("GET "+Base+"/xuat.xlsx", correction.ActionRead, p.export)
	r.Can("GET "+Base+"/{id}", correction.ActionRead, p.one)
	r.Can("POST "+Base+"/{id}/dinh-chinh", correction.ActionNote, p.draft)
	r.Can("POST "+Base+"/{id}/duyet", correction.ActionApprove, p.approve)
}

type listView struct {
	Rows    []correction.Claim
	Paging  ui.Paging
	Q       url.Values
	State   correction.State
	MayNote bool
	Title   string // what was typed and refused
	Err     error
	Print   bool
	unit    func(string) string
}

func (v listView) with(pairs ...string) string {
	q := url.Values{}
	for _, k := range []string{"q", "xem"} {
		if s := v.Q.Get(k); s != "" {
			q.Set(k, s)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return Base
	}
	return Base + "?" + q.Encode()
}

func (v listView) tabs(ctx context.Context) []ui.Tab {
	out := []ui.Tab{{Text: i18n.T(ctx, "correction.all"), Href: v.with("xem", ""), Active: v.State == ""}}
	for _, s := range []correction.State{correction.StateOpen, correction.StateDrafted, correction.StateAnswered} {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "correction.state."+string(s)), Href: v.with("xem", string(s)), Active: v.State == s})
	}
	return out
}

func tone(s correction.State) string {
	switch s {
	case correction.StateOpen:
		return "late"
	case correction.StateDrafted:
		return "wait"
	}
	return "ok"
}

func filter(q url.Values) correction.Filter {
	f := correction.Filter{Text: strings.TrimSpace(vntext.Truncate(q.Get("q"), 200)), Page: 1, Per: perPage}
	switch s := correction.State(q.Get("xem")); s {
	case correction.StateOpen, correction.StateDrafted, correction.StateAnswered:
		f.State = s
	}
	if n, err := strconv.Atoi(q.Get("trang")); err == nil && n > 0 && n < 100_000 {
		f.Page = n
	}
	return f
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	return p.renderList(w, r, http.StatusOK, listView{})
}

func (p *Pages) renderList(w http.ResponseWriter, r *http.Request, status int, v listView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	f := filter(r.URL.Query())
	if v.Print = r.URL.Query().Get("in") == "1"; v.Print {
		f.Page, f.Per = 1, 0
	}
	rows, total, err := p.Service.List(ctx, actor, f)
	if err != nil {
		return err
	}
	v.Rows, v.Q, v.State, v.unit = rows, r.URL.Query(), f.State, p.Service.UnitName
	v.MayNote = p.Service.Authz.Can(actor, correction.ActionNote, identity.InUnit(identity.ActiveUnit(ctx))) && !v.Print
	v.Paging = ui.Paging{Page: f.Page, Per: max(f.Per, len(rows), 1), Total: total, URL: func(n int) string { return v.with("trang", strconv.Itoa(n)) }}
	return web.Render(w, r, status, listPage(v))
}

func (p *Pages) open(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "correction.form_broken").Because(err)
	}
	c, err := p.Service.Open(ctx, identity.ActorFrom(ctx), identity.ActiveUnit(ctx), r.PostForm.Get("title"), "")
	if fault.Is(err, fault.Invalid) {
		return p.renderList(w, r, http.StatusUnprocessableEntity, listView{Title: r.PostForm.Get("title"), Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+c.ID, "correction.done.opened"))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := filter(r.URL.Query())
	f.Page, f.Per = 1, 0
	rows, _, err := p.Service.List(ctx, identity.ActorFrom(ctx), f)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "correction.title")}
	for _, k := range []string{"claim", "unit", "seen", "told", "state", "opened", "answer", "link"} {
		s.Head = append(s.Head, i18n.T(ctx, "correction.col."+k))
	}
	for _, c := range rows {
		s.Rows = append(s.Rows, []any{c.Title, p.Service.UnitName(c.UnitID), c.Seen, c.Told, i18n.T(ctx, "correction.state."+string(c.State)), c.OpenedAt, c.Answer, c.Link})
	}
	return xlsx.Send(w, "thong-tin-chua-dung.xlsx", s)
}

type oneView struct {
	correction.Claim
	Unit       string
	Places     []correction.Place
	MayDraft   bool
	MayApprove bool
	Typed      url.Values
	Err        error
	unit       func(string) string
}

func (v oneView) value(field, otherwise string) string {
	if v.Typed != nil {
		return v.Typed.Get(field)
	}
	return otherwise
}

func (p *Pages) one(w http.ResponseWriter, r *http.Request) error {
	return p.renderOne(w, r, http.StatusOK, oneView{})
}

func (p *Pages) renderOne(w http.ResponseWriter, r *http.Request, status int, v oneView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	c, err := p.Service.Get(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	if v.Places, err = p.Service.Places(ctx, actor, c.ID); err != nil {
		return err
	}
	v.Claim, v.Unit, v.unit = c, p.Service.UnitName(c.UnitID), p.Service.UnitName
	v.MayDraft = c.State != correction.StateAnswered && p.Service.Can(actor, correction.ActionNote, c)
	v.MayApprove = c.State == correction.StateDrafted && p.Service.Can(actor, correction.ActionApprove, c)
	return web.Render(w, r, status, onePage(v))
}

func (p *Pages) draft(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "correction.done.drafted", func(ctx context.Context, a identity.Actor, claimID string, v url.Values) error {
		return p.Service.Draft(ctx, a, claimID, v.Get("answer"), v.Get("link"))
	})
}

func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "correction.done.approved", func(ctx context.Context, a identity.Actor, claimID string, _ url.Values) error {
		return p.Service.Approve(ctx, a, claimID)
	})
}

func (p *Pages) act(w http.ResponseWriter, r *http.Request, done string, fn func(context.Context, identity.Actor, string, url.Values) error) error {
	ctx := r.Context()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "correction.form_broken").Because(err)
	}
	err := fn(ctx, identity.ActorFrom(ctx), r.PathValue("id"), r.PostForm)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderOne(w, r, web.Status(fault.KindOf(err)), oneView{Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+r.PathValue("id"), done))
}
