package feedback

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Part is one matter of a mixed letter that becomes a case of its own.
type Part struct {
	Kind     Kind
	Category string
	Text     string // the words of the letter that belong to it
}

// Split makes a part of a mixed letter a case of its own, with its code, clock and holder (Decree 154/2026, article 14,
// paragraph 4). The letter stays whole, as its receipt proves; the clock of the part counts from the day the letter came. A
// complaint or denunciation is split only from a letter that is already its receiver's alone: classify the letter first,
// then split the ordinary parts out of it.
func (s *Service) Split(ctx context.Context, actor identity.Actor, caseID string, p Part, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	in := Intake{Kind: p.Kind, Category: p.Category, Text: p.Text, SourceKey: "split:" + id.New()}
	in.Clean()
	if err := in.CheckWhat().OrNil(); err != nil {
		return Case{}, err
	}
	before, err := s.store.caseBy(ctx, s.DB.Read(), "id", caseID)
	if err != nil {
		return Case{}, err
	}
	in.UnitID = before.HolderUnitID
	term, err := s.term(ctx, in.Kind, in.Category, in.UnitID, before.ReceivedAt)
	if err != nil {
		return Case{}, err
	}
	var part Case
	_, err = s.step(ctx, actor, ActionWork, caseID, StepSplit, Act{Reason: why}, func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
		if p.Kind.Secret() && !c.Kind.Secret() {
			return "", fault.Field("kind", "feedback.split_secret")
		}
		part, err = s.insertPart(ctx, tx, actor, *c, in, term)
		return part.Code, err
	})
	return part, err
}

func (s *Service) insertPart(ctx context.Context, tx db.Tx, actor identity.Actor, c Case, in Intake, term Term) (Case, error) {
	sealed, err := s.store.person(ctx, tx, c.ID)
	if err != nil {
		return Case{}, err
	}
	if in.Person, err = s.open(c.ID, sealed); err != nil {
		return Case{}, err
	}
	in.UnitID, in.Door, in.Return, in.Place, in.MayPublish = c.HolderUnitID, c.Door, c.Return, c.Place, c.MayPublish && !c.Kind.Secret()
	fresh, err := s.prepare(actor, in, term, s.Clock.Now())
	if err != nil {
		return Case{}, err
	}
	if err := s.put(ctx, tx, actor, in, &fresh); err != nil {
		return Case{}, err
	}
	_, err = tx.NewInsert().Model(&linkRow{CaseID: c.ID, OtherID: fresh.c.ID, Kind: linkSplit, At: s.Clock.Now()}).Exec(ctx)
	return fresh.c, err
}

// Related is a case that belongs together with another one.
type Related struct {
	ID, Code string
	Kind     Kind
	State    State
	Parent   bool // the letter from which the other was split; otherwise a part of it
}

// related lists what the case was split from and into, as far as the actor may read it.
func (s *Service) related(ctx context.Context, actor identity.Actor, caseID string) ([]Related, error) {
	links, err := s.store.links(ctx, s.DB.Read(), caseID)
	if err != nil {
		return nil, err
	}
	var out []Related
	for _, l := range links {
		r := Related{ID: l.OtherID}
		if l.OtherID == caseID {
			r.ID, r.Parent = l.CaseID, true
		}
		c, err := s.store.caseBy(ctx, s.DB.Read(), "id", r.ID)
		if err != nil {
			return nil, err
		}
		if s.may(actor, ActionRead, c, "") == nil {
			r.Code, r.Kind, r.State = c.Code, c.Kind, c.State
			out = append(out, r)
		}
	}
	return out, nil
}

const linkSplit = "split"

type linkRow struct {
	bun.BaseModel `bun:"table:feedback_link"`
	CaseID        string
	OtherID       string
	Kind          string
	At            time.Time
}

func (store) links(ctx context.Context, q bun.IDB, caseID string) ([]linkRow, error) {
	var rows []linkRow
	err := q.NewSelect().Model(&rows).Where("kind = ?", linkSplit).Where("case_id = ? OR other_id = ?", caseID, caseID).Order("at").Scan(ctx)
	return rows, err
}

// Categorise decides what the case is about, which routing and clocks go by. The clock of the category runs from the day of
// receipt; a reason stands beside it in the history.
func (s *Service) Categorise(ctx context.Context, actor identity.Actor, caseID, category, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	before, err := s.store.caseBy(ctx, s.DB.Read(), "id", caseID)
	if err != nil {
		return Case{}, err
	}
	category = vntext.OneLine(category)
	term, err := s.term(ctx, before.Kind, category, before.HolderUnitID, before.ReceivedAt)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepCategory, Act{Category: category, Reason: strings.TrimSpace(category + "\n" + why), Clock: term}, nil)
}

// Forward writes down that a body outside the house was asked to answer; the desk keeps the case and its clock runs on. The
// citizen sees whom and why. attach does what belongs to it in the same transaction.
func (s *Service) Forward(ctx context.Context, actor identity.Actor, caseID, why string, attach func(ctx context.Context, tx db.Tx, c Case) error) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepForward, Act{Reason: why}, func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
		if c.Kind.Secret() {
			return "", fault.New(fault.Conflict, "feedback.forward_secret")
		}
		return "", attach(ctx, tx, *c)
	})
}

// ReplyArrived writes into the case that a body outside the house answered; what it answered is kept by the room that asked.
func (s *Service) ReplyArrived(ctx context.Context, tx db.Tx, caseID, who string) error {
	c, err := s.store.lockCase(ctx, tx, caseID)
	if err != nil {
		return err
	}
	_, err = s.apply(ctx, tx, &c, StepReply, Act{At: s.Clock.Now(), Reason: who})
	return err
}

// Escalate writes into the case that who must know was told of its clock; nothing when the clock stands still or the case
// is finished. It is for the room that keeps the steps of escalation.
func (s *Service) Escalate(ctx context.Context, tx db.Tx, caseID, what string) (bool, error) {
	c, err := s.store.lockCase(ctx, tx, caseID)
	if err != nil {
		return false, err
	}
	if c.Paused() || !c.State.Allows(StepEscalate) {
		return false, nil
	}
	_, err = s.apply(ctx, tx, &c, StepEscalate, Act{At: s.Clock.Now(), Reason: what})
	return err == nil, err
}
