package fleetweb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// listView is the page of the fleet.
type listView struct {
	Tabs   tabs
	Query  url.Values // what the address holds
	Asked  fleet.Query
	Found  fleet.Fleet
	Rows   []fleet.Judged // of this page
	Paging ui.Paging
	Print  bool
	Now    time.Time
	May    bool // may probe, pause and resume
}

// chip is one filter that is switched on or off by its link.
type chip struct {
	Text, Href string
	Count      int
	On         bool
}

func queryOf(q url.Values) fleet.Query {
	return fleet.Query{Kind: channel.Kind(q.Get("kenh")), Condition: fleet.Condition(q.Get("tinh_trang")), Text: q.Get("q"), Sort: q.Get("xep"), Desc: q.Get("giam") == "1"}
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	q := known(r.URL.Query(), "kenh", "tinh_trang", "q", "xep", "giam")
	f, err := p.Service.Fleet(ctx, actor, queryOf(q))
	if err != nil {
		return err
	}
	page := pageOf(r.URL.Query(), len(f.Rows))
	v := listView{Query: q, Asked: queryOf(q), Found: f, Now: p.Service.Clock.Now(), Print: r.URL.Query().Get("in") == "1", May: p.Service.Authz.CanSomewhere(actor, channel.ActionConnect),
		Paging: ui.Paging{Page: page, Per: perPage, Total: len(f.Rows), URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}}
	v.Rows = f.Rows[(page-1)*perPage : min(page*perPage, len(f.Rows))]
	if v.Print { // a print sheet holds everything, and nothing to press
		v.Rows, v.Paging, v.May = f.Rows, ui.Paging{Page: 1, Per: len(f.Rows), Total: len(f.Rows)}, false
	}
	if v.Tabs, err = p.tabs(r, Base); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// filtered tells whether anything narrows the list.
func (v listView) filtered() bool {
	return v.Asked.Kind != "" || v.Asked.Condition != "" || v.Asked.Text != ""
}

func (v listView) kinds(ctx context.Context) []chip {
	var out []chip
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook, channel.YouTube, channel.Portal} {
		if n := v.Found.ByKind[k]; n > 0 || v.Asked.Kind == k {
			out = append(out, v.chip("kenh", string(k), kindText(ctx, k), n))
		}
	}
	return out
}

func (v listView) conditions(ctx context.Context) []chip {
	var out []chip
	for _, c := range fleet.Conditions() {
		if n := v.Found.ByCondition[c]; n > 0 || v.Asked.Condition == c {
			out = append(out, v.chip("tinh_trang", string(c), conditionText(ctx, c), n))
		}
	}
	return out
}

func (v listView) chip(param, value, text string, n int) chip {
	c := chip{Text: text, Count: n, On: v.Query.Get(param) == value}
	if c.On {
		value = ""
	}
	c.Href = with(Base, v.Query, param, value)
	return c
}

func (v listView) head(ctx context.Context) []ui.Col {
	var out []ui.Col
	for _, name := range []string{"name", "unit", "kind", "condition", "followers", "published", "heard", "checked"} {
		c := ui.Col{Text: i18n.T(ctx, "fleet.col."+name), Num: name == "followers"}
		if slices.Contains(fleet.Sorts(), name) && !v.Print {
			desc := ""
			if v.Asked.Sort == name {
				c.Sorted = "asc"
				if desc = "1"; v.Asked.Desc {
					c.Sorted, desc = "desc", ""
				}
			}
			c.Href = with(Base, v.Query, "xep", name, "giam", desc)
		}
		out = append(out, c)
	}
	return out
}

func kindText(ctx context.Context, k channel.Kind) string {
	return i18n.T(ctx, "channel.kind."+string(k))
}

func conditionText(ctx context.Context, c fleet.Condition) string {
	return i18n.T(ctx, "fleet.condition."+string(c))
}

func tone(c fleet.Condition) string {
	switch {
	case c.Stops():
		return "late"
	case c == fleet.Well:
		return "ok"
	case c == fleet.ByHand || c == fleet.Leading:
		return "mute"
	}
	return "wait"
}

// advice is the sentence that tells what to do about a condition: the channel's own when it refused us.
func advice(ctx context.Context, j fleet.Judged, c fleet.Condition) string {
	switch {
	case c.Stops() && j.StateReason != "":
		return i18n.T(ctx, j.StateReason)
	case c == fleet.NameOff:
		return i18n.T(ctx, "fleet.advice.name_off", "Name", j.Expected)
	case c == fleet.GranterLeft:
		return i18n.T(ctx, "fleet.advice.granter_left", "Name", j.Granter)
	case c == fleet.UnitChanged && j.Expected != "":
		return i18n.T(ctx, "fleet.advice.unit_changed_name", "Was", j.Was, "Unit", j.UnitName, "Name", j.Expected)
	case c == fleet.UnitChanged:
		return i18n.T(ctx, "fleet.advice.unit_changed", "Was", j.Was, "Unit", j.UnitName)
	case c == fleet.DescribedOff:
		return i18n.T(ctx, "fleet.advice.described_off", "Text", j.Unsaid)
	case c == fleet.PackageEnding:
		return i18n.T(ctx, "fleet.advice.package_ending", "Package", j.Health.Package, "Until", j.Health.PackageUntil.Vietnamese())
	case c == fleet.QuotaLow:
		return i18n.T(ctx, "fleet.advice.quota_low", "Left", ui.Number(ctx, int(j.Health.QuotaLeft)), "Total", ui.Number(ctx, int(j.Health.QuotaTotal)))
	case c == fleet.Well || c == fleet.ByHand:
		return ""
	}
	return i18n.T(ctx, "fleet.advice."+string(c))
}

// daysAgo says how long ago something was, in whole days: that is what one looks for in this list.
func daysAgo(ctx context.Context, now, t time.Time) string {
	if t.IsZero() {
		return i18n.T(ctx, "fleet.never")
	}
	switch n := int(clock.DateOf(now).Time().Sub(clock.DateOf(t).Time()).Hours() / 24); {
	case n <= 0:
		return i18n.T(ctx, "fleet.today")
	default:
		return i18n.T(ctx, "fleet.days_ago", "Count", n)
	}
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := p.Service.Fleet(ctx, identity.ActorFrom(ctx), queryOf(r.URL.Query()))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "fleet.title")}
	for _, k := range []string{"name", "unit", "kind", "external", "condition", "advice", "package", "package_until", "followers", "published", "heard", "checked"} {
		s.Head = append(s.Head, i18n.T(ctx, "fleet.col."+k))
	}
	for _, j := range f.Rows {
		what, todo := "", ""
		for i, c := range j.Conditions {
			if i > 0 {
				what, todo = what+"; ", todo+" "
			}
			what, todo = what+conditionText(ctx, c), todo+advice(ctx, j, c)
		}
		until := any("")
		if j.Health.PackageUntil != "" {
			until = j.Health.PackageUntil
		}
		s.Rows = append(s.Rows, []any{j.Name, j.UnitName, kindText(ctx, j.Kind), j.ExternalID, what, todo, j.Health.Package, until, int(j.Followers), j.PublishedAt, j.HeardAt, j.CheckedAt})
	}
	return xlsx.Send(w, "doi-kenh.xlsx", s)
}

// outcomeView says what came of an act on many channels.
type outcomeView struct {
	fleet.Outcome
	Back string
	Err  error
}

func (p *Pages) bulk(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	if err := r.ParseForm(); err != nil {
		return err
	}
	back, err := url.ParseQuery(r.PostForm.Get("loc"))
	if err != nil {
		back = nil
	}
	back = known(back, "kenh", "tinh_trang", "q", "xep", "giam")
	v := outcomeView{Back: with(Base, back)}
	ids := r.PostForm["id"]
	if r.PostForm.Get("tat_ca") == "1" {
		f, err := p.Service.Fleet(ctx, actor, queryOf(back))
		if err != nil {
			return err
		}
		ids = nil
		for _, j := range f.Rows {
			ids = append(ids, j.ID)
		}
	}
	v.Outcome, v.Err = p.Service.Bulk(ctx, actor, fleet.Act(r.PostForm.Get("viec")), ids)
	status := http.StatusOK
	if v.Err != nil {
		if len(web.Faults(v.Err)) == 0 {
			return v.Err
		}
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, outcomePage(v))
}

// refusal is the sentence of why an act was not possible at one account.
func refusal(ctx context.Context, err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return i18n.Fault(ctx, f)
	}
	return i18n.T(ctx, "fleet.bulk.refused_otherwise")
}
