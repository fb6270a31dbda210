package housingweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// houseView is the page of one house.
type houseView struct {
	housing.Dossier
	HouseholdHref string
	May           map[string]bool // by action
	Answers       *housing.Survey // when they were opened
	Person        *household.Person
	In            url.Values // of a refused form
	Form          string     // which form was refused
	Err           error
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.showHouse(w, r, houseView{})
}

func (p *Pages) showHouse(w http.ResponseWriter, r *http.Request, v houseView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	d, err := p.Service.Open(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.Dossier, v.May = d, map[string]bool{}
	for _, a := range []string{housing.ActionSurvey, housing.ActionApprove, housing.ActionRecord, housing.ActionPay} {
		v.May[a] = p.Service.Can(actor, a, d.Case)
	}
	v.May[household.ActionUnmask] = p.Service.Authz.Can(actor, household.ActionUnmask, identity.InUnit(d.UnitID))
	if p.Household != nil {
		v.HouseholdHref = p.Household(d.HouseholdID)
	}
	status := http.StatusOK
	if v.Err != nil {
		status = web.Status(fault.KindOf(v.Err))
	}
	if v.Answers != nil {
		w.Header().Set("Cache-Control", "no-store")
	}
	return web.Render(w, r, status, housePage(v))
}

// on is the refusal of one of the forms of the page.
func (v houseView) on(form string) error {
	if v.Form == form {
		return v.Err
	}
	return nil
}

// typed is what was typed into a refused form, or what stands there by itself.
func (v houseView) typed(form, field, otherwise string) string {
	if v.Form == form && v.In.Has(field) {
		return v.In.Get(field)
	}
	return otherwise
}

func (v houseView) may(step housing.Step, action string) bool {
	return v.State.May(step) && v.May[action]
}

// done answers a form of the page: back to the page, or the page with what is wrong.
func (p *Pages) done(w http.ResponseWriter, r *http.Request, form, flash string, err error) error {
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(Href(r.PathValue("id")), flash))
	}
	if !refused(err) {
		return err
	}
	return p.showHouse(w, r, houseView{Form: form, In: r.PostForm, Err: err})
}

func (p *Pages) readSurvey(w http.ResponseWriter, r *http.Request) error {
	s, person, err := p.Service.Read(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	if refused(err) {
		return p.showHouse(w, r, houseView{Form: "mo", In: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return p.showHouse(w, r, houseView{Answers: &s, Person: &person})
}

// amount reads an amount of a form; what is none is refused with the words of the money room.
func amount(bad *fault.Fields, field, s string) money.VND {
	v, err := money.Parse(s)
	if err != nil {
		for _, f := range web.Faults(err) {
			c := *f
			c.Field = field
			bad.Add(&c)
		}
	}
	return v
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	var bad fault.Fields
	d := housing.Decision{Source: housing.Source(f("source")), Donor: f("donor"), Amount: amount(&bad, "amount", f("amount")), DecisionNo: f("decision_no"), DecisionOn: dayOf(&bad, "decision_on", f("decision_on"))}
	version, _ := strconv.Atoi(f("version")) // what is no number is refused as an older one
	ctx, actor, caseID := r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")
	err := bad.OrNil()
	flash := "housing.approved_now"
	switch {
	case err != nil:
	case f("lai") == "1":
		flash = "housing.amended_now"
		_, err = p.Service.Amend(ctx, actor, caseID, max(version, 1), d, f("reason"))
	default:
		_, err = p.Service.Approve(ctx, actor, caseID, max(version, 1), d)
	}
	return p.done(w, r, "duyet", flash, err)
}

// step records what happens at the site: start, pause, resume, handover.
func (p *Pages) step(w http.ResponseWriter, r *http.Request) error {
	ctx, actor, caseID := r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")
	var bad fault.Fields
	day := func() clock.Date { return dayOf(&bad, "on", r.PostFormValue("on")) }
	step := housing.Step(r.PathValue("step"))
	var err error
	switch step {
	case housing.StepStart:
		if on := day(); bad.OrNil() == nil {
			_, err = p.Service.Start(ctx, actor, caseID, on)
		}
	case housing.StepHandOver:
		if on := day(); bad.OrNil() == nil {
			_, err = p.Service.HandOver(ctx, actor, caseID, on)
		}
	case housing.StepPause:
		_, err = p.Service.Pause(ctx, actor, caseID, r.PostFormValue("reason"))
	case housing.StepResume:
		_, err = p.Service.Resume(ctx, actor, caseID, r.PostFormValue("reason"))
	default:
		return fault.New(fault.NotFound, "housing.not_found")
	}
	if err == nil {
		err = bad.OrNil()
	}
	return p.done(w, r, string(step), "housing.step_done."+string(step), err)
}

// completionView is the form of the completion minutes.
type completionView struct {
	Case housing.Dossier
	In   url.Values
	Err  error
}

func (p *Pages) completion(w http.ResponseWriter, r *http.Request) error {
	return p.showCompletion(w, r, url.Values{"on": {p.Service.Today().Vietnamese()}}, nil)
}

func (p *Pages) showCompletion(w http.ResponseWriter, r *http.Request, in url.Values, refusal error) error {
	d, err := p.Service.Open(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	if in.Get("programme") == "" && refusal == nil {
		in.Set("programme", d.Amount.String())
	}
	status := http.StatusOK
	if refusal != nil {
		status = web.Status(fault.KindOf(refusal))
	}
	return web.Render(w, r, status, completionPage(completionView{Case: d, In: in, Err: refusal}))
}

func (p *Pages) complete(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	var bad fault.Fields
	c := housing.Completion{On: dayOf(&bad, "on", f("on")), Area: f("area"), Floor: f("floor") != "", Frame: f("frame") != "", Roof: f("roof") != "", Programme: amount(&bad, "programme", f("programme")), Note: f("note"),
		Members: attendees(f("members"))}
	for line := range strings.Lines(f("others")) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, sum, found := strings.Cut(line, ";")
		v, err := money.Parse(strings.TrimSpace(sum))
		if err != nil || !found {
			bad.Add(fault.Field("others", "housing.others_line").With("Line", strings.TrimSpace(line)))
			break
		}
		c.Others = append(c.Others, housing.OtherSource{Name: name, Amount: v})
	}
	err := bad.OrNil()
	if err == nil {
		_, err = p.Service.Complete(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), c)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(Href(r.PathValue("id")), "housing.completed_now"))
	}
	if !refused(err) {
		return err
	}
	return p.showCompletion(w, r, r.PostForm, err)
}

// attendees reads who signs, one person a line: "name; title".
func attendees(text string) []housing.Attendee {
	var out []housing.Attendee
	for line := range strings.Lines(text) {
		name, title, _ := strings.Cut(line, ";")
		if strings.TrimSpace(line) != "" {
			out = append(out, housing.Attendee{Name: name, Title: title})
		}
	}
	return out
}

// paymentView is the form of the money minutes.
type paymentView struct {
	Case housing.Dossier
	In   url.Values
	Err  error
}

func (p *Pages) payment(w http.ResponseWriter, r *http.Request) error {
	return p.showPayment(w, r, url.Values{"on": {p.Service.Today().Vietnamese()}}, nil)
}

func (p *Pages) showPayment(w http.ResponseWriter, r *http.Request, in url.Values, refusal error) error {
	d, err := p.Service.Open(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	if refusal == nil {
		in.Set("decision_no", d.DecisionNo)
		in.Set("amount", max(0, d.Amount-d.PaidAll()).String())
	}
	status := http.StatusOK
	if refusal != nil {
		status = web.Status(fault.KindOf(refusal))
	}
	return web.Render(w, r, status, paymentPage(paymentView{Case: d, In: in, Err: refusal}))
}

func (p *Pages) pay(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	var bad fault.Fields
	x := housing.Payment{On: dayOf(&bad, "on", f("on")), Amount: amount(&bad, "amount", f("amount")), DecisionNo: f("decision_no"),
		Parties: housing.Parties{Giver: f("giver"), GiverTitle: f("giver_title"), Receiver: f("receiver"), IDNumber: f("id_number"), IDDate: f("id_date"), IDPlace: f("id_place"), Witness: f("witness"),
			WitnessTitle: f("witness_title"), Purpose: f("purpose")}}
	err := bad.OrNil()
	if err == nil {
		_, err = p.Service.Pay(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), x)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(Href(r.PathValue("id")), "housing.paid_now"))
	}
	if !refused(err) {
		return err
	}
	return p.showPayment(w, r, r.PostForm, err)
}

func (p *Pages) reverse(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.Reverse(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("payment"), r.PostFormValue("reason"))
	return p.done(w, r, "huy", "housing.reversed_now", err)
}

func (p *Pages) bind(w http.ResponseWriter, r *http.Request) error {
	do, flash := p.Service.BindPayment, "housing.bound_now"
	if r.PostFormValue("go") == "1" {
		do, flash = p.Service.UnbindPayment, "housing.unbound_now"
	}
	err := do(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("source"), r.PostFormValue("source_id"))
	return p.done(w, r, "gan", flash, err)
}

func (p *Pages) addPhotos(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	ids, err := p.savePhotos(ctx, r, "photo", nil)
	if err == nil {
		var list []housing.NewPhoto
		for _, pid := range ids {
			list = append(list, housing.NewPhoto{PictureID: pid, Moment: housing.Moment(r.PostFormValue("moment")), Consent: r.PostFormValue("consent")})
		}
		err = p.Service.AddPhotos(ctx, identity.ActorFrom(ctx), r.PathValue("id"), list)
	}
	return p.done(w, r, "anh", "housing.photos_now", err)
}

func (p *Pages) dropPhoto(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.DropPhoto(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("photo"))
	return p.done(w, r, "anh", "housing.photo_gone", err)
}

func (p *Pages) photo(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Service.Photo(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("photo"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, no-store")
	_, err = w.Write(b)
	return err
}
