package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Person is one role of one official, as lists show it.
type Person struct {
	MembershipID string
	OfficialID   string
	Name         string
	Email        string
	Role         Role
	UnitID       string
	ValidFrom    clock.Date
	ValidTo      clock.Date // first day on which it no longer holds
	JoinedAt     *time.Time // nil: invited, not answered
	DisabledAt   *time.Time
}

// PersonState says in one word how things stand with a role.
type PersonState string

// The states of a role.
const (
	PersonActive   PersonState = "active"
	PersonInvited  PersonState = "invited"
	PersonFuture   PersonState = "future"
	PersonEnded    PersonState = "ended"
	PersonDisabled PersonState = "disabled"
)

// State on the day.
func (p Person) State(on clock.Date) PersonState {
	switch {
	case p.DisabledAt != nil:
		return PersonDisabled
	case on >= p.ValidTo, p.ValidFrom >= p.ValidTo: // the latter was withdrawn before it began
		return PersonEnded
	case p.JoinedAt == nil:
		return PersonInvited
	case on < p.ValidFrom:
		return PersonFuture
	}
	return PersonActive
}

// LastDay is the last day of the term; "" when no end is known.
func (p Person) LastDay() clock.Date { return Membership{ValidTo: p.ValidTo}.LastDay() }

// PeopleQuery is what a list of people is asked for.
type PeopleQuery struct {
	UnitID string
	Below  bool   // also the units below
	Text   string // part of a name or address, with or without marks
	Role   Role   // "" for every role
	Ended  bool   // also roles that have ended
	Page   int    // from 1
	Per    int    // rows a page; 0 for all
}

// People lists who holds which role in a unit, by name; total counts all pages.
func (s *Service) People(ctx context.Context, a Actor, q PeopleQuery) (list []Person, total int, err error) {
	action := "identity.see_people"
	if q.Below {
		action = "identity.see_people_below"
	}
	if err := s.z.Check(a, action, InUnit(q.UnitID)); err != nil {
		return nil, 0, err
	}
	today := s.today()
	sel := s.db.Read().NewSelect().TableExpr("identity_membership AS m").
		ColumnExpr("m.id AS membership_id, o.id AS official_id, o.name, o.email, m.role, m.unit_id, m.valid_from, m.valid_to, o.joined_at, o.disabled_at").
		Join("JOIN identity_official AS o ON o.id = m.official_id")
	if q.Below {
		sel = orgunit.Within(sel, "m.unit_id", []string{q.UnitID}, today)
	} else {
		sel = sel.Where("m.unit_id = ?", q.UnitID)
	}
	if !q.Ended {
		sel = sel.Where("m.valid_to > ? AND m.valid_from < m.valid_to", today)
	}
	if q.Role != "" {
		sel = sel.Where("m.role = ?", q.Role)
	}
	sel = named(sel, q.Text)
	sel = sel.OrderExpr("o.folded, m.valid_from, m.id")
	if q.Per > 0 {
		sel = sel.Limit(int64(q.Per)).Offset(int64(max(0, q.Page-1) * q.Per))
	}
	n, err := sel.ScanAndCount(ctx, &list)
	if err != nil {
		return nil, 0, fmt.Errorf("identity: people: %w", err)
	}
	return list, int(n), nil
}

// named keeps officials whose name or address holds every word of the text, in any order.
func named(q *bun.SelectQuery, text string) *bun.SelectQuery {
	for _, word := range strings.Fields(vntext.Fold(text)) {
		q = q.Where("o.folded LIKE ? ESCAPE '\\'", "%"+likeEscape(word)+"%")
	}
	return q
}

func likeEscape(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '%' || r == '_' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// Term is a role to be given. Until is the last day; "" when no end is known.
type Term struct {
	UnitID      string
	Role        Role
	From, Until clock.Date
}

// mayGive checks that the actor may give the role in the unit to the official ("" for somebody new).
func (s *Service) mayGive(a Actor, t Term, officialID string) error {
	r := Resource{Type: "Membership", UnitID: t.UnitID, Attrs: map[string]string{"role": string(t.Role)}}
	if officialID != "" {
		r.Attrs["held_by"] = officialID
	}
	return s.z.Check(a, "identity.give_role", r)
}

func (s *Service) checkUnit(unitID string) error {
	u, err := s.units.Forest().Unit(unitID, s.today())
	if err != nil {
		return err
	}
	if !u.Stands(s.today()) {
		return fault.New(fault.Conflict, "identity.unit_ended").With("Unit", u.FullName)
	}
	return nil
}

// GiveRole gives an official one more role.
func (s *Service) GiveRole(ctx context.Context, a Actor, officialID string, t Term) error {
	if err := s.mayGive(a, t, officialID); err != nil {
		return err
	}
	if err := s.checkUnit(t.UnitID); err != nil {
		return err
	}
	var fs fault.Fields
	to := checkTerm(&fs, t.Role, t.From, t.Until)
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var o Official
		if err := tx.ForUpdate(tx.NewSelect().Model(&o).Where("o.id = ?", officialID)).Scan(ctx); err != nil {
			return fault.New(fault.NotFound, "identity.official.gone").Because(err)
		}
		return s.addMembership(ctx, tx, a, o.ID, t, to)
	})
}

func (s *Service) addMembership(ctx context.Context, tx db.Tx, a Actor, officialID string, t Term, to clock.Date) error {
	overlaps, err := tx.NewSelect().Model((*Membership)(nil)).
		Where("m.official_id = ? AND m.unit_id = ? AND m.role = ? AND m.valid_from < ? AND m.valid_to > ? AND m.valid_from < m.valid_to", officialID, t.UnitID, t.Role, to, t.From).
		Exists(ctx)
	if err != nil {
		return err
	}
	if overlaps {
		return fault.Field("role", "identity.role.already")
	}
	m := Membership{
		ID: id.New(), OfficialID: officialID, UnitID: t.UnitID, Role: t.Role, ValidFrom: t.From, ValidTo: to, GivenBy: a.ID, CreatedAt: s.clock.Now(),
	}
	if _, err := tx.NewInsert().Model(&m).Exec(ctx); err != nil {
		return err
	}
	tx.AfterCommit(s.cache.clear)
	return s.record(ctx, tx, a, t.UnitID, "identity.give_role", officialID, "role", string(t.Role), "from", string(t.From), "to", string(to))
}

// EndRole ends a role; lastDay is its last day, yesterday at the earliest: then it ends at once. A role that has not begun
// is withdrawn altogether.
func (s *Service) EndRole(ctx context.Context, a Actor, membershipID string, lastDay clock.Date) error {
	if !lastDay.Valid() {
		return fault.Field("until", "identity.term.until_invalid")
	}
	if lastDay < s.today().AddDays(-1) {
		return fault.Field("until", "identity.term.past")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var m Membership
		if err := tx.ForUpdate(tx.NewSelect().Model(&m).Where("m.id = ?", membershipID)).Scan(ctx); err != nil {
			return fault.New(fault.NotFound, "identity.role.gone").Because(err)
		}
		r := Resource{Type: "Membership", ID: m.ID, UnitID: m.UnitID, Attrs: map[string]string{"role": string(m.Role), "held_by": m.OfficialID}}
		if err := s.z.Check(a, "identity.end_role", r); err != nil {
			return err
		}
		to := max(lastDay.AddDays(1), m.ValidFrom)
		if m.ValidTo <= s.today() || m.ValidTo <= to {
			return fault.Field("until", "identity.role.ends_already")
		}
		if m.Role == RoleSystemAdmin {
			if err := s.keepOneAdmin(ctx, tx, m, to); err != nil {
				return err
			}
		}
		if _, err := tx.NewUpdate().Model((*Membership)(nil)).Set("valid_to = ?", to).Set("ended_by = ?", a.ID).Where("id = ?", m.ID).Exec(ctx); err != nil {
			return err
		}
		tx.AfterCommit(s.cache.clear)
		return s.record(ctx, tx, a, m.UnitID, "identity.end_role", m.OfficialID, "role", string(m.Role), "to", string(to))
	})
}

// keepOneAdmin refuses to leave the house without anybody who can let people in.
func (s *Service) keepOneAdmin(ctx context.Context, tx db.Tx, m Membership, to clock.Date) error {
	others, err := tx.NewSelect().Model((*Membership)(nil)).Join("JOIN identity_official AS o ON o.id = m.official_id").
		Where("m.role = ? AND m.id <> ? AND m.valid_from <= ? AND m.valid_to > ?", RoleSystemAdmin, m.ID, to, to).
		Where("o.joined_at IS NOT NULL AND o.disabled_at IS NULL").Count(ctx)
	if err != nil {
		return err
	}
	if others == 0 {
		return fault.New(fault.Conflict, "identity.role.last_admin")
	}
	return nil
}

// MembershipOf reads one role with its holder, for the page on which it is ended.
func (s *Service) MembershipOf(ctx context.Context, a Actor, membershipID string) (Person, error) {
	var p Person
	err := s.db.Read().NewSelect().TableExpr("identity_membership AS m").
		ColumnExpr("m.id AS membership_id, o.id AS official_id, o.name, o.email, m.role, m.unit_id, m.valid_from, m.valid_to, o.joined_at, o.disabled_at").
		Join("JOIN identity_official AS o ON o.id = m.official_id").Where("m.id = ?", membershipID).Scan(ctx, &p)
	if err != nil {
		return Person{}, fault.New(fault.NotFound, "identity.role.gone").Because(err)
	}
	if err := s.z.Check(a, "identity.see_people", InUnit(p.UnitID)); err != nil {
		return Person{}, fault.New(fault.NotFound, "identity.role.gone").Because(err)
	}
	return p, nil
}

// overEveryUnit checks an action on all units where the official holds or will hold a role: who may only act in one of
// them has no power over the account. An official without any role belongs to the IT team.
func (s *Service) overEveryUnit(ctx context.Context, q bun.IDB, a Actor, action, officialID string) error {
	var list []Membership
	err := q.NewSelect().Model(&list).Where("m.official_id = ? AND m.valid_to > ? AND m.valid_from < m.valid_to", officialID, s.today()).Scan(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		r := Resource{Type: "Membership", ID: m.ID, UnitID: m.UnitID, Attrs: map[string]string{"role": string(m.Role), "held_by": officialID}}
		if err := s.z.Check(a, action, r); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return s.z.Check(a, action, Resource{Type: "Membership", Attrs: map[string]string{"role": string(RoleSystemAdmin)}})
	}
	return nil
}
