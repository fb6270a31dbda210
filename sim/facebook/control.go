package facebook

import (
	"errors"
	"net/http"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Summary is one Page as the control API and the wall list it.
type Summary struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Group      string    `json:"group"`
	Followers  int       `json:"followers"`
	Posts      int       `json:"posts"`
	Comments   int       `json:"comments"`
	Messages   int       `json:"messages"`
	Token      string    `json:"token"` // living, or dead with the subcode
	Subscribed []string  `json:"subscribed"`
	Latest     string    `json:"latest,omitempty"`
	LatestID   string    `json:"latest_id,omitempty"`
	LatestAt   time.Time `json:"latest_at,omitzero"`
	Cover      string    `json:"cover,omitempty"`
}

// List shows all Pages in the order they were added.
func (s *Sim) List() []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Summary, 0, len(s.order))
	for _, id := range s.order {
		out = append(out, s.summary(s.pages[id]))
	}
	return out
}

// Get shows one Page.
func (s *Sim) Get(page string) (Summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil {
		return Summary{}, false
	}
	return s.summary(a), true
}

func (s *Sim) summary(a *account) Summary {
	out := Summary{ID: a.ID, Name: a.Name, Group: a.Group, Followers: max(a.Fans, len(a.people)), Comments: len(a.comments), Messages: a.messageCount(), Token: "living", Subscribed: a.Subscribed}
	if t := s.tokens[a.token]; t == nil || t.Dead != 0 {
		out.Token = "dead"
	}
	now := s.now()
	for _, p := range a.posts {
		if !p.visible(now) {
			continue
		}
		out.Posts++
		out.Latest, out.LatestID, out.LatestAt, out.Cover = p.Message, p.ID, p.Created, ""
		if len(p.Photos) > 0 && s.photos[p.Photos[0]] != nil {
			out.Cover = s.photos[p.Photos[0]].URL
		}
	}
	return out
}

// Stats is the state of the whole platform.
type Stats struct {
	Pages      int               `json:"pages"`
	Posts      int               `json:"posts"`
	WithPosts  int               `json:"pages_with_posts"`
	MinPerPage int               `json:"min_posts_page"`
	MaxPerPage int               `json:"max_posts_page"`
	Duplicates int               `json:"duplicates"` // posts whose text stands twice on the same Page
	Comments   int               `json:"comments"`
	Messages   int               `json:"messages"`
	Requests   simkit.Reading    `json:"requests"`
	Webhook    simkit.HookStatus `json:"webhook"`
	Journal    string            `json:"journal_error,omitempty"`
}

// Stats counts everything.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Stats{Pages: len(s.order), Requests: s.meter.Read(s.rate), Webhook: s.hooks.Status(false)}
	for i, id := range s.order {
		a := s.pages[id]
		sum := s.summary(a)
		out.Posts += sum.Posts
		out.Comments += sum.Comments
		out.Messages += sum.Messages
		out.MaxPerPage = max(out.MaxPerPage, sum.Posts)
		if i == 0 || sum.Posts < out.MinPerPage {
			out.MinPerPage = sum.Posts
		}
		if sum.Posts > 0 {
			out.WithPosts++
		}
		seen := map[string]bool{}
		for _, p := range a.posts {
			if seen[p.PrintID] {
				out.Duplicates++
			}
			seen[p.PrintID] = true
		}
	}
	if err := s.journal.Err(); err != nil {
		out.Journal = err.Error()
	}
	return out
}

// ResetMeter starts counting requests from zero.
func (s *Sim) ResetMeter() { s.meter.Reset() }

// Obey does what a fault that acts at once orders and tells whether it was one. access_dead takes the subcode of error
// 190 from the fault (460 when it names none).
func (s *Sim) Obey(f simkit.Fault) bool {
	switch f.Kind {
	case simkit.FaultNoWebhook:
		s.hooks.Enable(false)
	case simkit.FaultYesWebhook:
		s.hooks.Enable(true)
	case simkit.FaultAccessDead:
		sub := f.Subcode
		if sub == 0 {
			sub = 460
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, a := range s.pages {
			if f.Target == "" || f.Target == a.ID {
				s.kill(a, sub)
			}
		}
	case simkit.FaultRefreshDead:
	default:
		return false
	}
	return true
}

// ControlHandler serves the control API under /control/facebook/: what the platform knows and what citizens do.
//
//	GET  /control/facebook/pages                              every Page: []Summary
//	GET  /control/facebook/pages/{page}                       one, with posts, comments and people
//	GET  /control/facebook/pages/{page}/posts|people
//	GET  /control/facebook/pages/{page}/comments?post_id=
//	GET  /control/facebook/pages/{page}/messages?user_id=
//	POST /control/facebook/pages/{page}/say   Utterance       a citizen writes, comments (post_id) or replies (comment_id)
//	POST /control/facebook/pages/{page}/seen  {user_id}
//	POST /control/facebook/pages/{page}/knobs Page as JSON    changes the profile; absent fields stay
//	POST /control/facebook/pages/{page}/token {subcode}       kills the token with error 190/subcode; 0 revives it
//	GET  /control/facebook/webhook                            address, counters and the last delivery tries
//	POST /control/facebook/webhook            {url,enabled}, or {url,verify_token} to do the handshake first
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	const one = "/control/facebook/pages/{page}"
	mux.HandleFunc("GET /control/facebook/pages", func(w http.ResponseWriter, r *http.Request) { simkit.WriteJSON(w, http.StatusOK, s.List()) })
	mux.HandleFunc("GET "+one, s.controlPage(func(w http.ResponseWriter, r *http.Request, page string) {
		sum, _ := s.Get(page)
		simkit.WriteJSON(w, http.StatusOK, struct {
			Summary
			Knobs    Page      `json:"knobs"`
			Timeline []Post    `json:"timeline"`
			Under    []Comment `json:"under"`
			People   []Person  `json:"people"`
		}{sum, s.knobs(page), s.Posts(page), s.Comments(page, ""), s.People(page)})
	}))
	mux.HandleFunc("GET "+one+"/posts", s.controlPage(func(w http.ResponseWriter, r *http.Request, page string) {
		simkit.WriteJSON(w, http.StatusOK, s.Posts(page))
	}))
	mux.HandleFunc("GET "+one+"/people", s.controlPage(func(w http.ResponseWriter, r *http.Request, page string) {
		simkit.WriteJSON(w, http.StatusOK, s.People(page))
	}))
	mux.HandleFunc("GET "+one+"/comments", s.controlPage(func(w http.ResponseWriter, r *http.Request, page string) {
		simkit.WriteJSON(w, http.StatusOK, s.Comments(page, r.URL.Query().Get("post_id")))
	}))
	mux.HandleFunc("GET "+one+"/messages", s.controlPage(func(w http.ResponseWriter, r *http.Request, page string) {
		simkit.WriteJSON(w, http.StatusOK, s.Messages(page, r.URL.Query().Get("user_id")))
	}))
	mux.HandleFunc("POST "+one+"/say", s.controlPage(s.controlSay))
	mux.HandleFunc("POST "+one+"/seen", s.controlPage(s.controlSeen))
	mux.HandleFunc("POST "+one+"/knobs", s.controlPage(s.controlKnobs))
	mux.HandleFunc("POST "+one+"/token", s.controlPage(s.controlToken))
	mux.HandleFunc("GET /control/facebook/webhook", func(w http.ResponseWriter, r *http.Request) {
		simkit.WriteJSON(w, http.StatusOK, s.hooks.Status(true))
	})
	mux.HandleFunc("POST /control/facebook/webhook", s.controlWebhook)
	return mux
}

func (s *Sim) knobs(page string) Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages[page].Page
}

// controlPage answers 404 for an unknown Page.
func (s *Sim) controlPage(next func(w http.ResponseWriter, r *http.Request, page string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, known := s.Get(r.PathValue("page")); !known {
			controlError(w, ErrUnknown)
			return
		}
		next(w, r, r.PathValue("page"))
	}
}

func controlError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, ErrUnknown) {
		status = http.StatusNotFound
	}
	simkit.WriteJSON(w, status, map[string]string{"error": err.Error()})
}

func (s *Sim) controlSay(w http.ResponseWriter, r *http.Request, page string) {
	var u Utterance
	if !simkit.ReadJSON(w, r, &u) {
		return
	}
	if u.Text == "" && u.Image == "" {
		controlError(w, errors.New("say needs text or image"))
		return
	}
	said, err := s.Say(page, u)
	if err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, said)
}

func (s *Sim) controlSeen(w http.ResponseWriter, r *http.Request, page string) {
	var in struct {
		UserID string `json:"user_id"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if err := s.Seen(page, in.UserID); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Sim) controlKnobs(w http.ResponseWriter, r *http.Request, page string) {
	knobs := s.knobs(page)
	if !simkit.ReadJSON(w, r, &knobs) {
		return
	}
	if err := s.ChangePage(page, func(p *Page) { *p = knobs }); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, s.knobs(page))
}

func (s *Sim) controlToken(w http.ResponseWriter, r *http.Request, page string) {
	var in struct {
		Subcode int `json:"subcode"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if err := s.KillToken(page, in.Subcode); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Sim) controlWebhook(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL     *string `json:"url"`
		Verify  *string `json:"verify_token"`
		Enabled *bool   `json:"enabled"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	switch {
	case in.URL != nil && in.Verify != nil:
		if err := s.SetWebhook(r.Context(), *in.URL, *in.Verify); err != nil {
			controlError(w, err)
			return
		}
	case in.URL != nil:
		s.hooks.SetURL(*in.URL)
	}
	if in.Enabled != nil {
		s.hooks.Enable(*in.Enabled)
	}
	simkit.WriteJSON(w, http.StatusOK, s.hooks.Status(false))
}
