package publish

import (
	"slices"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// MinAudience is how many followers an account must have before it may tell only a part of them: what is told to fewer
// would be told to somebody.
const MinAudience = 10

// AgeGroups is how many groups of age Zalo knows, numbered from 0: up to 12 years, 13–17, 18–24, 25–34, 35–44, 45–54, 55–64,
// 65 and older.
const AgeGroups = 8

// Regions are the parts of the country that a broadcast can be narrowed to.
var Regions = [...]string{"north", "central", "south"}

// cleanAudience puts an audience into its one form; nil is everybody.
func cleanAudience(a *channel.Audience) *channel.Audience {
	if a == nil {
		return nil
	}
	c := channel.Audience{Gender: a.Gender, Provinces: a.Provinces, Platform: a.Platform, Ages: slices.Compact(slices.Sorted(slices.Values(a.Ages)))}
	for _, r := range Regions {
		if slices.Contains(a.Regions, r) {
			c.Regions = append(c.Regions, r)
		}
	}
	if len(c.Ages) == AgeGroups {
		c.Ages = nil
	}
	if len(c.Regions) == len(Regions) {
		c.Regions = nil
	}
	if c.Gender == 0 && c.Platform == 0 && len(c.Ages) == 0 && len(c.Regions) == 0 && len(c.Provinces) == 0 {
		return nil
	}
	return &c
}

// checkAudience finds what no platform knows.
func checkAudience(fs *fault.Fields, a *channel.Audience) {
	if a == nil {
		return
	}
	ok := a.Gender >= 0 && a.Gender <= 2
	for _, n := range a.Ages {
		ok = ok && n >= 0 && n < AgeGroups
	}
	fs.Check(ok, "audience", "publish.audience_unknown")
}

// Reach is whom the broadcast of a post can reach.
type Reach struct {
	Audience *channel.Audience // nil: everybody
	Accounts int               // accounts that tell their followers
	Most     int64             // followers of these accounts: nobody knows beforehand how many of them belong to a narrower audience
	Few      []string          // names of accounts with fewer than MinAudience followers: they stay silent when the audience is narrowed
}

// Reach counts the followers that a broadcast of the plan could be for.
func (p Plan) Reach() Reach {
	r := Reach{Audience: p.audience}
	for _, t := range p.Take {
		switch {
		case !t.announces():
		case p.few(t):
			r.Few = append(r.Few, t.Account.Name)
		default:
			r.Accounts++
			r.Most += t.Account.Followers
		}
	}
	return r
}

// few tells whether an account has too few followers to tell only a part of them.
func (p Plan) few(t Planned) bool { return p.audience != nil && t.Account.Followers < MinAudience }

// checkReach refuses a narrowed broadcast that no account could send.
func (p Plan) checkReach() error {
	r := p.Reach()
	if !p.announce || r.Audience == nil || r.Accounts > 0 || len(r.Few) == 0 {
		return nil
	}
	return fault.Fields{fault.Field("audience", "publish.audience_few").With("Limit", MinAudience)}
}
