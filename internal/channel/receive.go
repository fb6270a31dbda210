package channel

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// arrival is one thing that the outside world told.
type arrival struct {
	kind Kind
	Inbound
}

// Receive takes, in tx, what an adapter has learned by asking, where the outside world sends no webhook: what was taken
// before is left as it is.
func (s *Service) Receive(ctx context.Context, tx db.Tx, kind Kind, in []Inbound) error {
	list := make([]arrival, len(in))
	for i, one := range in {
		list[i] = arrival{kind, one}
	}
	return s.arrive(ctx, tx, list)
}

// arrive writes down what came in, in its order, by few statements for all of it.
func (s *Service) arrive(ctx context.Context, tx db.Tx, list []arrival) error {
	accounts, err := s.addressed(ctx, tx, list)
	if err != nil {
		return err
	}
	var p pending
	heard := map[string]bool{}
	for _, in := range list {
		a, ok := accounts[in.address()]
		if !ok {
			s.log.WarnContext(ctx, "a webhook speaks of an account that is not ours", "kind", in.kind, "external", in.ExternalID)
			continue
		}
		if !heard[a.ID] {
			heard[a.ID] = true
			if err := s.heard(ctx, tx, a); err != nil {
				return err
			}
		}
		switch in.Kind {
		case InboundMessage:
			if in.Message != nil {
				p.hear(s.newMessage(a, *in.Message), in.Inbound)
			}
		case InboundFollow, InboundUnfollow:
			p.touch(personRow{AccountID: a.ID, PersonID: in.PersonID, Follows: in.Kind == InboundFollow, LastAt: in.At, FollowAt: in.At}, "")
		default:
			if err := s.flush(ctx, tx, &p); err != nil {
				return err
			}
			if err := s.receive(ctx, tx, a, in.Inbound); err != nil {
				return err
			}
		}
	}
	return s.flush(ctx, tx, &p)
}

func (in arrival) address() string { return string(in.kind) + "\n" + in.ExternalID }

// addressed finds the accounts that arrivals speak of, by kind and the platform's id.
func (s *Service) addressed(ctx context.Context, tx db.Tx, list []arrival) (map[string]Account, error) {
	ids := map[Kind][]string{}
	for _, in := range list {
		ids[in.kind] = append(ids[in.kind], in.ExternalID)
	}
	out := map[string]Account{}
	for k, external := range ids {
		slices.Sort(external)
		var rows []accountRow
		if err := tx.NewSelect().Model(&rows).Where("kind = ?", k).Where("external_id IN (?)", bun.In(slices.Compact(external))).Scan(ctx); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[string(k)+"\n"+r.ExternalID] = r.account()
		}
	}
	return out, nil
}

// receive takes what is neither a message nor about following.
func (s *Service) receive(ctx context.Context, tx db.Tx, a Account, in Inbound) error {
	switch in.Kind {
	case InboundPosted:
		if err := s.published(ctx, tx, a.ID); err != nil {
			return err
		}
		return s.q.Publish(ctx, tx, PostSeen{AccountID: a.ID, ExternalID: in.Key, Title: in.Title, At: in.At})
	case InboundWithdraw:
		return s.withdrawn(ctx, tx, a, in)
	case InboundTag, InboundUntag:
		return s.q.Publish(ctx, tx, Tagged{AccountID: a.ID, Tag: in.Tag, People: in.People, On: in.Kind == InboundTag})
	case InboundNotice:
		return s.q.Publish(ctx, tx, NoticeArrived{AccountID: a.ID, Key: in.Key, ExternalID: in.NoticeID, At: in.At})
	case InboundStir:
		return s.q.Publish(ctx, tx, Stirred{AccountID: a.ID, What: in.Stir})
	}
	return nil
}

// pending is what arrive has not written down yet.
type pending struct {
	messages []messageRow
	people   []touched
}

// touched is what was learned of a person; by a message only if that is new.
type touched struct {
	personRow
	message string
}

func (p *pending) hear(row messageRow, in Inbound) {
	if row.ExternalID == "" {
		row.ExternalID = in.Key
	}
	p.messages = append(p.messages, row)
	p.touch(personRow{AccountID: row.AccountID, PersonID: row.PersonID, Name: in.Message.PersonName, LastAt: in.Message.At}, row.ID)
}

func (p *pending) touch(row personRow, message string) {
	p.people = append(p.people, touched{row, message})
}

// flush writes down what is pending: new messages with their event, once each, and what was learned of people.
func (s *Service) flush(ctx context.Context, tx db.Tx, p *pending) error {
	isNew := map[string]bool{}
	if len(p.messages) > 0 {
		var ids []string
		if err := tx.NewInsert().Model(&p.messages).On("CONFLICT (account_id, external_id) WHERE external_id <> '' DO NOTHING").Returning("id").Scan(ctx, &ids); notFoundIsDone(err) != nil {
			return err
		}
		for _, m := range ids {
			isNew[m] = true
		}
	}
	var events []MessageReceived
	wrote := map[[2]string]Kind{}
	for _, m := range p.messages {
		if isNew[m.ID] {
			events = append(events, MessageReceived{MessageID: m.ID, AccountID: m.AccountID, UnitID: m.UnitID})
			wrote[[2]string{m.AccountID, m.PersonID}] = m.Kind
		}
	}
	var people []personRow
	for _, t := range p.people {
		if t.message == "" || isNew[t.message] {
			people = append(people, t.personRow)
		}
	}
	*p = pending{}
	nameless, err := s.store.touchPeople(ctx, tx, people)
	if err != nil {
		return err
	}
	var ask []jobs.Many
	for _, n := range nameless {
		if _, ok := s.channels[wrote[[2]string{n.AccountID, n.PersonID}]].(Namer); ok { // of who only follows nobody asks the name
			ask = append(ask, jobs.Many{Args: nameArgs{Account: n.AccountID, Person: n.PersonID}, InsertOpts: &jobs.Options{Priority: 3, MaxAttempts: 3, UniqueOpts: jobs.WhileItWaits()}})
		}
	}
	if err := s.q.EnqueueMany(ctx, tx, ask); err != nil {
		return err
	}
	return jobs.PublishMany(ctx, s.q, tx, events)
}

// receiveMessage takes one message.
func (s *Service) receiveMessage(ctx context.Context, tx db.Tx, a Account, in Inbound) error {
	var p pending
	p.hear(s.newMessage(a, *in.Message), in)
	return s.flush(ctx, tx, &p)
}

// touchPeople keeps what was learned of people, in its order, and lists those who wrote and whose name is not known; what
// came late does not undo what is newer. Who writes again after having withdrawn wants to be known again.
func (store) touchPeople(ctx context.Context, q bun.IDB, rows []personRow) (nameless []personRow, err error) {
	for len(rows) > 0 { // one statement takes each person once
		var now, later []personRow
		seen := map[[2]string]bool{}
		for _, r := range rows {
			if key := [2]string{r.AccountID, r.PersonID}; seen[key] {
				later = append(later, r)
			} else {
				seen[key] = true
				now = append(now, r)
			}
		}
		slices.SortFunc(now, func(a, b personRow) int { return strings.Compare(a.AccountID+a.PersonID, b.AccountID+b.PersonID) }) // processes lock in one order
		var names []personRow
		err := q.NewInsert().Model(&now).On("CONFLICT (account_id, person_id) DO UPDATE").
			Set("name = CASE WHEN EXCLUDED.name <> '' AND (p.withdrawn_at IS NULL OR p.withdrawn_at < EXCLUDED.last_at) THEN EXCLUDED.name ELSE p.name END").
			Set("withdrawn_at = CASE WHEN p.withdrawn_at < EXCLUDED.last_at THEN NULL ELSE p.withdrawn_at END").
			Set("last_at = CASE WHEN p.last_at IS NULL OR p.last_at < EXCLUDED.last_at THEN EXCLUDED.last_at ELSE p.last_at END").
			Set("unreachable = CASE WHEN p.withdrawn_at >= EXCLUDED.last_at THEN p.unreachable ELSE '' END").
			Set("follows = CASE WHEN EXCLUDED.follow_at IS NOT NULL AND (p.follow_at IS NULL OR p.follow_at <= EXCLUDED.follow_at) THEN EXCLUDED.follows ELSE p.follows END").
			Set("follow_at = CASE WHEN p.follow_at IS NULL OR p.follow_at < EXCLUDED.follow_at THEN COALESCE(EXCLUDED.follow_at, p.follow_at) ELSE p.follow_at END").
			Returning("account_id, person_id, name").Scan(ctx, &names)
		if notFoundIsDone(err) != nil {
			return nil, err
		}
		for _, n := range names {
			if n.Name == "" {
				nameless = append(nameless, n)
			}
		}
		rows = later
	}
	slices.SortFunc(nameless, func(a, b personRow) int { return strings.Compare(a.AccountID+a.PersonID, b.AccountID+b.PersonID) })
	return slices.CompactFunc(nameless, func(a, b personRow) bool { return a.AccountID == b.AccountID && a.PersonID == b.PersonID }), nil
}

// touchPerson is touchPeople for one.
func (s store) touchPerson(ctx context.Context, q bun.IDB, p personRow) error {
	_, err := s.touchPeople(ctx, q, []personRow{p})
	return err
}
