package feedback

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// The steps of cases that say the same. The merged case keeps its code, its words and its door: whoever asked is told of the
// main case's answer as if it were their own, and the case can be taken out again at any time.
const (
	StepMerge   Step = "merge"   // joined to a case that says the same
	StepUnmerge Step = "unmerge" // goes its own way again
	StepTold    Step = "told"    // the main case was answered, and so this one
)

// StateMerged is a case that another one answers; its own clock rests because the main case's runs.
const StateMerged State = "merged"

// Look gives a case to a part of the house that works on cases, or to an official who may read it.
func (s *Service) Look(ctx context.Context, actor identity.Actor, caseID string) (Case, error) {
	c, err := s.store.caseBy(ctx, s.DB.Read(), "id", caseID)
	if err != nil || actor.Kind == identity.ActorSystem {
		return c, err
	}
	if err := s.may(actor, ActionRead, c, ""); err != nil {
		return Case{}, err
	}
	return c, nil
}

// Check returns nil when the actor may do the action to the case in its present state; otherwise a fault.
func (s *Service) Check(actor identity.Actor, action string, c Case) error {
	return s.may(actor, action, c, "")
}

// Coded gives the case of a tracking code to whoever has the code.
func (s *Service) Coded(ctx context.Context, actor identity.Actor, code string) (Case, error) {
	return s.coded(ctx, actor, code)
}

// Merge joins a case to another that says the same. Both must be ordinary cases the actor works on; the main one may be
// answered already, then the person who asked is told of its answer at once.
func (s *Service) Merge(ctx context.Context, actor identity.Actor, caseID, intoID, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	root, err := s.root(ctx, s.DB.Read(), intoID)
	if err != nil {
		return Case{}, err
	}
	var out Case
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		locked := map[string]Case{}
		order := []string{caseID, root}
		slices.Sort(order) // always in the same order, so that two merges never wait for one another
		for _, one := range order {
			c, err := s.store.lockCase(ctx, tx, one)
			if err != nil {
				return err
			}
			if err := s.may(actor, ActionWork, c, ""); err != nil {
				return err
			}
			locked[one] = c
		}
		c, main := locked[caseID], locked[root]
		if err := mayMerge(c, main); err != nil {
			return err
		}
		e, err := s.apply(ctx, tx, &c, StepMerge, Act{At: s.Clock.Now(), ActorID: actor.ID, ActorName: actor.Name, Reason: why, Into: main.ID})
		if err != nil {
			return err
		}
		if err := s.tell(ctx, tx, c, e, ""); err != nil {
			return err
		}
		out = c
		if err := s.Queue.Publish(ctx, tx, Merged{CaseID: c.ID, Into: main.ID}); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c, "feedback.merge")
	})
	return out, err
}

func mayMerge(c, main Case) error {
	switch {
	case c.ID == main.ID:
		return fault.New(fault.Conflict, "feedback.merge_self")
	case c.Kind.Secret() || main.Kind.Secret():
		return fault.New(fault.Conflict, "feedback.merge_secret")
	case !main.State.Open() && main.State != StateAnswered && main.State != StateClosed:
		return fault.New(fault.Conflict, "feedback.merge_ended")
	}
	return nil
}

// Unmerge lets a merged case go its own way again, with a new term from now on. Cases that were merged into it earlier come
// along: they hang on it.
func (s *Service) Unmerge(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	if why == "" {
		return Case{}, fault.Field("reason", "feedback.reason_required")
	}
	c, err := s.store.caseBy(ctx, s.DB.Read(), "id", caseID)
	if err != nil {
		return Case{}, err
	}
	term, err := s.term(ctx, c.Kind, c.Category, c.HolderUnitID, s.Clock.Now())
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepUnmerge, Act{Reason: why, Clock: term}, nil)
}

// root follows a case to the one that answers it.
func (s *Service) root(ctx context.Context, q bun.IDB, caseID string) (string, error) {
	for range 50 {
		c, err := s.store.caseBy(ctx, q, "id", caseID)
		if err != nil || c.MergedInto == "" {
			return caseID, err
		}
		caseID = c.MergedInto
	}
	return "", fault.New(fault.Internal, "feedback.merge_self")
}

// MergedUnder lists the ids of the cases that the case answers with its own, also through one another, to a part of the
// house or an official who may read the case.
func (s *Service) MergedUnder(ctx context.Context, actor identity.Actor, caseID string) ([]Case, error) {
	if _, err := s.Look(ctx, actor, caseID); err != nil {
		return nil, err
	}
	return s.store.mergedUnder(ctx, s.DB.Read(), caseID)
}

// mergedUnder reads level by level; what is merged cannot be in a circle.
func (s store) mergedUnder(ctx context.Context, q bun.IDB, caseID string) ([]Case, error) {
	var out []Case
	for level := []string{caseID}; len(level) > 0; {
		var rows []caseRow
		if err := q.NewSelect().Model(&rows).Where("c.merged_into IN (?)", bun.In(level)).Order("c.id").Scan(ctx); err != nil {
			return nil, err
		}
		list, err := s.casesOf(rows)
		if err != nil {
			return nil, err
		}
		out, level = append(out, list...), nil
		for _, c := range list {
			level = append(level, c.ID)
		}
	}
	return out, nil
}

// Lead is what whoever follows a case that others asked may know of it: how it stands and its answer, masked. Words, place
// and person of the one who asked first are not in it.
type Lead struct {
	CaseID     string
	State      State
	Kind       Kind
	HolderID   string
	Deadline   clock.Date
	DaysLeft   int
	Source     string
	Answer     string // masked; "" while there is none
	AnswerUnit string
	AnsweredAt time.Time
	PublicID   string // page of the published answer; "" without one
}

// LeadOf gives the lead of a case to a part of the house that shows it to those who follow it. A complaint or denunciation
// leads nobody.
func (s *Service) LeadOf(ctx context.Context, actor identity.Actor, caseID string) (Lead, error) {
	if actor.Kind != identity.ActorSystem {
		return Lead{}, errNoCase()
	}
	root, err := s.root(ctx, s.DB.Read(), caseID)
	if err != nil {
		return Lead{}, err
	}
	c, err := s.store.caseBy(ctx, s.DB.Read(), "id", root)
	if err != nil {
		return Lead{}, err
	}
	if c.Kind.Secret() {
		return Lead{}, errNoCase()
	}
	l := Lead{CaseID: c.ID, State: c.State, Kind: c.Kind, HolderID: c.HolderUnitID, Deadline: c.Deadline, Source: c.Source, AnsweredAt: c.AnsweredAt, DaysLeft: s.Calendar.Between(s.today(), c.Deadline)}
	if c.Published {
		l.PublicID = c.ID
	}
	if c.State.Open() {
		return l, nil
	}
	l.Answer, l.AnswerUnit, err = s.maskedAnswer(ctx, c)
	return l, err
}

// maskedAnswer is the standing answer as others than the one who asked may read it: the copy that a person confirmed, else
// the answer masked by the rules.
func (s *Service) maskedAnswer(ctx context.Context, c Case) (text, unitID string, err error) {
	if c.Published {
		p, err := s.store.public(ctx, s.DB.Read(), c.ID)
		return p.Answer, p.UnitID, err
	}
	list, err := s.store.answers(ctx, s.DB.Read(), c.ID)
	if err != nil {
		return "", "", err
	}
	for _, a := range slices.Backward(list) {
		if a.State == AnswerApproved {
			return masking.Mask(a.Text, s.sayFound), a.UnitID, nil
		}
	}
	return "", "", nil
}

func (s *Service) sayFound(k masking.Kind) string { return s.Words.T("feedback.found." + string(k)) }

type toldArgs struct {
	CaseID string `json:"case_id"` // the merged case
	Event  string `json:"event"`   // what it is told of
}

// Kind implements jobs.Args.
func (toldArgs) Kind() string { return "feedback.told" }

// onAnswered tells those whose cases were merged into the answered one, each by their own door.
func (s *Service) onAnswered(ctx context.Context, e Answered) error {
	list, err := s.store.mergedUnder(ctx, s.DB.Read(), e.CaseID)
	if err != nil || len(list) == 0 {
		return err
	}
	for part := range slices.Chunk(list, 200) {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			many := make([]jobs.Many, len(part))
			for i, c := range part {
				many[i] = jobs.Many{Args: toldArgs{CaseID: c.ID, Event: e.EventID}}
			}
			return s.Queue.EnqueueMany(ctx, tx, many)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// onMerged tells the person of a case that was merged into an answered one of that answer.
func (s *Service) onMerged(ctx context.Context, e Merged) error {
	events, err := s.store.events(ctx, s.DB.Read(), e.Into)
	if err != nil {
		return err
	}
	main, err := s.store.caseBy(ctx, s.DB.Read(), "id", e.Into)
	if err != nil || main.State.Open() {
		return err
	}
	for _, ev := range slices.Backward(events) {
		if ev.Step == StepApprove {
			return s.onAnswered(ctx, Answered{CaseID: e.Into, EventID: ev.ID})
		}
	}
	return nil
}

// toldOne tells one merged case of an answer, once however often it is asked: the event's id is made of the two.
func (s *Service) toldOne(ctx context.Context, a toldArgs) error {
	lead, err := s.LeadOf(ctx, identity.System("feedback"), a.CaseID)
	if fault.Is(err, fault.NotFound) {
		return jobs.Cancel(err)
	}
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, a.CaseID)
		if err != nil || c.State != StateMerged {
			return err // taken out again meanwhile
		}
		eventID := pairID(a.Event, c.ID)
		had, err := tx.NewSelect().Model((*eventRow)(nil)).Where("id = ?", eventID).Count(ctx)
		if err != nil || had > 0 {
			return err
		}
		e, err := c.Take(StepTold, Act{At: s.Clock.Now()})
		if err != nil {
			return err
		}
		e.ID = eventID
		if err := s.store.updateCase(ctx, tx, c); err != nil {
			return err
		}
		if err := s.store.insertEvent(ctx, tx, e, false); err != nil {
			return err
		}
		return s.tell(ctx, tx, c, e, lead.Answer)
	})
	return err
}

// pairID is an id made of two others: the same two give the same.
func pairID(a, b string) string {
	h := sha256.Sum256([]byte(a + "\n" + b))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// CasesAfter reads cases in the order of their receipt, after an id, for the house itself.
func (s *Service) CasesAfter(ctx context.Context, actor identity.Actor, after string, limit int) ([]Case, error) {
	if actor.Kind != identity.ActorSystem {
		return nil, errNoCase()
	}
	return s.store.casesAfter(ctx, s.DB.Read(), after, limit)
}

// CasesOf gives the named cases, to the house itself; those that are not there are left out.
func (s *Service) CasesOf(ctx context.Context, actor identity.Actor, caseIDs []string) ([]Case, error) {
	if actor.Kind != identity.ActorSystem {
		return nil, errNoCase()
	}
	return s.store.casesByID(ctx, s.DB.Read(), caseIDs)
}

// DesksOf lists the units together with the agencies and areas directly below, whose desk they are.
func (s *Service) DesksOf(units []string) []string { return s.desksOf(units) }

// ApprovedAnswer gives an answer that was given, to a part of the house that works on it; "" names the newest.
func (s *Service) ApprovedAnswer(ctx context.Context, actor identity.Actor, caseID, answerID string) (Answer, error) {
	if actor.Kind != identity.ActorSystem {
		return Answer{}, errNoCase()
	}
	list, err := s.store.answers(ctx, s.DB.Read(), caseID)
	if err != nil {
		return Answer{}, err
	}
	for _, a := range slices.Backward(list) {
		if a.State == AnswerApproved && (answerID == "" || a.ID == answerID) {
			return a, nil
		}
	}
	return Answer{}, errNoCase()
}

// DesksFor lists the units whose desk acts for a unit: itself and, for an agency or an area, the unit above it.
func (s *Service) DesksFor(unitID string) []string { return s.desks(Case{HolderUnitID: unitID}) }
