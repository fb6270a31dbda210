package channel

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// grantLife is how long an official may take on the consent page.
const grantLife = 15 * time.Minute

type grantRow struct {
	bun.BaseModel `bun:"table:channel_grant,alias:g"`

	State          string    `bun:"state,pk"`
	Kind           Kind      `bun:"kind"`
	UnitID         string    `bun:"unit_id"`
	AccountID      string    `bun:"account_id"`
	VerifierSealed string    `bun:"verifier_sealed"`
	External       string    `bun:"external_id"`
	OfficialID     string    `bun:"official_id"`
	CreatedAt      time.Time `bun:"created_at"`
	ExpiresAt      time.Time `bun:"expires_at"`
	UsedAt         time.Time `bun:"used_at,nullzero"`
}

// ConnectRequest starts connecting a new account to a unit, or an existing account anew.
type ConnectRequest struct {
	Kind      Kind
	UnitID    string
	AccountID string // set to reconnect this very account; Kind and UnitID then follow from it
	External  string // the platform's id of the account meant, for platforms that grant several at once; "" when it grants one
}

// Connect begins the consent of an outside platform and returns the address to send the official to.
func (s *Service) Connect(ctx context.Context, actor identity.Actor, r ConnectRequest) (string, error) {
	r, err := s.connectable(ctx, actor, r)
	if err != nil {
		return "", err
	}
	g, ok := s.channels[r.Kind].(Granter)
	if !ok {
		return "", fault.Field("kind", "channel.connect.no_consent")
	}
	var raw [32]byte
	rand.Read(raw[:]) // never fails
	verifier := base64.RawURLEncoding.EncodeToString(raw[:])
	row := grantRow{State: id.NewSecret(), Kind: r.Kind, UnitID: r.UnitID, AccountID: r.AccountID, External: r.External, OfficialID: actor.ID, CreatedAt: s.clock.Now()}
	row.ExpiresAt = row.CreatedAt.Add(grantLife)
	if row.VerifierSealed, err = s.tokens.seal.Seal([]byte(verifier), "channel_grant/"+row.State); err != nil {
		return "", err
	}
	err = s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	return g.ConsentURL(row.State, verifier, s.callback(r.Kind)), err
}

func (s *Service) callback(k Kind) string {
	return strings.TrimRight(s.cfg.CallbackURL, "/") + "/" + string(k)
}

func (s *Service) connectable(ctx context.Context, actor identity.Actor, r ConnectRequest) (ConnectRequest, error) {
	if r.AccountID != "" {
		a, err := s.store.account(ctx, s.db.Read(), r.AccountID)
		if err != nil {
			return r, err
		}
		r.Kind, r.UnitID = a.Kind, a.UnitID
	}
	if r.UnitID == "" {
		return r, fault.Field("unit", "channel.connect.no_unit")
	}
	return r, s.authz.Check(actor, ActionConnect, identity.InUnit(r.UnitID))
}

// FinishConnect takes what the consent page's callback brought. It refuses a state that is unknown, used, too old or of
// another official, and an account that is not the one to be reconnected or that belongs to another unit already.
func (s *Service) FinishConnect(ctx context.Context, actor identity.Actor, kind Kind, query url.Values) ([]Account, error) {
	g, err := s.useGrant(ctx, actor, kind, query.Get("state"))
	if err != nil {
		return nil, err
	}
	granter, ok := s.channels[kind].(Granter)
	if !ok {
		return nil, fault.Field("kind", "channel.connect.no_consent")
	}
	verifier, err := s.tokens.seal.Open(g.VerifierSealed, "channel_grant/"+g.State)
	if err != nil {
		return nil, err
	}
	granted, err := granter.Grant(ctx, query, string(verifier), s.callback(kind))
	if err != nil {
		return nil, connectFault(err)
	}
	return s.take(ctx, actor, ConnectRequest{Kind: kind, UnitID: g.UnitID, AccountID: g.AccountID, External: g.External}, granted)
}

// useGrant spends the one use of a state.
func (s *Service) useGrant(ctx context.Context, actor identity.Actor, kind Kind, state string) (grantRow, error) {
	var g grantRow
	stale := fault.New(fault.Conflict, "channel.connect.stale")
	err := s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		g = grantRow{}
		if err := tx.ForUpdate(tx.NewSelect().Model(&g).Where("state = ?", state)).Scan(ctx); err != nil {
			return notFound(err, stale)
		}
		if g.Kind != kind || g.OfficialID != actor.ID || !g.UsedAt.IsZero() || s.clock.Now().After(g.ExpiresAt) {
			return stale
		}
		_, err := tx.NewUpdate().Model(&g).Set("used_at = ?", s.clock.Now()).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return g, err
	}
	return g, s.authz.Check(actor, ActionConnect, identity.InUnit(g.UnitID))
}

// ConnectPasted connects an account by a token that the official made in the platform's console and pasted in.
func (s *Service) ConnectPasted(ctx context.Context, actor identity.Actor, r ConnectRequest, token string) ([]Account, error) {
	r, err := s.connectable(ctx, actor, r)
	if err != nil {
		return nil, err
	}
	b, ok := s.channels[r.Kind].(Bootstrapper)
	if !ok {
		return nil, fault.Field("kind", "channel.connect.no_paste")
	}
	if token = strings.TrimSpace(token); token == "" {
		return nil, fault.Field("token", "channel.connect.no_token")
	}
	granted, err := b.Bootstrap(ctx, token)
	if err != nil {
		return nil, connectFault(err)
	}
	return s.take(ctx, actor, r, granted)
}

func connectFault(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Advice != AdviceRetry && e.Advice != AdviceLater {
		key := e.Key
		if e.Advice == AdviceReauth || key == "" {
			key = "channel.connect.refused"
		}
		return fault.New(fault.Conflict, key).Because(err)
	}
	return fault.New(fault.Unavailable, "channel.connect.unreachable").Because(err)
}

// take stores the granted account with its tokens in one transaction.
func (s *Service) take(ctx context.Context, actor identity.Actor, r ConnectRequest, granted []Granted) ([]Account, error) {
	var out []Account
	err := s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		out = nil
		g, err := s.meant(ctx, tx, r, granted)
		if err != nil {
			return err
		}
		a := g.Account
		a.UnitID, a.State, a.StateReason, a.CheckedAt = r.UnitID, AccountConnected, "", s.clock.Now()
		if a, err = s.Install(ctx, tx, a, g.Tokens); err != nil {
			return err
		}
		out = append(out, a)
		if err := s.q.Publish(ctx, tx, Connected{AccountID: a.ID, By: actor.ID, ByName: actor.Name}); err != nil {
			return err
		}
		if err := s.q.Enqueue(ctx, tx, probeArgs{Account: a.ID}, &jobs.Options{MaxAttempts: 5}); err != nil {
			return err
		}
		return s.wakeAccount(ctx, tx, a.ID)
	})
	if err == nil {
		s.log.InfoContext(ctx, "channel connected", "official", actor.ID, "unit", r.UnitID, "kind", r.Kind, "accounts", len(out))
	}
	return out, err
}

// meant picks the account that was to be connected out of those the platform granted, and refuses any other.
func (s *Service) meant(ctx context.Context, tx db.Tx, r ConnectRequest, granted []Granted) (Granted, error) {
	want := r.External
	wantName := want
	if r.AccountID != "" {
		a, err := s.store.account(ctx, tx, r.AccountID)
		if err != nil {
			return Granted{}, err
		}
		want, wantName = a.ExternalID, a.Name
	}
	names := make([]string, len(granted))
	for i, g := range granted {
		names[i] = g.Account.Name
		if g.Account.ExternalID == want || (want == "" && len(granted) == 1) {
			return g, s.free(ctx, tx, r, g.Account)
		}
	}
	switch all := strings.Join(names, ", "); {
	case len(granted) == 0:
		return Granted{}, fault.New(fault.Conflict, "channel.connect.nothing")
	case want == "":
		return Granted{}, fault.New(fault.Conflict, "channel.connect.which").With("Granted", all)
	default:
		return Granted{}, fault.New(fault.Conflict, "channel.connect.other_account").With("Wanted", wantName).With("Granted", all)
	}
}

// free refuses an account that belongs to another unit already.
func (s *Service) free(ctx context.Context, tx db.Tx, r ConnectRequest, a Account) error {
	old, err := s.store.accountByExternal(ctx, tx, a.Kind, a.ExternalID)
	if fault.Is(err, fault.NotFound) || (err == nil && old.UnitID == r.UnitID) {
		return nil
	}
	if err != nil {
		return err
	}
	unit, _ := s.units.Forest().Unit(old.UnitID, clock.DateOf(s.clock.Now())) // an unknown unit has no name to tell
	return fault.New(fault.Conflict, "channel.connect.other_unit").With("Name", a.Name).With("Unit", unit.FullName)
}
