package deadlineweb_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/feedback/deadlineweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	admin  = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	anID   = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	aCode  = golden.Replace(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}`, "CODE")
	public = identity.Citizen()
)

type site struct {
	*feedbacktest.Kit
	s     *deadline.Service
	words *i18n.Bundle
	mux   http.Handler
}

func newSite(t testing.TB) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, feedbackweb.Catalogue, deadlineweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.SQLite(t, append(append([]db.Migrations{}, feedbacktest.Migrations...), deadline.Migrations)...)
	k := feedbacktest.New(t, d, words.In("vi"), identitytest.File("deadline", deadline.Policies))
	s := &site{Kit: k, s: deadline.New(deadline.Deps{Cases: k.Service, Root: orgunittest.Province}), words: words}
	var rt web.Routes
	(&deadlineweb.Pages{S: s.s, Categories: func(context.Context) []deadlineweb.Category {
		return []deadlineweb.Category{{"lighting", "Đèn đường"}}
	}}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) },
		Guard: func(r *http.Request, a web.Access) error {
			if a.Door == web.DoorAction && !k.Authz.CanSomewhere(identity.ActorFrom(r.Context()), a.Action) {
				return fault.New(fault.Forbidden, "web.forbidden.what")
			}
			return nil
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) string {
	s.T.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.T.Fatalf("%s %s: %d, want %d\n%s", method, target, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func (s *site) page(name string, actor identity.Actor, target string) string {
	s.T.Helper()
	body := s.do(actor, "GET", target, nil, http.StatusOK)
	golden.Body(s.T, name, []byte(body), anID, aCode)
	return body
}

func TestPages(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	s.page("public-empty", public, "/dung-hen")
	s.page("board-empty", feedbacktest.Leader, deadlineweb.BoardPath)
	late := s.Ask()
	secret := s.Ask(func(in *feedback.Intake) {
		in.Kind, in.Text = feedback.Denunciation, "Tôi tố cáo ông Nguyễn Văn Mốc thu tiền trái quy định"
	})
	s.Clock.Set(time.Date(2026, 12, 14, 2, 0, 0, 0, time.UTC))
	waiting := s.Ask()
	if _, err := s.Service.Pause(ctx, feedbacktest.Officer, waiting.ID, "Ở số nhà nào?", 5); err != nil {
		t.Fatal(err)
	}
	quick := s.Ask(func(in *feedback.Intake) { in.UnitID = orgunittest.TruongVinh })
	if err := s.s.Escalate(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.s.Tally(ctx); err != nil {
		t.Fatal(err)
	}
	s.page("public", public, "/dung-hen")
	if body := s.do(public, "GET", "/dung-hen?don_vi="+orgunittest.VinhHung, nil, 200); strings.Contains(body, "Trường Vinh") {
		t.Error("another unit stands among those of the ward")
	}
	s.do(public, "GET", "/dung-hen?don_vi=nowhere", nil, 404)
	board := s.page("board", feedbacktest.ProvinceLeader, deadlineweb.BoardPath)
	if strings.Contains(board, "Mốc") || strings.Contains(board, secret.Code) || !strings.Contains(board, late.ID) {
		t.Error("the board of the province shows the wrong cases")
	}
	if s.do(feedbacktest.OtherOfficer, "GET", deadlineweb.BoardPath, nil, 200); quick.ID == "" {
		t.Fatal("no case")
	}
	notices, err := s.s.Notices(ctx, feedbacktest.ProvinceLeader)
	if err != nil || len(notices) != 1 {
		t.Fatalf("%+v %v", notices, err)
	}
	s.do(feedbacktest.Leader, "POST", deadlineweb.BoardPath+"/"+notices[0].ID+"/da-xem", url.Values{}, 404)
	s.do(feedbacktest.ProvinceLeader, "POST", deadlineweb.BoardPath+"/"+notices[0].ID+"/da-xem", url.Values{}, 303)
	for _, path := range []string{"/dung-hen.xlsx", "/dung-hen?in=1"} {
		s.do(public, "GET", path, nil, 200)
	}
	for _, path := range []string{deadlineweb.BoardPath + ".xlsx", deadlineweb.BoardPath + "?in=1"} {
		s.do(feedbacktest.Leader, "GET", path, nil, 200)
	}
	s.do(feedbacktest.Editor, "GET", deadlineweb.BoardPath, nil, 403)
}

func TestTable(t *testing.T) {
	s := newSite(t)
	s.do(feedbacktest.Leader, "GET", deadlineweb.TablePath, nil, 403)
	good := url.Values{"kind": {"report"}, "category": {"lighting"}, "unit": {orgunittest.VinhHung}, "days": {"3"}, "source": {"Cam kết số 12"}, "from": {"2026-11-23"}, "reason": {"Đội trực"}}
	bad := url.Values{"kind": {"denunciation"}, "days": {"30"}, "from": {"2026-02-31"}, "source": {"Ghi tạm"}}
	refused := s.do(admin, "POST", deadlineweb.TablePath, bad, 422)
	if !strings.Contains(refused, "Ghi tạm") {
		t.Error("what was typed is lost")
	}
	golden.Body(t, "table-refused", []byte(refused), anID)
	s.do(admin, "POST", deadlineweb.TablePath, good, 303)
	later := url.Values{}
	for k, v := range good {
		later[k] = v
	}
	later.Set("from", "2027-01-01")
	s.do(admin, "POST", deadlineweb.TablePath, later, 303)
	s.do(admin, "POST", deadlineweb.TablePath, good, 303) // corrects the first on the same day
	s.do(admin, "POST", deadlineweb.TablePath+"/don-doc", url.Values{"at": {"late"}, "amount": {"0"}, "told": {"desk"}}, 422)
	s.do(admin, "POST", deadlineweb.TablePath+"/don-doc", url.Values{"at": {"elapsed"}, "amount": {"50"}, "told": {"desk"}}, 303)
	s.page("table", admin, deadlineweb.TablePath)
	s.do(admin, "GET", deadlineweb.TablePath+".xlsx", nil, 200)
	s.do(admin, "POST", deadlineweb.TablePath+"/report::2014-07-01/ket-thuc", url.Values{"reason": {"x"}}, 409)
	list, err := s.s.Terms(context.Background(), admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.UnitID != "" && x.Holds("2026-11-23") {
			s.do(admin, "POST", deadlineweb.TablePath+"/"+x.ID+"/ket-thuc", url.Values{}, 422)
			s.do(admin, "POST", deadlineweb.TablePath+"/"+x.ID+"/ket-thuc", url.Values{"reason": {"Thiếu người"}}, 303)
		}
	}
}
