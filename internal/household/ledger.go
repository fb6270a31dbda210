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

// Bind makes a help that another room has written down a part of a matter, "housing:ID", inside the transaction of the room that
// answers for the matter. A help that is a part of something else already, or is not the household's, is a Conflict fault.
func (s *Service) Bind(ctx context.Context, tx db.Tx, householdID, source, sourceID, matter string) error {
	return s.bind(ctx, tx, householdID, source, sourceID, "", matter)
}

// Unbind undoes Bind.
func (s *Service) Unbind(ctx context.Context, tx db.Tx, householdID, source, sourceID, matter string) error {
	return s.bind(ctx, tx, householdID, source, sourceID, matter, "")
}

func (s *Service) bind(ctx context.Context, tx db.Tx, householdID, source, sourceID, from, to string) error {
	ok, err := s.store.setMatter(ctx, tx, householdID, source, sourceID, from, to)
	if err == nil && !ok {
		return fault.New(fault.Conflict, "household.help_bound")
	}
	return err
}

// PartsOf lists the helps that are parts of a matter, without the one that stands for the whole. Q is a transaction, or the
// reading connection; the calling room has checked its actor.
func (s *Service) PartsOf(ctx context.Context, q bun.IDB, matter string) ([]Help, error) {
	return s.store.helps(ctx, q, func(sel *bun.SelectQuery) *bun.SelectQuery {
		return sel.Where("g.matter = ?", matter).Where("g.matter <> ''").Where("g.whole = ?", false)
	})
}

// Parts adds up the parts of every matter whose name begins with the prefix, "housing:", for reports.
func (s *Service) Parts(ctx context.Context, q bun.IDB, prefix string) (map[string]money.VND, error) {
	var rows []struct {
		Matter string
		Sum    money.VND
	}
	err := q.NewSelect().Model((*helpRow)(nil)).ColumnExpr("g.matter").ColumnExpr("sum(g.value) AS sum").Where("g.matter >= ?", prefix).Where("g.matter < ?", prefix+"~").
		Where("g.whole = ?", false).GroupExpr("g.matter").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	out := make(map[string]money.VND, len(rows))
	for _, r := range rows {
		out[r.Matter] = r.Sum
	}
	return out, nil
}

// once takes what is written down as a part of a matter off the help that stands for the whole of it.
func once(list []Help) []Help {
	parts := map[string]money.VND{}
	for _, h := range list {
		if h.Matter != "" && !h.Whole {
			parts[h.Matter] += h.Value
		}
	}
	for i, h := range list {
		if h.Whole && h.Matter != "" {
			list[i].Value = max(0, h.Value-parts[h.Matter])
		}
	}
	return list
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

// HelpOf lists what a household was given, by whoever, the latest first. The values add up: a help that stands for the whole of
// a matter has the value that its parts leave over.
func (s *Service) HelpOf(ctx context.Context, actor identity.Actor, householdID string) ([]Help, error) {
	if _, err := s.Get(ctx, actor, householdID); err != nil {
		return nil, err
	}
	return s.helpOf(ctx, householdID)
}

func (s *Service) helpOf(ctx context.Context, householdID string) ([]Help, error) {
	list, err := s.store.helps(ctx, s.DB.Read(), func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("g.household_id = ?", householdID) })
	return once(list), err
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
