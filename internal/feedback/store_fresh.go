package feedback

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// freshRow says that a case is not settled yet.
type freshRow struct {
	bun.BaseModel `bun:"table:feedback_fresh"`
	CaseID        string `bun:",pk"`
}

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
	last := tx.NewInsert().Model(&freshRow{CaseID: n.c.ID})
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

func (store) fresh(ctx context.Context, q bun.IDB, limit int) ([]string, error) {
	var out []string
	err := q.NewSelect().Model((*freshRow)(nil)).Column("case_id").Order("case_id").Limit(int64(limit)).Scan(ctx, &out)
	return out, err
}

// takeFresh strikes cases off the list of what is fresh and gives those that still stood there.
func (store) takeFresh(ctx context.Context, tx db.Tx, caseIDs []string) ([]string, error) {
	var out []string
	err := tx.NewDelete().Model((*freshRow)(nil)).Where("case_id IN (?)", bun.In(caseIDs)).Returning("case_id").Scan(ctx, &out)
	return out, err
}

// leaves reads what of the cases goes into the public log and is not there yet.
func (store) leaves(ctx context.Context, q bun.IDB, caseIDs []string) (map[string]string, error) {
	var rows []struct{ ID, Leaf string }
	err := q.NewSelect().TableExpr("feedback_case AS c").Column("c.id", "c.leaf").Where("c.id IN (?)", bun.In(caseIDs)).Where("c.log_proof = ''").Scan(ctx, &rows)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Leaf
	}
	return out, err
}

// setLogged keeps where the cases stand in the public log.
func (store) setLogged(ctx context.Context, tx db.Tx, caseIDs []string, list map[string]logged) error {
	type entry struct {
		ID       string
		LogIndex int64
		LogProof string
	}
	rows := make([]entry, 0, len(caseIDs))
	for _, caseID := range caseIDs {
		if l, ok := list[caseID]; ok {
			rows = append(rows, entry{ID: caseID, LogIndex: int64(l.index), LogProof: l.proof})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().With("v", tx.NewValues(&rows)).TableExpr("feedback_case").TableExpr("v").
		Set("log_index = v.log_index").Set("log_proof = v.log_proof").Where("feedback_case.id = v.id").Exec(ctx)
	return err
}
