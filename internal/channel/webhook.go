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

type readArgs struct{}

func (readArgs) Kind() string { return "channel.read_webhooks" }

// Intake takes one raw webhook: it checks the signature over the bytes as they came, writes them down, together with others
// that come in at the same moment, and returns once that is committed; a job reads them. The same bytes a second time are
// taken and forgotten. A wrong signature is ErrSignature; nothing of it is kept.
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
	return s.hooks.Do(ctx, webhookRow{ID: id.New(), Kind: kind, DedupeKey: hex.EncodeToString(sum[:]), Signature: sig, Body: string(body), ReceivedAt: s.clock.Now()})
}

// How many webhooks are written down, and how many are read, in one transaction; for how long one run of the job reads.
const (
	keepTogether = 500
	readTogether = 200
	readTurn     = time.Minute
)

// keepWebhooks writes down what came in at the same moment, with a job to read it unless one is waiting already.
func (s *Service) keepWebhooks(ctx context.Context, rows []webhookRow) error {
	call := s.reader.Call(s.clock.Now())
	err := s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&rows).On("CONFLICT (dedupe_key) DO NOTHING").Returning("NULL").Exec(ctx); err != nil || !call {
			return err
		}
		return s.q.Enqueue(ctx, tx, readArgs{}, nil)
	})
	switch {
	case err != nil && call:
		s.reader.Uncall()
	case err == nil && !call:
		s.reader.Added(s.callReader)
	}
	return err
}

// callReader asks for the job that reads webhooks. If it fails nothing is lost: the sweep finds them.
func (s *Service) callReader() {
	ctx := context.Background()
	if err := s.write(ctx, func(ctx context.Context, tx db.Tx) error { return s.q.Enqueue(ctx, tx, readArgs{}, nil) }); err != nil {
		s.log.WarnContext(ctx, "the reader of webhooks could not be called", "err", err)
	}
}

// readWebhooks reads whatever has come in, many webhooks in one transaction. One run at a time in a process reads for all.
func (s *Service) readWebhooks(ctx context.Context) error {
	return s.reader.Run(s.q, readTurn, func() (int, error) {
		s.giveWay(ctx)
		return s.readSome(ctx)
	})
}

// giveWay lets webhooks that wait to be written down go first, for a second at most: a platform that is not answered in time
// sends again, while what was kept can be read a little later.
func (s *Service) giveWay(ctx context.Context) {
	const step = 5 * time.Millisecond
	for waited := time.Duration(0); waited < time.Second && s.hooks.Waiting() > 0 && ctx.Err() == nil; waited += step {
		time.Sleep(step)
	}
}

// readSome reads the oldest webhooks that nobody has read and says how many it found. When they cannot be read together each
// is read by itself, and one that fails is set aside for the sweep.
func (s *Service) readSome(ctx context.Context) (int, error) {
	var rows []webhookRow
	err := s.db.Read().NewSelect().Model(&rows).Where("processed_at IS NULL").Where("error = ''").Order("received_at", "id").Limit(readTogether).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if s.readRows(ctx, rows) == nil {
		return len(rows), nil
	}
	for _, r := range rows {
		failed := s.readRows(ctx, []webhookRow{r})
		if failed == nil {
			continue
		}
		s.log.ErrorContext(ctx, "a webhook is set aside", "webhook", r.ID, "err", failed)
		if err := s.write(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("error = ?", failed.Error()).Where("id = ?", r.ID).Where("processed_at IS NULL").Exec(ctx)
			return err
		}); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// readWebhook reads one webhook that was set aside.
func (s *Service) readWebhook(ctx context.Context, webhookID string) error {
	var row webhookRow
	if err := s.db.Read().NewSelect().Model(&row).Where("id = ?", webhookID).Scan(ctx); err != nil || !row.ProcessedAt.IsZero() {
		return notFoundIsDone(err)
	}
	return s.readRows(ctx, []webhookRow{row})
}

// readRows turns raw webhooks into messages and events. Running twice, late or out of order does no harm: each message is
// kept once by its own id.
func (s *Service) readRows(ctx context.Context, rows []webhookRow) error {
	in, notes := map[string][]arrival{}, map[string]string{}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
		found, err := s.inbound(row)
		if err != nil { // it was good when it came: the keys have been changed since, or our reading of it has
			notes[row.ID] = err.Error()
			s.log.ErrorContext(ctx, "a stored webhook cannot be read", "webhook", row.ID, "err", err)
		}
		for _, one := range found {
			in[row.ID] = append(in[row.ID], arrival{row.Kind, one})
		}
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		var mine []string // others may have read some meanwhile, or be reading them
		q := tx.NewSelect().Model((*webhookRow)(nil)).Column("id").Where("id IN (?)", bun.In(ids)).Where("processed_at IS NULL").Order("received_at", "id")
		if err := tx.SkipLocked(q).Scan(ctx, &mine); err != nil || len(mine) == 0 {
			return err
		}
		var all []arrival
		for _, w := range mine {
			all = append(all, in[w]...)
		}
		if err := s.arrive(ctx, tx, all); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("processed_at = ?", s.clock.Now()).Set("error = ''").Where("id IN (?)", bun.In(mine)).Exec(ctx); err != nil {
			return err
		}
		for w, note := range notes {
			if _, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("error = ?", note).Where("id = ?", w).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// inbound reads a raw webhook as its channel does.
func (s *Service) inbound(row webhookRow) ([]Inbound, error) {
	h := http.Header{}
	if name, value, ok := strings.Cut(row.Signature, ": "); ok {
		h.Set(name, value)
	}
	ch, err := s.channel(row.Kind)
	if err != nil {
		return nil, err
	}
	return ch.Webhook(h, []byte(row.Body))
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
