// Package notice tells people something who never wrote to the house, or not lately: a code that proves a telephone number,
// that an answer is ready. The words are templates which the platform has approved; each account's administrator says which
// of its templates serves which purpose. A notice goes out once, with a receipt: sent, arrived, or not and what to do. It
// costs money, so that what is not known to have failed is never sent a second time.
package notice

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "notice", FS: migrationFS}

// Purpose is what a notice is for.
type Purpose string

// The purposes, with what is filled in.
const (
	ConfirmPhone Purpose = "confirm_phone" // code, unit
	AnswerReady  Purpose = "answer_ready"  // code (of tracking), unit, link
	Announcement Purpose = "announcement"  // what, date, unit, link
)

// Purposes lists them in order.
func Purposes() []Purpose {
	return []Purpose{ConfirmPhone, AnswerReady, Announcement}
}

// State is how far a notice has come.
type State string

// The states of a notice.
const (
	Queued  State = "queued"
	Sending State = "sending"
	Sent    State = "sent"    // the platform took it
	Arrived State = "arrived" // the telephone has it
	Failed  State = "failed"  // Reason says what to do
)

// Notice asks for one message to a telephone number, or to a person of an account. The same Key never sends twice.
type Notice struct {
	UnitID    string // in whose name; the account is the unit's own or that of the nearest unit above that can
	AccountID string // set to use this very account; needed with PersonID
	Phone     string // of Vietnam, in any usual spelling
	PersonID  string // the channel's id of the person at AccountID
	Purpose   Purpose
	Params    map[string]string // by name; those that the template does not know are left out
	Key       string            // for example "phone.code:<id>"; required
	NotAfter  time.Time         // of no use after this; zero: a day from now
}

// Receipt is what became of a notice.
type Receipt struct {
	ID, AccountID, UnitID string
	Purpose               Purpose
	Tail                  string // last three digits of the number
	State                 State
	Reason                string // catalogue key
	Price                 int64  // đồng
	CreatedAt             time.Time
	SentAt, ArrivedAt     time.Time
}

// Changed is published when a notice was sent, arrived or failed.
type Changed struct {
	NoticeID string `json:"notice"`
	Key      string `json:"key"`
	State    State  `json:"state"`
	Reason   string `json:"reason"`
}

// Kind implements jobs.Event.
func (Changed) Kind() string { return "notice.changed" }

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Sealer   channel.Sealer
	Channels *channel.Service
	Forest   func() *orgunit.Forest
	// Claim is how long one process may work at one notice; default 45 s. Doubt is how long to wait for the platform's own
	// word after a lost answer; default 3 min. Backoff is the first pause after passing trouble; default 2 s.
	Claim, Doubt, Backoff time.Duration
}

// Service is the use cases of notices. Make it with New before the queue starts.
type Service struct{ Deps }

// New makes the service and registers its background work.
func New(d Deps) *Service {
	def := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	def(&d.Claim, 45*time.Second)
	def(&d.Doubt, 3*time.Minute)
	def(&d.Backoff, 2*time.Second)
	s := &Service{d}
	s.registerJobs()
	return s
}

// Sealed lists the columns that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "notice_message", Key: "id", Column: "payload_sealed", Place: place}}
}

func place(id string) string { return "notice_message/" + id }

type messageRow struct {
	bun.BaseModel `bun:"table:notice_message,alias:n"`

	ID            string    `bun:"id,pk"`
	AccountID     string    `bun:"account_id"`
	UnitID        string    `bun:"unit_id"`
	Purpose       Purpose   `bun:"purpose"`
	TemplateID    string    `bun:"template_id"`
	PayloadSealed string    `bun:"payload_sealed"`
	Tail          string    `bun:"tail"`
	Key           string    `bun:"key"`
	State         State     `bun:"state"`
	Reason        string    `bun:"reason"`
	ErrorCode     string    `bun:"error_code"`
	Attempts      int       `bun:"attempts"`
	Failures      int       `bun:"failures"`
	Claim         string    `bun:"claim"`
	ClaimedUntil  time.Time `bun:"claimed_until,nullzero"`
	UnsureSince   time.Time `bun:"unsure_since,nullzero"`
	WakeAt        time.Time `bun:"wake_at,nullzero"`
	NotAfter      time.Time `bun:"not_after,nullzero"`
	ExternalID    string    `bun:"external_id"`
	Price         int64     `bun:"price"`
	CreatedAt     time.Time `bun:"created_at"`
	SentAt        time.Time `bun:"sent_at,nullzero"`
	ArrivedAt     time.Time `bun:"arrived_at,nullzero"`
	EndedAt       time.Time `bun:"ended_at,nullzero"`
}

func (r messageRow) receipt() Receipt {
	return Receipt{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Purpose: r.Purpose, Tail: r.Tail, State: r.State, Reason: r.Reason, Price: r.Price,
		CreatedAt: r.CreatedAt, SentAt: r.SentAt, ArrivedAt: r.ArrivedAt}
}

// payload is to whom and with which words, as it is sealed.
type payload struct {
	Phone  string            `json:"phone,omitempty"`
	Person string            `json:"person,omitempty"`
	Params map[string]string `json:"params"`
}

var (
	errNoKey   = fault.New(fault.Internal, "channel.message.no_key")
	errPhone   = fault.Field("phone", "channel.notice.bad_phone")
	errAccount = fault.New(fault.Conflict, "channel.notice.no_account")
	errData    = fault.New(fault.Conflict, "channel.notice.bad_data")
)

// Notify writes a notice and its job in tx and returns its id; the outcome comes as Changed. What can be seen before sending
// is refused at once: a number that is none, no account that can, places of the template left empty. It is for features that
// have checked their own actor.
func (s *Service) Notify(ctx context.Context, tx db.Tx, n Notice) (string, error) {
	if n.Key == "" {
		return "", errNoKey
	}
	var old messageRow
	if err := tx.NewSelect().Model(&old).Where("key = ?", n.Key).Scan(ctx); err == nil {
		return old.ID, nil
	} else if !isNone(err) {
		return "", err
	}
	phone := Phone(n.Phone)
	if n.PersonID == "" && phone == "" {
		return "", errPhone
	}
	a, t, err := s.choose(ctx, tx, n)
	if err != nil {
		return "", err
	}
	params, err := fill(t, n.Params)
	if err != nil {
		return "", err
	}
	now := s.Clock.Now()
	if n.NotAfter.IsZero() {
		n.NotAfter = now.Add(24 * time.Hour)
	}
	row := messageRow{ID: id.New(), AccountID: a.ID, UnitID: n.UnitID, Purpose: n.Purpose, TemplateID: t.ID, Key: n.Key, State: Queued, WakeAt: now, NotAfter: n.NotAfter,
		Price: t.Price, CreatedAt: now}
	if n.PersonID != "" {
		row.Price = t.PriceUID
	} else {
		row.Tail = phone[len(phone)-3:]
	}
	if p, ok := s.Channels.Implementation(a.Kind).(channel.Notifier); ok {
		row.WakeAt = p.NoticeFrom(t, now)
	}
	b, err := json.Marshal(payload{Phone: phone, Person: n.PersonID, Params: params})
	if err != nil {
		return "", err
	}
	if row.PayloadSealed, err = s.Sealer.Seal(b, place(row.ID)); err != nil {
		return "", err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", err
	}
	return row.ID, s.enqueue(ctx, tx, row.ID, row.WakeAt)
}

func (s *Service) enqueue(ctx context.Context, tx db.Tx, noticeID string, at time.Time) error {
	var o *jobs.Options
	if at.After(s.Clock.Now()) {
		o = &jobs.Options{ScheduledAt: clock.Machine(s.Clock, at)}
	}
	return s.Queue.Enqueue(ctx, tx, sendArgs{Notice: noticeID}, o)
}

// fill keeps the words that the template has places for.
func fill(t channel.Template, params map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range t.Params {
		v := strings.TrimSpace(params[p.Name])
		if p.Max > 0 {
			v = channel.Cut(v, p.Max)
		}
		if v == "" && p.Required {
			return nil, errData.With("Param", p.Name)
		}
		if v != "" {
			out[p.Name] = v
		}
	}
	return out, nil
}

// choose finds the account and template that serve: the account asked for, or the nearest upwards from the unit.
func (s *Service) choose(ctx context.Context, tx db.Tx, n Notice) (channel.Account, channel.Template, error) {
	var as []channel.Account
	if n.AccountID != "" {
		a, err := s.Channels.AccountByID(ctx, n.AccountID)
		if err != nil {
			return a, channel.Template{}, err
		}
		as = append(as, a)
	} else {
		chain := append([]string{n.UnitID}, s.Forest().AncestorIDs(n.UnitID, clock.DateOf(s.Clock.Now()))...)
		all, err := s.Channels.AccountsOfUnits(ctx, chain)
		if err != nil {
			return channel.Account{}, channel.Template{}, err
		}
		slices.SortStableFunc(all, func(x, y channel.Account) int { return slices.Index(chain, x.UnitID) - slices.Index(chain, y.UnitID) })
		as = all
	}
	for _, a := range as {
		if !a.Works() {
			continue
		}
		t, ok, err := s.serving(ctx, tx, a.ID, n.Purpose)
		if err != nil || ok {
			return a, t, err
		}
	}
	return channel.Account{}, channel.Template{}, errAccount
}

// serving is the usable template of an account for a purpose.
func (s *Service) serving(ctx context.Context, q bun.IDB, accountID string, p Purpose) (channel.Template, bool, error) {
	var row templateRow
	err := q.NewSelect().Model(&row).Join("JOIN notice_purpose AS p ON p.account_id = t.account_id AND p.template_id = t.template_id").
		Where("p.account_id = ?", accountID).Where("p.purpose = ?", p).Scan(ctx)
	if isNone(err) {
		return channel.Template{}, false, nil
	}
	t := row.template()
	return t, err == nil && t.Usable(), err
}

// Can tells whether a unit has an account, its own or one above, that serves a purpose now: a form offers Zalo only then.
func (s *Service) Can(ctx context.Context, unitID string, p Purpose) (bool, error) {
	can := false
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, _, err := s.choose(ctx, tx, Notice{UnitID: unitID, Purpose: p})
		can = err == nil
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	})
	return can, err
}

// Receipt tells what became of a notice, for a feature that has checked its own actor.
func (s *Service) Receipt(ctx context.Context, key string) (Receipt, error) {
	var r messageRow
	err := s.DB.Read().NewSelect().Model(&r).Where("key = ?", key).Scan(ctx)
	if isNone(err) {
		return Receipt{}, fault.New(fault.NotFound, "channel.message.not_found")
	}
	return r.receipt(), err
}

// Phone writes a Vietnamese telephone number as "84912345678"; "" when it is none.
func Phone(s string) string {
	s = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "").Replace(s)
	s = strings.TrimPrefix(s, "+")
	if rest, ok := strings.CutPrefix(s, "0"); ok {
		s = "84" + rest
	}
	if len(s) != 11 || !strings.HasPrefix(s, "84") || s[2] == '0' || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return s
}
