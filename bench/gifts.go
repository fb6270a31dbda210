package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/a-h/templ"
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// The limits of a public statement: a search, and the page of all sums.
const (
	giftSearchLimit = 20 * time.Millisecond
	giftTotalsLimit = 50 * time.Millisecond
)

// gifts measures the public statement of a fund at a tenth and at the whole of the gifts of September 2024 (with -rows at
// that many too): how fast gifts are published, and what a search by each criterion takes in the server, from the request to
// the last byte of its answer.
func (b *bench) gifts(ctx context.Context) error {
	levels := []int{statementRows / 10, statementRows}
	if b.short {
		levels = []int{statementRows / 100, statementRows / 10}
	}
	if b.rows > 0 {
		levels = append(levels, b.rows)
	}
	if err := b.giftsOn(ctx, db.SQLite, "", levels); err != nil {
		return err
	}
	at, err := b.postgresURL()
	if errors.Is(err, exec.ErrNotFound) {
		b.line("PostgreSQL is not installed (Debian: apt-get install postgresql): its lines are left out")
		return nil
	}
	if err != nil {
		return err
	}
	return b.giftsOn(ctx, db.Postgres, at, levels)
}

func (b *bench) giftsOn(ctx context.Context, engine db.Engine, at string, levels []int) error {
	before := map[string]time.Duration{}
	for _, n := range levels {
		dir, err := os.MkdirTemp(b.dir, "gifts-")
		if err != nil {
			return err
		}
		now, err := b.giftLevel(ctx, engine, at, dir, n, before)
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			return err
		}
		before = now
	}
	return nil
}

// giftLevel publishes n gifts and asks for them; it gives the 95th percentile of each criterion.
func (b *bench) giftLevel(ctx context.Context, engine db.Engine, at, dir string, n int, before map[string]time.Duration) (map[string]time.Duration, error) {
	if engine == db.SQLite {
		at = filepath.Join(dir, "gifts.db")
	}
	d, err := db.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := d.Migrate(ctx, disclosure.Migrations); err != nil {
		return nil, err
	}
	l, err := tlog.Open(ctx, filepath.Join(dir, "log"), filepath.Join(dir, "key"), tlog.Options{Origin: "bench.example/log"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close(context.WithoutCancel(ctx)) }()
	feed := &giftFeed{n: n, appeal: fund.Appeal{ID: id.New(), Code: "BENCH-" + strconv.Itoa(n), Name: "Ủng hộ đồng bào vùng bão", FundKind: fund.FundRelief, Basis: "Lời kêu gọi",
		Opens: "2024-09-01", Closes: "2024-10-10", CreatedAt: time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC)}}
	s := disclosure.New(disclosure.Deps{DB: d, Clock: clock.System{}, Trail: unheard{}, Books: feed, Names: feed, Log: l})
	began := time.Now()
	if err := s.Sweep(ctx); err != nil {
		return nil, err
	}
	took := time.Since(began)
	size := ""
	if info, err := os.Stat(at); err == nil {
		size = fmt.Sprintf(", %d MB", info.Size()>>20)
	}
	b.line("%s, %d gifts: published with receipts, index and hash in %s (%.0f/s)%s", engine, n, short(took), float64(n)/took.Seconds(), size)
	mux, err := giftPages(s)
	if err != nil {
		return nil, err
	}
	out := map[string]time.Duration{}
	for _, c := range feed.criteria() {
		if out[c.name], err = b.askGifts(ctx, mux, d, n, c, before[c.name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// askGifts measures one criterion with a question of its own each time. Beside what was waited it tells the processor time
// of a question, with what PostgreSQL's backends had, which says more on a machine that others use too.
func (b *bench) askGifts(ctx context.Context, mux http.Handler, d *db.DB, n int, c criterion, before time.Duration) (time.Duration, error) {
	engine := d.Engine()
	r := rand.New(rand.NewPCG(2024, 9))
	var times []time.Duration
	found := 0
	used, err := processorTime(ctx, d)
	if err != nil {
		return 0, err
	}
	for end := time.Now().Add(b.window); time.Now().Before(end) && len(times) < 2000; {
		target := c.ask(r)
		began := time.Now()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", target, nil).WithContext(ctx))
		times = append(times, time.Since(began))
		if w.Code != http.StatusOK {
			return 0, fmt.Errorf("%s: %d %.200s", target, w.Code, w.Body)
		}
		if !strings.Contains(w.Body.String(), `"gifts":[]`) {
			found++
		}
	}
	after, err := processorTime(ctx, d)
	if err != nil {
		return 0, err
	}
	if !c.nothing && found*10 < len(times)*9 {
		return 0, fmt.Errorf("%s: only %d of %d questions found anything", c.name, found, len(times))
	}
	median, p95 := percentile(times, 50), percentile(times, 95)
	grown := ""
	if before > 0 {
		grown = fmt.Sprintf("; %.2f × a tenth of the gifts", p95.Seconds()/before.Seconds())
	}
	b.line("%s, %d gifts, %s: median %s, p95 %s, p99 %s; processor %s; limit %s: ratio %.2f%s", engine, n, c.name, short(median), short(p95), short(percentile(times, 99)),
		short((after-used)/time.Duration(len(times))), short(c.limit), p95.Seconds()/c.limit.Seconds(), grown)
	return p95, nil
}

// processorTime is what this process and the backends of its database have used so far; a backend's in steps of 10 ms.
func processorTime(ctx context.Context, d *db.DB) (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	sum := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if d.Engine() != db.Postgres {
		return sum, nil
	}
	var pids []int
	if err := d.Read().NewRaw("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'").Scan(ctx, &pids); err != nil {
		return 0, err
	}
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has gone since
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold blanks
		fields := strings.Fields(rest)
		for _, f := range fields[min(11, len(fields)):min(13, len(fields))] { // utime and stime, proc(5)
			ticks, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum, nil
}

func percentile(times []time.Duration, p int) time.Duration {
	sorted := append([]time.Duration(nil), times...)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

// giftPages serves the pages and doors of a statement.
func giftPages(s *disclosure.Service) (http.Handler, error) {
	words, err := i18n.Load(ui.Catalogue, money.Catalogue, disclosureweb.Catalogue)
	if err != nil {
		return nil, err
	}
	var rt web.Routes
	disclosureweb.New(s, disclosureweb.Config{BaseURL: "https://bench.example", Now: time.Now}).Routes(&rt)
	server := &web.Server{Guard: func(*http.Request, web.Access) error { return nil }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	mux := server.Mux(&rt)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(i18n.With(r.Context(), words.In("vi"))))
	}), nil
}

type unheard struct{}

// Record forgets.
func (unheard) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// giftFeed is gifts as the books would tell of them, shaped as the statements of September 2024: any of them can be made
// again from its number, so that twenty million need no room. One giver in ten agreed to be named.
type giftFeed struct {
	n      int
	appeal fund.Appeal
}

var (
	feedSurnames = strings.Fields("NGUYEN NGUYEN NGUYEN TRAN TRAN LE PHAM HOANG PHAN VU VO DANG BUI DO HO NGO DUONG LY CAO DINH")
	feedMiddle   = strings.Fields("VAN THI HUU DUC MINH NGOC THANH QUANG XUAN HONG THU KIM GIA ANH BAO")
	feedGiven    = strings.Fields("AN BINH CHI DUNG GIANG HA HAI HANH HIEU HOA HUNG HUONG KHANH LAN LINH LONG MAI MINH NAM NGA NGOC NHUNG PHUC PHUONG QUAN SON TAM THAO THU TRANG TUAN VY YEN")
	feedMemos    = []string{"ung ho dong bao bi bao lu", "Ung ho khac phuc hau qua bao so 3 Yagi", "ung ho mien bac", "Gia dinh ung ho ba con vung lu", "chuyen tien ung ho", "UNG HO DONG BAO",
		"chung tay vi dong bao", "ung ho cuu tro bao lu", "Tap the lop 12A1 ung ho dong bao vung lu", "hoi phu nu xa ung ho", "gui tang cac em hoc sinh vung cao", "cong doan truong tieu hoc quyen gop"}
	feedAmounts = []money.VND{100_000, 100_000, 100_000, 100_000, 200_000, 200_000, 200_000, 200_000, 500_000, 500_000, 500_000, 1_000_000, 1_000_000, 50_000, 300_000, 2_000_000, 20_000, 10_000, 5_000_000, 150_000}
)

// fact makes gift i, from 0.
func (f *giftFeed) fact(i int) fund.GiftFact {
	r := rand.New(rand.NewPCG(9, uint64(i)))
	g := fund.GiftFact{At: fund.Position{No: 1, Seq: int64(i) + 1}, What: fund.GiftTaken, Channel: "VCB", ID: fmt.Sprintf("0191e000-0000-7000-8000-%012x", i), Document: fmt.Sprintf("5213.%07d", i)}
	g.Day = clock.Date(time.Date(2024, 9, 8, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*20/f.n).Format(time.DateOnly))
	if g.Amount = feedAmounts[r.IntN(len(feedAmounts))]; r.IntN(14) == 0 {
		g.Amount += money.VND(r.IntN(999))
	}
	g.Memo = fmt.Sprintf("MBVCB.%010d.%s %s.CT tu %012d %s toi 9990000000001 QUY", r.IntN(1e9), f.giver(i), feedMemos[r.IntN(len(feedMemos))], r.Int64N(1e12), f.giver(i))
	return g
}

func (f *giftFeed) giver(i int) string {
	r := rand.New(rand.NewPCG(7, uint64(i)))
	return feedSurnames[r.IntN(len(feedSurnames))] + " " + feedMiddle[r.IntN(len(feedMiddle))] + " " + feedGiven[r.IntN(len(feedGiven))]
}

// GiftFacts implements disclosure.Books.
func (f *giftFeed) GiftFacts(_ context.Context, _ bun.IDB, _ string, after fund.Position, limit int) ([]fund.GiftFact, error) {
	from := int(after.Seq)
	out := make([]fund.GiftFact, 0, max(0, min(limit, f.n-from)))
	for i := from; i < f.n && len(out) < limit; i++ {
		out = append(out, f.fact(i))
	}
	return out, nil
}

// AllAppeals implements disclosure.Books.
func (f *giftFeed) AllAppeals(context.Context, bun.IDB) ([]fund.Appeal, error) {
	return []fund.Appeal{f.appeal}, nil
}

// DisplayNames implements disclosure.Names.
func (f *giftFeed) DisplayNames(_ context.Context, _ bun.IDB, gifts []fund.GiftFact) (map[string]string, error) {
	out := map[string]string{}
	for _, g := range gifts {
		if i := int(g.At.Seq) - 1; i%10 == 0 {
			out[g.ID] = f.giver(i)
		}
	}
	return out, nil
}

// criterion is one way to look for a gift.
type criterion struct {
	name    string
	limit   time.Duration
	nothing bool // it is right that nothing is found
	ask     func(r *rand.Rand) string
}

func (f *giftFeed) criteria() []criterion {
	at := "/api/v1/public/appeals/" + f.appeal.Code + "/gifts?"
	q := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return at + v.Encode()
	}
	any := func(r *rand.Rand) fund.GiftFact { return f.fact(r.IntN(f.n)) }
	wrong := func(r *rand.Rand, s string) string { // two letters of a long word changed places
		words := strings.Fields(s)
		for i, w := range words {
			if len(w) >= 5 {
				k := 1 + r.IntN(len(w)-2)
				words[i] = w[:k] + w[k+1:k+2] + w[k:k+1] + w[k+2:]
				break
			}
		}
		return strings.Join(words, " ")
	}
	return []criterion{
		{"own code", giftSearchLimit, false, func(r *rand.Rand) string { return q("ref", any(r).Document) }},
		{"amount and date", giftSearchLimit, false, func(r *rand.Rand) string {
			g := any(r)
			return q("amount", strconv.FormatInt(int64(g.Amount), 10), "date", string(g.Day))
		}},
		{"chosen name", giftSearchLimit, false, func(r *rand.Rand) string { return q("q", f.giver(r.IntN(f.n/10)*10)) }},
		{"memo", giftSearchLimit, false, func(r *rand.Rand) string { return q("q", feedMemos[r.IntN(len(feedMemos))]) }},
		{"name with a letter wrong", giftSearchLimit, false, func(r *rand.Rand) string { return q("q", wrong(r, f.giver(r.IntN(f.n/10)*10))) }},
		{"name, amount and date", giftSearchLimit, false, func(r *rand.Rand) string {
			i := r.IntN(f.n)
			g := f.fact(i)
			return q("q", f.giver(i), "amount", strconv.FormatInt(int64(g.Amount), 10), "date", string(g.Day))
		}},
		{"nothing to be found", giftSearchLimit, true, func(r *rand.Rand) string {
			return q("q", "nguyen van hung", "amount", strconv.Itoa(7_000_000+r.IntN(1_000_000)))
		}},
		{"the statement's page", giftTotalsLimit, true, func(*rand.Rand) string { return "/ung-ho/" + f.appeal.Code }},
		{"the page of all sums", giftTotalsLimit, true, func(*rand.Rand) string { return "/ung-ho/" + f.appeal.Code + "/tong-hop" }},
		{"a receipt with its proof", giftTotalsLimit, true, func(r *rand.Rand) string {
			return "/api/v1/public/gifts/" + disclosure.LineID(f.appeal.Code, int64(r.IntN(f.n))+1) + "/receipt.json"
		}},
	}
}
