package feedback

import (
	"context"
	"time"
)

// Said is what one person said in an ordinary case, for counting topics. Person tells people apart and nothing else.
type Said struct {
	CaseID string
	Person string
	UnitID string // that took it in
	Text   string
}

// EachSaid hands what people said in ordinary cases received from one moment until before another to fn, in the order of
// receipt. Complaints and denunciations are never among them. It is for features that show nothing but sums.
func (s *Service) EachSaid(ctx context.Context, from, to time.Time, fn func(Said) error) error {
	after := ""
	for {
		rows, err := s.store.said(ctx, s.DB.Read(), from, to, after, 1000)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			v := Said{CaseID: r.ID, Person: "case:" + r.ID, UnitID: r.OriginUnitID, Text: r.Body}
			if r.PersonID != "" {
				v.Person = r.AccountID + ":" + r.PersonID
			}
			if err := fn(v); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].ID
	}
}
