// Package published reads what the public may see of cases: questions with their answers in the masked words that a person
// confirmed. It says how a unit's answers are searched and listed, how long they took, and gives them as open data. It
// decides nothing: what comes into the public list and leaves it again is the business of package feedback.
package published

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/wordindex"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Reader reads the public list. Anybody may ask it anything.
type Reader struct {
	db     *db.DB
	clock  clock.Clock
	forest func() *orgunit.Forest
	nearby orgunit.Nearby
}

// Of makes the reader of what the service has published.
func Of(s *feedback.Service) *Reader {
	return &Reader{db: s.DB, clock: s.Clock, forest: s.Forest}
}

func (r *Reader) today() clock.Date { return clock.DateOf(r.clock.Now()) }

// below lists a unit and all below it; nil when they are many, or for no unit.
func (r *Reader) below(unitID string) []string {
	if unitID == "" {
		return nil
	}
	return r.nearby.Of(r.forest(), []string{unitID}, r.today())
}

// row is what is read of a published copy.
type row struct {
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
	Kind          string
	Category      string
	ReceivedAt    time.Time
}

func (r row) domain() feedback.Published {
	return feedback.Published{ID: r.ID, UnitID: r.UnitID, OriginID: r.OriginID, Title: r.Title, Question: r.Question, Answer: r.Answer, AskedOn: r.AskedOn,
		AnsweredAt: r.AnsweredAt.UTC(), Days: r.Days, PublishedAt: r.PublishedAt.UTC(), ConfirmedBy: r.ConfirmedBy, Rating: r.Rating}
}

// words finds what was published by the words of questions and answers.
var words = wordindex.Index{Table: "feedback_public", Latest: "answered_at"}

// Search reads one page, from 1, of the published answers of a unit and below ("" means everywhere), newest first, and counts
// them up to feedback.CountedTo. Each word of the text must begin a word of the question or answer; the search is folded.
func (r *Reader) Search(ctx context.Context, unitID, text string, page, per int) ([]feedback.Published, int, error) {
	q, near := r.db.Read(), r.below(unitID)
	tokens := slices.DeleteFunc(vntext.Tokens(text), func(w string) bool { return len(w) < 2 })
	var ids []string
	var total int
	var err error
	switch {
	case len(tokens) > 0:
		ids, total, err = r.found(ctx, q, unitID, near, tokens, page, per)
	case len(near) > 0:
		ids, total, err = latestNear(ctx, q, near, page, per)
	default:
		ids, total, err = latest(ctx, q, ofUnit(q.NewSelect().Model((*row)(nil)), unitID, near, r.today()), page, per)
	}
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	var rows []row
	if err := q.NewSelect().Model(&rows).Where("p.id IN (?)", bun.In(ids)).OrderExpr(newest).Scan(ctx); err != nil {
		return nil, 0, err
	}
	out := make([]feedback.Published, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, total, nil
}

// DaysTaken says how long published answers of a unit and below took.
type DaysTaken struct {
	Answers int
	Average float64 // working days; 0 without answers
	InTime  int     // how many kept their term
}

// DaysTaken gives the figures for a unit and below; "" means everywhere.
func (r *Reader) DaysTaken(ctx context.Context, unitID string) (DaysTaken, error) {
	var sum struct{ N, Sum, InTime int }
	sel := r.db.Read().NewSelect().TableExpr("feedback_public AS p").
		ColumnExpr("COUNT(*) AS n").ColumnExpr("COALESCE(SUM(p.days), 0) AS sum").
		ColumnExpr("COALESCE(SUM(CASE WHEN p.days <= p.term THEN 1 ELSE 0 END), 0) AS in_time")
	if unitID != "" {
		sel = orgunit.Within(sel, "p.unit_id", []string{unitID}, r.today())
	}
	if err := sel.Scan(ctx, &sum); err != nil || sum.N == 0 {
		return DaysTaken{}, err
	}
	return DaysTaken{Answers: sum.N, Average: float64(sum.Sum) / float64(sum.N), InTime: sum.InTime}, nil
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

// newest is the order of all lists of answers.
const newest = "p.answered_at DESC, p.id DESC"

// found reads one page of the ids of published answers that hold words, newest first, and counts them.
func (r *Reader) found(ctx context.Context, q bun.IDB, unitID string, near, tokens []string, page, per int) ([]string, int, error) {
	sel, err := words.Hold(ctx, q, ofUnit(q.NewSelect().Model((*row)(nil)), unitID, near, r.today()), "p.id", tokens, near, r.clock.Now())
	if err != nil {
		return nil, 0, err
	}
	return wordindex.Page(ctx, sel.Column("p.id").OrderExpr(newest), page, per, feedback.CountedTo)
}

// latestNear reads one page of the ids of what was asked or answered in few units, newest first, and counts all.
func latestNear(ctx context.Context, q bun.IDB, near []string, page, per int) ([]string, int, error) {
	all := db.Union{Columns: []string{"p.id", "p.answered_at"}, Sorted: newest, Order: "c.answered_at DESC, c.id DESC"}
	for _, column := range []string{"p.unit_id", "p.origin_id"} {
		all.Legs = append(all.Legs, q.NewSelect().Model((*row)(nil)).Where("? IN (?)", bun.Ident(column), bun.In(near)))
	}
	total, err := all.Count(ctx, q, feedback.CountedTo)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	ids, err := all.Page(ctx, q, page, per)
	return ids, total, err
}

// latest reads one page of the ids of published answers, newest first, and counts all: what is sorted are ids, not whole
// answers.
func latest(ctx context.Context, q bun.IDB, sel *bun.SelectQuery, page, per int) (ids []string, total int, err error) {
	if total, err = fewer(ctx, q, sel); err != nil || total == 0 {
		return nil, total, err
	}
	err = sel.Column("p.id").OrderExpr(newest).Limit(int64(per)).Offset(int64((max(page, 1)-1)*per)).Scan(ctx, &ids)
	return ids, total, err
}

// fewer counts what a query finds, up to feedback.CountedTo: a list that nobody pages to its end is not counted to its end.
func fewer(ctx context.Context, q bun.IDB, sel *bun.SelectQuery) (int, error) {
	n, err := q.NewSelect().TableExpr("(?) AS few", sel.Clone().ColumnExpr("1").Limit(feedback.CountedTo)).Count(ctx)
	return int(n), err
}
