package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Tally is what an account did on one day of Vietnam: counts, and no person.
type Tally struct {
	AccountID string
	Day       clock.Date
	Posts     int // publications that arrived
	Failed    int // publications that did not
	Messages  int // private messages that people wrote
	Comments  int // comments that people wrote
	Asked     int // how often somebody began to wait for an answer
	Answered  int // how many of those got one
	Waited    time.Duration
}

type tallyKey struct {
	account string
	day     clock.Date
}

// Tallies counts what the accounts did from one moment until before another, day by day. A person begins to wait with the
// first message since our last answer; how long they waited counts on the day on which they began. Answers that are written
// after the span, up to now, count too.
func (s *Service) Tallies(ctx context.Context, from, to time.Time) (map[string][]Tally, error) {
	days := map[tallyKey]*Tally{}
	of := func(account string, at time.Time) *Tally {
		k := tallyKey{account, clock.DateOf(at)}
		if days[k] == nil {
			days[k] = &Tally{AccountID: k.account, Day: k.day}
		}
		return days[k]
	}
	if err := s.tallyPosts(ctx, from, to, of); err != nil {
		return nil, err
	}
	if err := s.tallyTalk(ctx, from, to, of); err != nil {
		return nil, err
	}
	out := map[string][]Tally{}
	for _, t := range days {
		out[t.AccountID] = append(out[t.AccountID], *t)
	}
	return out, nil
}

func (s *Service) tallyPosts(ctx context.Context, from, to time.Time, of func(string, time.Time) *Tally) error {
	after := ""
	for {
		var rows []deliveryRow
		err := s.db.Read().NewSelect().Model(&rows).Column("id", "account_id", "state", "finished_at").Where("d.action = ?", ActPublish).
			Where("d.state IN (?)", bun.In([]DeliveryState{DeliveryPublished, DeliveryFailed})).Where("d.finished_at >= ?", from).Where("d.finished_at < ?", to).
			Where("d.id > ?", after).OrderExpr("d.id").Limit(tallyPage).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if r.State == DeliveryFailed {
				of(r.AccountID, r.FinishedAt).Failed++
			} else {
				of(r.AccountID, r.FinishedAt).Posts++
			}
		}
		after = rows[len(rows)-1].ID
	}
}

// tallyPage is how many rows are read at once.
const tallyPage = 2000

// talk follows one conversation of a person with an account.
type talk struct {
	account, person string
	since           time.Time // when the person began to wait; zero: does not wait
}

func (s *Service) tallyTalk(ctx context.Context, from, to time.Time, of func(string, time.Time) *Tally) error {
	var last messageRow
	var t talk
	for {
		var rows []messageRow
		q := s.db.Read().NewSelect().Model(&rows).Column("id", "account_id", "person_id", "outgoing", "is_comment", "said_at", "state").Where("m.said_at >= ?", from)
		if last.ID != "" {
			q = q.Where("(m.account_id, m.person_id, m.said_at, m.id) > (?, ?, ?, ?)", last.AccountID, last.PersonID, last.SaidAt, last.ID)
		}
		if err := q.OrderExpr("m.account_id, m.person_id, m.said_at, m.id").Limit(tallyPage).Scan(ctx); err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if r.AccountID != t.account || r.PersonID != t.person {
				t = talk{account: r.AccountID, person: r.PersonID}
			}
			t.hear(r, to, of)
		}
		last = rows[len(rows)-1]
	}
}

func (t *talk) hear(r messageRow, to time.Time, of func(string, time.Time) *Tally) {
	switch {
	case r.Outgoing && (r.State != MessageSent || t.since.IsZero()):
	case r.Outgoing:
		d := of(r.AccountID, t.since)
		d.Answered++
		d.Waited += r.SaidAt.Sub(t.since)
		t.since = time.Time{}
	case !r.SaidAt.Before(to):
	default:
		d := of(r.AccountID, r.SaidAt)
		if r.IsComment {
			d.Comments++
		} else {
			d.Messages++
		}
		if t.since.IsZero() {
			d.Asked++
			t.since = r.SaidAt
		}
	}
}
