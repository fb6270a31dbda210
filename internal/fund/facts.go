package fund

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// GiftsPosted is published in the transaction in which gifts began to count or changed: once for a whole file however many
// rows it has. What changed is read with GiftFacts up to and including Position{No, …}.
type GiftsPosted struct {
	AppealID string `json:"appeal"`
	No       int64  `json:"no"` // of the posting within the appeal, from 1 without a gap
}

// Kind implements jobs.Event.
func (GiftsPosted) Kind() string { return "fund.gifts_posted" }

// AppealChanged is published when an appeal was opened, extended, ended, or running costs were agreed to.
type AppealChanged struct {
	AppealID string `json:"appeal"`
	What     Change `json:"what"`
}

// Kind implements jobs.Event.
func (AppealChanged) Kind() string { return "fund.appeal_changed" }

// GiftChange is what happened to a gift.
type GiftChange string

// The changes. A gift may be taken once, then earmarked any number of times, and at last refunded or withdrawn.
const (
	GiftTaken     GiftChange = "taken"
	GiftEarmarked GiftChange = "earmarked"
	GiftRefunded  GiftChange = "refunded"  // the bank sent it back
	GiftWithdrawn GiftChange = "withdrawn" // a person found that it was none
)

// Position is a place in the order in which gifts of an appeal began to count: the posting, and the place in it. The zero
// Position stands before everything. Later facts always have a higher position, also while a file is being taken in.
type Position struct{ No, Seq int64 }

// GiftFact is one thing that happened to a gift. Memo is what the giver wrote and the bank changed: it may hold names,
// telephone and account numbers, and is masked by whoever shows it.
type GiftFact struct {
	At        Position
	What      GiftChange
	ID        string     // of the gift
	Day       clock.Date // on which the bank booked it, or the receipt was written
	Time      string     // "15:04:05"; "" when not known
	Amount    money.VND
	Channel   string // code of the bank ("VCB"), or "cash"
	Memo      string
	Document  string // the bank's document number, or the number of the receipt
	Reference string // reference code of the appeal in the memo; ""
	EarmarkID string // as it stands now; "" is the appeal as a whole
	State     GiftState
	PostedAt  time.Time
}

// GiftState is how a gift stands now.
type GiftState string

// The states.
const (
	GiftStands GiftState = giftTaken
	GiftBack   GiftState = giftRefunded
	GiftNone   GiftState = giftWithdrawn
)

// GiftFacts lists what happened to gifts of an appeal after a position, in order, at most limit of them (up to 5,000). It
// looks at nobody's rights: for rooms that serve the public and jobs of the house.
func (s *Service) GiftFacts(ctx context.Context, q bun.IDB, appealID string, after Position, limit int) ([]GiftFact, error) {
	return s.store.facts(ctx, q, appealID, after, min(limit, 5000))
}

// GiftByID finds one gift that counts, as it stands now; What is GiftTaken and At is zero. A fault NotFound otherwise.
func (s *Service) GiftByID(ctx context.Context, q bun.IDB, giftID string) (GiftFact, error) {
	return s.store.giftByID(ctx, q, giftID)
}

// AppealByID finds an appeal by its id for another room, which checks who may see it.
func (s *Service) AppealByID(ctx context.Context, q bun.IDB, appealID string) (Appeal, error) {
	a, _, err := s.store.books(ctx, q, appealID)
	return a, err
}

// AppealByCode finds an appeal by its code for another room, which checks who may see it.
func (s *Service) AppealByCode(ctx context.Context, q bun.IDB, code string) (Appeal, error) {
	return s.store.appealByCode(ctx, q, code)
}

// AllAppeals lists every appeal, newest first, for another room, which checks who may see it. Appeals are no secret: the
// law wants them published at once.
func (s *Service) AllAppeals(ctx context.Context, q bun.IDB) ([]Appeal, error) {
	return s.store.appeals(ctx, q, nil)
}

// Appeals lists the appeals whose books the actor may read, newest first.
func (s *Service) Appeals(ctx context.Context, actor identity.Actor) ([]Appeal, error) {
	all, err := s.store.appeals(ctx, s.DB.Read(), nil)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, a := range all {
		if s.may(actor, ActionRead, a) == nil {
			out = append(out, a)
		}
	}
	return out, nil
}

// announce numbers a posting and tells whoever listens.
func (s *Service) announce(ctx context.Context, tx db.Tx, appealID, importID string, changes ...giftChanged) error {
	no, err := s.store.post(ctx, tx, appealID, importID, changes, s.Clock.Now())
	if err != nil || s.Jobs == nil {
		return err
	}
	return s.Jobs.Publish(ctx, tx, GiftsPosted{AppealID: appealID, No: no})
}

func (s *Service) changed(ctx context.Context, tx db.Tx, appealID string, what Change) error {
	if s.Jobs == nil {
		return nil
	}
	return s.Jobs.Publish(ctx, tx, AppealChanged{AppealID: appealID, What: what})
}
