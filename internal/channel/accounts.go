package channel

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// StateIll is a state to filter by: every account that somebody must look after.
const StateIll AccountState = "ill"

// Filter narrows a list of accounts; its zero value is everything.
type Filter struct {
	Kind  Kind
	State AccountState
	Unit  string // this unit and those below
	Query string // part of the name, with or without marks
}

// Accounts lists the accounts of the units in which (and below which) the actor may see channels, ordered by kind and name.
func (s *Service) Accounts(ctx context.Context, actor identity.Actor, f Filter) ([]Account, error) {
	var roots []string
	if actor.Kind != identity.ActorSystem {
		if roots = s.authz.Scope(actor, ActionSee); len(roots) == 0 {
			return nil, s.authz.Check(actor, ActionSee, identity.Resource{Type: "Unit"})
		}
	}
	units, err := s.unitsWithAccounts(ctx, roots, f.Unit, actor.Kind == identity.ActorSystem)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	found, err := s.store.accounts(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("a.unit_id IN (?)", bun.In(units))
		if f.Kind != "" {
			q = q.Where("a.kind = ?", f.Kind)
		}
		switch f.State {
		case StateIll:
			q = q.Where("a.state IN (?)", bun.In([]AccountState{AccountReauth, AccountPaused}))
		case "":
			q = q.Where("a.state <> ?", AccountClosed)
		default:
			q = q.Where("a.state = ?", f.State)
		}
		return q
	})
	if words := vntext.Fold(f.Query); words != "" {
		found = slices.DeleteFunc(found, func(a Account) bool { return !strings.Contains(vntext.Fold(a.Name), words) })
	}
	return found, err
}

// unitsWithAccounts lists the units that have accounts and stand under one of the roots (any, for the house itself) and,
// when given, under the unit below.
func (s *Service) unitsWithAccounts(ctx context.Context, roots []string, below string, any bool) ([]string, error) {
	var all, out []string
	if err := s.db.Read().NewSelect().Model((*accountRow)(nil)).ColumnExpr("DISTINCT unit_id").Scan(ctx, &all); err != nil {
		return nil, err
	}
	for _, u := range all {
		ok := any
		for _, r := range roots {
			ok = ok || s.isUnder(u, r)
		}
		if ok && (below == "" || s.isUnder(u, below)) {
			out = append(out, u)
		}
	}
	return out, nil
}

// Account gives one account to an actor who may see the channels of its unit; to others it does not exist.
func (s *Service) Account(ctx context.Context, actor identity.Actor, accountID string) (Account, error) {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil {
		return Account{}, err
	}
	if err := s.authz.Check(actor, ActionSee, s.resource(a)); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return Account{}, err
		}
		return Account{}, errNoAccount.Because(err)
	}
	return a, nil
}

func (s *Service) resource(a Account) identity.Resource {
	return identity.Resource{Type: "ChannelAccount", ID: a.ID, UnitID: a.UnitID}
}

// AccountByID gives an account to another feature that has already checked its own actor.
func (s *Service) AccountByID(ctx context.Context, accountID string) (Account, error) {
	return s.store.account(ctx, s.db.Read(), accountID)
}

// AccountsByID gives those of the accounts that are there, by id, to another feature that has already checked its own actor.
func (s *Service) AccountsByID(ctx context.Context, accountIDs []string) (map[string]Account, error) {
	return s.store.accountsByID(ctx, s.db.Read(), accountIDs)
}

// AccountsOfUnits lists the open accounts of exactly these units, of these kinds (all kinds when none is given), for a
// feature that has checked its own actor. It reads in slices, so 4,000 units are no trouble.
func (s *Service) AccountsOfUnits(ctx context.Context, unitIDs []string, kinds ...Kind) ([]Account, error) {
	var out []Account
	for start := 0; start < len(unitIDs); start += 1000 {
		part := unitIDs[start:min(start+1000, len(unitIDs))]
		as, err := s.store.accounts(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery {
			q = q.Where("a.unit_id IN (?)", bun.In(part)).Where("a.state <> ?", AccountClosed)
			if len(kinds) > 0 {
				q = q.Where("a.kind IN (?)", bun.In(kinds))
			}
			return q
		})
		if err != nil {
			return nil, err
		}
		out = append(out, as...)
	}
	return out, nil
}

// EnsurePortals gives each unit an account of kind Portal, in tx, and returns how many were new. Its external id is the
// unit's id; link is where its site section stands.
func (s *Service) EnsurePortals(ctx context.Context, tx db.Tx, sites []PortalSite) (int, error) {
	now := s.clock.Now()
	made := 0
	for start := 0; start < len(sites); start += 500 {
		rows := make([]accountRow, 0, 500)
		for _, p := range sites[start:min(start+500, len(sites))] {
			rows = append(rows, rowOfAccount(Account{ID: id.New(), UnitID: p.UnitID, Kind: Portal, ExternalID: p.UnitID, Name: p.Name,
				Link: p.Link, State: AccountConnected, Capabilities: Capabilities{Article: true}, CreatedAt: now, CheckedAt: now}))
		}
		res, err := tx.NewInsert().Model(&rows).On("CONFLICT (kind, external_id) DO NOTHING").Exec(ctx)
		if err != nil {
			return made, err
		}
		n, _ := res.RowsAffected()
		made += int(n)
	}
	return made, nil
}

// PortalSite is the section of the portal that belongs to a unit.
type PortalSite struct{ UnitID, Name, Link string }

// Install writes down an account with its tokens without a consent page: for seeds, imports and tests. An account that
// already exists gets the new tokens and name and keeps its unit.
func (s *Service) Install(ctx context.Context, tx db.Tx, a Account, t Tokens) (Account, error) {
	if old, err := s.store.accountByExternal(ctx, tx, a.Kind, a.ExternalID); err == nil {
		a.ID, a.UnitID, a.CreatedAt = old.ID, old.UnitID, old.CreatedAt
	} else if !fault.Is(err, fault.NotFound) {
		return a, err
	}
	if a.ID == "" {
		a.ID, a.CreatedAt = id.New(), s.clock.Now()
	}
	if a.State == "" {
		a.State = AccountConnected
	}
	row := rowOfAccount(a)
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (kind, external_id) DO UPDATE").
		Set("name = EXCLUDED.name").Set("link = EXCLUDED.link").Set("state = EXCLUDED.state").Set("state_reason = EXCLUDED.state_reason").
		Set("capabilities = EXCLUDED.capabilities").Set("followers = EXCLUDED.followers").Set("checked_at = EXCLUDED.checked_at").Exec(ctx)
	if err != nil {
		return a, err
	}
	if t.Access == "" && t.Refresh == "" {
		return a, nil
	}
	return a, s.tokens.put(ctx, tx, a.ID, t)
}

// Pause stops deliveries and replies of an account until Resume.
func (s *Service) Pause(ctx context.Context, actor identity.Actor, accountID string) error {
	return s.setState(ctx, actor, accountID, AccountPaused, "channel.state.paused_by_hand")
}

// Resume lets a paused account work again and takes up what waited.
func (s *Service) Resume(ctx context.Context, actor identity.Actor, accountID string) error {
	return s.setState(ctx, actor, accountID, AccountConnected, "")
}

// Close gives an account up for good; what it published stays where it is.
func (s *Service) Close(ctx context.Context, actor identity.Actor, accountID string) error {
	return s.setState(ctx, actor, accountID, AccountClosed, "")
}

func (s *Service) setState(ctx context.Context, actor identity.Actor, accountID string, to AccountState, reason string) error {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil {
		return err
	}
	if err := s.authz.Check(actor, ActionConnect, s.resource(a)); err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		if to == AccountConnected && a.State != AccountPaused {
			return fault.New(fault.Conflict, "channel.account.not_paused")
		}
		if err := s.store.setAccountState(ctx, tx, a.ID, to, reason); err != nil {
			return err
		}
		if err := s.q.Publish(ctx, tx, AccountSeen{AccountID: a.ID}); err != nil {
			return err
		}
		if to == AccountConnected {
			return s.wakeAccount(ctx, tx, a.ID)
		}
		return nil
	})
}

// Reassign moves the accounts of a unit that ended to its successor, in the transaction of the reorganisation.
func (s *Service) Reassign(ctx context.Context, tx db.Tx, fromUnit, toUnit string) (int, error) {
	res, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("unit_id = ?", toUnit).Where("unit_id = ?", fromUnit).
		Where("kind <> ?", Portal).Where("state <> ?", AccountClosed).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
