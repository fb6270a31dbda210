// Package facebook is a stand-in for the Graph API of Facebook Pages and Messenger: a client written for the real
// platform talks to it unchanged when its base address points here. One handler serves, with or without a version in
// front (/v26.0), the login dialog, token exchange and inspection, posts, photos, comments, messages and webhook
// subscriptions, films in pieces and reels. It keeps Pages, people, posts and conversations, posts signed webhooks, and misbehaves on demand.
//
// To use it in a test:
//
//	sim, _ := facebook.New(facebook.Config{AppID: "1", AppSecret: "s", WebhookURL: …})
//	defer sim.Close()
//	srv := httptest.NewServer(sim.Handler())
//	token := sim.AddPage(facebook.Page{ID: "100000000000001", Name: "MTTQ xã Kim Liên", Subscribed: []string{"feed", "messages"}})
//	person := sim.AddPerson("100000000000001", facebook.Person{Key: "an", Name: "Nguyễn Văn An"})
//	sim.Say("100000000000001", facebook.Utterance{Person: person, Text: "Xin hỏi …"})
//
// Control is served by ControlHandler; sim/simserver mounts it with the wall on one address.
package facebook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const system = "facebook"

// Lifetimes as the platform grants them.
const (
	ShortLife = time.Hour
	LongLife  = 5183944 * time.Second
	codeLife  = 10 * time.Minute
)

// Config says how the simulated platform is set up. Only AppID, AppSecret and (for webhooks) WebhookURL need values.
type Config struct {
	AppID       string
	AppSecret   string
	VerifyToken string // what SetWebhook sends when its caller names none; the API call subscriptions brings its own
	WebhookURL  string // taken as subscribed already, without a handshake; empty: events are lost
	BaseURL     string // where clients reach this handler, for links to pictures; default http://127.0.0.1:8090/graph
	WallURL     string // where people read posts, for permalink_url; default the host of BaseURL with /wall

	Clock            clock.Clock   // default the machine's
	RequireProof     bool          // every call needs appsecret_proof, as with "Require App Secret"
	Rate             int           // calls per minute of the app; 0 or less: no limit; beyond, error 4
	NoDuplicateCheck bool          // the same post twice in a row is accepted instead of error 506
	FetchPhotos      bool          // a photo given by url is fetched, as on the platform; unreachable: error 100
	Processing       time.Duration // how long a film is processed after it was finished
	RetryScale       float64       // multiplies the waits between webhook tries (36 hours in all); 0: 1
	HookTimeout      time.Duration
	Folder           string // keeps the state in facebook.jsonl there; empty: memory only
	Faults           *simkit.Faults
}

// Sim is the simulated platform; safe for concurrent use.
type Sim struct {
	cfg     Config
	faults  *simkit.Faults
	meter   *simkit.Meter
	hooks   *simkit.Hooks
	journal *simkit.Journal

	mu       sync.Mutex
	rate     int
	pages    map[string]*account
	order    []string
	users    map[string]string // user id → name
	tokens   map[string]*token
	codes    map[string]*oauthCode
	photos   map[string]*Photo
	videos   map[string]*Video
	postOf   map[string]*account // post id → page
	comments map[string]*Comment
	seq      int
}

// retries are the waits after each failed delivery: at once, then rarer, 36 hours in all.
func retries() []time.Duration {
	waits := []time.Duration{0, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
	total := time.Duration(0)
	for _, w := range waits {
		total += w
	}
	for total+7*time.Hour <= 36*time.Hour {
		waits = append(waits, 7*time.Hour)
		total += 7 * time.Hour
	}
	return waits
}

// New starts a simulated platform, with the state of an earlier run when cfg.Folder holds one. Close it at the end.
func New(cfg Config) (*Sim, error) {
	cfg.BaseURL = strings.TrimRight(cmp.Or(cfg.BaseURL, "http://127.0.0.1:8090/graph"), "/")
	cfg.WallURL = cmp.Or(cfg.WallURL, strings.TrimSuffix(cfg.BaseURL, "/graph")+"/wall")
	cfg.HookTimeout = cmp.Or(cfg.HookTimeout, 20*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Faults == nil {
		cfg.Faults = &simkit.Faults{}
	}
	s := &Sim{cfg: cfg, rate: max(cfg.Rate, 0), faults: cfg.Faults, meter: simkit.NewMeter(), pages: map[string]*account{}, users: map[string]string{},
		tokens: map[string]*token{}, codes: map[string]*oauthCode{}, photos: map[string]*Photo{}, videos: map[string]*Video{}, postOf: map[string]*account{},
		comments: map[string]*Comment{}}
	var waiting []simkit.Hook
	journal, err := simkit.OpenJournal(cfg.Folder, "facebook", func(kind, id string, raw json.RawMessage) error {
		return s.load(kind, id, raw, &waiting)
	})
	if err != nil {
		return nil, err
	}
	s.journal = journal
	s.hooks = simkit.NewHooks(simkit.HookConfig{System: system, URL: cfg.WebhookURL, Timeout: cfg.HookTimeout, Scale: cfg.RetryScale,
		Retries: retries(), Sign: s.signHook, Faults: s.faults, Journal: journal})
	for _, h := range waiting {
		s.hooks.Resume(h)
	}
	return s, nil
}

// Close stops webhook deliveries and flushes the state.
func (s *Sim) Close() error {
	s.hooks.Close()
	return s.journal.Close()
}

// Faults is the table of faults this platform obeys.
func (s *Sim) Faults() *simkit.Faults { return s.faults }

// Webhook is the postman of this platform.
func (s *Sim) Webhook() *simkit.Hooks { return s.hooks }

// SetRate changes the app's budget of calls per minute; 0 switches the limit off.
func (s *Sim) SetRate(perMinute int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = max(perMinute, 0)
}

// Now is the time on the clock of the simulated platform.
func (s *Sim) Now() time.Time { return s.now() }

func (s *Sim) now() time.Time { return s.cfg.Clock.Now().UTC() }

// load takes one journal entry back into memory.
func (s *Sim) load(kind, id string, raw json.RawMessage, waiting *[]simkit.Hook) error {
	switch kind {
	case "hook":
		h, err := simkit.LoadHook(raw)
		*waiting = append(*waiting, h)
		return err
	case "user":
		var name string
		err := json.Unmarshal(raw, &name)
		s.users[id] = name
		return err
	case "token":
		t := &token{}
		s.tokens[id] = t
		return json.Unmarshal(raw, t)
	case "code":
		c := &oauthCode{}
		s.codes[id] = c
		return json.Unmarshal(raw, c)
	case "photo":
		p := &Photo{}
		s.photos[id] = p
		return json.Unmarshal(raw, p)
	case "video":
		v := &Video{}
		s.videos[id] = v
		return json.Unmarshal(raw, v)
	case "page":
		var p Page
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		s.pages[p.ID] = newAccount(p)
		s.order = append(s.order, p.ID)
		return nil
	}
	return s.loadOfPage(kind, id, raw)
}

// loadOfPage takes back an entry that belongs to a Page; its id starts with the Page's, before a slash.
func (s *Sim) loadOfPage(kind, id string, raw json.RawMessage) error {
	pageID, rest, _ := strings.Cut(id, "/")
	a := s.pages[pageID]
	if a == nil {
		return fmt.Errorf("unknown page %s", pageID)
	}
	switch kind {
	case "pagetoken":
		return json.Unmarshal(raw, &a.token)
	case "person":
		p := &Person{}
		a.people[rest] = p
		a.order = append(a.order, rest)
		return json.Unmarshal(raw, p)
	case "post":
		p := &Post{}
		a.posts = append(a.posts, p)
		s.postOf[rest] = a
		s.seq++
		return json.Unmarshal(raw, p)
	case "comment":
		c := &Comment{}
		a.comments = append(a.comments, c)
		s.comments[rest] = c
		return json.Unmarshal(raw, c)
	case "message":
		m := &Message{}
		if err := json.Unmarshal(raw, m); err != nil {
			return err
		}
		a.chats[m.Person] = append(a.chats[m.Person], m)
		s.seq = max(s.seq, m.Key)
		return nil
	}
	return fmt.Errorf("unknown kind of entry %q", kind)
}
