package feedback

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/feedback/settle"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// insertNew writes new cases with their persons, their first events and the notes that they are fresh. On PostgreSQL it is
// one statement, and so one round trip: it is the hot path of the house.
func (s store) insertNew(ctx context.Context, tx db.Tx, list []*newCase) error {
	var (
		cases   []*caseRow
		events  []*eventRow
		persons []*personRow
		fresh   []*settle.Fresh
	)
	for _, n := range list {
		c := rowOf(n.c, n.sourceKey)
		if err := s.hide(c); err != nil {
			return err
		}
		e, err := s.eventRowOf(n.e, n.c.Kind.Secret())
		if err != nil {
			return err
		}
		cases, events, fresh = append(cases, c), append(events, e), append(fresh, &settle.Fresh{CaseID: n.c.ID})
		if n.sealed != "" {
			persons = append(persons, &personRow{CaseID: n.c.ID, Sealed: n.sealed})
		}
	}
	parts := []*bun.InsertQuery{tx.NewInsert().Model(&cases), tx.NewInsert().Model(&events)}
	if len(persons) > 0 {
		parts = append(parts, tx.NewInsert().Model(&persons))
	}
	last := tx.NewInsert().Model(&fresh)
	for i, p := range parts {
		if tx.Engine() == db.Postgres {
			last = last.With([]string{"c", "e", "p"}[i], p)
		} else if _, err := p.Exec(ctx); err != nil {
			return err
		}
	}
	_, err := last.Exec(ctx)
	return err
}

// shortText is up to how many bytes a letter goes together with others: many of them stay one statement of bearable length.
const shortText = 4000

// plain tells whether nothing but its own rows is written with a new case, so that it can go together with others: a citizen
// asks on the portal, without photos.
func (n *newCase) plain(signedIn bool) bool {
	return !signedIn && n.c.Pictures == 0 && !n.c.Return.Reachable() && len(n.c.Text) <= shortText
}
