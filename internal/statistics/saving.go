package statistics

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Prices is what the estimate of savings is reckoned with.
type Prices struct {
	Sheets       int64     // of paper in one letter
	Sheet        money.VND // one sheet, printed
	Stamp        money.VND // one letter by post
	Meetings     int64     // online meetings in a month
	Participants int64     // of one meeting
	Journey      money.VND // one participant's way there and back
}

// UsualPrices are taken until a unit sets its own.
func UsualPrices() Prices { return Prices{Sheets: 2, Sheet: 500, Stamp: 4000} }

// Saving is an estimate with everything it is made of, so that it can be reckoned again by hand.
type Saving struct {
	Prices

	Posts   int // each one a letter that was not printed and posted
	Days    int
	Paper   money.VND // Posts × Sheets × Sheet
	Postage money.VND // Posts × Stamp
	Travel  money.VND // Meetings × Days ÷ 30 × Participants × Journey
}

// Total is all of it.
func (s Saving) Total() money.VND { return s.Paper + s.Postage + s.Travel }

// Saving reckons what was saved when so many posts went out in so many days.
func (p Prices) Saving(posts, days int) Saving {
	n := money.VND(posts)
	return Saving{Prices: p, Posts: posts, Days: days, Paper: n * money.VND(p.Sheets) * p.Sheet, Postage: n * p.Stamp,
		Travel: money.VND(p.Meetings) * money.VND(days) * money.VND(p.Participants) * p.Journey / 30}
}

const (
	maxCount = 100_000
	maxPrice = money.VND(100_000_000)
)

func (p Prices) check() error {
	var bad fault.Fields
	for _, x := range []struct {
		field string
		n     int64
	}{{"sheets", p.Sheets}, {"meetings", p.Meetings}, {"participants", p.Participants}} {
		if x.n < 0 || x.n > maxCount {
			bad = append(bad, fault.Field(x.field, "statistics.price.count").With("Limit", maxCount))
		}
	}
	for _, x := range []struct {
		field string
		v     money.VND
	}{{"sheet", p.Sheet}, {"stamp", p.Stamp}, {"journey", p.Journey}} {
		if x.v < 0 || x.v > maxPrice {
			bad = append(bad, fault.Field(x.field, "statistics.price.amount").With("Limit", maxPrice.String()))
		}
	}
	return bad.OrNil()
}

func (s *Service) pricesOf(ctx context.Context, unitID string) (Prices, error) {
	return s.store.prices(ctx, s.DB.Read(), append([]string{unitID}, s.Forest().AncestorIDs(unitID, s.today())...))
}

// Settings is what a unit reckons with.
type Settings struct {
	Prices    Prices
	Mountains []Commune // every commune below the unit
	Districts []orgunit.Unit
}

// Commune is one commune, and whether it is compared as one of the mountains.
type Commune struct {
	orgunit.Unit

	Mountain bool
}

// Settings gives what a unit reckons with, to an actor who may set it.
func (s *Service) Settings(ctx context.Context, actor identity.Actor, unitID string) (Settings, error) {
	if err := s.Authz.Check(actor, ActionSet, identity.InUnit(unitID)); err != nil {
		return Settings{}, err
	}
	prices, err := s.pricesOf(ctx, unitID)
	if err != nil {
		return Settings{}, err
	}
	out := Settings{Prices: prices}
	marked, err := s.store.mountains(ctx, s.DB.Read())
	if err != nil {
		return Settings{}, err
	}
	f, today := s.Forest(), s.today()
	for _, u := range f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, unitID, today) {
		out.Mountains = append(out.Mountains, Commune{u, marked[u.ID]})
	}
	out.Districts = f.AtLevel(orgunit.LevelDistrict, orgunit.KindFront, unitID, lastDistricts)
	return out, nil
}

// lastDistricts is the last day on which districts stood everywhere.
const lastDistricts = clock.Date("2025-06-30")

// SetPrices sets what a unit reckons with.
func (s *Service) SetPrices(ctx context.Context, actor identity.Actor, unitID string, p Prices) error {
	if err := s.Authz.Check(actor, ActionSet, identity.InUnit(unitID)); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.setPrices(ctx, tx, unitID, p, actor.ID, s.Clock.Now()); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: ActionSet, ResourceType: "Statistics", ResourceID: unitID})
	})
}

// SetMountains says which communes below a unit lie in the mountains; the others below it do not.
func (s *Service) SetMountains(ctx context.Context, actor identity.Actor, unitID string, chosen []string) error {
	if err := s.Authz.Check(actor, ActionSet, identity.InUnit(unitID)); err != nil {
		return err
	}
	is := map[string]bool{}
	for _, u := range chosen {
		is[u] = true
	}
	var set, rest []string
	for _, u := range s.Forest().AtLevel(orgunit.LevelCommune, orgunit.KindFront, unitID, s.today()) {
		if is[u.ID] {
			set = append(set, u.ID)
		} else {
			rest = append(rest, u.ID)
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.setMountains(ctx, tx, set, rest); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: ActionSet, ResourceType: "Statistics", ResourceID: unitID})
	})
}

// CommunesOf lists the communes of today that a former district, or any other unit, lives on in: those below it and those
// into which its communes went.
func (s *Service) CommunesOf(unitID string) []string {
	f, today := s.Forest(), s.today()
	var out []string
	seen := map[string]bool{}
	for _, u := range f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, unitID, lastDistricts) {
		for _, heir := range append(f.Successors(u.ID, today), u) {
			if heir.Stands(today) && !seen[heir.ID] {
				seen[heir.ID] = true
				out = append(out, heir.ID)
			}
		}
	}
	return out
}
