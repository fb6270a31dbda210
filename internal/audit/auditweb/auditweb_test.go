package auditweb_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/audit/auditweb"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/identity/identityweb"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// room is the pages with 120 lines in the diary.
type room struct {
	t   *testing.T
	db  *db.DB
	mux *http.ServeMux
	ctx context.Context
}

func newRoom(t *testing.T) *room {
	t.Helper()
	d := dbtest.SQLite(t, orgunittest.Migrations, audit.Migrations)
	now := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, now)
	log := audit.New(d, now)
	z := identitytest.Authorizer(t, units, identitytest.File("audit", audit.Policies))
	for i := range 120 {
		err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			unit := []string{orgunittest.VinhHung, orgunittest.KimLien}[i%2]
			return log.Record(ctx, tx, audit.Entry{Actor: identitytest.Official("lan", identity.RoleUnitAdmin, unit), UnitID: unit, Action: "identity.give_role",
				ResourceType: "Official", ResourceID: "mai", Details: map[string]string{"role": "=editor", "from": "2026-11-21"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		now.Advance(time.Minute)
	}
	var routes web.Routes
	auditweb.New(audit.NewViewer(log, z, units), units).Routes(&routes)
	s := &web.Server{
		Guard: identityweb.Guard(z), Logger: slog.New(slog.DiscardHandler),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
	}
	words, err := i18n.Load(ui.Catalogue, auditweb.Catalogue, identityweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return &room{t: t, db: d, mux: s.Mux(&routes), ctx: i18n.With(context.Background(), words.In("vi"))}
}

func (r *room) get(a identity.Actor, path string, status int) string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil).WithContext(identity.WithActor(r.ctx, a)))
	if w.Code != status {
		r.t.Fatalf("%s: status %d, want %d\n%.500s", path, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// main is the page without the frame around it.
func main(t *testing.T, body string) []byte {
	t.Helper()
	from, to := strings.Index(body, "<main"), strings.LastIndex(body, "</main>")
	if from < 0 || to < 0 {
		t.Fatal(body)
	}
	return []byte(body[from : to+len("</main>")])
}

func TestPages(t *testing.T) {
	r := newRoom(t)
	top := identitytest.Official("top", identity.RoleAuditor, orgunittest.Province)
	ward := identitytest.Official("ward", identity.RoleAuditor, orgunittest.VinhHung)
	const path = "/quan-tri/nhat-ky"
	golden.Body(t, "list", main(t, r.get(top, path+"?trang=3", 200)))
	golden.Body(t, "filtered", main(t, r.get(top, path+"?don-vi="+orgunittest.KimLien+"&vat=mai&tu=21/11/2026&den=21/11/2026&trang=2", 200)))
	golden.Body(t, "empty", main(t, r.get(top, path+"?viec=publish.", 200)))
	golden.Body(t, "refused", main(t, r.get(top, path+"?tu=h%C3%B4m+qua", 422)))
	golden.Body(t, "forbidden", main(t, r.get(identitytest.Official("x", identity.RoleLeader, orgunittest.Province), path, 403)))
	golden.Body(t, "whole", main(t, r.get(top, path+"/kiem-tra", 200)), golden.Replace(`[0-9a-f]{64}`, "HASH"))
	if got := r.get(ward, path, 200); !strings.Contains(got, "1–50 trong 60") || strings.Contains(got, "Xã Kim Liên") {
		t.Fatal("a ward's auditor sees other wards")
	}
	r.get(ward, path+"?don-vi="+orgunittest.KimLien, 403)

	f, err := excelize.OpenReader(strings.NewReader(r.get(ward, path+"/excel?viec=identity.", 200)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || len(rows) != 61 || rows[1][5] != "identity.give_role" {
		t.Fatal(len(rows), err)
	}
	for _, s := range []string{"DROP TRIGGER audit_entry_no_update", "UPDATE audit_entry SET actor_name = 'x' WHERE seq = 7"} {
		if _, err := r.db.SQLWriter().ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	golden.Body(t, "broken", main(t, r.get(top, path+"/kiem-tra", 200)), golden.Replace(`[0-9a-f]{64}`, "HASH"))
}
