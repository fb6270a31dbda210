package form_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/form"
)

var names = form.Names{Fields: map[string]string{"transport": "Giao thông", "land": "Đất đai, quy hoạch"}, Kinds: map[string]string{"solved": "Đã giải quyết, trả lời xong", "in_progress": "Đang giải quyết"},
	Titles: map[string]string{"n": "STT", "text": "Nội dung kiến nghị", "field": "Lĩnh vực", "body": "Cơ quan có thẩm quyền", "speaker": "Người phát biểu", "consent": "Đồng ý nêu tên (có/không)", "code": "Mã kiến nghị", "meeting": "Hội nghị",
		"kind": "Kết quả", "answer": "Nội dung trả lời", "due": "Dự kiến xong ngày", "forwarded": "Chuyển cho cơ quan", "doc": "Số văn bản trả lời", "doc_on": "Ngày văn bản"}}

var bodies = []orgunit.Unit{{ID: "b1", Name: "UBND phường Vinh Hưng", FullName: "Ủy ban nhân dân phường Vinh Hưng"}}

// wordFile is a Word file with one table.
func wordFile(t testing.TB, rows ...[]string) []byte {
	t.Helper()
	b, err := paper.Document{Open: true, Blocks: []paper.Block{paper.Table{Rows: [][]string{{"bảng khác"}}}, paper.Paragraph{Text: "x"}, paper.Table{Head: rows[0], Rows: rows[1:]}}}.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keys(err error) string {
	var list fault.Fields
	var f *fault.Error
	var out []string
	if errors.As(err, &list) {
		for _, f := range list {
			out = append(out, f.Key)
		}
	} else if errors.As(err, &f) {
		out = append(out, f.Key)
	}
	return strings.Join(out, " ")
}

func TestWordTable(t *testing.T) {
	head := []string{"TT", "NỘI DUNG KIẾN NGHỊ (ghi đúng ý cử tri)", "Lĩnh vực", "Thẩm quyền giải quyết", "Họ tên cử tri", "Đồng ý nêu tên"}
	read := func(rows ...[]string) ([]voter.NewItem, error) {
		f, size := form.Bytes(wordFile(t, append([][]string{head}, rows...)...))
		items, source, err := form.ReadMinutes(f, size, "x.docx", names, bodies)
		if err == nil && source != voter.WordFile {
			t.Error(source)
		}
		return items, err
	}
	items, err := read([]string{"1", "Đề nghị sửa đường vào xóm.\nĐường đã hỏng ba năm.", "giao thông", "UBND phường Vinh Hưng", "Trần Văn Nói", "Có"}, []string{"", "", "", "", "", ""}, []string{"2", "Đề nghị cấp giấy chứng nhận đất."})
	if err != nil || len(items) != 2 || items[0].Field != "transport" || items[0].BodyUnitID != "b1" || !items[0].Consent || !strings.Contains(items[0].Text, "\n") {
		t.Fatalf("%+v %v", items, err)
	}
	_, err = read([]string{"1", "", "Giao thông"}, []string{"2", "cụt", "Lạ", "Lạ"})
	if got := keys(err); got != "voter.form.no_text voter.form.field voter.form.body voter.form.short" {
		t.Error(got)
	}
	f, size := form.Bytes(wordFile(t, []string{"A", "B"}, []string{"1", "2"}))
	if _, _, err := form.ReadMinutes(f, size, "x.docx", names, bodies); keys(err) != "voter.form.no_table" {
		t.Error(err)
	}
	f, size = form.Bytes(nil)
	if _, _, err := form.ReadMinutes(f, size, "", names, bodies); keys(err) != "xlsx.empty" {
		t.Error(err)
	}
}

// FuzzMinutes: no file makes it fail otherwise than with a fault.
func FuzzMinutes(f *testing.F) {
	f.Add(wordFile(f, []string{"Nội dung kiến nghị", "Lĩnh vực"}, []string{"Đề nghị sửa đường vào xóm.", "Giao thông"}))
	f.Add([]byte("STT;Nội dung kiến nghị\n1;Đề nghị sửa đường vào xóm\n"))
	f.Add([]byte("PK\x03\x04broken"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, size := form.Bytes(raw)
		items, _, err := form.ReadMinutes(r, size, "x", names, bodies)
		if err != nil && keys(err) == "" {
			t.Fatalf("no fault: %v", err)
		}
		for _, x := range items {
			if strings.TrimSpace(x.Text) == "" {
				t.Fatal("an empty petition")
			}
		}
	})
}

// FuzzDocument feeds any XML as the text of a Word file.
func FuzzDocument(f *testing.F) {
	f.Add(`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Nội dung kiến nghị</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:t>Đề nghị sửa đường</w:t></w:p></w:tc></w:tr></w:tbl>`)
	f.Add(`<tbl><tbl><tr><tc></tr></tbl>`)
	f.Add(`</tbl></tbl><tr></tr><tc>`)
	f.Fuzz(func(t *testing.T, xml string) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("word/document.xml")
		if err == nil {
			_, err = w.Write([]byte(`<w:document xmlns:w="w">` + xml + `</w:document>`))
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		r, size := form.Bytes(b.Bytes())
		if _, _, err := form.ReadMinutes(r, size, "x.docx", names, bodies); err != nil && keys(err) == "" {
			t.Fatalf("no fault: %v", err)
		}
	})
}

func TestReturnTable(t *testing.T) {
	x := excelize.NewFile()
	for i, row := range [][]any{{"BẢNG TRẢ LỜI"}, {"Mã", "Nội dung kiến nghị", "Kết quả", "Nội dung trả lời", "Dự kiến xong ngày"}, {"kn-26-00001 ", "…", "Đã giải quyết, trả lời xong", "Xong."}, {"KN-26-00002", "…"}, {"KN-26-00003", "…", "đang giải quyết", "Đang làm", "31/02/2027"},
		{"KN-26-00004", "…", "đang giải quyết", "Đang làm", "30/06/2027"}, {"KN-26-00005", "…", "Xong tuốt", "x"}} {
		if err := x.SetSheetRow("Sheet1", "A"+string(rune('1'+i)), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	f, size := form.Bytes(b.Bytes())
	rows, err := form.ReadAnswers(f, size, names)
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	if rows[0].Code != "KN-26-00001" || rows[0].Answer.Kind != voter.Solved || rows[0].Number != 3 || keys(rows[1].Bad) != "voter.form.date" || rows[2].Answer.DueOn != "2027-06-30" || keys(rows[3].Bad) != "voter.form.kind" {
		t.Errorf("%+v", rows)
	}
}
