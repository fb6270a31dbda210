package fleet

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Officials tells where officials serve; identity.Service gives it.
type Officials interface {
	// Serving gives the units in which each of the officials holds a role today; who holds none is left out.
	Serving(ctx context.Context, officialIDs []string) (map[string][]string, error)
}

// mark is what the fleet remembers of one account.
type mark struct {
	bun.BaseModel `bun:"table:fleet_account,alias:k"`

	AccountID   string `bun:",pk"`
	UnitID      string
	UnitName    string
	WasName     string
	LeadsTo     string
	GrantedBy   string
	GrantedName string
	GrantedAt   time.Time `bun:",nullzero"`
}

// marks reads what is remembered, of one account or ("") of all.
func (store) marks(ctx context.Context, q bun.IDB, accountID string) (map[string]mark, error) {
	var rows []mark
	sel := q.NewSelect().Model(&rows)
	if accountID != "" {
		sel = sel.Where("k.account_id = ?", accountID)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]mark, len(rows))
	for _, r := range rows {
		out[r.AccountID] = r
	}
	return out, nil
}

// putUnits writes down under which unit the accounts stand; who granted them stays.
func (store) putUnits(ctx context.Context, q bun.IDB, rows []mark) error {
	for part := range slices.Chunk(rows, 500) {
		_, err := q.NewInsert().Model(&part).On("CONFLICT (account_id) DO UPDATE").Set("unit_id = EXCLUDED.unit_id").Set("unit_name = EXCLUDED.unit_name").
			Set("was_name = EXCLUDED.was_name").Set("leads_to = EXCLUDED.leads_to").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// bears tells whether the name of an account is one for the unit: by the rule, or without one when the unit's own name is in it.
func bears(name string, r Rule, u orgunit.Unit) bool {
	if len(r.Names) > 0 {
		return r.NameFits(name, u)
	}
	return strings.Contains(" "+plain(name)+" ", " "+plain(u.Name)+" ")
}

// settle notes which accounts have come under another unit, or under another name of their unit, since they were last in
// order, and which of them are in order again: renamed as the rule says, or leading their followers elsewhere. It may run twice.
func (s *Service) settle(ctx context.Context, b *rulebook, accounts []channel.Account) error {
	var changed []mark
	for _, a := range accounts {
		u, err := b.forest.Unit(a.UnitID, b.on)
		if err != nil || a.Kind == channel.Portal {
			continue
		}
		m := b.marks[a.ID]
		before := m
		if m.UnitID != "" && (m.UnitID != u.ID || m.UnitName != u.FullName) {
			if m.WasName == "" {
				m.WasName = m.UnitName
			}
			m.LeadsTo = ""
		}
		m.AccountID, m.UnitID, m.UnitName = a.ID, u.ID, u.FullName
		if m.WasName != "" && bears(a.Name, b.rule(u.ID, a.Kind), u) {
			m.WasName = ""
		}
		if m != before {
			b.marks[a.ID] = m
			changed = append(changed, m)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putUnits(ctx, tx, changed) })
}

// serving finds out which of those who granted accounts still serve, and where.
func (s *Service) serving(ctx context.Context, marks map[string]mark) (map[string][]string, error) {
	if s.Officials == nil {
		return nil, nil
	}
	seen := map[string]bool{}
	var ids []string
	for _, m := range marks {
		if m.GrantedBy != "" && !seen[m.GrantedBy] {
			seen[m.GrantedBy] = true
			ids = append(ids, m.GrantedBy)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.Officials.Serving(ctx, ids)
}

// left tells whether the official who granted an account serves neither in its unit nor above it any more.
func (b *rulebook) left(a channel.Account) bool {
	by := b.marks[a.ID].GrantedBy
	if by == "" || b.officials == nil {
		return false
	}
	at := b.serving[by]
	if slices.Contains(at, a.UnitID) {
		return false
	}
	return !slices.ContainsFunc(b.forest.AncestorIDs(a.UnitID, b.on), func(up string) bool { return slices.Contains(at, up) })
}

// onConnected remembers who granted an account; the trouble that its granter had left is over.
func (s *Service) onConnected(ctx context.Context, e channel.Connected) error {
	if e.By == "" {
		return nil
	}
	row := mark{AccountID: e.AccountID, GrantedBy: e.By, GrantedName: e.ByName, GrantedAt: s.Clock.Now()}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").Set("granted_by = EXCLUDED.granted_by").
			Set("granted_name = EXCLUDED.granted_name").Set("granted_at = EXCLUDED.granted_at").Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.onSeen(ctx, channel.AccountSeen{AccountID: e.AccountID})
}

// OpenWork lists the accounts of a unit that an official granted: whoever comes next grants them anew, so that none dies with
// the person who opened it. It implements identity.WorkLister; the asking room has checked its own actor.
func (s *Service) OpenWork(ctx context.Context, officialID, unitID string) ([]identity.WorkItem, error) {
	var rows []mark
	if err := s.DB.Read().NewSelect().Model(&rows).Where("k.granted_by = ?", officialID).Where("k.unit_id = ?", unitID).Order("k.account_id").Scan(ctx); err != nil {
		return nil, err
	}
	var out []identity.WorkItem
	for _, r := range rows {
		a, err := s.Channels.AccountByID(ctx, r.AccountID)
		if fault.Is(err, fault.NotFound) || err == nil && (a.State == channel.AccountClosed || a.UnitID != unitID) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, identity.WorkItem{Kind: "fleet.regrant", Title: a.Name, Href: ChannelPath + a.ID})
	}
	return out, nil
}

var _ identity.WorkLister = (*Service)(nil)

// ChannelPath begins the address of one channel's page, where it is granted anew.
const ChannelPath = "/lam-viec/kenh/"

// Change is what a rename or merger asks of an account.
type Change struct {
	Was      string            // name of the unit before; "" when nothing is to be done
	Unit     string            // its name now
	Expected string            // a name that the rule allows
	LeadsTo  channel.Account   // to which its followers are led; the zero value for none
	Others   []channel.Account // of the same kind and unit, to which they could be led
}

// ChangeOf tells what a rename or merger asks of an account, to an actor who may see the fleet of its unit.
func (s *Service) ChangeOf(ctx context.Context, actor identity.Actor, accountID string) (Change, error) {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil {
		return Change{}, err
	}
	if err := s.Authz.Check(actor, ActionSee, identity.InUnit(a.UnitID)); err != nil {
		return Change{}, err
	}
	b, err := s.rulebookOf(ctx, a.ID)
	if err != nil {
		return Change{}, err
	}
	u, err := b.forest.Unit(a.UnitID, b.on)
	if err != nil {
		return Change{}, err
	}
	m := b.marks[a.ID]
	out := Change{Was: m.WasName, Unit: u.FullName, Expected: b.rule(u.ID, a.Kind).Example(u)}
	all, err := s.Channels.Accounts(ctx, actor, channel.Filter{Kind: a.Kind, Unit: a.UnitID})
	for _, x := range all {
		if x.ID == m.LeadsTo {
			out.LeadsTo = x
		}
		if x.ID != a.ID && x.UnitID == a.UnitID && x.State != channel.AccountClosed {
			out.Others = append(out.Others, x)
		}
	}
	return out, err
}

// Redirect notes that an account leads its followers to another of the same kind and unit, and so needs no new name; "" takes
// the note back.
func (s *Service) Redirect(ctx context.Context, actor identity.Actor, accountID, toID string) error {
	c, err := s.ChangeOf(ctx, actor, accountID)
	if err != nil {
		return err
	}
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionAcknowledge, identity.InUnit(a.UnitID)); err != nil {
		return err
	}
	if toID != "" && !slices.ContainsFunc(c.Others, func(x channel.Account) bool { return x.ID == toID }) {
		return fault.Field("to", "fleet.change.no_such")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var m mark
		err := tx.ForUpdate(tx.NewSelect().Model(&m).Where("k.account_id = ?", accountID)).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "fleet.change.nothing")
		}
		if err != nil {
			return err
		}
		m.LeadsTo = toID
		if _, err := tx.NewUpdate().Model(&m).Column("leads_to").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: "fleet.redirect", ResourceType: "ChannelAccount", ResourceID: accountID})
	})
	if err != nil {
		return err
	}
	return s.onSeen(ctx, channel.AccountSeen{AccountID: accountID})
}
