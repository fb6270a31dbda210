package statistics

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// store is the feature's SQL; it holds nothing.
type store struct{}

type dayRow struct {
	bun.BaseModel `bun:"table:statistics_day,alias:d"`

	AccountID     string     `bun:",pk"`
	Day           clock.Date `bun:",pk"`
	UnitID        string
	Kind          channel.Kind
	Followers     int64
	Posts         int
	Failed        int
	Messages      int
	Comments      int
	Asked         int
	Answered      int
	WaitedMinutes int64
}

type postRow struct {
	bun.BaseModel `bun:"table:statistics_post,alias:p"`

	AccountID  string `bun:",pk"`
	ExternalID string `bun:",pk"`
	UnitID     string
	Kind       channel.Kind
	Day        clock.Date
	Title      string
	Link       string
	Views      int64
	Shares     int64
	Reactions  int64
	Comments   int64
	MeasuredAt time.Time
}

type priceRow struct {
	bun.BaseModel `bun:"table:statistics_prices,alias:c"`

	UnitID       string `bun:",pk"`
	Sheets       int64
	Sheet        money.VND
	Stamp        money.VND
	Meetings     int64
	Participants int64
	Journey      money.VND
	UpdatedAt    time.Time
	UpdatedBy    string
}

type mountainRow struct {
	bun.BaseModel `bun:"table:statistics_mountain,alias:o"`

	UnitID string `bun:",pk"`
}

const atOnce = 200 // rows of one statement

// keepDays writes days down; the followers of another day than today stay what they were.
func (store) keepDays(ctx context.Context, q bun.IDB, rows []dayRow, today clock.Date) error {
	for part := range slices.Chunk(rows, atOnce) {
		_, err := q.NewInsert().Model(&part).On("CONFLICT (account_id, day) DO UPDATE").
			Set("unit_id = EXCLUDED.unit_id").Set("posts = EXCLUDED.posts").Set("failed = EXCLUDED.failed").Set("messages = EXCLUDED.messages").
			Set("comments = EXCLUDED.comments").Set("asked = EXCLUDED.asked").Set("answered = EXCLUDED.answered").Set("waited_minutes = EXCLUDED.waited_minutes").
			Set("followers = CASE WHEN EXCLUDED.day = ? THEN EXCLUDED.followers ELSE d.followers END", today).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func (store) keepPosts(ctx context.Context, q bun.IDB, rows []postRow) error {
	for part := range slices.Chunk(rows, atOnce) {
		_, err := q.NewInsert().Model(&part).On("CONFLICT (account_id, external_id) DO UPDATE").
			Set("unit_id = EXCLUDED.unit_id").Set("title = EXCLUDED.title").Set("link = EXCLUDED.link").Set("views = EXCLUDED.views").Set("shares = EXCLUDED.shares").
			Set("reactions = EXCLUDED.reactions").Set("comments = EXCLUDED.comments").Set("measured_at = EXCLUDED.measured_at").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// sumRow is what an account did in a span.
type sumRow struct {
	AccountID     string
	UnitID        string
	Kind          channel.Kind
	Posts         int
	Failed        int
	Messages      int
	Comments      int
	Asked         int
	Answered      int
	WaitedMinutes int64
}

func (store) sums(ctx context.Context, q bun.IDB, roots []string, on clock.Date, s Span, kind channel.Kind) (rows []sumRow, err error) {
	sel := q.NewSelect().Model((*dayRow)(nil)).Column("account_id", "kind").ColumnExpr("max(d.unit_id) AS unit_id").ColumnExpr("CAST(sum(d.posts) AS bigint) AS posts").
		ColumnExpr("CAST(sum(d.failed) AS bigint) AS failed").ColumnExpr("CAST(sum(d.messages) AS bigint) AS messages").ColumnExpr("CAST(sum(d.comments) AS bigint) AS comments").
		ColumnExpr("CAST(sum(d.asked) AS bigint) AS asked").ColumnExpr("CAST(sum(d.answered) AS bigint) AS answered").ColumnExpr("CAST(sum(d.waited_minutes) AS bigint) AS waited_minutes").
		Where("d.day >= ?", s.From).Where("d.day <= ?", s.To).GroupExpr("d.account_id, d.kind")
	if kind != "" {
		sel = sel.Where("d.kind = ?", kind)
	}
	err = orgunit.Within(sel, "d.unit_id", roots, on).Scan(ctx, &rows)
	return rows, err
}

// followers gives how many followed each account on the last counted day up to a day.
func (store) followers(ctx context.Context, q bun.IDB, roots []string, on, day clock.Date) (map[string]int64, error) {
	var rows []struct {
		AccountID string
		Followers int64
	}
	inner := q.NewSelect().Model((*dayRow)(nil)).Column("account_id").ColumnExpr("max(d.day) AS day").Where("d.day <= ?", day).Where("d.followers > 0").GroupExpr("d.account_id")
	inner = orgunit.Within(inner, "d.unit_id", roots, on)
	err := q.NewSelect().TableExpr("statistics_day AS x").Join("JOIN (?) AS y ON y.account_id = x.account_id AND y.day = x.day", inner).Column("x.account_id", "x.followers").Scan(ctx, &rows)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.AccountID] = r.Followers
	}
	return out, err
}

// echoRow is what became of the publications that an account put up in a span.
type echoRow struct {
	AccountID                          string
	Views, Shares, Reactions, Comments int64
	Measured                           int
}

func (store) echoes(ctx context.Context, q bun.IDB, roots []string, on clock.Date, s Span) (map[string]echoRow, error) {
	var rows []echoRow
	sel := q.NewSelect().Model((*postRow)(nil)).Column("account_id").ColumnExpr("CAST(sum(p.views) AS bigint) AS views").ColumnExpr("CAST(sum(p.shares) AS bigint) AS shares").
		ColumnExpr("CAST(sum(p.reactions) AS bigint) AS reactions").ColumnExpr("CAST(sum(p.comments) AS bigint) AS comments").ColumnExpr("count(*) AS measured").
		Where("p.day >= ?", s.From).Where("p.day <= ?", s.To).GroupExpr("p.account_id")
	err := orgunit.Within(sel, "p.unit_id", roots, on).Scan(ctx, &rows)
	out := map[string]echoRow{}
	for _, r := range rows {
		out[r.AccountID] = r
	}
	return out, err
}

func (store) topPosts(ctx context.Context, q bun.IDB, accountID string, s Span, limit int) (rows []postRow, err error) {
	err = q.NewSelect().Model(&rows).Where("p.account_id = ?", accountID).Where("p.day >= ?", s.From).Where("p.day <= ?", s.To).
		OrderExpr("p.views + p.reactions + p.shares + p.comments DESC, p.day DESC, p.external_id").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

// months gives what an account did month by month ("2026-11"), the oldest first.
func (store) months(ctx context.Context, q bun.IDB, accountID string, from clock.Date) (rows []Month, err error) {
	err = q.NewSelect().Model((*dayRow)(nil)).ColumnExpr("substr(d.day, 1, 7) AS month").ColumnExpr("CAST(sum(d.posts) AS bigint) AS posts").
		ColumnExpr("CAST(sum(d.messages + d.comments) AS bigint) AS messages").ColumnExpr("max(d.followers) AS followers").
		Where("d.account_id = ?", accountID).Where("d.day >= ?", from).GroupExpr("substr(d.day, 1, 7)").OrderExpr("substr(d.day, 1, 7)").Scan(ctx, &rows)
	return rows, err
}

func (store) mountains(ctx context.Context, q bun.IDB) (map[string]bool, error) {
	var rows []mountainRow
	err := q.NewSelect().Model(&rows).Scan(ctx)
	out := map[string]bool{}
	for _, r := range rows {
		out[r.UnitID] = true
	}
	return out, err
}

func (store) setMountains(ctx context.Context, q bun.IDB, set, clear []string) error {
	if len(clear) > 0 {
		if _, err := q.NewDelete().Model((*mountainRow)(nil)).Where("unit_id IN (?)", bun.In(clear)).Exec(ctx); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(set, atOnce) {
		rows := make([]mountainRow, len(part))
		for i, u := range part {
			rows[i].UnitID = u
		}
		if _, err := q.NewInsert().Model(&rows).On("CONFLICT (unit_id) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prices gives what was set for the first of the units that has set something; the usual ones otherwise.
func (store) prices(ctx context.Context, q bun.IDB, units []string) (Prices, error) {
	for _, u := range units {
		var r priceRow
		err := q.NewSelect().Model(&r).Where("c.unit_id = ?", u).Scan(ctx)
		if err == nil {
			return Prices{Sheets: r.Sheets, Sheet: r.Sheet, Stamp: r.Stamp, Meetings: r.Meetings, Participants: r.Participants, Journey: r.Journey}, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Prices{}, err
		}
	}
	return UsualPrices(), nil
}

func (store) setPrices(ctx context.Context, q bun.IDB, unitID string, p Prices, by string, now time.Time) error {
	r := priceRow{UnitID: unitID, Sheets: p.Sheets, Sheet: p.Sheet, Stamp: p.Stamp, Meetings: p.Meetings, Participants: p.Participants, Journey: p.Journey, UpdatedAt: now, UpdatedBy: by}
	_, err := q.NewInsert().Model(&r).On("CONFLICT (unit_id) DO UPDATE").Set("sheets = EXCLUDED.sheets").Set("sheet = EXCLUDED.sheet").Set("stamp = EXCLUDED.stamp").
		Set("meetings = EXCLUDED.meetings").Set("participants = EXCLUDED.participants").Set("journey = EXCLUDED.journey").Set("updated_at = EXCLUDED.updated_at").Set("updated_by = EXCLUDED.updated_by").Exec(ctx)
	return err
}
