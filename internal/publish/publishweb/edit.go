package publishweb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// formPicture is one uploaded picture in the editor.
type formPicture struct {
	ID, URL       string
	Width, Height int
	Use           bool
	Alt, Caption  string
}

// editView is what the editor's template draws: what was typed, kept whatever happened to it.
type editView struct {
	Post       publish.Post
	Draft      publish.Draft
	Body       string // as the text box shows it
	Unit       string // name of the unit that writes
	Units      []ui.Option
	Day, Hour  string
	Categories []ui.Option
	Pictures   []formPicture
	Wide       []ui.Option // subtrees, levels and groups
	Picked     []ui.Option // single units
	Limits     map[channel.Kind]channel.Limits
	Reason     publish.Step // why it came back
	Returned   bool
	Err        error
	Film       publish.FilmProgress
	Theirs     *publish.Version // on a conflict: what the other person saved
	Now        string           // hour of the last save
}

func (v editView) action() string {
	if v.Post.ID == "" {
		return base + "/moi"
	}
	return href(v.Post.ID, "/sua")
}

func (v editView) edition(k channel.Kind) publish.Words {
	for _, e := range v.Draft.Editions {
		if e.Kind == k {
			return e.Words
		}
	}
	return publish.Words{}
}

func (v editView) picked() int {
	n := 0
	for _, o := range v.Picked {
		if o.Selected {
			n++
		}
	}
	return n
}

// fill completes a view with everything that does not come from the form.
func (p *Pages) fill(ctx context.Context, a identity.Actor, v editView, typedBody bool) (editView, error) {
	var err error
	if v.Categories, err = p.categories(ctx); err != nil {
		return v, err
	}
	groups, err := p.s.Groups(ctx, a)
	if err != nil {
		return v, err
	}
	chosen := map[string]bool{}
	for _, t := range v.Draft.Targets {
		chosen[targetValue(t)] = true
	}
	units := p.s.Units(a)
	add := func(list *[]ui.Option, t publish.Target, text string) {
		x := targetValue(t)
		*list = append(*list, ui.Option{Value: x, Text: text, Selected: chosen[x]})
	}
	roots := map[string]bool{}
	for _, g := range a.Grants {
		roots[g.UnitID] = true
	}
	for _, u := range units {
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == v.Post.UnitID})
		add(&v.Picked, publish.Target{Kind: publish.TargetUnit, Ref: u.ID}, u.FullName)
		if u.Level.Rank() >= orgunit.LevelCommune.Rank() || !roots[u.ID] && u.Level != orgunit.LevelDistrict {
			continue
		}
		add(&v.Wide, publish.Target{Kind: publish.TargetSubtree, Ref: u.ID}, i18n.T(ctx, "publish.target.subtree", "Unit", u.FullName))
		if roots[u.ID] {
			for _, l := range levelsBelow(units, u) {
				add(&v.Wide, publish.Target{Kind: publish.TargetLevel, Ref: u.ID, Level: l}, i18n.T(ctx, "publish.target.level_"+string(l), "Unit", u.FullName))
			}
		}
	}
	for _, g := range groups {
		add(&v.Wide, publish.Target{Kind: publish.TargetGroup, Ref: g.ID}, i18n.T(ctx, "publish.target.group", "Name", g.Name, "N", len(g.UnitIDs)))
	}
	v.Unit = p.s.Unit(v.Post.UnitID).FullName
	if v.Film, err = p.s.Film(ctx, a, v.Draft.VideoID); err != nil {
		return v, err
	}
	v.Limits = map[channel.Kind]channel.Limits{}
	for _, k := range publish.Kinds {
		v.Limits[k] = p.s.Limits(k)
	}
	if !typedBody {
		v.Body = publish.EditorValue(v.Draft.Body)
	}
	if !v.Draft.PublishAt.IsZero() {
		v.Day, v.Hour = dayHour(v.Draft.PublishAt)
	}
	return v, nil
}

// levelsBelow lists the levels that have units among those given, below u.
func levelsBelow(units []orgunit.Unit, u orgunit.Unit) []orgunit.Level {
	var out []orgunit.Level
	for _, l := range []orgunit.Level{orgunit.LevelDistrict, orgunit.LevelCommune} {
		for _, x := range units {
			if x.Level == l && l.Rank() > u.Level.Rank() {
				out = append(out, l)
				break
			}
		}
	}
	return out
}

func targetValue(t publish.Target) string {
	s := string(t.Kind) + ":" + t.Ref
	if t.Level != "" {
		s += ":" + string(t.Level)
	}
	return s
}

func parseTarget(s string) publish.Target {
	parts := append(strings.SplitN(s, ":", 3), "", "")
	return publish.Target{Kind: publish.TargetKind(parts[0]), Ref: parts[1], Level: orgunit.Level(parts[2])}
}

func (p *Pages) blank(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	v := editView{}
	if us := p.s.Units(a); len(us) > 0 {
		v.Post.UnitID = us[0].ID
	}
	v, err := p.fill(ctx, a, v, false)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, editPage(v))
}

// read takes the form apart. Errors are field faults; the draft holds what could be read in any case.
func (p *Pages) read(w http.ResponseWriter, r *http.Request) (publish.Draft, error) {
	limit := int64(textMax)
	multi := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
	if multi {
		limit = formMax
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if err := r.ParseForm(); err != nil {
		return publish.Draft{}, err
	}
	if multi {
		if err := r.ParseMultipartForm(8 << 20); err != nil {
			return publish.Draft{}, err
		}
	}
	f := r.Form
	d := publish.Draft{Words: publish.Words{Title: f.Get("title"), Lead: f.Get("lead"), Body: f.Get("body")},
		Category: f.Get("category"), MediaURL: f.Get("media_url"), Erratum: f.Get("erratum"), VideoID: filmID(f), WantCanary: f.Get("canary") != "", WantAnnounce: f.Get("announce") != "", Audience: audienceOf(f)}
	for _, k := range publish.Kinds {
		s := string(k)
		d.Editions = append(d.Editions, publish.Edition{Kind: k, Words: publish.Words{Title: f.Get("title_" + s), Lead: f.Get("lead_" + s), Body: f.Get("body_" + s)}})
	}
	for _, s := range f["targets"] {
		d.Targets = append(d.Targets, parseTarget(s))
	}
	for _, s := range f["kinds"] {
		d.Kinds = append(d.Kinds, channel.Kind(s))
	}
	if len(d.Kinds) == 0 && f.Get("kinds_asked") != "" {
		d.Kinds = []channel.Kind{channel.Portal} // none of the others
	}
	for _, pid := range f["pic"] {
		if f.Get("use_"+pid) != "" {
			d.Pictures = append(d.Pictures, publish.PictureRef{ID: pid, Alt: f.Get("alt_" + pid), Caption: f.Get("caption_" + pid)})
		}
	}
	var err error
	d.PublishAt, err = stamp(f.Get("day"), f.Get("hour"))
	return d, err
}

func (p *Pages) create(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	d, err := p.read(w, r)
	unitID := r.Form.Get("unit")
	var post publish.Post
	if err == nil {
		post, err = p.s.Create(ctx, a, unitID, d)
	}
	if err != nil {
		if !refused(err) {
			return err
		}
		return p.again(w, r, editView{Post: publish.Post{UnitID: unitID}, Draft: d, Err: err})
	}
	post, err = p.photos(ctx, a, r, post, d)
	if err != nil {
		if !refused(err) {
			return err
		}
		return p.again(w, r, editView{Post: post, Draft: d, Err: err})
	}
	return p.submitOr(w, r, a, post, d)
}

// again shows the form once more with what was typed.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, v editView) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	v.Body = v.Draft.Body
	v, err := p.fill(ctx, a, v, true)
	if err != nil {
		return err
	}
	if v.Day == "" {
		v.Day, v.Hour = r.Form.Get("day"), r.Form.Get("hour")
	}
	if v.Post.ID != "" {
		f, err := p.s.Open(ctx, a, v.Post.ID)
		if err != nil {
			return err
		}
		v = v.about(f)
		if fault.Is(v.Err, fault.Conflict) && f.Editable() { // saving again means: mine over theirs, knowingly
			v.Theirs, v.Post = &f.Now, f.Post
		}
	}
	return web.Render(w, r, web.Status(fault.KindOf(v.Err)), editPage(v))
}

// about adds to a view what is stored of its post.
func (v editView) about(f publish.File) editView {
	for _, x := range f.Pictures {
		pic := formPicture{ID: x.ID, URL: picture.URL(x.ID, x.Widths[0]), Width: x.Width, Height: x.Height}
		for _, ref := range v.Draft.Pictures {
			if ref.ID == x.ID {
				pic.Use, pic.Alt, pic.Caption = true, ref.Alt, ref.Caption
			}
		}
		v.Pictures = append(v.Pictures, pic)
	}
	if f.State == publish.StateReturned {
		v.Reason, v.Returned = f.Last("return")
	}
	return v
}

func (p *Pages) edit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	f, err := p.s.Open(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	if !f.Editable() || !p.s.Can(a, publish.ActWrite, f.Post) {
		return web.SeeOther(w, r, href(f.ID, ""))
	}
	d := f.Now.Draft()
	d.PublishAt, d.WantCanary, d.WantAnnounce = f.PublishAt, f.WantCanary, f.WantAnnounce
	v, err := p.fill(ctx, a, editView{Post: f.Post, Draft: d}, false)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, editPage(v.about(f)))
}

func (p *Pages) save(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	postID := r.PathValue("id")
	d, err := p.read(w, r)
	rev := atoi(r.Form.Get("rev"))
	var post publish.Post
	if err == nil {
		post, err = p.s.Save(ctx, a, postID, rev, d)
	}
	if err == nil {
		rev = post.Rev
		post, err = p.photos(ctx, a, r, post, d)
	}
	if err != nil {
		if !refused(err) {
			return err
		}
		f, oerr := p.s.Open(ctx, a, postID)
		if oerr != nil {
			return oerr
		}
		f.Rev = rev
		return p.again(w, r, editView{Post: f.Post, Draft: d, Err: err})
	}
	return p.submitOr(w, r, a, post, d)
}

// submitOr ends a save: back to the editor, or on to review when that button was pressed.
func (p *Pages) submitOr(w http.ResponseWriter, r *http.Request, a identity.Actor, post publish.Post, d publish.Draft) error {
	if r.Form.Get("act") != "submit" {
		return web.SeeOther(w, r, ui.WithFlash(href(post.ID, "/sua"), "publish.saved"))
	}
	if _, err := p.s.Submit(r.Context(), a, post.ID, post.Rev); err != nil {
		if !refused(err) {
			return err
		}
		return p.again(w, r, editView{Post: post, Draft: d, Err: err})
	}
	return web.SeeOther(w, r, ui.WithFlash(href(post.ID, ""), "publish.submitted"))
}

// filmID is the film that the form keeps.
func filmID(f url.Values) string {
	if f.Get("no_video") != "" {
		return ""
	}
	return f.Get("video")
}

// photos stores the film and the pictures that came with the form and puts the pictures behind those already chosen; their
// words are still to be written, and review will ask for them.
func (p *Pages) photos(ctx context.Context, a identity.Actor, r *http.Request, post publish.Post, d publish.Draft) (publish.Post, error) {
	if r.MultipartForm == nil || len(r.MultipartForm.File["photo"])+len(r.MultipartForm.File["film"]) == 0 {
		return post, nil
	}
	for _, h := range r.MultipartForm.File["film"] { // without script a film comes with the form
		f, err := h.Open()
		if err != nil {
			return post, err
		}
		d.VideoID, err = p.s.TakeFilm(ctx, a, post.ID, h.Filename, h.Size, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return post, onField(err, "film")
		}
	}
	for _, h := range r.MultipartForm.File["photo"] {
		pic, err := p.photo(ctx, a, post.ID, h)
		if err != nil {
			return post, onField(err, "photo")
		}
		d.Pictures = append(d.Pictures, publish.PictureRef{ID: pic.ID, Alt: r.Form.Get("photo_alt")})
	}
	return p.s.Save(ctx, a, post.ID, post.Rev, d)
}

func (p *Pages) photo(ctx context.Context, a identity.Actor, postID string, h *multipart.FileHeader) (publish.StoredPicture, error) {
	f, err := h.Open()
	if err != nil {
		return publish.StoredPicture{}, err
	}
	defer f.Close()
	return p.s.AddPicture(ctx, a, postID, f)
}

// onField ties a fault to a field of the form.
func onField(err error, field string) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Field == "" && (e.Kind == fault.Invalid || e.Kind == fault.TooLarge) {
		c := *e
		c.Field = field
		return &c
	}
	return err
}

// upload takes one picture from the word processor and answers with its address.
func (p *Pages) upload(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, picture.MaxBytes+1<<20)
	f, _, err := r.FormFile("file")
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return err
		}
		return fault.Field("file", "publish.file_missing").Because(err)
	}
	defer f.Close()
	pic, err := p.s.AddPicture(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), io.Reader(f))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	at := pic.Widths[min(1, len(pic.Widths)-1)]
	return json.NewEncoder(w).Encode(map[string]string{"url": picture.URL(pic.ID, at), "id": pic.ID, "width": strconv.Itoa(pic.Width)})
}

// autosave stores a draft while it is typed and answers with the line "Đã lưu 10:32". When it cannot, it says why and the
// text stays in the form.
func (p *Pages) autosave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := p.read(w, r)
	rev := atoi(r.Form.Get("rev"))
	v := savedView{Rev: rev}
	if err == nil {
		var post publish.Post
		if post, err = p.s.Save(ctx, identity.ActorFrom(ctx), r.PathValue("id"), rev, d); err == nil {
			v.Rev, v.At = post.Rev, p.clock.Now().In(clock.Vietnam).Format("15:04")
		}
	}
	if err != nil {
		if !refused(err) {
			return err
		}
		v.Err = err
	}
	return web.Render(w, r, http.StatusOK, savedLine(v))
}

// savedView is the line that says whether the draft is stored, with the revision the next save starts from.
type savedView struct {
	Rev int
	At  string
	Err error
}
