// Package fleetweb is the screens of the fleet: all channels with how they are, alerts and their history, the board of which
// units have connected what with the text that reminds them, and the rule for names.
package fleetweb

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of the fleet.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand.
const Base = "/lam-viec/doi-kenh"

const (
	alertsPath = Base + "/canh-bao"
	boardPath  = Base + "/tien-do"
	rulePath   = Base + "/quy-dinh"
	logoPath   = rulePath + "/logo"
	// The screens of one channel stand in another room; these are its addresses.
	channelPath = "/lam-viec/kenh"
	connectPath = channelPath + "/ket-noi"
	perPage     = 50
)

// Pages serves the screens.
type Pages struct {
	Service *fleet.Service
	// PublicURL is the address of the house that people outside type, "https://…": grant links begin with it.
	PublicURL string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, fleet.ActionSee, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", fleet.ActionSee, p.export)
	r.Can("POST "+Base+"/hang-loat", channel.ActionConnect, p.bulk)
	r.Can("GET "+alertsPath, fleet.ActionSee, p.alerts)
	r.Can("GET "+alertsPath+"/{id}", fleet.ActionSee, p.alert)
	r.Can("POST "+alertsPath+"/{id}", fleet.ActionAcknowledge, p.acknowledge)
	r.Can("POST "+alertsPath+"/{id}/dan", fleet.ActionAcknowledge, p.redirect)
	r.Can("GET "+boardPath, fleet.ActionSee, p.board)
	r.Can("GET "+boardPath+"/xuat.xlsx", fleet.ActionSee, p.boardExport)
	r.Can("GET "+boardPath+"/{unit}", fleet.ActionSee, p.remind)
	r.Can("GET "+rulePath, fleet.ActionRule, p.rules)
	r.Can("POST "+rulePath, fleet.ActionRule, p.setRule)
	r.Can("POST "+logoPath, fleet.ActionRule, p.setLogo)
	r.Can("POST "+logoPath+"/bo", fleet.ActionRule, p.dropLogo)
}

// tabs are the views of the fleet.
type tabs struct {
	Active string
	Open   int // open alerts
	Rules  bool
}

func (p *Pages) tabs(r *http.Request, active string) (tabs, error) {
	actor := identity.ActorFrom(r.Context())
	open, _, err := p.Service.Counts(r.Context(), actor)
	return tabs{Active: active, Open: open, Rules: p.Service.Authz.CanSomewhere(actor, fleet.ActionRule)}, err
}

func pageOf(q url.Values, total int) int {
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	return max(1, min(n, (total+perPage-1)/perPage))
}

// with is an address with some of the query changed; an empty value takes the parameter away.
func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// known keeps the parameters that a list understands.
func known(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if v := q.Get(n); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

// alertsView is the list of alerts.
type alertsView struct {
	Tabs   tabs
	View   string
	List   []fleet.Alert
	Paging ui.Paging
}

func (p *Pages) alerts(w http.ResponseWriter, r *http.Request) error {
	q := known(r.URL.Query(), "xem")
	f := fleet.AlertFilter{View: q.Get("xem"), Per: perPage}
	f.Page, _ = strconv.Atoi(r.URL.Query().Get("trang"))
	f.Page = max(1, f.Page)
	list, total, err := p.Service.Alerts(r.Context(), identity.ActorFrom(r.Context()), f)
	if err != nil {
		return err
	}
	v := alertsView{View: f.View, List: list, Paging: ui.Paging{Page: f.Page, Per: perPage, Total: total,
		URL: func(n int) string { return with(alertsPath, q, "trang", strconv.Itoa(n)) }}}
	if v.Tabs, err = p.tabs(r, alertsPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, alertsPage(v))
}

// alertView is one alert with its form and what was before.
type alertView struct {
	fleet.Alert
	May     bool // may acknowledge
	Earlier []fleet.Alert
	Sight   fleet.Sight  // picture and logo; the zero value for other causes
	Change  fleet.Change // what a rename or merger asks; the zero value for other causes
	Note    string
	Err     error
}

func (p *Pages) showAlert(w http.ResponseWriter, r *http.Request, note string, refused error) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	a, err := p.Service.Alert(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := alertView{Alert: a, Note: note, Err: refused, May: p.Service.Authz.Can(actor, fleet.ActionAcknowledge, identity.InUnit(a.UnitID))}
	if a.Cause == fleet.UnitChanged {
		if v.Change, err = p.Service.ChangeOf(ctx, actor, a.AccountID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if a.Cause == fleet.LogoOff {
		if v.Sight, err = p.Service.SightOf(ctx, actor, a.AccountID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if v.Earlier, _, err = p.Service.Alerts(ctx, actor, fleet.AlertFilter{View: fleet.ViewHistory, AccountID: a.AccountID, Per: 20}); err != nil {
		return err
	}
	v.Earlier = slices.DeleteFunc(v.Earlier, func(x fleet.Alert) bool { return x.ID == a.ID }) // this one is told above
	status := http.StatusOK
	if refused != nil {
		status = web.Status(fault.KindOf(refused))
	}
	return web.Render(w, r, status, alertPage(v))
}

func (p *Pages) alert(w http.ResponseWriter, r *http.Request) error {
	return p.showAlert(w, r, "", nil)
}

func (p *Pages) acknowledge(w http.ResponseWriter, r *http.Request) error {
	note := r.PostFormValue("note")
	err := p.Service.Acknowledge(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), note)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		if err != nil {
			return p.showAlert(w, r, note, err)
		}
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(alertsPath+"/"+url.PathEscape(r.PathValue("id")), "fleet.alert.acknowledged"))
}

// redirect notes to which channel a renamed or merged unit's channel leads its followers, or takes the note back.
func (p *Pages) redirect(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor, to := identity.ActorFrom(ctx), r.PostFormValue("to")
	a, err := p.Service.Alert(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	if to == "" && r.PostFormValue("undo") == "" {
		err = fault.Field("to", "fleet.change.no_such")
	} else {
		err = p.Service.Redirect(ctx, actor, a.AccountID, to)
	}
	if fault.Is(err, fault.Invalid) {
		return p.showAlert(w, r, "", err)
	}
	if err != nil {
		return err
	}
	said := "fleet.change.redirected"
	if to == "" {
		said = "fleet.change.back"
	}
	return web.SeeOther(w, r, ui.WithFlash(alertsPath+"/"+url.PathEscape(r.PathValue("id")), said))
}

// rulesView is the rules of one unit, a form per kind of channel.
type rulesView struct {
	Tabs  tabs
	Unit  string
	Units []ui.Option
	Logo  logoForm
	Forms []ruleForm
}

// ruleForm is the form of one kind, with what was typed when it was refused.
type ruleForm struct {
	Kind                    channel.Kind
	Names, Description      string
	Picture, Cover          bool
	Required                bool
	SilentDays, WebhookDays string
	Above                   string // a higher unit has set the rule: its name
	Err                     error
}

func (p *Pages) showRules(w http.ResponseWriter, r *http.Request, unit string, typed *ruleForm, badLogo error) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	roots := p.Service.Authz.Scope(actor, fleet.ActionRule)
	if unit == "" && len(roots) > 0 {
		unit = roots[0]
	}
	rules, err := p.Service.Rules(ctx, actor, unit)
	if err != nil {
		return err
	}
	v := rulesView{Unit: unit}
	for _, x := range roots {
		v.Units = append(v.Units, ui.Option{Value: x, Text: p.Service.UnitName(x), Selected: x == unit})
	}
	if v.Logo, err = p.logoForm(r, unit, badLogo); err != nil {
		return err
	}
	status := http.StatusOK
	if badLogo != nil {
		status = http.StatusUnprocessableEntity
	}
	for _, x := range rules {
		f := ruleForm{Kind: x.Kind, Names: strings.Join(x.Names, "\n"), Picture: x.Picture, Cover: x.Cover, Description: strings.Join(x.Description, "\n"), Required: x.Required,
			SilentDays: strconv.Itoa(x.SilentDays), WebhookDays: strconv.Itoa(x.WebhookDays)}
		if x.UnitID != "" && x.UnitID != unit {
			f.Above = p.Service.UnitName(x.UnitID)
		}
		if typed != nil && typed.Kind == x.Kind {
			f, status = *typed, http.StatusUnprocessableEntity
		}
		v.Forms = append(v.Forms, f)
	}
	if v.Tabs, err = p.tabs(r, rulePath); err != nil {
		return err
	}
	return web.Render(w, r, status, rulesPage(v))
}

func (p *Pages) rules(w http.ResponseWriter, r *http.Request) error {
	return p.showRules(w, r, r.URL.Query().Get("don_vi"), nil, nil)
}

func (p *Pages) setRule(w http.ResponseWriter, r *http.Request) error {
	f := ruleForm{Kind: channel.Kind(r.PostFormValue("kind")), Names: r.PostFormValue("names"), Picture: r.PostFormValue("picture") != "", Cover: r.PostFormValue("cover") != "", Description: r.PostFormValue("description"),
		Required: r.PostFormValue("required") != "", SilentDays: r.PostFormValue("silent_days"), WebhookDays: r.PostFormValue("webhook_days")}
	unit := r.PostFormValue("unit")
	rule := fleet.Rule{UnitID: unit, Kind: f.Kind, Names: filled(f.Names), Picture: f.Picture, Cover: f.Cover, Description: filled(f.Description), Required: f.Required}
	rule.SilentDays, _ = strconv.Atoi(f.SilentDays) // what is no number is refused as 0
	rule.WebhookDays, _ = strconv.Atoi(f.WebhookDays)
	if err := p.Service.SetRule(r.Context(), identity.ActorFrom(r.Context()), rule); err != nil {
		if !fault.Is(err, fault.Invalid) {
			return err
		}
		f.Err = err
		return p.showRules(w, r, unit, &f, nil)
	}
	return web.SeeOther(w, r, ui.WithFlash(with(rulePath, nil, "don_vi", unit), "fleet.rule.saved"))
}

// filled are the lines of a text that hold something.
func filled(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
