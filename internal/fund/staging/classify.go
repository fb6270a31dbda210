package staging

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Classify says of each row what it is: Opens and closes are the first and last day of the appeal. A code in the memo of
// one's own appeal, or of none, leaves the matter to the account.
func Classify(ctx context.Context, q bun.IDB, appealID string, opens, closes clock.Date, rows []Row) error {
	codes, rules := map[string]bool{}, map[string]bool{}
	for i := range rows {
		if rows[i].Reference != "" {
			codes[rows[i].Reference] = true
		}
		if rows[i].RuleID != "" {
			rules[rows[i].RuleID] = true
		}
	}
	var refs []struct{ Code, AppealID, EarmarkID, TransferID string }
	var does []struct{ ID, Does, EarmarkID string }
	if err := lookUp(ctx, q, "SELECT code, appeal_id, earmark_id, transfer_id FROM fund_reference WHERE code IN (?)", codes, &refs); err != nil {
		return err
	}
	if err := lookUp(ctx, q, "SELECT id, does, earmark_id FROM fund_rule WHERE id IN (?)", rules, &does); err != nil {
		return err
	}
	type answer struct{ state, earmark string }
	byCode, byRule := map[string]answer{}, map[string]answer{}
	for _, r := range refs {
		switch {
		case r.TransferID != "":
			byCode[r.Code] = answer{"transfer", ""}
		case r.AppealID != appealID:
			byCode[r.Code] = answer{"other_appeal", ""}
		default:
			byCode[r.Code] = answer{StateGift, r.EarmarkID}
		}
	}
	for _, r := range does {
		switch r.Does {
		case "other_appeal":
			byRule[r.ID] = answer{"other_appeal", ""}
		case "wait":
			byRule[r.ID] = answer{"rule", ""}
		default:
			byRule[r.ID] = answer{StateGift, r.EarmarkID}
		}
	}
	for i := range rows {
		r := &rows[i]
		named, isNamed := byCode[r.Reference]
		ruled, isRuled := byRule[r.RuleID]
		switch {
		case r.Debit > 0:
			r.State = StateDebit
		case r.Day < opens:
			r.State = "before_open"
		case r.Day > closes:
			r.State = "after_close"
		case isNamed:
			r.State, r.EarmarkID = named.state, named.earmark
		case isRuled:
			r.State, r.EarmarkID = ruled.state, ruled.earmark
		default:
			r.State, r.Plain = StateGift, true
		}
	}
	return nil
}

func lookUp(ctx context.Context, q bun.IDB, query string, keys map[string]bool, into any) error {
	if len(keys) == 0 {
		return nil
	}
	list := make([]string, 0, len(keys))
	for k := range keys {
		list = append(list, k)
	}
	return q.NewRaw(query, bun.In(list)).Scan(ctx, into)
}
