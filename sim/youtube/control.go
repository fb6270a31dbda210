package youtube

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Summary is one channel as the control API and the wall list it.
type Summary struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Group       string    `json:"group"`
	Subscribers int       `json:"subscribers"`
	Videos      int       `json:"videos"`
	Comments    int       `json:"comments"`
	Token       string    `json:"token"` // living or dead
	HubUntil    time.Time `json:"hub_until,omitzero"`
	Latest      string    `json:"latest,omitempty"`
	LatestAt    time.Time `json:"latest_at,omitzero"`
	Cover       string    `json:"cover,omitempty"`
}

// AddChannel opens a channel, or changes the knobs of one that is there, and returns a refresh token for it.
func (s *Sim) AddChannel(c Channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" {
		c.ID = s.nextID("UC", 24)
	}
	old := s.channels[c.ID]
	if old == nil {
		old = &channel{}
		s.order = append(s.order, c.ID)
	}
	old.Channel = c
	s.channels[c.ID] = old
	s.journal.Put("channel", c.ID, old)
	if old.Grant == "" {
		return s.grant(old)
	}
	return old.Grant
}

// List shows all channels in the order they were added.
func (s *Sim) List() []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Summary, 0, len(s.order))
	for _, id := range s.order {
		out = append(out, s.summary(s.channels[id]))
	}
	return out
}

// Get shows one channel.
func (s *Sim) Get(channelID string) (Summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelID]
	if c == nil {
		return Summary{}, false
	}
	return s.summary(c), true
}

func (s *Sim) summary(c *channel) Summary {
	out := Summary{ID: c.ID, Name: c.Name, Group: c.Group, Subscribers: c.Subscribers, Token: "living"}
	if c.Grant == "" {
		out.Token = "dead"
	}
	if t := s.topics[c.ID]; t != nil {
		out.HubUntil = t.Until
	}
	for _, id := range s.made {
		if v := s.videos[id]; v.Channel == c.ID && s.visible(v) {
			out.Videos++
			out.Latest, out.LatestAt, out.Cover = v.Title, v.Created, ""
			if v.Thumb != nil {
				out.Cover = s.cfg.BaseURL + "/thumb/" + v.ID
			}
		}
	}
	for _, x := range s.comments {
		if x.Channel == c.ID && !x.Gone {
			out.Comments++
		}
	}
	return out
}

// Videos lists the films of a channel ("" of all) that are not deleted, oldest first, whether the public sees them or not.
func (s *Sim) Videos(channelID string) []Video {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Video
	for _, id := range s.made {
		if v := s.videos[id]; !v.Gone && (channelID == "" || v.Channel == channelID) {
			out = append(out, *v)
		}
	}
	return out
}

// Visible lists the films of a channel that the public sees, oldest first.
func (s *Sim) Visible(channelID string) []Video {
	all := s.Videos(channelID)
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(all, func(v Video) bool { return !s.visible(&v) })
}

// Comments lists what stands under a film, oldest first.
func (s *Sim) Comments(video string) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Comment
	for _, id := range s.said {
		if x := s.comments[id]; x.Video == video && !x.Gone {
			out = append(out, *x)
		}
	}
	return out
}

// ThumbURL is where a film's still is shown; "" when it has none.
func (s *Sim) ThumbURL(video string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.videos[video]; v != nil && v.Thumb != nil {
		return s.cfg.BaseURL + "/thumb/" + v.ID
	}
	return ""
}

// Said is something a person writes under a film.
type Said struct {
	Video  string `json:"video"`
	Parent string `json:"parent,omitempty"` // comment that it answers
	Person string `json:"person,omitempty"` // channel id of the person; made from Name when empty
	Name   string `json:"name"`
	Text   string `json:"text"`
}

// Comment lets a person write under a film.
func (s *Sim) Comment(x Said) (Comment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.videos[x.Video]
	if v == nil || v.Gone {
		return Comment{}, errors.New("no such film")
	}
	if p := s.comments[x.Parent]; x.Parent != "" && (p == nil || p.Parent != "") {
		return Comment{}, errors.New("no such comment at the top")
	}
	if x.Text == "" {
		return Comment{}, errors.New("nothing was written")
	}
	sum := sha256.Sum256([]byte(x.Name))
	c := s.newComment(v.ID, x.Parent, cmp.Or(x.Person, "UC"+hex.EncodeToString(sum[:11])), x.Name, x.Text)
	s.keepComment(c)
	return *c, nil
}

// PutUp lets the owner of a channel put a film up by hand, in the studio: the API's buckets do not know of it, the hub does.
func (s *Sim) PutUp(channelID, title string) (Video, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels[channelID] == nil {
		return Video{}, errors.New("no such channel")
	}
	v := &Video{ID: s.nextID("", 11), Channel: channelID, Title: title, Category: "25", Privacy: "public", ByHand: true, Bytes: 1, Created: s.now().Truncate(time.Second)}
	s.keep(v)
	s.announce(v)
	return *v, nil
}

// Change lets a test or a rehearsal change a film as its owner would in the studio.
func (s *Sim) Change(video string, fn func(*Video)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.videos[video]; v != nil {
		fn(v)
		s.keep(v)
	}
}

// Knobs changes a channel.
func (s *Sim) Knobs(channelID string, fn func(*Channel)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelID]; c != nil {
		fn(&c.Channel)
		s.journal.Put("channel", c.ID, c)
	}
}

// Forget drops every upload under way, as the platform does after some days: their addresses answer 404.
func (s *Sim) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = map[string]*session{}
}

// SetBuckets changes how many films and units a day the project has.
func (s *Sim) SetBuckets(uploads, units int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Uploads, s.cfg.Units = cmp.Or(uploads, s.cfg.Uploads), cmp.Or(units, s.cfg.Units)
}

// SetUnaudited changes whether films that come from now on are locked as private.
func (s *Sim) SetUnaudited(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Unaudited = yes
}

// Stats is the state of the whole platform.
type Stats struct {
	Channels    int               `json:"channels"`
	Videos      int               `json:"videos"`
	Duplicates  int               `json:"duplicates"` // films with the same bytes and title twice at one channel
	Comments    int               `json:"comments"`
	Day         string            `json:"day"` // in California
	UploadsUsed int               `json:"uploads_used"`
	UploadsOf   int               `json:"uploads_of"`
	UnitsUsed   int               `json:"units_used"`
	UnitsOf     int               `json:"units_of"`
	Requests    simkit.Reading    `json:"requests"`
	Hub         simkit.HookStatus `json:"hub"`
	Journal     string            `json:"journal_error,omitempty"`
}

// Stats counts everything.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.today()
	out := Stats{Channels: len(s.order), Comments: len(s.comments), Day: d.Day, UploadsUsed: d.Uploads, UploadsOf: s.cfg.Uploads, UnitsUsed: d.Units, UnitsOf: s.cfg.Units,
		Requests: s.meter.Read(0), Hub: s.hooks.Status(false)}
	seen := map[string]bool{}
	for _, v := range s.videos {
		if v.Gone {
			continue
		}
		out.Videos++
		key := v.Channel + "\n" + v.Title + "\n" + v.SHA256
		if seen[key] && !v.ByHand {
			out.Duplicates++
		}
		seen[key] = true
	}
	if err := s.journal.Err(); err != nil {
		out.Journal = err.Error()
	}
	return out
}

// ResetMeter starts counting requests from zero.
func (s *Sim) ResetMeter() { s.meter.Reset() }

// Obey does what a fault that acts at once orders and tells whether it was one.
func (s *Sim) Obey(f simkit.Fault) bool {
	switch f.Kind {
	case simkit.FaultNoWebhook:
		s.hooks.Enable(false)
	case simkit.FaultYesWebhook:
		s.hooks.Enable(true)
	case simkit.FaultAccessDead:
		s.mu.Lock()
		s.expireAccess(f.Target)
		s.mu.Unlock()
	case simkit.FaultRefreshDead:
		for _, c := range s.List() {
			if f.Target == "" || f.Target == c.ID {
				s.Revoke(c.ID)
			}
		}
	default:
		return false
	}
	return true
}

// ControlHandler serves the control API under /control/youtube/: what the platform knows and what people do.
//
//	GET  /control/youtube/channels                               every channel: []Summary
//	GET  /control/youtube/channels/{channel}                     one, with its films
//	POST /control/youtube/channels              Channel          opens one; answers with a refresh token
//	POST /control/youtube/channels/{channel}/knobs  Channel      changes it; absent fields stay
//	POST /control/youtube/channels/{channel}/put-up {title}      the owner puts a film up by hand
//	POST /control/youtube/channels/{channel}/grant  {redirect_uri,code_challenge}   consent without the page
//	POST /control/youtube/channels/{channel}/revoke
//	GET  /control/youtube/videos/{video}/comments
//	POST /control/youtube/videos/{video}/say    Said             a person comments or, with parent, answers
//	POST /control/youtube/buckets               {uploads,units}  per day, until midnight in California
//	POST /control/youtube/audit                 {audited}        whether films of the project may be public
//	POST /control/youtube/forget                                 uploads under way are lost
//	GET  /control/youtube/hub                                    address, counters and the last delivery tries
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter) { simkit.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true}) }
	const one = "/control/youtube/channels/{channel}"
	mux.HandleFunc("GET /control/youtube/channels", func(w http.ResponseWriter, r *http.Request) { simkit.WriteJSON(w, http.StatusOK, s.List()) })
	mux.HandleFunc("POST /control/youtube/channels", func(w http.ResponseWriter, r *http.Request) {
		var c Channel
		if simkit.ReadJSON(w, r, &c) {
			simkit.WriteJSON(w, http.StatusOK, map[string]string{"refresh_token": s.AddChannel(c)})
		}
	})
	mux.HandleFunc("GET "+one, s.known(func(w http.ResponseWriter, r *http.Request, id string) {
		sum, _ := s.Get(id)
		simkit.WriteJSON(w, http.StatusOK, struct {
			Summary
			Films []Video `json:"films"`
		}{sum, s.Videos(id)})
	}))
	mux.HandleFunc("POST "+one+"/knobs", s.known(func(w http.ResponseWriter, r *http.Request, id string) {
		s.mu.Lock()
		c := s.channels[id].Channel
		s.mu.Unlock()
		if simkit.ReadJSON(w, r, &c) {
			c.ID = id
			s.AddChannel(c)
			ok(w)
		}
	}))
	mux.HandleFunc("POST "+one+"/put-up", s.known(func(w http.ResponseWriter, r *http.Request, id string) {
		var in struct{ Title string }
		if simkit.ReadJSON(w, r, &in) {
			v, err := s.PutUp(id, cmp.Or(in.Title, "Video đăng tay"))
			answer(w, v, err)
		}
	}))
	mux.HandleFunc("POST "+one+"/grant", s.known(func(w http.ResponseWriter, r *http.Request, id string) {
		var in struct {
			Redirect  string `json:"redirect_uri"`
			Challenge string `json:"code_challenge"`
		}
		if simkit.ReadJSON(w, r, &in) {
			simkit.WriteJSON(w, http.StatusOK, map[string]string{"code": s.GrantCode(id, in.Redirect, in.Challenge)})
		}
	}))
	mux.HandleFunc("POST "+one+"/revoke", s.known(func(w http.ResponseWriter, r *http.Request, id string) { s.Revoke(id); ok(w) }))
	mux.HandleFunc("GET /control/youtube/videos/{video}/comments", func(w http.ResponseWriter, r *http.Request) {
		simkit.WriteJSON(w, http.StatusOK, s.Comments(r.PathValue("video")))
	})
	mux.HandleFunc("POST /control/youtube/videos/{video}/say", func(w http.ResponseWriter, r *http.Request) {
		in := Said{Name: "Một người dân"}
		if simkit.ReadJSON(w, r, &in) {
			in.Video = r.PathValue("video")
			c, err := s.Comment(in)
			answer(w, c, err)
		}
	})
	mux.HandleFunc("POST /control/youtube/buckets", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Uploads, Units int }
		if simkit.ReadJSON(w, r, &in) {
			s.SetBuckets(in.Uploads, in.Units)
			ok(w)
		}
	})
	mux.HandleFunc("POST /control/youtube/audit", func(w http.ResponseWriter, r *http.Request) {
		in := struct{ Audited bool }{true}
		if simkit.ReadJSON(w, r, &in) {
			s.SetUnaudited(!in.Audited)
			ok(w)
		}
	})
	mux.HandleFunc("POST /control/youtube/forget", func(w http.ResponseWriter, r *http.Request) { s.Forget(); ok(w) })
	mux.HandleFunc("GET /control/youtube/hub", func(w http.ResponseWriter, r *http.Request) {
		simkit.WriteJSON(w, http.StatusOK, s.hooks.Status(true))
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		simkit.WriteJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	simkit.WriteJSON(w, http.StatusOK, v)
}

func (s *Sim) known(fn func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("channel")
		if _, found := s.Get(id); !found {
			simkit.WriteJSON(w, http.StatusNotFound, map[string]string{"error": "no such channel"})
			return
		}
		fn(w, r, id)
	}
}
