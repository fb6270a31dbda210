package feedbackweb

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	receiptfile "github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// track finds a case by its code: ?ma= as people type it.
func (p *Pages) track(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get("ma")
	if typed == "" {
		return web.Render(w, r, http.StatusOK, trackPage("", nil))
	}
	if err := p.mayLook(r); err != nil {
		return err
	}
	m, err := p.s.ByCode(r.Context(), identity.ActorFrom(r.Context()), typed)
	if err == nil {
		return web.SeeOther(w, r, "/vu-viec/"+m.Case.Code)
	}
	if fault.Is(err, fault.NotFound) && p.rooms.Follow != nil {
		if v, ferr := p.rooms.Follow.ByCode(r.Context(), typed); ferr == nil {
			return web.SeeOther(w, r, "/vu-viec/"+v.Follower.Code)
		}
	}
	err = p.missed(w, r, err)
	if fault.Is(err, fault.NotFound) {
		err = fault.Field("ma", "feedback.code_unknown")
	}
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, trackPage(vntext.Truncate(typed, 40), err))
}

// mineView is the page of one's own case.
type mineView struct {
	feedback.Mine
	Holders  []namedHolding
	New      bool
	URL      string
	Answer   string // the answer that stands now; "" while there is none
	Status   string
	Items    []ui.TimelineItem
	Now      time.Time
	CanRate  bool
	CanThank bool
	Reopen   bool
	Question string // what the citizen was asked last
	Err      error
	Why      string

	LeadUnit string
	Survey   survey.Answer
	Files    []attach.File
	Say      url.Values // what was typed into the survey
	Phone    byphoneweb.Line
}

func (p *Pages) mine(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	code := r.PathValue("code")
	if written, ok := id.ParseCode(code); ok && written != code {
		return web.SeeOther(w, r, "/vu-viec/"+written)
	}
	err := p.renderMine(w, r, http.StatusOK, nil, "")
	if fault.Is(err, fault.NotFound) && p.rooms.Follow != nil {
		err = p.followed(w, r, code) // perhaps the code of somebody who follows
	}
	return p.missed(w, r, err)
}

func (p *Pages) renderMine(w http.ResponseWriter, r *http.Request, status int, refused error, why string) error {
	ctx := r.Context()
	m, err := p.s.ByCode(ctx, identity.ActorFrom(ctx), r.PathValue("code"))
	if fault.Is(err, fault.Invalid) {
		err = fault.New(fault.NotFound, "feedback.case_not_found").Because(err)
	}
	if err != nil {
		return err
	}
	v := mineView{Mine: m, Holders: p.named(ctx, m.Chain), New: r.URL.Query().Get("moi") != "", URL: p.s.CaseURL(m.Case.Code), Err: refused, Why: why,
		Now: p.s.Clock.Now(), CanRate: m.Case.State.Allows(feedback.StepRate), CanThank: m.Case.State.Allows(feedback.StepThank), Reopen: m.Case.CanReopen(p.s.Clock.Now())}
	v.Status = p.statusText(ctx, m)
	if n := len(m.Answers); n > 0 && !m.Case.State.Open() && m.Case.State != feedback.StateRefused {
		v.Answer = m.Answers[n-1].Text
	}
	v.Items, v.Question = p.mineTimeline(ctx, m), question(m.Events)
	if err := p.gatherMine(ctx, r, &v); err != nil {
		return err
	}
	return web.Render(w, r, status, minePage(v))
}

// gatherMine adds what the rooms know: the case that answers this one, the files of the answer, the survey.
func (p *Pages) gatherMine(ctx context.Context, r *http.Request, v *mineView) error {
	if v.Lead != nil {
		v.Status = i18n.T(ctx, "feedback.status.merged_lead", "Status", p.leadStatus(ctx, *v.Lead))
		v.Answer, v.LeadUnit = v.Lead.Answer, p.unitName(ctx, v.Lead.AnswerUnit)
	}
	var err error
	if v.Phone, err = p.phoneLine(ctx, v.Case.Code, v.Case.Kind, v.Case.State.Open() || v.Lead != nil && v.Lead.State.Open(), v.Case.OriginUnitID); err != nil {
		return err
	}
	if p.rooms.Survey == nil || v.Case.Kind.Secret() {
		return nil
	}
	if r.Method == http.MethodPost {
		v.Say = r.PostForm
	}
	if v.Survey, err = p.rooms.Survey.Of(ctx, identity.ActorFrom(ctx), v.Case.Code); err != nil {
		return err
	}
	v.Files, err = p.rooms.Files.Given(ctx, identity.ActorFrom(ctx), v.Case.Code)
	return err
}

// statusText is the one sentence that says how the case stands.
func (p *Pages) statusText(ctx context.Context, m feedback.Mine) string {
	c := m.Case
	holder := p.unitName(ctx, c.HolderUnitID)
	if !c.State.Open() {
		return i18n.T(ctx, "feedback.status."+string(c.State), "Unit", holder)
	}
	switch {
	case c.Paused():
		return i18n.T(ctx, "feedback.status.paused", "Unit", holder, "Date", c.PausedUntil.Vietnamese())
	case m.DaysLeft < 0:
		return i18n.T(ctx, "feedback.status.late", "Unit", holder, "Days", -m.DaysLeft)
	case m.DaysLeft == 0:
		return i18n.T(ctx, "feedback.status.today", "Unit", holder)
	}
	return i18n.T(ctx, "feedback.status.waiting", "Unit", holder, "Days", m.DaysLeft)
}

// mineTimeline is what the citizen sees of the events: no names of officials, the answers in full.
func (p *Pages) mineTimeline(ctx context.Context, m feedback.Mine) []ui.TimelineItem {
	var out []ui.TimelineItem
	answer := 0
	for _, e := range m.Events {
		it := ui.TimelineItem{At: e.At, Title: i18n.T(ctx, "feedback.step."+string(e.Step), "Unit", p.unitName(ctx, or(e.ToUnitID, e.UnitID))), Text: e.Reason, Tone: stepTone(e.Step)}
		if e.Step == feedback.StepApprove && answer < len(m.Answers) {
			if answer < len(m.Answers)-1 || m.Case.State.Open() { // the one that stands now is shown above
				it.Body = paragraphs(m.Answers[answer].Text)
			}
			answer++
		}
		out = append(out, it)
	}
	if m.Case.State.Open() {
		out = append(out, ui.TimelineItem{Title: i18n.T(ctx, "feedback.step_due", "Date", m.Case.Deadline.Vietnamese()), Tone: "mute",
			Text: i18n.T(ctx, "feedback.step_due_source", "Days", m.Case.Days, "Source", m.Case.Source)})
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func stepTone(s feedback.Step) string {
	switch s {
	case feedback.StepApprove, feedback.StepThank, feedback.StepPublish:
		return "ok"
	case feedback.StepOverdue, feedback.StepReopen, feedback.StepReturn:
		return "late"
	case feedback.StepReceive, feedback.StepRoute, feedback.StepSubmit:
		return "info"
	}
	return "mute"
}

func (p *Pages) rate(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	rating, _ := strconv.Atoi(r.PostFormValue("rating"))
	c, err := p.s.Rate(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), rating, r.PostFormValue("go") == "thank")
	if refusedForm(err) {
		return p.renderMine(w, r, web.Status(fault.KindOf(err)), err, "")
	}
	if err != nil {
		return p.missed(w, r, err)
	}
	return web.SeeOther(w, r, ui.WithFlash("/vu-viec/"+c.Code, "feedback.done.rated"))
}

func (p *Pages) reopen(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	why := r.PostFormValue("reason")
	c, err := p.s.Reopen(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), why)
	if refusedForm(err) {
		return p.renderMine(w, r, web.Status(fault.KindOf(err)), err, why)
	}
	if err != nil {
		return p.missed(w, r, err)
	}
	return web.SeeOther(w, r, ui.WithFlash("/vu-viec/"+c.Code, "feedback.done.reopened"))
}

// receipt serves the receipt as a file that anybody can check without this house (docs/receipt.md).
func (p *Pages) receipt(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	m, err := p.s.ByCode(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"))
	if err != nil {
		return p.missed(w, r, err)
	}
	c := m.Case
	f := receiptfile.File{Form: receiptfile.Form, ID: c.ID, Code: c.Code, ReceivedAt: c.ReceivedAt.UTC().Format(time.RFC3339Nano), Text: c.Text, Salt: c.Receipt.Salt,
		TextHash: c.Receipt.TextHash, Leaf: c.Receipt.Leaf, Deadline: string(c.Deadline), Source: c.Source, LogKey: p.s.Log.VerificationKey()}
	if c.Receipt.Logged() {
		proof, err := feedback.ReadProof(c.Receipt)
		if err != nil {
			return err
		}
		f.Proof = &proof
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="bien-nhan-`+c.Code+`.json"`)
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(f)
}

// answeredPer is how many questions one page of the public list shows.
const answeredPer = 20

// answeredView is the public list.
type answeredView struct {
	Query  string
	UnitID string
	Unit   string
	Items  []ui.NewsItem
	Total  int
	Page   ui.Paging
	Taken  published.DaysTaken

	Place    string       // as it was typed
	Slug     string       // of the unit, as open data names it
	Nowhere  bool         // the place is not known
	Matters  open311.Book // what it can be narrowed to
	Category string       // code of a service of open data
	Year     int          // in which it was asked; 0 is every year
	This     int          // this year
}

func (p *Pages) answered(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := answeredView{Query: strings.TrimSpace(vntext.Truncate(q.Get("q"), 200)), UnitID: p.unitFrom(q.Get("don_vi"))}
	if err := p.narrowing(ctx, q, &v); err != nil {
		return err
	}
	v.Unit = p.unitName(ctx, v.UnitID)
	page := pageOf(q)
	list, total, err := p.list(ctx, &v, page)
	if err != nil {
		return err
	}
	if v.Taken, err = p.public.DaysTaken(ctx, v.UnitID); err != nil {
		return err
	}
	v.Total = total
	v.Page = ui.Paging{Page: page, Per: answeredPer, Total: total, Most: feedback.CountedTo, URL: func(n int) string { return pageURL("/hoi-dap", q, n) }}
	for _, a := range list {
		v.Items = append(v.Items, ui.NewsItem{Title: a.Title, Href: "/hoi-dap/" + a.ID, Text: vntext.Excerpt(a.Answer, v.Query, 160), Meta: p.answerMeta(ctx, a)})
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Render(w, r, http.StatusOK, answeredPage(v))
}

// answerMeta says who answered, when and how fast.
func (p *Pages) answerMeta(ctx context.Context, a feedback.Published) string {
	if a.Days == 0 {
		return i18n.T(ctx, "feedback.public.meta_same_day", "Unit", p.unitName(ctx, a.UnitID), "Date", i18n.Date(a.AnsweredAt))
	}
	return i18n.T(ctx, "feedback.public.meta", "Unit", p.unitName(ctx, a.UnitID), "Date", i18n.Date(a.AnsweredAt), "Days", a.Days)
}

// answerView is one published question with its answer.
type answerView struct {
	feedback.Published
	Unit, Meta, URL string
	Rated           string
}

func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := p.s.Public(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := answerView{Published: a, Unit: p.unitName(ctx, a.UnitID), Meta: p.answerMeta(ctx, a), URL: p.s.BaseURL + "/hoi-dap/" + a.ID}
	if a.Rating > 0 {
		v.Rated = i18n.T(ctx, "feedback.rating."+strconv.Itoa(a.Rating))
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Render(w, r, http.StatusOK, answerPage(v))
}

func pageOf(q url.Values) int {
	n, err := strconv.Atoi(q.Get("trang"))
	if err != nil || n < 1 || n > 100_000 {
		return 1
	}
	return n
}

// pageURL is the address of another page of the same list.
func pageURL(path string, q url.Values, n int) string {
	c := url.Values{}
	for k, v := range q {
		if k != "trang" && k != "ok" {
			c[k] = v
		}
	}
	if n > 1 {
		c.Set("trang", strconv.Itoa(n))
	}
	return withQuery(path, c)
}

// refresh asks the browser to look again after five seconds, while the receipt is being written into the log.
func refresh(again bool) templ.Component {
	if !again {
		return nil
	}
	return refreshMeta()
}
