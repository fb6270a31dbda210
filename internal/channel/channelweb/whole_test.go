package channelweb_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// TestWholeAccount walks an OA with everything that Zalo offers: package and quotas, followers and tags, groups, templates,
// what stands on its page.
func TestWholeAccount(t *testing.T) {
	const oa = "4000000000000000021"
	s := newSite(t)
	tk := s.sim.AddOA(simzalo.OA{ID: oa, Name: "MTTQ phường Vinh Hưng", ReplyQuota: 50, PackageUntil: time.Now().AddDate(1, 0, 0)})
	a := s.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: oa, Name: "MTTQ phường Vinh Hưng"},
		channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: time.Now().UTC().Add(20 * time.Hour)})
	s.Service.SetSource(channeltest.Texts{Cover: "https://mattran.example/a.jpg"})
	an := s.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	if _, err := s.sim.Say(oa, an, simzalo.Utterance{Text: "Xin hỏi", Quiet: true}); err != nil {
		t.Fatal(err)
	}
	group, err := s.sim.AddGroup(oa, simzalo.Group{ID: "nhom1", Name: "Khối 5", Members: []string{an}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.sim.AddTemplate(oa, simzalo.Template{ID: "200001", Name: "Có trả lời", Price: 120, Params: []simzalo.TemplateParam{{Name: "code", Require: true}}}); err != nil {
		t.Fatal(err)
	}
	page := channelweb.Base + "/" + a.ID
	s.post(admin, page+"/kiem-tra", nil, 303)
	s.post(admin, page+"/doc-lai", nil, 303)
	s.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	s.Await(t, 20*time.Second, "everything is read and stands", func() bool {
		body := s.get(admin, page, 200)
		return strings.Contains(body, "Khối 5") && strings.Contains(body, "Đọc danh sách lúc") && strings.Contains(body, "Tin p")
	})
	s.Idle(t)
	s.post(admin, page+"/mau-tin", url.Values{"purpose": {string(notice.AnswerReady)}, "template": {"200001"}}, 303)
	s.post(admin, page+"/the", url.Values{"person": {an}, "tag": {"khối 5"}, "do": {"on"}}, 303)
	s.post(admin, page+"/the", url.Values{"person": {an}, "tag": {" "}, "do": {"on"}}, 422)
	s.post(admin, page+"/nhom", url.Values{"source": {"p"}, "group": {group}}, 303)
	s.post(admin, page+"/nhom", url.Values{"source": {"p"}}, 422)
	s.Await(t, 20*time.Second, "the group has it", func() bool { return len(s.sim.GroupMessages(oa, group)) == 1 })
	aDay := golden.Replace(`\d\d/\d\d/20\d\d`, "NGÀY")
	aHost := golden.Replace(`http://127\.0\.0\.1:\d+`, "http://MÁY")
	aPiece := golden.Replace(`[0-9a-f]{20}`, "MÃ")
	aPerson := golden.Replace(an, "NGƯỜI")
	golden.Body(t, "account_whole", []byte(s.get(admin, page, 200)), anID, anHour, aMoment, aDay, aHost, aPiece)
	golden.Body(t, "people", []byte(s.get(admin, page+"/nguoi-theo-doi?tag="+url.QueryEscape("khối 5"), 200)), anID, anHour, aMoment, aPerson)
	golden.Body(t, "people_none", []byte(s.get(admin, page+"/nguoi-theo-doi?q=kh%C3%B4ng", 200)), anID)
	golden.Body(t, "shelf", []byte(s.get(admin, page+"/bai", 200)), anID, anHour, aMoment, aHost, aPiece)
	golden.Body(t, "shelf_films", []byte(s.get(admin, page+"/bai?loai=phim", 200)), anID)
	piece := s.sim.Articles(oa)[0].ID
	s.post(admin, page+"/bai", url.Values{"piece": {piece}, "do": {"hide"}}, 303)
	if body := s.get(admin, page+"/bai", 200); s.sim.Articles(oa)[0].Status != "hide" || !strings.Contains(body, "Hiện lại") {
		t.Error("not hidden")
	}
	s.post(admin, page+"/bai", url.Values{"piece": {"x"}, "do": {"hide"}}, 409)
	reader := identitytest.Official("tt", identity.RoleDeskOfficer, orgunittest.VinhHung)
	if body := s.get(reader, page, 200); strings.Contains(body, "Gắn thẻ") || strings.Contains(body, "Gửi vào nhóm") {
		t.Error("who only reads sees buttons")
	}
	for _, path := range []string{"/nguoi-theo-doi", "/bai"} {
		s.get(reader, page+path, 403)
	}
	s.post(reader, page+"/nhom", url.Values{"source": {"p"}, "group": {group}}, 403)
}
