package fleet_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

var now = orgunittest.Now

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

// well is an account with which nothing is wrong.
func well(k channel.Kind) channel.Account {
	return channel.Account{Kind: k, Name: "MTTQ phường Vinh Hưng", State: channel.AccountConnected, CreatedAt: ago(300), CheckedAt: ago(0),
		HeardAt: ago(1), PublishedAt: ago(2), TokenAt: ago(1), Health: channel.Health{Package: "Nâng cao", PackageUntil: "2027-05-01", Picture: "https://x/a.jpg", QuotaTotal: 100, QuotaLeft: 60}}
}

func TestJudge(t *testing.T) {
	rule := fleet.Rule{Names: []string{"MTTQ {unit}"}, Picture: true, Cover: true, Description: []string{"chính thức của MTTQ {unit}"}, SilentDays: 14, WebhookDays: 30}
	unit := orgunit.Unit{Name: "Vinh Hưng", FullName: "Phường Vinh Hưng", Type: "Phường"}
	for name, c := range map[string]struct {
		kind   channel.Kind
		change func(*channel.Account)
		want   []fleet.Condition
	}{
		"nothing wrong":            {channel.Zalo, func(*channel.Account) {}, []fleet.Condition{fleet.Well}},
		"must be granted again":    {channel.Zalo, func(a *channel.Account) { a.State = channel.AccountReauth; a.TokenAt = ago(80) }, []fleet.Condition{fleet.NeedsGrant}},
		"package over by the date": {channel.Zalo, func(a *channel.Account) { a.Health.PackageUntil = "2026-11-20" }, []fleet.Condition{fleet.PackageEnded}},
		"package over by refusal":  {channel.Zalo, func(a *channel.Account) { a.State, a.StateReason = channel.AccountPaused, "channel.zalo.package" }, []fleet.Condition{fleet.PackageEnded}},
		"refused otherwise":        {channel.Facebook, func(a *channel.Account) { a.State, a.StateReason = channel.AccountPaused, "channel.facebook.blocked" }, []fleet.Condition{fleet.CannotPost}},
		"last day of the package":  {channel.Zalo, func(a *channel.Account) { a.Health.PackageUntil = "2026-11-21" }, []fleet.Condition{fleet.PackageEnding}},
		"old refresh token":        {channel.Zalo, func(a *channel.Account) { a.TokenAt = ago(77) }, []fleet.Condition{fleet.GrantEnding}},
		"not so old":               {channel.Zalo, func(a *channel.Account) { a.TokenAt = ago(75) }, []fleet.Condition{fleet.Well}},
		"page without an end":      {channel.Facebook, func(a *channel.Account) { a.TokenAt = ago(900) }, []fleet.Condition{fleet.Well}},
		"page token that ends":     {channel.Facebook, func(a *channel.Account) { a.Health.TokenUntil = now.AddDate(0, 0, 3) }, []fleet.Condition{fleet.GrantEnding}},
		"a tenth left":             {channel.Zalo, func(a *channel.Account) { a.Health.QuotaLeft = 10 }, []fleet.Condition{fleet.QuotaLow}},
		"no quota told":            {channel.Zalo, func(a *channel.Account) { a.Health.QuotaTotal, a.Health.QuotaLeft = 0, 0 }, []fleet.Condition{fleet.Well}},
		"deaf and silent":          {channel.Zalo, func(a *channel.Account) { a.HeardAt, a.PublishedAt = ago(31), ago(15) }, []fleet.Condition{fleet.WebhookSilent, fleet.Silent}},
		"new and never used":       {channel.Zalo, func(a *channel.Account) { a.CreatedAt, a.HeardAt, a.PublishedAt = ago(3), time.Time{}, time.Time{} }, []fleet.Condition{fleet.Well}},
		"another name":             {channel.Zalo, func(a *channel.Account) { a.Name = "Mặt trận Vinh Hưng" }, []fleet.Condition{fleet.NameOff}},
		"no picture":               {channel.Zalo, func(a *channel.Account) { a.Health.Picture = "" }, []fleet.Condition{fleet.PictureOff}},
		"granter left":             {channel.Zalo, func(a *channel.Account) { a.Link = "left" }, []fleet.Condition{fleet.GranterLeft}},
		"unit changed":             {channel.Zalo, func(a *channel.Account) { a.Link, a.Name = "changed", "Tên cũ" }, []fleet.Condition{fleet.UnitChanged}},
		"followers are led away":   {channel.Zalo, func(a *channel.Account) { a.Link, a.Name, a.PublishedAt = "changed leads", "Tên cũ", ago(99) }, []fleet.Condition{fleet.Leading}},
		"no cover":                 {channel.Zalo, func(a *channel.Account) { a.Health.Covered = true }, []fleet.Condition{fleet.CoverOff}},
		"says something else": {channel.Facebook, func(a *channel.Account) {
			a.Health.Described, a.Health.Description = true, "Trang của phường Vinh Hưng"
		}, []fleet.Condition{fleet.DescribedOff}},
		"says what is demanded": {channel.Facebook, func(a *channel.Account) {
			a.Health.Described, a.Health.Description = true, "Trang chính thức  của MTTQ Phường Vinh Hưng."
		}, []fleet.Condition{fleet.Well}},
		"not looked at": {channel.Zalo, func(a *channel.Account) { a.CheckedAt = ago(4) }, []fleet.Condition{fleet.Unseen}},
		"paused by hand, silent": {channel.Zalo, func(a *channel.Account) {
			a.State, a.StateReason, a.PublishedAt = channel.AccountPaused, "channel.state.paused_by_hand", ago(99)
		}, []fleet.Condition{fleet.ByHand}},
		"the portal is no guest": {channel.Portal, func(a *channel.Account) {
			a.PublishedAt, a.HeardAt, a.CheckedAt = time.Time{}, time.Time{}, time.Time{}
		}, []fleet.Condition{fleet.Well}},
	} {
		a := well(c.kind)
		c.change(&a)
		if got := fleet.Judge(a, fleet.Seen{Now: now, Rule: rule, Unit: unit, OthersHeard: true,
			GranterLeft: a.Link == "left", Changed: strings.HasPrefix(a.Link, "changed"), Leads: strings.HasSuffix(a.Link, "leads")}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	deaf := well(channel.Zalo)
	deaf.HeardAt = ago(40)
	if got := fleet.Judge(deaf, fleet.Seen{Now: now, Rule: rule, Unit: unit}); got[0] != fleet.Well {
		t.Errorf("nobody hears, so nobody is deaf: %v", got)
	}
}

func TestNames(t *testing.T) {
	u := orgunit.Unit{Name: "Quỳnh Hoà", FullName: "Xã Quỳnh Hoà", Type: "Xã"}
	r := fleet.Rule{Names: []string{"MTTQ {unit}", "Mặt trận {name}"}}
	for name, want := range map[string]bool{"MTTQ xã Quỳnh Hoà": true, "mttq  Xã Quỳnh Hòa": true, "Mặt trận Quỳnh Hoà": true, "MTTQ Quỳnh Hoà": false, "MTTQ xã Quỳnh Hoa": false} {
		if r.NameFits(name, u) != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
	if r.Example(u) != "MTTQ xã Quỳnh Hoà" || !(fleet.Rule{}).NameFits("gì cũng được", u) {
		t.Error("example, or no rule")
	}
}
