// Package videoweb is the doors of films: the one by which they come in (tus 1.0, so that a broken line costs nothing), the
// one at which the form asks how far a film is and hands in its still and its spoken words, and the one where everybody plays
// a film, from the middle too.
package videoweb

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	tus "github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/video"
)

// Catalogue holds the words of films.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the form speaks to, tusBase where films come in; they are played at /phim.
const (
	Base    = "/lam-viec/phim"
	tusBase = "/lam-viec/tai-phim/"
	write   = "publish.write" // who may write posts may send films
)

// Pages is the doors of films.
type Pages struct {
	s  *video.Service
	up *tus.UnroutedHandler
}

// New makes the doors.
func New(s *video.Service) (*Pages, error) {
	p := &Pages{s: s}
	var err error
	p.up, err = p.protocol()
	return p, err
}

// newDesk keeps two requests from writing into one film at the same time, within a process; between processes the count of
// stored bytes does.
func newDesk() tus.Locker { return memorylocker.New() }

// quiet is a log that nobody reads: the house logs requests itself. The library wants the older kind.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// Routes adds the doors.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("POST "+tusBase+"{$}", write, p.tus(p.up.PostFile))
	r.Can("OPTIONS "+tusBase+"{$}", write, p.tus(nothing))
	r.Can("HEAD "+tusBase+"{id}", write, p.tus(p.up.HeadFile))
	r.Can("PATCH "+tusBase+"{id}", write, p.tus(p.up.PatchFile))
	r.Can("DELETE "+tusBase+"{id}", write, p.tus(p.up.DelFile))
	r.Can("GET "+Base+"/{id}", write, p.state)
	r.Can("POST "+Base+"/{id}/anh", write, p.poster)
	r.Can("POST "+Base+"/{id}/loi", write, p.captions)
	r.Public("GET /phim/{id}/{name}", p.play)
}

// nothing is behind the library's own answer to OPTIONS.
func nothing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// filmView is what the form is told of a film.
type filmView struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Text     string `json:"text"` // one sentence
	Percent  int64  `json:"percent"`
	Vertical bool   `json:"vertical"`
	Poster   string `json:"poster"` // address of the still; "" none yet
	Captions bool   `json:"captions"`
}

func (p *Pages) state(w http.ResponseWriter, r *http.Request) error {
	f, err := p.s.Mine(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := filmView{ID: f.ID, State: string(f.State), Percent: f.Stored * 100 / max(1, f.Bytes), Vertical: f.Vertical(), Captions: f.Captions != ""}
	v.Text = i18n.T(r.Context(), "video.state."+string(f.State), "Percent", v.Percent, "Name", f.Name)
	if f.State == video.Refused {
		v.Text = i18n.T(r.Context(), f.Reason)
	}
	if f.Poster != "" {
		v.Poster = picture.URL(f.Poster, 320)
	}
	return answer(w, v)
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(v)
}

// file takes one file out of a form.
func file(w http.ResponseWriter, r *http.Request, name string, limit int64) (io.ReadCloser, error) {
	r.Body = http.MaxBytesReader(w, r.Body, limit+1<<20)
	f, _, err := r.FormFile(name)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, err
	case err != nil:
		return nil, fault.Field(name, "video.file_missing").Because(err)
	}
	return f, nil
}

// poster takes the still: one that the browser took, or one that a person chose.
func (p *Pages) poster(w http.ResponseWriter, r *http.Request) error {
	f, err := file(w, r, "still", picture.MaxBytes)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.s.Poster(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), f); err != nil {
		return err
	}
	return p.state(w, r)
}

func (p *Pages) captions(w http.ResponseWriter, r *http.Request) error {
	f, err := file(w, r, "captions", video.MaxCaptions)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if err := p.s.Caption(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), string(b)); err != nil {
		return err
	}
	return p.state(w, r)
}

// play gives the film out. What stands under one id never changes, so it may be kept for ever.
func (p *Pages) play(w http.ResponseWriter, r *http.Request) error {
	f, err := p.s.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if r.PathValue("name") != f.Path()[len("/phim/"+f.ID+"/"):] {
		return fault.New(fault.NotFound, "video.not_found")
	}
	film, err := p.s.Open(r.Context(), f)
	if err != nil {
		return err
	}
	defer film.Close()
	h := w.Header()
	h.Set("Content-Type", f.MIME)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+f.SHA256+`"`)
	http.ServeContent(w, r, "", time.Time{}, film)
	return nil
}
