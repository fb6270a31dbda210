package feedbackweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// queuePer is how many cases one page of the queue shows.
const queuePer = 50

// queueView is the queue of cases.
type queueView struct {
	View    string // the chosen tab: "open", "mine", "overdue", "answered", "all"
	Q       url.Values
	Rows    []queueRow
	Page    ui.Paging
	Units   []ui.Option
	Matters []ui.Option // categories of the table
	CanTake bool
	Print   bool
	Bulk    bool // several cases can be chosen and passed on
}

// queueRow is one case of the queue.
type queueRow struct {
	ID                                        string
	Href, Code, Title, Kind, Door, Holder, By string
	Clock, Tone                               string
	State, StateTone                          string
	Deadline                                  string
	Received                                  time.Time
}

// filterOf reads the filter that stands in the address.
func filterOf(q url.Values, actor identity.Actor) (feedback.Filter, string) {
	f := feedback.Filter{Text: strings.TrimSpace(vntext.Truncate(q.Get("q"), 200)), Kind: feedback.Kind(q.Get("loai")), Door: feedback.Door(q.Get("cua")), Category: q.Get("linh_vuc"), UnderUnitID: q.Get("don_vi"), Page: pageOf(q), Per: queuePer}
	view := q.Get("xem")
	switch view {
	case "mine":
		f.Open, f.ClaimedBy = true, actor.ID
	case "overdue":
		f.Overdue = true
	case "bounced":
		f.Bounced = true
	case "review":
		f.State = feedback.StateReview
	case "answered":
		f.State = feedback.StateAnswered
	case "all":
	default:
		view, f.Open = "open", true
	}
	if n, err := strconv.Atoi(q.Get("danh_gia")); err == nil && n >= 1 && n <= 3 {
		f.Rating = n
	}
	return f, view
}

func (p *Pages) queue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	q := r.URL.Query()
	f, view := filterOf(q, actor)
	v := queueView{View: view, Q: q, Print: q.Get("in") != "", CanTake: len(p.s.Authz.Scope(actor, feedback.ActionTake)) > 0}
	if v.Print {
		f.Page, f.Per = 1, 1000
	}
	list, total, err := p.s.Cases(ctx, actor, f)
	if err != nil {
		return err
	}
	v.Bulk = p.rooms.Routing != nil && !v.Print && p.s.Authz.CanSomewhere(actor, feedback.ActionTake)
	for _, c := range list {
		v.Rows = append(v.Rows, p.queueRow(ctx, c))
	}
	v.Page = ui.Paging{Page: f.Page, Per: f.Per, Total: total, Most: feedback.CountedTo, URL: func(n int) string { return pageURL("/lam-viec/vu-viec", q, n) }}
	if v.Matters, err = p.matterOptions(ctx, f.Category, "feedback.queue.any"); err != nil {
		return err
	}
	v.Units = p.unitFilter(ctx, actor, q.Get("don_vi"))
	return web.Render(w, r, http.StatusOK, queuePage(v))
}

func (p *Pages) queueRow(ctx context.Context, c feedback.Case) queueRow {
	today := p.s.Today()
	row := queueRow{ID: c.ID, Href: caseHref(c.ID), Code: c.Code, Title: vntext.Truncate(strings.Join(strings.Fields(c.Text), " "), 110), Kind: kindText(ctx, c.Kind),
		Door: doorText(ctx, c.Door), Holder: p.unitName(ctx, c.HolderUnitID), By: c.ClaimedByName, State: stateText(ctx, c.State), StateTone: stateTone(c, today),
		Deadline: c.Deadline.Vietnamese(), Received: c.ReceivedAt}
	if c.State.Open() {
		left := p.s.Calendar.Between(today, c.Deadline)
		row.Clock, row.Tone = clockText(ctx, c, left), "mute"
		if left < 0 {
			row.Tone = "late"
		} else if left <= 2 {
			row.Tone = "wait"
		}
	}
	return row
}

// unitFilter offers the units in which the official may read; empty when there is only one.
func (p *Pages) unitFilter(ctx context.Context, actor identity.Actor, chosen string) []ui.Option {
	units := p.s.Authz.Scope(actor, feedback.ActionRead)
	if len(units) < 2 && chosen == "" {
		return nil
	}
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.queue.all_units")}}
	seen := false
	for _, u := range units {
		out = append(out, ui.Option{Value: u, Text: p.unitName(ctx, u), Selected: u == chosen})
		seen = seen || u == chosen
	}
	if chosen != "" && !seen {
		out = append(out, ui.Option{Value: chosen, Text: p.unitName(ctx, chosen), Selected: true})
	}
	return out
}

// excelRows bounds an Excel file; a longer list is filtered first.
const excelRows = 20_000

func (p *Pages) queueExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	f, _ := filterOf(r.URL.Query(), actor)
	f.Page, f.Per = 1, excelRows
	list, _, err := p.s.Cases(ctx, actor, f)
	if err != nil {
		return err
	}
	head := []string{}
	for _, k := range []string{"code", "kind", "state", "received", "deadline", "holder", "by", "door", "text", "answered"} {
		head = append(head, i18n.T(ctx, "feedback.queue.col_"+k))
	}
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "feedback.queue.title"), Head: head}
	for _, c := range list {
		if c.Kind.Secret() {
			continue // complaints and denunciations are never exported
		}
		row := p.queueRow(ctx, c)
		answered := any("")
		if !c.AnsweredAt.IsZero() {
			answered = c.AnsweredAt
		}
		sheet.Rows = append(sheet.Rows, []any{c.Code, row.Kind, row.State, c.ReceivedAt, c.Deadline, row.Holder, row.By, row.Door, c.Text, answered})
	}
	return xlsx.Send(w, "vu-viec.xlsx", sheet)
}

// tabs are the ready-made views of the queue.
func (v queueView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, t := range []string{"open", "mine", "review", "overdue", "bounced", "answered", "all"} {
		q := url.Values{}
		for _, keep := range []string{"q", "loai", "cua", "linh_vuc", "danh_gia", "don_vi"} {
			if s := v.Q.Get(keep); s != "" {
				q.Set(keep, s)
			}
		}
		q.Set("xem", t)
		out = append(out, ui.Tab{Text: i18n.T(ctx, "feedback.queue.view_"+t), Href: withQuery("/lam-viec/vu-viec", q), Active: t == v.View})
	}
	return out
}

// with is the address of the same list in another form.
func (v queueView) with(path, key, value string) string {
	q := url.Values{}
	for k, s := range v.Q {
		if k != "ok" && k != "trang" {
			q[k] = s
		}
	}
	if key != "" {
		q.Set(key, value)
	}
	return withQuery(path, q)
}

// counterForm is what an official types for a person at the counter or on the telephone.
type counterForm struct {
	In     feedback.Intake
	Forbid bool
	Zalo   bool // they wish to be told at their number
	Can    bool // and somebody could tell
	Units  []ui.Option
	Err    error
}

func (p *Pages) counter(w http.ResponseWriter, r *http.Request) error {
	f := counterForm{In: feedback.Intake{Kind: feedback.Report, Door: feedback.DoorCounter, SourceKey: newSource()}}
	return p.renderCounter(w, r, http.StatusOK, f)
}

func (p *Pages) renderCounter(w http.ResponseWriter, r *http.Request, status int, f counterForm) error {
	ctx := r.Context()
	units := p.s.Authz.Scope(identity.ActorFrom(ctx), feedback.ActionTake)
	if f.In.UnitID == "" && len(units) > 0 {
		f.In.UnitID = units[0]
	}
	for _, u := range units {
		f.Units = append(f.Units, ui.Option{Value: u, Text: p.unitName(ctx, u), Selected: u == f.In.UnitID})
	}
	var err error
	if f.Can, err = p.phoneOffered(ctx, feedback.Intake{UnitID: f.In.UnitID}); err != nil {
		return err
	}
	return web.Render(w, r, status, counterPage(f))
}

func (p *Pages) counterTake(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	v := r.PostForm
	f := counterForm{Forbid: v.Get("forbid") != "", Zalo: v.Get("zalo") != "", In: feedback.Intake{UnitID: v.Get("unit"), Kind: feedback.Kind(v.Get("kind")), Door: feedback.DoorCounter, Text: v.Get("text"),
		Place: feedback.Place{Text: v.Get("place")}, Person: feedback.Person{Name: v.Get("name"), Phone: v.Get("phone"), Address: v.Get("address")},
		MayPublish: v.Get("forbid") == "", SourceKey: sourceOf(v.Get("nonce"))}}
	if v.Get("door") == string(feedback.DoorPhone) {
		f.In.Door = feedback.DoorPhone
	}
	var fs fault.Fields
	if checkPhone(&fs, f.Zalo, f.In.Person.Phone); fs.OrNil() != nil {
		f.Err = fs.OrNil()
		return p.renderCounter(w, r, http.StatusUnprocessableEntity, f)
	}
	c, err := p.s.Take(r.Context(), identity.ActorFrom(r.Context()), f.In)
	if refusedForm(err) {
		f.Err = err
		return p.renderCounter(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	if err := p.keepPhone(r.Context(), c, f.Zalo, f.In.Person.Phone); err != nil {
		return err
	}
	if !p.s.Can(identity.ActorFrom(r.Context()), feedback.ActionRead, c) { // a denunciation: from now on its receiver's alone
		return web.SeeOther(w, r, ui.WithFlash("/lam-viec/vu-viec", "feedback.done.secret_taken"))
	}
	return web.SeeOther(w, r, caseHref(c.ID)+"/phieu")
}
