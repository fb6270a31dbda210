package plannerweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
)

// calendarView is a week or a month of the fleet.
type calendarView struct {
	planner.Calendar
	Query url.Values
	Month bool
	Day   clock.Date // the day asked for
	Today clock.Date
	Days  []clock.Date
	Units []ui.Option
	Print bool
}

// askOf reads what the address asks for.
func (p *Pages) askOf(q url.Values) (ask planner.CalendarAsk, day clock.Date, month bool) {
	day, err := clock.ParseDate(q.Get("ngay"))
	if err != nil {
		day = clock.DateOf(p.Service.Clock.Now())
	}
	month = q.Get("xem") == "thang"
	ask = planner.CalendarAsk{UnitID: q.Get("don_vi"), Level: orgunit.Level(q.Get("cap")), Trouble: q.Get("vuong") == "1"}
	if month {
		ask.From, ask.To = planner.Month(day)
	} else {
		ask.From, ask.To = planner.Week(day)
	}
	return ask, day, month
}

func (p *Pages) calendar(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	ask, day, month := p.askOf(q)
	cal, err := p.Service.Calendar(ctx, a, ask)
	if err != nil {
		return err
	}
	v := calendarView{Calendar: cal, Query: q, Month: month, Day: day, Today: clock.DateOf(p.Service.Clock.Now()), Days: planner.Days(ask.From, ask.To), Print: q.Get("in") == "1"}
	v.Units = []ui.Option{{Value: "", Text: i18n.T(ctx, "publish.all_units")}}
	for _, u := range p.Service.Posts.ReadUnits(a) {
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == ask.UnitID})
	}
	return web.Render(w, r, http.StatusOK, calendarPage(v))
}

// lead counts the empty days before the first of a month, so that it stands under its day of the week.
func (v calendarView) lead() int {
	if !v.Month {
		return 0
	}
	return (int(v.From.Weekday()) + 6) % 7
}

func (v calendarView) at(day clock.Date) string {
	return with(Base, v.Query, "ngay", string(day))
}

// before and after are the days that the arrows lead to.
func (v calendarView) before() clock.Date { return v.From.AddDays(-1) }
func (v calendarView) after() clock.Date  { return v.To.AddDays(1) }

func (v calendarView) title(ctx context.Context) string {
	if v.Month {
		return i18n.T(ctx, "planner.month", "Month", string(v.From[5:7]), "Year", string(v.From[:4]))
	}
	return i18n.T(ctx, "planner.week", "From", v.From.Vietnamese(), "To", v.To.Vietnamese())
}

func (v calendarView) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{
		{Text: i18n.T(ctx, "planner.by_week"), Href: with(Base, v.Query, "xem", "", "ngay", string(v.Day)), Active: !v.Month},
		{Text: i18n.T(ctx, "planner.by_month"), Href: with(Base, v.Query, "xem", "thang", "ngay", string(v.Day)), Active: v.Month},
	}
}

func (v calendarView) levels(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "planner.all_levels")}}
	for _, l := range []orgunit.Level{orgunit.LevelProvince, orgunit.LevelDistrict, orgunit.LevelCommune} {
		out = append(out, ui.Option{Value: string(l), Text: i18n.T(ctx, "planner.level."+string(l)), Selected: v.Level == l})
	}
	return out
}

func dayText(ctx context.Context, d clock.Date) string {
	return i18n.T(ctx, "planner.weekday."+strconv.Itoa(int(d.Weekday()))) + " " + d.Vietnamese()
}

func stateText(ctx context.Context, st publish.State) string {
	return i18n.T(ctx, "publish.state."+string(st))
}

func stateTone(st publish.State) string {
	switch st {
	case publish.StatePublished:
		return "ok"
	case publish.StateApproved, publish.StateScheduled:
		return "info"
	case publish.StateReturned:
		return "late"
	case publish.StateReview:
		return "wait"
	}
	return "mute"
}

func titleOf(ctx context.Context, p publish.Post) string {
	if p.Title == "" {
		return i18n.T(ctx, "publish.untitled")
	}
	return p.Title
}

func clashText(ctx context.Context, c planner.Clash) string {
	return i18n.T(ctx, "planner.trouble."+string(c.Trouble), "N", ui.Number(ctx, c.Accounts), "Title", c.Title, "Why", c.Why)
}

func hourOf(t time.Time) string { return t.In(clock.Vietnam).Format("15:04") }

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	ask, _, _ := p.askOf(r.URL.Query())
	cal, err := p.Service.Calendar(ctx, identity.ActorFrom(ctx), ask)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "planner.calendar")}
	for _, k := range []string{"hour", "title", "unit", "state", "told", "trouble"} {
		s.Head = append(s.Head, i18n.T(ctx, "planner.col."+k))
	}
	for _, e := range cal.Entries {
		text := ""
		for i, c := range e.Clashes {
			if i > 0 {
				text += " "
			}
			text += clashText(ctx, c)
		}
		s.Rows = append(s.Rows, []any{e.Hour(), titleOf(ctx, e.Post), e.Unit.FullName, stateText(ctx, e.State), e.Told, text})
	}
	return xlsx.Send(w, "lich-dang-"+string(ask.From)+".xlsx", s)
}

// moveView is the form that gives a post another hour.
type moveView struct {
	Post      publish.Post
	Unit      string
	Day, Hour string
	Back      string
	Err       error
}

func (p *Pages) moving(w http.ResponseWriter, r *http.Request) error {
	return p.showMove(w, r, http.StatusOK, "", "", nil)
}

func (p *Pages) showMove(w http.ResponseWriter, r *http.Request, status int, day, hour string, refusal error) error {
	ctx := r.Context()
	f, err := p.Service.Posts.Open(ctx, identity.ActorFrom(ctx), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := moveView{Post: f.Post, Unit: p.Service.Posts.Unit(f.UnitID).FullName, Err: refusal, Day: day, Hour: hour}
	if refusal == nil && !f.Hour().IsZero() {
		v.Day, v.Hour = dayHour(f.Hour())
	}
	v.Back = Base
	if v.Day != "" {
		v.Back = Base + "?" + url.Values{"ngay": {v.Day}}.Encode()
	}
	return web.Render(w, r, status, movePage(v))
}

func (p *Pages) move(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		return err
	}
	day, hour := r.PostForm.Get("day"), r.PostForm.Get("hour")
	at, err := stamp(day, hour)
	if err == nil {
		_, err = p.Service.Move(ctx, identity.ActorFrom(ctx), r.PathValue("id"), atoi(r.PostForm.Get("rev")), at)
	}
	if err != nil {
		if refused(err) {
			return p.showMove(w, r, web.Status(fault.KindOf(err)), day, hour, err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"?"+url.Values{"ngay": {day}}.Encode(), "planner.moved"))
}
