package channelweb

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// accountView is the page of one account.
type accountView struct {
	row
	Deliveries []channel.Delivery
	May        bool // may connect, check, pause
	Consent    bool // can be granted anew on a consent page
	MayTell    bool // may send what stands to groups
	Beside     templ.Component

	HasAudience, HasGroups, HasNotices bool
	Audience                           audience.Overview
	Notices                            notice.Overview
	Standing                           []ui.Option // posts that groups can be told of
}

func (v accountView) path(what string) string { return Base + "/" + url.PathEscape(v.ID) + "/" + what }

const lastDeliveries = 30

func (p *Pages) account(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	a, err := p.Service.Account(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	ds, err := p.Service.DeliveriesOfAccount(ctx, actor, a.ID, lastDeliveries)
	if err != nil {
		return err
	}
	v := accountView{row: row{Account: a, UnitName: p.unitName(a.UnitID)}, Deliveries: ds, Consent: a.Kind != channel.Portal,
		May: p.Authz.Can(actor, channel.ActionConnect, identity.Resource{Type: "ChannelAccount", ID: a.ID, UnitID: a.UnitID})}
	if err := p.whole(ctx, actor, &v); err != nil {
		return err
	}
	if p.Beside != nil {
		if v.Beside, err = p.Beside(ctx, actor, a); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, accountPage(v))
}

// connectView is the form by which a channel is connected, with what was typed when it was refused.
type connectView struct {
	Units []ui.Option
	Kinds []ui.Option
	Unit  string
	Kind  string
	Ext   string
	Err   error
}

func (p *Pages) showConnect(w http.ResponseWriter, r *http.Request, status int, v connectView) error {
	ctx := r.Context()
	v.Units = p.unitOptions(p.Authz.Scope(identity.ActorFrom(ctx), channel.ActionConnect), v.Unit)
	for _, k := range p.Service.Kinds() {
		if k != channel.Portal {
			v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: reason(ctx, "channel.kind."+string(k)), Selected: string(k) == v.Kind})
		}
	}
	return web.Render(w, r, status, connectPage(v))
}

func (p *Pages) connectForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return p.showConnect(w, r, http.StatusOK, connectView{Unit: q.Get("unit"), Kind: q.Get("kind")})
}

func (p *Pages) connect(w http.ResponseWriter, r *http.Request) error {
	v := connectView{Unit: r.PostFormValue("unit"), Kind: r.PostFormValue("kind"), Ext: r.PostFormValue("external")}
	to, err := p.Service.Connect(r.Context(), identity.ActorFrom(r.Context()), channel.ConnectRequest{Kind: channel.Kind(v.Kind), UnitID: v.Unit, External: v.Ext})
	if err != nil {
		return p.refuse(w, r, v, err)
	}
	return web.SeeOther(w, r, to)
}

// refuse shows the form again with what was typed and why it was not taken; what is not for the form goes its usual way.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, v connectView, err error) error {
	v.Err = err
	switch fault.KindOf(err) {
	case fault.Invalid:
		return p.showConnect(w, r, http.StatusUnprocessableEntity, v)
	case fault.Conflict, fault.Unavailable:
		return p.showConnect(w, r, web.Status(fault.KindOf(err)), v)
	}
	return err
}

func (p *Pages) paste(w http.ResponseWriter, r *http.Request) error {
	v := connectView{Unit: r.PostFormValue("unit"), Kind: r.PostFormValue("kind"), Ext: r.PostFormValue("external")}
	as, err := p.Service.ConnectPasted(r.Context(), identity.ActorFrom(r.Context()),
		channel.ConnectRequest{Kind: channel.Kind(v.Kind), UnitID: v.Unit, External: v.Ext}, r.PostFormValue("token"))
	if err != nil {
		return p.refuse(w, r, v, err)
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(as[0].ID), "channel.connected"))
}

// callback is where the platform's consent page sends the official back.
func (p *Pages) callback(w http.ResponseWriter, r *http.Request) error {
	kind := channel.Kind(r.PathValue("kind"))
	as, err := p.Service.FinishConnect(r.Context(), identity.ActorFrom(r.Context()), kind, r.URL.Query())
	if err != nil {
		return p.refuse(w, r, connectView{Kind: string(kind)}, err)
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(as[0].ID), "channel.connected"))
}

func (p *Pages) reconnect(w http.ResponseWriter, r *http.Request) error {
	to, err := p.Service.Connect(r.Context(), identity.ActorFrom(r.Context()), channel.ConnectRequest{AccountID: r.PathValue("id")})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, to)
}
