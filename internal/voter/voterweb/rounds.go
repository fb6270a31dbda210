package voterweb

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/form"
)

// roundsView is the list of rounds.
type roundsView struct {
	Tabs  tabs
	Rows  []voter.Round
	Today clock.Date
	Name  func(string) string
	Print bool
}

func (p *Pages) rounds(w http.ResponseWriter, r *http.Request) error {
	list, err := p.Service.Rounds(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	v := roundsView{Rows: list, Today: p.Service.Today(), Name: p.unitName, Print: printing(r)}
	if v.Tabs, err = p.tabs(r, roundsPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, roundsPage(v))
}

// roundForm is a round as typed.
type roundFormView struct {
	ID, UnitID, Level, Phase, Session, SessionOn, LockOn, LockNote string
	Units                                                          []ui.Option
	Err                                                            error
}

func (p *Pages) roundForm(w http.ResponseWriter, r *http.Request) error {
	v := roundFormView{ID: r.PathValue("id"), Level: string(voter.LevelProvince), Phase: string(voter.Before)}
	if v.ID != "" {
		x, err := p.Service.Round(r.Context(), identity.ActorFrom(r.Context()), v.ID)
		if err != nil {
			return err
		}
		v.UnitID, v.Level, v.Phase, v.Session, v.SessionOn, v.LockOn, v.LockNote = x.UnitID, string(x.Level), string(x.Phase), x.Session, x.SessionOn.Vietnamese(), x.LockOn.Vietnamese(), x.LockNote
	}
	return p.showRoundForm(w, r, v)
}

func (p *Pages) showRoundForm(w http.ResponseWriter, r *http.Request, v roundFormView) error {
	v.Units = unitOptions(p.workUnits(identity.ActorFrom(r.Context())), v.UnitID)
	return web.Render(w, r, statusOf(v.Err), roundFormPage(v))
}

func (p *Pages) saveRound(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	f := r.PostForm
	v := roundFormView{ID: f.Get("id"), UnitID: f.Get("unit"), Level: f.Get("level"), Phase: f.Get("phase"), Session: f.Get("session"), SessionOn: f.Get("session_on"), LockOn: f.Get("lock_on"), LockNote: f.Get("lock_note")}
	x, err := p.Service.SaveRound(r.Context(), identity.ActorFrom(r.Context()), voter.Round{ID: v.ID, UnitID: v.UnitID, Level: voter.Level(v.Level), Phase: voter.Phase(v.Phase), Session: v.Session, SessionOn: date(v.SessionOn), LockOn: date(v.LockOn), LockNote: v.LockNote})
	if refused(err) {
		v.Err = err
		return p.showRoundForm(w, r, v)
	}
	if err != nil {
		return err
	}
	return back(w, r, roundsPath+"/"+x.ID, "voter.round.saved")
}

// roundView is the page of one round: figures, meetings, what can be sent, letters, papers.
type roundView struct {
	voter.Report
	Ready   []voter.Ready
	Unclear int // items without field or body
	Letters []voter.LetterRow
	Rows    []meetingLine
	May     bool
	Today   clock.Date
	Form    sendForm
	Name    func(string) string
	Err     error
}

// sendForm is a letter as typed.
type sendForm struct{ Body, Number, Due, Note, Signer string }

func (p *Pages) round(w http.ResponseWriter, r *http.Request) error {
	return p.showRound(w, r, sendForm{}, nil)
}

func (p *Pages) showRound(w http.ResponseWriter, r *http.Request, typed sendForm, refusal error) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	rep, err := p.Service.RoundReport(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := roundView{Report: rep, May: p.Service.Can(actor, voter.ActionWork, rep.Round.UnitID), Today: p.Service.Today(), Form: typed, Name: p.unitName, Err: refusal}
	if v.Form.Due == "" {
		v.Form.Due = v.Today.AddDays(21).Vietnamese()
	}
	if v.Ready, v.Unclear, err = p.Service.Ready(ctx, actor, rep.Round.ID); err != nil {
		return err
	}
	if v.Letters, err = p.Service.Letters(ctx, actor, rep.Round.ID, false); err != nil {
		return err
	}
	v.Rows = p.meetingLines(r, rep.Meetings, []voter.Round{rep.Round})
	return web.Render(w, r, statusOf(refusal), roundPage(v))
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	f := sendForm{Body: r.PostForm.Get("body"), Number: r.PostForm.Get("number"), Due: r.PostForm.Get("due_on"), Note: r.PostForm.Get("note"), Signer: r.PostForm.Get("signer")}
	l, err := p.Service.Send(r.Context(), identity.ActorFrom(r.Context()), voter.Letter{RoundID: r.PathValue("id"), BodyUnitID: f.Body, Number: f.Number, DueOn: date(f.Due), Note: f.Note, Signer: f.Signer})
	if refused(err) {
		return p.showRound(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return back(w, r, lettersPath+"/"+l.ID, "voter.letter.sent_now")
}

func (p *Pages) roundPaper(w http.ResponseWriter, r *http.Request) error {
	if paperName(r) != "bao-cao" {
		return errNoPage
	}
	rep, err := p.Service.RoundReport(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return sendPaper(w, r, p.press().Session(rep), "bao-cao-ky-hop-"+string(rep.Round.SessionOn))
}

// lettersView is the list of letters.
type lettersView struct {
	Tabs  tabs
	To    bool
	Rows  []voter.LetterRow
	Today clock.Date
	Name  func(string) string
	Print bool
}

func (p *Pages) letters(w http.ResponseWriter, r *http.Request) error {
	actor := identity.ActorFrom(r.Context())
	v := lettersView{To: p.lettersTo(r, actor), Today: p.Service.Today(), Name: p.unitName, Print: printing(r)}
	var err error
	if v.Rows, err = p.Service.Letters(r.Context(), actor, "", v.To); err != nil {
		return err
	}
	if v.Tabs, err = p.tabs(r, lettersPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, lettersPage(v))
}

// lettersTo tells whether letters to the actor's bodies are asked for, and not those of the actor's units.
func (p *Pages) lettersTo(r *http.Request, actor identity.Actor) bool {
	way := r.URL.Query().Get("xem")
	return way == "den" || way == "" && onlyAgencies(p.workUnits(actor))
}

// onlyAgencies tells whether the actor works for bodies that are asked, and not for one that asks.
func onlyAgencies(list []orgunit.Unit) bool {
	for _, u := range list {
		if u.Kind != orgunit.KindAgency {
			return false
		}
	}
	return len(list) > 0
}

// letterView is the page of one letter.
type letterView struct {
	voter.LetterDossier
	Body, Unit string
	May        bool // may write answers down
	Today      clock.Date
	Name       func(string) string
	Err        error
	In         *voter.Import
}

func (p *Pages) letter(w http.ResponseWriter, r *http.Request) error {
	return p.showLetter(w, r, nil)
}

func (p *Pages) showLetter(w http.ResponseWriter, r *http.Request, refusal error) error {
	actor := identity.ActorFrom(r.Context())
	d, err := p.Service.Letter(r.Context(), actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := letterView{LetterDossier: d, Body: p.unitName(d.BodyUnitID), Unit: p.unitName(d.UnitID), May: p.Service.MayAnswer(actor, d.Letter), Today: p.Service.Today(), Name: p.unitName, Err: refusal}
	if id := r.URL.Query().Get("nhap"); id != "" {
		for i := range d.Imports {
			if d.Imports[i].ID == id {
				v.In = &d.Imports[i]
			}
		}
	}
	return web.Render(w, r, statusOf(refusal), letterPage(v))
}

func (p *Pages) importAnswers(w http.ResponseWriter, r *http.Request) error {
	actor, id := identity.ActorFrom(r.Context()), r.PathValue("id")
	b, name, err := file(w, r)
	var rows []voter.AnswerRow
	if err == nil {
		f, size := form.Bytes(b)
		rows, err = form.ReadAnswers(f, size, p.names())
	}
	var in voter.Import
	if err == nil {
		in, err = p.Service.ImportAnswers(r.Context(), actor, id, name, rows)
	}
	if refused(err) {
		return p.showLetter(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, lettersPath+"/"+id+"?nhap="+in.ID)
}

func (p *Pages) letterPaper(w http.ResponseWriter, r *http.Request) error {
	d, err := p.Service.Letter(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	switch r.PathValue("file") {
	case "cong-van.pdf", "cong-van.docx":
		return sendPaper(w, r, p.press().Letter(d), "cong-van-"+string(d.SentOn))
	case "bang-tra-loi.xlsx":
		return xlsx.Send(w, "bang-tra-loi-"+string(d.SentOn)+".xlsx", form.ReturnSheet(p.names(), d, func(v voter.ItemView) string {
			return p.unitName(v.Meet.PlaceUnitID) + ", " + clock.DateOf(v.Meet.StartsAt).Vietnamese()
		})...)
	}
	return errNoPage
}

// publicView is what everybody reads: meetings of a unit, and what a search found.
type publicView struct {
	Unit   string
	Path   string
	Query  string
	Rows   []meetingLine
	Found  []voter.ItemView
	Paging ui.Paging
	Name   func(string) string
}

func (p *Pages) public(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	unit := p.Service.Unit(p.Province())
	v := publicView{Path: Public, Query: r.URL.Query().Get("q"), Name: p.unitName}
	if slug := r.PathValue("unit"); slug != "" {
		list := p.Service.Forest().BySlug(slug, unit.ID, p.Service.Today())
		if len(list) == 0 {
			return errNoPage
		}
		unit, v.Path = list[0], Public+"/don-vi/"+list[0].Slug
	}
	v.Unit = unit.FullName
	page := pageOf(r.URL.Query())
	if r := []rune(v.Query); len(r) > 100 {
		v.Query = string(r[:100])
	}
	list, n, err := p.Service.PublicMeetings(ctx, unit.ID, v.Query, page, perPublic)
	if err != nil {
		return err
	}
	v.Rows = p.meetingLines(r, list, nil)
	q := url.Values{}
	if v.Query != "" {
		q.Set("q", v.Query)
		if v.Found, err = p.Service.PublicItems(ctx, unit.ID, v.Query); err != nil {
			return err
		}
	}
	v.Paging = ui.Paging{Page: page, Per: perPublic, Total: n, URL: func(n int) string { return with(v.Path, q, "trang", strconv.Itoa(n)) }}
	return web.Render(w, r, http.StatusOK, publicPage(v))
}

// publicMeetingView is one meeting as the public reads it.
type publicMeetingView struct {
	voter.Dossier
	Place  string
	Back   string
	Name   func(string) string
	Shown  []voter.ItemView // those of this page
	Paging ui.Paging
}

// publicWeight is how many bytes of items a public page may hold, so that with its frame it stays below 30 kB.
const publicWeight = 20_000

func weightOf(v voter.ItemView) int {
	n := 500 + len(v.Text) + len(v.SpeakerPublic)
	if v.Answer != nil {
		n += 500 + len(v.Answer.Text)
	}
	return n
}

// fitting is how many items every page can hold without weighing too much; at least one.
func fitting(items []voter.ItemView) int {
	for per := min(len(items), 40); per > 1; per-- {
		heaviest := 0
		for page := range slices.Chunk(items, per) {
			n := 0
			for _, v := range page {
				n += weightOf(v)
			}
			heaviest = max(heaviest, n)
		}
		if heaviest <= publicWeight {
			return per
		}
	}
	return 1
}

// page picks the items of a page: of the number asked for, or of the item that a search found.
func (v *publicMeetingView) page(q url.Values) {
	path := Public + "/hoi-nghi/" + v.ID
	v.Paging = ui.Paging{Page: pageOf(q), Per: fitting(v.Items), Total: len(v.Items), URL: func(n int) string { return with(path, nil, "trang", strconv.Itoa(n)) }}
	if code := q.Get("kn"); code != "" {
		if i := slices.IndexFunc(v.Items, func(x voter.ItemView) bool { return x.Code == code }); i >= 0 {
			v.Paging.Page = i/v.Paging.Per + 1
		}
	}
	v.Paging.Page = max(1, min(v.Paging.Page, v.Paging.Pages()))
	from := (v.Paging.Page - 1) * v.Paging.Per
	v.Shown = v.Items[from:min(len(v.Items), from+v.Paging.Per)]
}

func (p *Pages) publicMeeting(w http.ResponseWriter, r *http.Request) error {
	d, err := p.Service.PublicMeeting(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := publicMeetingView{Dossier: d, Place: p.unitName(d.PlaceUnitID), Back: Public, Name: p.unitName}
	v.page(r.URL.Query())
	return web.Render(w, r, http.StatusOK, publicMeetingPage(v))
}
