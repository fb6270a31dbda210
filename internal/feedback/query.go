package feedback

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Filter narrows the queue; the zero value narrows nothing. Per 0 reads all.
type Filter struct {
	State        State
	Open         bool // only cases that wait for an answer
	Kind         Kind
	Door         Door
	Category     string
	HolderUnitID string
	UnderUnitID  string
	ClaimedBy    string
	Overdue      bool
	Bounced      bool       // passed on at least twice, and still open
	Rating       int        // what the person said of the answer: 1 not helped, 2 partly, 3 helped
	OriginUnitID string     // the unit that took it in
	From, Until  clock.Date // taken in on these days or between them; "" leaves the end open
	Text         string
	Page, Per    int // Page from 1

	among []string // UnderUnitID and all below, when they are few
}

func (s *Service) scope(actor identity.Actor) scope {
	sc := scope{Units: s.Authz.Scope(actor, ActionRead), Secret: s.Authz.Scope(actor, ActionReadSecret), On: s.today()}
	sc.Near = s.nearby.Of(s.Forest(), sc.Units, sc.On)
	return sc
}

// below lists a unit and all below it; nil when they are many, or for no unit.
func (s *Service) below(unitID string) []string {
	if unitID == "" {
		return nil
	}
	return s.nearby.Of(s.Forest(), []string{unitID}, s.today())
}

// Cases lists the cases the actor may see, open ones first, by deadline, and counts all that fit the filter.
func (s *Service) Cases(ctx context.Context, actor identity.Actor, f Filter) ([]Case, int, error) {
	if err := s.mayList(actor); err != nil {
		return nil, 0, err
	}
	f.among = s.below(f.UnderUnitID)
	return s.store.list(ctx, s.DB.Read(), s.scope(actor).within(s.Forest(), f), f, s.today())
}

// Given reads the answer that each of the cases was given last; those without one are left out. The cases come from Cases
// or Look, which decided that the reader may see them.
func (s *Service) Given(ctx context.Context, cases []Case) (map[string]Answer, error) {
	out := map[string]Answer{}
	for _, c := range cases {
		if c.AnsweredAt.IsZero() {
			continue
		}
		all, err := s.store.answers(ctx, s.DB.Read(), c.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			if a.State == AnswerApproved {
				out[c.ID] = a
			}
		}
	}
	return out, nil
}

// Ratings counts what people said of the answers of a unit and below, by the number they chose; 0 are those who said nothing
// of an answer they were given.
func (s *Service) Ratings(ctx context.Context, actor identity.Actor, unitID string) (out [4]int, err error) {
	if err := s.mayList(actor); err != nil {
		return out, err
	}
	return s.store.ratings(ctx, s.DB.Read(), s.scope(actor), Filter{UnderUnitID: unitID}, s.today())
}

// mayList is the coarse check of lists; what they hold is limited by the scope.
func (s *Service) mayList(actor identity.Actor) error {
	if len(s.Authz.Scope(actor, ActionRead)) > 0 || len(s.Authz.Scope(actor, ActionReadSecret)) > 0 {
		return nil
	}
	return s.Authz.Check(actor, ActionRead, identity.InUnit(""))
}

// Dossier is all an official sees of a case on one screen.
type Dossier struct {
	Case     Case
	Events   []Event
	Chain    []Holding
	Answers  []Answer
	Notices  []Notice
	Pictures []Picture
	Related  []Related // what it was split from or into, as far as the reader may see it
	DaysLeft int
}

// Pending is the answer that is being written or waits for approval; ok is false when there is none.
func (d Dossier) Pending() (a Answer, ok bool) {
	if n := len(d.Answers); n > 0 && d.Answers[n-1].State != AnswerApproved {
		return d.Answers[n-1], true
	}
	return Answer{}, false
}

// Dossier reads a case with everything that belongs to it.
func (s *Service) Dossier(ctx context.Context, actor identity.Actor, caseID string) (Dossier, error) {
	q := s.DB.Read()
	c, err := s.store.caseBy(ctx, q, "id", caseID)
	if err != nil {
		return Dossier{}, err
	}
	if err := s.may(actor, ActionRead, c, ""); err != nil {
		return Dossier{}, err
	}
	d := Dossier{Case: c, DaysLeft: s.Calendar.Between(s.today(), c.Deadline)}
	if d.Events, err = s.store.events(ctx, q, c.ID); err != nil {
		return Dossier{}, err
	}
	d.Chain = Chain(d.Events)
	if d.Answers, err = s.store.answers(ctx, q, c.ID); err != nil {
		return Dossier{}, err
	}
	if d.Notices, err = s.store.notices(ctx, q, c.ID); err != nil {
		return Dossier{}, err
	}
	if d.Related, err = s.related(ctx, actor, c.ID); err != nil {
		return Dossier{}, err
	}
	d.Pictures, err = s.store.pictures(ctx, q, c.ID)
	return d, err
}

// WaitingItem is one thing that waits for the actor, for "Việc hôm nay".
type WaitingItem struct {
	Case    Case
	UnitID  string // the holder
	Action  string // what to do: "take", "answer", "approve" or "overdue"; the catalogue has "feedback.todo.<action>"
	Overdue bool
}

// waitingLimit bounds the list of one day; the queue has the rest.
const waitingLimit = 200

// Waiting lists what waits for the actor, by deadline: new and open cases of their desk, answers to approve, and for a
// leader what is overdue in the unit and below and the secret cases of the unit. A case appears once.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]WaitingItem, error) {
	sc := s.scope(actor)
	if sc.empty() {
		return nil, nil
	}
	today := s.today()
	seen := map[string]bool{}
	var out []WaitingItem
	for _, w := range []struct {
		units   []string
		states  []State
		overdue bool
		action  string
	}{
		{s.desksOf(unitsOf(actor, identity.RoleApprover, identity.RoleLeader)), []State{StateReview}, false, "approve"},
		{append(s.desksOf(unitsOf(actor, identity.RoleDeskOfficer)), sc.Secret...), []State{StateReceived, StateWorking}, false, "answer"},
		{unitsOf(actor, identity.RoleLeader), []State{StateReceived, StateWorking, StateReview}, true, "overdue"},
	} {
		cases, err := s.store.waiting(ctx, s.DB.Read(), sc, w.units, w.states, w.overdue, today, waitingLimit)
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			item := WaitingItem{Case: c, UnitID: c.HolderUnitID, Action: w.action, Overdue: c.Overdue(today)}
			if c.State == StateReceived && w.action == "answer" {
				item.Action = "take"
			}
			out = append(out, item)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Case.Deadline < out[j].Case.Deadline })
	return out, nil
}

func unitsOf(a identity.Actor, roles ...identity.Role) []string {
	var out []string
	for _, g := range a.Grants {
		for _, r := range roles {
			if g.Role == r {
				out = append(out, g.UnitID)
			}
		}
	}
	return out
}

// desksOf lists the units together with the agencies and areas directly below, whose desk they are.
func (s *Service) desksOf(units []string) []string {
	var out []string
	for _, u := range units {
		out = append(out, u)
		for _, kid := range s.Forest().Children(u, s.today()) {
			if deskAbove(kid) {
				out = append(out, kid.ID)
			}
		}
	}
	return out
}

// UnitCount is how many cases a unit holds: waiting (overdue ones included), overdue, answered.
type UnitCount struct {
	UnitID   string
	Waiting  int
	Overdue  int
	Answered int
}

// Counts gives the figures of every unit with cases that the actor may see, for the leader's overview and the map.
func (s *Service) Counts(ctx context.Context, actor identity.Actor) ([]UnitCount, error) {
	if err := s.mayList(actor); err != nil {
		return nil, err
	}
	sc, began := s.scope(actor), s.Clock.Now()
	key := strings.Join(append(slices.Clone(sc.Units), sc.Secret...), " ")
	s.mu.Lock()
	kept := s.counted[key]
	s.mu.Unlock()
	if kept.list != nil && began.Sub(kept.at) < countsKept {
		return slices.Clone(kept.list), nil
	}
	out, err := s.store.counts(ctx, s.DB.Read(), sc, s.today())
	if done := s.Clock.Now(); err == nil && done.Sub(began) > countsLong {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.counted) > 1000 || s.counted == nil {
			s.counted = map[string]countedAt{}
		}
		s.counted[key] = countedAt{done, slices.Clone(out)}
	}
	return out, err
}

// Figures that take longer than countsLong to add up stand for countsKept; in a house with fewer cases they are always of now.
const (
	countsLong = 100 * time.Millisecond
	countsKept = time.Minute
)

type countedAt struct {
	at   time.Time
	list []UnitCount
}

// Today is the day of the house's clock in Vietnam.
func (s *Service) Today() clock.Date { return s.today() }
