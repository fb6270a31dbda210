// Package directiveweb is the screens of directives: what a unit received and sent, the form that sends, how far every unit
// is, reminders with links, and the page behind such a link, which needs no password.
package directiveweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of directives.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens of officials stand, LinkBase where the links begin.
const (
	Base     = "/lam-viec/chi-dao"
	LinkBase = "/chi-dao/"
)

const (
	sentPath  = Base + "/da-gui"
	newPath   = Base + "/moi"
	taskPath  = Base + "/viec/"
	sheetPath = Base + "/giao/"
	perPage   = 50
)

// Pages serves the screens.
type Pages struct {
	Service *directive.Service
	// PublicURL is the address of the house that people outside type: links begin with it.
	PublicURL string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, directive.ActionRead, p.received)
	r.Can("GET "+sentPath, directive.ActionRead, p.sent)
	r.Can("GET "+newPath, directive.ActionSend, p.form)
	r.Can("POST "+newPath, directive.ActionSend, p.send)
	r.Can("GET "+sheetPath+"{id}", directive.ActionRead, p.sheet)
	r.Can("GET "+sheetPath+"{id}/xuat.xlsx", directive.ActionRead, p.export)
	r.Can("GET "+sheetPath+"{id}/tep", directive.ActionRead, p.file)
	r.Can("POST "+sheetPath+"{id}/ket-thuc", directive.ActionSend, p.end)
	r.Can("POST "+sheetPath+"{id}/nhac", directive.ActionSend, p.remind)
	r.Can("GET "+taskPath+"{task}", directive.ActionRead, p.task)
	r.Can("GET "+taskPath+"{task}/tep", directive.ActionRead, p.file)
	r.Can("POST "+taskPath+"{task}/nhan", directive.ActionAnswer, p.acknowledge)
	r.Can("POST "+taskPath+"{task}/xong", directive.ActionAnswer, p.report)
	r.Can("POST "+taskPath+"{task}/tra-lai", directive.ActionSend, p.sendBack)
	r.Public("GET "+LinkBase+"{token}", p.link)
	r.Public("GET "+LinkBase+"{token}/tep", p.linkFile)
	r.Public("POST "+LinkBase+"{token}/nhan", p.linkAcknowledge)
	r.Public("POST "+LinkBase+"{token}/xong", p.linkReport)
}

func actor(r *http.Request) identity.Actor { return identity.ActorFrom(r.Context()) }

func pageNumber(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("trang")) // what is no number is the first page
	return max(1, n)
}

// address is a path with the parameters that hold something.
func address(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// listView is one of the two lists.
type listView struct {
	Query    string
	Received []received
	Sent     []directive.Listed
	Paging   ui.Paging
	MaySend  bool
	Today    clock.Date
	Names    func(unitID string) string
}

type received struct {
	directive.Received
	From string
	Late bool
}

func (p *Pages) received(w http.ResponseWriter, r *http.Request) error {
	q, page := strings.TrimSpace(r.URL.Query().Get("q")), pageNumber(r)
	list, total, err := p.Service.ReceivedList(r.Context(), actor(r), q, page, perPage)
	if err != nil {
		return err
	}
	v := p.listView(r, q, Base, page, total)
	for _, x := range list {
		v.Received = append(v.Received, received{Received: x, From: p.Service.UnitName(x.Directive.UnitID), Late: x.Late(x.Directive, v.Today)})
	}
	return web.Render(w, r, http.StatusOK, receivedPage(v))
}

func (p *Pages) sent(w http.ResponseWriter, r *http.Request) error {
	q, page := strings.TrimSpace(r.URL.Query().Get("q")), pageNumber(r)
	list, total, err := p.Service.SentList(r.Context(), actor(r), q, page, perPage)
	if err != nil {
		return err
	}
	v := p.listView(r, q, sentPath, page, total)
	v.Sent = list
	return web.Render(w, r, http.StatusOK, sentPage(v))
}

func (p *Pages) listView(r *http.Request, q, path string, page, total int) listView {
	return listView{Query: q, Today: p.Service.Today(), Names: p.Service.UnitName, MaySend: p.Service.Authz.CanSomewhere(actor(r), directive.ActionSend),
		Paging: ui.Paging{Page: page, Per: perPage, Total: total, URL: func(n int) string { return address(path, "q", q, "trang", strconv.Itoa(n)) }}}
}

// formView is the form that sends.
type formView struct {
	Draft  directive.Draft
	Unit   string // full name
	Levels []orgunit.Level
	Groups map[orgunit.Level][]orgunit.Unit // whom one may choose, for levels short enough to choose from
	Up     *directive.Answering             // what is passed on
	Err    error
}

// choosable is up to how many units the form offers one by one.
const choosable = 150

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	d := directive.Draft{UnitID: p.sender(r), ParentTask: r.URL.Query().Get("chuyen")}
	return p.showForm(w, r, http.StatusOK, d, nil)
}

// sender is the unit in whose name the actor writes: the one they act for, if they may send for it, else the first they may.
func (p *Pages) sender(r *http.Request) string {
	a := actor(r)
	if active := identity.ActiveUnit(r.Context()); p.Service.CanSend(a, active) {
		return active
	}
	for _, u := range p.Service.Authz.Scope(a, directive.ActionSend) {
		return u
	}
	return ""
}

func (p *Pages) showForm(w http.ResponseWriter, r *http.Request, status int, d directive.Draft, refused error) error {
	v := formView{Draft: d, Err: refused, Unit: p.Service.UnitName(d.UnitID), Groups: map[orgunit.Level][]orgunit.Unit{}}
	if d.ParentTask != "" {
		up, err := p.Service.Task(r.Context(), actor(r), d.ParentTask)
		if err != nil {
			return err
		}
		v.Up = &up
		if refused == nil && d.Title == "" {
			v.Draft.UnitID, v.Unit = up.UnitID, up.Unit
			v.Draft.Title, v.Draft.Text, v.Draft.Number = up.Directive.Title, up.Directive.Text, up.Directive.Number
			v.Draft.Deadline = max(p.Service.Today(), up.Directive.Deadline.AddDays(-1)).Vietnamese()
		}
	}
	v.Levels = p.Service.Levels(v.Draft.UnitID)
	if v.Draft.Level == "" && len(v.Levels) > 0 {
		v.Draft.Level = v.Levels[0]
	}
	for _, l := range v.Levels {
		list, err := p.Service.Targets(actor(r), v.Draft.UnitID, l)
		if err != nil {
			return err
		}
		if len(list) <= choosable {
			v.Groups[l] = list
		}
	}
	return web.Render(w, r, status, formPage(v))
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request) error {
	file, err := upload(w, r, "file", directive.MaxFile)
	if err != nil {
		return err
	}
	f := r.PostForm
	d := directive.Draft{UnitID: p.sender(r), ParentTask: f.Get("parent"), Number: f.Get("number"), Title: f.Get("title"), Text: f.Get("text"), Deadline: strings.TrimSpace(f.Get("deadline")),
		Level: orgunit.Level(f.Get("level"))}
	if f.Get("whom") == "some" {
		if d.Units = f["unit"]; len(d.Units) == 0 {
			return p.showForm(w, r, http.StatusUnprocessableEntity, d, fault.Field("unit", "directive.choose_units"))
		}
	}
	if d.ParentTask != "" {
		up, err := p.Service.Task(r.Context(), actor(r), d.ParentTask)
		if err != nil {
			return err
		}
		d.UnitID = up.UnitID
	}
	var body io.Reader
	name := ""
	if file != nil {
		defer file.Close()
		body, name = file, file.name
	}
	sent, err := p.Service.Send(r.Context(), actor(r), d, name, body)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		return p.showForm(w, r, http.StatusUnprocessableEntity, d, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(sheetPath+sent.ID, "directive.sent_ok"))
}

type uploaded struct {
	multipart.File
	name string
}

// upload reads the form with at most one file, which may be missing.
func upload(w http.ResponseWriter, r *http.Request, field string, limit int64) (*uploaded, error) {
	r.Body = http.MaxBytesReader(w, r.Body, limit+1<<20)
	err := r.ParseMultipartForm(4 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		return nil, r.ParseForm()
	}
	if err != nil {
		return nil, err
	}
	f, head, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || err == nil && head.Size == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &uploaded{File: f, name: head.Filename}, nil
}

// sheetView is how far everybody is.
type sheetView struct {
	directive.Sheet
	From    string
	Filter  directive.TaskFilter
	Paging  ui.Paging
	MaySend bool
	Today   clock.Date
	Err     error
}

func filterOf(r *http.Request) directive.TaskFilter {
	q := r.URL.Query()
	f := directive.TaskFilter{Query: strings.TrimSpace(q.Get("q"))}
	for _, s := range append([]directive.Step{directive.Open}, directive.Steps[:]...) {
		if q.Get("buoc") == string(s) {
			f.Step = s
		}
	}
	return f
}

func (p *Pages) sheet(w http.ResponseWriter, r *http.Request) error {
	return p.showSheet(w, r, http.StatusOK, nil)
}

func (p *Pages) showSheet(w http.ResponseWriter, r *http.Request, status int, refused error) error {
	f := filterOf(r)
	f.Page, f.Per = pageNumber(r), perPage
	s, err := p.Service.Sheet(r.Context(), actor(r), r.PathValue("id"), f)
	if err != nil {
		return err
	}
	v := sheetView{Sheet: s, From: p.Service.UnitName(s.UnitID), Filter: f, Today: p.Service.Today(), MaySend: p.Service.CanSend(actor(r), s.UnitID), Err: refused,
		Paging: ui.Paging{Page: f.Page, Per: f.Per, Total: s.Total, URL: func(n int) string {
			return address(sheetPath+s.ID, "buoc", string(f.Step), "q", f.Query, "trang", strconv.Itoa(n))
		}}}
	return web.Render(w, r, status, sheetPage(v))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	s, err := p.Service.Sheet(r.Context(), actor(r), r.PathValue("id"), filterOf(r))
	if err != nil {
		return err
	}
	ctx := r.Context()
	t := func(key string) string { return i18n.T(ctx, "directive."+key) }
	sheet := xlsx.Sheet{Name: t("sheet"), Head: []string{t("col.unit"), t("col.above"), t("col.step"), t("col.seen"), t("col.acknowledged"), t("col.done"), t("col.by"), t("col.note"), t("col.nudges"), t("col.late")}}
	for _, a := range s.Tasks {
		late := ""
		if a.Late {
			late = t("late")
		}
		sheet.Rows = append(sheet.Rows, []any{a.Unit.FullName, a.Parent, t("step." + string(a.Step)), a.SeenAt, a.AcknowledgedAt, a.DoneAt, a.ByName, a.Note, a.Nudges, late})
	}
	return xlsx.Send(w, "chi-dao.xlsx", sheet)
}

func (p *Pages) file(w http.ResponseWriter, r *http.Request) error {
	f, body, err := p.Service.File(r.Context(), actor(r), r.PathValue("id"), r.PathValue("task"))
	if err != nil {
		return err
	}
	return sendFile(w, f, body)
}

func sendFile(w http.ResponseWriter, f directive.File, body io.ReadCloser) error {
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Cache-Control", "private, no-store")
	_, _ = io.Copy(w, body) // a reader who left is no fault
	return nil
}

func (p *Pages) end(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.End(r.Context(), actor(r), r.PathValue("id"), directive.State(r.PostFormValue("state")), r.PostFormValue("reason"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.showSheet(w, r, web.Status(fault.KindOf(err)), err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(sheetPath+r.PathValue("id"), "directive.ended_ok"))
}

// remindView is the words to send to each unit that is not done, with its link.
type remindView struct {
	Directive directive.Directive
	List      []reminder
}

type reminder struct {
	directive.Reminder
	Href string
	Text string
}

func (p *Pages) remind(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.Service.Links(ctx, actor(r), r.PathValue("id"))
	if fault.Is(err, fault.Conflict) {
		return p.showSheet(w, r, http.StatusConflict, err)
	}
	if err != nil {
		return err
	}
	s, err := p.Service.Sheet(ctx, actor(r), r.PathValue("id"), directive.TaskFilter{Page: 1, Per: 1})
	if err != nil {
		return err
	}
	v := remindView{Directive: s.Directive}
	for _, x := range list {
		href := p.PublicURL + LinkBase + x.Token
		v.List = append(v.List, reminder{Reminder: x, Href: href, Text: i18n.T(ctx, "directive.remind.text", "Unit", x.Unit.FullName, "From", p.Service.UnitName(s.UnitID),
			"Title", s.Title, "Day", s.Deadline.Vietnamese(), "Link", href)})
	}
	return web.Render(w, r, http.StatusOK, remindPage(v))
}

func stepTone(s directive.Step, late bool) string {
	switch {
	case s == directive.Done:
		return "ok"
	case late:
		return "late"
	case s == directive.Waiting:
		return "wait"
	}
	return "info"
}

func stepText(ctx context.Context, s directive.Step) string {
	return i18n.T(ctx, "directive.step."+string(s))
}

func deadlineText(ctx context.Context, d directive.Directive, late bool) string {
	if late {
		return i18n.T(ctx, "directive.was_due", "Day", d.Deadline.Vietnamese())
	}
	return i18n.T(ctx, "directive.due", "Day", d.Deadline.Vietnamese())
}
