// Package localiseweb draws the pages on which a province gives its units time to add to a post, a commune writes its
// paragraph, and good stories go up.
package localiseweb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
)

// Catalogue holds the words of local parts and offers.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

const (
	posts = "/lam-viec/tin-bai"
	// Base is where the list stands; a unit's part stands at Base/<post>/<unit>.
	Base = "/lam-viec/ban-dia-phuong"
	// OfferBase is where offers are listed and decided.
	OfferBase = "/lam-viec/de-xuat-bai"
)

// formMax bounds a form with a picture, in bytes.
const formMax = picture.MaxBytes + 1<<20

// Pages serves the screens.
type Pages struct{ Service *localise.Service }

// Routes adds the screens. The right to read posts opens them; what may be done, the use case decides.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+posts+"/{id}/dia-phuong", publish.ActRead, p.progress)
	r.Can("POST "+posts+"/{id}/dia-phuong", publish.ActWrite, p.setWindow)
	r.Can("GET "+posts+"/{id}/de-xuat", publish.ActRead, p.offerForm)
	r.Can("POST "+posts+"/{id}/de-xuat", publish.ActWrite, p.offer)
	r.Can("POST "+posts+"/{id}/lay-ve", publish.ActWrite, p.takeUp)
	r.Can("GET "+Base, publish.ActRead, p.list)
	r.Can("GET "+Base+"/{id}/{unit}", publish.ActRead, p.desk)
	r.Can("POST "+Base+"/{id}/{unit}", publish.ActRead, p.act)
	r.Can("GET "+OfferBase, publish.ActRead, p.offers)
	r.Can("POST "+OfferBase+"/{id}/lay", publish.ActWrite, p.take)
	r.Can("POST "+OfferBase+"/{id}/tu-choi", publish.ActWrite, p.decline)
}

func refused(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Invalid || k == fault.Conflict || k == fault.TooLarge
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// stamp writes a day and an hour of the form into a moment; zero when no day is given.
func stamp(day, hour string) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	d, err := clock.ParseDate(day)
	if err != nil {
		return time.Time{}, fault.Field("day", "localise.day_bad").Because(err)
	}
	if hour == "" {
		hour = "17:00"
	}
	t, err := time.Parse("15:04", hour)
	if err != nil {
		return time.Time{}, fault.Field("hour", "localise.hour_bad").Because(fmt.Errorf("%q: %w", hour, err))
	}
	return d.Time().Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute).UTC(), nil
}

func partHref(postID, unitID string) string { return Base + "/" + postID + "/" + unitID }

func stateText(ctx context.Context, s localise.State) string {
	if s == localise.StateNone {
		return i18n.T(ctx, "localise.state.none")
	}
	return i18n.T(ctx, "localise.state."+string(s))
}

func stateTone(s localise.State) string {
	switch s {
	case localise.StateReady:
		return "ok"
	case localise.StateReview:
		return "wait"
	case localise.StateReturned:
		return "late"
	case localise.StateDraft:
		return "info"
	}
	return "mute"
}

func offerTone(s localise.OfferState) string {
	switch s {
	case localise.OfferUsed:
		return "ok"
	case localise.OfferTaken:
		return "info"
	case localise.OfferDeclined:
		return "mute"
	}
	return "wait"
}

// progressView is how far the units are with a post of those above.
type progressView struct {
	localise.Progress
	Post      publish.Post
	MaySet    bool
	Day, Hour string
	Now       time.Time
	Approval  bool
	Err       error
}

func (p *Pages) progress(w http.ResponseWriter, r *http.Request) error {
	return p.showProgress(w, r, http.StatusOK, nil)
}

func (p *Pages) showProgress(w http.ResponseWriter, r *http.Request, status int, refusal error) error {
	ctx := r.Context()
	a, id := identity.ActorFrom(ctx), r.PathValue("id")
	f, err := p.Service.Posts.Open(ctx, a, id)
	if err != nil {
		return err
	}
	v := progressView{Post: f.Post, Err: refusal, Now: p.Service.Clock.Now(), Approval: true}
	if v.Progress, err = p.Service.Progress(ctx, a, id); err != nil {
		return err
	}
	if !v.Until.IsZero() {
		v.Day, v.Hour, v.Approval = v.Until.In(clock.Vietnam).Format("2006-01-02"), v.Until.In(clock.Vietnam).Format("15:04"), v.Progress.Approval
	}
	if refusal != nil {
		v.Day, v.Hour, v.Approval = r.PostForm.Get("day"), r.PostForm.Get("hour"), r.PostForm.Get("approval") != ""
	}
	switch f.State {
	case publish.StateDraft, publish.StateReturned, publish.StateReview, publish.StateApproved:
		v.MaySet = f.Live == 0 && p.Service.Posts.Can(a, publish.ActWrite, f.Post)
	}
	return web.Render(w, r, status, progressPage(v))
}

func (p *Pages) setWindow(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f, id := r.PostForm, r.PathValue("id")
	until, err := stamp(f.Get("day"), f.Get("hour"))
	if err == nil {
		err = p.Service.SetWindow(r.Context(), identity.ActorFrom(r.Context()), id, until, f.Get("approval") != "")
	}
	if err != nil {
		if refused(err) {
			return p.showProgress(w, r, web.Status(fault.KindOf(err)), err)
		}
		return err
	}
	flash := "localise.window_saved"
	if until.IsZero() {
		flash = "localise.window_closed"
	}
	return web.SeeOther(w, r, ui.WithFlash(posts+"/"+url.PathEscape(id)+"/dia-phuong", flash))
}

// listView is what waits for the actor.
type listView struct {
	Tabs []ui.Tab
	Rows []workRow
}

type workRow struct {
	localise.Work
	Href, Unit, FromUnit string
}

func tabs(ctx context.Context, active string) []ui.Tab {
	return []ui.Tab{
		{Text: i18n.T(ctx, "localise.tab.work"), Href: Base, Active: active == Base},
		{Text: i18n.T(ctx, "localise.tab.incoming"), Href: OfferBase, Active: active == OfferBase},
		{Text: i18n.T(ctx, "localise.tab.outgoing"), Href: OfferBase + "?xem=gui", Active: active == "gui"},
	}
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.Service.Waiting(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	v := listView{Tabs: tabs(ctx, Base)}
	for _, x := range list {
		v.Rows = append(v.Rows, workRow{Work: x, Href: Href(x), Unit: p.Service.Posts.Unit(x.UnitID).FullName, FromUnit: p.Service.Posts.Unit(x.From).FullName})
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// Href is where a piece of work is done.
func Href(x localise.Work) string {
	if x.Kind == "offer" {
		return OfferBase
	}
	return partHref(x.PostID, x.UnitID)
}

// deskView is a unit's part with what was typed.
type deskView struct {
	localise.Desk
	PostID  string
	UnitID  string
	Typed   localise.Typed
	Reason  string
	Err     error
	Returns string // why it came back
}

func (v deskView) href() string { return partHref(v.PostID, v.UnitID) }

func (v deskView) timeline(ctx context.Context) []ui.TimelineItem {
	tones := map[string]string{"approve": "ok", "ready": "ok", "return": "late", "submit": "wait"}
	out := make([]ui.TimelineItem, len(v.History))
	for i, h := range v.History {
		tone := tones[h.What]
		if tone == "" {
			tone = "info"
		}
		out[i] = ui.TimelineItem{At: h.At, Title: i18n.T(ctx, "localise.step."+h.What), Text: h.Note, Who: h.ActorName, Tone: tone}
	}
	return out
}

func (p *Pages) desk(w http.ResponseWriter, r *http.Request) error {
	return p.showDesk(w, r, http.StatusOK, nil)
}

func (p *Pages) showDesk(w http.ResponseWriter, r *http.Request, status int, refusal error) error {
	ctx := r.Context()
	v := deskView{PostID: r.PathValue("id"), UnitID: r.PathValue("unit"), Err: refusal}
	var err error
	if v.Desk, err = p.Service.Desk(ctx, identity.ActorFrom(ctx), v.PostID, v.UnitID); err != nil {
		return err
	}
	v.Typed = localise.Typed{Words: v.Part.Words, Alt: v.Part.Picture.Alt}
	if refusal != nil && r.PostForm != nil {
		v.Reason = r.PostForm.Get("reason")
		if v.MayWrite {
			v.Typed = localise.Typed{Words: r.Form.Get("words"), Alt: r.Form.Get("alt"), Drop: r.Form.Get("drop") != ""}
		}
	}
	if v.Part.State == localise.StateReturned {
		for _, h := range v.History {
			if h.What == "return" {
				v.Returns = h.Note
				break
			}
		}
	}
	return web.Render(w, r, status, deskPage(v))
}

func (p *Pages) act(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formMax)
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(8 << 20)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return err
	}
	flash, err := p.do(r)
	if err != nil {
		if refused(err) {
			return p.showDesk(w, r, web.Status(fault.KindOf(err)), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(partHref(r.PathValue("id"), r.PathValue("unit")), flash))
}

// do carries out the button that was pressed and names the sentence that says so.
func (p *Pages) do(r *http.Request) (string, error) {
	ctx, f := r.Context(), r.Form
	a, id, unit, rev := identity.ActorFrom(ctx), r.PathValue("id"), r.PathValue("unit"), atoi(f.Get("rev"))
	switch f.Get("act") {
	case "as_is":
		_, err := p.Service.AsIs(ctx, a, id, unit, rev)
		return "localise.as_is_done", err
	case "approve":
		_, err := p.Service.Approve(ctx, a, id, unit, rev)
		return "localise.approved", err
	case "return":
		_, err := p.Service.Return(ctx, a, id, unit, rev, f.Get("reason"))
		return "localise.returned", err
	}
	var photo io.Reader
	file, _, err := r.FormFile("photo")
	switch {
	case err == nil:
		defer file.Close()
		photo = file
	case !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart):
		return "", err
	}
	submit := f.Get("act") == "submit"
	part, err := p.Service.Save(ctx, a, id, unit, rev, localise.Typed{Words: f.Get("words"), Alt: f.Get("alt"), Drop: f.Get("drop") != ""}, photo, submit)
	switch {
	case err != nil:
		return "", onField(err, "photo")
	case part.State == localise.StateReview:
		return "localise.submitted", nil
	case part.State == localise.StateReady:
		return "localise.ready", nil
	}
	return "localise.saved", nil
}

// onField ties a fault without a field (of the picture) to one of the form.
func onField(err error, field string) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Field == "" && (e.Kind == fault.Invalid || e.Kind == fault.TooLarge) {
		c := *e
		c.Field = field
		return &c
	}
	return err
}
