package inboxweb_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// Topics, saved texts, a person by two doors, and what goes round: everything on the page of the conversation.
func TestHelpsOfTheConversation(t *testing.T) {
	s := newSite(t)
	s.Inbox.Labels = func(context.Context) ([]inbox.Label, error) {
		return []inbox.Label{{Value: "dien", Text: "Điện"}, {Value: "duong", Text: "Đường"}}, nil
	}
	saved, err := (&phrase.Service{Cases: s.Service}).Save(t.Context(), ft.Officer, phrase.Text{UnitID: orgunittest.VinhHung, Title: "Cảm ơn", Body: "Cảm ơn ông, bà đã phản ánh."})
	if err != nil {
		t.Fatal(err)
	}
	s.Say(it.OA, "hoa", lamp)
	s.Say(it.Page, "fb-hoa", "Chào bác")
	at := inbox.Href(s.Only(ft.Officer, inbox.Filter{Text: "den duong"}).ID)
	other := s.Only(ft.Officer, inbox.Filter{Text: "chao bac"})

	s.get(at+"?mau="+saved.ID).want(t, http.StatusOK, saved.Body+"</textarea>")
	s.post(at+"/linh-vuc", "label", "ma").want(t, http.StatusUnprocessableEntity, "không còn trong danh mục")
	s.post(at+"/linh-vuc", "label", "dien").want(t, http.StatusSeeOther)
	s.get(home+"?linh_vuc=dien").want(t, http.StatusOK, "Người hoa")
	if strings.Contains(s.get(home+"?linh_vuc=duong").body, "Người hoa") {
		t.Error("the filter by topic shows everything")
	}
	s.post(at+"/ma-noi").want(t, http.StatusSeeOther)
	s.Drain()
	said := s.Zalo.Sent()[0].Text
	s.Say(it.Page, "fb-hoa", said[strings.Index(said, "NOI-"):][:14])
	s.post(at+"/tin-sai", "claim", "", "title", " ").want(t, http.StatusUnprocessableEntity, "Xin ghi điều được nói")
	s.post(at+"/tin-sai", "claim", "", "title", "Mỗi hộ phải nộp 500 nghìn").want(t, http.StatusSeeOther)
	check(t, "helps", s.get(at))
	check(t, "claim_offered", s.get(inbox.Href(other.ID)))
	s.post(at+"/tach", "other", other.ID).want(t, http.StatusSeeOther)
}

func TestCorrectionDesk(t *testing.T) {
	s := newSite(t)
	const desk = "/lam-viec/dinh-chinh"
	check(t, "claims_none", s.get(desk))
	s.post(desk, "title", "").want(t, http.StatusUnprocessableEntity, "Xin ghi điều được nói")
	s.actor = ft.Officer
	s.Say(it.OA, "hoa", "Nghe nói phải nộp 500 nghìn?")
	c, err := s.Corrections.Open(t.Context(), s.actor, orgunittest.VinhHung, "Mỗi hộ phải nộp 500 nghìn", s.Only(s.actor, inbox.Filter{}).ID)
	if err != nil {
		t.Fatal(err)
	}
	one := desk + "/" + c.ID
	s.post(one+"/dinh-chinh", "answer", "Quỹ là tự nguyện.", "link", "ftp://x").want(t, http.StatusUnprocessableEntity, "Quỹ là tự nguyện.", "https://")
	s.post(one+"/dinh-chinh", "answer", "Quỹ là tự nguyện.", "link", "https://mttq.example/tin/quy").want(t, http.StatusSeeOther)
	check(t, "claim_drafted", s.get(one))
	s.actor = identitytest.Official("duyet", identity.RoleApprover, orgunittest.VinhHung)
	check(t, "claim_to_approve", s.get(one))
	s.post(one+"/duyet").want(t, http.StatusSeeOther)
	s.post(one+"/duyet").want(t, http.StatusConflict, "Không có câu trả lời nào đang chờ duyệt")
	s.Drain()
	check(t, "claim_answered", s.get(one))
	check(t, "claims", s.get(desk+"?q=500+nghin"))
	check(t, "claims_print", s.get(desk+"?in=1"))
	if p := s.get(desk + "/xuat.xlsx"); p.status != 200 || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("no Excel file: %d", p.status)
	}
	s.get(desk+"/none").want(t, http.StatusNotFound)
}
