// Package deadlineweb draws the pages of clocks: for the public how punctual each body is, with raw counts and without
// script; for leaders the board of what is overdue and the nudges they were sent; for administrators the table of clocks
// with its history and the steps of escalation.
package deadlineweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the texts of clocks.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// The addresses of the pages.
const (
	PublicPath = "/dung-hen"
	BoardPath  = "/lam-viec/dung-han"
	TablePath  = "/quan-tri/thoi-han"
)

// Category is one category as a choice.
type Category struct{ Code, Name string }

// Pages serves the pages.
type Pages struct {
	S *deadline.Service
	// Categories lists the categories that a clock can be set for, in the language of the page.
	Categories func(ctx context.Context) []Category
}

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+PublicPath, p.public)
	r.Public("GET "+PublicPath+".xlsx", p.publicExcel)
	r.Can("GET "+BoardPath, deadline.ActionWatch, p.board)
	r.Can("GET "+BoardPath+".xlsx", deadline.ActionWatch, p.boardExcel)
	r.Can("POST "+BoardPath+"/{notice}/da-xem", deadline.ActionWatch, p.seen)
	r.Can("GET "+TablePath, deadline.ActionEdit, p.table)
	r.Can("GET "+TablePath+".xlsx", deadline.ActionEdit, p.tableExcel)
	r.Can("POST "+TablePath, deadline.ActionEdit, p.setTerm)
	r.Can("POST "+TablePath+"/{id}/ket-thuc", deadline.ActionEdit, p.endTerm)
	r.Can("POST "+TablePath+"/don-doc", deadline.ActionEdit, p.saveStep)
}

type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

func (p *Pages) unit(ctx context.Context, unitID string) string {
	if unitID == "" {
		return i18n.T(ctx, "deadline.every_body")
	}
	return feedback.BodyName(words{ctx}, p.S.Cases.Unit(unitID))
}

// publicView is how punctual bodies are, as anybody reads it.
type publicView struct {
	deadline.Record
	UnitID, Unit string
	Rows         []publicRow
	Print        bool
}

type publicRow struct {
	deadline.Punctual
	Name, Above string
}

// publicRows bounds the page; the Excel file has all.
const publicRows = 100

func (p *Pages) readPublic(r *http.Request) (publicView, error) {
	ctx, q := r.Context(), r.URL.Query()
	year, _ := strconv.Atoi(q.Get("nam")) // what is no number is this year
	v := publicView{UnitID: q.Get("don_vi"), Print: q.Get("in") != ""}
	if v.UnitID != "" {
		if !p.S.Cases.Forest().Has(v.UnitID) {
			return v, fault.New(fault.NotFound, "feedback.unit_unknown")
		}
		v.Unit = p.unit(ctx, v.UnitID)
	}
	var err error
	if v.Record, err = p.S.Punctuality(ctx, v.UnitID, year); err != nil {
		return v, err
	}
	for _, b := range v.Bodies {
		row := publicRow{Punctual: b, Name: p.unit(ctx, b.UnitID)}
		if up := p.S.Cases.Unit(b.UnitID).ParentID; up != "" {
			row.Above = p.S.Cases.Unit(up).FullName
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

func (p *Pages) public(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readPublic(r)
	if err != nil {
		return err
	}
	if !v.Print {
		v.Rows = v.Rows[:min(len(v.Rows), publicRows)]
	}
	return web.Render(w, r, http.StatusOK, publicPage(v))
}

func (v publicView) href(path string, year int, print bool) string {
	q := url.Values{}
	if v.UnitID != "" {
		q.Set("don_vi", v.UnitID)
	}
	if year != 0 {
		q.Set("nam", strconv.Itoa(year))
	}
	if print {
		q.Set("in", "1")
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func heads(ctx context.Context, prefix string, keys ...string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = i18n.T(ctx, prefix+k)
	}
	return out
}

func (p *Pages) publicExcel(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readPublic(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	sheet := xlsx.Sheet{Name: strconv.Itoa(v.Year), Head: heads(ctx, "deadline.col.", "body", "above", "answered", "in_time", "late", "open", "overdue")}
	for _, x := range v.Rows {
		sheet.Rows = append(sheet.Rows, []any{x.Name, x.Above, x.Answered, x.InTime, x.Late(), x.Open, x.Overdue})
	}
	return xlsx.Send(w, "dung-hen.xlsx", sheet)
}

// boardView is what leaders see: nudges that nobody has marked, and how each body stands.
type boardView struct {
	Notices []noticeRow
	Bodies  []boardRow
	Print   bool
}

type noticeRow struct {
	deadline.Notice
	Text, Holder string
}

type boardRow struct {
	deadline.Body
	Name string
}

func (p *Pages) readBoard(r *http.Request) (v boardView, err error) {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	list, err := p.S.Board(ctx, actor)
	if err != nil {
		return v, err
	}
	for _, b := range list {
		v.Bodies = append(v.Bodies, boardRow{Body: b, Name: p.unit(ctx, b.UnitID)})
	}
	notices, err := p.S.Notices(ctx, actor)
	if err != nil {
		return v, err
	}
	for _, n := range notices {
		v.Notices = append(v.Notices, noticeRow{Notice: n, Holder: p.unit(ctx, n.HolderID), Text: stepText(ctx, n.Step)})
	}
	v.Print = r.URL.Query().Get("in") != ""
	return v, nil
}

func stepText(ctx context.Context, s deadline.Step) string {
	return i18n.T(ctx, "deadline.step."+s.At, "Amount", s.Amount)
}

func (p *Pages) board(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readBoard(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, boardPage(v))
}

func (p *Pages) boardExcel(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readBoard(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "deadline.board.title"), Head: heads(ctx, "deadline.col.", "body", "waiting", "overdue", "oldest", "soon", "paused")}
	for _, b := range v.Bodies {
		sheet.Rows = append(sheet.Rows, []any{b.Name, b.Waiting, b.Overdue, b.Oldest, b.Soon, b.Paused})
	}
	return xlsx.Send(w, "dung-han.xlsx", sheet)
}

func (p *Pages) seen(w http.ResponseWriter, r *http.Request) error {
	if err := p.S.MarkSeen(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("notice")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(BoardPath, "deadline.done.seen"))
}

// casesHref opens the queue with the cases of a body.
func casesHref(view, unitID string) string {
	return "/lam-viec/vu-viec?" + url.Values{"xem": {view}, "don_vi": {unitID}}.Encode()
}

// tableView is the table of clocks with its form, and the steps of escalation.
type tableView struct {
	Now, Later, Past []termLine
	Steps            []deadline.Step
	Typed            url.Values
	Act              string // which form was refused: "term", "step" or the id of a row
	Err              error
	Kinds, Cats      []ui.Option
	Units            []ui.Option
	Today            clock.Date
	All              bool // the actor may set what holds for every body
}

type termLine struct {
	deadline.Term
	KindText, Cat, Unit string
	Base                bool
}

func (v tableView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

func (v tableView) typed(field, other string) string {
	if v.Typed != nil && v.Act == "term" {
		return v.Typed.Get(field)
	}
	return other
}

func (p *Pages) table(w http.ResponseWriter, r *http.Request) error {
	return p.renderTable(w, r, http.StatusOK, tableView{})
}

func (p *Pages) lines(r *http.Request) ([]termLine, error) {
	ctx := r.Context()
	terms, err := p.S.Terms(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return nil, err
	}
	cats := map[string]string{"": i18n.T(ctx, "deadline.every_category")}
	for _, c := range p.Categories(ctx) {
		cats[c.Code] = c.Name
	}
	var out []termLine
	for _, t := range terms {
		l := termLine{Term: t, KindText: i18n.T(ctx, "feedback.kind."+string(t.Kind)), Cat: cats[t.Category], Unit: p.unit(ctx, t.UnitID), Base: t.Category == "" && t.UnitID == ""}
		if l.Cat == "" {
			l.Cat = t.Category
		}
		out = append(out, l)
	}
	return out, nil
}

func (p *Pages) renderTable(w http.ResponseWriter, r *http.Request, status int, v tableView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	v.Today = p.S.Cases.Today()
	for _, l := range lines {
		switch {
		case l.Holds(v.Today):
			v.Now = append(v.Now, l)
		case l.From > v.Today:
			v.Later = append(v.Later, l)
		default:
			v.Past = append(v.Past, l)
		}
	}
	if v.Steps, err = p.S.Steps(ctx, actor); err != nil {
		return err
	}
	for _, k := range feedback.Kinds {
		v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: i18n.T(ctx, "feedback.kind."+string(k))})
	}
	v.Cats = []ui.Option{{Value: "", Text: i18n.T(ctx, "deadline.every_category")}}
	for _, c := range p.Categories(ctx) {
		v.Cats = append(v.Cats, ui.Option{Value: c.Code, Text: c.Name})
	}
	v.All = p.S.Cases.Authz.Check(actor, deadline.ActionEdit, identity.InUnit(p.S.Root)) == nil
	v.Units = p.unitOptions(ctx, actor, v.All)
	return web.Render(w, r, status, tablePage(v))
}

// unitOptions offers every body (to whom that belongs), the actor's own units and the agencies directly below them.
func (p *Pages) unitOptions(ctx context.Context, actor identity.Actor, all bool) []ui.Option {
	var out []ui.Option
	if all {
		out = append(out, ui.Option{Value: "", Text: i18n.T(ctx, "deadline.every_body")})
	}
	for _, u := range p.S.Cases.Authz.Scope(actor, deadline.ActionEdit) {
		out = append(out, ui.Option{Value: u, Text: p.unit(ctx, u)})
		for _, kid := range p.S.Cases.Forest().Children(u, p.S.Cases.Today()) {
			out = append(out, ui.Option{Value: kid.ID, Text: "– " + feedback.BodyName(words{ctx}, kid)})
		}
	}
	return out
}

func (p *Pages) setTerm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
	}
	v := r.PostForm
	days, _ := strconv.Atoi(v.Get("days")) // what is no number is refused as out of range
	t := deadline.Term{Kind: feedback.Kind(v.Get("kind")), Category: v.Get("category"), UnitID: v.Get("unit"), Days: days, Source: v.Get("source"), From: clock.Date(v.Get("from")), Reason: v.Get("reason")}
	_, err := p.S.SetTerm(r.Context(), identity.ActorFrom(r.Context()), t)
	return p.after(w, r, "term", "deadline.done.set", err)
}

func (p *Pages) endTerm(w http.ResponseWriter, r *http.Request) error {
	err := p.S.EndTerm(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	return p.after(w, r, r.PathValue("id"), "deadline.done.ended", err)
}

func (p *Pages) saveStep(w http.ResponseWriter, r *http.Request) error {
	amount, _ := strconv.Atoi(r.PostFormValue("amount")) // what is no number is refused as out of range
	st := deadline.Step{At: r.PostFormValue("at"), Amount: amount, Told: r.PostFormValue("told"), Active: r.PostFormValue("active") != ""}
	err := p.S.SaveStep(r.Context(), identity.ActorFrom(r.Context()), st)
	return p.after(w, r, "step", "deadline.done.step", err)
}

func (p *Pages) after(w http.ResponseWriter, r *http.Request, act, done string, err error) error {
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderTable(w, r, web.Status(fault.KindOf(err)), tableView{Act: act, Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(TablePath, done))
}

func (p *Pages) tableExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "deadline.table.short"), Head: heads(ctx, "deadline.col.", "kind", "category", "body", "days", "source", "from", "to", "made", "by", "reason")}
	for _, l := range lines {
		made := any("")
		if !l.MadeAt.IsZero() {
			made = l.MadeAt
		}
		sheet.Rows = append(sheet.Rows, []any{l.KindText, l.Cat, l.Unit, l.Days, l.Source, l.From, l.To, made, l.MadeByName, l.Reason})
	}
	return xlsx.Send(w, "thoi-han.xlsx", sheet)
}
