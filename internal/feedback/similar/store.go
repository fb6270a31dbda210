package similar

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "similar", FS: migrationFS}

type caseRow struct {
	bun.BaseModel `bun:"table:similar_case,alias:c"`
	N             int64 `bun:",pk,autoincrement"`
	CaseID        string
	UnitID        string
	State         string
	Kind          string
	Category      string
	Summary       string
	Lat, Lon      float64
	At            time.Time
	ConfirmedBy   string
	Grams         gramList
}

// gramList are the grams under which a case stands, as the database keeps them: numbers with commas between.
type gramList []int64

var (
	_ driver.Valuer = gramList{}
	_ sql.Scanner   = (*gramList)(nil)
)

// Value implements driver.Valuer.
func (l gramList) Value() (driver.Value, error) {
	var b []byte
	for i, g := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, g, 10)
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (l *gramList) Scan(v any) error {
	text, ok := v.(string)
	if b, raw := v.([]byte); raw {
		text, ok = string(b), true
	}
	if !ok {
		return fmt.Errorf("similar: grams are a %T", v)
	}
	*l = nil
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		g, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return fmt.Errorf("similar: grams: %w", err)
		}
		*l = append(*l, g)
	}
	return nil
}

// listOf makes the list of grams: each once, in order.
func listOf(grams []int64) gramList {
	slices.Sort(grams)
	return slices.Compact(grams)
}

type gramRow struct {
	bun.BaseModel `bun:"table:similar_gram"`
	Gram          int64
	N             int64
}

type store struct{}

func (store) byCase(ctx context.Context, q bun.IDB, caseID string) (r caseRow, ok bool, err error) {
	err = q.NewSelect().Model(&r).Where("c.case_id = ?", caseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// known tells which of the cases are here.
func (store) known(ctx context.Context, q bun.IDB, caseIDs []string) (map[string]bool, error) {
	var found []string
	err := q.NewSelect().Model((*caseRow)(nil)).Column("case_id").Where("case_id IN (?)", bun.In(caseIDs)).Scan(ctx, &found)
	out := make(map[string]bool, len(found))
	for _, caseID := range found {
		out[caseID] = true
	}
	return out, err
}

// put writes the row of a case with its grams; what stood there is replaced.
func (s store) put(ctx context.Context, q bun.IDB, r caseRow) error {
	old, had, err := s.byCase(ctx, q, r.CaseID)
	if err != nil {
		return err
	}
	if had {
		r.N = old.N
		if err := s.dropGrams(ctx, q, old); err != nil {
			return err
		}
		if _, err := q.NewUpdate().Model(&r).WherePK().Exec(ctx); err != nil {
			return err
		}
	} else if _, err := q.NewInsert().Model(&r).Returning("n").Exec(ctx); err != nil {
		return err
	}
	if len(r.Grams) == 0 {
		return nil
	}
	rows := make([]gramRow, len(r.Grams))
	for i, g := range r.Grams {
		rows[i] = gramRow{Gram: g, N: r.N}
	}
	_, err = q.NewInsert().Model(&rows).Exec(ctx)
	return err
}

func (s store) drop(ctx context.Context, q bun.IDB, caseID string) error {
	r, had, err := s.byCase(ctx, q, caseID)
	if err != nil || !had {
		return err
	}
	if err := s.dropGrams(ctx, q, r); err != nil {
		return err
	}
	_, err = q.NewDelete().Model((*caseRow)(nil)).Where("n = ?", r.N).Exec(ctx)
	return err
}

func (store) dropGrams(ctx context.Context, q bun.IDB, r caseRow) error {
	if len(r.Grams) == 0 {
		return nil
	}
	_, err := q.NewDelete().Model((*gramRow)(nil)).Where("gram IN (?)", bun.In([]int64(r.Grams))).Where("n = ?", r.N).Exec(ctx)
	return err
}

// perGram bounds how many cases one pair of words may bring: a pair that more have tells little, and the newest matter.
const perGram = 48

// sharing gives the numbers of cases that share most, and rarest, grams with the asked ones. Its work is bounded by the
// number of grams, not by the number of cases.
func (store) sharing(ctx context.Context, q bun.IDB, grams []int64, limit int) ([]int64, error) {
	if len(grams) == 0 {
		return nil, nil
	}
	parts := make([]string, len(grams))
	args := make([]any, len(grams))
	for i, g := range grams {
		parts[i] = "SELECT * FROM (SELECT gram, n FROM similar_gram WHERE gram = ? ORDER BY n DESC LIMIT 48) AS t"
		args[i] = g
	}
	var rows []gramRow
	if err := q.NewRaw(strings.Join(parts, " UNION ALL "), args...).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	often := map[int64]int{}
	for _, r := range rows {
		often[r.Gram]++
	}
	score := map[int64]float64{}
	for _, r := range rows {
		w := 1 / math.Sqrt(float64(often[r.Gram]))
		if often[r.Gram] >= perGram {
			w /= 3
		}
		score[r.N] += w
	}
	out := make([]int64, 0, len(score))
	for n := range score {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b int64) int {
		switch {
		case score[a] != score[b] && score[a] > score[b]:
			return -1
		case score[a] != score[b]:
			return 1
		}
		return int(b - a)
	})
	return out[:min(limit, len(out))], nil
}

func (store) rows(ctx context.Context, q bun.IDB, numbers []int64) ([]caseRow, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	var rows []caseRow
	err := q.NewSelect().Model(&rows).ExcludeColumn("grams").Where("c.n IN (?)", bun.In(numbers)).Scan(ctx)
	return rows, err
}

func in(list []string) any { return bun.In(list) }

// narrow applies the filter to a query on similar_case (alias c).
func (f OpenFilter) narrow(sel *bun.SelectQuery, on clock.Date) *bun.SelectQuery {
	where, args := fits(f.Of)
	sel = sel.Where("c.state = ?", StateOpen).Where(where, args...)
	if f.UnitID != "" {
		sel = orgunit.Within(sel, "c.unit_id", []string{f.UnitID}, on)
	}
	if !f.From.IsZero() {
		sel = sel.Where("c.at >= ?", f.From)
	}
	if !f.To.IsZero() {
		sel = sel.Where("c.at <= ?", f.To)
	}
	return sel
}

// offered lists what is offered to everybody, of a unit and below ("" everywhere), newest first, and counts it.
func (store) offered(ctx context.Context, q bun.IDB, f OpenFilter, on clock.Date) ([]caseRow, int, error) {
	var rows []caseRow
	sel := f.narrow(q.NewSelect().Model(&rows), on)
	n, err := sel.Clone().Count(ctx)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	err = sel.OrderExpr("c.n DESC").Limit(int64(max(1, f.Per))).Offset(int64((max(f.Page, 1) - 1) * f.Per)).Scan(ctx)
	return rows, int(n), err
}

func (store) mark(ctx context.Context, q bun.IDB) (string, error) {
	var at string
	err := q.NewRaw("SELECT case_id FROM similar_mark WHERE id = 'fill'").Scan(ctx, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return at, err
}

func (store) setMark(ctx context.Context, q bun.IDB, caseID string) error {
	_, err := q.NewRaw("INSERT INTO similar_mark (id, case_id) VALUES ('fill', ?) ON CONFLICT (id) DO UPDATE SET case_id = excluded.case_id", caseID).Exec(ctx)
	return err
}
