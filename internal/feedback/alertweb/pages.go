// Package alertweb draws the pages of letters about new public answers: the form by which anybody asks for them, and the
// page behind the link of every letter, where they are confirmed, slowed down to one a day, and stopped. All of it works
// without script.
package alertweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the pages.
type Pages struct {
	S     *alert.Service
	Units func() *orgunit.Forest
	Clock clock.Clock
	Root  string // the province, whose communes are offered
	limit *httprate.RateLimiter
}

// New makes the pages; one network address may ask for perWindow letters in ten minutes, 0 is no limit.
func New(p Pages, perWindow int) *Pages {
	if perWindow > 0 {
		p.limit = httprate.NewRateLimiter(perWindow, 10*time.Minute)
	}
	return &p
}

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+alert.Path, p.ask)
	r.Public("POST "+alert.Path, p.subscribe)
	r.Public("GET "+alert.Path+"/{token}", p.manage)
	r.Public("POST "+alert.Path+"/{token}", p.confirm)
	r.Public("POST "+alert.Path+"/{token}/nhip", p.pace)
	r.Public("GET "+alert.Path+"/{token}/thoi", p.manage)
	r.Public("POST "+alert.Path+"/{token}/thoi", p.stop)
}

type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

// askView is the form.
type askView struct {
	Typed      url.Values
	Units      []ui.Option
	Categories []ui.Option
	Enabled    bool
	Sent       bool
	Err        error
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.render(w, r, http.StatusOK, url.Values{"unit": {q.Get("don_vi")}, "category": {q.Get("linh_vuc")}}, q.Get("gui") != "", nil)
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, typed url.Values, sent bool, refused error) error {
	ctx := r.Context()
	v := askView{Typed: typed, Enabled: p.S.Enabled(), Sent: sent, Err: refused}
	f, today := p.Units(), clock.DateOf(p.Clock.Now())
	v.Units = []ui.Option{{Value: "", Text: i18n.T(ctx, "alert.everywhere"), Selected: typed.Get("unit") == ""}}
	for _, u := range f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, p.Root, today) {
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == typed.Get("unit") || u.Slug == typed.Get("unit")})
	}
	v.Categories = []ui.Option{{Value: "", Text: i18n.T(ctx, "alert.all_categories"), Selected: typed.Get("category") == ""}}
	book, err := p.S.Matters.Book(ctx)
	if err != nil {
		return err
	}
	for _, s := range book.Offered() {
		v.Categories = append(v.Categories, ui.Option{Value: s.Code, Text: s.Name(words{ctx}, i18n.Lang(ctx)), Selected: s.Code == typed.Get("category")})
	}
	return web.Render(w, r, status, askPage(v))
}

func (p *Pages) subscribe(w http.ResponseWriter, r *http.Request) error {
	if p.limit != nil && p.limit.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "alert.too_many")
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
	}
	f := r.PostForm
	if f.Get("website") == "" { // what only a program fills in
		err := p.S.Subscribe(r.Context(), alert.Wish{Email: f.Get("email"), UnitID: f.Get("unit"), Category: f.Get("category"), Daily: f.Get("pace") != "now", Lang: i18n.Lang(r.Context())})
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			return p.render(w, r, web.Status(fault.KindOf(err)), f, false, err)
		}
		if err != nil {
			return err
		}
	}
	return web.SeeOther(w, r, alert.Path+"?gui=1")
}

// manageView is the page of one subscription.
type manageView struct {
	alert.Subscription
	About  string
	Base   string
	Notice string
	Gone   bool
}

func (p *Pages) manage(w http.ResponseWriter, r *http.Request) error { return p.show(w, r, "") }

func (p *Pages) show(w http.ResponseWriter, r *http.Request, notice string) error {
	ctx := r.Context()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address of this page is its key
	sub, err := p.S.ByToken(ctx, r.PathValue("token"))
	if fault.Is(err, fault.NotFound) {
		return web.Render(w, r, http.StatusNotFound, managePage(manageView{Gone: true}))
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, managePage(manageView{Subscription: sub, About: p.S.Place(ctx, words{ctx}, i18n.Lang(ctx), sub.UnitID, sub.Category), Base: alert.Path + "/" + r.PathValue("token"), Notice: notice}))
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	err := p.S.Confirm(r.Context(), r.PathValue("token"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return p.show(w, r, "alert.done.confirmed")
}

func (p *Pages) pace(w http.ResponseWriter, r *http.Request) error {
	err := p.S.SetPace(r.Context(), r.PathValue("token"), r.PostFormValue("pace") != "now")
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return p.show(w, r, "alert.done.pace")
}

// stop ends the letters: by the button of the page, or by the one click that a mail program sends for its reader (RFC 8058).
func (p *Pages) stop(w http.ResponseWriter, r *http.Request) error {
	if err := p.S.Stop(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, http.StatusOK, stoppedPage())
}

func paceOptions(ctx context.Context, daily bool) []ui.Option {
	return []ui.Option{{Value: "daily", Text: i18n.T(ctx, "alert.pace_daily"), Selected: daily}, {Value: "now", Text: i18n.T(ctx, "alert.pace_now"), Selected: !daily}}
}
