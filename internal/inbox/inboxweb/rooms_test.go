package inboxweb_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
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
