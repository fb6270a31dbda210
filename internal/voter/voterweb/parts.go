package voterweb

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// dateOf is a day in a template's parameters.
type dateOf = clock.Date

func (t tabs) list(ctx context.Context) []ui.Tab {
	tab := func(key, href string) ui.Tab {
		return ui.Tab{Text: i18n.T(ctx, "voter.tab."+key), Href: href, Active: t.Active == href}
	}
	out := []ui.Tab{tab("meetings", Base), tab("rounds", roundsPath), tab("items", itemsPath), tab("letters", lettersPath)}
	if t.Review {
		x := tab("review", reviewPath)
		x.Count = t.Waiting
		out = append(out, x)
	}
	return append(out, tab("leftover", leftoverPath))
}

// heads are the heads of a table; a name ending in "#" is a column of figures.
func heads(ctx context.Context, names ...string) []ui.Col {
	out := make([]ui.Col, len(names))
	for i, n := range names {
		name, num := strings.CutSuffix(n, "#")
		out[i] = ui.Col{Text: i18n.T(ctx, "voter.col."+name), Num: num}
	}
	return out
}

func all(ctx context.Context, list []ui.Option) []ui.Option {
	return append([]ui.Option{{Value: "", Text: i18n.T(ctx, "voter.filter.all")}}, list...)
}

func none(ctx context.Context, list []ui.Option) []ui.Option {
	return append([]ui.Option{{Value: "", Text: i18n.T(ctx, "voter.item.not_yet")}}, list...)
}

func meetingStates(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, s := range voter.MeetingStates() {
		out = append(out, ui.Option{Value: string(s), Text: meetingText(ctx, s), Selected: string(s) == chosen})
	}
	return out
}

func itemStates(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, s := range voter.ItemStates() {
		out = append(out, ui.Option{Value: string(s), Text: stateText(ctx, s), Selected: string(s) == chosen})
	}
	return out
}

func kinds(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, k := range voter.AnswerKinds() {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "voter.kind."+string(k)), Hint: i18n.T(ctx, "voter.kind_hint."+string(k)), Selected: string(k) == chosen})
	}
	return out
}

func levels(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, l := range voter.Levels() {
		out = append(out, ui.Option{Value: string(l), Text: levelText(ctx, l), Selected: string(l) == chosen})
	}
	return out
}

func phases(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, p := range voter.Phases() {
		out = append(out, ui.Option{Value: string(p), Text: i18n.T(ctx, "voter.phase."+string(p)), Selected: string(p) == chosen})
	}
	return out
}

func (v meetingFormView) title() string {
	if v.ID == "" {
		return "voter.meeting.new"
	}
	return "voter.meeting.change"
}

func (v roundFormView) title() string {
	if v.ID == "" {
		return "voter.round.new"
	}
	return "voter.round.change"
}

func steps(ctx context.Context) []string {
	var out []string
	for _, s := range voter.MeetingStates() {
		out = append(out, meetingText(ctx, s))
	}
	return out
}

// stepOf is the place of a state among the steps; a returned meeting has them all behind it.
func stepOf(state voter.MeetingState) int {
	for i, s := range voter.MeetingStates() {
		if s == state {
			return i
		}
	}
	return 0
}

func heldKind(s voter.MeetingState) string {
	if s == voter.Planned {
		return "primary"
	}
	return ""
}

// errOf is the refusal of a field in one of several forms of a page.
func errOf(ctx context.Context, err error, of, form, field string) string {
	if of != form {
		return ""
	}
	return web.FieldError(ctx, err, field)
}

func line(ctx context.Context, key, text string) ui.DefinitionItem {
	return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text}
}

func meetingFacts(ctx context.Context, v meetingView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{
		line(ctx, "voter.col.when", i18n.DateTime(v.StartsAt)), line(ctx, "voter.col.place", v.Meeting.Place+", "+v.Place), line(ctx, "voter.col.unit", v.Unit),
		{Term: i18n.T(ctx, "voter.col.round"), Body: link(roundsPath+"/"+v.RoundID, roundText(ctx, v.Round))},
		line(ctx, "voter.col.delegates", strings.Join(v.DelegateNames(), "; ")),
	}
	if v.Attendance > 0 {
		out = append(out, line(ctx, "voter.col.attendance", ui.Number(ctx, v.Attendance)))
	}
	for _, x := range [][2]string{{"voter.meeting.chair", v.Chair}, {"voter.meeting.clerk", v.Clerk}} {
		if key, text := x[0], x[1]; text != "" && v.State != voter.Planned && v.State != voter.Held {
			out = append(out, line(ctx, key, text))
		}
	}
	if v.Published {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "voter.meeting.public"), Body: link(Public+"/hoi-nghi/"+v.ID, i18n.T(ctx, "voter.meeting.public_open"))})
	}
	return out
}

func itemFacts(ctx context.Context, v itemView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{
		{Term: i18n.T(ctx, "voter.col.meeting"), Body: link(meetPath+"/"+v.MeetingID, v.Place+", "+i18n.Date(v.Meeting.StartsAt))},
		line(ctx, "voter.col.round", roundText(ctx, v.Round)), line(ctx, "voter.col.field", fieldText(ctx, v.Field)), line(ctx, "voter.col.body", bodyText(ctx, v.Name, v.ItemView)),
		line(ctx, "voter.col.source", i18n.T(ctx, "voter.source."+string(v.Source))),
	}
	if v.Times > 1 {
		out = append(out, line(ctx, "voter.col.times", ui.Number(ctx, v.Times)))
	}
	if v.LetterID != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "voter.col.letter"), Body: link(lettersPath+"/"+v.LetterID, i18n.T(ctx, "voter.letter.open"))})
	}
	return out
}

func roundFacts(ctx context.Context, v roundView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{line(ctx, "voter.col.unit", v.Unit.FullName), line(ctx, "voter.col.level", levelText(ctx, v.Round.Level)), line(ctx, "voter.col.session_on", v.Round.SessionOn.Vietnamese())}
	if v.Round.LockOn != "" {
		out = append(out, line(ctx, "voter.col.lock", v.Round.LockOn.Vietnamese()))
	}
	return out
}

func letterFacts(ctx context.Context, v letterView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{line(ctx, "voter.col.number", letterName(ctx, v.Letter)), line(ctx, "voter.col.from", v.Unit), line(ctx, "voter.col.to", v.Body),
		line(ctx, "voter.col.round", roundText(ctx, v.Round)), line(ctx, "voter.col.sent_on", v.SentOn.Vietnamese()), line(ctx, "voter.col.due_on", v.DueOn.Vietnamese())}
	if v.Note != "" {
		out = append(out, line(ctx, "voter.letter.note", v.Note))
	}
	return out
}

func publicFacts(ctx context.Context, v publicMeetingView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{line(ctx, "voter.col.when", i18n.DateTime(v.StartsAt)), line(ctx, "voter.col.place", v.Meeting.Place+", "+v.Place), line(ctx, "voter.col.round", roundText(ctx, v.Round)), line(ctx, "voter.col.delegates", strings.Join(v.DelegateNames(), "; "))}
	if v.Attendance > 0 {
		out = append(out, line(ctx, "voter.col.attendance", ui.Number(ctx, v.Attendance)))
	}
	return out
}

func publicStatus(s voter.MeetingState) string {
	if s == voter.Planned {
		return "voter.public.planned"
	}
	return "voter.public.working"
}

func publicDone(list []voter.ItemView) int {
	n := 0
	for _, v := range list {
		if v.Answer != nil && v.Answer.Kind.Closes() {
			n++
		}
	}
	return n
}

func publicMeetingNews(ctx context.Context, rows []meetingLine) []ui.NewsItem {
	var out []ui.NewsItem
	for _, m := range rows {
		x := ui.NewsItem{Title: i18n.T(ctx, "voter.public.meeting_line", "Place", lower(m.Place)), Href: Public + "/hoi-nghi/" + m.ID, Meta: i18n.DateTime(m.StartsAt)}
		switch m.State {
		case voter.Planned:
			x.Text = i18n.T(ctx, "voter.public.planned")
		case voter.Returned:
			x.Text = i18n.T(ctx, "voter.public.result", "Count", m.Items)
		default:
			x.Text = i18n.T(ctx, "voter.public.working")
		}
		out = append(out, x)
	}
	return out
}

func publicNews(ctx context.Context, list []voter.ItemView, name func(string) string) []ui.NewsItem {
	var out []ui.NewsItem
	for _, v := range list {
		x := ui.NewsItem{Title: vntext.Truncate(v.Text, 110), Href: Public + "/hoi-nghi/" + v.MeetingID + "?kn=" + v.Code + "#" + v.Code}
		if v.Meet != nil {
			x.Meta = name(v.Meet.PlaceUnitID) + ", " + i18n.Date(v.Meet.StartsAt)
		}
		out = append(out, x)
	}
	return out
}

func bodyText(ctx context.Context, name func(string) string, v voter.ItemView) string {
	if v.Competent() == "" {
		return i18n.T(ctx, "voter.body.none")
	}
	return name(v.Competent())
}

// lower is the name of a place as in a sentence.
func lower(name string) string { return vntext.LowerFirst(name) }

func short(text string) string { return vntext.Truncate(strings.ReplaceAll(text, "\n", " "), 220) }

func paragraphs(text string) []string {
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func percent(x float64) string { return strconv.Itoa(int(x*100+0.5)) + "%" }

func whyText(ctx context.Context, s voter.Suggestion) string {
	switch {
	case s.LikeCode != "":
		return i18n.T(ctx, "voter.sort.why_like", "Code", s.LikeCode)
	case len(s.Words) > 0:
		return i18n.T(ctx, "voter.sort.why_words")
	}
	return i18n.T(ctx, "voter.sort.why_none")
}

func timeline(ctx context.Context, list []voter.Event) []ui.TimelineItem {
	var out []ui.TimelineItem
	for i := len(list) - 1; i >= 0; i-- {
		e := list[i]
		text := e.Note
		if text == "xlsx" {
			text = i18n.T(ctx, "voter.import.from_table")
		}
		out = append(out, ui.TimelineItem{At: e.At, Title: i18n.T(ctx, "voter.step."+e.Step), Text: text, Who: e.ActorName, Tone: "mute"})
	}
	return out
}

func meetingCrumbs(ctx context.Context, d voter.Dossier, place string) []ui.Crumb {
	return []ui.Crumb{{Text: i18n.T(ctx, "voter.title"), Href: Base}, {Text: place + ", " + i18n.Date(d.StartsAt), Href: meetPath + "/" + d.ID}}
}

func (v leftoverView) query() url.Values {
	q := url.Values{"don_vi": {v.Unit}}
	if v.All {
		q.Set("xem", "tat-ca")
	}
	return q
}

func lineName(ctx context.Context, l voter.Line, kind string) string {
	if kind == "field" {
		return fieldText(ctx, l.Key)
	}
	if l.Name == "" {
		return i18n.T(ctx, "voter.body.none")
	}
	return l.Name
}

func letterName(ctx context.Context, l voter.Letter) string {
	if l.Number != "" {
		return l.Number
	}
	return i18n.T(ctx, "voter.letter.no_number", "N", l.Serial)
}

func letterSide(l voter.Letter, to bool) string {
	if to {
		return l.UnitID
	}
	return l.BodyUnitID
}

func letterWho(to bool) string {
	if to {
		return "from"
	}
	return "to"
}

// typed is what was typed for a letter to the body, when it was refused.
func (v roundView) typed(body string) sendForm {
	if v.Form.Body == body {
		return v.Form
	}
	return sendForm{}
}

func (v roundView) err(ctx context.Context, body, field string) string {
	if v.Form.Body != body {
		return ""
	}
	return web.FieldError(ctx, v.Err, field)
}

func importTone(in voter.Import) string {
	switch {
	case len(in.Refused) == 0:
		return "ok"
	case in.Taken == 0:
		return "late"
	}
	return "wait"
}

// rowReason is the sentence of why a row was not taken.
func rowReason(ctx context.Context, r voter.RefusedRow) string {
	f := fault.New(fault.Invalid, r.Key)
	for k, v := range r.Args {
		f = f.With(k, v)
	}
	return i18n.Fault(ctx, f)
}

// kept counts the chosen parts before the i-th: the row by which a refusal names it.
func kept(parts []part, i int) int {
	n := 0
	for _, c := range parts[:i] {
		if c.Keep {
			n++
		}
	}
	return n
}

func partField(parts []part, i int) string {
	total := kept(parts, len(parts))
	if total < 2 {
		return "text"
	}
	return "text." + strconv.Itoa(kept(parts, i)+1)
}

func partID(parts []part, i int) string {
	if parts[i].Keep {
		return ui.FieldID(partField(parts, i))
	}
	return "part-" + strconv.Itoa(i)
}

func partErr(ctx context.Context, v transcriptView, i int) string {
	if !v.Parts[i].Keep {
		return ""
	}
	return web.FieldError(ctx, v.Err, partField(v.Parts, i))
}
