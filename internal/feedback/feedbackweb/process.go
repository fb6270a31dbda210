package feedbackweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/triage"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// processRoutes adds what officials do to the course of a case: pauses, parts, categories, bodies outside, bulk routing, and
// the texts they keep.
func (p *Pages) processRoutes(rt *web.Routes) {
	rt.Public("POST /vu-viec/{code}/bo-sung", p.supply)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tam-dung", p.pause)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/chay-tiep", p.resume)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tach", p.split)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/linh-vuc", p.categorise)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/hoi-co-quan", p.askBody)
	rt.Can("POST /lam-viec/vu-viec/chuyen-nhieu", feedback.ActionWork, p.routeMany)
	rt.Can("GET /lam-viec/cau-mau", feedback.ActionTake, p.phrases)
	rt.Can("POST /lam-viec/cau-mau", feedback.ActionTake, p.savePhrase)
	rt.Can("POST /lam-viec/cau-mau/{id}/xoa", feedback.ActionTake, p.dropPhrase)
}

// course is what routing, triage and saved texts say about a case, for its page.
type course struct {
	Suggestion routing.Suggestion
	Suggested  bool
	To         string // who should answer, by name
	Why        string // the reasons in a sentence
	Categories []ui.Option
	Category   string // the name of the decided one
	Bodies     []ui.Option
	Asks       []routing.Ask
	Masked     string // the text as a body outside would read it
	Link       string // the fresh link to a body outside, shown once
	Kind       triage.Suggestion
	KindDoubt  bool // the words speak for another kind than the one decided
	Mixed      []feedback.Kind
	Dangers    []triage.Danger
	Phrases    []phrase.Text
	PauseDays  []ui.Option
}

// gatherCourse asks routing, triage and the saved texts.
func (p *Pages) gatherCourse(r *http.Request, actor identity.Actor, v *dossierView) error {
	ctx := r.Context()
	c := v.Case
	x := &v.Course
	if c.State.Open() {
		x.Kind, x.Mixed, x.Dangers = triage.Kind(c.Text), triage.Mixed(c.Text), triage.Dangers(c.Text)
		x.KindDoubt = len(x.Kind.Words) > 0 && x.Kind.Kind != c.Kind && !c.Kind.Secret()
	}
	for _, n := range []int{3, 5, 10, feedback.MaxPauseDays} {
		x.PauseDays = append(x.PauseDays, ui.Option{Value: strconv.Itoa(n), Text: i18n.T(ctx, "feedback.process.days", "Days", n)})
	}
	if p.rooms.Phrases != nil && v.CanWork && c.State.Allows(feedback.StepSubmit) && p.s.Authz.CanSomewhere(actor, feedback.ActionTake) {
		if err := p.gatherPhrases(ctx, actor, v, r.URL.Query().Get("mau")); err != nil {
			return err
		}
	}
	if p.rooms.Routing == nil || c.Kind.Secret() {
		return nil
	}
	return p.gatherRouting(ctx, actor, v)
}

// gatherPhrases lists the saved texts and puts the chosen one behind what stands in the draft.
func (p *Pages) gatherPhrases(ctx context.Context, actor identity.Actor, v *dossierView, chosen string) (err error) {
	if v.Course.Phrases, err = p.rooms.Phrases.Of(ctx, actor, v.Case.HolderUnitID); err != nil || v.Act == "tra-loi" {
		return err
	}
	for _, t := range v.Course.Phrases {
		if t.ID == chosen && !strings.Contains(v.Extra.Reply.Text, t.Body) {
			v.Extra.Reply.Text = strings.TrimSpace(v.Extra.Reply.Text + "\n\n" + t.Body)
		}
	}
	return nil
}

func (p *Pages) gatherRouting(ctx context.Context, actor identity.Actor, v *dossierView) error {
	x, s := &v.Course, p.rooms.Routing
	cats, err := s.Categories(ctx)
	if err != nil {
		return err
	}
	x.Categories = []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.process.no_category")}}
	for _, c := range cats {
		if c.Code == v.Case.Category {
			x.Category = c.Name(i18n.Lang(ctx))
		}
		if c.Active || c.Code == v.Case.Category {
			x.Categories = append(x.Categories, ui.Option{Value: c.Code, Text: c.Name(i18n.Lang(ctx))})
		}
	}
	if x.Asks, err = s.Asks(ctx, actor, v.Case); err != nil {
		return err
	}
	if !v.CanWork || !v.Case.State.Allows(feedback.StepRoute) {
		return nil
	}
	x.Masked = masking.Mask(v.Case.Text, func(k masking.Kind) string { return i18n.T(ctx, "feedback.found."+string(k)) })
	bodies, err := s.Bodies(ctx, v.Case.HolderUnitID)
	if err != nil {
		return err
	}
	for _, b := range bodies {
		x.Bodies = append(x.Bodies, ui.Option{Value: b.ID, Text: b.Name, Hint: b.Email})
	}
	if x.Suggestion, x.Suggested, err = s.Suggest(ctx, actor, v.Case); err != nil || !x.Suggested {
		return err
	}
	p.explain(ctx, cats, v)
	return nil
}

// explain says in a sentence why the table points to whom.
func (p *Pages) explain(ctx context.Context, cats []routing.Category, v *dossierView) {
	x := &v.Course
	g := x.Suggestion
	name := g.Category
	for _, c := range cats {
		if c.Code == g.Category {
			name = c.Name(i18n.Lang(ctx))
		}
	}
	var why []string
	if g.Guessed && len(g.Words) > 0 {
		why = append(why, i18n.T(ctx, "feedback.process.why_words", "Category", name, "Words", strings.Join(g.Words, ", ")))
	} else if !g.Guessed {
		why = append(why, i18n.T(ctx, "feedback.process.why_category", "Category", name))
	}
	if g.PlaceID != "" {
		key := map[routing.PlaceBy]string{routing.ByPoint: "feedback.process.why_point", routing.ByWords: "feedback.process.why_words_place",
			routing.ByFormer: "feedback.process.why_former", routing.ByOrigin: "feedback.process.why_origin"}[g.PlaceBy]
		why = append(why, i18n.T(ctx, key, "Place", p.s.Unit(g.PlaceID).FullName, "Named", g.Named))
	}
	switch {
	case g.UnitID != "":
		x.To = p.unitName(ctx, g.UnitID)
	case g.Body != nil:
		x.To = g.Body.Name
	}
	if x.To != "" {
		why = append(why, g.Rule.Source)
	}
	x.Why = strings.Join(why, "; ")
}

func (p *Pages) supply(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	text := r.PostForm.Get("supply")
	c, err := p.s.Supply(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), text)
	if refusedForm(err) {
		return p.renderMine(w, r, web.Status(fault.KindOf(err)), err, text)
	}
	if err != nil {
		return p.missed(w, r, err)
	}
	return web.SeeOther(w, r, ui.WithFlash("/vu-viec/"+c.Code, "feedback.done.supplied"))
}

func (p *Pages) pause(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tam-dung", "feedback.done.paused", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		days, _ := strconv.Atoi(v.Get("days")) // what is no number is refused as out of range
		return p.s.Pause(ctx, a, caseID, v.Get("question"), days)
	})
}

func (p *Pages) resume(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "chay-tiep", "feedback.done.resumed", func(ctx context.Context, a identity.Actor, caseID string, _ url.Values) (feedback.Case, error) {
		return p.s.Resume(ctx, a, caseID)
	})
}

func (p *Pages) split(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tach", "feedback.done.split", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		if _, err := p.s.Split(ctx, a, caseID, feedback.Part{Kind: feedback.Kind(v.Get("kind")), Category: v.Get("category"), Text: v.Get("text")}, v.Get("reason")); err != nil {
			return feedback.Case{}, err
		}
		return p.s.Look(ctx, a, caseID)
	})
}

func (p *Pages) categorise(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "linh-vuc", "feedback.done.categorised", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Categorise(ctx, a, caseID, v.Get("category"), v.Get("reason"))
	})
}

// askBody asks a body outside; the link stands on the page once and is kept nowhere.
func (p *Pages) askBody(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	if p.rooms.Routing == nil {
		return fault.New(fault.NotFound, "feedback.case_not_found")
	}
	v := r.PostForm
	link, err := p.rooms.Routing.AskBody(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), v.Get("body"), v.Get("text"), v.Get("why"), v.Get("letter") != "")
	if refusedForm(err) {
		return p.renderDossier(w, r, web.Status(fault.KindOf(err)), dossierView{Act: "hoi-co-quan", Typed: v, Err: err})
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return p.renderDossier(w, r, http.StatusOK, dossierView{Course: course{Link: link}})
}

// bulkView is the page on which several cases are passed on with one reason.
type bulkView struct {
	Rows    []queueRow
	IDs     []string
	Query   string
	Targets []ui.Option
	Unit    string
	Reason  string
	Err     error
}

func (p *Pages) routeMany(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	if p.rooms.Routing == nil {
		return fault.New(fault.NotFound, "feedback.case_not_found")
	}
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	v := bulkView{IDs: r.PostForm["case"], Query: strings.TrimSpace(r.PostForm.Get("tim")), Unit: r.PostForm.Get("unit"), Reason: r.PostForm.Get("reason")}
	if len(v.IDs) > routing.MaxBulk {
		v.IDs = v.IDs[:routing.MaxBulk]
	}
	if r.PostForm.Get("go") == "send" {
		out, err := p.rooms.Routing.RouteMany(ctx, actor, v.IDs, v.Unit, v.Reason)
		if err == nil {
			done := "feedback.done.routed"
			if len(out.Refused) > 0 {
				done = "feedback.done.routed_some"
			}
			return web.SeeOther(w, r, ui.WithFlash("/lam-viec/vu-viec", done))
		}
		if !refusedForm(err) {
			return err
		}
		v.Err = err
	}
	return p.renderBulk(w, r, v)
}

func (p *Pages) renderBulk(w http.ResponseWriter, r *http.Request, v bulkView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	for _, caseID := range v.IDs {
		c, err := p.s.Look(ctx, actor, caseID)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, p.queueRow(ctx, c))
		if len(v.Targets) == 0 {
			v.Targets = p.targets(ctx, c, v.Query)
		}
	}
	status := http.StatusOK
	if v.Err != nil {
		status = web.Status(fault.KindOf(v.Err))
	}
	return web.Render(w, r, status, bulkPage(v))
}

// phrasesView is the texts that the actor's desks keep.
type phrasesView struct {
	List  []phraseRow
	Units []ui.Option
	Typed phrase.Text
	Err   error
}

type phraseRow struct {
	phrase.Text
	Unit string
}

func (p *Pages) phrases(w http.ResponseWriter, r *http.Request) error {
	return p.renderPhrases(w, r, http.StatusOK, phrasesView{})
}

func (p *Pages) renderPhrases(w http.ResponseWriter, r *http.Request, status int, v phrasesView) error {
	if p.rooms.Phrases == nil {
		return fault.New(fault.NotFound, "phrase.not_found")
	}
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	list, err := p.rooms.Phrases.Kept(ctx, actor)
	if err != nil {
		return err
	}
	for _, t := range list {
		v.List = append(v.List, phraseRow{t, p.unitName(ctx, t.UnitID)})
		if t.ID == r.URL.Query().Get("sua") && v.Err == nil {
			v.Typed = t
		}
	}
	for _, u := range p.s.Authz.Scope(actor, feedback.ActionTake) {
		v.Units = append(v.Units, ui.Option{Value: u, Text: p.unitName(ctx, u)})
	}
	return web.Render(w, r, status, phrasesPage(v))
}

func (p *Pages) savePhrase(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	if p.rooms.Phrases == nil {
		return fault.New(fault.NotFound, "phrase.not_found")
	}
	t := phrase.Text{ID: r.PostForm.Get("id"), UnitID: r.PostForm.Get("unit"), Title: r.PostForm.Get("title"), Body: r.PostForm.Get("body")}
	_, err := p.rooms.Phrases.Save(r.Context(), identity.ActorFrom(r.Context()), t)
	if refusedForm(err) {
		return p.renderPhrases(w, r, web.Status(fault.KindOf(err)), phrasesView{Typed: t, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash("/lam-viec/cau-mau", "feedback.done.phrase_saved"))
}

func (p *Pages) dropPhrase(w http.ResponseWriter, r *http.Request) error {
	if p.rooms.Phrases == nil {
		return fault.New(fault.NotFound, "phrase.not_found")
	}
	if err := p.rooms.Phrases.Drop(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash("/lam-viec/cau-mau", "feedback.done.phrase_dropped"))
}
