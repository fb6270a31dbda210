package statisticsweb_test

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

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/statistics"
	"github.com/nhipcau/nhipcau/internal/statistics/statisticsweb"
)

var admin = identitytest.Official("quan-tri", identity.RoleUnitAdmin, orgunittest.Province)

type channels struct{}

func (channels) Every(context.Context) ([]channel.Account, error) {
	account := func(id, unit, name string, followers int64) channel.Account {
		return channel.Account{ID: id, UnitID: unit, Kind: channel.Zalo, Name: name, Followers: followers, State: channel.AccountConnected}
	}
	return []channel.Account{account("a1", orgunittest.VinhHung, "MTTQ phường Vinh Hưng", 1120), account("a2", orgunittest.TruongVinh, "MTTQ phường Trường Vinh", 80)}, nil
}

func (channels) Tallies(context.Context, time.Time, time.Time) (map[string][]channel.Tally, error) {
	return map[string][]channel.Tally{"a1": {{Day: "2026-11-20", Posts: 3, Messages: 4, Comments: 1, Asked: 3, Answered: 2, Waited: 90 * time.Minute}}, "a2": {{Day: "2026-11-21", Posts: 1, Failed: 1}}}, nil
}

func (channels) Measure(context.Context, string, time.Time) ([]channel.Figures, error) {
	return []channel.Figures{{ExternalID: "p1", Title: "Lễ phát động Tháng cao điểm “Vì người nghèo”", Link: "http://127.0.0.1/bai/1", At: orgunittest.Now, Views: 500, Shares: 3, Reactions: 20, Comments: 2}, {ExternalID: "p2", Title: "Họp khối", At: orgunittest.Now}}, nil
}

type trail struct{}

func (trail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

func TestPages(t *testing.T) {
	d := dbtest.SQLite(t, orgunittest.Migrations, statistics.Migrations)
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	z, err := identity.NewAuthorizer(units, c, statistics.Policies)
	if err != nil {
		t.Fatal(err)
	}
	s := statistics.New(statistics.Deps{DB: d, Queue: q, Clock: c, Authz: z, Trail: trail{}, Forest: units.Forest, Channels: channels{}})
	words, err := i18n.Load(ui.Catalogue, channelweb.Catalogue, statisticsweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&statisticsweb.Pages{Service: s}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, f fault.Kind, err error) templ.Component { return ui.ErrorPage(f, err) },
		Guard: func(*http.Request, web.Access) error { return nil }}
	mux := server.Mux(&rt)
	do := func(r *http.Request, want int) *httptest.ResponseRecorder {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), admin), words.In("vi"))))
		if w.Code != want {
			t.Fatalf("%s: %d, want %d\n%s", r.URL, w.Code, want, w.Body)
		}
		return w
	}
	get := func(path string, want int) *httptest.ResponseRecorder {
		t.Helper()
		return do(httptest.NewRequest("GET", path, nil), want)
	}
	post := func(path string, form url.Values, want int) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return do(r, want)
	}
	golden.Body(t, "none", get(statisticsweb.Base, 200).Body.Bytes())
	if err := s.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Measure(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	golden.Body(t, "report", get(statisticsweb.Base, 200).Body.Bytes())
	golden.Body(t, "print", get(statisticsweb.Base+"?theo=account&xep=name&in=1", 200).Body.Bytes())
	golden.Body(t, "peers", get(statisticsweb.Base+"?theo=peers&tu=2026-01-01&den=2026-12-31", 200).Body.Bytes())
	golden.Body(t, "wrong_day", get(statisticsweb.Base+"?tu=31/02/2026", 422).Body.Bytes())
	golden.Body(t, "account", get(statisticsweb.Base+"/kenh/a1", 200).Body.Bytes())
	golden.Body(t, "account_no_posts", get(statisticsweb.Base+"/kenh/a2", 200).Body.Bytes())
	get(statisticsweb.Base+"/kenh/a9", http.StatusNotFound)
	golden.Body(t, "settings", get(statisticsweb.Base+"/thong-so?huyen="+orgunittest.District, 200).Body.Bytes())
	form := url.Values{"sheets": {"3"}, "sheet": {"600"}, "stamp": {"nhiều"}, "meetings": {"2"}, "participants": {"10"}, "journey": {"150.000"}}
	golden.Body(t, "settings_refused", post(statisticsweb.Base+"/thong-so/don-gia", form, 422).Body.Bytes())
	form.Set("stamp", "5.000")
	post(statisticsweb.Base+"/thong-so/don-gia", form, http.StatusSeeOther)
	post(statisticsweb.Base+"/thong-so/mien-nui", url.Values{"xa": {orgunittest.KimLien}}, http.StatusSeeOther)
	if b := get(statisticsweb.Base+"/thong-so", 200).Body.String(); !strings.Contains(b, `value="5.000"`) || !strings.Contains(b, `value="`+orgunittest.KimLien+`" checked`) {
		t.Error("what was set is not shown")
	}
	if b := get(statisticsweb.Base+"/xuat.xlsx?theo=account", 200).Body.String(); !strings.HasPrefix(b, "PK") {
		t.Errorf("no Excel file: %.20q", b)
	}
}
