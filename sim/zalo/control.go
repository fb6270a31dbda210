package zalo

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Summary is one OA as the control API and the wall list it.
type Summary struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Group      string    `json:"group"`
	Followers  int       `json:"followers"`
	Articles   int       `json:"articles"`
	Broadcasts int       `json:"broadcasts"`
	Messages   int       `json:"messages"`
	Token      string    `json:"token"` // none, living, expired
	Refreshes  int       `json:"refreshes"`
	Latest     string    `json:"latest,omitempty"` // title of the newest article that is shown
	LatestID   string    `json:"latest_id,omitempty"`
	LatestAt   time.Time `json:"latest_at,omitzero"`
	Cover      string    `json:"cover,omitempty"`
	Today      int       `json:"said_today"` // messages from citizens today
}

// List shows all OAs in the order they were added.
func (s *Sim) List() []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleAll()
	out := make([]Summary, 0, len(s.order))
	for _, id := range s.order {
		out = append(out, s.summary(s.oas[id]))
	}
	return out
}

// Get shows one OA.
func (s *Sim) Get(oa string) (Summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return Summary{}, false
	}
	s.settleAll()
	return s.summary(a), true
}

func (s *Sim) summary(a *account) Summary {
	out := Summary{ID: a.ID, Name: a.Name, Group: a.Group, Followers: a.following(), Articles: len(a.articles), Broadcasts: len(a.broadcasts), Messages: a.messageCount(),
		Token: "living", Refreshes: a.tokens.Refreshes}
	switch {
	case a.tokens.Access == "":
		out.Token = "none"
	case s.now().After(a.tokens.AccessExpires) || s.access[a.tokens.Access] == "":
		out.Token = "expired"
	}
	for _, x := range a.articles {
		if x.Status == "show" && !x.Created.Before(out.LatestAt) {
			out.Latest, out.LatestID, out.LatestAt, out.Cover = x.Title, x.ID, x.Created, ""
			if x.Cover != nil {
				out.Cover = x.Cover.PhotoURL
			}
		}
	}
	return out
}

// Stats is the state of the whole platform.
type Stats struct {
	OAs          int               `json:"oas"`
	Followers    int               `json:"followers"`
	Articles     int               `json:"articles"`
	Processing   int               `json:"processing"`      // articles not yet standing
	MinPerOA     int               `json:"min_articles_oa"` // fewest articles at one OA
	MaxPerOA     int               `json:"max_articles_oa"` // most articles at one OA
	WithArticles int               `json:"oas_with_articles"`
	Duplicates   int               `json:"duplicates"` // articles whose title and lead stand twice at the same OA
	Broadcasts   int               `json:"broadcasts"`
	Messages     int               `json:"messages"`
	Refreshes    int               `json:"refreshes"`
	Replays      int               `json:"refresh_replays"` // token requests with a used or wrong refresh token
	Requests     simkit.Reading    `json:"requests"`
	Webhook      simkit.HookStatus `json:"webhook"`
	Journal      string            `json:"journal_error,omitempty"`
}

// Stats counts everything.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleAll()
	out := Stats{OAs: len(s.order), Requests: s.meter.Read(s.rate), Webhook: s.hooks.Status(false)}
	for i, id := range s.order {
		a := s.oas[id]
		n := len(a.articles)
		out.Followers += a.following()
		out.Articles += n
		out.Broadcasts += len(a.broadcasts)
		out.Messages += a.messageCount()
		out.Refreshes += a.tokens.Refreshes
		out.MaxPerOA = max(out.MaxPerOA, n)
		if i == 0 || n < out.MinPerOA {
			out.MinPerOA = n
		}
		if n > 0 {
			out.WithArticles++
		}
		seen := map[string]bool{}
		for _, x := range a.articles {
			key := x.Title + "\x00" + x.Description
			if seen[key] {
				out.Duplicates++
			}
			seen[key] = true
		}
	}
	for _, t := range s.waiting {
		if t.Failure == "" {
			out.Processing++
		}
	}
	out.Replays = int(out.Requests.Counts["replayed refresh token"])
	if err := s.journal.Err(); err != nil {
		out.Journal = err.Error()
	}
	return out
}

// ResetMeter starts counting requests from zero.
func (s *Sim) ResetMeter() { s.meter.Reset() }

// Obey does what a fault that acts at once orders and tells whether it was one.
func (s *Sim) Obey(f simkit.Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		a := s.oas[id]
		if f.Target != "" && f.Target != id {
			continue
		}
		switch f.Kind {
		case simkit.FaultAccessDead:
			delete(s.access, a.tokens.Access)
		case simkit.FaultRefreshDead:
			delete(s.refresh, a.tokens.Refresh)
		}
	}
	switch f.Kind {
	case simkit.FaultNoWebhook:
		s.hooks.Enable(false)
	case simkit.FaultYesWebhook:
		s.hooks.Enable(true)
	case simkit.FaultAccessDead, simkit.FaultRefreshDead:
	default:
		return false
	}
	return true
}

// ControlHandler serves the control API under /control/zalo/: what the platform knows and what citizens do.
//
//	GET  /control/zalo/oas                                    every OA: []Summary
//	GET  /control/zalo/oas/{oa}                               one, with articles and broadcasts
//	GET  /control/zalo/oas/{oa}/articles|followers|broadcasts
//	GET  /control/zalo/oas/{oa}/messages?user_id=             a conversation, oldest first; without user_id all of the OA
//	POST /control/zalo/oas/{oa}/say      {user_id,text,image} a citizen writes
//	POST /control/zalo/oas/{oa}/follow   {key,name}           a new person follows: {user_id}
//	POST /control/zalo/oas/{oa}/unfollow {user_id}
//	POST /control/zalo/oas/{oa}/seen     {user_id}            the citizen reads what came
//	POST /control/zalo/oas/{oa}/knobs    OA as JSON           changes the profile; absent fields stay
//	POST /control/zalo/oas/{oa}/grant    {redirect_uri,code_challenge}  a code as after the consent page: {code}
//	GET  /control/zalo/webhook                                address, counters and the last delivery tries
//	POST /control/zalo/webhook           {url,enabled}
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/zalo/oas", func(w http.ResponseWriter, r *http.Request) { simkit.WriteJSON(w, http.StatusOK, s.List()) })
	mux.HandleFunc("GET /control/zalo/oas/{oa}", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		sum, _ := s.Get(oa)
		simkit.WriteJSON(w, http.StatusOK, struct {
			Summary
			Knobs    OA          `json:"knobs"`
			Articles []Article   `json:"articles"`
			Sent     []Broadcast `json:"sent"`
		}{sum, s.knobs(oa), s.Articles(oa), s.Broadcasts(oa)})
	}))
	mux.HandleFunc("GET /control/zalo/oas/{oa}/articles", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		s.Get(oa) // lets due articles stand
		simkit.WriteJSON(w, http.StatusOK, s.Articles(oa))
	}))
	mux.HandleFunc("GET /control/zalo/oas/{oa}/followers", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		simkit.WriteJSON(w, http.StatusOK, s.Followers(oa))
	}))
	mux.HandleFunc("GET /control/zalo/oas/{oa}/broadcasts", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		simkit.WriteJSON(w, http.StatusOK, s.Broadcasts(oa))
	}))
	mux.HandleFunc("GET /control/zalo/oas/{oa}/messages", s.controlOA(s.controlMessages))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/say", s.controlOA(s.controlSay))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/follow", s.controlOA(s.controlFollow))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/unfollow", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		s.controlUser(w, r, func(user string) error { return s.Unfollow(oa, user) })
	}))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/seen", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		s.controlUser(w, r, func(user string) error { return s.Seen(oa, user) })
	}))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/knobs", s.controlOA(s.controlKnobs))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/grant", s.controlOA(s.controlGrant))
	mux.HandleFunc("GET /control/zalo/webhook", func(w http.ResponseWriter, r *http.Request) { simkit.WriteJSON(w, http.StatusOK, s.hooks.Status(true)) })
	mux.HandleFunc("POST /control/zalo/webhook", s.controlWebhook)
	return mux
}

func (s *Sim) knobs(oa string) OA {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oas[oa].OA
}

// controlOA answers 404 for an unknown OA.
func (s *Sim) controlOA(next func(w http.ResponseWriter, r *http.Request, oa string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		oa := r.PathValue("oa")
		s.mu.Lock()
		known := s.oas[oa] != nil
		s.mu.Unlock()
		if !known {
			controlError(w, ErrUnknown)
			return
		}
		next(w, r, oa)
	}
}

func controlError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if errors.Is(err, ErrUnknown) {
		status = http.StatusNotFound
	}
	simkit.WriteJSON(w, status, map[string]string{"error": err.Error()})
}

func (s *Sim) controlMessages(w http.ResponseWriter, r *http.Request, oa string) {
	if user := r.URL.Query().Get("user_id"); user != "" {
		simkit.WriteJSON(w, http.StatusOK, s.Messages(oa, user))
		return
	}
	all := []Message{}
	for _, f := range s.Followers(oa) {
		all = append(all, s.Messages(oa, f.UserID)...)
	}
	simkit.WriteJSON(w, http.StatusOK, all)
}

func (s *Sim) controlSay(w http.ResponseWriter, r *http.Request, oa string) {
	var in struct {
		UserID string `json:"user_id"`
		Utterance
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if in.Text == "" && in.Image == "" {
		controlError(w, errors.New("say needs text or image"))
		return
	}
	m, err := s.Say(oa, in.UserID, in.Utterance)
	if err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, m)
}

func (s *Sim) controlFollow(w http.ResponseWriter, r *http.Request, oa string) {
	var p Person
	if !simkit.ReadJSON(w, r, &p) {
		return
	}
	if cmp.Or(p.Key, p.Name) == "" {
		controlError(w, errors.New("follow needs a key or a name"))
		return
	}
	user, err := s.Follow(oa, p)
	if err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]string{"user_id": user})
}

func (s *Sim) controlUser(w http.ResponseWriter, r *http.Request, do func(user string) error) {
	var in struct {
		UserID string `json:"user_id"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if err := do(in.UserID); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Sim) controlKnobs(w http.ResponseWriter, r *http.Request, oa string) {
	knobs := s.knobs(oa)
	if !simkit.ReadJSON(w, r, &knobs) {
		return
	}
	if err := s.ChangeOA(oa, func(o *OA) { *o = knobs }); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, s.knobs(oa))
}

func (s *Sim) controlGrant(w http.ResponseWriter, r *http.Request, oa string) {
	var in struct {
		Redirect  string `json:"redirect_uri"`
		Challenge string `json:"code_challenge"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	code, err := s.GrantCode(oa, in.Redirect, in.Challenge)
	if err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]string{"code": code, "oa_id": oa})
}

func (s *Sim) controlWebhook(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL     *string `json:"url"`
		Enabled *bool   `json:"enabled"`
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if in.URL != nil {
		s.hooks.SetURL(*in.URL)
	}
	if in.Enabled != nil {
		s.hooks.Enable(*in.Enabled)
	}
	simkit.WriteJSON(w, http.StatusOK, s.hooks.Status(false))
}
