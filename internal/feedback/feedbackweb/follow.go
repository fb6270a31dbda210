package feedbackweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// offerRow is a question that says the same, as anybody may see it.
type offerRow struct {
	similar.Offer
	Unit    string
	Support int // who follows an open one
}

func truncateLine(text string, n int) string {
	return vntext.Truncate(strings.Join(strings.Fields(text), " "), n)
}

// suggest looks for questions like the text: answered ones everywhere, open ones in the unit.
func (p *Pages) suggest(ctx context.Context, in feedback.Intake, limit int) ([]offerRow, error) {
	if p.rooms.Similar == nil || in.Kind.Secret() || strings.TrimSpace(in.Text) == "" {
		return nil, nil
	}
	list, err := p.rooms.Similar.Suggest(ctx, in.Text, similar.Near{UnitID: in.UnitID, Lat: in.Place.Lat, Lon: in.Place.Lon}, limit)
	if err != nil {
		return nil, err
	}
	return p.offers(ctx, list)
}

func (p *Pages) offers(ctx context.Context, list []similar.Offer) ([]offerRow, error) {
	var open []string
	for _, o := range list {
		if o.State == similar.StateOpen {
			open = append(open, o.CaseID)
		}
	}
	support, err := p.rooms.Follow.Count(ctx, open)
	if err != nil {
		return nil, err
	}
	out := make([]offerRow, len(list))
	for i, o := range list {
		o.Summary = truncateLine(o.Summary, 160)
		out[i] = offerRow{Offer: o, Unit: p.unitName(ctx, o.UnitID), Support: support[o.CaseID]}
	}
	return out, nil
}

// suggestions answers the script of the form while somebody types: a piece of page with what was asked already.
func (p *Pages) suggestions(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxField)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	f := askFormOf(r.PostForm)
	rows, err := p.suggest(r.Context(), f.In, 4)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, http.StatusOK, offerList(rows, false))
}

// askFollow makes the person a follower of an open case instead of asking anew.
func (p *Pages) askFollow(w http.ResponseWriter, r *http.Request, caseID, nonce string) error {
	if err := allow(p.ask, w, r, "feedback.too_many_questions"); err != nil {
		return err
	}
	f, err := p.rooms.Follow.Follow(r.Context(), caseID, "portal:"+nonce+":"+caseID)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/vu-viec/"+f.Code+"?moi=1")
}

// openListView is the public list of open cases.
type openListView struct {
	UnitID, Unit string
	Rows         []offerRow
	Total        int
	Page         ui.Paging
	Nonce        string
	Narrow       answeredView // what the address narrows it to
}

func (p *Pages) openList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := openListView{UnitID: p.unitFrom(q.Get("don_vi")), Nonce: id.NewSecret()[:32]}
	v.Unit = p.unitName(ctx, v.UnitID)
	if err := p.narrowing(ctx, q, &v.Narrow); err != nil {
		return err
	}
	page := pageOf(q)
	f := v.Narrow.openOnes()
	f.UnitID, f.Page, f.Per = v.UnitID, page, answeredPer
	list, total, err := p.rooms.Similar.OpenList(ctx, f)
	if err != nil {
		return err
	}
	if v.Rows, err = p.offers(ctx, list); err != nil {
		return err
	}
	v.Total = total
	v.Page = ui.Paging{Page: page, Per: answeredPer, Total: total, Most: feedback.CountedTo, URL: func(n int) string { return pageURL("/dang-giai-quyet", q, n) }}
	r = r.WithContext(p.branded(ctx, v.UnitID))
	return web.Render(w, r, http.StatusOK, openListPage(v))
}

// branded puts the unit's name on top of the page.
func (p *Pages) branded(ctx context.Context, unitID string) context.Context {
	if unitID == "" || p.rooms.Brand == nil {
		return ctx
	}
	return p.rooms.Brand(ctx, unitID)
}

func (p *Pages) followOpen(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxField)
	nonce := r.PostFormValue("nonce")
	if len(nonce) != 32 {
		nonce = id.NewSecret()[:32]
	}
	return p.askFollow(w, r, r.PathValue("id"), nonce)
}

// followView is a case that somebody else asked, as a follower sees it.
type followView struct {
	follow.View
	New      bool
	URL      string
	Unit     string
	Status   string
	Promises []promiseRow
	Phone    byphoneweb.Line
}

// followed shows the case of a follower's code.
func (p *Pages) followed(w http.ResponseWriter, r *http.Request, code string) error {
	ctx := r.Context()
	v, err := p.rooms.Follow.ByCode(ctx, code)
	if err != nil {
		return err
	}
	fv := followView{View: v, New: r.URL.Query().Get("moi") != "", URL: p.s.CaseURL(v.Follower.Code), Unit: p.unitName(ctx, or(v.Lead.AnswerUnit, v.Lead.HolderID)), Status: p.leadStatus(ctx, v.Lead)}
	if fv.Phone, err = p.phoneLine(ctx, v.Follower.Code, feedback.Report, v.Lead.State.Open() && !v.Follower.Ended, v.Lead.HolderID); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, followPage(fv))
}

// leadStatus is the one sentence on how the case that answers others stands.
func (p *Pages) leadStatus(ctx context.Context, l feedback.Lead) string {
	c := feedback.Case{State: l.State, HolderUnitID: l.HolderID, Deadline: l.Deadline}
	return p.statusText(ctx, feedback.Mine{Case: c, DaysLeft: l.DaysLeft})
}

func (p *Pages) followEnd(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	if err := p.rooms.Follow.End(r.Context(), r.PathValue("code")); err != nil {
		return p.missed(w, r, err)
	}
	if p.rooms.Phone != nil { // who follows no longer is not written to either
		if err := p.rooms.Phone.S.Stop(r.Context(), r.PathValue("code")); err != nil {
			return err
		}
	}
	return web.SeeOther(w, r, ui.WithFlash("/vu-viec/"+url.PathEscape(r.PathValue("code")), "feedback.done.follow_ended"))
}

// surveySay keeps whether it has been done.
func (p *Pages) surveySay(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxField)
	result, _ := strconv.Atoi(r.PostFormValue("result"))
	err := p.rooms.Survey.Say(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), result, r.PostFormValue("comment"))
	if refusedForm(err) {
		return p.renderMine(w, r, web.Status(fault.KindOf(err)), err, "")
	}
	if err != nil {
		return p.missed(w, r, err)
	}
	return web.SeeOther(w, r, ui.WithFlash("/vu-viec/"+url.PathEscape(r.PathValue("code")), "feedback.done.surveyed"))
}

func surveyOptions(ctx context.Context, chosen int) []ui.Option {
	var out []ui.Option
	for n := 3; n >= 1; n-- {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Text: i18n.T(ctx, "feedback.survey."+strconv.Itoa(n)), Selected: n == chosen})
	}
	return out
}

func sizeText(n int64) string {
	if n < 1<<20 {
		return strconv.FormatInt(max(1, n>>10), 10) + " kB"
	}
	return strings.Replace(strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64), ".", ",", 1) + " MB"
}

func opinionTone(o opinionRow) string {
	switch {
	case o.Given():
		return "ok"
	case o.Ended:
		return "mute"
	case o.Late:
		return "late"
	}
	return "wait"
}

func opinionState(ctx context.Context, o opinionRow) string {
	switch {
	case o.Given():
		return i18n.T(ctx, "opinion.state_given", "Date", i18n.Date(o.AnsweredAt))
	case o.Ended:
		return i18n.T(ctx, "opinion.state_ended")
	case o.Late:
		return i18n.T(ctx, "opinion.state_late", "Date", o.Due.Vietnamese())
	}
	return i18n.T(ctx, "opinion.state_wait", "Date", o.Due.Vietnamese())
}

func answerKindOptions(ctx context.Context, chosen feedback.AnswerKind) []ui.Option {
	var out []ui.Option
	for _, k := range feedback.AnswerKinds {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "feedback.answer_kind."+string(k)), Selected: k == chosen})
	}
	return out
}

// dueText writes a day as people read it; "" for none or one that does not exist.
func dueText(d clock.Date) string {
	if !d.Valid() {
		return ""
	}
	return d.Vietnamese()
}

func keepOf(d promise.Pending) string {
	switch {
	case !d.Decided:
		return ""
	case d.Promise.State == promise.StateDismissed:
		return "0"
	}
	return "1"
}

func keepOptions(ctx context.Context, chosen string) []ui.Option {
	return []ui.Option{{Value: "1", Text: i18n.T(ctx, "promise.draft.yes"), Selected: chosen == "1"}, {Value: "0", Text: i18n.T(ctx, "promise.draft.no"), Selected: chosen == "0"}}
}

func decisionText(ctx context.Context, d promise.Pending) string {
	if d.Promise.State == promise.StateDismissed || !d.Decided {
		return i18n.T(ctx, "promise.draft.dismissed", "Sentence", d.Sentence, "Reason", d.Promise.Reason)
	}
	return i18n.T(ctx, "promise.draft.confirmed", "What", d.Promise.What, "Who", d.Promise.Who, "Date", dueText(d.Promise.Due))
}

// offerTitle says what the list holds: answers to read, or open cases to follow.
func offerTitle(ctx context.Context, rows []offerRow) string {
	if len(openOnes(rows)) == len(rows) {
		return i18n.T(ctx, "feedback.offer.same")
	}
	return i18n.T(ctx, "feedback.ask.similar")
}

// ofUnit narrows a public list to a unit; "" is everywhere.
func ofUnit(href, unitID string) string {
	if unitID == "" {
		return href
	}
	return href + "?don_vi=" + url.QueryEscape(unitID)
}
