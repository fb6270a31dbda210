package disclosure

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// DutyKind is something that law wants published about a relief appeal.
type DutyKind string

// The duties of Decree 93/2021/NĐ-CP, article 14(4).
const (
	DutyAppeal   DutyKind = "appeal"   // the call itself, at once
	DutyWay      DutyKind = "way"      // time, place and way of taking gifts: 1 to 3 days before
	DutyReceived DutyKind = "received" // totals received: within 15 days after the last day of taking
	DutyWho      DutyKind = "who"      // who is helped, by which policy, with how much: from the day on which distribution begins
	DutyGiven    DutyKind = "given"    // results of distribution: within 30 days after its end
)

// The days of article 14(4) and (5).
const (
	wayDays      = 1
	receivedDays = 15
	givenDays    = 30
	keepDays     = 30
)

// DutyState is how a duty stands.
type DutyState string

// The states of a duty.
const (
	DutyDue   DutyState = "due"
	DutySoon  DutyState = "soon" // within three days
	DutyLate  DutyState = "late"
	DutyShown DutyState = "shown" // done, and must stay to be seen
	DutyKept  DutyState = "kept"  // done and shown long enough
)

const soonDays = 3

// Duty is one thing that must be published.
type Duty struct {
	Appeal    fund.Appeal
	Kind      DutyKind
	Due       clock.Date
	State     DutyState
	DoneAt    time.Time // zero while it is not done
	DoneBy    string    // name of who said so; "" is the house itself
	Place     string    // where else it was published
	Note      string
	KeepUntil clock.Date
	Lines     int64 // of the statement when it was done
	Amount    money.VND
}

type dutyRow struct {
	bun.BaseModel `bun:"table:disclosure_duty,alias:d"`

	ID        string `bun:",pk"`
	AppealID  string
	Kind      string
	DoneAt    time.Time
	DoneBy    string
	DoneName  string
	Place     string
	Note      string
	KeepUntil clock.Date
	Lines     int64
	Amount    money.VND
}

// due lists what the law wants published about an appeal, and by when. Only relief is ruled by the decree. The day on which
// the first money was handed out is "" as long as none was.
func due(a fund.Appeal, handedOut clock.Date) []Duty {
	if a.FundKind != fund.FundRelief {
		return nil
	}
	opened := clock.DateOf(a.CreatedAt)
	list := []Duty{
		{Kind: DutyAppeal, Due: opened},
		{Kind: DutyWay, Due: max(a.Opens.AddDays(-wayDays), opened)},
		{Kind: DutyReceived, Due: a.Closes.AddDays(receivedDays)},
	}
	if handedOut != "" {
		list = append(list, Duty{Kind: DutyWho, Due: handedOut})
	}
	if a.SpendsUntil != "" {
		list = append(list, Duty{Kind: DutyGiven, Due: a.SpendsUntil.AddDays(givenDays)})
	}
	for i := range list {
		list[i].Appeal = a
	}
	return list
}

// Duties lists what must be published about the appeals that the actor sees: late first, then by the day it is due, then what
// is done.
func (s *Service) Duties(ctx context.Context, actor identity.Actor) ([]Duty, error) {
	appeals, err := s.Books.AllAppeals(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	done, err := s.store.duties(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	var out []Duty
	for _, a := range appeals {
		if s.Authz.Check(actor, ActionSee, identity.Resource{Type: "Appeal", ID: a.ID, UnitID: a.UnitID}) != nil {
			continue
		}
		list, err := s.due(ctx, a)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			d.stand(done[a.ID+" "+string(d.Kind)], s.today())
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Duty) int {
		if x, y := a.DoneAt.IsZero(), b.DoneAt.IsZero(); x != y {
			if x {
				return -1
			}
			return 1
		}
		if a.DoneAt.IsZero() {
			return strings.Compare(string(a.Due), string(b.Due))
		}
		return b.DoneAt.Compare(a.DoneAt)
	})
	return out, nil
}

// due asks when the money of an appeal began to be handed out, and lists its duties.
func (s *Service) due(ctx context.Context, a fund.Appeal) ([]Duty, error) {
	if s.HandedOut == nil || a.FundKind != fund.FundRelief {
		return due(a, ""), nil
	}
	first, err := s.HandedOut(ctx, s.DB.Read(), a.ID)
	return due(a, first), err
}

// stand says how a duty stands. The call itself is published by this house the moment an appeal is opened.
func (d *Duty) stand(r *dutyRow, today clock.Date) {
	if r == nil && d.Kind == DutyAppeal {
		r = &dutyRow{DoneAt: d.Appeal.CreatedAt, KeepUntil: clock.DateOf(d.Appeal.CreatedAt).AddDays(keepDays)}
	}
	if r != nil {
		d.DoneAt, d.DoneBy, d.Place, d.Note, d.KeepUntil, d.Lines, d.Amount = r.DoneAt.UTC(), r.DoneName, r.Place, r.Note, r.KeepUntil, r.Lines, r.Amount
		if d.State = DutyKept; today <= d.KeepUntil {
			d.State = DutyShown
		}
		return
	}
	switch {
	case today > d.Due:
		d.State = DutyLate
	case today.AddDays(soonDays) >= d.Due:
		d.State = DutySoon
	default:
		d.State = DutyDue
	}
}

// Published is what a publisher says about a duty.
type Published struct {
	Code  string // of the appeal
	Kind  DutyKind
	Place string // where else it was published, beside this house: required by article 14(3)
	Note  string
}

const maxPlace = 300

// Publish notes that a duty is done. The statement itself is public all the time; law wants one place more, and a person who
// answers for it.
func (s *Service) Publish(ctx context.Context, actor identity.Actor, in Published) error {
	st, err := s.Statement(ctx, in.Code)
	if err != nil {
		return err
	}
	if err := s.mayPublish(actor, ActionPublish, st.Appeal); err != nil {
		return err
	}
	duties, err := s.due(ctx, st.Appeal)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(duties, func(d Duty) bool { return d.Kind == in.Kind }) {
		return fault.New(fault.NotFound, "disclosure.duty_none")
	}
	in.Place, in.Note = strings.TrimSpace(in.Place), strings.TrimSpace(in.Note)
	var fs fault.Fields
	fs.Check(utf8.RuneCountInString(in.Place) >= 5 && utf8.RuneCountInString(in.Place) <= maxPlace, "place", "disclosure.place")
	fs.Check(utf8.RuneCountInString(in.Note) <= maxPlace, "note", "disclosure.note")
	if in.Kind == DutyReceived && s.today() <= st.Closes {
		fs.Add(fault.Field("kind", "disclosure.too_early").With("Day", st.Closes.AddDays(1).Vietnamese()))
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row := dutyRow{ID: id.New(), AppealID: st.ID, Kind: string(in.Kind), DoneAt: s.Clock.Now(), DoneBy: actor.ID, DoneName: actor.Name, Place: in.Place, Note: in.Note,
			KeepUntil: s.today().AddDays(keepDays), Lines: st.Lines, Amount: st.Amount}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			if db.IsUnique(err) {
				return fault.New(fault.Conflict, "disclosure.duty_done").Because(err)
			}
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: st.UnitID, Action: ActionPublish, ResourceType: "Appeal", ResourceID: st.ID,
			Details: map[string]string{"duty": string(in.Kind), "place": in.Place}})
	})
}

// Waiting counts what is late and what is due within three days, for the actor.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) (late, soon int, err error) {
	list, err := s.Duties(ctx, actor)
	for _, d := range list {
		switch d.State {
		case DutyLate:
			late++
		case DutySoon:
			soon++
		}
	}
	return late, soon, err
}

// duties gives what was noted, by appeal and kind.
func (store) duties(ctx context.Context, q bun.IDB) (map[string]*dutyRow, error) {
	var rows []dutyRow
	err := q.NewSelect().Model(&rows).Scan(ctx)
	out := make(map[string]*dutyRow, len(rows))
	for i, r := range rows {
		out[r.AppealID+" "+r.Kind] = &rows[i]
	}
	return out, err
}
