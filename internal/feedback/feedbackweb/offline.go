package feedbackweb

import (
	"net/http"
	"net/url"
	"regexp"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// quickPath is the form on one page: it can be filled in where there is no network and sends itself later.
const quickPath = "/hoi/nhanh"

// offlineID is what a browser calls a filled form: a UUID.
var offlineID = regexp.MustCompile(`^[0-9a-fA-F-]{8,64}$`)

func (p *Pages) quick(w http.ResponseWriter, r *http.Request) error {
	f := askForm{Nonce: id.NewSecret()[:32]}
	f.In.Kind = feedback.Report
	f.In.UnitID = p.unitFrom(r.URL.Query().Get("don_vi"))
	web.KeepOffline(w)
	return p.renderQuick(w, r, http.StatusOK, f)
}

func (p *Pages) renderQuick(w http.ResponseWriter, r *http.Request, status int, f askForm) error {
	f.To = p.unitName(r.Context(), f.In.UnitID)
	return web.Render(w, r.WithContext(p.branded(r.Context(), f.In.UnitID)), status, quickPage(f))
}

// quickSend takes the form in. A form that waited on a device comes with an offline_id; the same one again gives the same
// case, and a refused one keeps everything that was typed.
func (p *Pages) quickSend(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	v := url.Values{}
	photos := photoTray{p: p, w: w, r: r}
	parts, err := r.MultipartReader()
	if err == nil {
		err = readParts(parts, v, &photos)
	} else if err = r.ParseForm(); err == nil {
		v = r.PostForm
	}
	if err != nil {
		return unreadable(err)
	}
	f := askFormOf(v)
	f.In.Pictures = append(f.In.Pictures, photos.secrets...)
	if key := v.Get("offline_id"); key != "" {
		if !offlineID.MatchString(key) {
			return fault.New(fault.Invalid, "feedback.form_broken")
		}
		f.In.SourceKey = "offline:" + key
	}
	f.In.MayPublish = !f.Forbid
	if f.Trap != "" {
		return web.SeeOther(w, r, "/hoi-dap")
	}
	if f.In.UnitID == "" {
		p.findUnit(&f)
	}
	var fs fault.Fields
	switch {
	case photos.err != nil:
		f.Err = photos.err
	case f.In.UnitID != "":
	case len(f.Found) > 0:
		fs.Add(fault.Field("unit", "feedback.unit_choose"))
	case f.Query != "":
		fs.Add(fault.Field("unit_q", "feedback.unit_not_found").With("Query", f.Query))
	default:
		fs.Add(fault.Field("unit_q", "feedback.unit_required"))
	}
	if f.Err == nil {
		f.Err = fs.OrNil()
	}
	if f.Err != nil {
		return p.renderQuick(w, r, http.StatusUnprocessableEntity, f)
	}
	if err := allow(p.ask, w, r, "feedback.too_many_questions"); err != nil {
		return err
	}
	c, err := p.s.Ask(r.Context(), identity.ActorFrom(r.Context()), f.In)
	if fault.Is(err, fault.Invalid) {
		f.Err = err
		return p.renderQuick(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/vu-viec/"+c.Code+"?moi=1")
}
