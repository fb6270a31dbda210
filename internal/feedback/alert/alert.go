// Package alert tells people by e-mail of new public answers in the places and matters they care about: of a unit and all
// below it, of one category or all, at once or in one letter a day. Nobody is written to who has not confirmed the address
// by the link in the first letter, and every letter carries a link that ends it with one click (RFC 8058). The address is
// kept sealed, and is deleted when the person stops or when the mail server refuses it several days on end. Only what
// stands in the public list is told: masked words that a person confirmed.
package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"net/mail"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "alert", FS: migrationFS}

// Path is where the pages stand; behind it the secret of one subscription.
const Path = "/bao-tin"

// The limits.
const (
	ConfirmDays = 7  // for so long the link of the first letter can be used
	MaxRefused  = 3  // days on end at which an address may refuse a letter
	MaxPending  = 3  // letters that ask one address for confirmation, in a day
	DigestHour  = 7  // Vietnam time from which letters of the day go out
	MaxItems    = 30 // answers told in one letter; the rest is on the page it links to
)

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	OpenCases(ctx context.Context, f feedback.OpenFilter) ([]feedback.OpenCase, int, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB      *db.DB
	Queue   *jobs.Queue
	Clock   clock.Clock
	Forest  func() *orgunit.Forest
	Cases   Cases
	Matters open311.Categories // the table of categories
	Sealer  feedback.Sealer
	Key     []byte // for the keyed hash of addresses
	Post    mailer.Post
	Words   func(lang string) feedback.Words
	BaseURL string
}

// Service keeps the subscriptions and sends the letters.
type Service struct{ Deps }

// New makes the service and registers its jobs.
func New(d Deps) *Service {
	s := &Service{d}
	jobs.Handle(d.Queue, func(ctx context.Context, j *jobs.Job[confirmArgs]) error { return s.askToConfirm(ctx, j.Args.ID) })
	jobs.Handle(d.Queue, func(ctx context.Context, j *jobs.Job[sendArgs]) error { return s.send(ctx, j.Args.ID) })
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.sweep(ctx) })
	d.Queue.Every(time.Hour, func() jobs.Args { return sweepArgs{} })
	jobs.On(d.Queue, "alert", s.onPublished)
	return s
}

// Sealed lists the columns that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "alert_subscription", Key: "id", Column: "address", Place: place}}
}

func place(subscriptionID string) string { return "alert_subscription:" + subscriptionID }

// Enabled tells whether this house can send letters at all.
func (s *Service) Enabled() bool { return s.Post != nil }

// Wish is what somebody asks to be told of.
type Wish struct {
	Email    string
	UnitID   string // "" is everywhere
	Category string // code of a service of the table of categories; "" is all
	Daily    bool
	Lang     string
}

// Subscription is a wish that was made, as its own page shows it: without the address.
type Subscription struct {
	ID        string
	UnitID    string
	Category  string
	Daily     bool
	Confirmed bool
	Until     clock.Date // of an unconfirmed one: the last day of its link
}

// sealed is what stands sealed in the address column.
type sealed struct {
	Email string `json:"e"`
	Token string `json:"t"`
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (s *Service) key(email string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte(strings.ToLower(email)))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// address reads an e-mail address as people type it; false when it is none.
func address(typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	a, err := mail.ParseAddress(typed)
	if err != nil || a.Name != "" || a.Address != typed || len(typed) > 254 {
		return "", false
	}
	_, domain, _ := strings.Cut(typed, "@")
	return typed, strings.Contains(domain, ".") && !strings.ContainsAny(typed, "\r\n<>\" ")
}

// Subscribe keeps a wish and orders the letter that asks to confirm it. Whoever asks learns nothing about the address: the
// answer is the same when the wish is there already, and when the address was asked too often today. It is public.
func (s *Service) Subscribe(ctx context.Context, w Wish) error {
	var fs fault.Fields
	email, ok := address(w.Email)
	fs.Check(ok, "email", "alert.email_bad")
	fs.Check(w.UnitID == "" || s.Forest().Has(w.UnitID), "unit", "alert.unit_unknown")
	if w.Category != "" {
		book, err := s.Matters.Book(ctx)
		if err != nil {
			return err
		}
		_, known := book.Of(w.Category)
		fs.Check(known, "category", "alert.category_unknown")
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	if s.Post == nil {
		return fault.New(fault.Conflict, "alert.no_mail")
	}
	now := s.Clock.Now()
	r := subscriptionRow{ID: id.New(), AddressKey: s.key(email), UnitID: w.UnitID, Category: w.Category, Daily: w.Daily, Lang: w.Lang, AskedAt: now}
	token := id.NewSecret()
	plain, err := json.Marshal(sealed{email, token})
	if err != nil {
		return err
	}
	if r.Address, err = s.Sealer.Seal(plain, place(r.ID)); err != nil {
		return err
	}
	r.TokenHash = hashOf(token)
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		busy, err := tx.NewSelect().Model((*subscriptionRow)(nil)).Where("s.address_key = ?", r.AddressKey).Where("s.asked_at > ?", now.Add(-24*time.Hour)).Count(ctx)
		if err != nil || busy >= MaxPending {
			return err
		}
		var had []subscriptionRow
		if err := tx.NewSelect().Model(&had).Where("s.address_key = ?", r.AddressKey).Where("s.unit_id = ?", r.UnitID).Where("s.category = ?", r.Category).Scan(ctx); err != nil {
			return err
		}
		if len(had) == 0 {
			_, err = tx.NewInsert().Model(&r).Exec(ctx)
		} else { // the pace of a confirmed one is changed by its own page alone: anybody may type an address
			if r.ID = had[0].ID; now.Sub(had[0].AskedAt) < 24*time.Hour {
				return nil
			}
			q := tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("asked_at = ?", now).Where("id = ?", r.ID)
			if had[0].ConfirmedAt.IsZero() {
				q = q.Set("daily = ?", r.Daily)
			}
			_, err = q.Exec(ctx)
		}
		if err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, confirmArgs{ID: r.ID}, nil)
	})
}

// ByToken gives a subscription to whoever holds the link of its letters; a NotFound fault when there is none (any more).
func (s *Service) ByToken(ctx context.Context, token string) (Subscription, error) {
	r, err := s.row(ctx, s.DB.Read(), "token_hash", hashOf(token))
	if err == nil && r.expired(s.Clock.Now()) {
		err = errGone()
	}
	return r.domain(), err
}

func errGone() error { return fault.New(fault.NotFound, "alert.gone") }

// Confirm begins the letters of a subscription. It is public: who holds the link reads the letters of the address.
func (s *Service) Confirm(ctx context.Context, token string) error {
	sub, err := s.ByToken(ctx, token)
	if err != nil || sub.Confirmed {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("confirmed_at = ?", s.Clock.Now()).Where("id = ?", sub.ID).Where("confirmed_at IS NULL").Exec(ctx)
		return err
	})
}

// SetPace chooses between one letter a day and letters at once. It is public: who holds the link may.
func (s *Service) SetPace(ctx context.Context, token string, daily bool) error {
	sub, err := s.ByToken(ctx, token)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("daily = ?", daily).Where("id = ?", sub.ID).Exec(ctx)
		return err
	})
}

// Stop ends a subscription and deletes the address with everything about it. Stopping what is not there is well: the click
// may come twice. It is public: who holds the link may.
func (s *Service) Stop(ctx context.Context, token string) error {
	r, err := s.row(ctx, s.DB.Read(), "token_hash", hashOf(token))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, r.ID) })
}
