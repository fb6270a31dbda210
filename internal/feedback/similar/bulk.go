package similar

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Entry is one published question as Bulk takes it in.
type Entry struct {
	CaseID  string
	UnitID  string
	Summary string
	At      time.Time
}

// Bulk takes in many published questions in one transaction: when a whole archive is brought in, and to measure. The entries
// must be new. Only the house itself may.
func (s *Service) Bulk(ctx context.Context, actor identity.Actor, list []Entry) error {
	if actor.Kind != identity.ActorSystem {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	rows := make([]caseRow, len(list))
	for i, e := range list {
		grams := append(gramsOf(scopeDesk(e.UnitID), e.Summary, keepDesk), gramsOf(scopePublic, e.Summary, keepPublic)...)
		rows[i] = caseRow{CaseID: e.CaseID, UnitID: e.UnitID, State: StateAnswered, Summary: e.Summary, At: e.At, Grams: listOf(grams)}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putNew(ctx, tx, rows) })
}

// putNew writes many cases that were not here before. One that came meanwhile is left as it stands.
func (store) putNew(ctx context.Context, tx db.Tx, list []caseRow) error {
	slices.SortFunc(list, func(a, b caseRow) int { return strings.Compare(a.CaseID, b.CaseID) })
	var grams []gramRow
	for part := range slices.Chunk(list, 500) {
		var put []struct {
			N      int64
			CaseID string
		}
		if err := tx.NewInsert().Model(&part).ExcludeColumn("n").On("CONFLICT (case_id) DO NOTHING").Returning("n, case_id").Scan(ctx, &put); err != nil {
			return err
		}
		number := make(map[string]int64, len(put))
		for _, p := range put {
			number[p.CaseID] = p.N
		}
		for _, r := range part {
			n, ok := number[r.CaseID]
			if !ok {
				continue
			}
			for _, g := range r.Grams {
				grams = append(grams, gramRow{Gram: g, N: n})
			}
		}
	}
	slices.SortFunc(grams, func(a, b gramRow) int { // in the order of the table: neighbours fall on the same page
		return cmp.Or(cmp.Compare(a.Gram, b.Gram), cmp.Compare(a.N, b.N))
	})
	for part := range slices.Chunk(grams, 2000) {
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
