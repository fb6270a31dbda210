// Package wall shows what citizens would see on their phones: every Zalo official account, Facebook Page and YouTube channel of the
// simulated world with its newest piece, and for each of them a phone on which one can read as a chosen follower and
// write back. It is a window on sim/zalo and sim/facebook and keeps nothing itself. It works without JavaScript; with it,
// the pages renew themselves.
package wall

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/youtube"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

//go:embed templates
var files embed.FS

type wall struct {
	zalo     *zalo.Sim
	facebook *facebook.Sim
	youtube  *youtube.Sim // nil: none
	pages    *template.Template
	css      template.CSS
	clean    *bluemonday.Policy
}

// Handler serves the wall at / and /wall/; y may be nil.
func Handler(z *zalo.Sim, f *facebook.Sim, y *youtube.Sim) http.Handler {
	css, err := files.ReadFile("templates/style.css")
	if err != nil {
		panic("wall: " + err.Error()) // the file is part of the program
	}
	w := &wall{zalo: z, facebook: f, youtube: y, pages: template.Must(template.ParseFS(files, "templates/*.html")), css: template.CSS(css), clean: bluemonday.UGCPolicy()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.homeZalo)
	mux.HandleFunc("GET /wall/{$}", w.homeZalo)
	mux.HandleFunc("GET /wall/facebook", w.homeFacebook)
	mux.HandleFunc("GET /wall/zalo", w.homeZalo)
	mux.HandleFunc("GET /wall/zalo/{id}", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/wall/oa/"+url.PathEscape(r.PathValue("id")), http.StatusFound)
	})
	mux.HandleFunc("GET /wall/facebook/{id}", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/wall/page/"+url.PathEscape(r.PathValue("id")), http.StatusFound)
	})
	mux.HandleFunc("GET /wall/oa/{oa}", w.oaPage)
	mux.HandleFunc("GET /wall/oa/{oa}/article/{article}", w.oaPage)
	mux.HandleFunc("POST /wall/oa/{oa}/say", w.oaSay)
	mux.HandleFunc("POST /wall/oa/{oa}/join", w.oaJoin)
	if y != nil {
		mux.HandleFunc("GET /wall/youtube", w.homeYouTube)
		mux.HandleFunc("GET /wall/youtube/{channel}", w.channelPage)
		mux.HandleFunc("GET /wall/youtube/video/{video}", w.videoPage)
		mux.HandleFunc("POST /wall/youtube/video/{video}/say", w.videoSay)
	}
	mux.HandleFunc("GET /wall/page/{page}", w.pagePage)
	mux.HandleFunc("POST /wall/page/{page}/say", w.pageSay)
	mux.HandleFunc("POST /wall/page/{page}/join", w.pageJoin)
	return mux
}

// shell is what every page of the wall has.
type shell struct {
	Title   string
	Tab     string // zalo, facebook or youtube
	YouTube bool   // there is a YouTube
	CSS     template.CSS
	Refresh int // seconds between reloads without JavaScript; 0: none, where a form would be lost
	Tick    int // milliseconds between renewals with JavaScript
}

func (w *wall) shell(title, tab string, refresh int) shell {
	return shell{Title: title, Tab: tab, YouTube: w.youtube != nil, CSS: w.css, Refresh: refresh, Tick: 3000}
}

func (w *wall) render(rw http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := w.pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Write(page.Bytes())
}

// returnTo sends the browser back to the phone after a form, as the same person.
func returnTo(rw http.ResponseWriter, r *http.Request, base, user, note string) {
	q := url.Values{}
	if user != "" {
		q.Set("user", user)
	}
	if note != "" {
		q.Set("note", note)
	}
	http.Redirect(rw, r, base+"?"+q.Encode(), http.StatusSeeOther)
}

const (
	noteEmpty   = "empty"
	noteUnknown = "unknown"
)

// noteText puts a refused form into words.
func noteText(note string) string {
	switch note {
	case noteEmpty:
		return "Chưa gửi: tin nhắn còn trống."
	case noteUnknown:
		return "Chưa gửi: hãy chọn bạn đang là ai ở cột bên."
	}
	return ""
}

const maxPicture = 10 << 20

// pictureOf is the picture a form carries, or nothing when it carries none or something else.
func pictureOf(r *http.Request) (name string, data []byte) {
	file, head, err := r.FormFile("picture")
	if err != nil {
		return "", nil
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, maxPicture+1))
	if err != nil || len(data) > maxPicture || !strings.HasPrefix(http.DetectContentType(data), "image/") {
		return "", nil
	}
	return head.Filename, data
}

func (w *wall) oaSay(rw http.ResponseWriter, r *http.Request) {
	oa, user, text := r.PathValue("oa"), r.FormValue("user"), strings.TrimSpace(r.FormValue("text"))
	name, picture := pictureOf(r)
	note, image := "", ""
	if picture != nil {
		image = w.zalo.KeepPicture(name, picture)
	}
	if text == "" && image == "" {
		note = noteEmpty
	} else if _, err := w.zalo.Say(oa, user, zalo.Utterance{Text: text, Image: image}); err != nil {
		note = noteUnknown
	}
	returnTo(rw, r, "/wall/oa/"+url.PathEscape(oa), user, note)
}

func (w *wall) oaJoin(rw http.ResponseWriter, r *http.Request) {
	oa, name := r.PathValue("oa"), strings.TrimSpace(r.FormValue("name"))
	user := ""
	if name != "" {
		var err error
		if user, err = w.zalo.Follow(oa, zalo.Person{Name: name}); err != nil {
			http.NotFound(rw, r)
			return
		}
	}
	returnTo(rw, r, "/wall/oa/"+url.PathEscape(oa), user, "")
}

func (w *wall) pageSay(rw http.ResponseWriter, r *http.Request) {
	page, user, text := r.PathValue("page"), r.FormValue("user"), strings.TrimSpace(r.FormValue("text"))
	_, picture := pictureOf(r)
	note, image := "", ""
	if picture != nil {
		image = w.facebook.KeepPicture(picture)
	}
	if text == "" && image == "" {
		note = noteEmpty
	} else if _, err := w.facebook.Say(page, facebook.Utterance{Person: user, Text: text, Image: image, Post: r.FormValue("post")}); err != nil {
		note = noteUnknown
	}
	returnTo(rw, r, "/wall/page/"+url.PathEscape(page), user, note)
}

func (w *wall) pageJoin(rw http.ResponseWriter, r *http.Request) {
	page, name := r.PathValue("page"), strings.TrimSpace(r.FormValue("name"))
	if _, known := w.facebook.Get(page); !known {
		http.NotFound(rw, r)
		return
	}
	user := ""
	if name != "" {
		user = w.facebook.AddPerson(page, facebook.Person{Name: name})
	}
	returnTo(rw, r, "/wall/page/"+url.PathEscape(page), user, "")
}
