package household

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// RecordHelp writes down that a household was given something, inside the transaction of the room that gave it. It can be
// called again: the same source and id is one help, which then says what was said last. The calling room has checked its
// actor and writes its own audit line. An unknown household is a NotFound fault.
func (s *Service) RecordHelp(ctx context.Context, tx db.Tx, h Help) error {
	h.What, h.Programme = tidy(h.What), tidy(h.Programme)
	if err := h.Check(); err != nil {
		return err
	}
	if _, err := s.store.byID(ctx, tx, h.HouseholdID); err != nil {
		return err
	}
	return s.store.putHelp(ctx, tx, h, s.Clock.Now())
}

// TakeBackHelp takes a help out of the ledger, because the giving was reversed; nothing happens when it is not there.
func (s *Service) TakeBackHelp(ctx context.Context, tx db.Tx, source, sourceID string) error {
	return s.store.dropHelp(ctx, tx, source, sourceID)
}

// Recorded gives the help that a room has written down under an id; a NotFound fault when there is none.
func (s *Service) Recorded(ctx context.Context, tx db.Tx, source, sourceID string) (Help, error) {
	list, err := s.store.helps(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("g.source = ?", source).Where("g.source_id = ?", sourceID)
	})
	if err != nil {
		return Help{}, err
	}
	if len(list) == 0 {
		return Help{}, fault.New(fault.NotFound, "household.help_not_found")
	}
	return list[0], nil
}

// HelpOf lists what a household was given, by whoever, the latest first.
func (s *Service) HelpOf(ctx context.Context, actor identity.Actor, householdID string) ([]Help, error) {
	if _, err := s.Get(ctx, actor, householdID); err != nil {
		return nil, err
	}
	return s.helpOf(ctx, householdID)
}

func (s *Service) helpOf(ctx context.Context, householdID string) ([]Help, error) {
	return s.store.helps(ctx, s.DB.Read(), func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("g.household_id = ?", householdID) })
}

// Warnings lists what should be looked at before the household is given help of the kind today. See WarningsFor.
func (s *Service) Warnings(ctx context.Context, actor identity.Actor, householdID string, kind HelpKind) ([]Warning, error) {
	return s.WarningsFor(ctx, actor, householdID, kind, "")
}

// WarningsFor is Warnings for a help of a programme: what the same programme gave in this year counts too, in any form.
func (s *Service) WarningsFor(ctx context.Context, actor identity.Actor, householdID string, kind HelpKind, programme string) ([]Warning, error) {
	helps, err := s.HelpOf(ctx, actor, householdID)
	if err != nil {
		return nil, err
	}
	return Warn(helps, kind, programme, s.today()), nil
}

// YearSum is what a household was given in one year, by form; each help stands in one form only.
type YearSum struct {
	Year               int
	Cash, Goods, House money.VND
	Count              int
}

// All is the whole value of the year.
func (y YearSum) All() money.VND { return y.Cash + y.Goods + y.House }

// SumByYear adds helps up, the latest year first.
func SumByYear(helps []Help) []YearSum {
	var out []YearSum
	at := map[int]int{}
	for _, h := range helps { // the latest help comes first
		y := h.On.Time().Year()
		i, ok := at[y]
		if !ok {
			i = len(out)
			at[y] = i
			out = append(out, YearSum{Year: y})
		}
		out[i].Count++
		switch h.Kind {
		case Cash:
			out[i].Cash += h.Value
		case Goods:
			out[i].Goods += h.Value
		case House:
			out[i].House += h.Value
		}
	}
	return out
}
