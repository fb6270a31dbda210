package publish

import (
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// Reason says why a unit or an account will not get a post.
type Reason string

// The reasons; the catalogue has a sentence for each under "publish.reason.<reason>".
const (
	ReasonNoAccount Reason = "no_account" // the unit has no account of this kind
	ReasonReauth    Reason = "needs_reauth"
	ReasonPaused    Reason = "paused"
	ReasonClosed    Reason = "closed"
	ReasonCannot    Reason = "cannot"   // the account's package has no articles
	ReasonNoValue   Reason = "no_value" // a place in the text cannot be filled for this unit
)

// Planned is one account that will get the post.
type Planned struct {
	Account channel.Account
	Unit    orgunit.Unit
	Canary  bool
}

// LeftOut is a unit, and a kind of channel, that will not get the post.
type LeftOut struct {
	Unit    orgunit.Unit
	Kind    channel.Kind
	Account string // name of the account, "" when there is none
	Reason  Reason
	Place   Place // for ReasonNoValue
}

// KindCount sums a plan up for one kind of channel.
type KindCount struct {
	Kind       channel.Kind
	Take, Left int
	Minutes    int // estimate, under the limit of calls that all accounts of the kind share
}

// Plan says, before anybody approves, what would be delivered where.
type Plan struct {
	Units  []orgunit.Unit // resolved targets on the day
	Take   []Planned
	Left   []LeftOut
	Counts []KindCount
	Night  bool // Zalo takes broadcasts only from 06:00 to 21:59: articles stand at once, broadcasts wait for the morning
	Canary bool // the first few go ahead
	At     time.Time

	values   map[string]Values // by unit
	tooLong  fault.Fields
	announce bool
	audience *channel.Audience
	slots    map[string]time.Time // by account: the hours of its broadcast; nil: at the hour of the post
}

// External counts the accounts outside the house: those a canary makes sense for.
func (p Plan) External() int {
	n := 0
	for _, t := range p.Take {
		if t.Account.Kind != channel.Portal {
			n++
		}
	}
	return n
}

// callCost is about how many calls one delivery costs (Zalo: create, about four verifications, broadcast), and callsPerMinute
// what all accounts of the kind may make together (Zalo: 4,000 per app). A kind that is missing is not limited.
var (
	callCost       = map[channel.Kind]int{channel.Zalo: 6, channel.Facebook: 2}
	callsPerMinute = map[channel.Kind]int{channel.Zalo: 4000, channel.Facebook: 4000}
)

// nightFrom and nightTo bound the hours, in Vietnam time, in which Zalo refuses broadcasts (error -234).
const (
	nightFrom = 22
	nightTo   = 6
)

func isNight(t time.Time) bool {
	h := t.In(clock.Vietnam).Hour()
	return h >= nightFrom || h < nightTo
}

// byDay gives the moment itself, or the next morning when it falls into the night.
func byDay(t time.Time) time.Time {
	if !isNight(t) {
		return t
	}
	v := t.In(clock.Vietnam)
	morning := time.Date(v.Year(), v.Month(), v.Day(), nightTo, 0, 0, 0, clock.Vietnam)
	if v.Hour() >= nightFrom {
		morning = morning.AddDate(0, 0, 1)
	}
	return morning.UTC()
}

// resolve turns targets into standing committees of the Front, each once, in the order named.
func resolve(tree Tree, ts []Target, groups map[string]Group, on clock.Date) []orgunit.Unit {
	var out []orgunit.Unit
	seen := map[string]bool{}
	add := func(unitID string, deepest orgunit.Level) {
		u, err := tree.Unit(unitID, on)
		if err != nil || seen[u.ID] || !u.Stands(on) || u.Kind != orgunit.KindFront || u.Level.Rank() > deepest.Rank() {
			return
		}
		seen[u.ID] = true
		out = append(out, u)
	}
	for _, t := range ts {
		switch t.Kind {
		case TargetSubtree:
			for _, unitID := range tree.Subtree(t.Ref, on) {
				add(unitID, orgunit.LevelCommune)
			}
		case TargetLevel:
			for _, u := range tree.AtLevel(t.Level, orgunit.KindFront, t.Ref, on) {
				add(u.ID, orgunit.LevelCluster)
			}
		case TargetGroup:
			for _, unitID := range groups[t.Ref].UnitIDs {
				add(unitID, orgunit.LevelCluster)
			}
		case TargetUnit:
			add(t.Ref, orgunit.LevelCluster)
		}
	}
	return out
}

// roots are the units that targets speak of: the rights of who writes and approves are checked on each.
func roots(ts []Target, groups map[string]Group) []string {
	var out []string
	add := func(unitID string) {
		if !slices.Contains(out, unitID) {
			out = append(out, unitID)
		}
	}
	for _, t := range ts {
		if t.Kind == TargetGroup {
			g, ok := groups[t.Ref]
			if !ok {
				add("unknown group") // no policy permits anything there
			}
			for _, unitID := range g.UnitIDs {
				add(unitID)
			}
			continue
		}
		add(t.Ref)
	}
	return out
}

func groupIDs(ts []Target) []string {
	var out []string
	for _, t := range ts {
		if t.Kind == TargetGroup {
			out = append(out, t.Ref)
		}
	}
	return out
}

// plan works out who gets a version published at the moment at.
func (s *Service) plan(ctx context.Context, v Version, at time.Time, wantCanary bool) (Plan, error) {
	on := clock.DateOf(at)
	groups, err := s.store.groupsByID(ctx, s.db.Read(), groupIDs(v.Targets))
	if err != nil {
		return Plan{}, err
	}
	tree := s.tree()
	p := Plan{At: at, Units: resolve(tree, v.Targets, groups, on), values: map[string]Values{}, audience: v.Audience}
	ids := make([]string, len(p.Units))
	for i, u := range p.Units {
		ids[i] = u.ID
	}
	accounts, err := s.accounts.AccountsOfUnits(ctx, ids)
	if err != nil {
		return Plan{}, err
	}
	byUnit := map[string][]channel.Account{}
	for _, a := range accounts {
		byUnit[a.UnitID] = append(byUnit[a.UnitID], a)
	}
	used := v.usedPlaces()
	known := map[string]Profile{}
	for _, u := range p.Units {
		vals, missing, err := s.values(ctx, tree, u, on, used, known)
		if err != nil {
			return Plan{}, err
		}
		if missing == "" {
			p.values[u.ID] = vals
			s.checkFilled(&p, v, u, vals, len(used) > 0)
		}
		for _, k := range Kinds {
			if v.Goes(k) {
				p.place(u, k, byUnit[u.ID], missing)
			}
		}
	}
	p.count()
	p.Night = isNight(at) && slices.ContainsFunc(p.Take, func(t Planned) bool { return t.Account.Kind == channel.Zalo })
	if wantCanary && p.External() > CanarySize {
		p.chooseCanary()
	}
	return p, nil
}

// place decides about one unit and kind.
func (p *Plan) place(u orgunit.Unit, k channel.Kind, accounts []channel.Account, missing Place) {
	found := false
	for _, a := range accounts {
		if a.Kind != k {
			continue
		}
		found = true
		l := LeftOut{Unit: u, Kind: k, Account: a.Name, Reason: unfit(a)}
		if l.Reason == "" && missing != "" {
			l.Reason, l.Place = ReasonNoValue, missing
		}
		if l.Reason != "" {
			p.Left = append(p.Left, l)
			continue
		}
		p.Take = append(p.Take, Planned{Account: a, Unit: u})
	}
	if !found && k != channel.Portal && k != channel.YouTube { // every unit has its public page, account or not; few have films
		p.Left = append(p.Left, LeftOut{Unit: u, Kind: k, Reason: ReasonNoAccount})
	}
}

// unfit tells why an account cannot be delivered to; "" when it can.
func unfit(a channel.Account) Reason {
	switch a.State {
	case channel.AccountReauth:
		return ReasonReauth
	case channel.AccountPaused:
		return ReasonPaused
	case channel.AccountClosed:
		return ReasonClosed
	}
	if a.Kind == channel.Zalo && !a.CheckedAt.IsZero() && !a.Capabilities.Article {
		return ReasonCannot
	}
	return ""
}

func (p *Plan) count() {
	for _, k := range Kinds {
		c := KindCount{Kind: k}
		for _, t := range p.Take {
			if t.Account.Kind == k {
				c.Take++
			}
		}
		for _, l := range p.Left {
			if l.Kind == k {
				c.Left++
			}
		}
		if n := callsPerMinute[k]; n > 0 && c.Take > 0 {
			c.Minutes = (c.Take*callCost[k] + n - 1) / n
		}
		if c.Take+c.Left > 0 {
			p.Counts = append(p.Counts, c)
		}
	}
}

// chooseCanary lets the first accounts go ahead, the kinds in turn, so that each kind is tried.
func (p *Plan) chooseCanary() {
	p.Canary = true
	left := CanarySize
	for round := 0; left > 0; round++ {
		for _, k := range []channel.Kind{channel.Zalo, channel.Facebook} {
			nth := 0
			for i := range p.Take {
				if p.Take[i].Account.Kind != k {
					continue
				}
				if nth == round && left > 0 {
					p.Take[i].Canary = true
					left--
				}
				nth++
			}
		}
	}
}

func (v Version) usedPlaces() []Place {
	texts := []string{v.Title, v.Lead, v.Body}
	for _, e := range v.Editions {
		texts = append(texts, e.Title, e.Lead, e.Body)
	}
	known, _ := UsedPlaces(texts...)
	return known
}

// checkFilled notes, for the first unit where it happens, that a text grows too long once its places are filled in.
func (s *Service) checkFilled(p *Plan, v Version, u orgunit.Unit, vals Values, places bool) {
	if !places || len(p.tooLong) > 0 {
		return
	}
	for _, k := range Kinds {
		if v.Goes(k) {
			v.checkLimits(&p.tooLong, k, s.limits[k], v.For(k).Fill(vals), u.FullName)
		}
	}
}

// values gives the words of a unit's places; what the unit itself does not say is taken from the nearest unit above that
// does (a commune without a hotline gives the province's). missing names a place that nobody fills.
func (s *Service) values(ctx context.Context, tree Tree, u orgunit.Unit, on clock.Date, used []Place, known map[string]Profile) (vals Values, missing Place, err error) {
	vals = Values{}
	if len(used) == 0 {
		return vals, "", nil
	}
	up := tree.AncestorIDs(u.ID, on)
	vals[PlaceUnit], vals[PlaceShort], vals[PlaceLink] = u.FullName, u.Name, s.links.Unit(u)
	if len(up) > 0 {
		if parent, err := tree.Unit(up[0], on); err == nil {
			vals[PlaceSuperior] = parent.FullName
		}
	}
	for _, unitID := range append([]string{u.ID}, up...) {
		pr, ok := known[unitID]
		if !ok {
			if pr, err = s.profiles.Profile(ctx, unitID); err != nil {
				return nil, "", err
			}
			known[unitID] = pr
		}
		own := unitID == u.ID
		for place, x := range map[Place]string{PlaceChair: pr.Chair, PlaceHotline: pr.Hotline, PlaceAddress: pr.Address, PlaceEmail: pr.Email} {
			if vals[place] == "" && (own || place == PlaceHotline || place == PlaceEmail) { // another's chair is not ours
				vals[place] = oneLine(x)
			}
		}
	}
	out := Values{}
	for _, place := range used {
		if vals[place] == "" {
			return nil, place, nil
		}
		out[place] = vals[place]
	}
	return out, "", nil
}
