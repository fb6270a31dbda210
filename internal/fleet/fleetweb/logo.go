package fleetweb

import (
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// logoForm is the form by which the logo of a unit's channels is set.
type logoForm struct {
	Unit  string
	Logo  fleet.Logo
	Above string // a higher unit has set it: its name
	Err   error
}

func (p *Pages) logoForm(r *http.Request, unit string, refused error) (logoForm, error) {
	l, err := p.Service.LogoOf(r.Context(), identity.ActorFrom(r.Context()), unit)
	f := logoForm{Unit: unit, Logo: l, Err: refused}
	if l.UnitID != "" && l.UnitID != unit {
		f.Above = p.Service.UnitName(l.UnitID)
	}
	return f, err
}

// logoFormBytes is the largest form that is read: one picture and a few words.
const logoFormBytes = picture.MaxBytes + 1<<20

// setLogo takes the uploaded logo.
func (p *Pages) setLogo(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, logoFormBytes)
	if err := r.ParseMultipartForm(4 << 20); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return fault.New(fault.TooLarge, "fleet.logo.too_big").With("Limit", picture.MaxBytes>>20)
		}
		return fault.New(fault.Invalid, "fleet.logo.none").Because(err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // what stays behind is the machine's to clean
	unit := r.PostFormValue("unit")
	f, _, err := r.FormFile("logo")
	switch {
	case errors.Is(err, http.ErrMissingFile):
		err = fault.Field("logo", "fleet.logo.none")
	case err != nil:
		return err
	default:
		err = p.Service.SetLogo(r.Context(), identity.ActorFrom(r.Context()), unit, f)
		_ = f.Close() // it was read
	}
	if fault.Is(err, fault.Invalid) {
		return p.showRules(w, r, unit, nil, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(with(rulePath, nil, "don_vi", unit), "fleet.logo.saved"))
}

// dropLogo takes the logo back.
func (p *Pages) dropLogo(w http.ResponseWriter, r *http.Request) error {
	unit := r.PostFormValue("unit")
	if err := p.Service.DropLogo(r.Context(), identity.ActorFrom(r.Context()), unit); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(with(rulePath, nil, "don_vi", unit), "fleet.logo.dropped"))
}

// Beside is what the page of one channel shows of the fleet: its picture beside the logo that it should be, where one is
// demanded. Nothing for somebody who may not see the fleet.
func (p *Pages) Beside(ctx context.Context, actor identity.Actor, a channel.Account) (templ.Component, error) {
	s, err := p.Service.SightOf(ctx, actor, a.ID)
	if fault.Is(err, fault.Forbidden) || err == nil && s.Logo == "" {
		return nil, nil
	}
	return sight(s), err
}
