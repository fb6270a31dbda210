package housingweb

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// surveyView is the survey form with what was typed.
type surveyView struct {
	CaseID     string // "" for a new survey
	Version    int
	Household  *household.Household // chosen from the register: items 1 to 8 stand there
	Area       string
	In         typed
	Programmes []ui.Option
	Places     []ui.Option
	Kept       []string // photos of a refused form that are stored already
	Err        error
}

// typed is the form as it was typed.
type typed struct {
	OfflineID, Programme, HouseholdID, Unit, Hamlet, Name, Sex, BirthYear, IDNumber, Spouse, Members, People, Phone, Address string
	Job, Education, Employment, Category, CategoryYear, Ethnicity, Religion, Priority, Land, Condition, Circumstances        string
	Need, Note, On, Consent                                                                                                  string
}

func typedOf(r *http.Request) typed {
	f := r.PostFormValue
	return typed{OfflineID: f("offline_id"), Programme: f("programme"), HouseholdID: f("ho"), Unit: f("unit"), Hamlet: f("hamlet"), Name: f("name"), Sex: f("sex"), BirthYear: f("birth_year"), IDNumber: f("id_number"),
		Spouse: f("spouse"), Members: f("members"), People: f("people"), Phone: f("phone"), Address: f("address"), Job: f("job"), Education: f("education"), Employment: f("employment"), Category: f("category"),
		CategoryYear: f("category_year"), Ethnicity: f("ethnicity"), Religion: f("religion"), Priority: f("priority"), Land: f("land"), Condition: f("condition"), Circumstances: f("circumstances"),
		Need: f("need"), Note: f("note"), On: f("on"), Consent: f("consent")}
}

func (t typed) survey() housing.Survey {
	return housing.Survey{Job: t.Job, Education: t.Education, Employment: t.Employment, Ethnicity: t.Ethnicity, Religion: t.Religion, Priority: t.Priority, Land: housing.Land(t.Land),
		Condition: t.Condition, Circumstances: t.Circumstances, Note: t.Note}
}

// form reads what was typed; figures and days that are none are refused together.
func (t typed) form() (housing.Form, error) {
	var bad fault.Fields
	f := housing.Form{OfflineID: t.OfflineID, ProgrammeID: t.Programme, HouseholdID: t.HouseholdID, Need: housing.Need(t.Need), Survey: t.survey(), On: dayOf(&bad, "on", t.On)}
	if t.HouseholdID != "" {
		return f, bad.OrNil()
	}
	number := func(field, s, key string) int {
		if s = strings.TrimSpace(s); s == "" {
			return 0
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 9999 {
			bad.Add(fault.Field(field, key))
			return 0
		}
		return n
	}
	f.Entry = household.Entry{UnitID: t.Unit, Hamlet: t.Hamlet, Category: household.Category(t.Category), CategoryYear: number("category_year", t.CategoryYear, "household.category_year_odd"),
		People: number("people", t.People, "household.people_odd"),
		Person: household.Person{Name: t.Name, Sex: household.Sex(t.Sex), BirthYear: number("birth_year", t.BirthYear, "household.year_odd"), IDNumber: t.IDNumber, Phone: t.Phone, Address: t.Address, Spouse: t.Spouse}}
	var err error
	if f.Entry.Person.Members, err = members(t.Members); err != nil {
		bad.Add(fault.Field("members", "household.members_odd").Because(err))
	}
	return f, bad.OrNil()
}

// dayOf reads a day as people type it; what is none is refused with what was typed.
func dayOf(bad *fault.Fields, field, s string) clock.Date {
	d, err := clock.ParseDate(strings.TrimSpace(s))
	if err != nil {
		bad.Add(fault.Field(field, "housing.day_odd"))
		return ""
	}
	return d
}

// members reads who lives in a household, one person a line: "name; relation; year of birth".
func members(text string) ([]household.Member, error) {
	var out []household.Member
	for line := range strings.Lines(text) {
		parts := strings.SplitN(line, ";", 3)
		m := household.Member{Name: strings.TrimSpace(vntext.NFC(parts[0]))}
		if m.Name == "" {
			continue
		}
		if len(parts) > 1 {
			m.Relation = strings.TrimSpace(parts[1])
		}
		if len(parts) > 2 && strings.TrimSpace(parts[2]) != "" {
			y, err := strconv.Atoi(strings.TrimSpace(parts[2]))
			if err != nil {
				return nil, err
			}
			m.BirthYear = y
		}
		out = append(out, m)
	}
	return out, nil
}

func (p *Pages) blank(w http.ResponseWriter, r *http.Request) error {
	v := surveyView{In: typed{HouseholdID: r.URL.Query().Get("ho"), On: p.Service.Today().Vietnamese(), CategoryYear: p.Service.Today().Vietnamese()[6:]}}
	if v.In.HouseholdID == "" {
		web.KeepOffline(w)
	}
	return p.showSurvey(w, r, v)
}

func (p *Pages) showSurvey(w http.ResponseWriter, r *http.Request, v surveyView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	if v.In.HouseholdID != "" && v.CaseID == "" {
		h, err := p.Service.Households.Get(ctx, actor, v.In.HouseholdID)
		if err != nil {
			return err
		}
		v.Household, v.Area = &h, p.Service.Households.Area(h)
	}
	var err error
	if v.Programmes, err = p.programmeOptions(ctx, v.In.Programme, false); err != nil {
		return err
	}
	v.Places = p.places(ctx, housing.ActionSurvey, v.In.Unit, i18n.T(ctx, "housing.filter.choose_unit"))
	status := http.StatusOK
	if v.Err != nil {
		status = web.Status(fault.KindOf(v.Err))
	}
	return web.Render(w, r, status, surveyPage(v))
}

// maxForm bounds a whole form with photos, in bytes.
const maxForm = 80 << 20

// parse reads a form that may carry photos.
func parse(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseMultipartForm(8 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		return nil // ParseMultipartForm has read it as an ordinary form
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "housing.form_large").With("Limit", maxForm>>20)
	}
	if err != nil {
		return fault.New(fault.Invalid, "housing.form_broken").Because(err)
	}
	return nil
}

func (p *Pages) survey(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	v := surveyView{In: typedOf(r), Kept: r.PostForm["kept"]}
	f, err := v.In.form()
	kept, perr := p.savePhotos(ctx, r, "photo", v.Kept)
	v.Kept = kept
	for _, pid := range kept {
		f.Photos = append(f.Photos, housing.NewPhoto{PictureID: pid, Moment: housing.Before, Consent: v.In.Consent})
	}
	if err = together(err, perr); err == nil {
		var c housing.Case
		if c, err = p.Service.Survey(ctx, identity.ActorFrom(ctx), f); err == nil {
			return web.SeeOther(w, r, ui.WithFlash(Href(c.ID), "housing.surveyed_now"))
		}
	}
	if !refused(err) {
		return err
	}
	v.Err = err
	return p.showSurvey(w, r, v)
}

// together joins two refusals into one list.
func together(a, b error) error {
	if a == nil || b == nil {
		return errors.Join(a, b)
	}
	return append(web.Faults(a), web.Faults(b)...)
}

// savePhotos stores the photos of a form; those of an earlier, refused try are kept.
func (p *Pages) savePhotos(ctx context.Context, r *http.Request, field string, kept []string) ([]string, error) {
	kept = kept[:min(len(kept), housing.MaxPhotos)]
	if r.MultipartForm == nil {
		return kept, nil
	}
	for _, h := range r.MultipartForm.File[field] {
		if h.Size == 0 {
			continue
		}
		if len(kept) >= housing.MaxPhotos {
			return kept, fault.Field(field, "housing.photos_many").With("Limit", housing.MaxPhotos)
		}
		pid, err := p.savePhoto(ctx, h)
		if err != nil {
			return kept, onField(err, field)
		}
		kept = append(kept, pid)
	}
	return kept, nil
}

func (p *Pages) savePhoto(ctx context.Context, h *multipart.FileHeader) (string, error) {
	f, err := h.Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	pic, err := p.Service.Pictures.Save(ctx, f)
	return pic.ID, err
}

// onField says of a refusal which field it belongs to.
func onField(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) {
		c := *f
		c.Field = field
		return &c
	}
	return err
}

func (p *Pages) editSurvey(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	c, err := p.Service.Get(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	s, _, err := p.Service.Read(ctx, actor, c.ID, i18n.T(ctx, "housing.edit_reason"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return p.showSurvey(w, r, surveyView{CaseID: c.ID, Version: c.Version, In: typed{HouseholdID: c.HouseholdID, Job: s.Job, Education: s.Education, Employment: s.Employment, Ethnicity: s.Ethnicity, Religion: s.Religion,
		Priority: s.Priority, Land: string(s.Land), Condition: s.Condition, Circumstances: s.Circumstances, Note: s.Note, Need: string(c.Need), On: c.SurveyedOn.Vietnamese()}})
}

func (p *Pages) revise(w http.ResponseWriter, r *http.Request) error {
	if err := parse(w, r); err != nil {
		return err
	}
	v := surveyView{CaseID: r.PathValue("id"), In: typedOf(r)}
	v.Version, _ = strconv.Atoi(r.PostFormValue("version")) // what is no number is refused as an older one
	v.Version = max(v.Version, 1)
	f, err := v.In.form()
	if err == nil {
		_, err = p.Service.Revise(r.Context(), identity.ActorFrom(r.Context()), v.CaseID, v.Version, f.Need, f.Survey, f.On)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(Href(v.CaseID), "housing.revised_now"))
	}
	if !refused(err) {
		return err
	}
	v.Err = err
	return p.showSurvey(w, r, v)
}
