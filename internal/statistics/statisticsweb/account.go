package statisticsweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/statistics"
)

// accountView is the page of one account.
type accountView struct {
	statistics.AccountReport
	Span    statistics.Span
	Query   url.Values
	Periods []period
}

func (p *Pages) account(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, keep, err := p.asked(r)
	if err != nil {
		return err
	}
	a, err := p.Service.Account(ctx, identity.ActorFrom(ctx), r.PathValue("id"), q.Span)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, accountPage(accountView{AccountReport: a, Span: q.Span, Query: keep, Periods: periods(clock.DateOf(p.Service.Clock.Now()))}))
}

// monthText writes "2026-11" as people say it.
func monthText(ctx context.Context, m string) string {
	year, month, _ := strings.Cut(m, "-")
	return i18n.T(ctx, "statistics.month", "Month", strings.TrimPrefix(month, "0"), "Year", year)
}

func (v accountView) bars(ctx context.Context, of func(statistics.Month) int) []ui.Bar {
	var out []ui.Bar
	for _, m := range v.Months {
		out = append(out, ui.Bar{Label: monthText(ctx, m.Month), Value: of(m)})
	}
	return out
}

// savingLine is one part of the estimate, with how it is reckoned.
type savingLine struct {
	What, Formula string
	Amount        money.VND
}

func savingLines(ctx context.Context, s statistics.Saving) []savingLine {
	t := func(key string, args ...any) string { return i18n.T(ctx, "statistics.saving."+key, args...) }
	n := func(v int64) string { return ui.Number(ctx, int(v)) }
	out := []savingLine{
		{t("paper"), t("paper_formula", "Posts", n(int64(s.Posts)), "Sheets", n(s.Sheets), "Sheet", s.Sheet.String()), s.Paper},
		{t("postage"), t("postage_formula", "Posts", n(int64(s.Posts)), "Stamp", s.Stamp.String()), s.Postage},
	}
	if s.Meetings > 0 {
		out = append(out, savingLine{t("travel"), t("travel_formula", "Meetings", n(s.Meetings), "Days", n(int64(s.Days)), "Participants", n(s.Participants), "Journey", s.Journey.String()), s.Travel})
	}
	return append(out, savingLine{t("total"), "", s.Total()})
}

// settingsView is the page of what the estimate and the comparison are reckoned with.
type settingsView struct {
	statistics.Settings
	UnitID, Unit string
	Typed        url.Values // what was typed and refused
	Chosen       map[string]bool
	Err          error
}

func (v settingsView) value(name, otherwise string) string {
	if v.Typed != nil {
		return v.Typed.Get(name)
	}
	return otherwise
}

func (p *Pages) settingsOf(r *http.Request) (settingsView, error) {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	unit := identity.ActiveUnit(ctx)
	s, err := p.Service.Settings(ctx, actor, unit)
	v := settingsView{Settings: s, UnitID: unit, Unit: p.unitName(unit), Chosen: map[string]bool{}}
	for _, c := range s.Mountains {
		if c.Mountain {
			v.Chosen[c.ID] = true
		}
	}
	return v, err
}

func (p *Pages) unitName(unitID string) string {
	u, err := p.Service.Forest().Unit(unitID, clock.DateOf(p.Service.Clock.Now()))
	if err != nil {
		return ""
	}
	return u.FullName
}

func (p *Pages) settings(w http.ResponseWriter, r *http.Request) error {
	v, err := p.settingsOf(r)
	if err != nil {
		return err
	}
	if d := r.URL.Query().Get("huyen"); d != "" { // the communes of a former district are ticked beside those that are
		for _, id := range p.Service.CommunesOf(d) {
			v.Chosen[id] = true
		}
	}
	return web.Render(w, r, http.StatusOK, settingsPage(v))
}

func (p *Pages) setPrices(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "statistics.bad_form").Because(err)
	}
	prices, err := readPrices(r.PostForm)
	if err == nil {
		err = p.Service.SetPrices(ctx, identity.ActorFrom(ctx), identity.ActiveUnit(ctx), prices)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(settingsPath, "statistics.saved"))
	}
	if !isField(err) {
		return err
	}
	v, e := p.settingsOf(r)
	if e != nil {
		return e
	}
	v.Typed, v.Err = r.PostForm, err
	return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(v))
}

func readPrices(form url.Values) (statistics.Prices, error) {
	var bad fault.Fields
	amount := func(name string) money.VND {
		v, err := money.Parse(form.Get(name))
		if err != nil {
			bad = append(bad, fault.Field(name, "statistics.price.number"))
		}
		return v
	}
	p := statistics.Prices{Sheets: int64(amount("sheets")), Sheet: amount("sheet"), Stamp: amount("stamp"), Meetings: int64(amount("meetings")),
		Participants: int64(amount("participants")), Journey: amount("journey")}
	return p, bad.OrNil()
}

func (p *Pages) setMountains(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "statistics.bad_form").Because(err)
	}
	if err := p.Service.SetMountains(ctx, identity.ActorFrom(ctx), identity.ActiveUnit(ctx), r.PostForm["xa"]); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(settingsPath, "statistics.saved"))
}
