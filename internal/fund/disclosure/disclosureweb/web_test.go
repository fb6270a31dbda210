package disclosureweb_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/uptrace/bun"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	nobody    = identity.Citizen()
	publisher = identitytest.Official("cong-bo", identity.RoleFundPublisher, orgunittest.Province)
	auditor   = identitytest.Official("kiem-soat", identity.RoleAuditor, orgunittest.Province)
	sister    = identitytest.Official("phuong-ban", identity.RoleFundPublisher, orgunittest.TruongVinh)

	anID   = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	aPrint = golden.Replace(`[0-9a-f]{16}`, "HASH")
)

// names are the givers who agreed to be named, by the reference in their memo.
type names map[string]string

func (n names) DisplayNames(_ context.Context, _ bun.IDB, gifts []fund.GiftFact) (map[string]string, error) {
	out := map[string]string{}
	for _, g := range gifts {
		if name := n[g.Document]; name != "" {
			out[g.ID] = name
		}
	}
	return out, nil
}

type site struct {
	*spendingtest.Kit
	t     *testing.T
	svc   *disclosure.Service
	log   *tlog.Log
	mux   http.Handler
	words *i18n.Bundle
}

// each runs a test on a site of its own on either engine.
func each(t *testing.T, agreed names, test func(t *testing.T, s *site)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newSite(t, d, agreed)) }, append(slices.Clone(spendingtest.Migrations), disclosure.Migrations)...)
}

func newSite(t *testing.T, d *db.DB, agreed names) *site {
	t.Helper()
	s := &site{t: t, Kit: spendingtest.New(t, d, identitytest.File("disclosure", disclosure.Policies))}
	dir := t.TempDir()
	var err error
	s.log, err = tlog.Open(t.Context(), filepath.Join(dir, "log"), filepath.Join(dir, "key"), tlog.Options{Origin: "thu.example/log", Checkpoint: 100 * time.Millisecond, Batch: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.log.Close(context.Background()) })
	s.svc = disclosure.New(disclosure.Deps{DB: d, Clock: s.Clock, Authz: s.Authz, Trail: s.Trail, Books: s.Fund, Names: agreed, HandedOut: s.Spending.FirstPaid, Log: s.log})
	if s.words, err = i18n.Load(ui.Catalogue, money.Catalogue, fund.Catalogue, disclosureweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	disclosureweb.New(s.svc, disclosureweb.Config{Spent: s.Spending, UnitName: s.Spending.UnitName, BaseURL: "https://thu.example", Now: s.Clock.Now}).Routes(&rt)
	rt.Public("GET /log/", func(w http.ResponseWriter, r *http.Request) error {
		http.StripPrefix("/log", s.log.Handler()).ServeHTTP(w, r)
		return nil
	})
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || s.Authz.CanSomewhere(actor, a.Action) {
				return nil
			}
			return s.Authz.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, target, w.Code, want, w.Body)
	}
	return w
}

// page draws a citizens' page, compares it and weighs it.
func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	b := s.do(actor, "GET", target, nil, want).Body
	if b.Len() > 30_000 {
		s.t.Errorf("%s weighs %d bytes", target, b.Len())
	}
	golden.Body(s.t, name, b.Bytes(), anID, aPrint)
	return b.String()
}

// bring takes a statement in and publishes it.
func (s *site) bring(rows string) {
	s.t.Helper()
	text := "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n" + rows
	r, err := s.Fund.Import(s.t.Context(), spendingtest.House, fund.ImportRequest{Appeal: spendingtest.Appeal, Layout: statement.Vietcombank, Name: "vcb.csv", File: strings.NewReader(text), Size: int64(len(text))})
	if err != nil || r.State != fund.ImportPosted {
		s.t.Fatal(r.State, r.Totals.Problems, err)
	}
	s.publish()
}

func (s *site) publish() {
	s.t.Helper()
	if err := s.svc.Sweep(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func row(day int, doc string, amount money.VND, memo string) string {
	return fmt.Sprintf("1,%02d/11/2026,%s,,%d,,%q\n", day, doc, int64(amount), memo)
}

const (
	appeal  = "/ung-ho/" + spendingtest.Appeal
	api     = "/api/v1/public"
	apiHere = api + "/appeals/" + spendingtest.Appeal
)

func TestPages(t *testing.T) { each(t, names{"5213.10001": "Nguyễn Thị Lan"}, testPages) }

func testPages(t *testing.T, s *site) {
	s.page("statement_empty", nobody, appeal, 200)
	s.bring(row(18, "5213.10001", 60_000_000, "ung ho dong bao vung lu") + row(18, "5213.10002", 40_000_000, "NGUYEN VAN HUNG ung ho mien bac SDT 0912345678") +
		row(19, "5213.10003", 200_000, "Gia dinh ung ho ba con"))
	a := s.Approved(spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(80_000_000)))
	s.Spending.Pay(t.Context(), spendingtest.Treasurer, s.Plan(a.Shares[0].ID, household.Household{}, 5_000_000).ID, spendingtest.Payout())
	s.page("list", nobody, "/ung-ho", 200)
	s.page("statement", nobody, appeal, 200)
	s.page("statement_lower_case", nobody, strings.ToLower(appeal), 200)
	s.page("found", nobody, appeal+"?q=nguyen+thi+lan", 200)
	s.page("found_amount", nobody, appeal+"?so-tien=200.000&ngay=19/11/2026", 200)
	s.page("none", nobody, appeal+"?q=khong+co+ai", 200)
	s.page("refused", nobody, appeal+"?so-tien=1e5&ngay=31/02/2026&q=lan", 422)
	s.page("totals", nobody, appeal+"/tong-hop", 200)
	s.page("verify", nobody, appeal+"/kiem-chung", 200)
	s.page("line", nobody, appeal+"/dong/1", 200)
	for _, target := range []string{"/ung-ho/KHONG-CO", appeal + "/dong/99", appeal + "/dong/01", appeal + "/dong/x", appeal + "/dong/0"} {
		s.do(nobody, "GET", target, nil, 404)
	}
	if w := s.do(nobody, "GET", appeal+"/dong/1/bien-nhan.pdf", nil, 200); !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-")) || w.Body.Len() < 5000 {
		t.Error("no PDF", w.Body.Len())
	}
	// Corrections: a line that tells it, and the name gone.
	s.page("correction", publisher, disclosureweb.OfficeBase+"/dinh-chinh?dong="+spendingtest.Appeal+".1", 200)
	s.do(auditor, "GET", disclosureweb.OfficeBase+"/dinh-chinh", nil, 403)
	form := url.Values{"line": {spendingtest.Appeal + ".1"}, "reason": {"Gọi 0912345678"}, "name": {"1"}}
	golden.Body(t, "correction_refused", s.do(publisher, "POST", disclosureweb.OfficeBase+"/dinh-chinh", form, 422).Body.Bytes())
	s.do(publisher, "POST", disclosureweb.OfficeBase+"/dinh-chinh", url.Values{"line": {"X.1"}, "reason": {"Nhầm người"}}, 422)
	form["reason"] = []string{"Người ủng hộ không muốn nêu tên"}
	s.do(sister, "POST", disclosureweb.OfficeBase+"/dinh-chinh", form, 403)
	s.do(publisher, "POST", disclosureweb.OfficeBase+"/dinh-chinh", form, 303)
	s.do(publisher, "POST", disclosureweb.OfficeBase+"/dinh-chinh", form, 422) // there is no name left
	s.publish()
	s.page("line_corrected", nobody, appeal+"/dong/1", 200)
	s.page("line_correction", nobody, appeal+"/dong/4", 200)
	if b := s.do(nobody, "GET", appeal, nil, 200).Body.String() + s.do(nobody, "GET", apiHere+"/statement.csv", nil, 200).Body.String(); strings.Contains(b, "Lan") {
		t.Error("the name is still there")
	}
}

func TestDuties(t *testing.T) { each(t, nil, testDuties) }

func testDuties(t *testing.T, s *site) {
	s.bring(row(18, "5213.10001", 60_000_000, "ung ho"))
	base := disclosureweb.OfficeBase
	s.page("duties", publisher, base, 200)
	s.page("duties_auditor", auditor, base, 200)
	s.do(nobody, "GET", base, nil, 303)
	if b := s.do(sister, "GET", base, nil, 200).Body.String(); strings.Contains(b, spendingtest.Appeal) {
		t.Error("a sister ward sees the duties of the province")
	}
	s.page("duties_print", publisher, base+"?in=1", 200)
	if f, err := excelize.OpenReader(s.do(auditor, "GET", base+"/xuat.xlsx", nil, 200).Body); err != nil {
		t.Error(err)
	} else if rows, err := f.GetRows(f.GetSheetName(0)); err != nil || len(rows) != 5 {
		t.Error(rows, err)
	}
	way := base + "/" + spendingtest.Appeal + "/way"
	golden.Body(t, "duties_refused", s.do(publisher, "POST", way, url.Values{"place": {"x"}, "note": {"ghi chú"}}, 422).Body.Bytes())
	s.do(auditor, "POST", way, url.Values{"place": {"Báo Nghệ An"}}, 403)
	s.do(publisher, "POST", base+"/"+spendingtest.Appeal+"/received", url.Values{"place": {"Báo Nghệ An"}}, 422) // gifts are still taken
	s.do(publisher, "POST", base+"/"+spendingtest.Appeal+"/what", url.Values{"place": {"Báo Nghệ An"}}, 404)
	s.do(publisher, "POST", way, url.Values{"place": {"Báo Nghệ An ngày 9/11/2026"}}, 303)
	s.do(publisher, "POST", way, url.Values{"place": {"Báo Nghệ An ngày 9/11/2026"}}, 409)
	// From the first money that is handed out on: who is helped, by which policy, with how much.
	who := base + "/" + spendingtest.Appeal + "/who"
	s.do(publisher, "POST", who, url.Values{"place": {"Bảng tin trụ sở xã"}}, 404)
	share := s.Approved(spendingtest.Draft("1", spendingtest.Share(1_000_000))).Shares[0].ID
	if _, err := s.Spending.Pay(t.Context(), spendingtest.WardPurse, s.Plan(share, s.Family(1), 1_000_000).ID, spendingtest.Payout()); err != nil {
		t.Fatal(err)
	}
	s.page("duties_given_out", publisher, base, 200)
	if late, soon, err := s.svc.Waiting(t.Context(), publisher); late+soon != 1 || err != nil {
		t.Error(late, soon, err)
	}
	s.do(publisher, "POST", who, url.Values{"place": {"Bảng tin trụ sở xã"}}, 303)
	// Nobody who takes or decides publishes, whatever other role they hold.
	for _, role := range []identity.Role{identity.RoleAccountant, identity.RoleFundApprover} {
		both := identitytest.Official("hai-vai", identity.RoleFundPublisher, orgunittest.Province)
		both.Grants = append(both.Grants, identitytest.Official("hai-vai", role, orgunittest.Province).Grants...)
		s.do(both, "POST", base+"/"+spendingtest.Appeal+"/given", url.Values{"place": {"Báo Nghệ An"}}, 403)
	}
	s.Clock.Set(time.Date(2027, 1, 10, 2, 0, 0, 0, time.UTC)) // ten days after the last gift
	if late, soon, err := s.svc.Waiting(t.Context(), publisher); late != 0 || soon != 0 || err != nil {
		t.Error(late, soon, err)
	}
	s.Clock.Set(time.Date(2027, 1, 16, 2, 0, 0, 0, time.UTC))
	if late, _, err := s.svc.Waiting(t.Context(), publisher); late != 1 || err != nil {
		t.Error(late, err)
	}
	s.do(publisher, "POST", base+"/"+spendingtest.Appeal+"/received", url.Values{"place": {"Báo Nghệ An"}}, 303)
	s.page("duties_later", publisher, base, 200)
}

// What outsiders rely on.
func TestAPI(t *testing.T) { each(t, names{"5213.10003": "Tập thể lớp 12A1"}, testAPI) }

func testAPI(t *testing.T, s *site) {
	var rows strings.Builder
	for i := range 130 {
		rows.WriteString(row(18+i%2, fmt.Sprintf("5213.%d", 10000+i), money.VND(10_000*(i+1)), "ung ho dong bao"))
	}
	s.bring(rows.String())
	get := func(target string, want int, out any) *httptest.ResponseRecorder {
		t.Helper()
		w := s.do(nobody, "GET", target, nil, want)
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Fatal(target, err, w.Header())
		}
		return w
	}
	var list struct {
		Appeals []struct {
			Code   string
			Lines  int
			Total  int64
			SHA256 string
		}
	}
	get(api+"/appeals", 200, &list)
	if len(list.Appeals) != 1 || list.Appeals[0].Lines != 130 || list.Appeals[0].Total != 85_150_000 || len(list.Appeals[0].SHA256) != 64 {
		t.Fatalf("%+v", list)
	}
	type page struct {
		Gifts []struct {
			ID, Kind, Date, Name, Memo, Receipt string
			Amount                              int64
		}
		Next *string `json:"next_cursor"`
	}
	seen, target := map[string]bool{}, apiHere+"/gifts?q=dong+bao"
	for target != "" {
		var p page
		get(target, 200, &p)
		for _, g := range p.Gifts {
			seen[g.ID] = true
		}
		if target = ""; p.Next != nil {
			target = apiHere + "/gifts?q=dong+bao&cursor=" + *p.Next
		}
	}
	if len(seen) != 130 {
		t.Errorf("the pages hold %d gifts", len(seen))
	}
	for query, want := range map[string]string{"amount=40000": "4", "amount=40.000&date=2026-11-19": "4", "date=18/11/2026&amount=40000": "", "ref=5213.10009": "10", "q=l%E1%BB%9Bp+12a1": "4", "q=lopp+12a1": "4", "limit=1": "130"} {
		var p page
		get(apiHere+"/gifts?"+query, 200, &p)
		got := ""
		for _, g := range p.Gifts {
			got = strings.TrimPrefix(g.ID, spendingtest.Appeal+".")
		}
		if got != want || len(p.Gifts) > 1 {
			t.Errorf("%s finds %d, the last %q, want %q", query, len(p.Gifts), got, want)
		}
	}
	var problem struct {
		Status int
		Errors []struct{ Field, Code, Detail string }
	}
	for query, field := range map[string]string{"amount=1e5": "amount", "amount=-5": "amount", "date=31/02/2026": "date", "cursor=x": "cursor", "limit=0": "limit", "q=" + strings.Repeat("x", 300): "q"} {
		if get(apiHere+"/gifts?"+query, 422, &problem); len(problem.Errors) != 1 || problem.Errors[0].Field != field || problem.Errors[0].Detail == "" {
			t.Errorf("%s: %+v", query, problem)
		}
	}
	get(api+"/appeals/KHONG-CO/gifts", 404, &problem)
	get(api+"/gifts/"+spendingtest.Appeal+".999/receipt.json", 404, &problem)
	w := s.do(nobody, "GET", api+"/gifts/"+spendingtest.Appeal+".77/receipt.json", nil, 200)
	if v := giftreceipt.Check(w.Body.Bytes(), s.log.VerificationKey()); !v.Valid || v.Amount != 770_000 {
		t.Error(v)
	}
	w = s.do(nobody, "GET", apiHere+"/statement.csv", nil, 200)
	records, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(records) != 131 || w.Header().Get("Statement-Total") != "85150000" || !strings.HasPrefix(w.Header().Get("Repr-Digest"), "sha-256=:") {
		t.Error(len(records), err, w.Header())
	}
	var meta struct {
		URL    string
		Lines  int    `json:"nhipcau:lines"`
		SHA256 string `json:"nhipcau:sha256"`
		Schema struct {
			Columns []struct{ Name string }
		} `json:"tableSchema"`
	}
	get(apiHere+"/statement.csv-metadata.json", 200, &meta)
	if len(meta.Schema.Columns) != len(records[0]) || meta.Schema.Columns[5].Name != records[0][5] || meta.SHA256 != list.Appeals[0].SHA256 || meta.Lines != 130 {
		t.Errorf("%+v", meta)
	}
}

// Where the money went, in the forms of the world.
func TestSpendingFormats(t *testing.T) { each(t, nil, testSpendingFormats) }

func testSpendingFormats(t *testing.T, s *site) {
	s.bring(row(18, "5213.10001", 60_000_000, "ung ho") + row(19, "5213.10002", 40_000_000, "ung ho"))
	s.Approved(spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(80_000_000)))
	var o struct {
		Releases []struct {
			OCID   string
			Awards []struct {
				Value struct{ Amount int64 }
				Head  string `json:"x_head"`
			}
		}
	}
	if err := json.Unmarshal(s.do(nobody, "GET", apiHere+"/allocations.json", nil, 200).Body.Bytes(), &o); err != nil || len(o.Releases) != 1 || len(o.Releases[0].Awards) != 1 ||
		o.Releases[0].Awards[0].Value.Amount != 80_000_000 || o.Releases[0].Awards[0].Head != "b" {
		t.Errorf("%+v %v", o, err)
	}
	b := s.do(nobody, "GET", apiHere+"/iati.xml", nil, 200).Body.Bytes()
	var a struct {
		Version  string `xml:"version,attr"`
		Activity struct {
			Parts []struct {
				XMLName xml.Name
				Type    struct {
					Code string `xml:"code,attr"`
				} `xml:"transaction-type"`
				Value int64 `xml:"value"`
			} `xml:",any"`
		} `xml:"iati-activity"`
	}
	if err := xml.Unmarshal(b, &a); err != nil || a.Version != "2.03" {
		t.Fatal(err, string(b))
	}
	// The order of the elements is that of the schema of IATI 2.03.
	order := []string{"iati-identifier", "reporting-org", "title", "description", "participating-org", "activity-status", "activity-date", "recipient-country", "sector", "transaction", "document-link"}
	at, sums := 0, map[string]int64{}
	for _, p := range a.Activity.Parts {
		for at < len(order) && order[at] != p.XMLName.Local {
			at++
		}
		if at == len(order) {
			t.Fatalf("%s is out of order", p.XMLName.Local)
		}
		if p.XMLName.Local == "transaction" {
			sums[p.Type.Code] += p.Value
		}
	}
	if at != len(order)-1 || sums["1"] != 100_000_000 || sums["2"] != 80_000_000 {
		t.Error(at, sums)
	}
}

// Nothing of what banks put into memos reaches any page, file, feed or the log: no account, telephone, identity number,
// address or name of who did not agree.
// sums are the long tokens of checksums, proofs and identifiers: hexadecimal, base64 and UUID.
var sums = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9+/_-]{32,}=*`)

func TestPrivacy(t *testing.T) { each(t, names{"5213.20000": "Cô Tư Bán Bún"}, testPrivacy) }

func testPrivacy(t *testing.T, s *site) {
	secrets := []string{"9612345678901", "0987654321", "0987 654 321", "0987.654.321", "040085001234", "le.thi.kin@thu.example", "Lê Thị Kín", "LE THI KIN", "Le Thi Kin", "le thi kin", "Kín", " KIN", "5390173822", "FT24254812345678",
		"kinle1985", "0987", "654321", "TRAN BA GIAU", "GIAU", "Giàu", "/0123456789"}
	rows := row(18, "5213.20000", 1_000_000, "CO TU BAN BUN ung ho")
	for i, memo := range []string{
		"MBVCB.5390173822.LE THI KIN ung ho.CT tu 9612345678901 LE THI KIN toi 1012345678 QUY CUU TRO",
		"Le Thi Kin ung ho dong bao SDT 0987654321", "Lê Thị Kín ủng hộ, liên hệ 0987 654 321", "ung ho goi lai 0987.654.321", "CCCD 040085001234 LE THI KIN ung ho",
		"le.thi.kin@thu.example ung ho", "facebook.com/kinle1985 le thi kin gui tang ba con", "351819.093786.LE THI KIN ung ho.FT24254812345678", "CT DEN:654321098765 LE THI KIN chuyen tien",
		"LETHIKIN0987654321 ung ho", "TRAN BA GIAU va vo LE THI KIN ung ho mien bac", "Giau ung ho", "ung ho - 0987-654-321 - Kin", "IBFT LE THI KIN chuyen khoan ung ho /0123456789",
	} {
		rows += row(18, fmt.Sprintf("5213.%d", 20001+i), money.VND(100_000+i), memo)
	}
	s.bring(rows)
	s.Approved(spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(500_000)))
	read := []string{"/ung-ho", appeal, appeal + "?truoc=5", appeal + "?ngay=2026-11-18", appeal + "?q=ung+ho", appeal + "/tong-hop", appeal + "/kiem-chung", api + "/appeals", apiHere + "/gifts?limit=100", apiHere + "/gifts?q=ung",
		apiHere + "/statement.csv", apiHere + "/statement.csv-metadata.json", apiHere + "/allocations.json", apiHere + "/iati.xml", "/log/checkpoint", "/log/tile/entries/000.p/1", "/log/tile/0/000.p/1"}
	for i := range 15 {
		line := fmt.Sprintf("%s.%d", spendingtest.Appeal, i+1)
		read = append(read, fmt.Sprintf("%s/dong/%d", appeal, i+1), api+"/gifts/"+line+"/receipt.json")
	}
	looked := 0
	for _, target := range read {
		b := s.do(nobody, "GET", target, nil, 200).Body.String()
		looked += len(b)
		words := sums.ReplaceAllString(b, "#")
		for _, secret := range secrets {
			where := b
			if len(secret) < 8 { // four digits stand by chance in a checksum, a proof or a number of the house
				where = words
			}
			if strings.Contains(where, secret) {
				t.Errorf("%s holds %q", target, secret)
			}
		}
	}
	if looked < 50_000 || !strings.Contains(s.do(nobody, "GET", appeal+"?truoc=2", nil, 200).Body.String(), "Cô Tư Bán Bún") {
		t.Error("the pages are not those of the gifts", looked)
	}
	// Neither do the tables that serve the public hold them.
	for _, table := range []string{"disclosure_line", "disclosure_posting", "disclosure_word"} {
		var dump []map[string]any
		if err := s.DB.Read().NewSelect().Table(table).Scan(t.Context(), &dump); err != nil || len(dump) == 0 {
			t.Fatal(table, err)
		}
		text := fmt.Sprint(dump)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", table, secret)
			}
		}
	}
	for _, word := range []string{"0987654321", "giau", "9612345678901", "le.thi.kin@thu.example", "kin"} {
		if b := s.do(nobody, "GET", apiHere+"/gifts?q="+url.QueryEscape(word), nil, 200).Body.String(); strings.Contains(b, `"id"`) {
			t.Errorf("%q finds a gift: %s", word, b)
		}
	}
}
