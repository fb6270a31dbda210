package feedback

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/feedback/settle"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// insertNew writes a new case with its person, its first event and the note that it is fresh. On PostgreSQL it is one
// statement, and so one round trip: it is the hot path of the house.
func (s store) insertNew(ctx context.Context, tx db.Tx, n *newCase, sourceKey string) error {
	c := rowOf(n.c, sourceKey)
	if err := s.hide(c); err != nil {
		return err
	}
	e, err := s.eventRowOf(n.e, n.c.Kind.Secret())
	if err != nil {
		return err
	}
	parts := []*bun.InsertQuery{tx.NewInsert().Model(c), tx.NewInsert().Model(e)}
	if n.sealed != "" {
		parts = append(parts, tx.NewInsert().Model(&personRow{CaseID: n.c.ID, Sealed: n.sealed}))
	}
	last := tx.NewInsert().Model(&settle.Fresh{CaseID: n.c.ID})
	for i, p := range parts {
		if tx.Engine() == db.Postgres {
			last = last.With([]string{"c", "e", "p"}[i], p)
		} else if _, err := p.Exec(ctx); err != nil {
			return err
		}
	}
	_, err = last.Exec(ctx)
	return err
}
