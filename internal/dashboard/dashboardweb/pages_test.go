package dashboardweb

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, clock.Vietnam)

func TestTodayPage(t *testing.T) {
	ctx := golden.Words(t, ui.Catalogue, Catalogue)
	golden.HTML(t, ctx, "today_empty", todayPage(dashboard.Day{Items: map[dashboard.Group][]dashboard.Item{}}, now))
	day := dashboard.Day{Total: 3, Items: map[dashboard.Group][]dashboard.Item{
		dashboard.Overdue: {{Feature: "feedback", Kind: "answer", Title: "Cống đầu ngõ bị tắc", From: "Phường Trường Vinh – Ban Công tác Mặt trận khối Yên Phúc B", Href: "/lam-viec/vu-viec/1", Due: now.Add(-50 * time.Hour)}},
		dashboard.Today:   {{Feature: "publish", Kind: "review", Title: "Ngày hội Đại đoàn kết", From: "Xã Kim Liên", Href: "/lam-viec/tin-bai/1", Due: now.Add(9 * time.Hour)}},
		dashboard.Later:   {{Feature: "inbox", Kind: "reply", Title: "Cho hỏi lịch tiếp dân", From: "Xã Kim Liên", Href: "/lam-viec/hop-thu/1"}},
	}}
	golden.HTML(t, ctx, "today", todayPage(day, now))
}

// pages serves the screens over made-up counts.
func pages(t *testing.T, waiting dashboard.ByUnit, err error) *Pages {
	t.Helper()
	count := func(m dashboard.ByUnit) func(context.Context, identity.Actor) (dashboard.ByUnit, error) {
		return func(context.Context, identity.Actor) (dashboard.ByUnit, error) { return m, err }
	}
	z := identitytest.Authorizer(t, identitytest.Tree(), identitytest.File("dashboard", dashboard.Policies))
	link := func(unit string) string { return "/lam-viec/x?unit=" + unit }
	return &Pages{Clock: clock.NewStub(now), Lists: Lists{Posts: link, Channels: link, Waiting: link, Overdue: link}, ViewBox: "0 0 10 10",
		Shapes: []ui.Shape{{Code: "17611", Name: "Xã Vân Tụ", Path: "M0 0h5v5z"}, {Code: "1", Name: "Xã khác", Path: "M5 5h5v5z"}},
		Service: dashboard.NewService(clock.NewStub(now), z, dashboard.Counters{
			PostsOut: count(dashboard.ByUnit{"u": 2}), ChannelsIll: count(nil), Waiting: count(waiting), Overdue: count(nil),
			Figures: func(_ context.Context, _ identity.Actor, unit string) ([]dashboard.Figure, error) {
				return []dashboard.Figure{{Key: "promises_week", N: 3, Href: "/loi-hua?don_vi=" + unit}, {Key: "helped", N: 7, Of: 9, Href: "/lam-viec/vu-viec?don_vi=" + unit}}, nil
			},
			Place: func(u string) (string, string, string) { return u, "Xã Vân Tụ", "17611" },
		})}
}

func serve(t *testing.T, h func(http.ResponseWriter, *http.Request) error, path string, a identity.Actor) (*httptest.ResponseRecorder, error) {
	t.Helper()
	ctx := identity.WithActor(golden.Words(t, ui.Catalogue, Catalogue), a)
	rec := httptest.NewRecorder()
	err := h(rec, httptest.NewRequest("GET", path, nil).WithContext(ctx))
	return rec, err
}

func TestOverviewPage(t *testing.T) {
	leader := identitytest.Official("lan", identity.RoleLeader, "province")
	for name, waiting := range map[string]dashboard.ByUnit{"overview": {"u": 12}, "overview_quiet": nil} {
		rec, err := serve(t, pages(t, waiting, nil).overview, "/lam-viec/toan-canh", leader)
		if err != nil {
			t.Fatal(err)
		}
		golden.Body(t, name, rec.Body.Bytes())
	}
	if _, err := serve(t, pages(t, nil, nil).overview, "/", identitytest.Official("ha", identity.RoleEditor, "province")); !fault.Is(err, fault.Forbidden) {
		t.Fatal("an editor saw the overview:", err)
	}
	if _, err := serve(t, pages(t, nil, errors.New("db")).overview, "/", leader); err == nil {
		t.Fatal("a failing count was shown as nothing")
	}
	rec, err := serve(t, pages(t, dashboard.ByUnit{"u": 1}, nil).overviewExcel, "/lam-viec/toan-canh.xlsx", leader)
	if err != nil || !strings.Contains(rec.Header().Get("Content-Disposition"), "toan-canh-2026-11-21.xlsx") {
		t.Fatal(rec.Header(), err)
	}
}
