// Package simserver puts the simulated outside world on one address, for the rehearsal and for anyone who wants to try a
// client of their own against it:
//
//	/                the wall: what citizens see on their phones
//	/wall/…          one official account or Page
//	/zalo/…          the Zalo hosts; base addresses end in /zalo, for example http://127.0.0.1:8090/zalo/v4/oa/access_token
//	/youtube/…       YouTube: sign-in, Data API, uploads and hub, for example http://127.0.0.1:8090/youtube/youtube/v3/videos
//	/graph/…         the Graph API, for example http://127.0.0.1:8090/graph/v26.0/me
//	/control/…       what the outside world knows and what it is told to do
//
// A client written for the real platforms needs only other base addresses:
//
//	https://oauth.zaloapp.com      → http://127.0.0.1:8090/zalo    (paths /v4/oa/permission, /v4/oa/access_token)
//	https://openapi.zalo.me        → http://127.0.0.1:8090/zalo    (paths /v2.0/…, /v3.0/…)
//	https://graph.facebook.com     → http://127.0.0.1:8090/graph   (paths /v26.0/…)
//	https://www.facebook.com       → http://127.0.0.1:8090/graph   (path /v26.0/dialog/oauth)
//
//	https://accounts.google.com    → http://127.0.0.1:8090/youtube (path /o/oauth2/v2/auth)
//	https://oauth2.googleapis.com  → http://127.0.0.1:8090/youtube (path /token)
//	https://www.googleapis.com     → http://127.0.0.1:8090/youtube (paths /youtube/v3/…, /upload/youtube/v3/…)
//	https://pubsubhubbub.appspot.com/subscribe → http://127.0.0.1:8090/youtube/subscribe
//
// and the app id, app secret and webhook address that the platforms were opened with. A first try by hand:
//
//	oa=$(curl -s $SIM/control/zalo/oas | jq -r '.[0].id')
//	user=$(curl -s -d '{"name":"Nguyễn Văn An"}' $SIM/control/zalo/oas/$oa/follow | jq -r .user_id)
//	curl -s -d "{\"user_id\":\"$user\",\"text\":\"Xin hỏi …\"}" $SIM/control/zalo/oas/$oa/say   # raises the webhook
//	curl -s -d '{"kind":"drop_after_effect","path":"article/create","count":1}' $SIM/control/faults
//	code=$(curl -s -d '{}' $SIM/control/zalo/oas/$oa/grant | jq -r .code)                         # consent without the page
//	curl -s -H "secret_key: $SECRET" -d "app_id=$APP&grant_type=authorization_code&code=$code" $SIM/zalo/v4/oa/access_token
//
// Everything a fault can do is listed at simkit.FaultError and after it. What a real platform decides by contract or by
// the calendar (packages, quotas, windows, type of account) is a knob of zalo.OA and facebook.Page, changed while running
// by POST …/knobs.
//
// The control API, beside those of the platforms (see zalo.Sim.ControlHandler, facebook.Sim.ControlHandler and youtube.Sim.ControlHandler):
//
//	GET    /control/stats              {"zalo":…,"facebook":…}: counts, requests per minute, duplicates, webhooks
//	POST   /control/stats/reset        request counters start from zero
//	GET    /control/faults             the faults in force
//	POST   /control/faults             one simkit.Fault as JSON, or a list of them
//	DELETE /control/faults[?id=]       takes one out of force, or all
//	POST   /control/rate               {"zalo":4000,"facebook":0}: budgets per minute; 0 is no limit
package simserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/wall"
	"github.com/nhipcau/nhipcau/sim/youtube"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// World is the set of simulated platforms. Faults must be the table all were made with; Open sees to it. YouTube may be nil.
type World struct {
	Zalo     *zalo.Sim
	Facebook *facebook.Sim
	YouTube  *youtube.Sim
	Faults   *simkit.Faults
}

// Open makes a world whose platforms know the address ("http://127.0.0.1:8090") they are reached at and, unless folder
// is empty, keep their state in it. BaseURL, WallURL, Folder and Faults of the configurations are filled in here. YouTube is
// opened when its configuration is given.
func Open(address, folder string, z zalo.Config, f facebook.Config, y ...youtube.Config) (World, error) {
	address = strings.TrimRight(address, "/")
	faults := &simkit.Faults{}
	z.BaseURL, z.WallURL, z.Folder, z.Faults = address+"/zalo", address+"/wall", folder, faults
	f.BaseURL, f.WallURL, f.Folder, f.Faults = address+"/graph", address+"/wall", folder, faults
	zaloSim, err := zalo.New(z)
	if err != nil {
		return World{}, err
	}
	facebookSim, err := facebook.New(f)
	if err != nil {
		return World{}, errors.Join(err, zaloSim.Close())
	}
	w := World{Zalo: zaloSim, Facebook: facebookSim, Faults: faults}
	for _, c := range y {
		c.BaseURL, c.WallURL, c.Folder, c.Faults = address+"/youtube", address+"/wall", folder, faults
		if w.YouTube, err = youtube.New(c); err != nil {
			return World{}, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// Close stops webhook deliveries and flushes the state of all platforms.
func (w World) Close() error {
	err := errors.Join(w.Zalo.Close(), w.Facebook.Close())
	if w.YouTube != nil {
		err = errors.Join(err, w.YouTube.Close())
	}
	return err
}

// Handler serves everything: platforms, control and wall.
func (w World) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/zalo/", http.StripPrefix("/zalo", w.Zalo.Handler()))
	mux.Handle("/graph/", http.StripPrefix("/graph", w.Facebook.Handler()))
	if w.YouTube != nil {
		mux.Handle("/youtube/", http.StripPrefix("/youtube", w.YouTube.Handler()))
	}
	mux.Handle("/control/", w.Control())
	mux.Handle("/", wall.Handler(w.Zalo, w.Facebook, w.YouTube))
	return mux
}

// Control serves only the control API, for a port of its own.
func (w World) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/control/zalo/", w.Zalo.ControlHandler())
	mux.Handle("/control/facebook/", w.Facebook.ControlHandler())
	if w.YouTube != nil {
		mux.Handle("/control/youtube/", w.YouTube.ControlHandler())
	}
	mux.HandleFunc("GET /control/stats", func(rw http.ResponseWriter, r *http.Request) {
		all := map[string]any{"zalo": w.Zalo.Stats(), "facebook": w.Facebook.Stats()}
		if w.YouTube != nil {
			all["youtube"] = w.YouTube.Stats()
		}
		simkit.WriteJSON(rw, http.StatusOK, all)
	})
	mux.HandleFunc("POST /control/stats/reset", func(rw http.ResponseWriter, r *http.Request) {
		w.Zalo.ResetMeter()
		w.Facebook.ResetMeter()
		if w.YouTube != nil {
			w.YouTube.ResetMeter()
		}
		simkit.WriteJSON(rw, http.StatusOK, map[string]bool{"ok": true})
	})
	mux.HandleFunc("GET /control/faults", func(rw http.ResponseWriter, r *http.Request) { simkit.WriteJSON(rw, http.StatusOK, w.Faults.List()) })
	mux.HandleFunc("POST /control/faults", w.addFaults)
	mux.HandleFunc("DELETE /control/faults", func(rw http.ResponseWriter, r *http.Request) {
		simkit.WriteJSON(rw, http.StatusOK, map[string]int{"removed": w.Faults.Remove(r.URL.Query().Get("id"))})
	})
	mux.HandleFunc("POST /control/rate", w.setRate)
	return mux
}

// addFaults puts faults in force; those that act at once (a webhook switched off, a token killed) are obeyed and not kept.
func (w World) addFaults(rw http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 1<<20))
	var list []simkit.Fault
	if raw = bytes.TrimSpace(raw); err == nil && len(raw) > 0 && raw[0] != '[' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err == nil && len(list) == 0 {
		err = errors.New("no fault was given")
	}
	if err != nil {
		simkit.WriteJSON(rw, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	added := []simkit.Fault{}
	for _, f := range list {
		f, err := w.order(f)
		if err != nil {
			simkit.WriteJSON(rw, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		added = append(added, f)
	}
	simkit.WriteJSON(rw, http.StatusOK, added)
}

func (w World) order(f simkit.Fault) (simkit.Fault, error) {
	obeyed := false
	if f.System == "" || f.System == "zalo" {
		obeyed = w.Zalo.Obey(f)
	}
	if f.System == "" || f.System == "facebook" {
		obeyed = w.Facebook.Obey(f) || obeyed
	}
	if w.YouTube != nil && (f.System == "" || f.System == "youtube") {
		obeyed = w.YouTube.Obey(f) || obeyed
	}
	if obeyed {
		return f, nil
	}
	return w.Faults.Add(f)
}

func (w World) setRate(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Zalo     *int `json:"zalo"`
		Facebook *int `json:"facebook"`
	}
	if !simkit.ReadJSON(rw, r, &in) {
		return
	}
	if in.Zalo != nil {
		w.Zalo.SetRate(*in.Zalo)
	}
	if in.Facebook != nil {
		w.Facebook.SetRate(*in.Facebook)
	}
	simkit.WriteJSON(rw, http.StatusOK, map[string]bool{"ok": true})
}
