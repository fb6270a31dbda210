package facebook

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// ErrUnknown is returned for a Page, post or person that does not exist.
var ErrUnknown = errors.New("no such page, post or person")

// Admin is the person who manages every Page of the simulated world unless the dialog is answered by another.
const Admin = "1000000000000000017"

// AddPage makes a Page managed by Admin and returns its long-lived token. A Page that exists already (a restarted
// rehearsal) takes the new profile and keeps its token, subscriptions, posts and conversations.
func (s *Sim) AddPage(p Page) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ID = cmp.Or(p.ID, simkit.StableID("page", p.Name))
	p.Category = cmp.Or(p.Category, "Cơ quan chính phủ")
	s.addUser(Admin, "Quản trị trang")
	a := s.pages[p.ID]
	if a == nil {
		a = newAccount(p)
		s.pages[p.ID] = a
		s.order = append(s.order, p.ID)
	} else if len(p.Subscribed) == 0 {
		p.Subscribed = a.Subscribed
	}
	a.Page = p
	s.savePage(a)
	if a.token == "" {
		a.token = s.issue(token{Value: p.AccessToken, Kind: kindPage, User: Admin, Page: p.ID}).Value
		s.journal.Put("pagetoken", p.ID, a.token)
	}
	return a.token
}

func (s *Sim) savePage(a *account) { s.journal.Put("page", a.ID, a.Page) }

func (s *Sim) addUser(id, name string) {
	if _, known := s.users[id]; !known {
		s.users[id] = name
		s.journal.Put("user", id, name)
	}
}

// issue keeps a new token; an empty value is made at random.
func (s *Sim) issue(t token) *token {
	t.Value = cmp.Or(t.Value, "EAA"+simkit.RandomHex(60))
	t.Issued = s.now()
	s.tokens[t.Value] = &t
	s.journal.Put("token", t.Value, t)
	return &t
}

// UserToken gives a new token of Admin: short-lived (an hour) as after the dialog, or long-lived (60 days).
func (s *Sim) UserToken(short bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addUser(Admin, "Quản trị trang")
	life := LongLife
	if short {
		life = ShortLife
	}
	return s.issue(token{Kind: kindUser, User: Admin, Short: short, Expires: s.now().Add(life)}).Value
}

// KillToken makes the present token of a Page answer error 190 with a subcode: 458 the app was removed, 460 the
// administrator changed the password, 463 expired, 492 lost the role. Subcode 0 revives it.
func (s *Sim) KillToken(page string, subcode int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil {
		return fmt.Errorf("%w: page %s", ErrUnknown, page)
	}
	s.kill(a, subcode)
	return nil
}

func (s *Sim) kill(a *account, subcode int) {
	for _, t := range s.tokens {
		if t.Page == a.ID {
			t.Dead = subcode
			s.journal.Put("token", t.Value, t)
		}
	}
}

// ChangePage alters the profile or the knobs of a Page.
func (s *Sim) ChangePage(page string, change func(*Page)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil {
		return fmt.Errorf("%w: page %s", ErrUnknown, page)
	}
	change(&a.Page)
	a.Page.ID = page
	s.savePage(a)
	return nil
}

// AddPerson makes a person known to a Page and returns their page-scoped id. An unknown Page panics: it is a mistake in
// the test.
func (s *Sim) AddPerson(page string, p Person) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil {
		panic("facebook: AddPerson to a page that does not exist: " + page)
	}
	return s.person(a, p).ID
}

func (s *Sim) person(a *account, p Person) *Person {
	p.Key = cmp.Or(p.Key, p.Name)
	p.ID = cmp.Or(p.ID, simkit.StableID("psid", a.ID, p.Key))
	if old := a.people[p.ID]; old != nil {
		return old
	}
	a.people[p.ID] = &p
	a.order = append(a.order, p.ID)
	s.savePerson(a, &p)
	return &p
}

func (s *Sim) savePerson(a *account, p *Person) { s.journal.Put("person", a.ID+"/"+p.ID, p) }

// Utterance is what a citizen does on the phone: a message to the Page, or with Post a comment, or with Comment a reply
// to that comment.
type Utterance struct {
	Person  string    `json:"user_id"`    // page-scoped id; when empty, Name makes a new person
	Name    string    `json:"name"`       // of a new person
	Post    string    `json:"post_id"`    // comment on this post
	Comment string    `json:"comment_id"` // reply to this comment
	Text    string    `json:"text"`
	Image   string    `json:"image"` // address of a picture
	Quiet   bool      `json:"quiet"` // keep it without a webhook, to seed old conversations
	At      time.Time `json:"at,omitzero"`
}

// KeepPicture stores a picture taken with a citizen's phone and returns its address, for Utterance.Image.
func (s *Sim) KeepPicture(data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &Photo{ID: simkit.StableID("phone", simkit.RandomHex(8)), Mime: http.DetectContentType(data), Data: data, Created: s.now()}
	p.URL = s.cfg.BaseURL + "/picture/" + p.ID
	s.photos[p.ID] = p
	s.journal.Put("photo", p.ID, p)
	return p.URL
}

// Said is what came of an utterance: one of the two is set.
type Said struct {
	Message *Message `json:"message,omitempty"`
	Comment *Comment `json:"comment,omitempty"`
}

// Say lets a citizen write to the Page or comment; it raises the webhook the Page subscribed to.
func (s *Sim) Say(page string, u Utterance) (Said, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil {
		return Said{}, fmt.Errorf("%w: page %s", ErrUnknown, page)
	}
	p := a.people[u.Person]
	if p == nil && u.Person == "" && u.Name != "" {
		p = s.person(a, Person{Name: u.Name})
	}
	if p == nil {
		return Said{}, fmt.Errorf("%w: person %q at page %s", ErrUnknown, u.Person, page)
	}
	at := s.now()
	if !u.At.IsZero() {
		at = u.At.UTC()
	}
	if u.Post == "" && u.Comment == "" {
		return s.sayMessage(a, p, u, at), nil
	}
	return s.sayComment(a, p, u, at)
}

func (s *Sim) sayMessage(a *account, p *Person, u Utterance, at time.Time) Said {
	m := &Message{Page: a.ID, Person: p.ID, Text: u.Text, URL: u.Image, At: at}
	s.keepMessage(a, m)
	if at.After(p.LastWrote) {
		p.LastWrote = at
		s.savePerson(a, p)
	}
	if !u.Quiet {
		s.raiseMessage(a, m)
	}
	copied := *m
	return Said{Message: &copied}
}

func (s *Sim) sayComment(a *account, p *Person, u Utterance, at time.Time) (Said, error) {
	c := &Comment{Post: u.Post, FromID: p.ID, FromName: p.Name, Message: u.Text, Image: u.Image, Created: at}
	if u.Comment != "" {
		parent := s.comments[u.Comment]
		if parent == nil || s.postOf[parent.Post] != a {
			return Said{}, fmt.Errorf("%w: comment %s at page %s", ErrUnknown, u.Comment, a.ID)
		}
		c.Post, c.Parent = parent.Post, parent.ID
	}
	if s.postOf[c.Post] != a {
		return Said{}, fmt.Errorf("%w: post %s at page %s", ErrUnknown, c.Post, a.ID)
	}
	s.keepComment(a, c)
	if !u.Quiet {
		s.raiseComment(a, c, "add")
	}
	copied := *c
	return Said{Comment: &copied}, nil
}

func (s *Sim) keepMessage(a *account, m *Message) {
	s.seq++
	m.Key = s.seq
	m.ID = "m_" + simkit.RandomHex(32)
	a.chats[m.Person] = append(a.chats[m.Person], m)
	s.journal.Put("message", a.ID+"/"+m.ID, m)
}

func (s *Sim) keepComment(a *account, c *Comment) {
	_, number := splitPost(c.Post)
	c.ID = number + "_" + simkit.StableID("comment", simkit.RandomHex(8))
	a.comments = append(a.comments, c)
	s.comments[c.ID] = c
	s.saveComment(a, c)
}

func (s *Sim) saveComment(a *account, c *Comment) { s.journal.Put("comment", a.ID+"/"+c.ID, c) }

// Token gives the long-lived token of a Page.
func (s *Sim) Token(page string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.pages[page]; a != nil {
		return a.token
	}
	return ""
}

// Posts lists the posts on a Page's timeline, oldest first.
func (s *Sim) Posts(page string) []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Post{}
	if a := s.pages[page]; a != nil {
		for _, p := range a.posts {
			if p.visible(s.now()) {
				one := *p
				one.Photos = slices.Clone(p.Photos)
				out = append(out, one)
			}
		}
	}
	return out
}

// Comments lists the comments under a post of a Page (all posts when empty), oldest first.
func (s *Sim) Comments(page, post string) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Comment{}
	if a := s.pages[page]; a != nil {
		for _, c := range a.comments {
			if post == "" || c.Post == post {
				out = append(out, *c)
			}
		}
	}
	return out
}

// Messages lists the conversation of a Page with a person (all people when empty), oldest first.
func (s *Sim) Messages(page, person string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Message{}
	if a := s.pages[page]; a != nil {
		for id, chat := range a.chats {
			if person == "" || id == person {
				for _, m := range chat {
					out = append(out, *m)
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y Message) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return x.Key - y.Key
	})
	return out
}

// People lists those a Page knows, in order of arrival.
func (s *Sim) People(page string) []Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Person{}
	if a := s.pages[page]; a != nil {
		for _, id := range a.order {
			out = append(out, *a.people[id])
		}
	}
	return out
}

// PhotoURL is where a picture is shown.
func (s *Sim) PhotoURL(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.photos[id]; p != nil {
		return p.URL
	}
	return ""
}
