package feedbackweb

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// The pages of the form.
const (
	askWhat = iota
	askWhere
	askWho
	askCheck
)

// askForm is what the form carries from page to page: everything typed so far, so that nothing is lost without a session.
type askForm struct {
	Step    int
	Nonce   string // the form is taken in once, however often it is sent
	In      feedback.Intake
	Query   string // what was typed to find the unit
	Forbid  bool   // the person does not want publication
	Zalo    bool   // the person wishes to be told of the answer at the number
	CanZalo bool   // and somebody could tell
	Trap    string // a field no person sees; a machine fills it
	Found   []unitChoice
	Similar []offerRow
	Seen    bool        // the open cases of the unit were shown
	To      string      // who gets it: the Front of the chosen unit
	Matters []ui.Option // categories of the table
	Err     error
}

// unitChoice is one unit offered for the question.
type unitChoice struct {
	ID, Name, Place string
	Former          string // the name by which it was found, when that is no longer its name
}

const (
	maxForm  = 130 << 20 // bytes of a whole form: five photos of the largest size and the text
	maxField = 100 << 10 // bytes of one typed field: 20,000 letters take at most 80,000
)

// askFirst opens the form; ?don_vi= names the unit by id or by the name in its address.
func (p *Pages) askFirst(w http.ResponseWriter, r *http.Request) error {
	f := askForm{Nonce: id.NewSecret()[:32]}
	f.In.Kind = feedback.Report
	f.In.UnitID = p.unitFrom(r.URL.Query().Get("don_vi"))
	return p.renderAsk(w, r, http.StatusOK, f)
}

// unitFrom accepts the id or the slug of a standing unit that takes questions; anything else is "".
func (p *Pages) unitFrom(s string) string {
	today := p.s.Today()
	if u, err := p.forest().Unit(s, today); err == nil {
		if c := p.choices([]orgunit.Unit{u}, ""); len(c) > 0 {
			return c[0].ID
		}
		return ""
	}
	for _, u := range p.forest().BySlug(s, "", today) {
		if c := p.choices([]orgunit.Unit{u}, ""); len(c) > 0 {
			return c[0].ID
		}
	}
	return ""
}

// askNext takes one page of the form and shows the next, the same with what is wrong, or, at the end, the case.
func (p *Pages) askNext(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	f, press, err := p.readAsk(w, r)
	if err != nil {
		return err
	}
	switch {
	case press == "back":
		f.Step = max(askWhat, f.Step-1)
	case strings.HasPrefix(press, "edit"):
		f.Step = int(press[len(press)-1]-'1') % 3
	case strings.HasPrefix(press, "kind:"): // the kind that was offered on the last page
		if k := feedback.Kind(strings.TrimPrefix(press, "kind:")); k.Valid() {
			f.In.Kind = k
		}
	case strings.HasPrefix(press, "follow:") && p.rooms.Follow != nil:
		return p.askFollow(w, r, strings.TrimPrefix(press, "follow:"), f.Nonce)
	case press == "find":
		f.Step = askWhere
		p.findUnit(&f)
	case f.Err != nil: // a photo was refused: the page says so and keeps everything else
	case f.Step == askCheck && press == "send":
		return p.askSend(w, r, f)
	default:
		p.askForward(r.Context(), &f)
	}
	status := http.StatusOK
	if f.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	return p.renderAsk(w, r, status, f)
}

// askForward checks the page and moves on when nothing is wrong with it.
func (p *Pages) askForward(ctx context.Context, f *askForm) {
	var fs fault.Fields
	switch f.Step {
	case askWhat:
		fs = f.In.CheckWhat()
	case askWhere:
		if f.In.UnitID == "" || f.Query != "" {
			p.findUnit(f)
		}
		fs = f.In.CheckWhere()
		switch {
		case f.In.UnitID != "":
		case len(f.Found) > 0:
			fs.Add(fault.Field("unit", "feedback.unit_choose"))
		case f.Query != "":
			fs.Add(fault.Field("unit_q", "feedback.unit_not_found").With("Query", f.Query))
		default:
			fs.Add(fault.Field("unit_q", "feedback.unit_required"))
		}
	case askWho:
		fs = f.In.CheckWho()
		if fs.OrNil() == nil {
			checkPhone(&fs, f.Zalo, f.In.Person.Phone)
		}
	}
	if f.Err = fs.OrNil(); f.Err == nil {
		f.Step++
	}
}

// findUnit looks for what was typed; a single hit is chosen at once.
func (p *Pages) findUnit(f *askForm) {
	if f.Query == "" {
		return
	}
	f.Found = p.search(f.Query)
	for _, c := range f.Found {
		if c.ID == f.In.UnitID {
			return // one of these was chosen already
		}
	}
	f.In.UnitID = ""
	if len(f.Found) == 1 {
		f.In.UnitID = f.Found[0].ID
	}
}

// search finds the units that take questions: provinces and communes that stand today, also by former names and by the
// names of their residential areas.
func (p *Pages) search(query string) []unitChoice {
	var out []unitChoice
	seen := map[string]bool{}
	for _, hit := range p.forest().Search(query, p.s.Today(), 40) {
		former := ""
		if hit.Former {
			former = hit.Matched
		}
		for _, c := range p.choices(hit.Now, former) {
			if !seen[c.ID] && len(out) < 12 {
				seen[c.ID] = true
				out = append(out, c)
			}
		}
	}
	return out
}

// choices turns units into those that take questions: an area or cluster stands for its commune, an agency for none.
func (p *Pages) choices(units []orgunit.Unit, former string) []unitChoice {
	var out []unitChoice
	today := p.s.Today()
	for _, u := range units {
		for u.Kind == orgunit.KindFront && (u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster) && u.ParentID != "" {
			if former == "" {
				former = u.FullName
			}
			u = p.s.Unit(u.ParentID)
		}
		if u.Kind != orgunit.KindFront || !u.Stands(today) || u.Level == orgunit.LevelCentral {
			continue
		}
		c := unitChoice{ID: u.ID, Name: u.FullName, Former: former}
		if u.ParentID != "" {
			c.Place = p.s.Unit(u.ParentID).FullName
		}
		out = append(out, c)
	}
	return out
}

func (p *Pages) askSend(w http.ResponseWriter, r *http.Request, f askForm) error {
	if err := allow(p.ask, w, r, "feedback.too_many_questions"); err != nil {
		return err
	}
	if f.Trap != "" { // a machine: it gets a page that looks like success and nothing is kept
		return web.SeeOther(w, r, "/hoi-dap")
	}
	f.In.MayPublish = !f.Forbid
	if err := p.knownMatter(r.Context(), &f.In); err != nil {
		return err
	}
	c, err := p.s.Ask(r.Context(), identity.ActorFrom(r.Context()), f.In)
	if fault.Is(err, fault.Invalid) {
		f.Err = err
		f.Step = stepOf(err)
		return p.renderAsk(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	if err := p.keepPhone(r.Context(), c, f.Zalo, f.In.Person.Phone); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/vu-viec/"+c.Code+"?moi=1")
}

// openOnes keeps the cases that can be followed.
func openOnes(rows []offerRow) []offerRow {
	var out []offerRow
	for _, o := range rows {
		if o.State == similar.StateOpen {
			out = append(out, o)
		}
	}
	return out
}

// stepOf is the page on which the first refused field stands.
func stepOf(err error) int {
	for _, e := range web.Faults(err) {
		switch e.Field {
		case "unit", "unit_q", "place", "link":
			return askWhere
		case "name", "phone", "address":
			return askWho
		}
		break
	}
	return askWhat
}

func (p *Pages) renderAsk(w http.ResponseWriter, r *http.Request, status int, f askForm) error {
	f.To = p.unitName(r.Context(), f.In.UnitID)
	if f.Step == askWhere || f.Step == askWho {
		same, err := p.suggest(r.Context(), f.In, 4)
		if err != nil {
			return err
		}
		if f.Similar = same; !f.In.Kind.Secret() {
			if f.Similar, err = p.nearby(r.Context(), f.In, same); err != nil {
				return err
			}
			same = f.Similar
		}
		if f.Step == askWho && status == http.StatusOK && !f.Seen && len(openOnes(same)) > 0 {
			f.Similar, f.Seen = openOnes(same), true
			return web.Render(w, r.WithContext(p.branded(r.Context(), f.In.UnitID)), status, askSamePage(f))
		}
	}
	var err error
	if f.CanZalo, err = p.phoneOffered(r.Context(), f.In); err != nil {
		return err
	}
	if f.Matters, err = p.matterOptions(r.Context(), f.In.Category, "feedback.ask.category_none"); err != nil {
		return err
	}
	r = r.WithContext(p.branded(r.Context(), f.In.UnitID))
	if f.Step == askWhere && f.In.UnitID != "" && len(f.Found) == 0 {
		f.Found = p.choices([]orgunit.Unit{p.s.Unit(f.In.UnitID)}, "")
	}
	return web.Render(w, r, status, askPage(f))
}

// readAsk reads a page of the form. Photos are taken as they come, so that the typed fields, which stand before them, are
// kept even when a photo is refused or the form is too large.
func (p *Pages) readAsk(w http.ResponseWriter, r *http.Request) (f askForm, press string, err error) {
	v := url.Values{}
	photos := photoTray{p: p, w: w, r: r}
	if parts, merr := r.MultipartReader(); merr == nil {
		err = readParts(parts, v, &photos)
	} else {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err = r.ParseForm(); err == nil {
			v = r.PostForm
		}
	}
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) && v.Get("nonce") != "" {
		photos.err, err = fault.Field("photos", "feedback.photos_heavy"), nil
	}
	if err != nil {
		return f, "", unreadable(err)
	}
	f = askFormOf(v)
	f.In.Pictures = append(f.In.Pictures, photos.secrets...)
	if photos.err != nil {
		f.Err = photos.err
	}
	return f, v.Get("go"), nil
}

// unreadable is a form that is none: a 422 that says so, except for one that is too large.
func unreadable(err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) || fault.Is(err, fault.TooMany) {
		return err
	}
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
}

func askFormOf(v url.Values) askForm {
	f := askForm{Nonce: v.Get("nonce"), Query: strings.TrimSpace(v.Get("unit_q")), Forbid: v.Get("forbid") != "", Zalo: v.Get("zalo") != "", Seen: v.Get("seen") != "", Trap: v.Get("website")}
	switch v.Get("step") {
	case "2":
		f.Step = askWhere
	case "3":
		f.Step = askWho
	case "4":
		f.Step = askCheck
	}
	if len(f.Nonce) != 32 {
		f.Nonce = id.NewSecret()[:32]
	}
	f.In = feedback.Intake{UnitID: v.Get("unit"), Kind: feedback.Kind(v.Get("kind")), Category: v.Get("category"), Text: v.Get("text"), SourceKey: "portal:" + f.Nonce,
		Place: feedback.Place{Text: v.Get("place"), Link: v.Get("link")}, Person: feedback.Person{Name: v.Get("name"), Phone: v.Get("phone")}}
	for _, s := range v["photo"] {
		if len(s) == 64 && len(f.In.Pictures) < feedback.MaxPictures {
			f.In.Pictures = append(f.In.Pictures, s)
		}
	}
	f.In.Clean()
	return f
}

// photoTray takes the photos of a form one by one and remembers the first refusal.
type photoTray struct {
	p       *Pages
	w       http.ResponseWriter
	r       *http.Request
	secrets []string
	err     error
}

func (t *photoTray) take(part *multipart.Part, have int) {
	if t.err != nil {
		return
	}
	if have+len(t.secrets) >= feedback.MaxPictures {
		t.err = fault.Field("photos", "feedback.photos_many").With("Limit", feedback.MaxPictures)
		return
	}
	if t.err = allow(t.p.photos, t.w, t.r, "feedback.too_many_questions"); t.err != nil {
		return
	}
	ctx := t.r.Context()
	secret, err := t.p.s.SavePicture(ctx, identity.ActorFrom(ctx), part, "")
	if err != nil {
		t.err = err
		return
	}
	t.secrets = append(t.secrets, secret)
}

// readParts reads a multipart form: typed fields into v, photos into the tray.
func readParts(parts *multipart.Reader, v url.Values, t *photoTray) error {
	for range 100 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			if part.FormName() == "photos" {
				t.take(part, len(v["photo"]))
			}
			continue // what is left of the part is read over by NextPart
		}
		b, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return err
		}
		if part.FormName() != "photos" { // an empty file input comes without a file name
			v.Add(part.FormName(), string(b))
		}
	}
	return fault.New(fault.Invalid, "feedback.form_broken")
}

func (f askForm) steps(ctx context.Context) []string {
	return []string{i18n.T(ctx, "feedback.ask.step_what"), i18n.T(ctx, "feedback.ask.step_where"), i18n.T(ctx, "feedback.ask.step_who"), i18n.T(ctx, "feedback.ask.step_check")}
}

func (f askForm) unitOptions() []ui.Option {
	var out []ui.Option
	for _, c := range f.Found {
		hint := c.Place
		if c.Former != "" {
			hint = strings.TrimPrefix(hint+" · "+c.Former, " · ")
		}
		out = append(out, ui.Option{Value: c.ID, Text: c.Name, Hint: hint, Selected: c.ID == f.In.UnitID})
	}
	return out
}
