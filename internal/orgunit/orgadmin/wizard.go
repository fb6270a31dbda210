package orgadmin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Preview is what a plan would do, before anybody decides.
type Preview struct {
	Ended    []orgunit.Unit    // units that end, as they stand the day before
	Made     []orgunit.Unit    // units that come to be
	Renamed  []orgunit.Naming  // the new names
	Rehomed  []Rehoming        // units below that get another superior
	Moves    []orgunit.Moved   // who carries on whose roles, channels and work
	Lines    []MoveLine        // how much that is, by unit and kind
	Names    map[string]string // full name of every unit spoken of
	Deferred bool              // the day lies in the future: roles, channels and work go over on that day
}

// Rehoming is a unit that stands elsewhere afterwards.
type Rehoming struct{ UnitID, From, To string }

// MoveArgs hands the roles, channels and work of a reorganisation over on its day.
type MoveArgs struct {
	ReorganisationID string `json:"reorganisation_id"`
}

// Kind names the job.
func (MoveArgs) Kind() string { return "orgadmin.move" }

// Preview works a plan out and counts what would move. Nothing is written.
func (s *Service) Preview(ctx context.Context, a identity.Actor, p Plan) (Preview, error) {
	if err := s.may(a, ActionPlan, p); err != nil {
		return Preview{}, err
	}
	f := s.units.Forest()
	o, err := p.work(f)
	if err != nil {
		return Preview{}, err
	}
	after, err := f.Try(o.change)
	if err != nil {
		return Preview{}, err
	}
	v := Preview{Moves: o.moves, Names: map[string]string{}, Deferred: p.On > s.Today()}
	eve := p.On.AddDays(-1)
	name := func(unitID string) {
		if u, err := after.Unit(unitID, p.On); err == nil {
			v.Names[unitID] = u.FullName
		}
	}
	for _, x := range o.ended {
		if u, err := f.Unit(x, eve); err == nil {
			v.Ended = append(v.Ended, u)
			name(x)
		}
		for _, k := range f.Children(x, p.On) {
			if now, err := after.Unit(k.ID, p.On); err == nil && now.Stands(p.On) && now.ParentID != k.ParentID {
				v.Rehomed = append(v.Rehomed, Rehoming{k.ID, k.ParentID, now.ParentID})
				name(k.ID)
				name(now.ParentID)
			}
		}
	}
	for _, d := range o.change.Create {
		if u, err := after.Unit(d.ID, p.On); err == nil {
			v.Made = append(v.Made, u)
			name(d.ID)
		}
	}
	for _, r := range o.change.Rename {
		u, err := after.Unit(r.UnitID, p.On)
		if err != nil {
			return Preview{}, err
		}
		v.Renamed = append(v.Renamed, orgunit.Naming{From: p.On, Name: u.Name, FullName: u.FullName, Type: u.Type, Basis: p.Basis})
	}
	for _, m := range o.moves {
		name(m.To)
	}
	v.Lines, err = s.count(ctx, o.moves)
	return v, err
}

func (s *Service) count(ctx context.Context, moves []orgunit.Moved) ([]MoveLine, error) {
	if len(moves) == 0 {
		return nil, nil
	}
	from := make([]string, len(moves))
	for i, m := range moves {
		from[i] = m.From
	}
	var out []MoveLine
	for _, m := range s.movers {
		lines, err := m.Preview(ctx, from)
		if err != nil {
			return nil, fmt.Errorf("orgadmin: preview: %w", err)
		}
		out = append(out, lines...)
	}
	return out, nil
}

// may checks the action for every unit a plan touches: those that pass and those that take over. Closing a level names the
// unit above what ends, so that its own administrator may do it.
func (s *Service) may(a identity.Actor, action string, p Plan) error {
	if p.Kind == PlanCloseLevel && action == ActionReorganise {
		action = ActionCloseLevel
	}
	touched := append([]string(nil), p.From...)
	for _, t := range p.Into {
		touched = append(touched, t.UnitID)
	}
	touched = slices.DeleteFunc(touched, func(u string) bool { return u == "" })
	if len(touched) == 0 { // an empty form is refused for what it lacks, but only to those who may fill one in
		if s.auth.CanSomewhere(a, ActionPlan) {
			return nil
		}
		return s.auth.Check(a, action, identity.InUnit(""))
	}
	for _, u := range touched {
		if err := s.auth.Check(a, action, identity.InUnit(u)); err != nil {
			return err
		}
	}
	return nil
}

// Reorganise carries the plan out: the tree changes in one transaction with its record, the audit line and the event. On a
// day that has come, roles, channels and work go over in the same transaction; for a future day a job does so then.
func (s *Service) Reorganise(ctx context.Context, a identity.Actor, p Plan) (string, error) {
	if err := s.may(a, ActionReorganise, p); err != nil {
		return "", err
	}
	o, err := p.work(s.units.Forest())
	if err != nil {
		return "", err
	}
	row, err := newRow(a, p, o, s.clock.Now())
	if err != nil {
		return "", err
	}
	now := p.On <= s.Today()
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.units.Apply(ctx, tx, o.change); err != nil {
			return err
		}
		if err := s.store.insert(ctx, tx, row); err != nil {
			return err
		}
		if now {
			if err := s.move(ctx, tx, &row); err != nil {
				return err
			}
		} else if err := s.queue.Enqueue(ctx, tx, MoveArgs{row.ID}, &jobs.Options{ScheduledAt: p.On.Time()}); err != nil {
			return err
		}
		if err := s.queue.Publish(ctx, tx, orgunit.Reorganised{ID: row.ID, On: p.On, Ended: o.ended, Moved: o.moves}); err != nil {
			return err
		}
		t := trace(a, o.top, "orgunit.reorganised", row.ID, p.On)
		t.ResourceType = "Reorganisation"
		t.Details["kind"] = string(p.Kind)
		return s.audit.Record(ctx, tx, t)
	})
	return row.ID, err
}

// CarryOver hands roles, channels and work over once the day of a reorganisation has come: the job of a future day. Run again,
// it finds the work done.
func (s *Service) CarryOver(ctx context.Context, reorganisationID string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row, err := s.store.lock(ctx, tx, reorganisationID)
		if err != nil {
			return err
		}
		if row.MovedAt != nil {
			return nil
		}
		if clock.DateOf(s.clock.Now()) < row.On {
			return jobs.Snooze(time.Hour)
		}
		return s.move(ctx, tx, &row)
	})
}

func (s *Service) move(ctx context.Context, tx db.Tx, row *reorganisation) error {
	var moves []orgunit.Moved
	if err := json.Unmarshal([]byte(row.Moves), &moves); err != nil {
		return fmt.Errorf("orgadmin: moves of %s: %w", row.ID, err)
	}
	for _, m := range moves {
		for _, mover := range s.movers {
			if err := mover.Move(ctx, tx, m.From, m.To, row.On); err != nil {
				return err
			}
		}
	}
	at := s.clock.Now()
	row.MovedAt = &at
	return s.store.moved(ctx, tx, row.ID, at)
}

// Record is one reorganisation carried out.
type Record struct {
	ID, UnitID, ActorName, Basis string
	Kind                         PlanKind
	On                           clock.Date
	At                           time.Time
	MovedAt                      *time.Time
	Moves                        []orgunit.Moved
	Plan                         Plan
}

// Records lists the reorganisations below the units in which the actor may plan, newest first; at most 100.
func (s *Service) Records(ctx context.Context, a identity.Actor) ([]Record, error) {
	scope := s.auth.Scope(a, ActionPlan)
	if len(scope) == 0 {
		return nil, s.auth.Check(a, ActionPlan, identity.InUnit(""))
	}
	rows, err := s.store.list(ctx, s.db.Read(), scope, s.Today())
	if err != nil {
		return nil, err
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		if out[i], err = r.record(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Record gives one of them; NotFound for a stranger.
func (s *Service) Record(ctx context.Context, a identity.Actor, recordID string) (Record, error) {
	r, err := s.store.find(ctx, s.db.Read(), recordID)
	if err != nil {
		return Record{}, err
	}
	if !s.auth.Can(a, ActionPlan, identity.InUnit(r.UnitID)) {
		return Record{}, fault.New(fault.NotFound, "orgadmin.no_record")
	}
	return r.record()
}

func newRow(a identity.Actor, p Plan, o outcome, at time.Time) (reorganisation, error) {
	plan, err := json.Marshal(p)
	if err != nil {
		return reorganisation{}, err
	}
	moves, err := json.Marshal(o.moves)
	if err != nil {
		return reorganisation{}, err
	}
	return reorganisation{ID: id.New(), Kind: p.Kind, UnitID: o.top, On: p.On, Basis: p.Basis, Plan: string(plan), Moves: string(moves),
		ActorID: a.ID, ActorName: a.Name, At: at}, nil
}
