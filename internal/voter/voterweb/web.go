// Package voterweb is the screens of voter petitions: rounds, meetings with their minutes, sorting and merging, letters and
// answers, review, the return to the voters, the papers of it all, and what the public reads.
package voterweb

import (
	"bytes"
	"context"
	"embed"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/form"
	"github.com/nhipcau/nhipcau/internal/voter/print"
)

// Catalogue holds the words of voter petitions.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand; Public is where everybody reads.
const (
	Base   = "/lam-viec/cu-tri"
	Public = "/cu-tri"

	roundsPath   = Base + "/dot"
	meetPath     = Base + "/hoi-nghi"
	itemsPath    = Base + "/kien-nghi"
	lettersPath  = Base + "/van-ban"
	reviewPath   = Base + "/cho-duyet"
	leftoverPath = Base + "/ton-dong"
	perPage      = 50
	perPublic    = 20
	maxUpload    = 17 << 20
)

// Pages serves the screens.
type Pages struct {
	Service *voter.Service
	// Words are the Vietnamese words of papers, whatever language the reader has chosen.
	Words    print.Words
	Province func() string // id of the unit at the top of the house
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	read, work := voter.ActionRead, voter.ActionWork
	r.Can("GET "+Base, read, p.meetings)
	r.Can("GET "+Base+"/xuat.xlsx", read, p.meetingsExcel)
	r.Can("GET "+roundsPath, read, p.rounds)
	r.Can("GET "+roundsPath+"/xuat.xlsx", read, p.roundsExcel)
	r.Can("GET "+roundsPath+"/moi", work, p.roundForm)
	r.Can("POST "+roundsPath, work, p.saveRound)
	r.Can("GET "+roundsPath+"/{id}", read, p.round)
	r.Can("GET "+roundsPath+"/{id}/sua", work, p.roundForm)
	r.Can("POST "+roundsPath+"/{id}/gui", work, p.send)
	r.Can("GET "+roundsPath+"/{id}/{file}", read, p.roundPaper)
	r.Can("GET "+meetPath+"/moi", work, p.meetingForm)
	r.Can("POST "+meetPath, work, p.saveMeeting)
	r.Can("GET "+meetPath+"/{id}", read, p.meeting)
	r.Can("GET "+meetPath+"/{id}/sua", work, p.meetingForm)
	r.Can("POST "+meetPath+"/{id}/dien-ra", work, p.hold)
	r.Can("POST "+meetPath+"/{id}/kien-nghi", work, p.addItem)
	r.Can("GET "+meetPath+"/{id}/nhap", work, p.upload)
	r.Can("POST "+meetPath+"/{id}/nhap", work, p.uploaded)
	r.Can("GET "+meetPath+"/{id}/ghi-am", work, p.transcript)
	r.Can("POST "+meetPath+"/{id}/ghi-am", work, p.splitTranscript)
	r.Can("POST "+meetPath+"/{id}/ghi-am/nhan", work, p.takeCandidates)
	r.Can("POST "+meetPath+"/{id}/xong", work, p.finish)
	r.Can("GET "+meetPath+"/{id}/phan-loai", work, p.sort)
	r.Can("POST "+meetPath+"/{id}/phan-loai", work, p.sorted)
	r.Can("POST "+meetPath+"/{id}/tra", work, p.giveBack)
	r.Can("GET "+meetPath+"/{id}/tra", read, p.returned)
	r.Can("GET "+meetPath+"/{id}/giay/{file}", read, p.meetingPaper)
	r.Can("GET "+itemsPath, read, p.items)
	r.Can("GET "+itemsPath+"/xuat.xlsx", read, p.itemsExcel)
	r.Can("GET "+itemsPath+"/{id}", read, p.item)
	r.Can("POST "+itemsPath+"/{id}/sua", work, p.editItem)
	r.Can("POST "+itemsPath+"/{id}/bo", work, p.dropItem)
	r.Can("POST "+itemsPath+"/{id}/phan-loai", work, p.classify)
	r.Can("POST "+itemsPath+"/{id}/gop", work, p.merge)
	r.Can("POST "+itemsPath+"/{id}/tach", work, p.unmerge)
	r.Can("POST "+itemsPath+"/{id}/nguoi-noi", voter.ActionSpeaker, p.speaker)
	r.Can("POST "+itemsPath+"/{id}/tra-loi", voter.ActionAnswer, p.answer)
	r.Can("POST "+itemsPath+"/{id}/duyet", voter.ActionReview, p.decide)
	r.Can("GET "+reviewPath, voter.ActionReview, p.review)
	r.Can("GET "+reviewPath+"/xuat.xlsx", voter.ActionReview, p.reviewExcel)
	r.Can("GET "+leftoverPath, read, p.leftover)
	r.Can("GET "+leftoverPath+"/xuat.xlsx", read, p.leftoverExcel)
	r.Can("GET "+lettersPath, read, p.letters)
	r.Can("GET "+lettersPath+"/xuat.xlsx", read, p.lettersExcel)
	r.Can("GET "+lettersPath+"/{id}", read, p.letter)
	r.Can("GET "+lettersPath+"/{id}/{file}", read, p.letterPaper)
	r.Can("POST "+lettersPath+"/{id}/nhap", voter.ActionAnswer, p.importAnswers)
	r.Can("GET "+Base+"/mau/{file}", work, p.template)
	r.Public("GET "+Public, p.public)
	r.Public("GET "+Public+"/don-vi/{unit}", p.public)
	r.Public("GET "+Public+"/hoi-nghi/{id}", p.publicMeeting)
}

// press makes papers with the words and the day of now.
func (p *Pages) press() print.Press {
	return print.Press{Words: p.Words, Unit: p.Service.Unit, Today: p.Service.Today()}
}

// names are what codes are called in the tables that people fill in: always Vietnamese.
func (p *Pages) names() form.Names {
	n := form.Names{Fields: map[string]string{}, Kinds: map[string]string{}, Titles: map[string]string{}}
	for _, f := range voter.Fields() {
		n.Fields[f] = p.Words.T("voter.field." + f)
	}
	for _, k := range voter.AnswerKinds() {
		n.Kinds[string(k)] = p.Words.T("voter.kind." + string(k))
	}
	for _, k := range []string{"n", "text", "field", "body", "speaker", "consent", "lists", "sheet", "code", "meeting", "kind", "answer", "due", "forwarded", "doc", "doc_on", "return_sheet"} {
		n.Titles[k] = p.Words.T("voter.form_col." + k)
	}
	return n
}

// tabs are the views of the room.
type tabs struct {
	Active  string
	Waiting int
	Review  bool
	Work    bool
}

func (p *Pages) tabs(r *http.Request, active string) (tabs, error) {
	actor := identity.ActorFrom(r.Context())
	t := tabs{Active: active, Review: p.Service.Authz.CanSomewhere(actor, voter.ActionReview), Work: p.Service.Authz.CanSomewhere(actor, voter.ActionWork)}
	if t.Review {
		list, err := p.Service.Waiting(r.Context(), actor)
		if err != nil {
			return t, err
		}
		t.Waiting = len(list)
	}
	return t, nil
}

// workUnits are the units in which the actor does the work of voter petitions.
func (p *Pages) workUnits(actor identity.Actor) []orgunit.Unit {
	var out []orgunit.Unit
	for _, u := range p.Service.Authz.Scope(actor, voter.ActionWork) {
		out = append(out, p.Service.Unit(u))
	}
	return out
}

// refused tells whether an error is one that the form shows again, with what was typed.
func refused(err error) bool {
	k := fault.KindOf(err)
	return err != nil && (k == fault.Invalid || k == fault.Conflict || k == fault.TooLarge) && len(web.Faults(err)) > 0
}

func statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(err))
}

// limit bounds and reads a form of text.
func limit(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 2<<20)
	if err := r.ParseForm(); err != nil {
		return fault.Fields{fault.Field("text", "voter.form.large").Because(err)}
	}
	return nil
}

// file reads an uploaded file into memory; none is an empty one.
func file(w http.ResponseWriter, r *http.Request) ([]byte, string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		e := fault.Field("file", "xlsx.large").With("Limit", 16).Because(err)
		e.Kind = fault.TooLarge
		return nil, "", fault.Fields{e}
	}
	f, head, err := r.FormFile("file")
	if err != nil {
		return nil, "", fault.Fields{fault.Field("file", "voter.form.file_wanted").Because(err)}
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	return b, head.Filename, err
}

// date reads a day that was typed; "" stays "", nonsense becomes a day that every check refuses.
func date(s string) clock.Date {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return clock.Date("?")
	}
	return d
}

// moment reads a day and an hour in Vietnam; zero for nonsense.
func moment(day, hour string) time.Time {
	d := date(day)
	if !d.Valid() {
		return time.Time{}
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", string(d)+" "+strings.TrimSpace(hour), clock.Vietnam)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func number(s string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s), ".", ""))
	if err != nil {
		return 0
	}
	return n
}

// known keeps the parameters that a list understands.
func known(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if v := q.Get(n); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

// with is an address with some of the query changed; an empty value takes the parameter away.
func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

func pageOf(q url.Values) int { return max(1, number(q.Get("trang"))) }

// sendPaper answers with a document as the file name asks: .pdf or .docx.
func sendPaper(w http.ResponseWriter, r *http.Request, d paper.Document, name string) error {
	var b []byte
	var err error
	kind := "application/pdf"
	if strings.HasSuffix(r.PathValue("file"), ".docx") {
		kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		b, err = d.DOCX()
		name += ".docx"
	} else {
		b, err = d.PDF()
		name += ".pdf"
	}
	if err != nil {
		return err
	}
	return sendFile(w, r, b, kind, name)
}

func sendFile(w http.ResponseWriter, r *http.Request, b []byte, kind, name string) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "private, no-store")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
	return nil
}

// paperName splits "bao-cao.pdf" into its name; "" when the ending is not one of ours.
func paperName(r *http.Request) string {
	for _, end := range []string{".pdf", ".docx", ".xlsx", ".txt"} {
		if name, ok := strings.CutSuffix(r.PathValue("file"), end); ok {
			return name
		}
	}
	return ""
}

var errNoPage = fault.New(fault.NotFound, "web.not_found")

func back(w http.ResponseWriter, r *http.Request, to, key string) error {
	return web.SeeOther(w, r, ui.WithFlash(to, key))
}

func levelText(ctx context.Context, l voter.Level) string {
	return i18n.T(ctx, "voter.level."+string(l))
}

func fieldText(ctx context.Context, f string) string {
	if f == "" {
		return i18n.T(ctx, "voter.field.none")
	}
	return i18n.T(ctx, "voter.field."+f)
}

func stateText(ctx context.Context, s voter.ItemState) string {
	return i18n.T(ctx, "voter.item_state."+string(s))
}

func itemTone(s voter.ItemState) string {
	switch s {
	case voter.ItemAnswered:
		return "ok"
	case voter.ItemProgress, voter.ItemReview:
		return "info"
	case voter.ItemSent:
		return "wait"
	case voter.ItemNew, voter.ItemClassified, voter.ItemMerged:
	}
	return "mute"
}

func meetingTone(s voter.MeetingState) string {
	switch s {
	case voter.Returned:
		return "ok"
	case voter.Answered:
		return "info"
	case voter.Held, voter.Minuted, voter.Sent:
		return "wait"
	case voter.Planned:
	}
	return "mute"
}

func meetingText(ctx context.Context, s voter.MeetingState) string {
	return i18n.T(ctx, "voter.meeting_state."+string(s))
}

// kindText says what an answer amounts to, with its day or where it was passed on to.
func kindText(ctx context.Context, a *voter.Answer) string {
	return i18n.T(ctx, "voter.kind_long."+string(a.Kind), "Due", a.DueOn.Vietnamese(), "To", a.ForwardedTo)
}

func kindTone(k voter.AnswerKind) string {
	if k.Closes() {
		return "ok"
	}
	return "wait"
}

func roundText(ctx context.Context, r voter.Round) string {
	return i18n.T(ctx, "voter.round_name_"+string(r.Phase), "Session", vntext.LowerFirst(r.Session))
}

func (p *Pages) unitName(unitID string) string { return p.Service.Unit(unitID).FullName }

func unitOptions(list []orgunit.Unit, chosen string) []ui.Option {
	var out []ui.Option
	for _, u := range list {
		out = append(out, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == chosen})
	}
	return out
}

func fieldOptions(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, f := range voter.Fields() {
		out = append(out, ui.Option{Value: f, Text: fieldText(ctx, f), Selected: f == chosen})
	}
	return out
}
