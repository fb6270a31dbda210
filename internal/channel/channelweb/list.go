package channelweb

import (
	"context"
	"net/http"
	"net/url"
	"sort"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

const perPage = 50

// row is one account as the list shows it.
type row struct {
	channel.Account
	UnitName string
}

// listView is the page of all accounts.
type listView struct {
	Rows     []row
	Filter   channel.Filter
	Filtered bool
	Units    []ui.Option
	Kinds    []channel.Kind
	Paging   ui.Paging
	Export   string
	May      bool // may connect
}

var states = []channel.AccountState{channel.StateIll, channel.AccountConnected, channel.AccountReauth, channel.AccountPaused, channel.AccountClosed}

func filterFrom(q url.Values) channel.Filter {
	return channel.Filter{Kind: channel.Kind(q.Get("kind")), State: channel.AccountState(q.Get("state")), Unit: q.Get("unit"), Query: q.Get("q")}
}

func query(f channel.Filter, page int) string {
	q := url.Values{}
	for k, v := range map[string]string{"kind": string(f.Kind), "state": string(f.State), "unit": f.Unit, "q": f.Query} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// rows reads the accounts with the names of their units: those that need somebody first, then by unit.
func (p *Pages) rows(ctx context.Context, f channel.Filter) ([]row, error) {
	as, err := p.Service.Accounts(ctx, identity.ActorFrom(ctx), f)
	if err != nil {
		return nil, err
	}
	out := make([]row, len(as))
	for i, a := range as {
		out[i] = row{Account: a, UnitName: p.unitName(a.UnitID)}
	}
	ill := func(r row) bool { return r.State == channel.AccountReauth || r.State == channel.AccountPaused }
	sort.SliceStable(out, func(i, j int) bool {
		if ill(out[i]) != ill(out[j]) {
			return ill(out[i])
		}
		return out[i].UnitName < out[j].UnitName
	})
	return out, nil
}

func (p *Pages) unitName(id string) string {
	u, err := p.Units.Forest().Unit(id, clock.DateOf(p.Clock.Now()))
	if err != nil {
		return ""
	}
	return u.FullName
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := filterFrom(r.URL.Query())
	rows, err := p.rows(ctx, f)
	if err != nil {
		return err
	}
	actor := identity.ActorFrom(ctx)
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(1, min(page, (len(rows)+perPage-1)/perPage))
	v := listView{Filter: f, Filtered: f != channel.Filter{}, Kinds: p.Service.Kinds(), Export: Base + "/xuat.xlsx" + query(f, 1),
		Units: p.unitOptions(p.Authz.Scope(actor, channel.ActionSee), f.Unit), May: p.Authz.CanSomewhere(actor, channel.ActionConnect),
		Paging: ui.Paging{Page: page, Per: perPage, Total: len(rows), URL: func(n int) string { return Base + query(f, n) }}}
	v.Rows = rows[(page-1)*perPage : min(page*perPage, len(rows))]
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// unitOptions lists the units under the roots that may own channels: down to the communes.
func (p *Pages) unitOptions(roots []string, chosen string) []ui.Option {
	on := clock.DateOf(p.Clock.Now())
	forest := p.Units.Forest()
	seen := map[string]bool{}
	var out []ui.Option
	for _, root := range roots {
		for _, id := range forest.Subtree(root, on) {
			u, err := forest.Unit(id, on)
			if err != nil || seen[id] || u.Kind != "front" || u.Level.Rank() > 3 {
				continue
			}
			seen[id] = true
			out = append(out, ui.Option{Value: id, Text: u.FullName, Selected: id == chosen})
		}
	}
	return out
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, err := p.rows(ctx, filterFrom(r.URL.Query()))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "channel.title")}
	for _, k := range []string{"name", "unit", "kind", "external", "state", "what", "followers", "checked"} {
		s.Head = append(s.Head, i18n.T(ctx, "channel.col."+k))
	}
	for _, x := range rows {
		checked := any("")
		if !x.CheckedAt.IsZero() {
			checked = x.CheckedAt
		}
		s.Rows = append(s.Rows, []any{x.Name, x.UnitName, i18n.T(ctx, "channel.kind."+string(x.Kind)), x.ExternalID,
			i18n.T(ctx, "channel.state."+string(x.State)), reason(ctx, x.StateReason), int(x.Followers), checked})
	}
	return xlsx.Send(w, "kenh.xlsx", s)
}

// reason gives the sentence of a catalogue key, "" when there is none.
func reason(ctx context.Context, key string) string {
	if key == "" {
		return ""
	}
	return i18n.T(ctx, key)
}

// stateTone is the tone of an account's badge.
func stateTone(s channel.AccountState) string {
	switch s {
	case channel.AccountConnected:
		return "ok"
	case channel.AccountReauth:
		return "late"
	case channel.AccountPaused:
		return "wait"
	}
	return "mute"
}

// deliveryTone is the tone of a delivery's badge.
func deliveryTone(s channel.DeliveryState) string {
	switch s {
	case channel.DeliveryPublished, channel.DeliveryRetracted:
		return "ok"
	case channel.DeliveryFailed:
		return "late"
	case channel.DeliverySuperseded, channel.DeliveryHeld:
		return "mute"
	case channel.DeliveryProcessing, channel.DeliverySending:
		return "info"
	}
	return "wait"
}
