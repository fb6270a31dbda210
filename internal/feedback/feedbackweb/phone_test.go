package feedbackweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// zaloDesk stands in for the notices and the codes of the house; nothing can be sent until can is set.
type zaloDesk struct {
	can   bool
	sent  []notice.Notice
	state notice.State
}

func (z *zaloDesk) Notify(_ context.Context, _ db.Tx, n notice.Notice) (string, error) {
	z.sent = append(z.sent, n)
	return n.Key, nil
}

func (z *zaloDesk) Can(context.Context, string, notice.Purpose) (bool, error) { return z.can, nil }

func (z *zaloDesk) Receipt(_ context.Context, key string) (notice.Receipt, error) {
	return notice.Receipt{State: z.state, Reason: map[notice.State]string{notice.Failed: "feedback.ask.trap"}[z.state]}, nil
}

func (z *zaloDesk) SendPhoneCode(context.Context, identity.PhoneSender, string, string) (string, error) {
	return "the-code", nil
}

func (z *zaloDesk) ConfirmPhone(_ context.Context, codeID, _, code string) error {
	if codeID != "the-code" || code != "123456" {
		return fault.Field("code", "byphone.number_bad")
	}
	return nil
}

// openPhones makes the room of messages to telephones.
func (s *site) openPhones() {
	s.zalo = &zaloDesk{state: notice.Arrived}
	k := s.Kit
	s.rooms.Phone = byphoneweb.New(byphone.New(byphone.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Cases: k.Service, Followers: s.rooms.Follow, Notices: s.zalo, Phones: s.zalo,
		Codes: func() identity.PhoneSender { return nil }, Sealer: k.Service.Sealer, Key: []byte("key"), Unit: func(u string) string { return u }, Root: func() string { return orgunittest.Province }}), 30)
}

// A citizen ticks the box, is told, finds the code again by the number, and takes the number back; nobody sees more of the
// number than its end. Where nothing can be sent, nothing is offered.
func TestNumberForTheAnswer(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	form := func() url.Values {
		v := s.get("/hoi?don_vi="+orgunittest.VinhHung).fields(t, "/hoi")
		p := s.upload("/hoi", with(v, "text", sameQuestion, "go", "next"))
		return with(s.post("/hoi", with(p.fields(t, "/hoi"), "go", "next")).fields(t, "/hoi"), "name", "Nguyễn Thị Mẫu")
	}
	if p := s.post("/hoi", with(form(), "go", "edit3")); strings.Contains(p.body, `name="zalo"`) {
		t.Error("offered where nothing can be sent")
	}
	check(t, "phone-find-off", s.get(byphoneweb.FindPath).want(t, 200, "Chưa gửi được mã xác nhận"))
	s.zalo.can = true
	v := form()
	check(t, "phone-tick", s.post("/hoi", with(v, "go", "edit3")).want(t, 200, "nhắn qua Zalo tới số này"))
	s.post("/hoi", with(v, "zalo", "1", "phone", "", "go", "next")).want(t, 422, "Đây không phải số di động")
	p := s.post("/hoi", with(v, "zalo", "1", "phone", "0912 000 678", "go", "next")).want(t, 200, "Tin Zalo tới số điện thoại")
	p = s.post("/hoi", with(p.fields(t, "/hoi"), "go", "send"))
	if p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	mine := strings.TrimSuffix(p.location, "?moi=1")
	check(t, "phone-mine", s.get(mine).want(t, 200, "tới số có đuôi 678"))
	check(t, "phone-wish", s.get(mine+"/zalo").want(t, 200, "Thôi nhắn và xóa số"))
	s.post(mine+"/zalo", url.Values{"phone": {"024 3825"}}).want(t, 422, "Đây không phải số di động", "024 3825")
	s.get("/vu-viec/0000-0000-000/zalo").want(t, 404)

	s.get("/tra-cuu").want(t, 200, byphoneweb.FindPath)
	check(t, "phone-find", s.get(byphoneweb.FindPath).want(t, 200, "Gửi mã xác nhận"))
	s.post(byphoneweb.FindPath, url.Values{"phone": {"12"}}).want(t, 422, "Đây không phải số di động")
	unknown := s.post(byphoneweb.FindPath, url.Values{"phone": {"0977 111 222"}}).want(t, 200, "Nếu số này từng được để lại")
	known := s.post(byphoneweb.FindPath, url.Values{"phone": {"0912 000 678"}}).want(t, 200, "Nếu số này từng được để lại")
	check(t, "phone-code", known)
	if len(unknown.body)-len(known.body) > 40 || len(known.body)-len(unknown.body) > 40 {
		t.Error("the page tells whether a number is known")
	}
	back := known.fields(t, byphoneweb.FindPath+"/ma")
	s.post(byphoneweb.FindPath+"/ma", with(back, "code", "1")).want(t, 422, "Đây không phải số di động")
	code := strings.TrimPrefix(mine, "/vu-viec/")
	check(t, "phone-found", s.post(byphoneweb.FindPath+"/ma", with(back, "code", "123456")).want(t, 200, code))

	m, err := s.Service.ByCode(t.Context(), identity.Citizen(), code)
	if err != nil {
		t.Fatal(err)
	}
	at := "/lam-viec/vu-viec/" + m.Case.ID
	s.actor = feedbacktest.Officer
	s.get(at).want(t, 200, "1 số điện thoại đang chờ tin")
	s.Answer(m.Case.ID, "Đèn đã thay xong, ông Mẫu đã ký nhận.", false)
	s.Drain()
	if len(s.zalo.sent) != 1 || s.zalo.sent[0].Params["code"] != code {
		t.Fatalf("sent: %+v", s.zalo.sent)
	}
	office := s.get(at).want(t, 200, "tới số có đuôi 678", "Đã tới máy")
	check(t, "phone-office", page{200, section(office.body, "Tin Zalo tới số điện thoại", "</ul>"), ""})
	s.get(mine).want(t, 200, "được giữ để nhắn Zalo nếu việc được xem lại")
	s.zalo.state = notice.Failed
	s.get(at).want(t, 200, "Không gửi được")
	s.actor = identity.Citizen()
	if p := s.post(mine+"/thoi-zalo", nil); p.status != 303 {
		t.Errorf("stopped: %d", p.status)
	}
	if p := s.get(mine); strings.Contains(p.body, "đuôi 678") {
		t.Error("the number is still there")
	}
}

// section is the part of a page from one text to another.
func section(body, from, to string) string {
	_, rest, _ := strings.Cut(body, from)
	part, _, _ := strings.Cut(rest, to)
	return from + part + to
}

// At the counter the box is there as well, and a number that is none is refused with what was typed kept.
func TestNumberAtTheCounter(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	s.zalo.can = true
	s.actor = feedbacktest.Officer
	v := s.get("/lam-viec/vu-viec/moi").want(t, 200, "nhắn qua Zalo tới số này").fields(t, "/lam-viec/vu-viec/moi")
	v = with(v, "text", sameQuestion, "zalo", "1", "phone", "024 3825 1234")
	s.post("/lam-viec/vu-viec/moi", v).want(t, 422, "Đây không phải số di động", "024 3825 1234")
	if p := s.post("/lam-viec/vu-viec/moi", with(v, "phone", "0912 000 678")); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	list, _, err := s.Service.Cases(t.Context(), feedbacktest.Officer, feedback.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	s.get("/lam-viec/vu-viec/"+list[0].ID).want(t, 200, "1 số điện thoại đang chờ tin")
}
