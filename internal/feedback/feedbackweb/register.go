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
	"github.com/nhipcau/nhipcau/internal/feedback/register"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// registerPath is where the books that the law wants stand.
const registerPath = "/lam-viec/vu-viec/so"

// registerColumns are the columns of a book.
var registerColumns = []string{"number", "date", "person", "content", "kind", "deadline", "holder", "result", "answered"}

// registerView is one part of a book.
type registerView struct {
	register.Page
	Unit   string
	Units  []ui.Option
	Rows   []registerRow
	Paging ui.Paging
	Print  bool
	Opened bool // names stand on the page, opened with a reason
	Why    string
	Err    error
}

type registerRow struct {
	register.Line
	Href, Who, Content, Kind, Holder, Result, Answered string
}

// registerPer is how many lines one page of a book shows; the print sheet shows a whole month or year.
const registerPer = 50

// readRegister reads the chosen part of a book: this year's of the official's first unit, when nothing was chosen.
func (p *Pages) readRegister(r *http.Request, q url.Values) (v registerView, err error) {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	year, _ := strconv.Atoi(q.Get("nam")) // what is no number is this year
	month, _ := strconv.Atoi(q.Get("thang"))
	if year == 0 {
		year = p.s.Today().Time().In(clock.Vietnam).Year()
	}
	v = registerView{Page: register.Page{Book: register.Book(or(q.Get("so"), string(register.Received))), UnitID: q.Get("don_vi"), Year: year, Month: month}, Print: q.Get("in") != ""}
	units := p.s.Authz.Scope(actor, feedback.ActionRead)
	for _, u := range p.s.Authz.Scope(actor, feedback.ActionReadSecret) {
		if len(units) == 0 {
			units = append(units, u)
		}
	}
	if v.UnitID == "" && len(units) > 0 {
		v.UnitID = units[0]
	}
	v.Unit, v.Units = p.unitName(ctx, v.UnitID), p.unitFilter(ctx, actor, v.UnitID)
	lines, err := (&register.Service{Cases: p.s}).Lines(ctx, actor, v.Page)
	if err != nil {
		return v, err
	}
	v.Paging = ui.Paging{Page: 1, Per: max(1, len(lines)), Total: len(lines), URL: func(n int) string { return pageURL(registerPath, q, n) }}
	if !v.Print && q.Get("xlsx") == "" {
		v.Paging.Page, v.Paging.Per = pageOf(q), registerPer
		from := min((v.Paging.Page-1)*registerPer, len(lines))
		lines = lines[from:min(from+registerPer, len(lines))]
	}
	for _, l := range lines {
		v.Rows = append(v.Rows, p.registerRow(ctx, l))
	}
	return v, nil
}

func (p *Pages) registerRow(ctx context.Context, l register.Line) registerRow {
	c := l.Case
	row := registerRow{Line: l, Href: caseHref(c.ID), Content: vntext.Truncate(strings.Join(strings.Fields(c.Text), " "), 200), Kind: kindText(ctx, c.Kind), Holder: p.unitName(ctx, c.HolderUnitID),
		Result: stateText(ctx, c.State), Who: maskedPerson(ctx, c)}
	if l.Opened {
		row.Who = strings.Join(nonEmpty(l.Person.Name, l.Person.Phone, l.Person.Address), ", ")
	}
	switch {
	case l.Answer.ID != "":
		row.Result, row.Answered = i18n.T(ctx, "feedback.answer_kind."+or(string(l.Answer.Kind), string(feedback.AnswerAccepted))), i18n.Date(c.AnsweredAt)
	case !c.ClosedAt.IsZero():
		row.Answered = i18n.Date(c.ClosedAt)
	}
	return row
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (p *Pages) register(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readRegister(r, r.URL.Query())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, registerPage(v))
}

// registerOpen shows the part of the book with the names that the official may open; the reason is written into each case.
func (p *Pages) registerOpen(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return unreadable(err)
	}
	v, err := p.readRegister(r, r.PostForm)
	if err != nil {
		return err
	}
	v.Why = r.PostForm.Get("reason")
	lines := make([]register.Line, len(v.Rows))
	for i, row := range v.Rows {
		lines[i] = row.Line
	}
	status := http.StatusOK
	err = (&register.Service{Cases: p.s}).Open(r.Context(), identity.ActorFrom(r.Context()), lines, v.Why)
	switch {
	case refusedForm(err):
		v.Err, status = err, web.Status(fault.KindOf(err))
	case err != nil:
		return err
	default:
		v.Opened = true
		for i, l := range lines {
			v.Rows[i] = p.registerRow(r.Context(), l)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, registerPage(v))
}

func (p *Pages) registerExcel(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	q.Set("xlsx", "1")
	v, err := p.readRegister(r, q)
	if err != nil {
		return err
	}
	ctx := r.Context()
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "feedback.register."+string(v.Book))}
	for _, k := range registerColumns {
		sheet.Head = append(sheet.Head, i18n.T(ctx, "feedback.register.col_"+k))
	}
	for _, row := range v.Rows {
		c := row.Case
		if c.Kind.Secret() {
			continue // complaints and denunciations are never exported
		}
		number, _ := strconv.Atoi(row.Number)
		sheet.Rows = append(sheet.Rows, []any{number, c.ReceivedAt, row.Who, row.Content, row.Kind, c.Deadline, row.Holder, row.Result, row.Answered})
	}
	return xlsx.Send(w, "so-"+string(v.Book)+".xlsx", sheet)
}

// href is the address of the part of the book in another form.
func (v registerView) href(path string, book register.Book, print bool) string {
	q := url.Values{"so": {string(book)}, "nam": {strconv.Itoa(v.Year)}}
	if v.UnitID != "" {
		q.Set("don_vi", v.UnitID)
	}
	if v.Month != 0 {
		q.Set("thang", strconv.Itoa(v.Month))
	}
	if print {
		q.Set("in", "1")
	}
	return withQuery(path, q)
}

func (v registerView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, b := range register.Books {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "feedback.register."+string(b)), Href: v.href(registerPath, b, false), Active: b == v.Book})
	}
	return out
}

func (v registerView) table(ctx context.Context) ui.TableProps {
	t := ui.TableProps{Caption: v.period(ctx), Page: v.Paging}
	for _, k := range registerColumns {
		t.Head = append(t.Head, ui.Col{Text: i18n.T(ctx, "feedback.register.col_"+k)})
	}
	if !v.Print {
		t.Export, t.Print = v.href(registerPath+".xlsx", v.Book, false), v.href(registerPath, v.Book, true)
	}
	return t
}

// period says of which unit and time the part of the book is.
func (v registerView) period(ctx context.Context) string {
	if v.Month == 0 {
		return i18n.T(ctx, "feedback.register.year_of", "Unit", v.Unit, "Year", v.Year)
	}
	return i18n.T(ctx, "feedback.register.month_of", "Unit", v.Unit, "Month", v.Month, "Year", v.Year)
}

// months offers the whole year and each month.
func (v registerView) months(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.register.whole_year"), Selected: v.Month == 0}}
	for m := 1; m <= 12; m++ {
		out = append(out, ui.Option{Value: strconv.Itoa(m), Text: i18n.T(ctx, "feedback.register.month", "Month", m), Selected: v.Month == m})
	}
	return out
}
