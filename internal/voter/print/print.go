// Package print writes the papers of voter petitions in the layout of Decree 30/2020: the letter to a body with its table,
// the minutes of a meeting, the slip for the notice board, the report that opens the next meeting, and the report for the session.
package print

import (
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// Words speaks Vietnamese; i18n.Words implements it.
type Words interface {
	T(id string, args ...any) string
}

// Unit gives a unit as it stands today.
type Unit func(unitID string) orgunit.Unit

// Press makes the papers.
type Press struct {
	Words Words
	Unit  Unit
	Today clock.Date
}

// letterhead fills in who issues a paper of a unit. A committee of the Front speaks as its committee, with the one above it
// as superior; an agency by its own name.
func (p Press) letterhead(unitID string) paper.Document {
	u := p.Unit(unitID)
	d := paper.Document{Place: place(u), Date: p.Today}
	if u.Kind == orgunit.KindAgency {
		d.Issuer = u.FullName
		host := p.Unit(u.ParentID)
		d.Place = place(host)
		return d
	}
	d.Issuer = p.Words.T("voter.print.front", "Unit", vntext.LowerFirst(u.FullName))
	if up := p.Unit(u.ParentID); up.Name != "" && up.Kind == orgunit.KindFront {
		d.Superior = p.Words.T("voter.print.front", "Unit", vntext.LowerFirst(up.FullName))
		if up.Level == orgunit.LevelCentral {
			d.Superior = p.Words.T("voter.print.central")
		}
	}
	return d
}

// place is the name of the unit where a paper is written, without "Tỉnh".
func place(u orgunit.Unit) string {
	if u.Name == "" {
		return u.FullName
	}
	return u.Name
}

// symbol is what stands behind the number: "/BC-MTTQ-BTT"; an agency has its own, which the office writes in.
func (p Press) symbol(unitID, kind string) string {
	if p.Unit(unitID).Kind == orgunit.KindAgency {
		return ""
	}
	if kind != "" {
		kind += "-"
	}
	return "/" + kind + "MTTQ-BTT"
}

// signers is who signs for a unit.
func (p Press) signers(unitID, name string) []paper.Signer {
	if p.Unit(unitID).Kind == orgunit.KindAgency {
		return []paper.Signer{{Authority: p.Words.T("voter.print.chair"), Name: name}}
	}
	return []paper.Signer{{Authority: p.Words.T("voter.print.standing"), Title: p.Words.T("voter.print.chair"), Name: name}}
}

// round names a round as in a sentence: "trước kỳ họp thứ hai …".
func (p Press) round(r voter.Round) string {
	return p.Words.T("voter.print.round_"+string(r.Phase), "Session", vntext.LowerFirst(r.Session))
}

func (p Press) field(f string) string {
	if f == "" {
		return p.Words.T("voter.field.none")
	}
	return p.Words.T("voter.field." + f)
}

// meeting names where and when an item was raised, without who raised it.
func (p Press) meeting(m *voter.Meeting) string {
	if m == nil {
		return ""
	}
	return p.Words.T("voter.print.meeting_short", "Place", p.voters(m.PlaceUnitID), "Date", clock.DateOf(m.StartsAt).Vietnamese())
}

// voters is the name of a place as in a sentence: "cử tri xã Kim Liên".
func (p Press) voters(placeID string) string { return vntext.LowerFirst(p.Unit(placeID).FullName) }

// result says what an answer amounts to.
func (p Press) result(a *voter.Answer) string {
	if a == nil {
		return p.Words.T("voter.print.no_answer")
	}
	text := p.Words.T("voter.kind_long."+string(a.Kind), "Due", a.DueOn.Vietnamese(), "To", a.ForwardedTo)
	if a.DocNumber != "" {
		text += "\n" + p.Words.T("voter.print.doc", "Number", a.DocNumber, "Date", a.DocOn.Vietnamese())
	}
	return text
}

func itoa(n int) string { return strconv.Itoa(n) }

// Letter is the letter to a body, with the petitions and the table to be returned in its annex.
func (p Press) Letter(l voter.LetterDossier) paper.Document {
	d := p.letterhead(l.UnitID)
	d.Number, d.Date = l.Number, l.SentOn
	if d.Number == "" {
		d.Number = p.symbol(l.UnitID, "")
	}
	body := p.Unit(l.BodyUnitID)
	d.Subject = p.Words.T("voter.print.letter_subject", "Round", p.round(l.Round))
	d.To = []string{body.FullName}
	d.Blocks = []paper.Block{
		paper.Paragraph{Text: p.Words.T("voter.print.letter_1", "Issuer", d.Issuer, "Round", p.round(l.Round), "Count", len(l.Items), "Body", body.FullName)},
		paper.Paragraph{Text: p.Words.T("voter.print.letter_2", "Body", body.FullName, "Due", l.DueOn.Vietnamese())},
		paper.Paragraph{Text: p.Words.T("voter.print.letter_3")},
	}
	for part := range strings.SplitSeq(l.Note, "\n") {
		if part != "" {
			d.Blocks = append(d.Blocks, paper.Paragraph{Text: part})
		}
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: p.Words.T("voter.print.thanks")})
	d.Signers = p.signers(l.UnitID, l.Signer)
	d.Recipients = []string{p.Words.T("voter.print.as_above"), p.Words.T("voter.print.archive")}
	t := paper.Table{Head: p.heads("stt", "code", "text", "meeting", "kind", "answer", "due"), Widths: []int{5, 11, 33, 15, 12, 15, 9}, Center: []bool{true, true}}
	for i, v := range l.Items {
		t.Rows = append(t.Rows, []string{itoa(i + 1), v.Code, v.Text, p.meeting(v.Meet), "", "", ""})
	}
	var kinds []string
	for _, k := range voter.AnswerKinds() {
		kinds = append(kinds, p.Words.T("voter.kind."+string(k)))
	}
	d.Annexes = []paper.Annex{{Title: p.Words.T("voter.print.letter_annex"), Landscape: true, Blocks: []paper.Block{t,
		paper.Paragraph{Italic: true, Text: p.Words.T("voter.print.letter_hint", "Kinds", strings.Join(kinds, "; "))}}}}
	return d
}

func (p Press) heads(keys ...string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = p.Words.T("voter.col." + k)
	}
	return out
}

// Minutes is the minutes of a meeting. Names of voters do not stand in it.
func (p Press) Minutes(m voter.Dossier) paper.Document {
	d := p.letterhead(m.UnitID)
	d.Number, d.Date = p.symbol(m.UnitID, "BB"), clock.DateOf(m.StartsAt)
	d.Kind, d.Subject = p.Words.T("voter.print.minutes"), p.Words.T("voter.print.minutes_subject", "Round", p.round(m.Round))
	attendance := ""
	if m.Attendance > 0 {
		attendance = p.Words.T("voter.print.voters", "Count", m.Attendance)
	}
	d.Blocks = []paper.Block{
		paper.Field{Label: p.Words.T("voter.print.time"), Value: i18n.DateTime(m.StartsAt)}, paper.Field{Label: p.Words.T("voter.print.place"), Value: m.Place + ", " + p.Unit(m.PlaceUnitID).FullName},
		paper.Field{Label: p.Words.T("voter.print.delegates"), Value: strings.Join(m.DelegateNames(), "; ")}, paper.Field{Label: p.Words.T("voter.print.attendance"), Value: attendance},
		paper.Field{Label: p.Words.T("voter.print.led"), Value: m.Chair}, paper.Field{Label: p.Words.T("voter.print.clerk"), Value: m.Clerk},
	}
	if m.Summary != "" {
		d.Blocks = append(d.Blocks, paper.Heading{Text: p.Words.T("voter.print.general")}, paper.Paragraph{Text: m.Summary})
	}
	d.Blocks = append(d.Blocks, paper.Heading{Text: p.Words.T("voter.print.items", "Count", len(m.Items))})
	t := paper.Table{Head: p.heads("stt", "code", "text", "field", "body"), Widths: []int{7, 15, 44, 15, 19}, Center: []bool{true, true}}
	for _, v := range m.Items {
		name := ""
		if v.BodyUnitID != "" {
			name = p.Unit(v.BodyUnitID).FullName
		}
		field := ""
		if v.Field != "" {
			field = p.field(v.Field)
		}
		t.Rows = append(t.Rows, []string{itoa(v.N), v.Code, v.Text, field, name})
	}
	d.Blocks = append(d.Blocks, t, paper.Paragraph{Text: p.Words.T("voter.print.minutes_end")})
	d.Signers = []paper.Signer{{Title: p.Words.T("voter.print.clerk_sign"), Note: p.Words.T("voter.print.sign_hint"), Name: m.Clerk}, {Title: p.Words.T("voter.print.chair_sign"), Note: p.Words.T("voter.print.sign_hint"), Name: m.Chair}}
	return d
}

// Slip is the sheet for the notice board of the place: what was asked and what was answered. It names nobody.
func (p Press) Slip(m voter.Dossier) paper.Document {
	d := p.letterhead(m.UnitID)
	d.Number, d.Kind = p.symbol(m.UnitID, "TB"), p.Words.T("voter.print.notice")
	d.Subject = p.Words.T("voter.print.slip_subject", "Place", p.voters(m.PlaceUnitID), "Date", clock.DateOf(m.StartsAt).Vietnamese())
	d.Blocks = []paper.Block{paper.Paragraph{Text: p.Words.T("voter.print.slip_1", "Issuer", d.Issuer, "Place", p.voters(m.PlaceUnitID), "Count", len(m.Items))}}
	d.Blocks = append(d.Blocks, p.answers(m.Items, true))
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: p.Words.T("voter.print.slip_2")})
	d.Signers = p.signers(m.UnitID, "")
	d.Recipients = []string{p.Words.T("voter.print.slip_to", "Place", p.voters(m.PlaceUnitID)), p.Words.T("voter.print.archive")}
	return d
}

// answers is the table of petitions with their answers, grouped by field when grouped.
func (p Press) answers(list []voter.ItemView, masked bool) paper.Table {
	t := paper.Table{Head: p.heads("stt", "text", "body", "result"), Widths: []int{7, 36, 18, 39}, Center: []bool{true}}
	hide := func(s string) string { return s }
	if masked {
		hide = voter.Masked
	}
	for i, v := range list {
		result := p.result(v.Answer)
		if v.Answer != nil {
			result += "\n" + hide(v.Answer.Text)
		}
		t.Rows = append(t.Rows, []string{itoa(i + 1), hide(v.Text), p.Unit(v.Competent()).FullName, result})
	}
	return t
}

// Opening is the report that opens the next meeting: what the voters of the place raised before, and what came of it.
func (p Press) Opening(m voter.Dossier, r voter.Report) paper.Document {
	d := p.letterhead(m.UnitID)
	d.Number, d.Kind = p.symbol(m.UnitID, "BC"), p.Words.T("voter.print.report")
	d.Subject = p.Words.T("voter.print.opening_subject", "Place", p.voters(m.PlaceUnitID))
	d.Blocks = []paper.Block{paper.Paragraph{Text: p.Words.T("voter.print.opening_1", "Meetings", len(r.Meetings), "Count", r.Sum.All, "Done", r.Sum.Done, "Progress", r.Sum.InProgress, "Open", r.Sum.Outstanding)}}
	n := 1
	section := func(key string, list []voter.ItemView) {
		if len(list) == 0 {
			return
		}
		d.Blocks = append(d.Blocks, paper.Heading{Text: roman(n) + ". " + p.Words.T(key, "Count", len(list))}, p.answers(list, true))
		n++
	}
	done, rest := part(r.Items)
	section("voter.print.part_done", done)
	section("voter.print.part_open", rest)
	section("voter.print.part_before", r.Before)
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: p.Words.T("voter.print.opening_end")})
	d.Signers = p.signers(m.UnitID, "")
	d.Recipients = []string{p.Words.T("voter.print.opening_to"), p.Words.T("voter.print.archive")}
	return d
}

// part separates what is answered for good from what is not.
func part(list []voter.ItemView) (done, rest []voter.ItemView) {
	for _, v := range list {
		if v.Effective() == voter.ItemAnswered {
			done = append(done, v)
		} else {
			rest = append(rest, v)
		}
	}
	return done, rest
}

// roman numbers the parts of a report.
func roman(n int) string {
	list := []string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII"}
	if n >= len(list) {
		return itoa(n)
	}
	return list[n]
}

// Session is the report for the session: figures by field and by body, what was answered, what is being handled, what has no
// answer, what is left of earlier sessions; the whole list in the annexes.
func (p Press) Session(r voter.Report) paper.Document {
	d := p.letterhead(r.Round.UnitID)
	d.Number, d.Kind = p.symbol(r.Round.UnitID, "BC"), p.Words.T("voter.print.report")
	d.Subject = p.Words.T("voter.print.session_subject", "Round", p.round(r.Round))
	d.Basis = []string{p.Words.T("voter.print.basis_1")}
	d.Blocks = []paper.Block{
		paper.Paragraph{Text: p.Words.T("voter.print.session_1", "Issuer", d.Issuer, "Round", p.round(r.Round))},
		paper.Heading{Text: "I. " + p.Words.T("voter.print.session_general")},
		paper.Paragraph{Text: p.Words.T("voter.print.session_2", "Meetings", len(r.Meetings), "Voters", r.Voters, "Count", r.Sum.All, "Merged", r.Sum.Merged)},
		paper.Paragraph{Text: p.Words.T("voter.print.session_3", "Done", r.Sum.Done, "Progress", r.Sum.InProgress, "Open", r.Sum.Outstanding)},
		paper.Heading{Text: "II. " + p.Words.T("voter.print.by_field")}, p.lines("field", r.ByField, r.Sum),
		paper.Heading{Text: "III. " + p.Words.T("voter.print.by_body")}, p.lines("body", r.ByBody, r.Sum),
	}
	n := 4
	for _, s := range []struct {
		key  string
		list []voter.ItemView
	}{{"voter.print.part_no_answer", pick(r.Items, voter.ItemSent, voter.ItemReview, voter.ItemNew, voter.ItemClassified)}, {"voter.print.part_before", r.Before}} {
		if len(s.list) == 0 {
			continue
		}
		d.Blocks = append(d.Blocks, paper.Heading{Text: roman(n) + ". " + p.Words.T(s.key, "Count", len(s.list))})
		for _, v := range s.list {
			d.Blocks = append(d.Blocks, paper.Bullet{Text: p.Words.T("voter.print.bullet", "Code", v.Code, "Text", vntext.Truncate(strings.ReplaceAll(v.Text, "\n", " "), 300), "Body", p.Unit(v.Competent()).FullName)})
		}
		n++
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: p.Words.T("voter.print.session_end")})
	d.Signers = p.signers(r.Round.UnitID, "")
	d.Recipients = []string{p.Words.T("voter.print.session_to"), p.Words.T("voter.print.archive")}
	d.Annexes = p.annexes(r)
	return d
}

// annexes are the whole list by field, once for what is done and once for the rest.
func (p Press) annexes(r voter.Report) []paper.Annex {
	done, rest := part(r.Items)
	var out []paper.Annex
	for _, x := range []struct {
		key  string
		list []voter.ItemView
	}{{"voter.print.annex_done", done}, {"voter.print.annex_open", rest}} {
		if len(x.list) == 0 {
			continue
		}
		t := paper.Table{Head: p.heads("stt", "code", "text", "meeting", "body", "result"), Widths: []int{5, 11, 27, 13, 14, 30}, Center: []bool{true, true}, Size: 11}
		n := 1
		for _, f := range append(voter.Fields(), "") {
			first := true
			for _, v := range x.list {
				head := v.Item
				if v.Head != nil {
					head = *v.Head
				}
				if head.Field != f {
					continue
				}
				if first {
					t.Rows = append(t.Rows, []string{p.field(f)})
					first = false
				}
				result := p.result(v.Answer)
				if v.Answer != nil {
					result += "\n" + v.Answer.Text
				}
				if v.Head != nil {
					result = p.Words.T("voter.print.same_as", "Code", v.Head.Code) + "\n" + result
				}
				t.Rows = append(t.Rows, []string{itoa(n), v.Code, v.Text, p.meeting(p.find(r, v.MeetingID)), p.Unit(v.Competent()).FullName, result})
				n++
			}
		}
		out = append(out, paper.Annex{Title: p.Words.T(x.key), Landscape: true, Blocks: []paper.Block{t}})
	}
	if len(out) > 1 {
		for i := range out {
			out[i].Number = roman(i + 1)
		}
	}
	return out
}

func (p Press) find(r voter.Report, meetingID string) *voter.Meeting {
	for i := range r.Meetings {
		if r.Meetings[i].ID == meetingID {
			return &r.Meetings[i].Meeting
		}
	}
	return nil
}

// pick takes the items whose answering item is in one of the states and has no answer yet.
func pick(list []voter.ItemView, states ...voter.ItemState) []voter.ItemView {
	var out []voter.ItemView
	for _, v := range list {
		for _, s := range states {
			if v.Effective() == s && v.Answer == nil {
				out = append(out, v)
			}
		}
	}
	return out
}

// lines is a table of figures.
func (p Press) lines(kind string, list []voter.Line, sum voter.Line) paper.Table {
	t := paper.Table{Head: p.heads("stt", kind, "all", "done", "in_progress", "outstanding"), Widths: []int{8, 40, 13, 13, 13, 13}, Center: []bool{true}, Right: []bool{false, false, true, true, true, true}, Total: true}
	row := func(n, name string, l voter.Line) []string {
		return []string{n, name, itoa(l.All), itoa(l.Done), itoa(l.InProgress), itoa(l.Outstanding)}
	}
	for i, l := range list {
		name := l.Name
		if kind == "field" {
			name = p.field(l.Key)
		} else if name == "" {
			name = p.Words.T("voter.body.none")
		}
		t.Rows = append(t.Rows, row(itoa(i+1), name, l))
	}
	t.Rows = append(t.Rows, row("", p.Words.T("voter.print.total"), sum))
	return t
}

// List is the sheet of any table, for printing on A4.
func (p Press) List(unitID, title, subject string, t paper.Table) paper.Document {
	d := p.letterhead(unitID)
	d.Bare, d.Open, d.Landscape, d.Kind, d.Subject = true, true, true, title, subject
	d.Blocks = []paper.Block{t}
	return d
}
