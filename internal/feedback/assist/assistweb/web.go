// Package assistweb is the phone page by which the head of a residential area writes down what a person says, and the slip
// that the person takes home. The page opens and works without network.
package assistweb

import (
	"embed"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/assist"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of these pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the pages stand.
const Base = "/lam-viec/giup-ba-con"

const slipPath = Base + "/phieu/"

// maxBody bounds a form with its photos, in bytes.
const maxBody = 64 << 20

// Pages serves the pages.
type Pages struct {
	Service *assist.Service
	Phone   *byphone.Service // messages to telephones; nil: none
}

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, feedback.ActionAssist, p.form)
	r.Can("POST "+Base, feedback.ActionAssist, p.take)
	r.Can("GET "+slipPath+"{id}", feedback.ActionAssist, p.slip)
}

// formView is the form with the slips that can be handed over without network.
type formView struct {
	Form  assist.Form
	Zalo  bool // the person wishes to be told at their number
	Can   bool // and somebody could tell
	Areas []orgunit.Unit
	Slips []slip
	Today int
	Err   error
}

type slip struct{ Code, URL string }

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	f := assist.Form{AreaID: r.URL.Query().Get("khu"), Intake: feedback.Intake{Kind: feedback.Report, MayPublish: true}}
	web.KeepOffline(w)
	return p.show(w, r, http.StatusOK, formView{Form: f})
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, v formView) error {
	a := identity.ActorFrom(r.Context())
	v.Areas = p.Service.Areas(a)
	if v.Form.AreaID == "" && len(v.Areas) > 0 {
		v.Form.AreaID = v.Areas[0].ID
	}
	codes, err := p.Service.Codes(r.Context(), a, v.Form.AreaID)
	if err != nil {
		return err
	}
	for _, c := range codes {
		v.Slips = append(v.Slips, slip{c, p.Service.Cases.CaseURL(c)})
	}
	if v.Today, err = p.Service.Today(r.Context(), a); err != nil {
		return err
	}
	if p.Phone != nil {
		if v.Can, err = p.Phone.Offered(r.Context(), v.Form.AreaID); err != nil {
			return err
		}
	}
	return web.Render(w, r, status, formPage(v))
}

func (p *Pages) take(w http.ResponseWriter, r *http.Request) error {
	a := identity.ActorFrom(r.Context())
	v, photos, refused, err := p.read(w, r, a)
	if err != nil {
		return err
	}
	f := assist.Form{OfflineID: v.Get("offline_id"), AreaID: v.Get("area"), Code: v.Get("code"), Consented: v.Get("consent") != "",
		Intake: feedback.Intake{Kind: feedback.Kind(v.Get("kind")), Text: v.Get("text"), Place: feedback.Place{Text: v.Get("place")},
			Person: feedback.Person{Name: v.Get("name"), Phone: v.Get("phone"), Address: v.Get("address")}, MayPublish: v.Get("forbid") == "", Pictures: photos}}
	if f.OfflineID == "" {
		f.OfflineID = v.Get("nonce")
	}
	wish := v.Get("zalo") != "" && p.Phone != nil && !f.Intake.Kind.Secret()
	if refused == nil && wish {
		refused = byphone.Check(f.Intake.Person.Phone)
	}
	if refused != nil {
		return p.show(w, r, http.StatusUnprocessableEntity, formView{Form: f, Zalo: wish, Err: refused})
	}
	s, err := p.Service.Take(r.Context(), a, f)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) || fault.Is(err, fault.Conflict) {
		return p.show(w, r, web.Status(fault.KindOf(err)), formView{Form: f, Zalo: wish, Err: err})
	}
	if err != nil {
		return err
	}
	if wish { // what stands against the number is no reason to refuse the question
		if err := p.Phone.Wish(r.Context(), s.Code, f.Intake.Person.Phone); err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return web.SeeOther(w, r, slipPath+url.PathEscape(f.OfflineID))
}

// read reads the form; a photo that cannot be taken is a refusal with what was typed kept.
func (p *Pages) read(w http.ResponseWriter, r *http.Request, a identity.Actor) (v url.Values, photos []string, refused, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
		return r.PostForm, nil, nil, err
	}
	if err != nil {
		return nil, nil, nil, err
	}
	v = url.Values{}
	for range 60 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, nil, err
		}
		if part.FormName() != "photos" {
			b, err := io.ReadAll(io.LimitReader(part, 64<<10))
			if err != nil {
				return nil, nil, nil, err
			}
			v.Add(part.FormName(), string(b))
			continue
		}
		secret, err := p.photo(r, a, part, len(photos))
		if err != nil {
			refused = err
		} else if secret != "" {
			photos = append(photos, secret)
		}
	}
	return v, photos, refused, nil
}

func (p *Pages) photo(r *http.Request, a identity.Actor, part *multipart.Part, have int) (string, error) {
	if part.FileName() == "" {
		return "", nil
	}
	if have >= feedback.MaxPictures {
		return "", fault.Field("photos", "feedback.photos_many").With("Limit", feedback.MaxPictures)
	}
	return p.Service.Cases.SavePicture(r.Context(), a, part, "")
}

func (p *Pages) slip(w http.ResponseWriter, r *http.Request) error {
	s, err := p.Service.Slip(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, slipPage(s))
}
