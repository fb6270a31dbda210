package channel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// MaxWebhook is the largest webhook body taken, in bytes.
const MaxWebhook = 1 << 20

// ErrSignature is returned for a webhook that its channel did not sign.
var ErrSignature = errors.New("channel: the webhook's signature is wrong")

// signatureHeaders are kept with a raw webhook so that it can be read again later exactly as it came.
var signatureHeaders = []string{"X-ZEvent-Signature", "X-Hub-Signature", "X-Hub-Signature-256"}

type webhookRow struct {
	bun.BaseModel `bun:"table:channel_webhook,alias:w"`

	ID          string    `bun:"id,pk"`
	Kind        Kind      `bun:"kind"`
	DedupeKey   string    `bun:"dedupe_key"`
	Signature   string    `bun:"signature"`
	Body        string    `bun:"body"`
	ReceivedAt  time.Time `bun:"received_at"`
	ProcessedAt time.Time `bun:"processed_at,nullzero"`
	Error       string    `bun:"error"`
}

type webhookArgs struct {
	Webhook string `json:"webhook"`
}

func (webhookArgs) Kind() string { return "channel.webhook" }

// Intake takes one raw webhook: it checks the signature over the bytes as they came, writes them down with a job to read
// them, and returns once that is committed. The same bytes a second time are taken and forgotten. A wrong signature is
// ErrSignature; nothing of it is kept.
func (s *Service) Intake(ctx context.Context, kind Kind, h http.Header, body []byte) error {
	ch, err := s.channel(kind)
	if err != nil {
		return err
	}
	if _, err := ch.Webhook(h, body); err != nil {
		return err
	}
	if !utf8.Valid(body) || strings.ContainsRune(string(body), 0) {
		return fault.New(fault.Invalid, "channel.webhook.unreadable")
	}
	sum := sha256.Sum256(append([]byte(kind+"\n"), body...))
	sig := ""
	for _, name := range signatureHeaders {
		if v := h.Get(name); v != "" {
			sig = name + ": " + v
		}
	}
	row := webhookRow{ID: id.New(), Kind: kind, DedupeKey: hex.EncodeToString(sum[:]), Signature: sig, Body: string(body), ReceivedAt: s.clock.Now()}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewInsert().Model(&row).On("CONFLICT (dedupe_key) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		return s.q.Enqueue(ctx, tx, webhookArgs{Webhook: row.ID}, nil)
	})
}

// readWebhook turns one raw webhook into messages and events. Running twice, late or out of order does no harm: each message
// is kept once by its own id.
func (s *Service) readWebhook(ctx context.Context, webhookID string) error {
	var row webhookRow
	if err := s.db.Read().NewSelect().Model(&row).Where("id = ?", webhookID).Scan(ctx); err != nil {
		return notFoundIsDone(err)
	}
	if !row.ProcessedAt.IsZero() {
		return nil
	}
	h := http.Header{}
	if name, value, ok := strings.Cut(row.Signature, ": "); ok {
		h.Set(name, value)
	}
	ch, err := s.channel(row.Kind)
	if err != nil {
		return err
	}
	in, err := ch.Webhook(h, []byte(row.Body))
	note := ""
	if err != nil { // it was good when it came: the keys have been changed since, or our reading of it has
		note = err.Error()
		s.log.ErrorContext(ctx, "a stored webhook cannot be read", "webhook", webhookID, "err", err)
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, one := range in {
			if err := s.receive(ctx, tx, row.Kind, one); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("processed_at = ?", s.clock.Now()).Set("error = ?", note).Where("id = ?", webhookID).Exec(ctx)
		return err
	})
}

// Receive takes, in tx, what an adapter has learned by asking, where the outside world sends no webhook: what was taken
// before is left as it is.
func (s *Service) Receive(ctx context.Context, tx db.Tx, kind Kind, in []Inbound) error {
	for _, one := range in {
		if err := s.receive(ctx, tx, kind, one); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) receive(ctx context.Context, tx db.Tx, kind Kind, in Inbound) error {
	a, err := s.store.accountByExternal(ctx, tx, kind, in.ExternalID)
	if fault.Is(err, fault.NotFound) {
		s.log.WarnContext(ctx, "a webhook speaks of an account that is not ours", "kind", kind, "external", in.ExternalID)
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.heard(ctx, tx, a); err != nil {
		return err
	}
	switch in.Kind {
	case InboundMessage:
		return s.receiveMessage(ctx, tx, a, in)
	case InboundFollow, InboundUnfollow:
		return s.store.touchPerson(ctx, tx, personRow{AccountID: a.ID, PersonID: in.PersonID, Follows: in.Kind == InboundFollow, LastAt: in.At}, true)
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

func (s *Service) receiveMessage(ctx context.Context, tx db.Tx, a Account, in Inbound) error {
	m := in.Message
	if m == nil {
		return nil
	}
	row := s.newMessage(a, *m)
	if row.ExternalID == "" {
		row.ExternalID = in.Key
	}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id, external_id) WHERE external_id <> '' DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil
	}
	if err := s.store.touchPerson(ctx, tx, personRow{AccountID: a.ID, PersonID: m.PersonID, Name: m.PersonName, LastAt: m.At}, false); err != nil {
		return err
	}
	if _, ok := s.channels[a.Kind].(Namer); ok && m.PersonName == "" {
		err := s.q.Enqueue(ctx, tx, nameArgs{Account: a.ID, Person: m.PersonID}, &jobs.Options{Priority: 3, MaxAttempts: 3})
		if err != nil {
			return err
		}
	}
	return s.q.Publish(ctx, tx, MessageReceived{MessageID: row.ID, AccountID: a.ID, UnitID: a.UnitID})
}

// touchPerson keeps what was learned of a person; what came late does not undo what is newer. Who writes again after
// having withdrawn wants to be known again.
func (store) touchPerson(ctx context.Context, q bun.IDB, p personRow, follow bool) error {
	ins := q.NewInsert().Model(&p).On("CONFLICT (account_id, person_id) DO UPDATE").
		Set("name = CASE WHEN EXCLUDED.name <> '' AND (p.withdrawn_at IS NULL OR p.withdrawn_at < EXCLUDED.last_at) THEN EXCLUDED.name ELSE p.name END").
		Set("withdrawn_at = CASE WHEN p.withdrawn_at < EXCLUDED.last_at THEN NULL ELSE p.withdrawn_at END").
		Set("last_at = CASE WHEN p.last_at IS NULL OR p.last_at < EXCLUDED.last_at THEN EXCLUDED.last_at ELSE p.last_at END").
		Set("unreachable = CASE WHEN p.withdrawn_at >= EXCLUDED.last_at THEN p.unreachable ELSE '' END")
	if follow {
		ins = ins.Set("follows = CASE WHEN p.last_at IS NULL OR p.last_at <= EXCLUDED.last_at THEN EXCLUDED.follows ELSE p.follows END")
	}
	_, err := ins.Exec(ctx)
	return err
}

type nameArgs struct {
	Account string `json:"account"`
	Person  string `json:"person"`
}

func (nameArgs) Kind() string { return "channel.name" }

// learnName asks the channel what a person is called, so that the desk sees a name instead of a number.
func (s *Service) learnName(ctx context.Context, args nameArgs) error {
	var p personRow
	err := s.db.Read().NewSelect().Model(&p).Where("account_id = ?", args.Account).Where("person_id = ?", args.Person).Scan(ctx)
	if err != nil || p.Name != "" || !p.WithdrawnAt.IsZero() {
		return notFoundIsDone(err)
	}
	a, err := s.store.account(ctx, s.db.Read(), args.Account)
	if err != nil || !a.Works() {
		return err
	}
	n, ok := s.channels[a.Kind].(Namer)
	if !ok {
		return nil
	}
	name, err := n.PersonName(ctx, a, args.Person)
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Advice != AdviceRetry && e.Advice != AdviceLater {
			return jobs.Cancel(err)
		}
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("name = ?", name).Where("account_id = ?", args.Account).
			Where("person_id = ?", args.Person).Where("withdrawn_at IS NULL").Exec(ctx)
		if err != nil || name == "" {
			return err
		}
		return s.q.Publish(ctx, tx, PersonNamed{AccountID: args.Account, PersonID: args.Person})
	})
}
