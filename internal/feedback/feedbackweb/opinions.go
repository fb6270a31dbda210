package feedbackweb

import (
	"net/http"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// opinionView is one opinion as the asked body, or the desk that asked, sees it.
type opinionView struct {
	opinionRow
	From     string
	Text     string // what was typed
	Source   string
	CaseHref string // "" for a body that may not read the case
	Err      error
}

func opinionHref(opinionID string) string { return "/lam-viec/y-kien/" + opinionID }

func (p *Pages) opinions(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	list, err := p.rooms.Opinion.Waiting(ctx, actor)
	if err != nil {
		return err
	}
	var rows []opinionView
	for _, o := range list {
		rows = append(rows, opinionView{opinionRow: opinionRow{Opinion: o, Body: p.unitName(ctx, o.UnitID), Late: o.Due < p.s.Today()}, From: p.unitName(ctx, o.FromUnitID)})
	}
	return web.Render(w, r, http.StatusOK, opinionsPage(rows))
}

func (p *Pages) opinion(w http.ResponseWriter, r *http.Request) error {
	return p.renderOpinion(w, r, http.StatusOK, "", "", nil)
}

func (p *Pages) renderOpinion(w http.ResponseWriter, r *http.Request, status int, text, source string, refused error) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	o, err := p.rooms.Opinion.Get(ctx, actor, r.PathValue("opinion"))
	if err != nil {
		return err
	}
	v := opinionView{opinionRow: opinionRow{Opinion: o, Body: p.unitName(ctx, o.UnitID), Late: !o.Given() && o.Due < p.s.Today(), Own: p.rooms.Opinion.CanGive(actor, o)},
		From: p.unitName(ctx, o.FromUnitID), Text: text, Source: source, Err: refused}
	if _, err := p.s.Look(ctx, actor, o.CaseID); err == nil {
		v.CaseHref = caseHref(o.CaseID)
	}
	return web.Render(w, r, status, opinionPage(v))
}

func (p *Pages) giveOpinion(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	text, source := r.PostFormValue("text"), r.PostFormValue("source")
	o, err := p.rooms.Opinion.Give(ctx, actor, r.PathValue("opinion"), text, source)
	if refusedForm(err) {
		return p.renderOpinion(w, r, web.Status(fault.KindOf(err)), text, source, err)
	}
	if err != nil {
		return err
	}
	to := opinionHref(o.ID)
	if !p.rooms.Opinion.CanGive(actor, o) {
		to = caseHref(o.CaseID)
	}
	return web.SeeOther(w, r, ui.WithFlash(to, "feedback.done.opinion"))
}

func (p *Pages) endOpinion(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	o, err := p.rooms.Opinion.Get(ctx, actor, r.PathValue("opinion"))
	if err != nil {
		return err
	}
	if err := p.rooms.Opinion.End(ctx, actor, o.ID); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(o.CaseID), "feedback.done.opinion_ended"))
}

// quoteOpinion writes a given opinion, with the name of the body, at the end of the draft.
func (p *Pages) quoteOpinion(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	o, err := p.rooms.Opinion.Get(ctx, actor, r.PathValue("opinion"))
	if err != nil {
		return err
	}
	if !o.Given() {
		return fault.New(fault.Conflict, "opinion.ended")
	}
	d, err := p.s.Dossier(ctx, actor, o.CaseID)
	if err != nil {
		return err
	}
	reply := feedback.Reply{}
	if a, ok := d.Pending(); ok {
		reply = feedback.Reply{Text: a.Text + "\n\n", Kind: a.Kind, Due: a.Due, Detail: a.Detail}
	}
	reply.Text += p.rooms.Opinion.Quote(o)
	if _, err := p.s.DraftReply(ctx, actor, o.CaseID, reply); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(o.CaseID), "feedback.done.quoted"))
}
