package ui_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

const longName = "Phường Trường Vinh – Ban Công tác Mặt trận khối Yên Phúc B"

var at = time.Date(2026, 11, 21, 3, 32, 0, 0, time.UTC)

func words(t testing.TB) context.Context { return golden.Words(t, ui.Catalogue) }

func render(t testing.TB, ctx context.Context, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// in puts a component into another that takes children.
func in(outer templ.Component, inner string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, templ.Raw(inner)), w)
	})
}

func TestParts(t *testing.T) {
	ctx := words(t)
	refused := fault.Fields{fault.Field("title", "form.too_long").With("Limit", 150), fault.New(fault.Invalid, "web.too_large").With("Limit", 20)}.OrNil()
	page := func(n int) string { return "?trang=" + string(rune('0'+n)) }
	for name, c := range map[string]templ.Component{
		"badge":         ui.Badge("late", "Quá hạn 2 ngày"),
		"badge_unknown": ui.Badge("purple", "Lạ"),
		"notice":        in(ui.Notice("ok", "Đã gửi"), "<p>tới 482 kênh</p>"),
		"field_text":    ui.Field(ui.FieldProps{Name: "title", Label: "Tiêu đề", Hint: "Một câu.", Value: `"Nước" & đường`, Required: true, Max: 150, Err: "Dài quá.", Attrs: templ.Attributes{"data-key": "r"}}),
		"field_area":    ui.Field(ui.FieldProps{Name: "body", Label: "Nội dung", Type: "textarea", Value: "<b>a</b>\nb"}),
		"field_select":  ui.Field(ui.FieldProps{Name: "unit", Label: "Đơn vị", Type: "select", Value: "2", Required: true, Options: []ui.Option{{Value: "1", Text: "Xã Môn Sơn"}, {Value: "2", Text: longName}}}),
		"field_radio":   ui.Field(ui.FieldProps{Name: "kind", Label: "Loại", Type: "radio", Required: true, Value: "b", Err: "Xin chọn.", Options: []ui.Option{{Value: "a", Text: "Phản ánh", Hint: "Một việc"}, {Value: "b", Text: "Kiến nghị"}}}),
		"field_checks":  ui.Field(ui.FieldProps{Name: "to", Label: "Kênh", Type: "checkbox", Options: []ui.Option{{Value: "zalo", Text: "Zalo", Selected: true}, {Value: "fb", Text: "Facebook"}}}),
		"field_geo":     ui.Field(ui.FieldProps{Name: "link", Label: "Nơi xảy ra", Attrs: templ.Attributes{"data-geo": true, "maxlength": 200}}),
		"field_check":   ui.Field(ui.FieldProps{Name: "agree", Label: "Đồng ý", Type: "checkbox", Checked: true}),
		"editor":        ui.Editor(ui.FieldProps{Name: "html", Label: "Bài", Value: "<p>a</p>"}, "/anh"),
		"form":          in(ui.Form(ui.FormProps{Action: "/hoi", ID: "ask", Autosave: true, Multipart: true}), "<input>"),
		"table_stack":   in(ui.Table(ui.TableProps{Stack: true, Caption: "Ủng hộ", Head: []ui.Col{{Text: "Ngày"}, {Text: "Số tiền", Num: true}}}), `<tr><th scope=row>8/9</th><td data-th="Số tiền">1</td></tr>`),
		"form_offline":  in(ui.Form(ui.FormProps{Action: "/phieu", Offline: "phieu", OfflineTitle: "ten"}), "<input name=ten>"),
		"no_network":    ui.NoNetwork(),
		"form_get":      in(ui.Form(ui.FormProps{Action: "/tim", Method: "GET"}), "<input>"),
		"summary":       ui.ErrorSummary(refused),
		"summary_other": ui.ErrorSummary(errors.New("disk full at /var/lib")),
		"button":        ui.Button("Duyệt và đăng", ui.ButtonProps{Kind: "primary", Name: "act", Value: "go"}),
		"button_link":   ui.Button("Mở", ui.ButtonProps{Href: "/x"}),
		"confirm":       ui.ConfirmButton("Gỡ bài", "Gỡ khỏi 482 kênh?", ui.ButtonProps{Kind: "danger"}),
		"dialog":        in(ui.Dialog("d1", "Giao việc"), "<p>cho ai</p>"),
		"table": in(ui.Table(ui.TableProps{Caption: "Ủng hộ", Head: []ui.Col{{Text: "Ngày", Href: "?sap=ngay", Sorted: "desc"}, {Text: "Số tiền", Num: true}},
			Page: ui.Paging{Page: 2, Per: 50, Total: 120, URL: page}, Export: "/x.xlsx", Print: "/in"}), "<tr><td>21/11</td></tr>"),
		"pager_one":  ui.Pager(ui.Paging{Page: 1, Per: 50, Total: 3, URL: page}),
		"pager_most": ui.Pager(ui.Paging{Page: 20, Per: 50, Total: 1000, Most: 1000, URL: page}),
		"timeline":   ui.Timeline([]ui.TimelineItem{{At: at, Title: "Đã nhận", Who: longName, Tone: "ok"}, {Title: "Chờ trả lời", Text: "Còn 3 ngày làm việc", Tone: "wait", Body: ui.Badge("wait", "Chờ")}}),
		"empty":      in(ui.Empty("Không còn việc nào chờ", "Trang này tự thêm khi có việc."), "<a href='/'>Xem</a>"),
		"tabs":       ui.Tabs([]ui.Tab{{Text: "Tất cả", Href: "?", Active: true, Count: 1204}, {Text: "Quá hạn", Href: "?q=1"}}),
		"filters":    in(ui.Filters("/viec"), "<input name=q>"),
		"stat":       ui.Stat("quá hạn", "3", "/viec?q=han"),
		"bars":       ui.Bars([]ui.Bar{{Label: longName, Value: 200}, {Label: "Xã Na Loi", Value: 1, Href: "/x", Tone: "late"}, {Label: "Không", Value: 0, Text: "không có"}}),
		"stepper":    ui.Stepper([]string{"Chuyện gì", "Ở đâu", "Liên hệ"}, 1),
		"wall":       ui.Grid([]ui.Cell{{Tone: "ok", Label: "1", Title: "Xã A", Group: "Vinh", ID: "o-1"}, {Tone: "late", Label: "2", Title: "Xã B", Href: "/x/2", Group: "Vinh"}, {Tone: "wait", Label: "3", Title: "Xã C", Group: "Nam Đàn"}}),
		"map": ui.Map(ui.MapProps{Title: "Đúng hạn theo xã", ViewBox: "0 0 10 10", Legend: []ui.LegendItem{{Tone: "ok", Text: "Trên 95 %"}},
			Shapes: []ui.Shape{{Code: "1", Name: "Xã Môn Sơn", Value: "97 %", Tone: "ok", Path: "M0 0l5 0l0 5z", Href: "/x"}, {Code: "2", Name: "Xã Na Loi", Path: "M5 5l5 0l0 5z"}}}),
		"time":      ui.Time(at),
		"facts":     ui.Facts([]ui.DefinitionItem{{Term: "Mã", Text: "NC-1"}, {Term: "Tình trạng", Body: ui.Badge("ok", "Xong")}}),
		"doors":     ui.Doors([]ui.DoorItem{{Title: "Hỏi Mặt trận", Text: "Gửi câu hỏi", Href: "/hoi", Icon: "ask"}}),
		"tasks":     ui.Tasks([]ui.TaskGroup{{Title: "Quá hạn", Tone: "late", Tasks: []ui.Task{{What: "Trả lời", Href: "/v/1", From: longName, Tone: "late", Clock: "Quá 2 ngày", Action: ui.Button("Mở", ui.ButtonProps{Href: "/v/1"})}}}, {Title: "Hôm nay"}}),
		"news":      ui.News([]ui.NewsItem{{Title: "Bao giờ sửa cống?", Href: "/h/1", Text: "Ngày 28/11.", Meta: "4 ngày"}}),
		"split":     in(ui.Split(templ.Raw("<ul></ul>"), true), "<p>x</p>"),
		"fold":      in(ui.Fold("Biên nhận"), "<p>x</p>"),
		"qr":        ui.QR("NC-1"),
		"error":     ui.ErrorPage(fault.NotFound, fault.New(fault.NotFound, "x.y")),
		"error_own": ui.ErrorPage(fault.TooLarge, fault.New(fault.TooLarge, "web.too_large").With("Limit", 20)),
	} {
		t.Run(name, func(t *testing.T) { golden.HTML(t, ctx, name, c) })
	}
}

func TestPages(t *testing.T) {
	ctx := ui.WithShell(words(t), ui.Shell{
		UserName: "Nguyễn Thị Hoàng Phương Thảo", UnitName: longName, SignedIn: true, Search: "/tim", Flash: "Đã gửi", Path: "/viec",
		Nav:   []ui.NavItem{{Heading: "ui.guide.today", Key: "ui.guide.today", Href: "/viec", Icon: "today", Count: 1204, Active: true}},
		Units: []ui.UnitChoice{{Name: longName, Hint: "Tỉnh Nghệ An", Href: "?don-vi=1", Active: true}},
		Brand: ui.Brand{Name: longName, Superior: "Phường Trường Vinh", HomeHref: "/u/1"}, Footer: []ui.Crumb{{Text: "Giới thiệu", Href: "/gioi-thieu"}},
	})
	golden.HTML(t, ctx, "office", in(ui.Office(ui.Page{Title: "Việc hôm nay", Help: "viec", Wide: true, Crumbs: []ui.Crumb{{Text: "Trang đầu", Href: "/"}}}), "<p>x</p>"))
	golden.HTML(t, ctx, "citizen", in(ui.Citizen(ui.Page{Title: "Hỏi Mặt trận", Description: "Gửi câu hỏi", Canonical: "https://a.vn/hoi", Head: templ.Raw(`<meta name="x">`)}), "<p>x</p>"))
	golden.HTML(t, words(t), "stranger", in(ui.Citizen(ui.Page{Title: "Tra cứu", Noindex: true}), "<p>x</p>"))
	golden.HTML(t, words(t), "office_stranger", in(ui.Office(ui.Page{Title: "Đăng nhập"}), "<p>x</p>"))
}

// A citizen page with everything it loads must stay under 30 kB; the frame may take a third of that.
func TestCitizenPagesAreLight(t *testing.T) {
	ctx := words(t)
	total := len(gz(t, []byte(render(t, ctx, in(ui.Citizen(ui.Page{Title: "Hỏi Mặt trận"}), "<p>x</p>")))))
	for _, name := range []string{"citizen.css", "citizen.js", "icon.svg"} {
		if ui.Asset(name) == "" {
			continue // no bundle was made
		}
		r := httptest.NewRequest("GET", ui.Asset(name), nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		ui.Assets().ServeHTTP(w, r)
		total += w.Body.Len()
	}
	if total > 10_000 {
		t.Errorf("an empty citizen page weighs %d bytes", total)
	}
	t.Logf("an empty citizen page weighs %d bytes", total)
}

func gz(t *testing.T, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The security policy forbids inline style and script: no part may carry any.
func TestNothingInline(t *testing.T) {
	for _, view := range []string{"", "today", "wall", "home", "case", "ask", "error"} {
		r := httptest.NewRequest("GET", "/_ui?view="+view, nil).WithContext(words(t))
		w := httptest.NewRecorder()
		if err := ui.StyleGuide(w, r); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		for _, bad := range []string{" style=", "<style", " onclick=", "javascript:", "<script>", "no value", "ui."} {
			if strings.Contains(body, bad) {
				t.Errorf("view %q contains %q", view, bad)
			}
		}
	}
	r := httptest.NewRequest("GET", "/_ui?view=nothing", nil).WithContext(words(t))
	if err := ui.StyleGuide(httptest.NewRecorder(), r); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown view gives %v", err)
	}
}

func TestFlash(t *testing.T) {
	for query, want := range map[string]string{
		"": "", "?ok=ui.sign_in": "Đăng nhập", "?ok=ui.nothing": "", "?ok=B%E1%BA%A1n+%C4%91%C3%A3+tr%C3%BAng+th%C6%B0%E1%BB%9Fng": "", "?ok=ui": "",
	} {
		r := httptest.NewRequest("GET", "/x"+query, nil).WithContext(words(t))
		if got := ui.Flash(r); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	if got := ui.WithFlash("/x", "a.b") + ui.WithFlash("/x?c=d", "a.b"); got != "/x?ok=a.b/x?c=d&ok=a.b" {
		t.Error(got)
	}
}

func TestNumber(t *testing.T) {
	ctx := words(t)
	b, err := i18n.Load(ui.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	en := i18n.With(ctx, b.In("en"))
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1.000", 1250000: "1.250.000", -45000: "-45.000"} {
		if got := ui.Number(ctx, n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
		if got := ui.Number(en, n); got != strings.ReplaceAll(want, ".", ",") {
			t.Errorf("%d in English: %s", n, got)
		}
	}
}

// Every kind of fault has its page in both languages.
func TestEveryFaultHasAPage(t *testing.T) {
	b, err := i18n.Load(ui.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		for _, part := range []string{"title", "what", "safe", "do"} {
			key := "web.page." + k.String() + "." + part
			if vi, en := b.In("vi").T(key), b.In("en").T(key); vi == key || en == vi {
				t.Errorf("%s: %q, %q", key, vi, en)
			}
		}
		secret := errors.New("password=hunter2")
		html := render(t, words(t), ui.ErrorPage(k, fault.New(k, "no.such.key").Because(secret)))
		if strings.Contains(html, "hunter2") || strings.Contains(html, "no.such.key") {
			t.Errorf("%v: the page tells the cause", k)
		}
	}
}
