package voterweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/form"
)

// meetingLine is one row of the list of meetings.
type meetingLine struct {
	voter.MeetingRow
	Place, Unit, Round string
}

// meetingsView is the list of meetings.
type meetingsView struct {
	Tabs   tabs
	Query  url.Values
	Rounds []ui.Option
	Rows   []meetingLine
	Paging ui.Paging
	Print  bool
}

func meetingFilter(q url.Values) voter.MeetingFilter {
	return voter.MeetingFilter{RoundID: q.Get("dot"), State: voter.MeetingState(q.Get("trang_thai")), Text: q.Get("q"), Page: pageOf(q), Per: perPage}
}

func (p *Pages) meetings(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	q := known(r.URL.Query(), "dot", "trang_thai", "q")
	v := meetingsView{Query: q, Print: r.URL.Query().Get("in") == "1"}
	f := meetingFilter(r.URL.Query())
	if v.Print {
		f.Page, f.Per = 1, 5000
	}
	list, n, err := p.Service.Meetings(ctx, actor, f)
	if err != nil {
		return err
	}
	rounds, err := p.Service.Rounds(ctx, actor)
	if err != nil {
		return err
	}
	v.Rows = p.meetingLines(r, list, rounds)
	for _, x := range rounds {
		v.Rounds = append(v.Rounds, ui.Option{Value: x.ID, Text: roundText(ctx, x), Selected: x.ID == q.Get("dot")})
	}
	v.Paging = ui.Paging{Page: f.Page, Per: f.Per, Total: n, URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	if v.Tabs, err = p.tabs(r, Base); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, meetingsPage(v))
}

func (p *Pages) meetingLines(r *http.Request, list []voter.MeetingRow, rounds []voter.Round) []meetingLine {
	names := map[string]string{}
	for _, x := range rounds {
		names[x.ID] = roundText(r.Context(), x)
	}
	out := make([]meetingLine, len(list))
	for i, m := range list {
		out[i] = meetingLine{MeetingRow: m, Place: p.unitName(m.PlaceUnitID), Unit: p.unitName(m.UnitID), Round: names[m.RoundID]}
	}
	return out
}

func (p *Pages) meetingsExcel(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	f := meetingFilter(r.URL.Query())
	f.Page, f.Per = 1, 0
	list, _, err := p.Service.Meetings(ctx, actor, f)
	if err != nil {
		return err
	}
	rounds, err := p.Service.Rounds(ctx, actor)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "voter.tab.meetings")}
	for _, k := range []string{"when", "place", "unit", "round", "delegates", "attendance", "items", "answered", "state"} {
		s.Head = append(s.Head, i18n.T(ctx, "voter.col."+k))
	}
	for _, m := range p.meetingLines(r, list, rounds) {
		s.Rows = append(s.Rows, []any{m.StartsAt, m.Place + ", " + m.MeetingRow.Place, m.Unit, m.Round, strings.Join(m.DelegateNames(), "; "), m.Attendance, m.Items, m.Answered, meetingText(ctx, m.State)})
	}
	return xlsx.Send(w, "tiep-xuc-cu-tri.xlsx", s)
}

// meetingFormView is the form of a planned meeting.
type meetingFormView struct {
	ID, RoundID                              string
	Day, Hour, PlaceUnitID, Place, Delegates string
	Announce                                 bool
	Rounds                                   []ui.Option
	Places                                   []ui.Option
	Err                                      error
}

func (p *Pages) meetingForm(w http.ResponseWriter, r *http.Request) error {
	v := meetingFormView{ID: r.PathValue("id"), RoundID: r.URL.Query().Get("dot"), Hour: "08:00"}
	if v.ID != "" {
		d, err := p.Service.Meeting(r.Context(), identity.ActorFrom(r.Context()), v.ID)
		if err != nil {
			return err
		}
		at := d.StartsAt.In(clock.Vietnam)
		v.RoundID, v.Day, v.Hour, v.PlaceUnitID, v.Place, v.Delegates, v.Announce = d.RoundID, at.Format("02/01/2006"), at.Format("15:04"), d.PlaceUnitID, d.Meeting.Place, d.Delegates, d.Published
	}
	return p.showMeetingForm(w, r, v)
}

func (p *Pages) showMeetingForm(w http.ResponseWriter, r *http.Request, v meetingFormView) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	rounds, err := p.Service.Rounds(ctx, actor)
	if err != nil {
		return err
	}
	unit := ""
	for _, x := range rounds {
		if !p.Service.Can(actor, voter.ActionWork, x.UnitID) {
			continue
		}
		if v.RoundID == "" {
			v.RoundID = x.ID
		}
		if x.ID == v.RoundID {
			unit = x.UnitID
		}
		v.Rounds = append(v.Rounds, ui.Option{Value: x.ID, Text: roundText(ctx, x), Selected: x.ID == v.RoundID})
	}
	v.Places = unitOptions(p.Service.Places(unit), v.PlaceUnitID)
	return web.Render(w, r, statusOf(v.Err), meetingFormPage(v))
}

func (p *Pages) saveMeeting(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	v := meetingFormView{ID: r.PostForm.Get("id"), RoundID: r.PostForm.Get("round"), Day: r.PostForm.Get("day"), Hour: r.PostForm.Get("hour"), PlaceUnitID: r.PostForm.Get("place_unit_id"),
		Place: r.PostForm.Get("place"), Delegates: r.PostForm.Get("delegates"), Announce: r.PostForm.Get("announce") != ""}
	m, err := p.Service.PlanMeeting(r.Context(), identity.ActorFrom(r.Context()), voter.Meeting{ID: v.ID, RoundID: v.RoundID, PlaceUnitID: v.PlaceUnitID, Place: v.Place, StartsAt: moment(v.Day, v.Hour), Delegates: v.Delegates, Published: v.Announce})
	if refused(err) {
		v.Err = err
		return p.showMeetingForm(w, r, v)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+m.ID, "voter.meeting.saved")
}

// meetingView is the page of one meeting.
type meetingView struct {
	voter.Dossier
	Place, Unit string
	May         bool // works on it
	Open        bool // items can be added
	Locked      bool
	Held        holdForm
	New         itemForm
	Unit0       orgunit.Unit
	Err         error
	ErrOf       string // which form was refused: hold, item, finish
}

// holdForm is what is written down when the meeting takes place.
type holdForm struct{ Attendance, Chair, Clerk, Summary string }

// itemForm is one petition as typed.
type itemForm struct {
	Text, Field, Body, Speaker string
	Consent                    bool
	Bodies                     []ui.Option
}

func (p *Pages) meeting(w http.ResponseWriter, r *http.Request) error {
	return p.showMeeting(w, r, r.PathValue("id"), nil, "", nil, nil)
}

func (p *Pages) showMeeting(w http.ResponseWriter, r *http.Request, id string, err error, of string, held *holdForm, item *itemForm) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	d, err2 := p.Service.Meeting(ctx, actor, id)
	if err2 != nil {
		return err2
	}
	v := meetingView{Dossier: d, Place: p.unitName(d.PlaceUnitID), Unit: p.unitName(d.UnitID), May: p.Service.Can(actor, voter.ActionWork, d.UnitID), Err: err, ErrOf: of}
	v.Locked = d.Round.Locked(p.Service.Today())
	v.Open = v.May && d.State == voter.Held && !v.Locked
	v.Held = holdForm{Chair: d.Chair, Clerk: d.Clerk, Summary: d.Summary}
	if d.Attendance > 0 {
		v.Held.Attendance = strconv.Itoa(d.Attendance)
	}
	if held != nil {
		v.Held = *held
	}
	if item != nil {
		v.New = *item
	}
	v.New.Bodies = unitOptions(p.Service.BodiesFor(d.UnitID, d.PlaceUnitID), v.New.Body)
	return web.Render(w, r, statusOf(err), meetingPage(v, p))
}

func (p *Pages) hold(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	id := r.PathValue("id")
	h := holdForm{Attendance: r.PostForm.Get("attendance"), Chair: r.PostForm.Get("chair"), Clerk: r.PostForm.Get("clerk"), Summary: r.PostForm.Get("summary")}
	_, err := p.Service.Hold(r.Context(), identity.ActorFrom(r.Context()), id, voter.Meeting{Attendance: number(h.Attendance), Chair: h.Chair, Clerk: h.Clerk, Summary: h.Summary})
	if refused(err) {
		return p.showMeeting(w, r, id, err, "hold", &h, nil)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+id, "voter.meeting.held_saved")
}

func readItem(form url.Values) itemForm {
	return itemForm{Text: form.Get("text"), Field: form.Get("field"), Body: form.Get("body"), Speaker: form.Get("speaker"), Consent: form.Get("consent") != ""}
}

func (f itemForm) item() voter.NewItem {
	return voter.NewItem{Text: f.Text, Field: f.Field, BodyUnitID: f.Body, Speaker: f.Speaker, Consent: f.Consent}
}

func (p *Pages) addItem(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	id, f := r.PathValue("id"), readItem(r.PostForm)
	_, err := p.Service.AddItems(r.Context(), identity.ActorFrom(r.Context()), id, []voter.NewItem{f.item()}, voter.Typed)
	if refused(err) {
		return p.showMeeting(w, r, id, err, "item", nil, &f)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+id, "voter.item.added")
}

func (p *Pages) finish(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := p.Service.FinishMinutes(r.Context(), identity.ActorFrom(r.Context()), id)
	if refused(err) {
		return p.showMeeting(w, r, id, err, "finish", nil, nil)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+id+"/phan-loai", "voter.meeting.finished")
}

// uploadView is the page that takes filled templates.
type uploadView struct {
	voter.Dossier
	Place string
	Err   error
}

func (p *Pages) upload(w http.ResponseWriter, r *http.Request) error { return p.showUpload(w, r, nil) }

func (p *Pages) showUpload(w http.ResponseWriter, r *http.Request, err error) error {
	d, err2 := p.Service.Meeting(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err2 != nil {
		return err2
	}
	return web.Render(w, r, statusOf(err), uploadPage(uploadView{Dossier: d, Place: p.unitName(d.PlaceUnitID), Err: err}))
}

func (p *Pages) uploaded(w http.ResponseWriter, r *http.Request) error {
	ctx, actor, id := r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")
	d, err := p.Service.Meeting(ctx, actor, id)
	if err != nil {
		return err
	}
	b, name, err := file(w, r)
	var list []voter.NewItem
	var source voter.Source
	if err == nil {
		f, size := form.Bytes(b)
		list, source, err = form.ReadMinutes(f, size, name, p.names(), p.Service.Bodies(d.UnitID))
	}
	if err == nil {
		_, err = p.Service.AddItems(ctx, actor, id, list, source)
	}
	if refused(err) {
		return p.showUpload(w, r, err)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+id, "voter.item.imported")
}

// transcriptView is the page that takes the text of a recording, and then what it was cut into.
type transcriptView struct {
	voter.Dossier
	Place string
	Text  string
	Parts []part
	Err   error
}

// part is one candidate as it stands in the form.
type part struct {
	Text, Speaker string
	Keep          bool
}

func (p *Pages) transcript(w http.ResponseWriter, r *http.Request) error {
	return p.showTranscript(w, r, transcriptView{})
}

func (p *Pages) showTranscript(w http.ResponseWriter, r *http.Request, v transcriptView) error {
	d, err := p.Service.Meeting(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	v.Dossier, v.Place = d, p.unitName(d.PlaceUnitID)
	return web.Render(w, r, statusOf(v.Err), transcriptPage(v))
}

func (p *Pages) splitTranscript(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	v := transcriptView{Text: r.PostForm.Get("transcript")}
	for _, c := range voter.SplitTranscript(v.Text) {
		v.Parts = append(v.Parts, part{Text: c.Text, Speaker: c.Speaker, Keep: c.Likely})
	}
	if len(v.Parts) == 0 {
		v.Err = noCandidates()
	}
	return p.showTranscript(w, r, v)
}

func (p *Pages) takeCandidates(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	v := transcriptView{Text: r.PostForm.Get("transcript")}
	texts, speakers := r.PostForm["text"], r.PostForm["speaker"]
	chosen := map[string]bool{}
	for _, n := range r.PostForm["keep"] {
		chosen[n] = true
	}
	var list []voter.NewItem
	for i, text := range texts {
		c := part{Text: text, Keep: chosen[strconv.Itoa(i)]}
		if i < len(speakers) {
			c.Speaker = speakers[i]
		}
		v.Parts = append(v.Parts, c)
		if c.Keep {
			list = append(list, voter.NewItem{Text: c.Text, Speaker: c.Speaker})
		}
	}
	_, err := p.Service.AddItems(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), list, voter.Transcript)
	if refused(err) {
		v.Err = err
		return p.showTranscript(w, r, v)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+r.PathValue("id"), "voter.item.imported")
}

// sortLine is one item on the page of sorting.
type sortLine struct {
	voter.ItemView
	Field, Body []ui.Option
	Why         voter.Suggestion
	Like        []voter.Match
	Body0       string
	Err         error
}

// sortView is the page on which the items of a meeting are sorted and merged.
type sortView struct {
	voter.Dossier
	Place string
	Lines []sortLine
	Left  int
	Err   error
}

func (p *Pages) sort(w http.ResponseWriter, r *http.Request) error {
	return p.showSort(w, r, nil)
}

func (p *Pages) showSort(w http.ResponseWriter, r *http.Request, refusal error) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	d, err := p.Service.Meeting(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sortView{Dossier: d, Place: p.unitName(d.PlaceUnitID), Err: refusal}
	texts := make([]string, len(d.Items))
	for i, x := range d.Items {
		texts[i] = x.Text
	}
	why, err := p.Service.Suggest(ctx, actor, d.UnitID, texts)
	if err != nil {
		return err
	}
	bodies := p.Service.BodiesFor(d.UnitID, d.PlaceUnitID)
	for i, x := range d.Items {
		l := sortLine{ItemView: x, Why: why[i], Body0: p.unitName(x.Competent())}
		if x.State == voter.ItemNew {
			v.Left++
		}
		if x.State == voter.ItemNew || x.State == voter.ItemClassified {
			field, body := x.Item.Field, x.BodyUnitID
			if x.State == voter.ItemNew {
				if field == "" {
					field = why[i].Field
				}
				if body == "" {
					body = why[i].BodyUnitID
				}
			}
			if typed := r.PostForm.Get("field." + x.ID); typed != "" {
				field = typed
			}
			if typed := r.PostForm.Get("body." + x.ID); typed != "" {
				body = typed
			}
			l.Field, l.Body = fieldOptions(ctx, field), unitOptions(bodies, body)
			if l.Like, err = p.Service.Similar(ctx, actor, x.ID); err != nil {
				return err
			}
			l.Like = l.Like[:min(len(l.Like), 3)]
		}
		v.Lines = append(v.Lines, l)
	}
	return web.Render(w, r, statusOf(refusal), sortPage(v, p))
}

func (p *Pages) sorted(w http.ResponseWriter, r *http.Request) error {
	if err := limit(w, r); err != nil {
		return err
	}
	ctx, actor, id := r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")
	d, err := p.Service.Meeting(ctx, actor, id)
	if err != nil {
		return err
	}
	for _, x := range d.Items {
		field, body := r.PostForm.Get("field."+x.ID), r.PostForm.Get("body."+x.ID)
		if (field == "" && body == "") || (x.State != voter.ItemNew && x.State != voter.ItemClassified) || (field == x.Field && body == x.BodyUnitID && x.State == voter.ItemClassified) {
			continue
		}
		if err := p.Service.Classify(ctx, actor, x.ID, field, body); refused(err) {
			return p.showSort(w, r, err)
		} else if err != nil {
			return err
		}
	}
	return back(w, r, meetPath+"/"+id+"/phan-loai", "voter.item.sorted")
}

func (p *Pages) giveBack(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := p.Service.Return(r.Context(), identity.ActorFrom(r.Context()), id)
	if refused(err) {
		return p.showMeeting(w, r, id, err, "return", nil, nil)
	}
	if err != nil {
		return err
	}
	return back(w, r, meetPath+"/"+id+"/tra", "voter.meeting.returned_now")
}

// returnedView is the page of the doors by which the voters of a meeting are told.
type returnedView struct {
	voter.Dossier
	Place             string
	Title, Lead, Loud string
	Public            string
	May               bool
}

func (p *Pages) returned(w http.ResponseWriter, r *http.Request) error {
	actor := identity.ActorFrom(r.Context())
	d, err := p.Service.Meeting(r.Context(), actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := returnedView{Dossier: d, Place: p.unitName(d.PlaceUnitID), Public: Public + "/hoi-nghi/" + d.ID, May: p.Service.Can(actor, voter.ActionWork, d.UnitID)}
	v.Title, v.Lead, v.Loud = p.Service.Tell(d)
	return web.Render(w, r, http.StatusOK, returnedPage(v))
}

// meetingPaper gives the papers of a meeting: minutes, the slip for the notice board, the report that opens it, the text for
// the loudspeaker.
func (p *Pages) meetingPaper(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	d, err := p.Service.Meeting(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	day := "-" + string(clock.DateOf(d.StartsAt))
	switch name := paperName(r); name {
	case "bien-ban":
		return sendPaper(w, r, p.press().Minutes(d), name+day)
	case "niem-yet":
		return sendPaper(w, r, p.press().Slip(d), name+day)
	case "bao-cao-mo-dau":
		rep, err := p.Service.Opening(ctx, actor, d.ID)
		if err != nil {
			return err
		}
		return sendPaper(w, r, p.press().Opening(d, rep), name+day)
	case "loa":
		title, lead, text := p.Service.Tell(d)
		return sendFile(w, r, []byte(title+"\n\n"+lead+"\n\n"+text+"\n"), "text/plain; charset=utf-8", name+day+".txt")
	}
	return errNoPage
}

// template gives the empty templates of minutes.
func (p *Pages) template(w http.ResponseWriter, r *http.Request) error {
	unit := r.URL.Query().Get("don_vi")
	if unit == "" {
		for _, u := range p.workUnits(identity.ActorFrom(r.Context())) {
			unit = u.ID
		}
	}
	n := p.names()
	example := []string{"1", p.Words.T("voter.form_col.example"), n.Fields["transport"], "", "", ""}
	switch r.PathValue("file") {
	case "bien-ban.xlsx":
		cells := make([]any, len(example))
		for i, x := range example {
			cells[i] = x
		}
		return xlsx.Send(w, "mau-bien-ban-kien-nghi.xlsx", form.MinutesSheet(n, p.Service.Bodies(unit), cells)...)
	case "bien-ban.docx":
		d := p.press().List(unit, p.Words.T("voter.print.template_title"), p.Words.T("voter.print.template_subject"), emptyTable())
		d.Blocks = nil
		b, err := form.MinutesWord(n, d, example)
		if err != nil {
			return err
		}
		return sendFile(w, r, b, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "mau-bien-ban-kien-nghi.docx")
	}
	return errNoPage
}
