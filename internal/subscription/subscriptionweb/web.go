// Package subscriptionweb draws the pages of those who read along: the form by which anybody asks to be told by e-mail or in
// the browser, the page behind the link of every letter, where it is confirmed, changed and stopped; and for officials how
// many readers there are and what they were told. All but the door of the browser works without script.
package subscriptionweb

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the pages.
type Pages struct {
	S       *subscription.Service
	Units   func() *orgunit.Forest
	Clock   clock.Clock
	Root    string           // the province, whose communes are offered
	DNS     subscription.DNS // asked by the page of settings
	Returns string           // address of returned letters, "" when none is set
	limit   *httprate.RateLimiter
}

// New makes the pages; one network address may ask perWindow times in ten minutes, 0 is no limit.
func New(p Pages, perWindow int) *Pages {
	if perWindow > 0 {
		p.limit = httprate.NewRateLimiter(perWindow, 10*time.Minute)
	}
	return &p
}

// browserPath is where a browser subscribes, and movedPath where it tells of a new push address.
const (
	browserPath = subscription.Path + "/trinh-duyet"
	movedPath   = browserPath + "/doi"
)

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+subscription.Path, p.ask)
	r.Public("POST "+subscription.Path, p.subscribe)
	r.Public("POST "+browserPath, p.browser)
	r.Public("POST "+movedPath, p.moved)
	r.Public("POST "+phonePath, p.proved)
	r.Public("GET "+subscription.Path+"/{token}", p.manage)
	r.Public("POST "+subscription.Path+"/{token}", p.confirm)
	r.Public("POST "+subscription.Path+"/{token}/nhip", p.pace)
	r.Public("POST "+subscription.Path+"/{token}/them", p.choose)
	r.Public("POST "+subscription.Path+"/{token}/bo", p.drop)
	r.Public("GET "+subscription.Path+"/{token}/thoi", p.manage)
	r.Public("POST "+subscription.Path+"/{token}/thoi", p.stop)
	p.officeRoutes(r)
}

type words struct{ ctx context.Context }

// T implements subscription.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

// choiceView is the part of a form that chooses topics.
type choiceView struct {
	Kinds    []ui.Option
	Units    []ui.Option
	Below    bool
	Subjects []subject
	Pace     subscription.Pace
	Err      error
}

// subject is the list of subjects of one kind.
type subject struct {
	Kind    string
	Options []ui.Option
}

// askView is the form.
type askView struct {
	choiceView
	Email   string
	ByMail  bool
	Phone   string
	ByPhone bool
	PushKey string
	Sent    bool
}

// choice fills the form with what was typed.
func (p *Pages) choice(ctx context.Context, typed url.Values, err error) (choiceView, error) {
	v := choiceView{Below: typed.Get("below") != "", Pace: subscription.Pace(typed.Get("pace")), Err: err}
	if !slices.Contains(subscription.Paces[:], v.Pace) {
		v.Pace = subscription.Daily
	}
	for _, k := range p.S.Kinds() {
		v.Kinds = append(v.Kinds, ui.Option{Value: k, Text: i18n.T(ctx, "subscription.kind."+k), Selected: slices.Contains(typed["kind"], k)})
		list, err := p.S.Categories(ctx, k, words{ctx}, i18n.Lang(ctx))
		if err != nil {
			return v, err
		}
		s := subject{Kind: k, Options: []ui.Option{{Text: i18n.T(ctx, "subscription.all_categories"), Selected: typed.Get("category_"+k) == ""}}}
		for _, c := range list {
			s.Options = append(s.Options, ui.Option{Value: c.Code, Text: c.Name, Selected: c.Code == typed.Get("category_"+k)})
		}
		if len(list) > 0 {
			v.Subjects = append(v.Subjects, s)
		}
	}
	f, today := p.Units(), clock.DateOf(p.Clock.Now())
	want := typed.Get("unit")
	offered := f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, p.Root, today)
	if root, err := f.Unit(p.Root, today); err == nil {
		offered = append([]orgunit.Unit{root}, offered...)
	}
	known := false
	for _, u := range offered {
		here := want != "" && (u.ID == want || u.Slug == want)
		known = known || here
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: here})
	}
	if u, err := f.Unit(want, today); err == nil && !known { // an agency, or a residential area
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: true})
	}
	return v, nil
}

// topics reads what a form chose.
func topics(f url.Values) []subscription.Topic {
	var out []subscription.Topic
	for _, k := range f["kind"] {
		out = append(out, subscription.Topic{Kind: k, UnitID: f.Get("unit"), Below: f.Get("below") != "", Category: f.Get("category_" + k)})
	}
	return out
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	typed := url.Values{"unit": {q.Get("don_vi")}, "below": {"1"}, "kind": q["loai"], "category_answer": {q.Get("linh_vuc")}, "category_post": {q.Get("chuyen_muc")}}
	switch {
	case len(typed["kind"]) > 0:
	case q.Get("linh_vuc") != "":
		typed["kind"] = []string{"answer"}
	default:
		typed["kind"] = []string{"post", "answer"}
	}
	return p.form(w, r, http.StatusOK, typed, q.Get("gui") != "", nil)
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request, status int, typed url.Values, sent bool, refused error) error {
	c, err := p.choice(r.Context(), typed, refused)
	if err != nil {
		return err
	}
	v := askView{choiceView: c, Email: typed.Get("email"), ByMail: p.S.Enabled(subscription.Email), Phone: typed.Get("phone"), PushKey: p.S.PushKey(), Sent: sent}
	if _, v.ByPhone, err = p.S.PhoneOffer(r.Context()); err != nil {
		return err
	}
	return web.Render(w, r, status, askPage(v))
}

// read limits how often one network address asks, and reads the form.
func (p *Pages) read(w http.ResponseWriter, r *http.Request) error {
	if p.limit != nil && p.limit.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "subscription.too_many")
	}
	return parse(w, r)
}

func parse(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "subscription.form_broken").Because(err)
	}
	return nil
}

func (p *Pages) subscribe(w http.ResponseWriter, r *http.Request) error {
	if err := p.read(w, r); err != nil {
		return err
	}
	f := r.PostForm
	if f.Get("website") == "" && f.Get("go") == "zalo" {
		return p.byPhone(w, r)
	}
	if f.Get("website") == "" { // what only a program fills in
		err := p.S.Subscribe(r.Context(), subscription.Wish{Email: f.Get("email"), Topics: topics(f), Pace: subscription.Pace(f.Get("pace")), Lang: i18n.Lang(r.Context())})
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
			return p.form(w, r, web.Status(fault.KindOf(err)), f, false, err)
		}
		if err != nil {
			return err
		}
	}
	return web.SeeOther(w, r, subscription.Path+"?gui=1")
}

func subscriptionOf(f url.Values) webpush.Subscription {
	return webpush.Subscription{Endpoint: f.Get("endpoint"), P256dh: f.Get("p256dh"), Auth: f.Get("auth")}
}

// browser takes the wish of a browser; the answer is for the script of the page.
func (p *Pages) browser(w http.ResponseWriter, r *http.Request) error {
	if err := p.read(w, r); err != nil {
		return err
	}
	f := r.PostForm
	token, err := p.S.SubscribeBrowser(r.Context(), subscription.BrowserWish{Subscription: subscriptionOf(f), Topics: topics(f), Pace: subscription.Pace(f.Get("pace")), Lang: i18n.Lang(r.Context())})
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return answer(w, web.Status(fault.KindOf(err)), map[string]string{"error": said(r.Context(), err)})
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]string{"href": subscription.Path + "/" + token})
}

// said is the first sentence of a refusal.
func said(ctx context.Context, err error) string {
	if fs := web.Faults(err); len(fs) > 0 {
		return i18n.Fault(ctx, fs[0])
	}
	return i18n.T(ctx, "subscription.browser_failed")
}

func answer(w http.ResponseWriter, status int, x map[string]string) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(x)
}

// moved takes the new push address of a browser, from its service worker.
func (p *Pages) moved(w http.ResponseWriter, r *http.Request) error {
	if err := p.read(w, r); err != nil {
		return err
	}
	if err := p.S.MoveBrowser(r.Context(), r.PostForm.Get("old"), subscriptionOf(r.PostForm)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// manageView is the page of one reader.
type manageView struct {
	subscription.Reader
	Chosen []chosenLine
	Latest []subscription.Item // what they were told by telephone
	More   choiceView
	Base   string
	Notice string
	Gone   bool
}

// chosenLine is one topic in words.
type chosenLine struct {
	subscription.Chosen
	Text string
}

func (p *Pages) manage(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, "", url.Values{"below": {"1"}, "kind": {"post"}}, nil)
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, notice string, typed url.Values, refused error) error {
	ctx := r.Context()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address of this page is its key
	who, err := p.S.ByToken(ctx, r.PathValue("token"))
	if fault.Is(err, fault.NotFound) {
		return web.Render(w, r, http.StatusNotFound, managePage(manageView{Gone: true}))
	}
	if err != nil {
		return err
	}
	v := manageView{Reader: who, Base: subscription.Path + "/" + r.PathValue("token"), Notice: notice}
	for _, c := range who.Topics {
		v.Chosen = append(v.Chosen, chosenLine{c, p.S.Describe(ctx, words{ctx}, i18n.Lang(ctx), c.Topic)})
	}
	if who.Door == subscription.Zalo {
		if v.Latest, err = p.S.Latest(ctx, r.PathValue("token"), words{ctx}); err != nil {
			return err
		}
	}
	if v.More, err = p.choice(ctx, typed, refused); err != nil {
		return err
	}
	return web.Render(w, r, status, managePage(v))
}

func (p *Pages) done(w http.ResponseWriter, r *http.Request, err error, notice string) error {
	if fault.Is(err, fault.Invalid) {
		return p.show(w, r, http.StatusUnprocessableEntity, "", r.PostForm, err)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return p.show(w, r, http.StatusOK, notice, url.Values{"below": {"1"}, "kind": {"post"}}, nil)
}

func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	return p.done(w, r, p.S.Confirm(r.Context(), r.PathValue("token")), "subscription.done.confirmed")
}

func (p *Pages) pace(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	return p.done(w, r, p.S.SetPace(r.Context(), r.PathValue("token"), subscription.Pace(r.PostForm.Get("pace"))), "subscription.done.saved")
}

func (p *Pages) choose(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	return p.done(w, r, p.S.Choose(r.Context(), r.PathValue("token"), topics(r.PostForm)...), "subscription.done.saved")
}

func (p *Pages) drop(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	gone, err := p.S.Drop(r.Context(), r.PathValue("token"), r.PostForm.Get("muc"))
	if gone && err == nil {
		return p.stopped(w, r)
	}
	return p.done(w, r, err, "subscription.done.dropped")
}

// stop ends everything: by the button of the page, or by the one click that a mail program sends for its reader (RFC 8058).
func (p *Pages) stop(w http.ResponseWriter, r *http.Request) error {
	if err := p.S.Stop(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return p.stopped(w, r)
}

func (p *Pages) stopped(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, http.StatusOK, stoppedPage())
}

func paceOptions(ctx context.Context, now subscription.Pace) []ui.Option {
	var out []ui.Option
	for _, x := range subscription.Paces {
		out = append(out, ui.Option{Value: string(x), Text: i18n.T(ctx, "subscription.paces."+string(x)), Selected: x == now})
	}
	return out
}
