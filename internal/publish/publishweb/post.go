package publishweb

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// leftGroup is the units left out for one reason.
type leftGroup struct {
	Reason string
	Names  []string
}

// change is one part of a version that differs from the version before.
type change struct {
	Name   string
	Pieces []publish.Piece
}

// postView is what the page of one post draws.
type postView struct {
	publish.File
	Unit, Category string
	Tone, StateIs  string
	Targets        []string
	Pictures       []formPicture
	Film           *channel.Video
	Changes        []change
	Older          int // number of the version compared with; 0: none
	Plan           *publish.Plan
	Left           []leftGroup
	Timeline       []ui.TimelineItem
	MayApprove     bool
	WhyNot         string // why the actor may not approve what waits for approval
	CanWrite       bool
	CanRetract     bool
	CanComment     bool
	Err            error
	Typed          map[string]string // what was typed into the refused form
	Day, Hour      string
}

func (p *Pages) post(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, nil)
}

// show draws the page of a post; err is the refusal of a form on it.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, refusal error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	f, err := p.s.Open(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := postView{File: f, Unit: p.s.Unit(f.UnitID).FullName, Tone: stateTone(f.State), StateIs: stateText(ctx, f.State), Err: refusal,
		CanWrite: p.s.Can(a, publish.ActWrite, f.Post), CanRetract: p.s.Can(a, publish.ActRetract, f.Post), CanComment: p.s.Can(a, publish.ActComment, f.Post), Typed: map[string]string{}}
	if refusal != nil {
		for k := range r.PostForm {
			v.Typed[k] = r.PostForm.Get(k)
		}
	}
	names, err := p.categories(ctx)
	if err != nil {
		return err
	}
	for _, o := range names {
		if o.Value == f.Now.Category {
			v.Category = o.Text
		}
	}
	if err := p.judge(ctx, a, &v); err != nil {
		return err
	}
	if v.Targets, err = p.targetTexts(ctx, a, f.Now.Targets); err != nil {
		return err
	}
	v.Pictures = chosenPictures(f)
	if v.Film, err = p.s.Shown(ctx, a, f.ID); err != nil {
		return err
	}
	v.Changes, v.Older = changes(ctx, f)
	v.Timeline = timeline(ctx, f)
	return web.Render(w, r, status, postPage(v))
}

// judge works out what the actor may do about approval and, before publication, where the post would go.
func (p *Pages) judge(ctx context.Context, a identity.Actor, v *postView) error {
	switch v.State {
	case publish.StateReview, publish.StateApproved:
		err := p.s.MayApprove(ctx, a, v.Post, v.Now)
		v.MayApprove = err == nil
		var e *fault.Error
		if errors.As(err, &e) && e.Key != "identity.not_allowed" {
			v.WhyNot = i18n.Fault(ctx, e)
		}
	case publish.StateDraft, publish.StateReturned:
	default:
		return nil
	}
	pl, err := p.s.Plan(ctx, a, v.ID, time.Time{})
	if err != nil {
		return err
	}
	v.Plan, v.Left = &pl, leftGroups(ctx, pl)
	if !v.PublishAt.IsZero() && v.Live == 0 {
		v.Day, v.Hour = dayHour(v.PublishAt)
	}
	return nil
}

func leftGroups(ctx context.Context, pl publish.Plan) []leftGroup {
	var out []leftGroup
	for _, l := range pl.Left {
		text := i18n.T(ctx, "publish.reason."+string(l.Reason), "Kind", kindText(ctx, l.Kind), "Place", placeText(ctx, l.Place))
		i := slices.IndexFunc(out, func(g leftGroup) bool { return g.Reason == text })
		if i < 0 {
			i = len(out)
			out = append(out, leftGroup{Reason: text})
		}
		out[i].Names = append(out[i].Names, l.Unit.FullName)
	}
	return out
}

func placeText(ctx context.Context, place publish.Place) string {
	if place == "" {
		return ""
	}
	return i18n.T(ctx, "publish.place."+string(place))
}

func (p *Pages) targetTexts(ctx context.Context, a identity.Actor, ts []publish.Target) ([]string, error) {
	groups, err := p.s.Groups(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(ts))
	for i, t := range ts {
		name := p.s.Unit(t.Ref).FullName
		switch t.Kind {
		case publish.TargetSubtree:
			out[i] = i18n.T(ctx, "publish.target.subtree", "Unit", name)
		case publish.TargetLevel:
			out[i] = i18n.T(ctx, "publish.target.level_"+string(t.Level), "Unit", name)
		case publish.TargetGroup:
			out[i] = i18n.T(ctx, "publish.target.some_group")
			for _, g := range groups {
				if g.ID == t.Ref {
					out[i] = i18n.T(ctx, "publish.target.group", "Name", g.Name, "N", len(g.UnitIDs))
				}
			}
		default:
			out[i] = name
		}
	}
	return out, nil
}

func chosenPictures(f publish.File) []formPicture {
	var out []formPicture
	for _, ref := range f.Now.Pictures {
		for _, x := range f.Pictures {
			if x.ID == ref.ID {
				out = append(out, formPicture{ID: x.ID, URL: picture.URL(x.ID, x.Widths[0]), Width: x.Width, Height: x.Height, Alt: ref.Alt, Caption: ref.Caption})
			}
		}
	}
	return out
}

// changes compares the present version with the one before it, part by part; parts that are the same are left out.
func changes(ctx context.Context, f publish.File) ([]change, int) {
	old, ok := f.Before()
	if !ok {
		return nil, 0
	}
	var out []change
	add := func(name, a, b string) {
		if a != b {
			out = append(out, change{Name: name, Pieces: publish.Diff(a, b)})
		}
	}
	t := func(key string) string { return i18n.T(ctx, "publish.field."+key) }
	add(t("title"), old.Title, f.Now.Title)
	add(t("lead"), old.Lead, f.Now.Lead)
	add(t("body"), publish.BodyText(old.Body), publish.BodyText(f.Now.Body))
	for _, k := range publish.Kinds {
		a, b := old.For(k), f.Now.For(k)
		own := func(x string, from, to string) {
			if from != to && (a != old.Words || b != f.Now.Words) {
				add(t(x)+" – "+kindText(ctx, k), from, to)
			}
		}
		own("title", a.Title, b.Title)
		own("lead", a.Lead, b.Lead)
		own("body", publish.BodyText(a.Body), publish.BodyText(b.Body))
	}
	return out, old.Number
}

func timeline(ctx context.Context, f publish.File) []ui.TimelineItem {
	tones := map[string]string{"return": "late", "retract": "late", "canary_stuck": "late", "approve": "ok", "publish": "ok", "schedule": "ok", "release": "ok", "submit": "wait"}
	out := make([]ui.TimelineItem, 0, len(f.History))
	for i := len(f.History) - 1; i >= 0; i-- {
		h := f.History[i]
		who := h.ActorName
		if h.ActorID == "publish.canary" || h.ActorID == "publish.go_live" {
			who = i18n.T(ctx, "publish.the_house")
		}
		tone := tones[h.What]
		if tone == "" {
			tone = "info"
		}
		out = append(out, ui.TimelineItem{At: h.At, Title: i18n.T(ctx, "publish.step."+h.What, "Version", h.Version), Text: h.Note, Who: who, Tone: tone})
	}
	return out
}

// act wraps the forms on a post's page: a refusal shows the page again with what was typed.
func (p *Pages) act(do func(r *http.Request, a identity.Actor, postID string, rev int) (to, flash string, err error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			return err
		}
		to, flash, err := do(r, identity.ActorFrom(r.Context()), r.PathValue("id"), atoi(r.PostForm.Get("rev")))
		if err != nil {
			if refused(err) {
				return p.show(w, r, web.Status(fault.KindOf(err)), err)
			}
			return err
		}
		return web.SeeOther(w, r, ui.WithFlash(to, flash))
	}
}

func (p *Pages) doComment(r *http.Request, a identity.Actor, postID string, _ int) (string, string, error) {
	return href(postID, ""), "publish.commented", p.s.Comment(r.Context(), a, postID, r.PostForm.Get("comment"))
}

func (p *Pages) doReturn(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	_, err := p.s.Return(r.Context(), a, postID, rev, r.PostForm.Get("reason"))
	return href(postID, ""), "publish.returned", err
}

func approval(r *http.Request) (publish.Approval, error) {
	f := r.PostForm
	ap := publish.Approval{Mode: publish.Mode(f.Get("mode")), WantCanary: f.Get("canary") != "", Announce: f.Get("announce") != ""}
	if ap.Mode != publish.ModeAt {
		return ap, nil
	}
	at, err := stamp(f.Get("day"), f.Get("hour"))
	if err == nil && at.IsZero() {
		err = fault.Field("day", "publish.day_bad")
	}
	ap.At = at
	return ap, err
}

func (p *Pages) doApprove(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	ap, err := approval(r)
	if err != nil {
		return "", "", err
	}
	post, err := p.s.Approve(r.Context(), a, postID, rev, ap)
	return afterApproval(post, err)
}

func (p *Pages) doSchedule(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	ap, err := approval(r)
	if err != nil {
		return "", "", err
	}
	post, err := p.s.Schedule(r.Context(), a, postID, rev, ap)
	return afterApproval(post, err)
}

// afterApproval leads to the wall when something is on its way.
func afterApproval(post publish.Post, err error) (string, string, error) {
	switch post.State {
	case publish.StatePublished:
		return href(post.ID, "/luot-dang"), "publish.approved", err
	case publish.StateScheduled:
		return href(post.ID, ""), "publish.scheduled", err
	}
	return href(post.ID, ""), "publish.approved_held", err
}

func (p *Pages) doCorrect(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	_, err := p.s.Correct(r.Context(), a, postID, rev)
	return href(postID, "/sua"), "publish.correcting", err
}

func (p *Pages) doRetract(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	_, err := p.s.Retract(r.Context(), a, postID, rev, r.PostForm.Get("retract_reason"))
	var e *fault.Error
	if errors.As(err, &e) && e.Field == "reason" { // two forms on the page have a reason
		c := *e
		c.Field = "retract_reason"
		err = &c
	}
	return href(postID, "/luot-dang"), "publish.retracted", err
}

func (p *Pages) doDiscard(r *http.Request, a identity.Actor, postID string, rev int) (string, string, error) {
	post, err := p.s.Discard(r.Context(), a, postID, rev)
	if post.State == publish.StatePublished {
		return href(postID, ""), "publish.correction_dropped", err
	}
	return base, "publish.discarded", err
}

// previewView is one edition as one unit would get it.
type previewView struct {
	PostID, Title string
	Kind          channel.Kind
	Content       channel.Content
	Unit          string
	Units         []ui.Option
	Cover         *formPicture
}

func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	kind := channel.Kind(q.Get("kenh"))
	if !slices.Contains(publish.Kinds[:], kind) {
		kind = channel.Zalo
	}
	f, err := p.s.Open(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	c, u, err := p.s.Preview(ctx, a, f.ID, kind, q.Get("don_vi"))
	if err != nil {
		return err
	}
	v := previewView{PostID: f.ID, Title: f.Title, Kind: kind, Content: c, Unit: u.FullName}
	for _, x := range p.s.ReadUnits(a) {
		v.Units = append(v.Units, ui.Option{Value: x.ID, Text: x.FullName, Selected: x.ID == u.ID})
	}
	if ps := chosenPictures(f); len(ps) > 0 {
		v.Cover = &ps[0]
	}
	return web.Render(w, r, http.StatusOK, previewPage(v))
}

func dayHour(t time.Time) (day, hour string) {
	v := t.In(clock.Vietnam)
	return v.Format("2006-01-02"), v.Format("15:04")
}
