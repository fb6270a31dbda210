package fleet

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Judged is one account with what can be said of it.
type Judged struct {
	channel.Account
	UnitName   string
	Conditions []Condition // the gravest first; never empty
	Expected   string      // a name that the rule allows, when its own is off
	Unsaid     string      // what its description does not say
	Was        string      // what its unit was called before it changed, while the name of the account has not followed
	Granter    string      // who granted it, when they have left
}

// Is tells whether the condition is among those of the account.
func (j Judged) Is(c Condition) bool { return slices.Contains(j.Conditions, c) }

// Query narrows and orders the fleet; its zero value is everything, the gravest first.
type Query struct {
	Kind      channel.Kind
	Condition Condition
	Text      string // part of the name of the unit or of the account, with or without marks
	Sort      string // one of Sorts; "" puts the gravest first
	Desc      bool
}

// Sorts are the columns by which the fleet can be ordered.
func Sorts() []string {
	return []string{"name", "unit", "kind", "followers", "published", "heard", "checked"}
}

// Fleet is what a query found, with the numbers behind each chip.
type Fleet struct {
	Rows        []Judged
	All         int // accounts in scope
	ByKind      map[channel.Kind]int
	ByCondition map[Condition]int // with the query's kind and text
}

// Fleet judges all accounts of the units in which (and below which) the actor may see the fleet.
func (s *Service) Fleet(ctx context.Context, actor identity.Actor, q Query) (Fleet, error) {
	if _, err := s.roots(actor, ActionSee); err != nil {
		return Fleet{}, err
	}
	all, err := s.judged(ctx, actor)
	if err != nil {
		return Fleet{}, err
	}
	f := Fleet{All: len(all), ByKind: map[channel.Kind]int{}, ByCondition: map[Condition]int{}}
	want := vntext.Fold(strings.TrimSpace(q.Text))
	for _, j := range all {
		if want != "" && !strings.Contains(vntext.Fold(j.UnitName), want) && !strings.Contains(vntext.Fold(j.Name), want) {
			continue
		}
		f.ByKind[j.Kind]++
		if q.Kind != "" && j.Kind != q.Kind {
			continue
		}
		for _, c := range j.Conditions {
			f.ByCondition[c]++
		}
		if q.Condition == "" || j.Is(q.Condition) {
			f.Rows = append(f.Rows, j)
		}
	}
	s.order(f.Rows, q)
	return f, nil
}

// sortKey is the place of a name in the Vietnamese alphabet. Keys are dear and names few: each is made once.
func (s *Service) sortKey(name string) string {
	if k, ok := s.keys.Load(name); ok {
		return k.(string)
	}
	k := vntext.SortKey(name)
	s.keys.Store(name, k)
	return k
}

// order sorts by the column, then by unit in Vietnamese alphabetical order.
func (s *Service) order(rows []Judged, q Query) {
	key := s.sortKey
	grave := map[Condition]int{}
	for i, c := range Conditions() {
		grave[c] = i
	}
	by := map[string]func(a, b Judged) int{
		"":          func(a, b Judged) int { return grave[a.Conditions[0]] - grave[b.Conditions[0]] },
		"name":      func(a, b Judged) int { return cmp.Compare(key(a.Name), key(b.Name)) },
		"unit":      func(a, b Judged) int { return cmp.Compare(key(a.UnitName), key(b.UnitName)) },
		"kind":      func(a, b Judged) int { return cmp.Compare(a.Kind, b.Kind) },
		"followers": func(a, b Judged) int { return cmp.Compare(a.Followers, b.Followers) },
		"published": func(a, b Judged) int { return a.PublishedAt.Compare(b.PublishedAt) },
		"heard":     func(a, b Judged) int { return a.HeardAt.Compare(b.HeardAt) },
		"checked":   func(a, b Judged) int { return a.CheckedAt.Compare(b.CheckedAt) },
	}
	first, ok := by[q.Sort]
	if !ok {
		first = by[""]
	}
	slices.SortStableFunc(rows, func(a, b Judged) int {
		n := first(a, b)
		if q.Desc {
			n = -n
		}
		return cmp.Or(n, by["unit"](a, b), by["kind"](a, b), cmp.Compare(a.ID, b.ID))
	})
}

// judged reads and judges every open account that the actor may see.
func (s *Service) judged(ctx context.Context, actor identity.Actor) ([]Judged, error) {
	as, err := s.Channels.Accounts(ctx, actor, channel.Filter{})
	if err != nil {
		return nil, err
	}
	b, err := s.rulebook(ctx)
	if err != nil {
		return nil, err
	}
	return s.judgeAll(ctx, b, as)
}

// judgeAll judges accounts. When each kind of channel last heard anything at all is asked of the whole house: a commune that
// sees only its own channels would not know that others hear.
func (s *Service) judgeAll(ctx context.Context, b *rulebook, as []channel.Account) ([]Judged, error) {
	heard, err := s.Channels.LastHeard(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Judged, len(as))
	for i, a := range as {
		out[i] = s.judge(b, a, heard)
	}
	return out, nil
}

func (s *Service) judge(b *rulebook, a channel.Account, heard map[channel.Kind]time.Time) Judged {
	u, err := b.forest.Unit(a.UnitID, b.on)
	if err != nil {
		u = orgunit.Unit{ID: a.UnitID}
	}
	now, rule := s.Clock.Now(), b.rule(a.UnitID, a.Kind)
	j := Judged{Account: a, UnitName: u.FullName}
	j.Conditions = Judge(a, Seen{Now: now, Rule: rule, Unit: u, OthersHeard: heard[a.Kind].After(now.AddDate(0, 0, -rule.WebhookDays)),
		GranterLeft: b.left(a), Changed: b.marks[a.ID].WasName != "", Leads: b.marks[a.ID].LeadsTo != "", OtherLogo: b.otherLogo(a, now)})
	if j.Is(NameOff) || j.Is(UnitChanged) {
		j.Expected = rule.Example(u)
	}
	if j.Is(DescribedOff) {
		j.Unsaid = rule.Unsaid(a.Health.Description, u)
	}
	if j.Is(UnitChanged) {
		j.Was = b.marks[a.ID].WasName
	}
	if j.Is(GranterLeft) {
		j.Granter = b.marks[a.ID].GrantedName
	}
	return j
}

// Act is what can be done to many accounts at once.
type Act string

// The acts.
const (
	ActProbe  Act = "probe"
	ActPause  Act = "pause"
	ActResume Act = "resume"
)

// Refusal is one account at which an act was not possible, and why.
type Refusal struct {
	Judged
	Err error
}

// Outcome is what came of an act on many accounts.
type Outcome struct {
	Act     Act
	Done    []Judged
	Refused []Refusal
}

// maxBulk is how many accounts one act takes.
const maxBulk = 5000

// Bulk does one thing to many accounts, each by itself: one that is refused leaves the others done. Accounts that the actor
// cannot see are left out without a word. Probing is asked for and done in the background.
func (s *Service) Bulk(ctx context.Context, actor identity.Actor, act Act, accountIDs []string) (Outcome, error) {
	do := map[Act]func(context.Context, identity.Actor, string) error{ActProbe: s.Channels.ProbeSoon, ActPause: s.Channels.Pause, ActResume: s.Channels.Resume}[act]
	if _, err := s.roots(actor, channel.ActionConnect); err != nil {
		return Outcome{}, err
	}
	if do == nil {
		return Outcome{}, fault.Field("act", "fleet.bulk.no_act")
	}
	if len(accountIDs) == 0 {
		return Outcome{}, fault.Field("id", "fleet.bulk.none")
	}
	if len(accountIDs) > maxBulk {
		return Outcome{}, fault.Field("id", "fleet.bulk.too_many").With("Limit", maxBulk)
	}
	all, err := s.judged(ctx, actor)
	if err != nil {
		return Outcome{}, err
	}
	chosen := make(map[string]bool, len(accountIDs))
	for _, x := range accountIDs {
		chosen[x] = true
	}
	out := Outcome{Act: act}
	for _, j := range all {
		if !chosen[j.ID] || j.Kind == channel.Portal {
			continue
		}
		err := do(ctx, actor, j.ID)
		switch fault.KindOf(err) {
		case fault.Forbidden, fault.Conflict, fault.Invalid, fault.NotFound:
			if err != nil {
				out.Refused = append(out.Refused, Refusal{Judged: j, Err: err})
				continue
			}
		}
		if err != nil {
			return out, err
		}
		out.Done = append(out.Done, j)
	}
	return out, nil
}
