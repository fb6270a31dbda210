package relief

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Households is what relief asks of the register of households; household.Service gives it.
type Households interface {
	Get(ctx context.Context, a identity.Actor, householdID string) (household.Household, error)
	Search(ctx context.Context, a identity.Actor, q household.Query) ([]household.Household, int, error)
	RecordHelp(ctx context.Context, tx db.Tx, h household.Help) error
	TakeBackHelp(ctx context.Context, tx db.Tx, source, sourceID string) error
}

// HelpSource is how the ledger of households knows what this room gave.
const HelpSource = "relief"

// DoubleDays is how far back a handover of the same goods to the same household or commune is shown before another.
const DoubleDays = 14

// HandForm is goods handed to households, each the same, or to one group.
type HandForm struct {
	WarehouseID string
	OnDate      clock.Date
	Households  []string // ids in the register; each gets all lines
	Group       string   // or a group: "Đội dân quân xã", "Bếp ăn thôn 3"
	NeedID      string
	Programme   string
	Witness     string // who signs for the residential area
	Lines       []Line // for each household, or for the group
	Why         string // why it is given although the same was given lately
	OfflineID   string
}

const maxHouseholds = 200

func (f *HandForm) check() error {
	var bad fault.Fields
	f.Group, f.Why = tidy(f.Group), tidy(f.Why)
	bad.Check((len(f.Households) > 0) != (f.Group != ""), "households", "relief.hand.who")
	bad.Check(len(f.Households) <= maxHouseholds, "households", "relief.hand.too_many")
	bad.Check(vntext.Length(f.Group) <= maxName, "group", "relief.too_long")
	bad.Check(tidy(f.Witness) != "", "witness", "relief.hand.no_witness")
	bad.Check(tidy(f.Programme) != "", "programme", "relief.hand.no_programme")
	bad.Check(vntext.Length(f.Why) <= maxNote, "why", "relief.too_long")
	if len(f.Lines) > maxLines {
		bad.Add(fault.Field("item_1", "relief.slip.too_many"))
	}
	return bad.OrNil()
}

// Double is an earlier handover of the same goods that should be looked at before another.
type Double struct {
	HouseholdID string // "" when it is the commune that was covered
	Initials    string // of the household
	UnitID      string
	Item        Item
	Qty         int64
	On          clock.Date
	Slip        string // its number
}

// HandOut hands goods to households or to a group: one slip for each, with the help written into the ledger of households
// once. When the same was handed to one of them within DoubleDays and no reason is given, nothing is booked and the earlier
// handovers come back.
func (s *Service) HandOut(ctx context.Context, a identity.Actor, f HandForm) ([]Slip, []Double, error) {
	if _, err := s.roots(a, ActionHand); err != nil {
		return nil, nil, err
	}
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	w, err := s.store.warehouse(ctx, s.DB.Read(), f.WarehouseID)
	if err != nil {
		return nil, nil, err
	}
	if err := s.Authz.Check(a, ActionHand, identity.InUnit(w.UnitID)); err != nil {
		return nil, nil, err
	}
	homes := map[string]household.Household{}
	for _, householdID := range f.Households {
		h, err := s.Homes.Get(ctx, a, householdID)
		if err != nil || h.Closed() {
			return nil, nil, fault.Field("households", "relief.hand.unknown").Because(err)
		}
		homes[h.ID] = h
	}
	doubles, err := s.doubles(ctx, w, f, homes)
	if err != nil {
		return nil, nil, err
	}
	if len(doubles) > 0 && f.Why == "" {
		known, err := s.store.sourceKnown(ctx, s.DB.Read(), handSource(f, 0))
		if err != nil || !known { // the same form again is answered as the first time
			return nil, doubles, err
		}
	}
	var out []Slip
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		out = nil
		to := f.Households
		if f.Group != "" {
			to = []string{""}
		}
		for i, householdID := range to {
			slip, err := s.handOne(ctx, tx, a, f, w, homes[householdID], handSource(f, i))
			if err != nil {
				return err
			}
			out = append(out, slip)
		}
		return nil
	})
	return out, nil, err
}

func handSource(f HandForm, i int) string {
	if f.OfflineID == "" {
		return ""
	}
	return fmt.Sprintf("offline:%s:%d", f.OfflineID, i)
}

// handOne books the handover to one household (or, without id, to the group).
func (s *Service) handOne(ctx context.Context, tx db.Tx, a identity.Actor, f HandForm, w Warehouse, h household.Household, source string) (Slip, error) {
	form := SlipForm{WarehouseID: w.ID, Kind: SlipOut, OnDate: f.OnDate, Party: f.Group, Reason: f.Why, NeedID: f.NeedID, Programme: f.Programme,
		Witness: f.Witness, Lines: f.Lines, Source: source}
	if h.ID != "" {
		form.Party = h.Initials + " · " + h.Code
	}
	if err := form.check(s.Today()); err != nil {
		return Slip{}, err
	}
	slip, err := s.postIn(ctx, tx, a, form, ActionHand)
	if err != nil || h.ID == "" {
		return slip, err
	}
	slip.HouseholdID = h.ID
	if err := s.store.update(ctx, tx, &slip, "household_id"); err != nil {
		return slip, err
	}
	what, err := s.inWords(ctx, tx, f.Lines)
	if err != nil {
		return slip, err
	}
	return slip, s.Homes.RecordHelp(ctx, tx, household.Help{HouseholdID: h.ID, Source: HelpSource, SourceID: slip.ID, Kind: household.Goods, Value: slip.Value,
		What: what, Programme: slip.Programme, On: slip.OnDate, UnitID: w.UnitID})
}

// inWords lists goods as people say them: "10 kg Gạo tẻ, 1 thùng Mì ăn liền".
func (s *Service) inWords(ctx context.Context, tx db.Tx, lines []Line) (string, error) {
	var parts []string
	for _, l := range lines {
		item, err := s.store.item(ctx, tx, l.ItemID)
		if err != nil {
			return "", err
		}
		parts = append(parts, vntext.FormatInt(l.Qty)+" "+item.Measure+" "+vntext.LowerFirst(item.Name))
	}
	return vntext.Truncate(strings.Join(parts, ", "), maxName), nil
}

// takeBack takes the help of a reversed handover out of the ledger of households.
func (s *Service) takeBack(ctx context.Context, tx db.Tx, slip Slip) error {
	if slip.HouseholdID == "" {
		return nil
	}
	return s.Homes.TakeBackHelp(ctx, tx, HelpSource, slip.ID)
}

// doubles finds handovers of the same items to the same households within DoubleDays; for a group, what groups of the same
// commune were given.
func (s *Service) doubles(ctx context.Context, w Warehouse, f HandForm, homes map[string]household.Household) ([]Double, error) {
	var items []string
	for _, l := range f.Lines {
		items = append(items, l.ItemID)
	}
	rows, err := s.store.given(ctx, s.DB.Read(), w.UnitID, f.Households, items, f.OnDate.AddDays(-DoubleDays))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	byID, err := s.store.itemsByID(ctx, s.DB.Read(), items)
	if err != nil {
		return nil, err
	}
	out := make([]Double, len(rows))
	for i, r := range rows {
		slip := Slip{Kind: SlipOut, Number: r.Number, Year: r.Year, WarehouseCode: r.Code}
		out[i] = Double{HouseholdID: r.HouseholdID, Initials: homes[r.HouseholdID].Initials, UnitID: r.UnitID, Item: byID[r.ItemID], Qty: r.Qty, On: r.OnDate, Slip: slip.FullNumber()}
	}
	slices.SortStableFunc(out, func(a, b Double) int { return strings.Compare(string(b.On), string(a.On)) })
	return out, nil
}

// FindHouseholds searches the register for those who hand goods out there: masked, at most limit.
func (s *Service) FindHouseholds(ctx context.Context, a identity.Actor, unitID, text string, limit int) ([]household.Household, error) {
	if err := s.Authz.Check(a, ActionHand, identity.InUnit(unitID)); err != nil {
		return nil, err
	}
	list, _, err := s.Homes.Search(ctx, a, household.Query{Text: text, UnitID: unitID, Page: 1, Per: limit})
	return list, err
}

type givenRow struct {
	HouseholdID, UnitID, ItemID, Code string
	Year                              int
	Number, Qty                       int64
	OnDate                            clock.Date
}

// given reads handovers since a day, of the items: to the households, or (without) to groups of the unit.
func (store) given(ctx context.Context, q bun.IDB, unitID string, households, items []string, since clock.Date) ([]givenRow, error) {
	var rows []givenRow
	if len(items) == 0 {
		return nil, nil
	}
	sel := q.NewSelect().Model((*Slip)(nil)).Join("JOIN relief_movement AS m ON m.slip_id = s.id").Join("JOIN relief_warehouse AS w ON w.id = s.warehouse_id").
		ColumnExpr("s.household_id, s.unit_id, m.item_id, w.code, s.year, s.number, s.on_date").ColumnExpr("sum(m.qty) AS qty").
		Where("s.kind = ?", SlipOut).Where("s.state = ?", SlipDone).Where("s.witness <> ''").Where("s.on_date >= ?", since).Where("m.item_id IN (?)", bun.In(items))
	if len(households) > 0 {
		sel = sel.Where("s.household_id IN (?)", bun.In(households))
	} else {
		sel = sel.Where("s.household_id = ''").Where("s.unit_id = ?", unitID)
	}
	return rows, sel.GroupExpr("s.household_id, s.unit_id, m.item_id, w.code, s.year, s.number, s.on_date, s.created_at").OrderExpr("s.created_at DESC").Limit(100).Scan(ctx, &rows)
}

func (store) sourceKnown(ctx context.Context, q bun.IDB, source string) (bool, error) {
	if source == "" {
		return false, nil
	}
	return q.NewSelect().Model((*Slip)(nil)).Where("s.source = ?", source).Exists(ctx)
}

type tidyArgs struct{}

// Kind implements jobs.Args.
func (tidyArgs) Kind() string { return "relief.tidy" }

// NeedStale is published when nobody has confirmed an open need for 48 hours.
type NeedStale struct {
	NeedID string `json:"need"`
	UnitID string `json:"unit"`
}

// Kind implements jobs.Event.
func (NeedStale) Kind() string { return "relief.need_stale" }

// tidyUp frees reservations that ran out and nudges those who have not confirmed a need for 48 hours. It may run at any time
// and twice.
func (s *Service) tidyUp(ctx context.Context) error {
	ids, err := s.store.expiredMatches(ctx, s.DB.Read(), s.Clock.Now())
	if err != nil {
		return err
	}
	for _, matchID := range ids {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			m, err := s.store.match(ctx, tx, matchID)
			if err != nil || m.State != MatchReserved || m.ExpiresAt.After(s.Clock.Now()) {
				return err
			}
			return s.endMatch(ctx, tx, &m, MatchExpired, "")
		})
		if err != nil {
			return err
		}
	}
	return s.nudge(ctx)
}

// nudge publishes one event for each need that has grown stale since it was last confirmed.
func (s *Service) nudge(ctx context.Context) error {
	now := s.moment()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var list []Need
		sel := tx.NewSelect().Model(&list).Where("n.state IN (?)", bun.In(openNeeds)).Where("n.confirmed_at < ?", now.stale).
			Where("n.nudged_at IS NULL OR n.nudged_at < n.confirmed_at").Limit(500)
		if err := tx.ForUpdate(sel).Scan(ctx); err != nil {
			return err
		}
		for _, n := range list {
			n.NudgedAt = now.now
			if err := s.store.update(ctx, tx, &n, "nudged_at"); err != nil {
				return err
			}
			if err := s.Queue.Publish(ctx, tx, NeedStale{NeedID: n.ID, UnitID: n.UnitID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Waiting is what waits for an official who looks after needs or a warehouse, for the list of today.
type Waiting struct {
	Stale    []Need // of the own units: confirm them
	Offers   int    // new offers that nobody has looked at
	Incoming []Slip // transfers on their way to the own warehouses
	Expiring int    // lots that spoil within two weeks
}

// WaitingFor lists what waits for the actor; each part only when they may do something about it.
func (s *Service) WaitingFor(ctx context.Context, a identity.Actor) (Waiting, error) {
	var out Waiting
	var err error
	if roots := s.Authz.Scope(a, ActionNeed); len(roots) > 0 {
		if out.Stale, _, err = s.store.needs(ctx, s.DB.Read(), roots, s.Today(), NeedQuery{View: ViewStale, Page: 1, Per: 20}, nil, s.moment()); err != nil {
			return out, err
		}
	}
	if s.Authz.CanSomewhere(a, ActionMatch) {
		n, err := s.DB.Read().NewSelect().Model((*Offer)(nil)).Where("state = ?", OfferNew).Count(ctx)
		if err != nil {
			return out, err
		}
		out.Offers = int(n)
	}
	if s.Authz.CanSomewhere(a, ActionStore) {
		list, err := s.Expiring(ctx, a)
		if err != nil {
			return out, err
		}
		out.Expiring = len(list)
		ws, err := s.Warehouses(ctx, a)
		if err != nil || len(ws) == 0 {
			return out, err
		}
		ids := make([]string, len(ws))
		for i, w := range ws {
			ids[i] = w.ID
		}
		if out.Incoming, err = s.store.incoming(ctx, s.DB.Read(), ids); err != nil {
			return out, err
		}
	}
	return out, nil
}
