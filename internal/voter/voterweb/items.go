package voterweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/voter"
)

func emptyTable() paper.Table { return paper.Table{} }

// noCandidates is the refusal of a transcript in which nothing was found.
func noCandidates() error { return fault.Fields{fault.Field("transcript", "voter.transcript.none")} }

// itemsView is the list of petitions.
type itemsView struct {
	Tabs   tabs
	Query  url.Values
	Rows   []voter.ItemView
	Bodies []ui.Option
	Paging ui.Paging
	Print  bool
	Name   func(string) string
}

func itemFilter(q url.Values) voter.ItemFilter {
	return voter.ItemFilter{RoundID: q.Get("dot"), Field: q.Get("linh_vuc"), BodyUnitID: q.Get("co_quan"), State: voter.ItemState(q.Get("trang_thai")), Text: q.Get("q"), Page: pageOf(q), Per: perPage}
}

func (p *Pages) items(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	q := known(r.URL.Query(), "dot", "linh_vuc", "co_quan", "trang_thai", "q")
	v := itemsView{Query: q, Print: r.URL.Query().Get("in") == "1", Name: p.unitName}
	f := itemFilter(r.URL.Query())
	if v.Print {
		f.Page, f.Per = 1, 5000
	}
	list, n, err := p.Service.Items(ctx, actor, f)
	if err != nil {
		return err
	}
	v.Rows = list
	seen := map[string]bool{}
	for _, u := range p.Service.Authz.Scope(actor, voter.ActionRead) {
		for _, b := range p.Service.Bodies(u) {
			if !seen[b.ID] && (b.Level == orgunit.LevelProvince || p.Service.Unit(u).Level != orgunit.LevelProvince) {
				seen[b.ID] = true
				v.Bodies = append(v.Bodies, ui.Option{Value: b.ID, Text: b.FullName, Selected: b.ID == q.Get("co_quan")})
			}
		}
	}
	v.Paging = ui.Paging{Page: f.Page, Per: f.Per, Total: n, URL: func(n int) string { return with(itemsPath, q, "trang", strconv.Itoa(n)) }}
	if v.Tabs, err = p.tabs(r, itemsPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, itemsPage(v))
}

func (p *Pages) itemSheet(ctx context.Context, list []voter.ItemView) xlsx.Sheet {
	s := xlsx.Sheet{Name: i18n.T(ctx, "voter.tab.items")}
	for _, k := range []string{"code", "text", "field", "body", "state", "kind", "due", "answer", "times"} {
		s.Head = append(s.Head, i18n.T(ctx, "voter.col."+k))
	}
	for _, x := range list {
		kind, answer, due := "", "", any("")
		if x.Answer != nil {
			kind, answer = i18n.T(ctx, "voter.kind."+string(x.Answer.Kind)), x.Answer.Text
			if x.Answer.DueOn != "" {
				due = x.Answer.DueOn
			}
		}
		s.Rows = append(s.Rows, []any{x.Code, x.Text, fieldText(ctx, x.Field), p.unitName(x.Competent()), stateText(ctx, x.State), kind, due, answer, x.Times})
	}
	return s
}

func (p *Pages) itemsExcel(w http.ResponseWriter, r *http.Request) error {
	f := itemFilter(r.URL.Query())
	f.Page, f.Per = 1, 0
	list, _, err := p.Service.Items(r.Context(), identity.ActorFrom(r.Context()), f)
	if err != nil {
		return err
	}
	return xlsx.Send(w, "kien-nghi-cu-tri.xlsx", p.itemSheet(r.Context(), list))
}

// itemView is the page of one petition.
type itemView struct {
	voter.ItemDossier
	Body, Place         string
	Work, Answers0      bool
	MayReview, MayWrite bool
	Speaker0            string // the opened name
	Form                itemForm
	Answer0             answerForm
	Like                []voter.Match
	Today               clock.Date
	Err                 error
	ErrOf               string // edit, classify, merge, answer, review
	Reason              string
	Name                func(string) string
}

// answerForm is an answer as typed.
type answerForm struct{ Kind, Text, Due, Forwarded, Doc, DocOn string }

func (p *Pages) item(w http.ResponseWriter, r *http.Request) error {
	return p.showItem(w, r, itemView{})
}

// showItem draws the page; v carries what was typed and refused.
func (p *Pages) showItem(w http.ResponseWriter, r *http.Request, v itemView) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	d, err := p.Service.Item(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.ItemDossier, v.Body, v.Place, v.Today, v.Name = d, p.unitName(d.Competent()), p.unitName(d.Meeting.PlaceUnitID), p.Service.Today(), p.unitName
	v.Work = p.Service.Can(actor, voter.ActionWork, d.UnitID)
	v.Answers0 = d.Item.State.May(voter.StepAnswer) == nil && (p.Service.Can(actor, voter.ActionAnswer, d.UnitID) || p.Service.Can(actor, voter.ActionAnswer, d.BodyUnitID))
	v.MayWrite = v.Work && d.Item.State.May(voter.StepWrite) == nil
	v.MayReview = d.Wait != nil && d.MergedInto == "" && p.Service.Can(actor, voter.ActionReview, d.UnitID) && d.Wait.AuthorID != actor.ID
	if v.ErrOf != "edit" && v.ErrOf != "classify" {
		v.Form = itemForm{Text: d.Text, Field: d.Field, Body: d.BodyUnitID}
	}
	if v.ErrOf == "edit" {
		v.Form.Field, v.Form.Body = d.Field, d.BodyUnitID
	}
	if v.Work {
		v.Form.Bodies = unitOptions(p.Service.BodiesFor(d.UnitID, d.Meeting.PlaceUnitID), v.Form.Body)
		if d.Item.State.May(voter.StepMerge) == nil {
			if v.Like, err = p.Service.Similar(ctx, actor, d.ID); err != nil {
				return err
			}
		}
	}
	return web.Render(w, r, statusOf(v.Err), itemPage(v))
}

// act does one act on an item from its page: a refusal is shown there with what was typed.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, of, done string, typed itemView, fn func(ctx context.Context, actor identity.Actor, id string) error) error {
	id := r.PathValue("id")
	err := fn(r.Context(), identity.ActorFrom(r.Context()), id)
	if refused(err) {
		typed.Err, typed.ErrOf = err, of
		return p.showItem(w, r, typed)
	}
	if err != nil {
		return err
	}
	return back(w, r, itemsPath+"/"+id, done)
}

func (p *Pages) editItem(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	f := readItem(r.PostForm)
	return p.act(w, r, "edit", "voter.item.saved", itemView{Form: f}, func(ctx context.Context, actor identity.Actor, id string) error {
		return p.Service.EditItem(ctx, actor, id, number(r.PostForm.Get("version")), f.item(), r.PostForm.Get("new_speaker") == "")
	})
}

func (p *Pages) classify(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	f := readItem(r.PostForm)
	return p.act(w, r, "classify", "voter.item.sorted", itemView{Form: f}, func(ctx context.Context, actor identity.Actor, id string) error {
		return p.Service.Classify(ctx, actor, id, f.Field, f.Body)
	})
}

func (p *Pages) dropItem(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	d, err := p.Service.Item(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.Service.DropItem(ctx, actor, d.ID); refused(err) {
		return p.showItem(w, r, itemView{Err: err, ErrOf: "edit"})
	} else if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+d.MeetingID, "voter.item.dropped")
}

func (p *Pages) merge(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	err := p.Service.Merge(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostForm.Get("into"))
	if refused(err) {
		return p.showItem(w, r, itemView{Err: err, ErrOf: "merge"})
	}
	if err != nil {
		return err
	}
	if m := r.PostForm.Get("meeting"); m != "" {
		return back(w, r, meetPath+"/"+url.PathEscape(m)+"/phan-loai", "voter.item.merged_now")
	}
	return back(w, r, itemsPath+"/"+r.PathValue("id"), "voter.item.merged_now")
}

func (p *Pages) unmerge(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	reason := r.PostForm.Get("reason")
	return p.act(w, r, "unmerge", "voter.item.unmerged_now", itemView{Reason: reason}, func(ctx context.Context, actor identity.Actor, id string) error {
		return p.Service.Unmerge(ctx, actor, id, reason)
	})
}

func (p *Pages) speaker(w http.ResponseWriter, r *http.Request) error {
	name, err := p.Service.Speaker(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showItem(w, r, itemView{Speaker0: name})
}

func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	f := answerForm{Kind: r.PostForm.Get("kind"), Text: r.PostForm.Get("text"), Due: r.PostForm.Get("due_on"), Forwarded: r.PostForm.Get("forwarded_to"), Doc: r.PostForm.Get("doc_number"), DocOn: r.PostForm.Get("doc_on")}
	return p.act(w, r, "answer", "voter.answer.saved", itemView{Answer0: f}, func(ctx context.Context, actor identity.Actor, id string) error {
		for field, typed := range map[string]string{"due_on": f.Due, "doc_on": f.DocOn} {
			if typed != "" && !date(typed).Valid() {
				return fault.Fields{fault.Field(field, "voter.date_wanted")}
			}
		}
		return p.Service.Answer(ctx, actor, id, voter.Answer{Kind: voter.AnswerKind(f.Kind), Text: f.Text, DueOn: date(f.Due), ForwardedTo: f.Forwarded, DocNumber: f.Doc, DocOn: date(f.DocOn)})
	})
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	reason, answer := r.PostForm.Get("reason"), r.PostForm.Get("answer")
	id, actor := r.PathValue("id"), identity.ActorFrom(r.Context())
	err := error(nil)
	done := "voter.answer.approved_now"
	if r.PostForm.Get("viec") == "tra-lai" {
		done = "voter.answer.rejected_now"
		err = p.Service.Reject(r.Context(), actor, answer, reason)
	} else {
		err = p.Service.Approve(r.Context(), actor, answer)
	}
	if refused(err) {
		return p.showItem(w, r, itemView{Err: err, ErrOf: "review", Reason: reason})
	}
	if err != nil {
		return err
	}
	if r.PostForm.Get("ve") == "danh-sach" {
		return back(w, r, reviewPath, done)
	}
	return back(w, r, itemsPath+"/"+id, done)
}

// reviewView is the list of answers that wait for the second pair of eyes.
type reviewView struct {
	Tabs  tabs
	Rows  []voter.ItemView
	Me    string
	Name  func(string) string
	Print bool
}

func (p *Pages) review(w http.ResponseWriter, r *http.Request) error {
	actor := identity.ActorFrom(r.Context())
	list, err := p.Service.Waiting(r.Context(), actor)
	if err != nil {
		return err
	}
	v := reviewView{Rows: list, Me: actor.ID, Name: p.unitName, Print: printing(r)}
	if v.Tabs, err = p.tabs(r, reviewPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reviewPage(v))
}

// leftoverView is the list of what is not done, by how many sessions it has been waiting.
type leftoverView struct {
	Tabs  tabs
	Unit  string
	Units []ui.Option
	Rows  []voter.OutstandingItem
	All   bool // those of the present session too
	Many  int  // over several sessions
	Total int
	Today clock.Date
	Name  func(string) string
	Print bool
}

func (p *Pages) leftoverOf(r *http.Request) (leftoverView, error) {
	actor := identity.ActorFrom(r.Context())
	v := leftoverView{Unit: r.URL.Query().Get("don_vi"), All: r.URL.Query().Get("xem") == "tat-ca", Today: p.Service.Today(), Name: p.unitName, Print: r.URL.Query().Get("in") == "1"}
	for _, u := range p.Service.Authz.Scope(actor, voter.ActionRead) {
		if v.Unit == "" {
			v.Unit = u
		}
		v.Units = append(v.Units, ui.Option{Value: u, Text: p.unitName(u), Selected: u == v.Unit})
	}
	list, err := p.Service.Outstanding(r.Context(), actor, v.Unit)
	if err != nil {
		return v, err
	}
	v.Total = len(list)
	for _, x := range list {
		if x.Sessions > 1 {
			v.Many++
		}
		if x.Sessions > 1 || v.All {
			v.Rows = append(v.Rows, x)
		}
	}
	return v, nil
}

func (p *Pages) leftover(w http.ResponseWriter, r *http.Request) error {
	v, err := p.leftoverOf(r)
	if err != nil {
		return err
	}
	if v.Tabs, err = p.tabs(r, leftoverPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, leftoverPage(v))
}

func (p *Pages) leftoverExcel(w http.ResponseWriter, r *http.Request) error {
	v, err := p.leftoverOf(r)
	if err != nil {
		return err
	}
	list := make([]voter.ItemView, len(v.Rows))
	for i, x := range v.Rows {
		list[i] = x.ItemView
	}
	s := p.itemSheet(r.Context(), list)
	s.Head = append(s.Head, i18n.T(r.Context(), "voter.col.sessions"))
	for i := range s.Rows {
		s.Rows[i] = append(s.Rows[i], v.Rows[i].Sessions)
	}
	return xlsx.Send(w, "kien-nghi-ton-dong.xlsx", s)
}
