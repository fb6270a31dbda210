package deadline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Term is one row of the table of clocks.
type Term struct {
	ID         string
	Kind       feedback.Kind
	Category   string     // "": every category
	UnitID     string     // the body that holds the case; "": every body
	Days       int        // working days
	Source     string     // legal source
	From, To   clock.Date // To: the first day on which it no longer holds
	MadeAt     time.Time  // zero: delivered with the program
	MadeByName string
	Reason     string
}

// Holds tells whether the row is in force on the day.
func (t Term) Holds(on clock.Date) bool { return t.From <= on && on < t.To }

// The bounds of what a row may say.
const (
	MaxDays   = 60
	maxSource = 300
	maxReason = 500
)

// Law is how many working days the law gives at the most for the first handling of a kind: a denunciation 7 (Law
// 25/2018/QH14, article 24), a complaint 10 (Law 02/2011/QH13, article 27), reports and petitions 10 (Law 42/2013/QH13,
// article 28). A body may promise less, never more.
func Law(k feedback.Kind) int {
	if k == feedback.Denunciation {
		return 7
	}
	return 10
}

// Terms lists the table with its history: what holds today first, then what will, then what no longer does.
func (s *Service) Terms(ctx context.Context, actor identity.Actor) ([]Term, error) {
	if !s.Cases.Authz.CanSomewhere(actor, ActionEdit) {
		return nil, s.Cases.Authz.Check(actor, ActionEdit, s.scope(""))
	}
	list, err := s.store.terms(ctx, s.db().Read())
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(t Term) bool { // rows of other bodies are theirs
		return t.UnitID != "" && s.Cases.Authz.Check(actor, ActionEdit, s.scope(t.UnitID)) != nil
	})
	today := s.today()
	rank := func(t Term) int {
		switch {
		case t.Holds(today):
			return 0
		case t.From > today:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b Term) int { return rank(a) - rank(b) })
	return list, nil
}

// SetTerm puts a new row into the table. The row of the same kind, category and body that holds on its first day ends there;
// cases that are running keep the days that were printed on their receipts.
func (s *Service) SetTerm(ctx context.Context, actor identity.Actor, t Term) (Term, error) {
	if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope(t.UnitID)); err != nil {
		return Term{}, err
	}
	t.Source, t.Reason = line(t.Source), line(t.Reason)
	if t.From == "" {
		t.From = s.today()
	}
	if err := s.check(t); err != nil {
		return Term{}, err
	}
	t.ID, t.To, t.MadeAt, t.MadeByName = id.New(), forever, s.now(), actor.Name
	err := s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		next, err := s.store.endBefore(ctx, tx, t)
		if err != nil {
			return err
		}
		if next != "" {
			t.To = next
		}
		if err := s.store.insertTerm(ctx, tx, t, actor.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, t, "deadline.set")
	})
	s.Cases.ForgetTerms()
	return t, err
}

const forever clock.Date = "9999-12-31"

func (s *Service) check(t Term) error {
	var fs fault.Fields
	fs.Check(t.Kind.Valid(), "kind", "feedback.kind_unknown")
	if t.Days < 1 || t.Days > Law(t.Kind) {
		fs.Add(fault.Field("days", "deadline.days_bad").With("Limit", Law(t.Kind)))
	}
	fs.Check(t.Source != "", "source", "deadline.source_required")
	fs.Check(vntext.Length(t.Source) <= maxSource, "source", "deadline.too_long")
	fs.Check(t.Reason != "", "reason", "feedback.reason_required")
	fs.Check(vntext.Length(t.Reason) <= maxReason, "reason", "deadline.too_long")
	_, err := clock.ParseDate(string(t.From))
	fs.Check(err == nil, "from", "deadline.date_bad")
	fs.Check(err != nil || t.From >= s.today(), "from", "deadline.from_past")
	if t.UnitID != "" {
		u := s.Cases.Unit(t.UnitID)
		fs.Check(u.FullName != "" && u.Stands(s.today()), "unit", "feedback.unit_unknown")
	}
	return fs.OrNil()
}

// EndTerm ends a row from tomorrow on; what stands above it holds from then on. The rows that the law gives for every
// category and body cannot be ended, only replaced.
func (s *Service) EndTerm(ctx context.Context, actor identity.Actor, termID, why string) error {
	why = line(why)
	if why == "" {
		return fault.Field("reason", "feedback.reason_required")
	}
	err := s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		t, err := s.store.term(ctx, tx, termID)
		if err != nil {
			return err
		}
		if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope(t.UnitID)); err != nil {
			return err
		}
		if t.Category == "" && t.UnitID == "" {
			return fault.New(fault.Conflict, "deadline.base_stays")
		}
		tomorrow := s.today().AddDays(1)
		if t.To <= tomorrow {
			return fault.New(fault.Conflict, "deadline.ended")
		}
		t.Reason = why
		if err := s.store.endTerm(ctx, tx, t.ID, max(tomorrow, t.From)); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, t, "deadline.end")
	})
	s.Cases.ForgetTerms()
	return err
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, t Term, action string) error {
	return s.Cases.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: s.scope(t.UnitID).UnitID, Action: action, ResourceType: "Term", ResourceID: t.ID,
		Details: map[string]string{"kind": string(t.Kind), "category": t.Category, "days": strconv.Itoa(t.Days), "from": string(t.From), "source": t.Source, "reason": t.Reason}})
}

type termRow struct {
	bun.BaseModel `bun:"table:feedback_clock,alias:t"`
	ID            string `bun:",pk"`
	Kind          string
	Category      string
	UnitID        string
	Days          int
	Source        string
	ValidFrom     clock.Date
	ValidTo       clock.Date
	MadeAt        time.Time `bun:",nullzero"`
	MadeBy        string
	MadeByName    string
	Reason        string
}

func (r termRow) domain() Term {
	return Term{ID: r.ID, Kind: feedback.Kind(r.Kind), Category: r.Category, UnitID: r.UnitID, Days: r.Days, Source: r.Source, From: r.ValidFrom, To: r.ValidTo,
		MadeAt: r.MadeAt.UTC(), MadeByName: r.MadeByName, Reason: r.Reason}
}
