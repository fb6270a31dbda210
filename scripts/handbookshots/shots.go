package main

import (
	"github.com/chromedp/chromedp"
)

// shot is one picture: who looks at which screen, and what is done there first.
type shot struct {
	name   string
	who    string   // role and unit as the list of the rehearsal's people writes them
	find   string   // what to look for in that list
	path   string   // where to begin
	links  []string // addresses to follow from there, as expressions
	then   string   // put behind the last address
	phone  bool
	width  int64 // of the window; 0 is usual
	height int64 // of the picture; 0 is usual
	do     chromedp.Tasks
}

const id = `[0-9a-f]{8}-[0-9a-f-]{27}`

// commune is that whose week the rehearsal plays in full, as its addresses are written.
const commune = "xa-bach-ha"

func shots() []shot {
	admin, editor, approver := "Quản trị đơn vị – Tỉnh", "Biên tập – Tỉnh", "Người duyệt – Tỉnh"
	desk, successor := "Cán bộ tiếp nhận, trả lời – Phường Cửa Lò", "Biên tập – Xã Bạch Hà"
	typed := func(name, text string) chromedp.Action {
		return chromedp.SendKeys(`[name="`+name+`"]`, text, chromedp.ByQuery)
	}
	return []shot{
		{name: "ket-noi-1", who: admin, path: "/lam-viec/kenh/ket-noi", height: 460},
		{name: "ket-noi-2", who: admin, path: "/lam-viec/doi-kenh/tien-do"},
		{name: "ket-noi-3", who: admin, path: "/lam-viec/doi-kenh/canh-bao", phone: true},
		{name: "soan-1", who: editor, path: "/lam-viec/tin-bai/moi", height: 660, do: chromedp.Tasks{
			typed("title", "Ngày thứ Bảy vì nông thôn mới ở các khu dân cư"), typed("lead", "Bảy giờ sáng thứ Bảy, mời bà con cùng làm sạch đường làng, kênh mương.")}},
		{name: "soan-2", who: editor, path: "/lam-viec/tin-bai?q=du+thao+chuong", links: []string{"/lam-viec/tin-bai/" + id}, then: "/ke-hoach", height: 720},
		{name: "soan-3", who: approver, path: "/lam-viec/tin-bai?q=du+thao+chuong", links: []string{"/lam-viec/tin-bai/" + id}, phone: true},
		{name: "hop-thu-1", who: desk, find: "can-bo@phuong-cua-lo", path: "/lam-viec/hop-thu", links: []string{"/lam-viec/hop-thu/" + id}, width: 1366, height: 600},
		{name: "hop-thu-2", who: desk, find: "can-bo@phuong-cua-lo", path: "/lam-viec/hop-thu", links: []string{"/lam-viec/hop-thu/" + id}, phone: true},
		{name: "thong-ke-1", who: admin, path: "/lam-viec/thong-ke", width: 1366, height: 720},
		{name: "thong-ke-2", who: admin, path: "/lam-viec/thong-ke?theo=account", links: []string{"/lam-viec/thong-ke/kenh/" + id}, height: 700},
		{name: "thong-ke-3", who: admin, path: "/lam-viec/thong-ke/thong-so", phone: true},
		{name: "ban-giao-1", who: successor, find: "can-bo@" + commune, path: "/lam-viec/ban-giao", height: 480},
		{name: "ban-giao-2", who: successor, find: "can-bo@" + commune, path: "/lam-viec/ban-giao", phone: true},
	}
}
