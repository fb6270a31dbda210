package disclosure_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// now is 20 September 2024, after the appeal of the tests closed.
var now = time.Date(2024, 9, 20, 2, 0, 0, 0, time.UTC)

var house = identity.System("test")

// books is a feed of facts as the books give it, without the books: these tests are about what becomes of it.
type books struct {
	mu     sync.Mutex
	appeal fund.Appeal
	facts  []fund.GiftFact
	names  map[string]string
}

func (b *books) GiftFacts(_ context.Context, _ bun.IDB, _ string, after fund.Position, limit int) (out []fund.GiftFact, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.facts {
		if (f.At.No > after.No || f.At.No == after.No && f.At.Seq > after.Seq) && len(out) < limit {
			out = append(out, f)
		}
	}
	return out, nil
}

func (b *books) AllAppeals(context.Context, bun.IDB) ([]fund.Appeal, error) {
	return []fund.Appeal{b.appeal}, nil
}

func (b *books) DisplayNames(context.Context, bun.IDB, []fund.GiftFact) (map[string]string, error) {
	return b.names, nil
}

// post adds a posting of facts.
func (b *books) post(facts ...fund.GiftFact) {
	b.mu.Lock()
	defer b.mu.Unlock()
	no := int64(1)
	if n := len(b.facts); n > 0 {
		no = b.facts[n-1].At.No + 1
	}
	for i, f := range facts {
		f.At = fund.Position{No: no, Seq: int64(i) + 1}
		if f.What == "" {
			f.What = fund.GiftTaken
		}
		b.facts = append(b.facts, f)
	}
}

func gift(day clock.Date, amount money.VND, memo string) fund.GiftFact {
	return fund.GiftFact{ID: id.New(), Day: day, Amount: amount, Channel: "VCB", Memo: memo, Document: "5165." + strconv.Itoa(int(amount)%90000+10000)}
}

type nobody struct{}

func (nobody) Record(context.Context, db.Tx, identity.Trace) error { return nil }

func openLog(t testing.TB) *tlog.Log {
	dir := t.TempDir()
	l, err := tlog.Open(t.Context(), filepath.Join(dir, "log"), filepath.Join(dir, "key"), tlog.Options{Origin: "thu.example/log", Checkpoint: 100 * time.Millisecond, Batch: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func service(t testing.TB, d *db.DB, b *books) (*disclosure.Service, *tlog.Log) {
	l := openLog(t)
	b.appeal = fund.Appeal{ID: "0195f000-0000-7000-8000-000000000001", Code: "YAGI-2024", Name: "Ủng hộ đồng bào vùng bão", UnitID: orgunittest.Province, FundKind: fund.FundRelief,
		Basis: "Lời kêu gọi số 12/LKG-MTTQ", Opens: "2024-09-08", Closes: "2024-09-18", SpendsUntil: "2024-10-08", CreatedAt: now.AddDate(0, 0, -12)}
	if b.names == nil {
		b.names = map[string]string{}
	}
	return disclosure.New(disclosure.Deps{DB: d, Clock: clock.NewStub(now), Trail: nobody{}, Books: b, Names: b, Log: l,
		Authz: identitytest.Authorizer(t, identitytest.Tree(), identitytest.File("fund", fund.Policies), identitytest.File("disclosure", disclosure.Policies))}), l
}

func statement(t testing.TB, s *disclosure.Service) disclosure.Statement {
	t.Helper()
	st, err := s.Statement(t.Context(), "yagi-2024")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func search(t testing.TB, s *disclosure.Service, q disclosure.Query) disclosure.Hits {
	t.Helper()
	h, err := s.Search(t.Context(), statement(t, s), q)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ids(h disclosure.Hits) string {
	var out []string
	for _, l := range h.Lines {
		out = append(out, strconv.FormatInt(l.Seq, 10))
	}
	return strings.Join(out, " ")
}

// Gifts become lines once, however often and by however many at once the books are followed.
func TestFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := &books{}
		s, _ := service(t, d, b)
		var sum money.VND
		var many []fund.GiftFact
		for i := range 9000 {
			g := gift("2024-09-09", money.VND(1000*(i%7+1)), fmt.Sprintf("ung ho lan %d", i%3))
			sum += g.Amount
			many = append(many, g)
		}
		b.post(many...)
		b.post(gift("2024-09-10", 500_000, "NGUYEN VAN HUNG ung ho dong bao"))
		sum += 500_000
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { _ = s.Sweep(context.WithoutCancel(t.Context())) })
		}
		wg.Wait()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := statement(t, s); st.Lines != 9001 || st.Amount != sum {
			t.Fatalf("%d lines, %s, want 9001 and %s", st.Lines, st.Amount, sum)
		}
		b.post(fund.GiftFact{ID: many[4].ID, What: fund.GiftRefunded, Day: "2024-09-11", Amount: many[4].Amount, Channel: "VCB"})
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		l, about, err := s.Line(t.Context(), "YAGI-2024.5")
		if err != nil || len(about) != 1 || about[0].Amount != -l.Amount || about[0].Kind != disclosure.KindRefund || about[0].About != 5 {
			t.Fatal(l, about, err)
		}
		st := statement(t, s)
		if st.Amount != sum-l.Amount {
			t.Fatal(st.Amount)
		}
		checkCSV(t, s, st)
	}, jobsless()...)
}

func jobsless() []db.Migrations { return []db.Migrations{disclosure.Migrations} }

// checkCSV reads the file as a stranger would: count, sum and hash are those that the statement names.
func checkCSV(t *testing.T, s *disclosure.Service, st disclosure.Statement) string {
	t.Helper()
	var buf bytes.Buffer
	if err := s.WriteCSV(t.Context(), st, &buf); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(buf.Bytes())
	if hex.EncodeToString(hash[:]) != st.Hash || st.Size != int64(buf.Len()) {
		t.Fatalf("the file has %x and %d bytes, the statement says %s and %d", hash, buf.Len(), st.Hash, st.Size)
	}
	text := buf.String()
	rows, err := csv.NewReader(&buf).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i, r := range rows[1:] {
		n, err := strconv.ParseInt(r[5], 10, 64)
		if err != nil || r[0] != strconv.Itoa(i+1) {
			t.Fatal(r, err)
		}
		sum += n
	}
	if int64(len(rows)-1) != st.Lines || sum != int64(st.Amount) {
		t.Fatalf("the file has %d lines and %d đồng, the statement says %d and %d", len(rows)-1, sum, st.Lines, st.Amount)
	}
	return text
}

// Each criterion finds its line, with other tones and a wrong letter too; pages follow one another without gap or repeat.
func TestSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := &books{names: map[string]string{}}
		s, _ := service(t, d, b)
		named := gift("2024-09-09", 300_000, "ung ho mien bac")
		named.Reference = "NCK7QM4T2P9XA"
		b.names[named.ID] = "Nguyễn Thị Lan"
		b.post(
			named, // 1
			gift("2024-09-09", 500_000, "NGUYEN VAN HUNG ung ho dong bao vung lu"), // 2
			gift("2024-09-10", 500_000, "Gia dinh ung ho ba con SDT 0912345678"),   // 3
			gift("2024-09-10", 200_000, "Tập thể lớp 12A1 ủng hộ đồng bào"),        // 4
			gift("2024-09-10", 200_000, "LE THI HOA chuyen tien"),                  // 5
		)
		var rest []fund.GiftFact
		for range 250 { // 6 to 255
			rest = append(rest, gift("2024-09-11", 50_000, "ung ho"))
		}
		b.post(rest...)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			q    disclosure.Query
			want string
		}{
			{disclosure.Query{Text: "nguyễn thị lan"}, "1"},
			{disclosure.Query{Text: "NGUYEN THI LAN"}, "1"},
			{disclosure.Query{Text: "nguyen thi laan"}, "1"},
			{disclosure.Query{Text: "Nguyễn Văn Hùng"}, "2"}, // by the initials of who did not agree to be named
			{disclosure.Query{Text: "đồng bào"}, "4 2"},
			{disclosure.Query{Text: "dong bao vung"}, "2"},
			{disclosure.Query{Text: "dogn bao"}, "4 2"},
			{disclosure.Query{Text: "12A1"}, "4"},
			{disclosure.Query{Amount: 500_000}, "3 2"},
			{disclosure.Query{Amount: 500_000, Day: "2024-09-10"}, "3"},
			{disclosure.Query{Day: "2024-09-10"}, "5 4 3"},
			{disclosure.Query{Day: "2024-09-10", Text: "đồng bào"}, "4"},
			{disclosure.Query{Reference: "nck7qm-4t2p-9xa"}, "1"},
			{disclosure.Query{Reference: "NC"}, ""},
			{disclosure.Query{Reference: named.Document}, "1"},
			{disclosure.Query{Reference: named.Document, Amount: 1}, ""},
			{disclosure.Query{Text: "0912345678"}, ""},
			{disclosure.Query{Text: "hung"}, ""},
			{disclosure.Query{Text: "khong ai viet the nay bao gio"}, ""},
			{disclosure.Query{Amount: 7}, ""},
		} {
			if got := ids(search(t, s, c.q)); got != c.want {
				t.Errorf("%+v finds %q, want %q", c.q, got, c.want)
			}
		}
		for _, q := range []disclosure.Query{{}, {Text: "ung ho"}, {Day: "2024-09-11"}} {
			seen, last, pages := map[int64]bool{}, int64(1<<40), 0
			for q.Limit = 60; ; pages++ {
				h := search(t, s, q)
				for _, l := range h.Lines {
					if seen[l.Seq] || l.Seq >= last {
						t.Fatal("repeated or out of order", l.Seq)
					}
					seen[l.Seq], last = true, l.Seq
				}
				if q.Before = h.Next; h.Next == 0 {
					break
				}
			}
			if len(seen) < 250 || pages < 4 {
				t.Errorf("%+v: %d lines on %d pages", q, len(seen), pages)
			}
		}
	}, jobsless()...)
}

// A receipt proves its line offline, and everything that is changed in it is noticed.
func TestReceipt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := &books{names: map[string]string{}}
		s, l := service(t, d, b)
		var many []fund.GiftFact
		for i := range 5000 {
			many = append(many, gift("2024-09-09", money.VND(1000+i), "ung ho dong bao"))
		}
		b.names[many[4321].ID] = "Nguyễn Thị Lan"
		b.post(many...)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, seq := range []int64{1, 2, 4096, 4097, 4322, 5000} {
			f, err := s.Receipt(t.Context(), disclosure.LineID("YAGI-2024", seq))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := json.Marshal(f)
			if v := giftreceipt.Check(raw, l.VerificationKey()); !v.Valid || v.Amount != 999+seq {
				t.Fatalf("%d: %+v", seq, v)
			}
		}
		lineID := disclosure.LineID("YAGI-2024", 4322)
		before, _ := s.Receipt(t.Context(), lineID)
		if before.Name != "Nguyễn Thị Lan" || ids(search(t, s, disclosure.Query{Text: "nguyen thi lan"})) != "4322" {
			t.Fatal(before)
		}
		// The consent is taken back: the name is gone everywhere, what was proved stays proved.
		if err := s.ForgetName(t.Context(), b.appeal.ID, many[4321].ID, "Người ủng hộ không muốn nêu tên"); err != nil {
			t.Fatal(err)
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := s.Receipt(t.Context(), lineID)
		if err != nil || after.Name != "" || after.NameSalt != "" || after.Leaf != before.Leaf {
			t.Fatal(after, err)
		}
		raw, _ := json.Marshal(after)
		if v := giftreceipt.Check(raw, l.VerificationKey()); !v.Valid {
			t.Fatal(v)
		}
		st := statement(t, s)
		if text := checkCSV(t, s, st); strings.Contains(text, "Lan") || !strings.Contains(text, "không muốn nêu tên") {
			t.Error("the name still stands in the file, or nothing says why it went")
		}
		if got := ids(search(t, s, disclosure.Query{Text: "nguyen thi lan"})); got != "" {
			t.Errorf("the name still finds %s", got)
		}
		if st.Lines != 5001 {
			t.Error(st.Lines)
		}
	}, jobsless()...)
}

// Full chunks of the index are put together, and everything is found as before.
func TestManyLines(t *testing.T) {
	d := dbtest.SQLite(t, jobsless()...)
	b := &books{}
	s, _ := service(t, d, b)
	var many []fund.GiftFact
	for i := range 70_000 {
		memo := "ung ho dong bao"
		if i%30_000 == 17 {
			memo = "khac phuc hau qua con bao"
		}
		many = append(many, gift("2024-09-09", money.VND(1000*(i%50+1)), memo))
	}
	b.post(many...)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ids(search(t, s, disclosure.Query{Text: "hậu quả"})); got != "60018 30018 18" {
		t.Error(got)
	}
	if got := search(t, s, disclosure.Query{Amount: 7000, Limit: 100}); len(got.Lines) != 100 || got.Lines[0].Seq != 69957 {
		t.Error(got.Lines[0])
	}
	n, err := d.Read().NewSelect().TableExpr("disclosure_posting").Where("chunk = 0 AND part > 0").Count(t.Context())
	if err != nil || n != 0 {
		t.Error(n, err)
	}
	checkCSV(t, s, statement(t, s))
}

// A consent that is taken back before the gift is published, or after it, takes the name out once the queue has run.
func TestNameIsForgottenByTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := jobs.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		q, err := jobs.New(d, jobs.Config{Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		b := &books{names: map[string]string{}}
		plain, _ := service(t, d, b)
		deps := plain.Deps
		deps.Queue = q
		s := disclosure.New(deps)
		g := gift("2024-09-09", 500_000, "ung ho")
		b.names[g.ID] = "Bà Cúc"
		b.post(g)
		forget := func() {
			t.Helper()
			if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				return s.ForgetLater(ctx, tx, b.appeal.ID, g.ID, "Người ủng hộ không muốn nêu tên")
			}); err != nil {
				t.Fatal(err)
			}
			if err := q.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		forget()
		f, err := s.Receipt(t.Context(), disclosure.LineID("YAGI-2024", 1))
		if err != nil || f.Name != "" {
			t.Fatal(f, err)
		}
		if text := checkCSV(t, s, statement(t, s)); strings.Contains(text, "Cúc") || !strings.Contains(text, "không muốn nêu tên") {
			t.Error(text)
		}
		forget() // nothing is left to be done
		if st := statement(t, s); st.Lines != 2 {
			t.Error("a name was taken out twice:", st.Lines)
		}
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return plain.ForgetLater(ctx, tx, b.appeal.ID, g.ID, "x") }); err == nil {
			t.Error("without a queue nobody takes the name out, and nobody is told")
		}
	}, jobsless()...)
}
