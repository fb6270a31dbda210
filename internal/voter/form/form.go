// Package form reads and writes the tables that people fill in outside the program: the template of minutes (Excel and Word)
// and the return table that goes to a body with a letter. What is wrong is said by row, so that it can be put right in the file.
package form

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// Names are what codes are called on paper: fields and kinds of answer, in the order of lists. Titles are the heads of columns.
type Names struct {
	Fields map[string]string // code → name
	Kinds  map[string]string
	Titles map[string]string // column key → head
}

// maxFile bounds an uploaded file, in bytes.
const maxFile = 16 << 20

func (n Names) columns() []xlsx.Column {
	return []xlsx.Column{
		{Key: "n", Title: n.Titles["n"], Also: []string{"TT", "Số thứ tự"}}, {Key: "text", Title: n.Titles["text"], Also: []string{"Nội dung", "Ý kiến, kiến nghị", "Kiến nghị"}, Required: true},
		{Key: "field", Title: n.Titles["field"]}, {Key: "body", Title: n.Titles["body"], Also: []string{"Cơ quan có thẩm quyền", "Thẩm quyền giải quyết"}},
		{Key: "speaker", Title: n.Titles["speaker"], Also: []string{"Cử tri", "Họ tên cử tri"}}, {Key: "consent", Title: n.Titles["consent"]},
	}
}

// Head gives the heads of the table of minutes, for the templates.
func (n Names) Head() []string {
	var out []string
	for _, c := range n.columns() {
		out = append(out, c.Title)
	}
	return out
}

// MinutesSheet is the template of minutes as a workbook: the table with one example, and the lists of what may be written.
func MinutesSheet(n Names, bodies []orgunit.Unit, example []any) []xlsx.Sheet {
	lists := xlsx.Sheet{Name: n.Titles["lists"], Head: []string{n.Titles["field"], n.Titles["body"]}}
	fields := voter.Fields()
	for i := range max(len(fields), len(bodies)) {
		row := []any{"", ""}
		if i < len(fields) {
			row[0] = n.Fields[fields[i]]
		}
		if i < len(bodies) {
			row[1] = bodies[i].FullName
		}
		lists.Rows = append(lists.Rows, row)
	}
	return []xlsx.Sheet{xlsx.Template(n.Titles["sheet"], n.columns(), example), lists}
}

// line is one row of a table with the number by which a person finds it.
type line struct {
	number int
	cells  map[string]string
}

// ReadMinutes reads a filled template: .xlsx, .csv, or .docx with the table in it. Each petition is a row; a row that continues
// the one above (no number, no other cell) is joined to it. Refusals are Invalid faults of the field "file" that name the row.
func ReadMinutes(f io.ReaderAt, size int64, name string, n Names, bodies []orgunit.Unit) ([]voter.NewItem, voter.Source, error) {
	if size == 0 {
		return nil, "", fault.Fields{fault.Field("file", "xlsx.empty")}
	}
	if size > maxFile {
		e := fault.Field("file", "xlsx.large").With("Limit", maxFile>>20)
		e.Kind = fault.TooLarge
		return nil, "", e
	}
	var lines []line
	source := voter.Sheet
	if word, err := isWord(f, size); err != nil {
		return nil, "", err
	} else if word {
		source = voter.WordFile
		if lines, err = readWord(f, size, n.columns()); err != nil {
			return nil, "", err
		}
	} else {
		rows, err := xlsx.Read(f, size, n.columns())
		if err != nil {
			return nil, "", err
		}
		for _, r := range rows {
			l := line{number: r.Number, cells: map[string]string{}}
			for _, c := range n.columns() {
				l.cells[c.Key] = r.Text(c.Key)
			}
			lines = append(lines, l)
		}
	}
	items, err := minutes(lines, n, bodies)
	return items, source, err
}

func minutes(lines []line, n Names, bodies []orgunit.Unit) ([]voter.NewItem, error) {
	var out []voter.NewItem
	var bad fault.Fields
	for _, l := range lines {
		text := strings.TrimSpace(l.cells["text"])
		if text == "" {
			if l.cells["field"] != "" || l.cells["body"] != "" || l.cells["speaker"] != "" {
				bad = append(bad, fault.Field("file", "voter.form.no_text").With("Row", l.number))
			}
			continue
		}
		x := voter.NewItem{Text: text, Speaker: l.cells["speaker"], Consent: yes(l.cells["consent"])}
		if v := l.cells["field"]; v != "" {
			if x.Field = byName(n.Fields, v); x.Field == "" {
				bad = append(bad, fault.Field("file", "voter.form.field").With("Row", l.number).With("Value", v))
			}
		}
		if v := l.cells["body"]; v != "" {
			if x.BodyUnitID = body(bodies, v); x.BodyUnitID == "" {
				bad = append(bad, fault.Field("file", "voter.form.body").With("Row", l.number).With("Value", v))
			}
		}
		if vntext.Length(text) < 10 {
			bad = append(bad, fault.Field("file", "voter.form.short").With("Row", l.number))
		}
		out = append(out, x)
	}
	if len(bad) > 40 {
		bad = append(bad[:40], fault.Field("file", "voter.form.more").With("Count", len(bad)-40))
	}
	if len(bad) > 0 {
		return nil, bad
	}
	if len(out) == 0 {
		return nil, fault.Fields{fault.Field("file", "xlsx.no_rows")}
	}
	return out, nil
}

// yes reads a cell that agrees.
func yes(s string) bool {
	switch vntext.Fold(strings.TrimSpace(s)) {
	case "co", "x", "dong y", "yes", "1", "dung":
		return true
	}
	return false
}

// byName finds the code of a name, without marks and case; "" when there is none.
func byName(names map[string]string, s string) string {
	want := key(s)
	for code, name := range names {
		if key(name) == want || code == s {
			return code
		}
	}
	return ""
}

func key(s string) string { return strings.Join(vntext.Tokens(vntext.Fold(s)), " ") }

// body finds an agency by its full or short name.
func body(bodies []orgunit.Unit, s string) string {
	want := strings.ReplaceAll(" "+key(s)+" ", " ubnd ", " uy ban nhan dan ")
	for _, u := range bodies {
		for _, name := range []string{u.FullName, u.Name} {
			if strings.ReplaceAll(" "+key(name)+" ", " ubnd ", " uy ban nhan dan ") == want {
				return u.ID
			}
		}
	}
	return ""
}

// ReturnHead gives the heads of the return table, in order: code, petition, meeting, kind, text, due, forwarded to, document.
func (n Names) ReturnHead() []string {
	var out []string
	for _, c := range n.returnColumns() {
		out = append(out, c.Title)
	}
	return out
}

func (n Names) returnColumns() []xlsx.Column {
	return []xlsx.Column{
		{Key: "code", Title: n.Titles["code"], Also: []string{"Mã"}, Required: true}, {Key: "text", Title: n.Titles["text"]}, {Key: "meeting", Title: n.Titles["meeting"]},
		{Key: "kind", Title: n.Titles["kind"], Required: true}, {Key: "answer", Title: n.Titles["answer"], Also: []string{"Trả lời", "Nội dung trả lời của cơ quan"}, Required: true},
		{Key: "due", Title: n.Titles["due"]}, {Key: "forwarded", Title: n.Titles["forwarded"]}, {Key: "doc", Title: n.Titles["doc"]}, {Key: "doc_on", Title: n.Titles["doc_on"]},
	}
}

// ReturnSheet is the table that a body fills in: one row for each open item of the letter, and the list of kinds.
func ReturnSheet(n Names, l voter.LetterDossier, meeting func(voter.ItemView) string) []xlsx.Sheet {
	s := xlsx.Template(n.Titles["return_sheet"], n.returnColumns())
	for _, v := range l.Items {
		if v.State == voter.ItemAnswered {
			continue
		}
		s.Rows = append(s.Rows, []any{v.Code, v.Text, meeting(v), "", "", "", "", "", ""})
	}
	lists := xlsx.Sheet{Name: n.Titles["lists"], Head: []string{n.Titles["kind"]}}
	for _, k := range voter.AnswerKinds() {
		lists.Rows = append(lists.Rows, []any{n.Kinds[string(k)]})
	}
	return []xlsx.Sheet{s, lists}
}

// ReadAnswers reads a return table that a body filled in. Rows with neither kind nor text are passed over; a row that cannot be
// read carries its fault, so that the rest is taken. A file without any answer is refused.
func ReadAnswers(f io.ReaderAt, size int64, n Names) ([]voter.AnswerRow, error) {
	rows, err := xlsx.Read(f, size, n.returnColumns())
	if err != nil {
		return nil, err
	}
	var out []voter.AnswerRow
	for _, r := range rows {
		if r.Text("kind") == "" && r.Text("answer") == "" && r.Text("due") == "" && r.Text("forwarded") == "" {
			continue
		}
		row := voter.AnswerRow{Number: r.Number, Code: strings.ToUpper(strings.Join(strings.Fields(r.Text("code")), ""))}
		row.Answer = voter.Answer{Kind: voter.AnswerKind(byName(n.Kinds, r.Text("kind"))), Text: r.Text("answer"), ForwardedTo: r.Text("forwarded"), DocNumber: r.Text("doc")}
		if row.Answer.Kind == "" && r.Text("kind") != "" {
			row.Bad = fault.Field("kind", "voter.form.kind").With("Value", r.Text("kind"))
		}
		for k, to := range map[string]*clock.Date{"due": &row.Answer.DueOn, "doc_on": &row.Answer.DocOn} {
			if r.Text(k) == "" {
				continue
			}
			d, err := r.Date(k)
			if err != nil && row.Bad == nil {
				row.Bad = fault.Field(k, "voter.form.date").With("Value", r.Text(k))
			}
			*to = d
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, fault.Fields{fault.Field("file", "voter.import.empty")}
	}
	return out, nil
}

// Bytes opens a file held in memory for the readers.
func Bytes(b []byte) (io.ReaderAt, int64) { return bytes.NewReader(b), int64(len(b)) }

// unreadable is the fault of a file that is no table.
func unreadable(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return fault.Fields{fault.Field("file", "voter.form.unreadable").Because(err)}
}
