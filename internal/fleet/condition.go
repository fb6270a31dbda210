// Package fleet looks at all channels of a province as one fleet: how each of them is, which of them look healthy and cannot
// post, which are silent or break the rule of names, which units have none yet. It opens one alert per channel and cause,
// shows it to the unit and to those above it, and closes it when the trouble is over. It asks the channels nothing itself: it
// judges what the daily probe wrote down.
package fleet

import (
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Condition is one thing that can be said of how an account is.
type Condition string

// The conditions, the gravest first. All but the last three are causes of an alert.
const (
	NeedsGrant    Condition = "needs_grant"    // a person must grant again
	PackageEnded  Condition = "package_ended"  // the package lapsed: the platform refuses every call
	CannotPost    Condition = "cannot_post"    // it looks healthy, but the probe was refused what posting needs
	GrantEnding   Condition = "grant_ending"   // the grant ends by itself within two weeks
	GranterLeft   Condition = "granter_left"   // who granted it serves neither in its unit nor above it any more
	UnitChanged   Condition = "unit_changed"   // its unit was renamed or merged, and it bears the old name still
	PackageEnding Condition = "package_ending" // the package ends within two weeks
	QuotaLow      Condition = "quota_low"      // a tenth or less of the messages is left
	WebhookSilent Condition = "webhook_silent" // nothing came in for days, while others of the kind hear; or people wrote and nothing told
	Silent        Condition = "silent"         // nothing was published for days
	NameOff       Condition = "name_off"       // the name is not by the rule
	PictureOff    Condition = "picture_off"    // it has no picture though the rule demands one
	LogoOff       Condition = "logo_off"       // its picture, as last seen, is not the logo that the rule demands
	CoverOff      Condition = "cover_off"      // it has no cover picture though the rule demands one
	DescribedOff  Condition = "described_off"  // its description does not say what the rule demands
	Unseen        Condition = "unseen"         // no probe has come through for three days
	Leading       Condition = "leading"        // it leads its followers to another account
	ByHand        Condition = "by_hand"        // paused by an official
	Well          Condition = "well"           // nothing of all this
)

// Conditions lists them in order.
func Conditions() []Condition {
	return []Condition{NeedsGrant, PackageEnded, CannotPost, GrantEnding, GranterLeft, UnitChanged, PackageEnding, QuotaLow, WebhookSilent, Silent, NameOff, PictureOff, LogoOff, CoverOff, DescribedOff, Unseen, Leading,
		ByHand, Well}
}

// Alarms tells whether the condition opens an alert.
func (c Condition) Alarms() bool { return c != Leading && c != ByHand && c != Well }

// Stops tells whether nothing can be posted while it holds.
func (c Condition) Stops() bool { return c == NeedsGrant || c == PackageEnded || c == CannotPost }

const (
	soonDays      = 14                  // what ends within so many days is told
	zaloGrantLife = 90 * 24 * time.Hour // a refresh token of Zalo that nobody uses dies after three months
	unseenAfter   = 72 * time.Hour
	pausedByHand  = "channel.state.paused_by_hand"
	packageReason = "channel.zalo.package"
)

// Rule is what a unit demands of channels of one kind.
type Rule struct {
	UnitID      string
	Kind        channel.Kind
	Names       []string // allowed names with {unit} ("Phường Vinh Hưng") or {name} ("Vinh Hưng"); none allows any
	Picture     bool     // a profile picture is demanded
	Cover       bool     // a cover picture is demanded, where the platform has one and tells it
	Description []string // what the description must say, each with {unit} or {name} or neither; none: anything
	Required    bool     // every unit must have one
	SilentDays  int      // without a publication for so many days it is silent
	WebhookDays int      // without a webhook for so many days it is deaf, if others of the kind hear
}

// DefaultRule holds where nobody has set one.
func DefaultRule(k channel.Kind) Rule {
	return Rule{Kind: k, Required: k == channel.Zalo || k == channel.Facebook, SilentDays: 14, WebhookDays: 30}
}

// NameFits tells whether a name is one of those that the rule allows the unit. Case, spaces and the place of tone marks do
// not count.
func (r Rule) NameFits(name string, u orgunit.Unit) bool {
	if len(r.Names) == 0 {
		return true
	}
	have := plain(name)
	return slices.ContainsFunc(r.Names, func(p string) bool { return plain(fill(p, u)) == have })
}

// Unsaid gives the first thing that the rule demands of the unit's description and that it does not say; "" when it says all.
// Case, spaces and the place of tone marks do not count.
func (r Rule) Unsaid(description string, u orgunit.Unit) string {
	have := plain(description)
	for _, p := range r.Description {
		if want := fill(p, u); !strings.Contains(have, plain(want)) {
			return want
		}
	}
	return ""
}

// Example is the first allowed name of the unit, "" when any is allowed.
func (r Rule) Example(u orgunit.Unit) string {
	if len(r.Names) == 0 {
		return ""
	}
	return fill(r.Names[0], u)
}

func fill(pattern string, u orgunit.Unit) string {
	full := u.FullName
	if u.Type != "" && strings.HasPrefix(full, u.Type) { // inside a name the type is written small: "MTTQ phường …"
		full = strings.ToLower(u.Type) + strings.TrimPrefix(full, u.Type)
	}
	return strings.NewReplacer("{unit}", full, "{name}", u.Name).Replace(pattern)
}

func plain(s string) string {
	return vntext.FoldTone(strings.ToLower(strings.Join(strings.Fields(vntext.NFC(s)), " ")))
}

// Seen is what one account is judged by, beside the account.
type Seen struct {
	Now         time.Time
	Rule        Rule
	Unit        orgunit.Unit
	OthersHeard bool // another account of the kind got a webhook within the rule's days
	GranterLeft bool // who granted it serves neither in its unit nor above it
	Changed     bool // its unit was renamed or merged, and its name has not followed
	Leads       bool // it leads its followers to another account
	OtherLogo   bool // its picture was seen lately and is not the logo
}

// Judge says how an account is, the gravest first; never empty.
func Judge(a channel.Account, s Seen) []Condition {
	var out []Condition
	add := func(is bool, c Condition) {
		if is {
			out = append(out, c)
		}
	}
	day := func(n int) time.Time { return s.Now.AddDate(0, 0, -n) }
	today := clock.DateOf(s.Now)
	outside := a.Kind != channel.Portal
	until := a.Health.PackageUntil
	lapsed := (until != "" && until < today) || (a.State == channel.AccountPaused && a.StateReason == packageReason)
	stopped := a.State == channel.AccountPaused && a.StateReason != pausedByHand
	add(a.State == channel.AccountReauth, NeedsGrant)
	add(lapsed, PackageEnded)
	add(stopped && !lapsed, CannotPost)
	if outside && a.State != channel.AccountReauth {
		add(grantEnds(a, s.Now), GrantEnding)
		add(s.GranterLeft, GranterLeft)
	}
	add(outside && s.Changed && !s.Leads, UnitChanged)
	if outside && a.State != channel.AccountReauth {
		add(!lapsed && until != "" && until <= today.AddDays(soonDays), PackageEnding)
		add(a.Health.QuotaTotal > 0 && a.Health.QuotaLeft*10 <= a.Health.QuotaTotal, QuotaLow)
	}
	if outside && a.Works() {
		deaf := a.Health.DeafAt.After(a.HeardAt) // people wrote and no webhook told
		add(deaf || s.OthersHeard && before(day(s.Rule.WebhookDays), a.HeardAt, a.CreatedAt), WebhookSilent)
		add(!s.Leads && before(day(s.Rule.SilentDays), a.PublishedAt, a.CreatedAt), Silent)
	}
	if outside {
		add(!s.Changed && !s.Leads && !s.Rule.NameFits(a.Name, s.Unit), NameOff)
		add(s.Rule.Picture && a.Health.Picture == "" && !a.CheckedAt.IsZero(), PictureOff)
		add(s.OtherLogo && a.Health.Picture != "" && !s.Leads, LogoOff)
		add(s.Rule.Cover && a.Health.Covered && a.Health.Cover == "", CoverOff)
		add(a.Health.Described && !s.Leads && s.Rule.Unsaid(a.Health.Description, s.Unit) != "", DescribedOff)
		add(before(s.Now.Add(-unseenAfter), a.CheckedAt, a.CreatedAt), Unseen)
	}
	add(outside && s.Leads, Leading)
	add(a.State == channel.AccountPaused && a.StateReason == pausedByHand, ByHand)
	if len(out) == 0 {
		return []Condition{Well}
	}
	return out
}

// grantEnds tells whether the grant ends by itself soon: at the moment the platform told, or when Zalo's refresh token has
// not been changed for nearly three months. A Facebook page's token has no end and only dies of a cause.
func grantEnds(a channel.Account, now time.Time) bool {
	ends := a.Health.TokenUntil
	if a.Kind == channel.Zalo && !a.TokenAt.IsZero() {
		ends = a.TokenAt.Add(zaloGrantLife)
	}
	return !ends.IsZero() && ends.Before(now.AddDate(0, 0, soonDays))
}

// before tells whether the last of an event, or the beginning when there has been none, lies before the limit.
func before(limit, last, began time.Time) bool {
	if last.IsZero() {
		last = began
	}
	return last.Before(limit)
}
