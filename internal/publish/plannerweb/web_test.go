package plannerweb_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/publish/plannerweb"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
)

type house struct {
	*pt.World
	h http.Handler
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	w := pt.New(t, dbtest.SQLite(t, append(slices.Clone(pt.Migrations), planner.Migrations)...))
	rules, err := planner.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	s := planner.New(planner.Deps{DB: w.DB, Clock: w.Clock, Posts: w.Publish, Rules: rules,
		Forbidden: func(context.Context, string) ([]planner.Band, error) {
			return []planner.Band{{From: 22 * 60, To: 5 * 60, Why: "giờ nghỉ đêm"}}, nil
		}})
	w.Publish.Attach(publish.Hooks{Slots: s})
	var rt web.Routes
	(&plannerweb.Pages{Service: s}).Routes(&rt)
	srv := &web.Server{Logger: slog.New(slog.DiscardHandler),
		Guard: func(r *http.Request, x web.Access) error {
			a := identity.ActorFrom(r.Context())
			if !w.Authz.CanSomewhere(a, x.Action) {
				return fault.New(fault.Forbidden, "identity.not_allowed")
			}
			return nil
		},
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	return &house{World: w, h: srv.Mux(&rt)}
}

var words = func() *i18n.Bundle {
	b, err := i18n.Load(publishweb.Catalogue, plannerweb.Catalogue, ui.Catalogue)
	if err != nil {
		panic(err)
	}
	return b
}()

func (h *house) do(a identity.Actor, r *http.Request) *httptest.ResponseRecorder {
	ctx := i18n.With(identity.WithActor(r.Context(), a), words.In(r.URL.Query().Get("lang")))
	ctx = ui.WithShell(ctx, ui.Shell{UserName: a.Name, SignedIn: a.SignedIn(), Path: r.URL.Path})
	rec := httptest.NewRecorder()
	h.h.ServeHTTP(rec, r.WithContext(ctx))
	return rec
}

func (h *house) get(a identity.Actor, path string) *httptest.ResponseRecorder {
	return h.do(a, httptest.NewRequest(http.MethodGet, path, nil))
}

func (h *house) post(a identity.Actor, path string, pairs ...string) *httptest.ResponseRecorder {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(a, r)
}

func status(t *testing.T, rec *httptest.ResponseRecorder, want int) {
	t.Helper()
	if rec.Code != want {
		t.Fatalf("status %d, want %d: %.1500s", rec.Code, want, rec.Body.String())
	}
}

// page compares what this package draws; the frame around it is the design system's.
func page(t *testing.T, name string, rec *httptest.ResponseRecorder) {
	t.Helper()
	s := rec.Body.String()
	i, j := strings.Index(s, "<main"), strings.LastIndex(s, "</main>")
	if i < 0 || j < i {
		t.Fatalf("the page has no main part: %.300s", s)
	}
	golden.Body(t, name, []byte(s[i:j+len("</main>")]),
		golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"))
}

// day is the Monday after the fixture's Saturday: hours of the test lie there and stay the same.
const day = "2026-11-23"

func (h *house) wish(t *testing.T, title string, hour int) publish.Post {
	t.Helper()
	d := pt.Everywhere(title)
	d.PublishAt, d.WantAnnounce = clock.Date(day).Time().Add(time.Duration(hour)*time.Hour), true
	return h.Write(t, d)
}

func TestPlanPage(t *testing.T) {
	h := open(t)
	first := h.wish(t, "Ngày hội Đại đoàn kết", 8)
	h.Approve(t, first, publish.Approval{Mode: publish.ModeAt, At: first.PublishAt, Announce: true})
	p := h.wish(t, "Thư mời họp dân", 9)
	at := "/lam-viec/tin-bai/" + p.ID + "/ke-hoach"
	rec := h.get(pt.An, at)
	status(t, rec, 200)
	page(t, "plan", rec)
	page(t, "plan-narrow", h.get(pt.Hoa, at+"?hoi=1&bao_tin=1&ngay="+day+"&gio=23:30&so_ngay=1"))
	rec = h.get(pt.An, at+"?hoi=1&ngay="+day+"&gio=khuya")
	status(t, rec, http.StatusUnprocessableEntity)
	status(t, h.get(pt.La, at), http.StatusNotFound)
	status(t, h.post(pt.An, at, "rev", "1", "cach", "next_day"), http.StatusConflict)
	status(t, h.post(pt.An, at, "rev", "2", "cach", "next_day"), http.StatusSeeOther)
	f, err := h.Publish.Open(t.Context(), pt.An, p.ID)
	if err != nil || clock.DateOf(f.PublishAt) != "2026-11-24" {
		t.Errorf("%v %v", f.PublishAt, err)
	}
}

// A post for a part of the followers: the page says for whom, that the figures are the most it can be, who is silent for having
// too few, and lets everybody be tried. Where no account is large enough it says that nobody will approve it so.
func TestPlanForAPart(t *testing.T) {
	h := open(t)
	for unit, n := range map[string]int64{orgunittest.Province: 500, orgunittest.VinhHung: 40, orgunittest.TruongVinh: 9} {
		h.follow(t, unit, n)
	}
	d := pt.Everywhere("Khám sức khỏe cho phụ nữ")
	d.PublishAt, d.WantAnnounce = clock.Date(day).Time().Add(9*time.Hour), true
	d.Audience = &channel.Audience{Gender: 2, Ages: []int{2, 3}, Regions: []string{"central"}}
	p, err := h.Publish.Create(t.Context(), pt.An, orgunittest.Province, d)
	if err != nil {
		t.Fatal(err)
	}
	at := "/lam-viec/tin-bai/" + p.ID + "/ke-hoach"
	rec := h.get(pt.An, at)
	status(t, rec, 200)
	page(t, "plan-part", rec)
	asked := at + "?hoi=1&ngay=" + day + "&gio=09:00&so_ngay=1"
	page(t, "plan-part-everybody", h.get(pt.An, asked+"&bao_tin=1&cho=moi_nguoi"))
	if s := h.get(pt.An, asked).Body.String(); !strings.Contains(s, "chưa dùng đến") || strings.Contains(s, "nhiều nhất") {
		t.Errorf("a plan that tells nobody: %.4000s", s[strings.Index(s, "<main"):])
	}
	if s := h.get(pt.Hoa, at).Body.String(); strings.Contains(s, "/sua") || !strings.Contains(s, "Chỉ báo cho: nữ") {
		t.Errorf("who only reads: %.4000s", s[strings.Index(s, "<main"):])
	}
	status(t, h.post(pt.An, at, "rev", "1", "cach", "all"), http.StatusConflict)
	small := pt.Draft("Họp chi hội phụ nữ", orgunittest.TruongVinh)
	small.WantAnnounce, small.Audience = true, &channel.Audience{Gender: 2}
	p, err = h.Publish.Create(t.Context(), pt.An, orgunittest.Province, small)
	if err != nil {
		t.Fatal(err)
	}
	if s := h.get(pt.An, "/lam-viec/tin-bai/"+p.ID+"/ke-hoach").Body.String(); !strings.Contains(s, "Không trang Zalo nào có đủ 10 người") {
		t.Errorf("nobody will approve it, and the plan does not say so: %.4000s", s[strings.Index(s, "<main"):])
	}
}

// follow gives the Zalo account of a unit so many followers.
func (h *house) follow(t *testing.T, unitID string, n int64) {
	t.Helper()
	a := channel.Account{UnitID: unitID, Kind: channel.Zalo, ExternalID: "ext-zalo-" + unitID, Name: "Zalo " + h.Publish.Unit(unitID).FullName, Followers: n, State: channel.AccountConnected,
		Capabilities: channel.Capabilities{Article: true, Broadcast: true, MessageV: "v3"}, CheckedAt: h.Clock.Now()}
	err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := h.Channel.Install(ctx, tx, a, channel.Tokens{Access: "a", Expires: h.Clock.Now().AddDate(1, 0, 0)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCalendarPages(t *testing.T) {
	h := open(t)
	page(t, "calendar-empty", h.get(pt.An, "/lam-viec/lich-dang?ngay="+day))
	a, b := h.wish(t, "Ngày hội Đại đoàn kết", 8), h.wish(t, "Thư mời họp dân", 23)
	rec := h.get(pt.An, "/lam-viec/lich-dang?ngay="+day)
	status(t, rec, 200)
	page(t, "calendar-week", rec)
	page(t, "calendar-month", h.get(pt.Hoa, "/lam-viec/lich-dang?xem=thang&ngay="+day))
	if s := h.get(pt.An, "/lam-viec/lich-dang?cap=commune&ngay="+day).Body.String(); strings.Contains(s, "Thư mời") {
		t.Error("posts of the province among those of the communes")
	}
	rec = h.get(pt.An, "/lam-viec/lich-dang.xlsx?ngay="+day)
	if status(t, rec, 200); !strings.HasPrefix(rec.Body.String(), "PK") {
		t.Error("no Excel file")
	}
	page(t, "move", h.get(pt.An, "/lam-viec/lich-dang/"+b.ID))
	rec = h.post(pt.An, "/lam-viec/lich-dang/"+b.ID, "rev", "2", "day", "2020-01-01", "hour", "08:00")
	status(t, rec, http.StatusUnprocessableEntity)
	page(t, "move-refused", rec)
	status(t, h.post(pt.Hoa, "/lam-viec/lich-dang/"+b.ID, "rev", "2", "day", "2026-11-25", "hour", "08:00"), http.StatusForbidden)
	status(t, h.post(pt.An, "/lam-viec/lich-dang/"+b.ID, "rev", "2", "day", "2026-11-25", "hour", "08:00"), http.StatusSeeOther)
	if s := h.get(pt.An, "/lam-viec/lich-dang?ngay="+day+"&vuong=1").Body.String(); strings.Contains(s, a.Title) {
		t.Error("the conflict is gone, and the calendar still tells of it")
	}
}
