package ui

import (
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// StyleGuide shows every part in every state, with long names, empty lists and refused forms: /_ui for officials' pages,
// ?view=home, case, ask for citizens', ?view=today, wall for whole official pages, ?view=error for the error pages.
func StyleGuide(w http.ResponseWriter, r *http.Request) error {
	var page templ.Component
	shell := guideShell
	switch r.URL.Query().Get("view") {
	case "":
		page = guideParts()
	case "today":
		page = guideToday()
	case "wall":
		page = guideWall()
	case "home":
		shell, page = guideCitizenShell, guideHome()
	case "case":
		shell, page = guideCitizenShell, guideCase()
	case "ask":
		shell, page = guideCitizenShell, guideAsk()
	case "error":
		shell, page = guideCitizenShell, ErrorPage(fault.NotFound, nil)
	default:
		return fault.New(fault.NotFound, "web.page.not_found.what")
	}
	shell.Path = r.URL.Path
	return web.Render(w, r.WithContext(WithShell(r.Context(), shell)), http.StatusOK, page)
}

const (
	guideWard = "Phường Trường Vinh – Ban Công tác Mặt trận khối Yên Phúc B"
	guideUnit = "Ủy ban Mặt trận Tổ quốc Việt Nam phường Trường Vinh"
	guideTop  = "Ủy ban Mặt trận Tổ quốc Việt Nam tỉnh Nghệ An"
)

var guideShell = Shell{
	UserName: "Nguyễn Thị Hoàng Phương Thảo", UnitName: guideUnit, UnitID: "1", UnitHref: "#", SignedIn: true, Search: "#",
	Brand: Brand{Name: guideTop, HomeHref: "/_ui"},
	Nav: []NavItem{
		{Key: "ui.guide.today", Href: "/_ui?view=today", Icon: "today", Count: 7},
		{Key: "ui.guide.wall", Href: "/_ui?view=wall", Icon: "channel", Count: 3},
		{Key: "ui.guide.parts", Href: "/_ui", Icon: "sheet", Active: true},
		{Key: "ui.guide.home", Href: "/_ui?view=home", Icon: "read"},
		{Key: "ui.guide.case", Href: "/_ui?view=case", Icon: "case"},
		{Key: "ui.guide.ask", Href: "/_ui?view=ask", Icon: "ask"},
	},
	Units: []UnitChoice{
		{Name: guideTop, Hint: "Trung ương", Href: "#"},
		{Name: guideUnit, Hint: "Tỉnh Nghệ An", Href: "#", Active: true},
		{Name: guideWard, Hint: "Phường Trường Vinh", Href: "#"},
	},
}

var guideCitizenShell = Shell{
	Brand:  Brand{Name: guideWard, Superior: guideUnit, HomeHref: "/_ui?view=home"},
	Footer: []Crumb{{"Giới thiệu", "#"}, {"Quyền riêng tư", "#"}, {"Hướng dẫn", "#"}},
}

var guideTime = time.Date(2026, 11, 21, 3, 32, 0, 0, time.UTC)

// guideErr is what a refused form carries.
var guideErr = fault.Fields{
	fault.Field("title", "form.too_long").With("Limit", 150),
	fault.Field("phone", "form.bad_phone"),
	fault.Field("kind", "form.required"),
}.OrNil()

var guideTones = []string{"ok", "wait", "late", "info", "mute"}

var guideDistricts = []string{
	"Thành phố Vinh", "Thị xã Cửa Lò", "Thị xã Thái Hòa", "Thị xã Hoàng Mai", "Huyện Quế Phong", "Huyện Quỳ Châu", "Huyện Kỳ Sơn",
	"Huyện Tương Dương", "Huyện Nghĩa Đàn", "Huyện Quỳ Hợp", "Huyện Quỳnh Lưu", "Huyện Con Cuông", "Huyện Tân Kỳ", "Huyện Anh Sơn",
	"Huyện Diễn Châu", "Huyện Yên Thành", "Huyện Đô Lương", "Huyện Thanh Chương", "Huyện Nghi Lộc", "Huyện Nam Đàn", "Huyện Hưng Nguyên",
}

// guideCells is a wall of 482 squares as it looks half a minute after a post was sent.
func guideCells() []Cell {
	cells := make([]Cell, 0, 482)
	for i := range 482 {
		g := i * len(guideDistricts) / 482
		t := "ok"
		switch {
		case i%97 == 41:
			t = "late"
		case g > 15 && i%3 != 0:
			t = "mute"
		case g > 12 && i%4 == 1:
			t = "wait"
		case g > 11 && i%5 == 2:
			t = "info"
		}
		cells = append(cells, Cell{Tone: t, Label: itoa(i + 1), Group: guideDistricts[g], Href: "#o-" + itoa(i+1), ID: "o-" + itoa(i+1), Title: fmt.Sprintf("%s, kênh %d", guideDistricts[g], i+1)})
	}
	return cells
}

// guideMap is a map of six invented squares; the real one is made from GeoJSON.
func guideMap() MapProps {
	m := MapProps{Title: "Tỷ lệ trả lời đúng hạn theo xã", ViewBox: "0 0 300 120"}
	texts := map[string]string{"ok": "Trên 95 %", "wait": "80–95 %", "late": "Dưới 80 %", "info": "Mới nhận", "mute": "Chưa có việc"}
	for i, t := range guideTones {
		x := i * 60
		m.Shapes = append(m.Shapes, Shape{Code: itoa(i), Name: "Xã số " + itoa(i+1), Value: texts[t], Href: "#xa-" + itoa(i), Tone: t,
			Path: fmt.Sprintf("M%d 10l50 -6l8 60l-20 40l-36 -8z", x)})
		m.Legend = append(m.Legend, LegendItem{t, texts[t]})
	}
	return m
}
