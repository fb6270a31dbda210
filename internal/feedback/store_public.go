package feedback

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/wordindex"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

type publicRow struct {
	bun.BaseModel `bun:"table:feedback_public,alias:p"`
	ID            string `bun:",pk"`
	UnitID        string
	OriginID      string
	Title         string
	Question      string
	Answer        string
	AskedOn       clock.Date
	AnsweredAt    time.Time
	Days          int
	PublishedAt   time.Time
	ConfirmedBy   string
	Rating        int
	Kind          string // these four as they stand with the case, so that lists need not look there
	Category      string
	ReceivedAt    time.Time
	Term          int    // working days that the answer had
	Search        string // its words, folded, each once
}

func (r publicRow) domain() Published {
	return Published{ID: r.ID, UnitID: r.UnitID, OriginID: r.OriginID, Title: r.Title, Question: r.Question, Answer: r.Answer, AskedOn: r.AskedOn,
		AnsweredAt: r.AnsweredAt.UTC(), Days: r.Days, PublishedAt: r.PublishedAt.UTC(), ConfirmedBy: r.ConfirmedBy, Rating: r.Rating}
}

// insertPublic writes a published copy with its search words; an older copy of the same case is replaced.
func (s store) insertPublic(ctx context.Context, q bun.IDB, c Case, p Published, search string) error {
	if err := s.deletePublic(ctx, q, p.ID); err != nil {
		return err
	}
	_, err := q.NewInsert().Model(&publicRow{ID: p.ID, UnitID: p.UnitID, OriginID: p.OriginID, Title: p.Title, Question: p.Question, Answer: p.Answer,
		AskedOn: p.AskedOn, AnsweredAt: p.AnsweredAt, Days: p.Days, PublishedAt: p.PublishedAt, ConfirmedBy: p.ConfirmedBy, Rating: p.Rating,
		Kind: string(c.Kind), Category: c.Category, ReceivedAt: c.ReceivedAt, Term: c.Days, Search: search}).Exec(ctx)
	return err
}

func (store) deletePublic(ctx context.Context, q bun.IDB, publicID string) error {
	_, err := q.NewDelete().Model((*publicRow)(nil)).Where("id = ?", publicID).Exec(ctx)
	return err
}

func (store) ratePublic(ctx context.Context, q bun.IDB, publicID string, rating int) error {
	_, err := q.NewUpdate().Model((*publicRow)(nil)).Set("rating = ?", rating).Where("id = ?", publicID).Exec(ctx)
	return err
}

// matterOfPublic keeps the published copy's kind and category those of the case.
func (store) matterOfPublic(ctx context.Context, q bun.IDB, c Case) error {
	_, err := q.NewUpdate().Model((*publicRow)(nil)).Set("kind = ?", string(c.Kind)).Set("category = ?", c.Category).Where("id = ?", c.ID).Exec(ctx)
	return err
}

func (store) public(ctx context.Context, q bun.IDB, publicID string) (Published, error) {
	var r publicRow
	err := q.NewSelect().Model(&r).Where("p.id = ?", publicID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Published{}, fault.New(fault.NotFound, "feedback.public_not_found")
	}
	return r.domain(), err
}

// ofUnit keeps what was asked or answered in a unit and below, which near lists when they are few; "" keeps all.
func ofUnit(sel *bun.SelectQuery, unitID string, near []string, on clock.Date) *bun.SelectQuery {
	switch {
	case unitID == "":
		return sel
	case len(near) > 0:
		return sel.Where("(p.unit_id IN (?) OR p.origin_id IN (?))", bun.In(near), bun.In(near))
	}
	return sel.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return orgunit.Among(q, "p.unit_id", []string{unitID}, on) }).
			WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return orgunit.Among(q, "p.origin_id", []string{unitID}, on)
			})
	})
}

// publics reads one page of the published answers of a unit and below ("" means everywhere), newest first. Each word of the
// text must begin a word of the question or answer; the search is folded.
func (s store) publics(ctx context.Context, q bun.IDB, unitID string, near []string, text string, on clock.Date, page, per int) ([]Published, int, error) {
	words := slices.DeleteFunc(vntext.Tokens(text), func(w string) bool { return len(w) < 2 })
	sel := publicWords.Hold(ofUnit(q.NewSelect().Model((*publicRow)(nil)), unitID, near, on), "p.id", words, near)
	ids, total, err := latest(ctx, q, sel, len(words) > 0, page, per)
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	var rows []publicRow
	if err := q.NewSelect().Model(&rows).Where("p.id IN (?)", bun.In(ids)).Order("p.answered_at DESC", "p.id DESC").Scan(ctx); err != nil {
		return nil, 0, err
	}
	out := make([]Published, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, total, nil
}

// latest reads one page of the ids of published answers, newest first, and counts all up to CountedTo: what is sorted are
// ids, not whole answers.
func latest(ctx context.Context, q bun.IDB, sel *bun.SelectQuery, searched bool, page, per int) (ids []string, total int, err error) {
	if searched {
		return wordindex.Page(ctx, sel.Column("p.id").Order("p.answered_at DESC", "p.id DESC"), page, per, CountedTo)
	}
	if total, err = fewer(ctx, q, sel); err != nil || total == 0 {
		return nil, total, err
	}
	err = sel.Column("p.id").Order("p.answered_at DESC", "p.id DESC").Limit(int64(per)).Offset(int64((max(page, 1)-1)*per)).Scan(ctx, &ids)
	return ids, total, err
}

// fewer counts what a query finds, up to CountedTo: a list that nobody pages to its end is not counted to its end.
func fewer(ctx context.Context, q bun.IDB, sel *bun.SelectQuery) (int, error) {
	n, err := q.NewSelect().TableExpr("(?) AS few", sel.Clone().ColumnExpr("1").Limit(CountedTo)).Count(ctx)
	return int(n), err
}

// daysTaken sums up the working days that published answers of a unit and below took.
func (store) daysTaken(ctx context.Context, q bun.IDB, unitID string, on clock.Date) (n, sum, inTime int, err error) {
	var r struct{ N, Sum, InTime int }
	sel := q.NewSelect().TableExpr("feedback_public AS p").
		ColumnExpr("COUNT(*) AS n").ColumnExpr("COALESCE(SUM(p.days), 0) AS sum").
		ColumnExpr("COALESCE(SUM(CASE WHEN p.days <= p.term THEN 1 ELSE 0 END), 0) AS in_time")
	if unitID != "" {
		sel = orgunit.Within(sel, "p.unit_id", []string{unitID}, on)
	}
	err = sel.Scan(ctx, &r)
	return r.N, r.Sum, r.InTime, err
}
