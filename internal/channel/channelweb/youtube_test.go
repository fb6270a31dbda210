package channelweb_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// shared is a day with one film in each state; of the unit that may not be known nothing is listed.
type shared struct{}

// Day implements channelweb.Shared.
func (shared) Day(_ context.Context, mayKnow func(string) bool) (channelweb.SharedDay, error) {
	opens := time.Date(2026, 11, 22, 8, 0, 5, 0, time.UTC)
	d := channelweb.SharedDay{Used: 100, Of: 100, Units: 420, UnitsOf: 10_000, Spent: true, Opens: opens,
		Seen: []channelweb.SeenFilm{{Title: "Hội làng", Link: "https://www.youtube.com/watch?v=x", ByHand: true, At: opens}, {Title: "Họp dân", Link: "https://www.youtube.com/watch?v=y", At: opens}}}
	for _, u := range []channelweb.SharedUpload{{UnitID: orgunittest.KimLien, Title: "Phim đợi", State: "waiting", At: opens}, {UnitID: orgunittest.VinhHung, Title: "Phim đang gửi", State: "sending", Percent: 45},
		{UnitID: orgunittest.KimLien, Title: "Phim đi ngay", State: "waiting"}} {
		if mayKnow(u.UnitID) {
			d.List = append(d.List, u)
		}
	}
	return d, nil
}

// Challenge implements channelweb.Challenger.
func (shared) Challenge(_ context.Context, q url.Values) (string, bool) {
	return q.Get("hub.challenge"), q.Get("hub.topic") == "ours"
}

func TestSharedDayAndHub(t *testing.T) {
	s := newSite(t)
	mux := func(p *channelweb.Pages) http.Handler {
		var rt web.Routes
		p.Routes(&rt)
		return (&web.Server{Guard: func(*http.Request, web.Access) error { return nil }}).Mux(&rt)
	}
	auth := s.pages.Authz
	s.mux = mux(&channelweb.Pages{Service: s.Service, Authz: auth, Units: s.Units, Clock: s.Clock, Shared: shared{}, Hub: shared{}})
	body := s.get(admin, channelweb.SharedPath, 200)
	for _, want := range []string{"Phim đợi", "Phim đang gửi", "đang gửi 45 %", "ngay bây giờ", "từ 22/11/2026 15:00", "100 / 100", "đăng tay", "hệ thống đăng", "đã hết lượt đăng"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	own := identity.Actor{Kind: identity.ActorOfficial, ID: "x", Name: "Nguyễn Thị Mai", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.KimLien}}}
	if body := s.get(own, channelweb.SharedPath, 200); strings.Contains(body, "Phim đang gửi") || !strings.Contains(body, "Phim đợi") {
		t.Error("a unit sees the films of another")
	}
	if got := s.get(identity.Actor{}, channelweb.HubPath+"?hub.topic=ours&hub.challenge=abc", 200); got != "abc" {
		t.Errorf("challenge %q", got)
	}
	s.get(identity.Actor{}, channelweb.HubPath+"?hub.topic=other&hub.challenge=abc", 404)
	w := httptest.NewRecorder()
	s.mux = mux(&channelweb.Pages{Service: s.Service, Authz: auth, Units: s.Units, Clock: s.Clock})
	s.mux.ServeHTTP(w, httptest.NewRequest("GET", channelweb.HubPath+"?hub.topic=ours", nil))
	if w.Code != 404 {
		t.Errorf("a house without YouTube: %d", w.Code)
	}
	if body := s.get(admin, channelweb.SharedPath, 200); !strings.Contains(body, "Hôm nay chưa có phim nào") {
		t.Error("the empty day says nothing")
	}
}
