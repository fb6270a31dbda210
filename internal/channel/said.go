package channel

import (
	"context"
	"time"
)

// Said is one text that a person wrote to an account, for counting topics. Person tells people apart and nothing else.
type Said struct {
	Person string
	UnitID string
	Text   string
}

// EachSaid hands the texts that people wrote from one moment until before another to fn. Texts whose words were erased or
// belong to a person who withdrew are not among them. It is for features that show nothing but sums.
func (s *Service) EachSaid(ctx context.Context, from, to time.Time, fn func(Said) error) error {
	after := ""
	for {
		var rows []messageRow
		err := s.db.Read().NewSelect().Model(&rows).Column("id", "account_id", "unit_id", "person_id", "text").Where("m.outgoing = ?", false).Where("m.text <> ''").
			Where("m.said_at >= ?", from).Where("m.said_at < ?", to).Where("m.id > ?", after).OrderExpr("m.id").Limit(1000).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if err := fn(Said{Person: r.AccountID + ":" + r.PersonID, UnitID: r.UnitID, Text: r.Text}); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].ID
	}
}
