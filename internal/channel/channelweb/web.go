// Package channelweb is the screens of channels: the list of all accounts of one's units and how they are, the page of one
// account, the way to connect one, and the two addresses to which Zalo and Facebook send what people write.
package channelweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of channels, with the sentences that tell officials what to do about each trouble.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand; CallbackPath is where consent pages send officials back, the kind of channel behind it.
const (
	Base         = "/lam-viec/kenh"
	CallbackPath = Base + "/ket-noi/ve"
)

// Units is the tree of units; orgunit.Service gives it.
type Units interface{ Forest() *orgunit.Forest }

// Handshaker checks Facebook's challenge; the Facebook adapter implements it.
type Handshaker interface {
	Handshake(q url.Values) (challenge string, ok bool)
}

// Pages is what the screens need.
type Pages struct {
	Service *channel.Service
	Authz   *identity.Authorizer
	Units   Units
	Clock   clock.Clock
	// Audience is followers, tags and groups; Notices is messages from templates.
	Audience *audience.Service
	Notices  *notice.Service
	// Facebook answers the handshake; nil refuses it.
	Facebook Handshaker
	// Hub answers the challenges of YouTube's hub; nil refuses them. Shared tells how the shared day of uploads stands.
	Hub    Challenger
	Shared Shared
	// Beside is what another room shows on the page of an account; nil, or a nil component, shows nothing.
	Beside func(ctx context.Context, actor identity.Actor, a channel.Account) (templ.Component, error)
	// Refused counts webhooks with a wrong signature; nil counts nowhere.
	Refused func(kind channel.Kind)
}

// Routes adds the screens and the webhook addresses.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET /webhook/zalo", ok)
	r.Public("POST /webhook/zalo", p.zaloHook)
	r.Public("GET /webhook/facebook", p.facebookHandshake)
	r.Public("POST /webhook/facebook", p.facebookHook)
	r.Public("GET "+HubPath, p.hubChallenge)
	r.Public("POST "+HubPath, p.hubHook)
	r.Can("GET "+SharedPath, channel.ActionSee, p.shared)
	r.Can("GET "+Base, channel.ActionSee, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", channel.ActionSee, p.export)
	r.Can("GET "+Base+"/ket-noi", channel.ActionConnect, p.connectForm)
	r.Can("POST "+Base+"/ket-noi", channel.ActionConnect, p.connect)
	r.Can("POST "+Base+"/ket-noi/dan-ma", channel.ActionConnect, p.paste)
	r.Can("GET "+CallbackPath+"/{kind}", channel.ActionConnect, p.callback)
	r.Can("GET "+Base+"/{id}", channel.ActionSee, p.account)
	r.Can("POST "+Base+"/{id}/ket-noi", channel.ActionConnect, p.reconnect)
	r.Can("POST "+Base+"/{id}/kiem-tra", channel.ActionConnect, p.probe)
	r.Can("POST "+Base+"/{id}/tam-dung", channel.ActionConnect, p.pause)
	r.Can("POST "+Base+"/{id}/mo-lai", channel.ActionConnect, p.resume)
	p.wholeRoutes(r)
}

func ok(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, "ok")
	return err
}

// zaloHook takes an event of Zalo. Its console demands 200 even for what is not signed, so that is dropped and counted.
func (p *Pages) zaloHook(w http.ResponseWriter, r *http.Request) error {
	if err := p.intake(w, r, channel.Zalo); err != nil && !errors.Is(err, channel.ErrSignature) {
		return err
	}
	return ok(w, r)
}

func (p *Pages) facebookHook(w http.ResponseWriter, r *http.Request) error {
	err := p.intake(w, r, channel.Facebook)
	if errors.Is(err, channel.ErrSignature) {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	if err != nil {
		return err
	}
	return ok(w, r)
}

// intake reads the raw bytes and has them written down before it returns.
func (p *Pages) intake(w http.ResponseWriter, r *http.Request, kind channel.Kind) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, channel.MaxWebhook))
	if err != nil {
		return err
	}
	err = p.Service.Intake(r.Context(), kind, r.Header, body)
	if errors.Is(err, channel.ErrSignature) && p.Refused != nil {
		p.Refused(kind)
	}
	return err
}

func (p *Pages) facebookHandshake(w http.ResponseWriter, r *http.Request) error {
	if p.Facebook == nil {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	challenge, good := p.Facebook.Handshake(r.URL.Query())
	if !good {
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err := io.WriteString(w, challenge)
	return err
}

// act does one thing to an account and goes back to its page.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, flash string, do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id")), flash))
}

func (p *Pages) probe(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.checked", func() error {
		_, err := p.Service.Probe(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
		return err
	})
}

func (p *Pages) pause(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.paused", func() error {
		return p.Service.Pause(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	})
}

func (p *Pages) resume(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.resumed", func() error {
		return p.Service.Resume(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	})
}
