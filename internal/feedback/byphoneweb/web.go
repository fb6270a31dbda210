// Package byphoneweb is what people see of messages to their telephone: the tick on a form, the page on which a number is
// left or taken back, the page on which tracking codes are found again by a telephone number, and for officials what became
// of each message.
package byphoneweb

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// FindPath is where tracking codes are found again by a telephone number.
const FindPath = "/tra-cuu/so-dien-thoai"

// maxBody bounds a form, in bytes.
const maxBody = 8 << 10

// Pages are the screens.
type Pages struct {
	S     *byphone.Service
	limit *httprate.RateLimiter
}

// New makes the pages; one address may send perWindow forms in ten minutes, 0 is no limit.
func New(s *byphone.Service, perWindow int) *Pages {
	p := &Pages{S: s}
	if perWindow > 0 {
		p.limit = httprate.NewRateLimiter(perWindow, 10*time.Minute)
	}
	return p
}

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+FindPath, p.find)
	r.Public("POST "+FindPath, p.send)
	r.Public("POST "+FindPath+"/ma", p.show)
	r.Public("GET /vu-viec/{code}/zalo", p.wish)
	r.Public("POST /vu-viec/{code}/zalo", p.keep)
	r.Public("POST /vu-viec/{code}/thoi-zalo", p.stop)
}

// allow counts one form of the address the request came from.
func (p *Pages) allow(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if p.limit != nil && p.limit.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "byphone.slowly")
	}
	return nil
}

func caseHref(code string) string { return "/vu-viec/" + code }

// Line is what the page of a case says of messages to a telephone.
type Line struct {
	Code, Tail string
	Offered    bool
	Over       bool // the answer is there: the number is kept in case the matter is taken up again
}

// Line asks what the page of a case has to say, for whoever holds its code; unitID would send.
func (p *Pages) Line(ctx context.Context, code, unitID string) (l Line, err error) {
	l.Code = code
	if l.Tail, err = p.S.Tail(ctx, code); err != nil || l.Tail != "" {
		return l, err
	}
	l.Offered, err = p.S.Offered(ctx, unitID)
	return l, err
}

// wishView is the page on which a number is left with a case.
type wishView struct {
	Code, Tail, Phone string
	Err               error
}

func (p *Pages) wish(w http.ResponseWriter, r *http.Request) error {
	if err := p.allow(w, r); err != nil { // codes are not to be guessed here either
		return err
	}
	return p.renderWish(w, r, http.StatusOK, wishView{})
}

func (p *Pages) renderWish(w http.ResponseWriter, r *http.Request, status int, v wishView) error {
	code, err := p.S.Known(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	v.Code = code
	if v.Tail, err = p.S.Tail(r.Context(), code); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, wishPage(v))
}

func (p *Pages) keep(w http.ResponseWriter, r *http.Request) error {
	if err := p.allow(w, r); err != nil {
		return err
	}
	phone := r.PostFormValue("phone")
	err := p.S.Wish(r.Context(), r.PathValue("code"), phone)
	if fault.Is(err, fault.Invalid) {
		return p.renderWish(w, r, http.StatusUnprocessableEntity, wishView{Phone: phone, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(r.PathValue("code")), "byphone.done.kept"))
}

func (p *Pages) stop(w http.ResponseWriter, r *http.Request) error {
	if err := p.allow(w, r); err != nil {
		return err
	}
	if err := p.S.Stop(r.Context(), r.PathValue("code")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(r.PathValue("code")), "byphone.done.stopped"))
}

// findView is the page on which codes are found again.
type findView struct {
	Offered  bool
	Sent     bool
	CodeID   string
	Phone    string
	Err      error
	Answered bool
	List     []byphone.Mine
}

func (p *Pages) find(w http.ResponseWriter, r *http.Request) error {
	can, err := p.S.CodesOffered(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, findPage(findView{Offered: can}))
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request) error {
	if err := p.allow(w, r); err != nil {
		return err
	}
	v := findView{Offered: true, Phone: strings.TrimSpace(r.PostFormValue("phone")), Sent: true}
	w.Header().Set("Cache-Control", "no-store")
	var err error
	v.CodeID, err = p.S.SendCode(r.Context(), v.Phone, web.ClientIP(r))
	if fault.Is(err, fault.Invalid) {
		v.Err, v.Sent = err, false
		return web.Render(w, r, http.StatusUnprocessableEntity, findPage(v))
	}
	if err != nil {
		return err
	}
	if v.CodeID == "" {
		v.CodeID = id.New() // the page is the same for a number that nobody left
	}
	return web.Render(w, r, http.StatusOK, findPage(v))
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	if err := p.allow(w, r); err != nil {
		return err
	}
	v := findView{Offered: true, Sent: true, Phone: r.PostFormValue("phone"), CodeID: r.PostFormValue("id")}
	w.Header().Set("Cache-Control", "no-store")
	list, err := p.S.Find(r.Context(), v.CodeID, v.Phone, r.PostFormValue("code"))
	if fault.Is(err, fault.Invalid) {
		v.Err = err
		return web.Render(w, r, http.StatusUnprocessableEntity, findPage(v))
	}
	if err != nil {
		return err
	}
	v.List, v.Answered = list, true
	return web.Render(w, r, http.StatusOK, findPage(v))
}

// Office is what the page of a case shows officials of messages to telephones.
type Office struct {
	Waiting int
	List    []byphone.Told
}

// Office asks for it, for an official who may read the case.
func (p *Pages) Office(ctx context.Context, actor identity.Actor, caseID string) (o Office, err error) {
	if o.Waiting, err = p.S.Waiting(ctx, actor, caseID); err != nil {
		return o, err
	}
	o.List, err = p.S.OfCase(ctx, actor, caseID)
	return o, err
}

func tone(s notice.State) string {
	switch s {
	case notice.Arrived:
		return "ok"
	case notice.Sent:
		return "info"
	case notice.Failed:
		return "late"
	}
	return "wait"
}

func mineText(ctx context.Context, m byphone.Mine) string {
	return i18n.T(ctx, "byphone.mine_of", "Date", i18n.Date(m.Case.ReceivedAt), "State", i18n.T(ctx, "feedback.state."+string(m.Case.State)))
}

func lineText(ctx context.Context, l Line) string {
	if l.Over {
		return i18n.T(ctx, "byphone.again", "Tail", l.Tail)
	}
	return i18n.T(ctx, "byphone.will", "Tail", l.Tail)
}
