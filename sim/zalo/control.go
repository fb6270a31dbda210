package zalo

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// ControlHandler serves the control API under /control/zalo/: what the platform knows and what citizens do.
//
//	GET  /control/zalo/oas                                    every OA: []Summary
//	GET  /control/zalo/oas/{oa}                               one, with articles and broadcasts
//	GET  /control/zalo/oas/{oa}/articles|followers|broadcasts
//	GET  /control/zalo/oas/{oa}/messages?user_id=             a conversation, oldest first; without user_id all of the OA
//	POST /control/zalo/oas/{oa}/say      {user_id,text,image} a citizen writes; {name,text} a stranger who does not follow
//	POST /control/zalo/oas/{oa}/anonymous {key,text,image}   somebody unknown writes in anonymous chat: {message,visitor}
//	POST /control/zalo/oas/{oa}/follow   {key,name}           a new person follows: {user_id}
//	POST /control/zalo/oas/{oa}/unfollow {user_id}
//	POST /control/zalo/oas/{oa}/seen     {user_id}            the citizen reads what came
//	POST /control/zalo/oas/{oa}/event    {event_name,…}       any other webhook event, signed
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
	mux.HandleFunc("POST /control/zalo/oas/{oa}/anonymous", s.controlOA(s.controlVisitor))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/follow", s.controlOA(s.controlFollow))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/unfollow", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		s.controlUser(w, r, func(user string) error { return s.Unfollow(oa, user) })
	}))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/seen", s.controlOA(func(w http.ResponseWriter, r *http.Request, oa string) {
		s.controlUser(w, r, func(user string) error { return s.Seen(oa, user) })
	}))
	mux.HandleFunc("POST /control/zalo/oas/{oa}/event", s.controlOA(s.controlEvent))
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
		Name   string `json:"name"`
		Utterance
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if in.Text == "" && in.Image == "" {
		controlError(w, errors.New("say needs text or image"))
		return
	}
	if in.UserID == "" && in.Name != "" {
		var err error
		if in.UserID, err = s.AddWriter(oa, Person{Name: in.Name}); err != nil {
			controlError(w, err)
			return
		}
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

func (s *Sim) controlEvent(w http.ResponseWriter, r *http.Request, oa string) {
	fields := map[string]any{}
	if !simkit.ReadJSON(w, r, &fields) {
		return
	}
	name, _ := fields["event_name"].(string)
	if name == "" {
		controlError(w, errors.New("event needs an event_name"))
		return
	}
	if err := s.Raise(oa, name, fields); err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true})
}
