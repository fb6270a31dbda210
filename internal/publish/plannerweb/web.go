// Package plannerweb draws the plan of a post, which shows before approval what account can take it when, and the calendar of
// everything that went out and is to go out over the fleet.
package plannerweb

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the words of the planner.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

const (
	posts = "/lam-viec/tin-bai"
	// Base is where the calendar stands.
	Base    = "/lam-viec/lich-dang"
	perPage = 50
)

// Pages serves the screens.
type Pages struct{ Service *planner.Service }

// Routes adds the screens. The right to read posts opens them; what may be moved, the use case decides.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+posts+"/{id}/ke-hoach", publish.ActRead, p.plan)
	r.Can("POST "+posts+"/{id}/ke-hoach", publish.ActRead, p.take)
	r.Can("GET "+Base, publish.ActRead, p.calendar)
	r.Can("GET "+Base+".xlsx", publish.ActRead, p.excel)
	r.Can("GET "+Base+"/{id}", publish.ActRead, p.moving)
	r.Can("POST "+Base+"/{id}", publish.ActRead, p.move)
}

// leftGroup is the accounts left out for one reason.
type leftGroup struct {
	Reason planner.Reason
	Kind   channel.Kind
	Lines  []planner.Account
}

// planView is the plan of one post.
type planView struct {
	planner.View
	Left   []leftGroup
	Quiet  []leftGroup
	Rows   []planner.Line
	Paging ui.Paging
	ZNS    planner.Price
	Err    error
	Day    string
	Hour   string
	Days   string
	// MayEdit: the viewer may change for whom the broadcast is.
	MayEdit bool
}

// narrow tells whether the post names a part of the followers, whatever is tried out here.
func (v planView) narrow() bool { return v.Version.Audience != nil }

// audiences are the choices of whom to plan for, when the post names a part of the followers.
func (v planView) audiences(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: "", Text: i18n.T(ctx, "planner.for_part"), Selected: v.Audience != nil},
		{Value: "moi_nguoi", Text: publishweb.AudienceText(ctx, nil), Selected: v.Audience == nil},
	}
}

func (p *Pages) plan(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, nil)
}

// asked reads the window from the address: a day, an hour, how many days, and whether followers are told.
func asked(q url.Values) (planner.Ask, error) {
	var ask planner.Ask
	if q.Get("hoi") == "" {
		return ask, nil
	}
	tell := q.Get("bao_tin") != ""
	ask.Announce, ask.Everyone = &tell, q.Get("cho") == "moi_nguoi"
	if q.Get("ngay") == "" {
		return ask, nil
	}
	at, err := stamp(q.Get("ngay"), q.Get("gio"))
	if err != nil {
		return ask, err
	}
	days, _ := strconv.Atoi(q.Get("so_ngay")) // what is no number is one day
	ask.From = at
	ask.To = clock.DateOf(at).AddDays(max(days, 1)).Time()
	return ask, nil
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, refusal error) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	ask, err := asked(q)
	var v planView
	if err == nil {
		v.View, err = p.Service.Open(ctx, a, r.PathValue("id"), ask)
	}
	if fault.Is(err, fault.Invalid) { // a window that makes no sense: the plan of the post itself, with what is wrong
		refusal, status = err, http.StatusUnprocessableEntity
		v.View, err = p.Service.Open(ctx, a, r.PathValue("id"), planner.Ask{})
	}
	if err != nil {
		return err
	}
	v.Err = refusal
	v.MayEdit = v.View.Post.Editable() && p.Service.Posts.Can(a, publish.ActWrite, v.View.Post)
	v.Day, v.Hour = dayHour(v.From)
	v.Days = strconv.Itoa(max(1, len(planner.Days(clock.DateOf(v.From), clock.DateOf(v.To.Add(-time.Second))))))
	v.Left = leftGroups(v.Plan)
	v.Quiet = quietGroups(v.Plan)
	v.ZNS, _ = p.Service.Rules.Prices.At(planner.PriceZNS, v.From)
	page := max(1, min(atoi(q.Get("trang")), (len(v.Lines)+perPage-1)/perPage))
	v.Paging = ui.Paging{Page: page, Per: perPage, Total: len(v.Lines), URL: func(n int) string { return with(v.href(), q, "trang", strconv.Itoa(n)) }}
	v.Rows = v.Lines[(page-1)*perPage : min(page*perPage, len(v.Lines))]
	if q.Get("in") == "1" {
		v.Rows, v.Paging = v.Lines, ui.Paging{Page: 1, Per: len(v.Lines), Total: len(v.Lines)}
	}
	return web.Render(w, r, status, planPage(v))
}

func (v planView) href() string { return posts + "/" + v.View.Post.ID + "/ke-hoach" }

func leftGroups(pl planner.Plan) []leftGroup {
	var out []leftGroup
	for _, l := range pl.Left {
		out = group(out, l.Reason, l.Account)
	}
	return out
}

func quietGroups(pl planner.Plan) []leftGroup {
	var out []leftGroup
	for _, l := range pl.Lines {
		if l.Quiet != "" {
			out = group(out, l.Quiet, l.Account)
		}
	}
	return out
}

func group(list []leftGroup, why planner.Reason, a planner.Account) []leftGroup {
	i := slices.IndexFunc(list, func(g leftGroup) bool { return g.Reason == why && g.Kind == a.Kind })
	if i < 0 {
		i = len(list)
		list = append(list, leftGroup{Reason: why, Kind: a.Kind})
	}
	list[i].Lines = append(list[i].Lines, a)
	return list
}

func (p *Pages) take(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err := p.Service.Take(r.Context(), identity.ActorFrom(r.Context()), id, atoi(r.PostForm.Get("rev")), planner.Way(r.PostForm.Get("cach")))
	if err != nil {
		if refused(err) {
			return p.show(w, r, web.Status(fault.KindOf(err)), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(posts+"/"+url.PathEscape(id)+"/ke-hoach", "planner.taken"))
}

func refused(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Invalid || k == fault.Conflict
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// stamp writes a day and an hour of the form into a moment; the hour may be missing.
func stamp(day, hour string) (time.Time, error) {
	d, err := clock.ParseDate(day)
	if err != nil {
		return time.Time{}, fault.Field("day", "planner.day_bad").Because(err)
	}
	if hour == "" {
		hour = "07:00"
	}
	t, err := time.Parse("15:04", hour)
	if err != nil {
		return time.Time{}, fault.Field("hour", "planner.hour_bad").Because(fmt.Errorf("%q: %w", hour, err))
	}
	return d.Time().Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute).UTC(), nil
}

func dayHour(t time.Time) (day, hour string) {
	v := t.In(clock.Vietnam)
	return v.Format("2006-01-02"), v.Format("15:04")
}

func with(path string, q url.Values, pairs ...string) string {
	c := url.Values{}
	for k, v := range q {
		if k != "ok" && k != "trang" && k != "in" {
			c[k] = v
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if c.Del(pairs[i]); pairs[i+1] != "" {
			c.Set(pairs[i], pairs[i+1])
		}
	}
	if len(c) == 0 {
		return path
	}
	return path + "?" + c.Encode()
}

func kindText(ctx context.Context, k channel.Kind) string {
	return i18n.T(ctx, "publish.kind."+string(k))
}

// reasonText is the one sentence of why an account is left out.
func reasonText(ctx context.Context, g leftGroup) string {
	switch g.Reason {
	case planner.ReasonNoTime, planner.ReasonPackage, planner.ReasonUploads, planner.ReasonNoBroadcast, planner.ReasonQuota, planner.ReasonMonth, planner.ReasonDay, planner.ReasonNight, planner.ReasonFew:
		return i18n.T(ctx, "planner.reason."+string(g.Reason), "Limit", publish.MinAudience)
	}
	return i18n.T(ctx, "publish.reason."+string(g.Reason), "Kind", kindText(ctx, g.Kind), "Place", "")
}

func (v planView) sums(ctx context.Context) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	for _, s := range v.Sums {
		text := i18n.T(ctx, "planner.sum", "Take", ui.Number(ctx, s.Take), "Calls", ui.Number(ctx, s.Calls))
		if s.Take > 0 {
			text += ", " + i18n.T(ctx, "planner.sum_last", "Time", hourText(s.Last))
		}
		if s.Left > 0 {
			text += "; " + i18n.T(ctx, "planner.sum_left", "N", ui.Number(ctx, s.Left))
		}
		out = append(out, ui.DefinitionItem{Term: kindText(ctx, s.Kind), Text: text})
		if s.Told > 0 {
			told, phone := "planner.told_text", "planner.by_phone_text"
			if v.Narrowed() { // nobody knows how many of the followers belong to the part
				told, phone = "planner.told_part", "planner.by_phone_part"
			}
			out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "planner.told"),
				Text: i18n.T(ctx, told, "N", ui.Number(ctx, s.Told), "Followers", vntext.FormatInt(s.Followers), "Cost", s.MessageCost.String())})
			out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "planner.by_phone"),
				Text: i18n.T(ctx, phone, "Cost", v.byPhone(s), "Price", v.ZNS.VND.String())})
		}
	}
	return out
}

// byPhone is what the same words would cost as messages by phone number.
func (v planView) byPhone(s planner.Sum) string {
	return (v.ZNS.VND * money.VND(s.Followers)).String()
}

func hourText(t time.Time) string { return i18n.DateTime(t) }

// otherText says what another way would bring.
func otherText(ctx context.Context, o planner.Other) string {
	return i18n.T(ctx, "planner.way."+string(o.Way), "Time", hourText(o.At), "Take", ui.Number(ctx, o.Take), "Told", ui.Number(ctx, o.Told))
}
