package orgunitweb

import (
	"errors"
	"net/http"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

const adminPath = "/quan-tri/don-vi"

// maxUpload bounds the request that carries a list: the list itself and a little for the form around it.
const maxUpload = orgunit.MaxCSVBytes + 1<<16

// adminView is the page everything about units starts from.
type adminView struct {
	Units      []link
	KeepsAreas bool
	Plans      bool
	Err        error
	Result     *orgunit.ImportResult
}

func (p *Pages) admin(w http.ResponseWriter, r *http.Request) error {
	return p.showAdmin(w, r, http.StatusOK, nil, nil)
}

func (p *Pages) showAdmin(w http.ResponseWriter, r *http.Request, status int, res *orgunit.ImportResult, refused error) error {
	a := identity.ActorFrom(r.Context())
	f, on := p.Units.Forest(), p.Units.Today()
	v := adminView{Err: refused, Result: res, KeepsAreas: p.Admin.May(a, orgadmin.ActionAreas), Plans: p.Admin.May(a, orgadmin.ActionPlan)}
	for _, id := range a.Units() {
		if u, err := f.Unit(id, on); err == nil {
			v.Units = append(v.Units, p.link(f, u, on))
		}
	}
	return web.Render(w, r, status, adminPage(v))
}

func (p *Pages) importList(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	file, _, err := r.FormFile("file")
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return err
		}
		return p.showAdmin(w, r, http.StatusUnprocessableEntity, nil, fault.Field("file", "orgadmin.list_required").Because(err))
	}
	defer file.Close()
	res, err := p.Admin.ImportList(r.Context(), identity.ActorFrom(r.Context()), file)
	if fault.Is(err, fault.Invalid) {
		return p.showAdmin(w, r, http.StatusUnprocessableEntity, nil, err)
	}
	if err != nil {
		return err
	}
	if res.Added+res.Changed == 0 {
		return p.showAdmin(w, r, http.StatusOK, &res, nil)
	}
	return web.SeeOther(w, r, ui.WithFlash(adminPath, "orgadmin.list_taken"))
}
