package channel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Health is what the last probe told of an account beside its state. What the channel did not tell is zero.
type Health struct {
	Package      string     `json:"package,omitempty"`       // as the channel names it: "Nâng cao"
	PackageUntil clock.Date `json:"package_until,omitempty"` // last day on which the package holds; "" without an end
	QuotaTotal   int64      `json:"quota_total,omitempty"`   // messages of the present period; 0: without a limit or not told
	QuotaLeft    int64      `json:"quota_left,omitempty"`    // of these, how many are left
	Pushes       int        `json:"pushes,omitempty"`        // announcements a follower may get in a month; 0: not known
	NoticesDaily int64      `json:"notices_daily,omitempty"` // messages from templates a day; 0: none or not told
	NoticesLeft  int64      `json:"notices_left,omitempty"`  // of these, how many are left today
	DeafAt       time.Time  `json:"deaf_at,omitzero"`        // when it was found that messages came without a webhook; over once HeardAt is later
	TokenUntil   time.Time  `json:"token_until,omitzero"`    // when the channel ends the grant by itself; zero: never
	Picture      string     `json:"picture,omitempty"`       // address of the profile picture
	Described    bool       `json:"described,omitempty"`     // the channel told the description, which may be empty
	Description  string     `json:"description,omitempty"`   // as readers see it
	Covered      bool       `json:"covered,omitempty"`       // the channel told the cover picture, which may be none
	Cover        string     `json:"cover,omitempty"`         // address of the cover picture
}

func healthText(h Health) string {
	b, _ := json.Marshal(h) // plain fields cannot fail
	return string(b)
}

// AccountSeen is published when an account was looked at or changed its state, so that others can judge it anew.
type AccountSeen struct {
	AccountID string `json:"account"`
}

// Kind implements jobs.Event.
func (AccountSeen) Kind() string { return "channel.account_seen" }

// PostSeen is published when a channel tells that something stands at an account, put up by us or by hand.
type PostSeen struct {
	AccountID  string    `json:"account"`
	ExternalID string    `json:"external"`
	Title      string    `json:"title"`
	At         time.Time `json:"at"`
}

// Kind implements jobs.Event.
func (PostSeen) Kind() string { return "channel.post_seen" }

// heardEvery is how exactly the last webhook of an account is known: a storm of them must not become a storm of writes.
const heardEvery = 15 * time.Minute

// heard notes that a webhook spoke of the account.
func (s *Service) heard(ctx context.Context, tx db.Tx, a Account) error {
	now := s.clock.Now()
	deaf := a.Health.DeafAt.After(a.HeardAt)
	if now.Sub(a.HeardAt) < heardEvery && !deaf {
		return nil
	}
	if deaf { // it hears again
		if err := s.q.Publish(ctx, tx, AccountSeen{AccountID: a.ID}); err != nil {
			return err
		}
	}
	_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("heard_at = ?", now).Where("id = ?", a.ID).Exec(ctx)
	return err
}

// LastHeard gives, for each kind of channel, when any open account of the whole house last got a webhook; a kind of which none
// did is left out. It names no account, so it is for every room.
func (s *Service) LastHeard(ctx context.Context) (map[Kind]time.Time, error) {
	var rows []struct {
		Kind  Kind
		Heard time.Time
	}
	err := s.db.Read().NewSelect().Model((*accountRow)(nil)).Column("kind").ColumnExpr("max(a.heard_at) AS heard").
		Where("a.state <> ?", AccountClosed).Where("a.heard_at IS NOT NULL").Group("kind").Scan(ctx, &rows)
	out := make(map[Kind]time.Time, len(rows))
	for _, r := range rows {
		out[r.Kind] = r.Heard
	}
	return out, err
}

// published notes that something stands at the account since now.
func (s *Service) published(ctx context.Context, tx db.Tx, accountID string) error {
	_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("published_at = ?", s.clock.Now()).Where("id = ?", accountID).Exec(ctx)
	return err
}

// ProbeSoon has an account looked at in the background, for an actor who may connect it: the way to ask for many at once.
func (s *Service) ProbeSoon(ctx context.Context, actor identity.Actor, accountID string) error {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil {
		return err
	}
	if err := s.authz.Check(actor, ActionConnect, s.resource(a)); err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.q.Enqueue(ctx, tx, probeArgs{Account: a.ID}, &jobs.Options{MaxAttempts: 3})
	})
}
