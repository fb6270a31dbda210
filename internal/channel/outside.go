package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Implementation gives the channel of a kind, nil when there is none, to the rooms of this package that use what only some
// channels can (Crowd, Tagger, Grouper, Notifier, Shelf).
func (s *Service) Implementation(k Kind) Channel { return s.channels[k] }

// MayConnect checks that an actor looks after an account, and gives it.
func (s *Service) MayConnect(ctx context.Context, actor identity.Actor, accountID string) (Account, error) {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil {
		return Account{}, err
	}
	return a, s.authz.Check(actor, ActionConnect, s.resource(a))
}

// Trouble is what follows from an error of a channel for work outside deliveries and messages.
type Trouble struct {
	Final  bool // a person must act: Reason says what to do
	Waits  bool // taken up again when the account works
	Counts bool // one of the tries that passing trouble is allowed
	Unsure bool // it may have taken effect
	Wait   time.Duration
	Reason string // catalogue key
	Code   string
}

// Judge turns an error of a channel into what to do, and changes the state of the account, in tx, when the error is about it.
// Failures is how much passing trouble the work has met before.
func (s *Service) Judge(ctx context.Context, tx db.Tx, accountID string, err error, failures int) (Trouble, error) {
	v := s.judge(err, failures)
	return Trouble{Final: v.final, Waits: v.waits, Counts: v.counts, Unsure: v.unsure, Wait: v.wait, Reason: v.key, Code: v.code},
		s.follow(ctx, tx, accountID, v)
}

// Known is what a channel's list tells of a person.
type Known struct {
	PersonID string
	Name     string
	Follows  bool
}

// KeepPeople writes down, in tx, who follows an account by its own list at a moment. What webhooks told later is not undone,
// and who withdrew stays forgotten.
func (s *Service) KeepPeople(ctx context.Context, tx db.Tx, accountID string, people []Known, at time.Time) error {
	for start := 0; start < len(people); start += 200 {
		part := people[start:min(start+200, len(people))]
		rows := make([]personRow, len(part))
		for i, k := range part {
			rows[i] = personRow{AccountID: accountID, PersonID: k.PersonID, Name: k.Name, Follows: k.Follows}
		}
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (account_id, person_id) DO UPDATE").
			Set("name = CASE WHEN EXCLUDED.name <> '' AND p.withdrawn_at IS NULL THEN EXCLUDED.name ELSE p.name END").
			Set("follows = CASE WHEN p.withdrawn_at IS NULL AND (p.follow_at IS NULL OR p.follow_at <= ?) THEN EXCLUDED.follows ELSE p.follows END", at).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// PeopleCount counts those whom an account knows to follow it.
func (s *Service) PeopleCount(ctx context.Context, accountID string) (int, error) {
	n, err := s.db.Read().NewSelect().Model((*personRow)(nil)).Where("account_id = ?", accountID).Where("follows = ?", true).Count(ctx)
	return int(n), err
}

// PersonOf is one person whom an account knows.
type PersonOf struct {
	PersonID string
	PersonWithAccount
}

// People lists those whom an account knows and who did not withdraw, by name, one page of them, with the number of all.
func (s *Service) People(ctx context.Context, accountID, query string, ids []string, limit, offset int) ([]PersonOf, int, error) {
	var rows []personRow
	q := s.db.Read().NewSelect().Model(&rows).Where("account_id = ?", accountID).Where("withdrawn_at IS NULL")
	if query != "" {
		q = q.Where("lower(name) LIKE lower(?)", "%"+query+"%")
	}
	if ids != nil {
		q = q.Where("person_id IN (?)", bun.In(append(ids, "")))
	}
	n, err := q.Order("name", "person_id").Limit(int64(limit)).Offset(int64(offset)).ScanAndCount(ctx)
	out := make([]PersonOf, len(rows))
	for i, r := range rows {
		out[i] = PersonOf{PersonID: r.PersonID, PersonWithAccount: PersonWithAccount{Name: r.Name, Follows: r.Follows, Unreachable: r.Unreachable, LastAt: r.LastAt}}
	}
	return out, int(n), err
}

// Announced counts what the accounts pushed to their followers from one moment until before another: each uses one of the
// pushes that a follower may get.
func (s *Service) Announced(ctx context.Context, accountIDs []string, from, to time.Time) (map[string]int, error) {
	out := map[string]int{}
	for start := 0; start < len(accountIDs); start += 1000 {
		var rows []struct {
			AccountID string
			N         int
		}
		err := s.db.Read().NewSelect().Model((*deliveryRow)(nil)).ColumnExpr("d.account_id, count(*) AS n").Where("d.action = ?", ActAnnounce).
			Where("d.state = ?", DeliveryPublished).Where("d.finished_at >= ?", from).Where("d.finished_at < ?", to).
			Where("d.account_id IN (?)", bun.In(accountIDs[start:min(start+1000, len(accountIDs))])).GroupExpr("d.account_id").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.AccountID] = r.N
		}
	}
	return out, nil
}

// FilesSince lists the keys of attachments of messages written since a moment.
func (s *Service) FilesSince(ctx context.Context, since time.Time) ([]string, error) {
	var texts, out []string
	err := s.db.Read().NewSelect().Model((*messageRow)(nil)).Column("extra").Where("outgoing = ?", true).Where("extra LIKE ?", `%"files"%`).
		Where("created_at >= ?", since).Scan(ctx, &texts)
	for _, t := range texts {
		for _, f := range extraOf(t).Files {
			out = append(out, f.Key)
		}
	}
	return out, err
}

// Heard tells whether a message of the channel's id is known.
func (s *Service) Heard(ctx context.Context, accountID, externalID string) (bool, error) {
	return s.db.Read().NewSelect().Model((*messageRow)(nil)).Where("account_id = ?", accountID).Where("external_id = ?", externalID).Exists(ctx)
}

// Deaf notes, in tx, that people wrote to an account and no webhook told; it is over when one comes again.
func (s *Service) Deaf(ctx context.Context, tx db.Tx, accountID string) error {
	a, err := s.store.account(ctx, tx, accountID)
	if err != nil {
		return err
	}
	a.Health.DeafAt = s.clock.Now()
	if _, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("health = ?", healthText(a.Health)).Where("id = ?", accountID).Exec(ctx); err != nil {
		return err
	}
	return s.q.Publish(ctx, tx, AccountSeen{AccountID: accountID})
}

// Standing gives the delivery by which a source stands at an account now.
func (s *Service) Standing(ctx context.Context, source, accountID string) (Delivery, bool, error) {
	var rows []deliveryRow
	err := s.db.Read().NewSelect().Model(&rows).Where("source = ?", source).Where("account_id = ?", accountID).
		Where("action IN (?)", bun.In([]Action{ActPublish, ActUpdate, ActRetract})).
		Where("state IN (?)", bun.In([]DeliveryState{DeliveryPublished, DeliveryRetracted})).Order("id DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 || rows[0].State == DeliveryRetracted {
		return Delivery{}, false, err
	}
	return rows[0].delivery(), true, nil
}

// ContentOf gives what a delivery put up, as its feature tells it.
func (s *Service) ContentOf(ctx context.Context, d Delivery) (Content, error) {
	a, err := s.store.account(ctx, s.db.Read(), d.AccountID)
	if err != nil {
		return Content{}, err
	}
	return s.source.Content(ctx, d.Source, d.Version, a)
}

// settling is how young a line of our own may be at which it is not taken over from a channel's history: the job that sent
// it may not have written down its number yet.
const settling = 10 * time.Minute

// KeepHistory takes over, in tx, lines of a conversation from the channel's own history, newest first as it gives them. What
// is known is left alone, so running twice changes nothing. Lines of the person since fresh to which nobody has replied are
// announced as if a webhook had brought them; the others are kept quietly. It returns how many lines were new.
func (s *Service) KeepHistory(ctx context.Context, tx db.Tx, a Account, lines []Message, fresh time.Time) (n int, err error) {
	if len(lines) == 0 {
		return 0, nil
	}
	busy, err := tx.NewSelect().Model((*messageRow)(nil)).Where("account_id = ?", a.ID).Where("person_id = ?", lines[0].PersonID).
		Where("state IN (?)", bun.In([]MessageState{MessageQueued, MessageSending})).Exists(ctx)
	if err != nil {
		return 0, err
	}
	answered := false
	now := s.clock.Now()
	for _, m := range lines {
		if m.Outgoing {
			answered = true
			if busy || now.Sub(m.At) < settling {
				continue
			}
		}
		known, err := s.keepLine(ctx, tx, a, m, !m.Outgoing && !answered && m.At.After(fresh))
		if err != nil {
			return n, err
		}
		n += known
	}
	return n, nil
}

func (s *Service) keepLine(ctx context.Context, tx db.Tx, a Account, m Message, tell bool) (int, error) {
	if tell {
		before, err := tx.NewSelect().Model((*messageRow)(nil)).Where("account_id = ?", a.ID).Where("external_id = ?", m.ExternalID).Exists(ctx)
		if err != nil || before {
			return 0, err
		}
		return 1, s.receiveMessage(ctx, tx, a, Inbound{Kind: InboundMessage, Key: m.ExternalID, Message: &m, At: m.At})
	}
	row := s.newMessage(a, m)
	row.History, row.State = true, MessageIn
	if m.Outgoing {
		row.Outgoing, row.State = true, MessageSent
	}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id, external_id) WHERE external_id <> '' DO NOTHING").Exec(ctx)
	if err != nil {
		return 0, err
	}
	added, _ := res.RowsAffected()
	if added == 0 || m.Outgoing {
		return int(added), nil
	}
	return 1, s.store.touchPerson(ctx, tx, personRow{AccountID: a.ID, PersonID: m.PersonID, Name: m.PersonName, LastAt: m.At})
}

// newMessage is the row of a message that came in.
func (s *Service) newMessage(a Account, m Message) messageRow {
	row := messageRow{ID: id.New(), AccountID: a.ID, UnitID: a.UnitID, Kind: a.Kind, ExternalID: m.ExternalID, PersonID: m.PersonID, Text: m.Text,
		Pictures: picturesText(m.Pictures), SaidAt: m.At, State: MessageIn, CreatedAt: s.clock.Now(), Extra: extra{Shared: m.Shared}.text()}
	if m.Comment != nil {
		row.IsComment, row.CommentPost, row.CommentParent = true, m.Comment.PostExternalID, m.Comment.ParentID
	}
	return row
}

// Withdrawn tells which of the people asked an account to forget them: nothing more may be kept of these.
func (s *Service) Withdrawn(ctx context.Context, tx db.Tx, accountID string, people []string) (map[string]bool, error) {
	var ids []string
	err := tx.NewSelect().Model((*personRow)(nil)).Column("person_id").Where("account_id = ?", accountID).Where("person_id IN (?)", bun.In(people)).
		Where("withdrawn_at IS NOT NULL").Scan(ctx, &ids)
	out := map[string]bool{}
	for _, p := range ids {
		out[p] = true
	}
	return out, err
}
