package feedback

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
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
