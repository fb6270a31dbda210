package topicsweb_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/topics"
	"github.com/nhipcau/nhipcau/internal/topics/topicsweb"
)

var leader = identitytest.Official("tinh", identity.RoleLeader, orgunittest.Province)

func TestPages(t *testing.T) {
	d := dbtest.SQLite(t, orgunittest.Migrations, topics.Migrations)
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "topics", Text: topics.Policies})
	if err != nil {
		t.Fatal(err)
	}
	source := func(_ context.Context, from, _ time.Time, fn func(topics.Voice) error) error {
		n := map[clock.Date]int{"2026-11-02": 11, "2026-11-09": 14}[clock.DateOf(from)]
		for i := range n {
			text := "Cột điện đầu xóm nghiêng, dây điện chùng xuống đường."
			if i%2 == 1 {
				text = "Xin sửa cột điện nghiêng. Dây điện chùng rất nguy hiểm."
			}
			if err := fn(topics.Voice{Person: fmt.Sprint(i), UnitID: orgunittest.VinhHung, Text: text}); err != nil {
				return err
			}
		}
		return nil
	}
	s := topics.New(topics.Deps{DB: d, Queue: q, Clock: c, Authz: z, Forest: units.Forest, Sources: []topics.Source{source}, Mask: func(x string) string { return x }})
	for _, w := range []clock.Date{"2026-11-02", "2026-11-09"} {
		if err := s.MakeWeek(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	words, err := i18n.Load(ui.Catalogue, topicsweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&topicsweb.Pages{Service: s}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, f fault.Kind, err error) templ.Component { return ui.ErrorPage(f, err) },
		Guard: func(*http.Request, web.Access) error { return nil }}
	mux := server.Mux(&rt)
	get := func(actor identity.Actor, path string, want int) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), words.In("vi"))))
		if w.Code != want {
			t.Fatalf("%s: %d, want %d\n%s", path, w.Code, want, w.Body)
		}
		return w
	}
	golden.Body(t, "week", get(leader, topicsweb.Base, 200).Body.Bytes())
	golden.Body(t, "week_few", get(leader, topicsweb.Base+"?don_vi="+orgunittest.KimLien+"&tuan=2026-11-09", 200).Body.Bytes())
	golden.Body(t, "forbidden", get(identitytest.Official("bt", identity.RoleEditor, orgunittest.Province), topicsweb.Base+"?don_vi="+orgunittest.Province, http.StatusForbidden).Body.Bytes())
	get(leader, topicsweb.Base+"?tuan=31/02/2026", http.StatusNotFound)
	get(leader, topicsweb.Base+"/bao-cao/exe", http.StatusNotFound)
	if b := get(leader, topicsweb.Base+"/xuat.xlsx", 200).Body; b.Len() < 1000 {
		t.Error("the Excel file is empty")
	}
	if b := get(leader, topicsweb.Base+"/bao-cao/pdf", 200).Body.String(); !strings.HasPrefix(b, "%PDF-") {
		t.Errorf("the report is no PDF: %.20q", b)
	}
	if b := get(leader, topicsweb.Base+"/bao-cao/docx", 200).Body.String(); !strings.HasPrefix(b, "PK") {
		t.Errorf("the report is no Word file: %.20q", b)
	}
}
