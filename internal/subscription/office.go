package subscription

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// The actions of officials.
const (
	ActionSee      = "subscription.see"
	ActionExport   = "subscription.export"
	ActionSettings = "subscription.settings"
)

// Tally is how telling one thing went at one door.
type Tally struct {
	Door    Door
	Readers int // who wished to be told
	Waiting int // for their hour
	Sent    int // taken by the mail server or push service
	Unsure  int // the line broke at the last word: not told again
	Failed  int // refused, or came back
}

func (t *Tally) add(state itemState, n int) {
	if state != itemDropped {
		t.Readers += n
	}
	switch state {
	case itemWaiting, itemSending:
		t.Waiting += n
	case itemSent:
		t.Sent += n
	case itemUnsure:
		t.Unsure += n
	case itemFailed, itemBounced:
		t.Failed += n
	}
}

// Told tells how telling a thing went, by door; for features that have checked their own actor. Numbers alone.
func (s *Service) Told(ctx context.Context, kind, thingID string) ([]Tally, error) {
	all, err := s.tallies(ctx, []thingRow{{Kind: kind, ThingID: thingID}})
	return all[kind+thingID], err
}

// tallies counts for many things at once.
func (s *Service) tallies(ctx context.Context, things []thingRow) (map[string][]Tally, error) {
	out := map[string][]Tally{}
	if len(things) == 0 {
		return out, nil
	}
	ids := make([]string, len(things))
	for i, g := range things {
		ids[i] = g.ThingID
	}
	var rows []struct {
		Kind, ThingID string
		Door          Door
		State         itemState
		N             int
	}
	err := s.DB.Read().NewRaw(`SELECT kind, thing_id, door, state, COUNT(*) AS n FROM subscription_item WHERE thing_id IN (?) GROUP BY kind, thing_id, door, state
		UNION ALL SELECT kind, thing_id, door, state, n FROM subscription_tally WHERE thing_id IN (?)`, bun.In(ids), bun.In(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].Door < rows[j].Door })
	for _, r := range rows {
		key := r.Kind + r.ThingID
		list := out[key]
		if len(list) == 0 || list[len(list)-1].Door != r.Door {
			list = append(list, Tally{Door: r.Door})
		}
		list[len(list)-1].add(r.State, r.N)
		out[key] = list
	}
	return out, nil
}

// Counted is how many readers chose a topic.
type Counted struct {
	Topic
	Email, Browser, Zalo int
}

func (c *Counted) add(d Door, n int) {
	switch d {
	case Email:
		c.Email += n
	case Zalo:
		c.Zalo += n
	default:
		c.Browser += n
	}
}

// Sheet is what officials see of their readers: numbers.
type Sheet struct {
	Topics  []Counted
	Email   int // readers with at least one topic here
	Browser int
	Zalo    int
	Price   int64 // of one message to a telephone, in đồng; 0 while none can be sent
	History []Past
}

// Past is one thing that was told.
type Past struct {
	Kind, ThingID, UnitID, Title string
	At                           time.Time
	By                           []Tally
}

// Day is what happened at one door on one day.
type Day struct {
	Day  clock.Date
	Door Door
	What string // joined, left, hard, soft, complaint
	N    int
}

// historyLen is how many past things a sheet shows.
const historyLen = 20

// Sheet gives the readers of a unit and of those below it, by topic, and what they were told last.
func (s *Service) Sheet(ctx context.Context, a identity.Actor, unitID string) (Sheet, error) {
	var out Sheet
	if err := s.Authz.Check(a, ActionSee, identity.Resource{Type: "Readers", ID: unitID, UnitID: unitID}); err != nil {
		return out, err
	}
	units := s.Forest().Subtree(unitID, s.today())
	var rows []struct {
		Kind, UnitID, Category string
		Below                  bool
		Door                   Door
		N                      int
	}
	base := func() *bun.SelectQuery {
		return s.DB.Read().NewSelect().TableExpr("subscription_topic AS t").Join("JOIN subscription_reader AS r ON r.id = t.reader_id").
			Where("t.confirmed_at IS NOT NULL").Where("r.confirmed_at IS NOT NULL").Where("t.unit_id IN (?)", bun.In(units))
	}
	if err := base().ColumnExpr("t.kind, t.unit_id, t.category, t.below, r.door, COUNT(*) AS n").GroupExpr("t.kind, t.unit_id, t.category, t.below, r.door").
		OrderExpr("n DESC, t.unit_id, t.kind, t.category").Scan(ctx, &rows); err != nil {
		return out, err
	}
	at := map[Topic]int{}
	for _, r := range rows {
		t := Topic{Kind: r.Kind, UnitID: r.UnitID, Below: r.Below, Category: r.Category}
		i, ok := at[t]
		if !ok {
			i = len(out.Topics)
			at[t] = i
			out.Topics = append(out.Topics, Counted{Topic: t})
		}
		out.Topics[i].add(r.Door, r.N)
	}
	var doors []struct {
		Door Door
		N    int
	}
	if err := base().ColumnExpr("r.door, COUNT(DISTINCT r.id) AS n").GroupExpr("r.door").Scan(ctx, &doors); err != nil {
		return out, err
	}
	var all Counted
	for _, d := range doors {
		all.add(d.Door, d.N)
	}
	out.Email, out.Browser, out.Zalo = all.Email, all.Browser, all.Zalo
	var err error
	if out.Price, _, err = s.PhoneOffer(ctx); err != nil {
		return out, err
	}
	return out, s.past(ctx, &out, units)
}

func (s *Service) past(ctx context.Context, out *Sheet, units []string) error {
	var things []thingRow
	if err := s.DB.Read().NewSelect().Model(&things).Where("g.unit_id IN (?)", bun.In(units)).OrderExpr("g.at DESC, g.thing_id").Limit(historyLen).Scan(ctx, &things); err != nil {
		return err
	}
	by, err := s.tallies(ctx, things)
	if err != nil {
		return err
	}
	for _, g := range things {
		out.History = append(out.History, Past{Kind: g.Kind, ThingID: g.ThingID, UnitID: g.UnitID, Title: g.Title, At: g.At, By: by[g.Kind+g.ThingID]})
	}
	return nil
}

// Days tells what happened at the doors in the last thirty days: readers that came and went, letters that came back,
// complaints. It is of the whole house.
func (s *Service) Days(ctx context.Context, a identity.Actor) ([]Day, error) {
	if err := s.Authz.Check(a, ActionSettings, identity.Resource{Type: "Readers", ID: "house"}); err != nil {
		return nil, err
	}
	var out []Day
	err := s.DB.Read().NewRaw("SELECT day, door, what, n FROM subscription_day WHERE day > ? ORDER BY day DESC, door, what", clock.DateOf(s.Clock.Now().AddDate(0, 0, -30))).Scan(ctx, &out)
	return out, err
}

// Export gives the addresses of the e-mail readers of a unit's own topics, for its administrator, who says why. The reason
// and the number are written into the diary before the addresses are given.
func (s *Service) Export(ctx context.Context, a identity.Actor, unitID, reason string) ([]string, error) {
	if err := s.Authz.Check(a, ActionExport, identity.Resource{Type: "Readers", ID: unitID, UnitID: unitID}); err != nil {
		return nil, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, fault.Field("reason", "subscription.office.reason_missing")
	}
	var rows []readerRow
	err := s.DB.Read().NewSelect().Model(&rows).Where("r.door = ?", Email).Where("r.confirmed_at IS NOT NULL").
		Where("EXISTS (SELECT 1 FROM subscription_topic AS t WHERE t.reader_id = r.id AND t.unit_id = ? AND t.confirmed_at IS NOT NULL)", unitID).Order("r.id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		x, err := s.open(r)
		if err != nil {
			return nil, err
		}
		out[i] = x.Email
	}
	sort.Strings(out)
	return out, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: unitID, Action: ActionExport, ResourceType: "Readers", ResourceID: unitID,
			Details: map[string]string{"reason": reason, "count": strconv.Itoa(len(out))}})
	})
}
