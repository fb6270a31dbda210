// Package loudspeakerweb draws the pages beside an approved post for those whom no channel reaches: the recording for the
// loudspeaker, the poster and the text message.
package loudspeakerweb

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts of the loudspeaker.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

const (
	posts   = "/lam-viec/tin-bai"
	base    = posts + "/{id}/loa"
	sheet   = "/ap-phich"
	message = "/tin-nhan"
	sounds  = "/am-thanh"
)

// formMax bounds a form, in bytes.
const formMax = 1 << 20

// Pages serves the pages of the loudspeaker.
type Pages struct {
	s *loudspeaker.Service
}

// New makes the pages of the service.
func New(s *loudspeaker.Service) *Pages { return &Pages{s} }

// Routes adds the pages. The right to read posts opens them; whether this post may be read, the use case decides.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET "+base, publish.ActRead, p.recordings)
	rt.Can("POST "+base, publish.ActRead, p.record)
	rt.Can("GET "+base+sounds+"/{recording}", publish.ActRead, p.sound)
	rt.Can("GET "+base+sheet, publish.ActRead, p.poster)
	rt.Can("GET "+base+sheet+".pdf", publish.ActRead, p.posterFile)
	rt.Can("GET "+base+message, publish.ActRead, p.message)
	rt.Can("POST "+base+message, publish.ActRead, p.message)
	rt.Public("GET "+loudspeaker.CodePath+"{code}", p.follow)
}

func post(d loudspeaker.Desk) string { return posts + "/" + d.Post.ID }

// href is the address of a page of the desk, for its unit.
func href(d loudspeaker.Desk, page string) string {
	return post(d) + "/loa" + page + "?" + url.Values{"don_vi": {d.Unit.ID}}.Encode()
}

// deskView is what all three pages draw around their own.
type deskView struct {
	loudspeaker.Desk
	Tab   string // "", sheet or message
	Units []ui.Option
}

// open reads the desk; the unit stands in the address.
func (p *Pages) open(r *http.Request, tab string) (deskView, error) {
	d, err := p.s.Open(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.URL.Query().Get("don_vi"))
	if err != nil {
		return deskView{}, err
	}
	v := deskView{Desk: d, Tab: tab}
	for _, u := range d.Approved.Units {
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == d.Unit.ID})
	}
	return v, nil
}

func (v deskView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, t := range []struct{ page, key string }{{"", "loudspeaker.tab.sound"}, {sheet, "loudspeaker.tab.poster"}, {message, "loudspeaker.tab.message"}} {
		out = append(out, ui.Tab{Text: i18n.T(ctx, t.key), Href: href(v.Desk, t.page), Active: t.page == v.Tab})
	}
	return out
}

func (v deskView) crumbs(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: i18n.T(ctx, "loudspeaker.posts"), Href: posts}, {Text: v.Words.Title, Href: post(v.Desk)}}
}

// take is one recording on the page.
type take struct {
	loudspeaker.Recording
	Href, Download string
	Tone, StateIs  string
	Length         string
	Remark         string // why it failed, or what is unusual about it
}

// soundView is what the page of recordings draws.
type soundView struct {
	deskView
	Script string // in the form
	Spoken string
	Words  int
	Takes  []take
	Err    error
}

func (p *Pages) recordings(w http.ResponseWriter, r *http.Request) error {
	return p.showSound(w, r, http.StatusOK, "", nil)
}

// showSound draws the page; typed is what stood in the form, "" for the proposal.
func (p *Pages) showSound(w http.ResponseWriter, r *http.Request, status int, typed string, refusal error) error {
	ctx := r.Context()
	d, err := p.open(r, "")
	if err != nil {
		return err
	}
	v := soundView{deskView: d, Script: typed, Err: refusal}
	if typed == "" && refusal == nil {
		v.Script = d.Script
	}
	v.Spoken, v.Words = loudspeaker.Spoken(v.Script), loudspeaker.SpokenWords(v.Script)
	for _, x := range d.Recordings {
		v.Takes = append(v.Takes, showTake(ctx, d.Desk, x))
	}
	return web.Render(w, r, status, soundPage(v))
}

func showTake(ctx context.Context, d loudspeaker.Desk, x loudspeaker.Recording) take {
	t := take{Recording: x, Tone: "wait", StateIs: i18n.T(ctx, "loudspeaker.state."+string(x.State))}
	switch x.State {
	case loudspeaker.StateFailed:
		t.Tone, t.Remark = "late", i18n.T(ctx, x.Reason)
	case loudspeaker.StateReady:
		t.Tone = "ok"
		t.Href = post(d) + "/loa" + sounds + "/" + x.ID
		t.Download = t.Href + "?tai=1"
		t.Length = fmt.Sprintf("%d:%02d", x.Seconds/60, x.Seconds%60)
		switch {
		case x.Version != d.Version:
			t.Tone, t.Remark = "late", i18n.T(ctx, "loudspeaker.remark.old")
		case x.Seconds < loudspeaker.ShortSeconds:
			t.Remark = i18n.T(ctx, "loudspeaker.remark.short", "N", loudspeaker.ShortSeconds)
		case x.Seconds > loudspeaker.LongSeconds:
			t.Remark = i18n.T(ctx, "loudspeaker.remark.long", "N", loudspeaker.LongSeconds)
		}
	}
	return t
}

// seconds is how often the page looks again while something is being made; 0: never.
func (v soundView) seconds() int {
	if v.Busy() {
		return 2
	}
	return 0
}

func (p *Pages) record(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formMax)
	if err := r.ParseForm(); err != nil {
		return err
	}
	typed := r.PostForm.Get("script")
	if r.PostForm.Get("act") == "listen" {
		return p.showSound(w, r, http.StatusOK, typed, nil)
	}
	rec, err := p.s.Record(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.URL.Query().Get("don_vi"), typed)
	switch k := fault.KindOf(err); {
	case err == nil:
		to := posts + "/" + rec.PostID + "/loa?" + url.Values{"don_vi": {rec.UnitID}}.Encode()
		return web.SeeOther(w, r, ui.WithFlash(to, "loudspeaker.asked")+"#ghi")
	case k == fault.Invalid || k == fault.Conflict:
		return p.showSound(w, r, web.Status(k), typed, err)
	}
	return err
}

func (p *Pages) sound(w http.ResponseWriter, r *http.Request) error {
	rec, sound, err := p.s.Sound(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("recording"))
	if err != nil {
		return err
	}
	name := "loa-" + string(clock.DateOf(rec.CreatedAt)) + "." + rec.Format
	w.Header().Set("Content-Type", loudspeaker.MIME(rec.Format))
	if r.URL.Query().Get("tai") != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(sound))
	return nil
}

func (p *Pages) poster(w http.ResponseWriter, r *http.Request) error {
	v, err := p.open(r, sheet)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, posterPage(v))
}

func (p *Pages) posterFile(w http.ResponseWriter, r *http.Request) error {
	pdf, ap, err := p.s.Poster(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.URL.Query().Get("don_vi"))
	if err != nil {
		return err
	}
	name := vntext.Slug(vntext.Truncate(ap.Words.Title, 60))
	if name == "" {
		name = ap.Post.ID
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="ap-phich-`+name+`.pdf"`)
	_, err = w.Write(pdf)
	return err
}

// messageView is what the page of text messages draws.
type messageView struct {
	deskView
	Plain, Accented loudspeaker.SMS
}

func (p *Pages) message(w http.ResponseWriter, r *http.Request) error {
	v, err := p.open(r, message)
	if err != nil {
		return err
	}
	plain, accented := v.Desk.Plain, v.Desk.Accented
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, formMax)
		if err := r.ParseForm(); err != nil {
			return err
		}
		plain, accented = loudspeaker.Fold(r.PostForm.Get("plain")), vntext.NFC(r.PostForm.Get("accented"))
	}
	return web.Render(w, r, http.StatusOK, messagePage(messageView{v, loudspeaker.Weigh(plain), loudspeaker.Weigh(accented)}))
}

// weight says how much of how many messages a text takes.
func weight(ctx context.Context, m loudspeaker.SMS) string {
	return i18n.T(ctx, "loudspeaker.sms.weight", "Used", m.Used, "Parts", m.Parts, "Room", m.Room)
}

// tooLong tells that the message without diacritics no longer is one message.
func tooLong(m loudspeaker.SMS) bool { return m.Parts > 1 }

func (p *Pages) follow(w http.ResponseWriter, r *http.Request) error {
	to, err := p.s.Follow(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, to)
}

func refusal(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}
