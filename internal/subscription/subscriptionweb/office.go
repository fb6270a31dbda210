package subscriptionweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

// Where the pages of officials stand.
const (
	OfficePath   = "/lam-viec/nguoi-nhan-tin"
	SettingsPath = "/quan-tri/gui-thu"
)

func (p *Pages) officeRoutes(r *web.Routes) {
	r.Can("GET "+OfficePath, subscription.ActionSee, p.sheet)
	r.Can("GET "+OfficePath+"/xuat", subscription.ActionExport, p.exportForm)
	r.Can("POST "+OfficePath+"/xuat", subscription.ActionExport, p.export)
	r.Can("GET "+SettingsPath, subscription.ActionSettings, p.settings)
}

// sheetView is what officials see of their readers.
type sheetView struct {
	subscription.Sheet
	UnitID, Unit string
	Lines        []countLine
	Share        string // address of the form for readers
	CanExport    bool
	CanSettle    bool
}

type countLine struct {
	Text                 string
	Email, Browser, Zalo int
}

// unit is the one that is asked for, or the one acted for.
func (p *Pages) unit(r *http.Request, action string) string {
	if u := r.URL.Query().Get("don_vi"); u != "" {
		return u
	}
	scope := p.S.Authz.Scope(identity.ActorFrom(r.Context()), action)
	if u := identity.ActiveUnit(r.Context()); slices.Contains(scope, u) || len(scope) == 0 {
		return u
	}
	return scope[0]
}

func (p *Pages) unitName(unitID string) string {
	u, err := p.Units().Unit(unitID, clock.DateOf(p.Clock.Now()))
	if err != nil {
		return unitID
	}
	return u.FullName
}

func (p *Pages) sheet(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, unit := identity.ActorFrom(ctx), p.unit(r, subscription.ActionSee)
	s, err := p.S.Sheet(ctx, a, unit)
	if err != nil {
		return err
	}
	v := sheetView{Sheet: s, UnitID: unit, Unit: p.unitName(unit), Share: p.S.BaseURL + subscription.Path + "?" + url.Values{"don_vi": {unit}}.Encode(),
		CanExport: p.S.Authz.Can(a, subscription.ActionExport, identity.Resource{Type: "Readers", ID: unit, UnitID: unit}),
		CanSettle: p.S.Authz.Can(a, subscription.ActionSettings, identity.Resource{Type: "Readers", ID: "house"})}
	for _, t := range s.Topics {
		v.Lines = append(v.Lines, countLine{p.S.Describe(ctx, words{ctx}, i18n.Lang(ctx), t.Topic), t.Email, t.Browser, t.Zalo})
	}
	return web.Render(w, r, http.StatusOK, sheetPage(v))
}

// exportView asks for the reason of an export.
type exportView struct {
	UnitID, Unit, Reason string
	Err                  error
}

func (p *Pages) exportForm(w http.ResponseWriter, r *http.Request) error {
	unit := p.unit(r, subscription.ActionExport)
	if err := p.S.Authz.Check(identity.ActorFrom(r.Context()), subscription.ActionExport, identity.Resource{Type: "Readers", ID: unit, UnitID: unit}); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, exportPage(exportView{UnitID: unit, Unit: p.unitName(unit)}))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	v := exportView{UnitID: r.PostForm.Get("unit"), Reason: r.PostForm.Get("reason")}
	v.Unit = p.unitName(v.UnitID)
	list, err := p.S.Export(ctx, identity.ActorFrom(ctx), v.UnitID, v.Reason)
	if fault.Is(err, fault.Invalid) {
		v.Err = err
		return web.Render(w, r, http.StatusUnprocessableEntity, exportPage(v))
	}
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "subscription.office.title"), Head: []string{i18n.T(ctx, "subscription.office.address")}}
	for _, x := range list {
		s.Rows = append(s.Rows, []any{x})
	}
	w.Header().Set("Cache-Control", "no-store")
	return xlsx.Send(w, "nguoi-nhan-tin.xlsx", s)
}

// settingsView is what the DNS needs, and the figures of the house.
type settingsView struct {
	Records []subscription.Record
	Domain  string
	Returns string
	PushKey string
	Days    []subscription.Day
	Asked   bool
}

func (p *Pages) settings(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := settingsView{Returns: p.Returns, PushKey: p.S.PushKey(), Asked: r.URL.Query().Get("kiem") != ""}
	var dns subscription.DNS
	if v.Asked {
		dns = p.DNS
	}
	var err error
	if v.Records, err = p.S.Records(ctx, identity.ActorFrom(ctx), dns); err != nil {
		return err
	}
	if p.S.Signer != nil {
		v.Domain = p.S.Signer.Domain
	}
	if v.Days, err = p.S.Days(ctx, identity.ActorFrom(ctx)); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(v))
}

// outcome says how telling one thing went at one door: "Thư điện tử: 7 người, đã gửi 6, không đến 1".
func outcome(ctx context.Context, t subscription.Tally) string {
	text := i18n.T(ctx, "subscription.office.told", "Door", i18n.T(ctx, "subscription.door."+string(t.Door)), "N", ui.Number(ctx, t.Readers))
	for _, x := range []struct {
		what string
		n    int
	}{{"sent", t.Sent}, {"waiting", t.Waiting}, {"unsure", t.Unsure}, {"failed", t.Failed}} {
		if x.n > 0 {
			text += ", " + i18n.T(ctx, "subscription.office.n_"+x.what, "N", ui.Number(ctx, x.n))
		}
	}
	return text
}

func stateTone(state string) string {
	switch state {
	case "good":
		return "ok"
	case "unchecked":
		return "mute"
	case "failed":
		return "wait"
	}
	return "late"
}
