// Package statisticsweb is the screens of statistics: the report with its grouping and period, the Excel file and the print
// sheet, one account, and what the estimate is reckoned with.
package statisticsweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/statistics"
)

// Catalogue holds the words of statistics.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand.
const Base = "/lam-viec/thong-ke"

const (
	accountPath  = Base + "/kenh/"
	settingsPath = Base + "/thong-so"
	exportPath   = Base + "/xuat.xlsx"
	perPage      = 50
)

// Pages serves the screens.
type Pages struct{ Service *statistics.Service }

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, statistics.ActionRead, p.report)
	r.Can("GET "+exportPath, statistics.ActionRead, p.export)
	r.Can("GET "+accountPath+"{id}", statistics.ActionRead, p.account)
	r.Can("GET "+settingsPath, statistics.ActionSet, p.settings)
	r.Can("POST "+settingsPath+"/don-gia", statistics.ActionSet, p.setPrices)
	r.Can("POST "+settingsPath+"/mien-nui", statistics.ActionSet, p.setMountains)
}

// parameters are what the address of a report may hold.
var parameters = []string{"tu", "den", "kenh", "theo", "q", "xep", "tang"}

// asked reads what report is asked for; the present month unless said otherwise.
func (p *Pages) asked(r *http.Request) (statistics.Query, url.Values, error) {
	in, keep := r.URL.Query(), url.Values{}
	for _, name := range parameters {
		if v := in.Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	q := statistics.Query{Kind: channel.Kind(keep.Get("kenh")), Group: statistics.Group(keep.Get("theo")), Text: keep.Get("q"), Sort: keep.Get("xep"), Up: keep.Get("tang") == "1"}
	if !slices.Contains(statistics.Groups(), q.Group) {
		q.Group = statistics.ByUnit
	}
	span, err := p.span(keep)
	q.Span = span
	return q, keep, err
}

func (p *Pages) span(q url.Values) (statistics.Span, error) {
	usual := periods(clock.DateOf(p.Service.Clock.Now()))[0].Span
	var bad fault.Fields
	read := func(name string, otherwise clock.Date) clock.Date {
		v := q.Get(name)
		if v == "" {
			return otherwise
		}
		d, err := clock.ParseDate(v)
		if err != nil {
			bad = append(bad, fault.Field(name, "statistics.span.date").With("Value", v))
			return otherwise
		}
		return d
	}
	return statistics.Span{From: read("tu", usual.From), To: read("den", usual.To)}, bad.OrNil()
}

// period is one of the spans that are offered.
type period struct {
	Key string
	statistics.Span
}

// periods are the spans that are offered, the usual one first.
func periods(today clock.Date) []period {
	t := today.Time().In(clock.Vietnam)
	first := func(y int, m time.Month) clock.Date {
		return clock.DateOf(time.Date(y, m, 1, 0, 0, 0, 0, clock.Vietnam))
	}
	month := first(t.Year(), t.Month())
	quarter := first(t.Year(), (t.Month()-1)/3*3+1)
	return []period{
		{"month", statistics.Span{From: month, To: today}},
		{"last_month", statistics.Span{From: first(t.Year(), t.Month()-1), To: month.AddDays(-1)}},
		{"quarter", statistics.Span{From: quarter, To: today}},
		{"year", statistics.Span{From: first(t.Year(), 1), To: today}},
	}
}

// reportView is the page of the report.
type reportView struct {
	statistics.Report
	Asked   statistics.Query
	Query   url.Values
	Rows    []statistics.Row // of this page
	Paging  ui.Paging
	Periods []period
	Print   bool
	MaySet  bool
	Err     error
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	q, keep, err := p.asked(r)
	v := reportView{Asked: q, Query: keep, Err: err, Periods: periods(clock.DateOf(p.Service.Clock.Now())), Print: r.URL.Query().Get("in") == "1",
		MaySet: p.Service.Authz.CanSomewhere(actor, statistics.ActionSet)}
	status := http.StatusOK
	if err == nil {
		v.Report, err = p.Service.Report(ctx, actor, q)
		if isField(err) {
			v.Err = err
		} else if err != nil {
			return err
		}
	}
	if v.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("trang")) // what is no number is the first page
	total := len(v.Report.Rows)
	v.Paging = ui.Paging{Page: max(1, min(n, (total+perPage-1)/perPage)), Per: perPage, Total: total, URL: func(n int) string { return v.with("trang", strconv.Itoa(n)) }}
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, total), Total: total}
	}
	from := (v.Paging.Page - 1) * v.Paging.Per
	v.Rows = v.Report.Rows[min(from, total):min(from+v.Paging.Per, total)]
	return web.Render(w, r, status, reportPage(v))
}

func isField(err error) bool {
	var f *fault.Error
	var fs fault.Fields
	return errors.As(err, &fs) || errors.As(err, &f) && f.Kind == fault.Invalid
}

// with is the address of the report with some parameters set otherwise; an empty value takes one away.
func (v reportView) with(pairs ...string) string { return address(Base, v.Query, pairs...) }

func address(path string, keep url.Values, pairs ...string) string {
	q := url.Values{}
	for k, x := range keep {
		q[k] = x
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// columns of the report: the key of the name and of the order.
var columns = []string{"name", "followers", "growth", "posts", "typical", "views", "echo", "messages", "answered", "wait"}

func (v reportView) head(ctx context.Context) []ui.Col {
	var out []ui.Col
	for _, c := range columns {
		col := ui.Col{Text: i18n.T(ctx, "statistics.head."+c), Num: c != "name"}
		if slices.Contains(statistics.Sorts(), c) && !v.Print {
			up := ""
			if v.Asked.Sort == c || v.Asked.Sort == "" && c == "posts" {
				col.Sorted = "desc"
				if up = "1"; v.Asked.Up {
					col.Sorted, up = "asc", ""
				}
			}
			col.Href = v.with("xep", c, "tang", up, "trang", "")
		}
		out = append(out, col)
	}
	return out
}

// rowName is what a line is called.
func rowName(ctx context.Context, g statistics.Group, r statistics.Row) string {
	switch g {
	case statistics.ByLevel:
		return i18n.T(ctx, "statistics.level."+r.Key)
	case statistics.ByPeers:
		return i18n.T(ctx, "statistics.peers."+r.Key)
	}
	return r.Name
}

// waitText writes how long something took in the unit one would say.
func waitText(ctx context.Context, d time.Duration) string {
	switch {
	case d == 0:
		return "—"
	case d < time.Hour:
		return i18n.T(ctx, "statistics.minutes", "Count", max(1, int(d.Minutes())))
	case d < 48*time.Hour:
		return i18n.T(ctx, "statistics.hours", "Count", int(d.Hours()+0.5))
	}
	return i18n.T(ctx, "statistics.days", "Count", int(d.Hours()/24+0.5))
}

// tenths writes a number that is kept times ten.
func tenths(n int) string {
	if n < 0 {
		return "—"
	}
	return strconv.Itoa(n/10) + "," + strconv.Itoa(n%10)
}

func percentText(n int) string {
	if n < 0 {
		return "—"
	}
	return strconv.Itoa(n) + "%"
}

// signed writes a change.
func signed(ctx context.Context, n int64) string {
	if n > 0 {
		return "+" + ui.Number(ctx, int(n))
	}
	return ui.Number(ctx, int(n))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, _, err := p.asked(r)
	if err != nil {
		return err
	}
	rep, err := p.Service.Report(ctx, identity.ActorFrom(ctx), q)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "statistics.title")}
	for _, c := range []string{"name", "unit", "kind", "accounts", "followers", "growth", "posts", "failed", "typical", "views", "echo", "messages", "asked", "answered_count", "wait_minutes"} {
		s.Head = append(s.Head, i18n.T(ctx, "statistics.col."+c))
	}
	line := func(name, unit, kind string, f statistics.Figure, typical int) []any {
		t := any("")
		if typical >= 0 {
			t = float64(typical) / 10
		}
		return []any{name, unit, kind, f.Accounts, int(f.Followers), int(f.Growth), f.Posts, f.Failed, t, int(f.Views), int(f.Echo), f.Messages, f.Asked, f.Answered, int(f.MeanWait().Minutes())}
	}
	for _, x := range rep.Rows {
		kind := ""
		if x.Kind != "" {
			kind = i18n.T(ctx, "channel.kind."+string(x.Kind))
		}
		s.Rows = append(s.Rows, line(rowName(ctx, q.Group, x), x.Unit, kind, x.Figure, x.Typical))
	}
	s.Rows = append(s.Rows, line(i18n.T(ctx, "statistics.total"), "", "", rep.Total, -1))
	saved := xlsx.Sheet{Name: i18n.T(ctx, "statistics.saving.sheet"), Head: []string{i18n.T(ctx, "statistics.saving.what"), i18n.T(ctx, "statistics.saving.formula"), i18n.T(ctx, "statistics.saving.amount")}}
	for _, l := range savingLines(ctx, rep.Saved) {
		saved.Rows = append(saved.Rows, []any{l.What, l.Formula, l.Amount})
	}
	return xlsx.Send(w, "thong-ke-kenh-"+string(q.From)+"-"+string(q.To)+".xlsx", s, saved)
}

// digits asks a telephone for its number keys.
var digits = templ.Attributes{"inputmode": "numeric"}

// kinds are the kinds of channel one may choose.
func kinds(ctx context.Context, chosen channel.Kind) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "statistics.kind_all"), Selected: chosen == ""}}
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook, channel.YouTube, channel.Portal} {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "channel.kind."+string(k)), Selected: chosen == k})
	}
	return out
}

func groups(ctx context.Context, v reportView) []ui.Tab {
	var out []ui.Tab
	for _, g := range statistics.Groups() {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "statistics.by."+string(g)), Href: v.with("theo", string(g), "trang", ""), Active: v.Asked.Group == g})
	}
	return out
}
