package feedbackweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func newSource() string { return "desk:" + id.NewSecret()[:32] }

// sourceOf accepts only what newSource made.
func sourceOf(s string) string {
	if len(s) == len("desk:")+32 && strings.HasPrefix(s, "desk:") {
		return s
	}
	return newSource()
}

// dossierView is a case with everything on one screen.
type dossierView struct {
	feedback.Dossier
	Holders []namedHolding
	Items   []ui.TimelineItem
	Now     time.Time
	Holder  string
	Origin  string
	Clock   string
	Tone    string
	Targets []ui.Option
	Query   string

	CanWork, CanApprove, CanPublish, CanUnmask bool
	Mine                                       bool // the pending answer is the reader's own
	Claimed                                    bool // the reader has taken the case on

	Act    string           // which form was refused: "tra-loi", "chuyen", …
	Typed  url.Values       // what was typed in it
	Person *feedback.Person // opened for this page only
	Extra  extra
	Course course
	Phones byphoneweb.Office
	Err    error
}

// on is the error of the form that was refused, nil for the others.
func (v dossierView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

// typed is what was typed into the refused form, else the stored value.
func (v dossierView) typed(act, field, stored string) string {
	if v.Act == act && v.Typed.Has(field) {
		return v.Typed.Get(field)
	}
	return stored
}

func (p *Pages) dossier(w http.ResponseWriter, r *http.Request) error {
	return p.renderDossier(w, r, http.StatusOK, dossierView{})
}

func (p *Pages) renderDossier(w http.ResponseWriter, r *http.Request, status int, v dossierView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	d, err := p.s.Dossier(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	c := d.Case
	row := p.queueRow(ctx, c)
	v.Dossier, v.Now, v.Holder, v.Origin, v.Clock, v.Tone = d, p.s.Clock.Now(), p.unitName(ctx, c.HolderUnitID), p.unitName(ctx, c.OriginUnitID), row.Clock, row.Tone
	v.Holders, v.Items = p.named(ctx, d.Chain), p.officeTimeline(ctx, d)
	v.CanWork = p.s.Can(actor, feedback.ActionWork, c)
	v.CanApprove = p.s.Can(actor, feedback.ActionApprove, c)
	v.CanPublish = p.s.Can(actor, feedback.ActionPublish, c)
	v.CanUnmask = p.s.Can(actor, feedback.ActionUnmask, c)
	v.Claimed = c.ClaimedBy == actor.ID
	if a, ok := d.Pending(); ok {
		v.Mine = a.AuthorID == actor.ID
	}
	v.Query = strings.TrimSpace(r.URL.Query().Get("tim"))
	if v.CanWork && c.State.Allows(feedback.StepRoute) {
		v.Targets = p.targets(ctx, c, v.Query)
	}
	if err := p.gather(ctx, actor, &v); err != nil {
		return err
	}
	if err := p.gatherCourse(r, actor, &v); err != nil {
		return err
	}
	if err := p.gatherPhone(ctx, actor, &v); err != nil {
		return err
	}
	return web.Render(w, r, status, dossierPage(v))
}

// officeTimeline is what officials see of the events: with names and notes.
func (p *Pages) officeTimeline(ctx context.Context, d feedback.Dossier) []ui.TimelineItem {
	notices := map[string]feedback.Notice{}
	for _, n := range d.Notices {
		notices[n.EventID] = n
	}
	var out []ui.TimelineItem
	for i := len(d.Events) - 1; i >= 0; i-- {
		e := d.Events[i]
		it := ui.TimelineItem{At: e.At, Who: e.ActorName, Title: i18n.T(ctx, "feedback.step."+string(e.Step), "Unit", p.unitName(ctx, or(e.ToUnitID, e.UnitID))), Text: e.Reason, Tone: stepTone(e.Step)}
		if e.Step == feedback.StepClassify {
			kind, why, _ := strings.Cut(e.Reason, "\n")
			it.Text = strings.TrimSpace(kindText(ctx, feedback.Kind(kind)) + "\n" + why)
		}
		if n, ok := notices[e.ID]; ok {
			it.Body = noticeLine(n)
		}
		out = append(out, it)
	}
	return out
}

func noticeTone(s feedback.NoticeState) string {
	switch s {
	case feedback.NoticeSent:
		return "ok"
	case feedback.NoticeFailed:
		return "late"
	}
	return "wait"
}

// targets offers where a case can go: agencies of the same place, the unit above, units that were searched for.
func (p *Pages) targets(ctx context.Context, c feedback.Case, query string) []ui.Option {
	today := p.s.Today()
	var units []orgunit.Unit
	if query != "" {
		for _, hit := range p.forest().Search(query, today, 12) {
			units = append(units, hit.Now...)
		}
	} else {
		for _, base := range []string{c.HolderUnitID, p.s.Unit(c.HolderUnitID).ParentID, c.OriginUnitID} {
			for _, kid := range p.forest().Children(base, today) {
				if kid.Kind == orgunit.KindAgency {
					units = append(units, kid)
				}
			}
			if base != "" {
				units = append(units, p.s.Unit(base))
			}
		}
	}
	var out []ui.Option
	seen := map[string]bool{c.HolderUnitID: true}
	for _, u := range units {
		if u.ID == "" || seen[u.ID] || !u.Stands(today) || len(out) == 20 {
			continue
		}
		seen[u.ID] = true
		o := ui.Option{Value: u.ID, Text: feedback.BodyName(words{ctx}, u)}
		if u.ParentID != "" {
			o.Hint = p.s.Unit(u.ParentID).FullName
		}
		out = append(out, o)
	}
	return out
}

// act runs one act on a case; a refused one shows the case again with what was typed and 422.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, name, done string, do func(ctx context.Context, actor identity.Actor, caseID string, v url.Values) (feedback.Case, error)) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	c, err := do(ctx, actor, r.PathValue("id"), r.PostForm)
	if refusedForm(err) {
		return p.renderDossier(w, r, web.Status(fault.KindOf(err)), dossierView{Act: name, Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	to := caseHref(r.PathValue("id"))
	if !p.s.Can(actor, feedback.ActionRead, c) { // it left the official's sight: routed away or turned secret
		to = "/lam-viec/vu-viec"
	}
	return web.SeeOther(w, r, ui.WithFlash(to, done))
}

func (p *Pages) claim(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "nhan", "feedback.done.claimed", func(ctx context.Context, a identity.Actor, caseID string, _ url.Values) (feedback.Case, error) {
		return p.s.Claim(ctx, a, caseID)
	})
}

func (p *Pages) classify(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "phan-loai", "feedback.done.classified", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Classify(ctx, a, caseID, feedback.Kind(v.Get("kind")), v.Get("reason"))
	})
}

func (p *Pages) route(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "chuyen", "feedback.done.routed", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Route(ctx, a, caseID, v.Get("unit"), v.Get("reason"))
	})
}

func (p *Pages) note(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "ghi-chu", "feedback.done.noted", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Note(ctx, a, caseID, v.Get("note"))
	})
}

func (p *Pages) refuse(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tu-choi", "feedback.done.refused", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		switch v.Get("ground") {
		case "not_ours":
			return p.s.RefuseNotOurs(ctx, a, caseID, v.Get("body"), v.Get("reason"))
		case "other":
			return p.s.Refuse(ctx, a, caseID, v.Get("reason"))
		}
		return feedback.Case{}, fault.Field("ground", "feedback.ground_required")
	})
}

// write keeps a draft or puts it forward, as the pressed button says.
func (p *Pages) write(w http.ResponseWriter, r *http.Request) error {
	done := "feedback.done.submitted"
	if r.PostFormValue("go") == "draft" {
		done = "feedback.done.drafted"
	}
	return p.act(w, r, "tra-loi", done, func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.reply(ctx, a, caseID, v)
	})
}

func (p *Pages) approve(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "duyet", "feedback.done.approved", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Approve(ctx, a, caseID, v.Get("answer_id"), v.Get("publish") != "")
	})
}

func (p *Pages) giveBack(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tra-lai", "feedback.done.returned", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.ReturnAnswer(ctx, a, caseID, v.Get("reason"))
	})
}

func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "go-bai", "feedback.done.withdrawn", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Withdraw(ctx, a, caseID, v.Get("reason"))
	})
}

// unmask shows the case once with the person's name and telephone; nothing of them stays in an address or a store.
func (p *Pages) unmask(w http.ResponseWriter, r *http.Request) error {
	who, err := p.s.Unmask(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	if refusedForm(err) {
		return p.renderDossier(w, r, web.Status(fault.KindOf(err)), dossierView{Act: "nguoi-gui", Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return p.renderDossier(w, r, http.StatusOK, dossierView{Person: &who})
}

// publishView is the masked copy that a person looks at before the public does.
type publishView struct {
	feedback.Dossier
	Copy  feedback.Copy
	Found []string // what the rules still find in the answer
	Err   error
}

func (p *Pages) publishForm(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := p.s.Dossier(ctx, identity.ActorFrom(ctx), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !feedback.Publishable(d.Case) || len(d.Answers) == 0 {
		return fault.New(fault.Conflict, "feedback.not_publishable")
	}
	say := func(k masking.Kind) string { return i18n.T(ctx, "feedback.found."+string(k)) }
	v := publishView{Dossier: d, Copy: feedback.ProposeCopy(d.Case, d.Answers[len(d.Answers)-1], say)}
	return web.Render(w, r, http.StatusOK, publishPage(v))
}

func (p *Pages) publish(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	actor := identity.ActorFrom(ctx)
	typed := feedback.Copy{Question: r.PostForm.Get("question"), Answer: r.PostForm.Get("answer"), Checked: r.PostForm.Get("checked") != ""}
	_, err := p.s.Publish(ctx, actor, r.PathValue("id"), typed)
	if fault.Is(err, fault.Invalid) {
		d, derr := p.s.Dossier(ctx, actor, r.PathValue("id"))
		if derr != nil {
			return derr
		}
		v := publishView{Dossier: d, Copy: typed, Err: err}
		answer := vntext.NFC(typed.Answer)
		for _, f := range masking.Find(answer) {
			v.Found = append(v.Found, answer[f.From:f.To])
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, publishPage(v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(r.PathValue("id")), "feedback.done.published"))
}

// slipView is the printed slip for a person at the counter: code, link, QR, deadline, and the answer once there is one.
type slipView struct {
	feedback.Dossier
	URL    string
	Unit   string
	Answer *feedback.Answer
}

func (p *Pages) slip(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := p.s.Dossier(ctx, identity.ActorFrom(ctx), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := slipView{Dossier: d, URL: p.s.CaseURL(d.Case.Code), Unit: p.unitName(ctx, d.Case.OriginUnitID)}
	for i := range d.Answers {
		if d.Answers[i].State == feedback.AnswerApproved {
			v.Answer = &d.Answers[i]
		}
	}
	return web.Render(w, r, http.StatusOK, slipPage(v))
}
