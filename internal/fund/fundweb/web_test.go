package fundweb_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/fundweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	decider  = identitytest.Official("dc", identity.RoleFundApprover, orgunittest.Province)
	keeper   = identitytest.Official("kt", identity.RoleAccountant, orgunittest.Province)
	auditor  = identitytest.Official("ks", identity.RoleAuditor, orgunittest.Province)
	stranger = identitytest.Official("la", identity.RoleEditor, orgunittest.Province)
	anID     = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	aCode    = golden.Replace(`NC[0-9A-Z]{11}`, "CODE")
	idRE     = regexp.MustCompile(`name="id" value="([^"]+)"`)
)

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// notice is a public log that shows one gift too few.
type notice struct{}

func (notice) PublicDays(context.Context, string) ([]fund.PublicDay, error) {
	return []fund.PublicDay{{Day: "2026-11-20", Gifts: 1, Amount: 500_000}}, nil
}

type site struct {
	t     testing.TB
	f     *fund.Service
	mux   http.Handler
	queue *jobs.Queue
	words *i18n.Bundle
}

func newSite(t testing.TB) *site {
	t.Helper()
	d := dbtest.SQLite(t, orgunit.Migrations, fund.Migrations)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t}
	var err error
	if s.queue, err = jobs.New(d, jobs.Config{Fast: true}); err != nil {
		t.Fatal(err)
	}
	files, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "fund", Text: fund.Policies})
	if err != nil {
		t.Fatal(err)
	}
	s.f = fund.New(fund.Deps{DB: d, Jobs: s.queue, Clock: c, Authz: z, Trail: noTrail{}, Blobs: files, Has: units.Forest().Has})
	s.f.Work(s.queue)
	s.f.ComparePublic(notice{})
	if err := s.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.queue.Stop(context.WithoutCancel(t.Context())) })
	if s.words, err = i18n.Load(ui.Catalogue, money.Catalogue, fund.Catalogue, fundweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&fundweb.Pages{Service: s.f, Forest: units.Forest, Spool: t.TempDir()}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || z.CanSomewhere(actor, a.Action) {
				return nil
			}
			return z.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) send(actor identity.Actor, r *http.Request, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, w.Code, want, w.Body)
	}
	return w
}

func (s *site) get(actor identity.Actor, target string, want int) string {
	s.t.Helper()
	return s.send(actor, httptest.NewRequest("GET", target, nil), want).Body.String()
}

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	body := s.get(actor, target, want)
	golden.Body(s.t.(*testing.T), name, []byte(body), anID, aCode)
	return body
}

func (s *site) post(actor identity.Actor, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(actor, r, want)
}

func (s *site) upload(actor identity.Actor, target string, fields [][2]string, file string, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := m.WriteField(f[0], f[1]); err != nil {
			s.t.Fatal(err)
		}
	}
	if file != "" {
		w, err := m.CreateFormFile("file", "sao-ke-20-11.csv")
		if err == nil {
			_, err = io.WriteString(w, file)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", target, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(actor, r, want)
}

func (s *site) drain() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if err := s.queue.Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) open(code, account string) fund.Appeal {
	s.t.Helper()
	s.post(decider, "/lam-viec/quy/mo-dot", url.Values{"code": {code}, "name": {"Ủng hộ đồng bào vùng bão số 3"}, "unit": {orgunittest.Province}, "kind": {"relief"}, "level": {"province"},
		"basis": {"Lời kêu gọi số 12/LKG-MTTQ"}, "from": {"2026-11-19"}, "to": {"2026-11-30"}, "account": {account}}, http.StatusSeeOther)
	a, err := s.f.Appeal(s.t.Context(), keeper, code)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

const (
	dot  = "/lam-viec/quy/dot/BAO-3"
	head = "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n"
	file = head + "1,20/11/2026,5000.1,,\"500,000\",,ung ho\n1,20/11/2026,5000.2,,\"200,000\",,NGUYEN VAN A ung ho\n1,18/11/2026,5000.3,,\"70,000\",,gui som\n1,20/11/2026,5000.4,\"5,000\",,,phi\n"
)

func TestAppealPages(t *testing.T) {
	s := newSite(t)
	s.page("list_empty", decider, "/lam-viec/quy", 200)
	s.page("new", decider, "/lam-viec/quy/mo-dot", 200)
	s.get(keeper, "/lam-viec/quy/mo-dot", http.StatusForbidden)
	s.get(stranger, "/lam-viec/quy", http.StatusForbidden)
	w := s.post(decider, "/lam-viec/quy/mo-dot", url.Values{"code": {"a b"}, "unit": {orgunittest.Province}, "name": {"Tên đã gõ"}, "from": {"2026-11-20"}, "to": {"2027-11-20"}, "account": {"VCB:1"}}, http.StatusUnprocessableEntity)
	golden.Body(t, "new_refused", w.Body.Bytes(), anID)
	if !strings.Contains(w.Body.String(), "Tên đã gõ") {
		t.Error("what was typed is gone")
	}
	s.open("BAO-3", "VCB:1012345678")
	s.open("BAO-4", "VCB:1012345679")
	s.page("list", keeper, "/lam-viec/quy?q=vung+bao", 200)
	if body := s.get(keeper, "/lam-viec/quy?tinh_trang=over", 200); strings.Contains(body, "BAO-3") {
		t.Error("the filter lets an open appeal through")
	}
	s.get(keeper, "/lam-viec/quy/xuat.xlsx", 200)
	s.page("appeal_new", decider, dot, 200)
	s.post(decider, dot+"/gia-han", url.Values{"closes": {"2026-11-25"}, "basis": {"QĐ 4"}}, http.StatusUnprocessableEntity)
	s.post(decider, dot+"/gia-han", url.Values{"closes": {"2026-12-25"}, "basis": {"QĐ 4"}}, http.StatusSeeOther)
	s.post(decider, dot+"/chi-phi", url.Values{"basis": {"Thư đồng ý"}}, http.StatusSeeOther)
	s.post(decider, dot+"/ket-thuc", url.Values{"basis": {"Đã đủ"}}, http.StatusSeeOther)
	s.post(keeper, dot+"/ket-thuc", url.Values{"basis": {"Đã đủ"}}, http.StatusForbidden)
	s.post(keeper, dot+"/khoa-so", url.Values{"until": {"2026-12-01"}}, http.StatusUnprocessableEntity)
	s.post(keeper, dot+"/khoa-so", url.Values{"until": {"2026-11-18"}}, http.StatusSeeOther)
	s.page("appeal_decided", auditor, dot, 200)
	s.page("report", auditor, dot+"/bao-cao?den=2026-11-20", 200)
	s.get(auditor, dot+"/bao-cao?tu=2026-11-22&den=2026-11-20", http.StatusUnprocessableEntity)
	s.get(stranger, dot, http.StatusForbidden)
	s.get(keeper, "/lam-viec/quy/dot/NONE", http.StatusNotFound)
}

func TestStatementPages(t *testing.T) {
	s := newSite(t)
	a := s.open("BAO-3", "VCB:1012345678\nTCB:19012345")
	vcb, tcb := a.Accounts[0].ID, a.Accounts[1].ID
	if a.Accounts[0].Bank.Code != "VCB" {
		vcb, tcb = tcb, vcb
	}
	s.page("statements_empty", keeper, dot+"/sao-ke", 200)
	s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "vcb"}}, "", http.StatusUnprocessableEntity)
	s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "bidv"}}, file, http.StatusUnprocessableEntity)
	s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "vcb"}, {"sum", "1e5"}}, file, http.StatusUnprocessableEntity)
	s.upload(decider, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "vcb"}}, file, http.StatusForbidden)
	bad := s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "vcb"}}, file+"1,31/02/2026,5,,\"1e5\",,x\n1,20/11/2026,6,,\"-5\",,y\n", http.StatusSeeOther).Header().Get("Location")
	s.drain()
	s.page("statement_refused", keeper, bad, 200)
	good := s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", vcb}, {"layout", "vcb"}, {"rows", "4"}, {"sum", "770.000"}}, file, http.StatusSeeOther).Header().Get("Location")
	s.drain()
	s.page("statement_ready", keeper, good, 200)
	s.post(keeper, good, url.Values{"viec": {"ghi"}}, http.StatusSeeOther)
	s.drain()
	s.page("statement_posted", keeper, good, 200)
	s.post(keeper, good, url.Values{"viec": {"ghi"}}, http.StatusConflict)
	s.page("statements", auditor, dot+"/sao-ke", 200)

	other := s.upload(keeper, dot+"/sao-ke", [][2]string{{"account", tcb}, {"layout", "mapped"}}, "Ngay,Tien,ND\n20/11/2026,50000,ung ho\n", http.StatusSeeOther).Header().Get("Location")
	s.page("mapping", keeper, other, 200)
	s.post(keeper, other, url.Values{"first_row": {"2"}, "dates": {"dd/mm/yyyy"}, "date": {"1"}, "credit": {"1"}, "memo": {"3"}}, http.StatusUnprocessableEntity)
	s.post(keeper, other, url.Values{"first_row": {"2"}, "dates": {"dd/mm/yyyy"}, "date": {"1"}, "credit": {"2"}, "memo": {"3"}}, http.StatusSeeOther)
	s.drain()
	s.post(keeper, strings.TrimSuffix(other, "/cot"), url.Values{"viec": {"bo"}}, http.StatusSeeOther)

	if body := s.page("check", auditor, dot+"/doi-chieu", 200); !strings.Contains(body, "Còn 1 khoản chưa công khai") {
		t.Error("the missing gift of the public log is not seen")
	}
	s.post(auditor, dot+"/doi-chieu", nil, http.StatusSeeOther)
	s.drain()
	s.get(auditor, dot+"/doi-chieu?xem=lech", 200)
	if body := s.get(auditor, dot+"/so.journal", 200); !strings.Contains(body, "assets:bank:VCB:1012345678") {
		t.Error(body)
	}
}

func (s *site) take(code string) {
	s.t.Helper()
	a, err := s.f.Appeal(s.t.Context(), keeper, code)
	if err != nil {
		s.t.Fatal(err)
	}
	to := s.upload(keeper, "/lam-viec/quy/dot/"+code+"/sao-ke", [][2]string{{"account", a.Accounts[0].ID}, {"layout", "vcb"}}, file, http.StatusSeeOther).Header().Get("Location")
	s.drain()
	s.post(keeper, to, url.Values{"viec": {"ghi"}}, http.StatusSeeOther)
	s.drain()
}

func TestQueuePages(t *testing.T) {
	s := newSite(t)
	s.open("BAO-3", "VCB:1012345678")
	s.open("BAO-4", "VCB:1012345679")
	s.page("queue_empty", keeper, dot+"/cho", 200)
	s.take("BAO-3")
	s.post(keeper, dot+"/dia-chi", url.Values{"code": {"LANG-NU"}, "name": {"Làng Nủ"}, "sort": {"place"}, "heads": {"c"}}, http.StatusSeeOther)
	s.post(keeper, dot+"/dia-chi", url.Values{"code": {"x y"}, "name": {"Làng Nủ"}}, http.StatusUnprocessableEntity)
	s.post(keeper, dot+"/cho/quy-tac", url.Values{"contains": {"hoàn ứng"}, "does": {"wait"}}, http.StatusSeeOther)
	s.post(keeper, dot+"/cho/quy-tac", url.Values{"contains": {"bão số 4"}, "does": {"other_appeal"}, "target": {"BAO-4"}}, http.StatusSeeOther)
	s.post(keeper, dot+"/cho/quy-tac", url.Values{"contains": {"x"}, "does": {"wait"}}, http.StatusUnprocessableEntity)
	body := s.page("queue", keeper, dot+"/cho", 200)
	s.page("queue_auditor", auditor, dot+"/cho?ly_do=money_out", 200)
	s.get(keeper, dot+"/cho/xuat.xlsx", 200)
	var ids []string
	for _, m := range idRE.FindAllStringSubmatch(body, -1) {
		ids = append(ids, m[1])
	}
	if len(ids) != 2 {
		t.Fatal(ids)
	}
	s.post(keeper, dot+"/cho", url.Values{"id": ids, "as": {"gift"}}, http.StatusUnprocessableEntity)
	w := s.post(keeper, dot+"/cho", url.Values{"id": ids, "as": {"gift"}, "note": {"Gửi trước lễ phát động"}}, http.StatusConflict)
	golden.Body(t, "queue_partly", w.Body.Bytes(), anID)
	s.post(keeper, dot+"/cho", url.Values{"tat_ca": {"1"}, "as": {"cash"}, "note": {"Rút tiền mặt"}}, http.StatusSeeOther)
	s.page("queue_done", keeper, dot+"/cho?xem=xong", 200)
	s.post(keeper, dot+"/cho/hoan-tac", url.Values{"id": {ids[0]}, "note": {"nhầm"}}, http.StatusConflict)
	s.post(keeper, dot+"/cho/hoan-tac", url.Values{"id": {ids[1]}, "note": {"nhầm"}}, http.StatusSeeOther)
	if rules, err := s.f.Rules(t.Context(), keeper, "BAO-3"); err != nil || len(rules) != 2 {
		t.Fatal(err, rules)
	} else {
		s.post(keeper, dot+"/cho/quy-tac/"+rules[0].ID, nil, http.StatusSeeOther)
	}

	s.page("gifts", keeper, dot+"/khoan?so_tien=200.000", 200)
	s.get(keeper, dot+"/khoan?so_tien=abc", http.StatusUnprocessableEntity)
	gifts, err := s.f.FindGifts(t.Context(), keeper, "BAO-3", fund.GiftQuery{Amount: 200_000})
	if err != nil || len(gifts) != 1 {
		t.Fatal(err, gifts)
	}
	purses, err := s.f.Purses(t.Context(), s.f.DB.Read(), findID(t, s, "BAO-3"))
	if err != nil {
		t.Fatal(err)
	}
	s.post(keeper, dot+"/khoan/dia-chi", url.Values{"id": {gifts[0].ID}, "earmark": {purses[1].Earmark.ID}, "note": {"Người gửi nêu rõ"}}, http.StatusSeeOther)
	s.page("earmarks", keeper, dot+"/dia-chi", 200)
	s.post(keeper, dot+"/khoan/rut", url.Values{"id": {gifts[0].ID}, "note": {""}}, http.StatusUnprocessableEntity)
	s.post(keeper, dot+"/khoan/rut", url.Values{"id": {gifts[0].ID}, "note": {"Chuyển nhầm"}}, http.StatusSeeOther)

	s.page("transfers_empty", auditor, dot+"/chuyen", 200)
	s.post(decider, dot+"/chuyen", url.Values{"to": {"BAO-4"}, "amount": {"9.000.000"}, "document": {"QĐ 9"}}, http.StatusUnprocessableEntity)
	s.post(decider, dot+"/chuyen", url.Values{"to": {"BAO-4"}, "amount": {"100.000"}, "document": {"QĐ 9"}}, http.StatusSeeOther)
	s.page("transfers", decider, dot+"/chuyen", 200)
	list, err := s.f.Transfers(t.Context(), decider, "BAO-3")
	if err != nil || len(list) != 1 {
		t.Fatal(err, list)
	}
	s.post(keeper, dot+"/chuyen/"+list[0].ID+"/huy", url.Values{"note": {"thôi"}}, http.StatusForbidden)
	s.post(decider, dot+"/chuyen/"+list[0].ID+"/huy", url.Values{"note": {""}}, http.StatusUnprocessableEntity)
	s.post(decider, dot+"/chuyen/"+list[0].ID+"/huy", url.Values{"note": {"Nhầm"}}, http.StatusSeeOther)
	s.page("appeal", keeper, dot, 200)
}

func findID(t testing.TB, s *site, code string) string {
	t.Helper()
	a, err := s.f.Appeal(t.Context(), keeper, code)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(a.ID)
}
