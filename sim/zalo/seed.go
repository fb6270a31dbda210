package zalo

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// ErrUnknown is returned for an OA or a user that does not exist.
var ErrUnknown = errors.New("no such OA or user")

// AddOA makes an official account that has granted the app, and returns its tokens. An OA that exists already (a restarted
// rehearsal) takes the new profile and keeps its tokens, followers and articles.
func (s *Sim) AddOA(o OA) Tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	o = o.withDefaults(simkit.StableID)
	a := s.oas[o.ID]
	if a == nil {
		a = newAccount(o)
		s.oas[o.ID] = a
		s.order = append(s.order, o.ID)
	}
	a.OA = o
	s.journal.Put("oa", o.ID, o)
	if a.tokens.Access == "" && !o.Ungranted {
		s.mint(a, o.AccessToken, o.RefreshToken)
	}
	return a.tokens
}

// ChangeOA alters the profile or the knobs of an OA, for example its package.
func (s *Sim) ChangeOA(oa string, change func(*OA)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	change(&a.OA)
	a.OA.ID = oa
	s.journal.Put("oa", oa, a.OA)
	return nil
}

// mint gives the OA a new pair; the old access token dies at once. Empty values are made at random.
func (s *Sim) mint(a *account, access, refresh string) {
	now := s.now()
	delete(s.access, a.tokens.Access)
	delete(s.refresh, a.tokens.Refresh)
	a.tokens.Access = cmp.Or(access, "at."+simkit.RandomHex(48))
	a.tokens.Refresh = cmp.Or(refresh, "rt."+simkit.RandomHex(48))
	a.tokens.AccessExpires, a.tokens.RefreshExpires = now.Add(AccessLife), now.Add(RefreshLife)
	s.access[a.tokens.Access], s.refresh[a.tokens.Refresh] = a.ID, a.ID
	s.journal.Put("tokens", a.ID, a.tokens)
}

// AddFollower makes a person follow an OA, without a webhook, and returns their user id there. LastAct is now. An unknown
// OA panics: it is a mistake in the test.
func (s *Sim) AddFollower(oa string, p Person) string {
	return s.AddFollowerFull(oa, Follower{Person: p, Follows: true})
}

// AddFollowerFull is AddFollower with every detail in the caller's hand; empty UserID, ByApp, Since and LastAct are filled.
func (s *Sim) AddFollowerFull(oa string, f Follower) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		panic("zalo: AddFollower to an OA that does not exist: " + oa)
	}
	f.Key = cmp.Or(f.Key, f.Name)
	f.UserID = cmp.Or(f.UserID, simkit.StableID("user", oa, f.Key))
	f.ByApp = cmp.Or(f.ByApp, simkit.StableID("byapp", s.cfg.AppID, f.Key))
	if old := a.followers[f.UserID]; old != nil {
		return old.UserID
	}
	if f.Since.IsZero() {
		f.Since = s.now()
	}
	if f.LastAct.IsZero() && f.Follows {
		f.LastAct = f.Since // to follow is to interact
	}
	a.followers[f.UserID] = &f
	a.order = append(a.order, f.UserID)
	s.saveFollower(a, &f)
	return f.UserID
}

func (s *Sim) saveFollower(a *account, f *Follower) { s.journal.Put("follower", a.ID+"/"+f.UserID, f) }

// Utterance is what a citizen sends from the phone.
type Utterance struct {
	Text  string `json:"text"`
	Image string `json:"image"` // address of a picture
	Quiet bool   `json:"quiet"` // keep it without a webhook, to seed old conversations
	At    time.Time
}

// KeepPicture stores a picture taken with a citizen's phone and returns its address, for Utterance.Image.
func (s *Sim) KeepPicture(name string, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &upload{ID: simkit.RandomHex(24), Kind: "phone", Name: name, Mime: http.DetectContentType(data), Size: len(data), Data: data, Created: s.now()}
	s.uploads[u.ID] = u
	s.journal.Put("upload", u.ID, u)
	return s.mediaURL(u.ID)
}

// AddWriter makes a person known to the OA who does not follow it and has not written yet, and returns their user id.
func (s *Sim) AddWriter(oa string, p Person) (string, error) {
	s.mu.Lock()
	a := s.oas[oa]
	s.mu.Unlock()
	if a == nil {
		return "", fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	return s.AddFollowerFull(oa, Follower{Person: p}), nil
}

// Say lets a user write to the OA: it is kept, opens the windows and raises user_send_text or user_send_image.
func (s *Sim) Say(oa, user string, u Utterance) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, f, err := s.find(oa, user)
	if err != nil {
		return Message{}, err
	}
	m := &Message{OA: oa, User: user, Type: "text", Text: u.Text, URL: u.Image, At: s.now(), Via: "phone"}
	if !u.At.IsZero() {
		m.At = u.At.UTC()
	}
	if u.Image != "" {
		m.Type = "photo"
	}
	s.keep(a, m)
	if m.At.After(f.LastAct) {
		f.LastAct = m.At
		s.saveFollower(a, f)
	}
	if !u.Quiet {
		s.raiseSaid(a, f, m)
	}
	return *m, nil
}

// Contact is what a person hands over when an OA asks for it.
type Contact struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Address  string `json:"address,omitempty"`
	City     string `json:"city,omitempty"`
	District string `json:"district,omitempty"`
	Ward     string `json:"ward,omitempty"`
	// Nested has the address told in the newer form, under full_address.
	Nested bool `json:"-"`
}

// info is how the webhook tells it.
func (c Contact) info() any {
	if !c.Nested {
		return c
	}
	return map[string]any{"name": c.Name, "phone": c.Phone, "full_address": map[string]string{"user_city": c.City, "user_ward": c.Ward, "user_address": c.Address}}
}

// Submit hands a person's contact over to the OA, with the webhook.
func (s *Sim) Submit(oa, user string, c Contact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, f, err := s.find(oa, user)
	if err != nil {
		return err
	}
	f.Phone, f.Address, f.Shared, f.LastAct = c.Phone, c.Address, &c, s.now()
	s.saveFollower(a, f)
	s.raise(a, s.now(), event{EventName: "user_submit_info", ByApp: f.ByApp, Sender: &party{f.UserID}, Recipient: &party{a.ID}, Info: c.info()})
	return nil
}

// Withdraw makes a person ask for the removal of their data, with the webhook.
func (s *Sim) Withdraw(oa, user string) error {
	s.mu.Lock()
	a, f, err := s.find(oa, user)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.Raise(a.ID, "user_withdraw", map[string]any{"oa_id": a.ID, "user_id": f.UserID, "user_id_by_app": f.ByApp})
}

// Follow makes a person follow the OA, with the webhook, and returns the user id.
func (s *Sim) Follow(oa string, p Person) (string, error) {
	s.mu.Lock()
	known := s.oas[oa] != nil
	s.mu.Unlock()
	if !known {
		return "", fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	user := s.AddFollower(oa, p)
	return user, s.setFollow(oa, user, true)
}

// Unfollow makes a user leave, with the webhook.
func (s *Sim) Unfollow(oa, user string) error { return s.setFollow(oa, user, false) }

func (s *Sim) setFollow(oa, user string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, f, err := s.find(oa, user)
	if err != nil {
		return err
	}
	f.Follows = on
	if on {
		f.LastAct = s.now()
	}
	s.saveFollower(a, f)
	s.raiseFollow(a, f, on)
	return nil
}

// Seen raises user_seen_message for all the OA sent to the user so far.
func (s *Sim) Seen(oa, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, f, err := s.find(oa, user)
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range a.chats[user] {
		if m.FromOA && m.At.After(f.ReadUntil) {
			ids = append(ids, m.ID)
		}
	}
	f.ReadUntil = s.now()
	s.saveFollower(a, f)
	if len(ids) > 0 {
		s.raiseSeen(a, f, ids)
	}
	return nil
}

func (s *Sim) find(oa, user string) (*account, *Follower, error) {
	a := s.oas[oa]
	if a == nil {
		return nil, nil, fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	f := a.followers[user]
	if f == nil {
		return nil, nil, fmt.Errorf("%w: user %s at OA %s", ErrUnknown, user, oa)
	}
	return a, f, nil
}

// keep stores a message under a new id.
func (s *Sim) keep(a *account, m *Message) {
	s.seq++
	m.Key = s.seq
	m.ID = cmp.Or(m.ID, simkit.RandomHex(10))
	a.chats[m.User] = append(a.chats[m.User], m)
	s.journal.Put("message", a.ID+"/"+m.ID, m)
}

// Tokens gives the present pair of an OA.
func (s *Sim) Tokens(oa string) Tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.oas[oa]; a != nil {
		return a.tokens
	}
	return Tokens{}
}

// Articles lists the standing articles of an OA, oldest first.
func (s *Sim) Articles(oa string) []Article {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return nil
	}
	out := make([]Article, 0, len(a.articles))
	for _, x := range a.articles {
		out = append(out, *x)
	}
	return out
}

// Messages lists the conversation of an OA with a user, oldest first.
func (s *Sim) Messages(oa, user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return nil
	}
	out := make([]Message, 0, len(a.chats[user]))
	for _, m := range a.chats[user] {
		out = append(out, *m)
	}
	slices.SortStableFunc(out, func(x, y Message) int { return x.At.Compare(y.At) })
	return out
}

// Followers lists those who follow an OA or wrote to it, in order of arrival.
func (s *Sim) Followers(oa string) []Follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return nil
	}
	out := make([]Follower, 0, len(a.order))
	for _, id := range a.order {
		f := *a.followers[id]
		f.Received, f.Tags, f.Notes = maps.Clone(f.Received), slices.Clone(f.Tags), slices.Clone(f.Notes)
		out = append(out, f)
	}
	return out
}

// Broadcasts lists what was broadcast to the OA's followers, oldest first.
func (s *Sim) Broadcasts(oa string) []Broadcast {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return nil
	}
	out := make([]Broadcast, 0, len(a.broadcasts))
	for _, b := range a.broadcasts {
		out = append(out, *b)
	}
	return out
}
