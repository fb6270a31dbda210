package similar

import (
	"context"
	"slices"
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
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		rows := make([]caseRow, len(list))
		for i, e := range list {
			rows[i] = caseRow{CaseID: e.CaseID, UnitID: e.UnitID, State: StateAnswered, Summary: e.Summary, At: e.At}
		}
		for part := range slices.Chunk(rows, 500) {
			if _, err := tx.NewInsert().Model(&part).Returning("n").Exec(ctx); err != nil {
				return err
			}
		}
		var grams []gramRow
		for _, r := range rows {
			own := append(gramsOf(scopeDesk(r.UnitID), r.Summary, keepDesk), gramsOf(scopePublic, r.Summary, keepPublic)...)
			slices.Sort(own)
			for _, g := range slices.Compact(own) {
				grams = append(grams, gramRow{Gram: g, N: r.N})
			}
		}
		slices.SortFunc(grams, func(a, b gramRow) int {
			switch {
			case a.Gram < b.Gram:
				return -1
			case a.Gram > b.Gram:
				return 1
			}
			return int(a.N - b.N)
		})
		for part := range slices.Chunk(grams, 2000) {
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
