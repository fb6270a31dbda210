// Package zalo is a stand-in for the servers of Zalo: a client written for the real platform talks to it unchanged when
// its base addresses point here. It serves, by path, what the real hosts serve:
//
//	oauth.zaloapp.com      /v4/oa/permission, /v4/oa/access_token
//	openapi.zalo.me        /v2.0/oa/…, /v2.0/article/…, /v3.0/oa/…
//	business.openapi.zalo.me  /message/…, /template/…, /rating/get, /quality
//
// and /media/… for uploaded pictures. It keeps official accounts, followers, articles, conversations and broadcasts,
// posts signed webhooks, and misbehaves on demand. Refusals come as on the real platform: HTTP 200 with
// {"error":<negative>,"message":…}.
//
// To use it in a test:
//
//	sim, _ := zalo.New(zalo.Config{AppID: "1", AppSecret: "s", WebhookURL: …})
//	defer sim.Close()
//	srv := httptest.NewServer(sim.Handler())
//	tokens := sim.AddOA(zalo.OA{ID: "4000000000000000001", Name: "MTTQ xã Kim Liên"})
//	user := sim.AddFollower("4000000000000000001", zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
//	sim.Say("4000000000000000001", user, zalo.Utterance{Text: "Xin hỏi …"})
//
// Control (GET oas, POST say, …) is served by ControlHandler; sim/simserver mounts it with the wall on one address.
package zalo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const system = "zalo"

// Lifetimes as the platform grants them.
const (
	AccessLife  = 25 * time.Hour
	RefreshLife = 90 * 24 * time.Hour
	codeLife    = 10 * time.Minute
	uploadLife  = 7 * 24 * time.Hour
)

// Config says how the simulated platform is set up. Only AppID, AppSecret and (for webhooks) OASecretKey and WebhookURL
// need values.
type Config struct {
	AppID       string
	AppSecret   string
	OASecretKey string   // signs webhooks; defaults to AppSecret
	RedirectURI []string // registered callbacks; empty: any is accepted
	WebhookURL  string   // one address for all OAs; empty: events are lost
	BaseURL     string   // where clients reach this handler, for links to media; default http://127.0.0.1:8090/zalo
	WallURL     string   // where people read articles, for link_view; default the host of BaseURL with /wall

	Clock          clock.Clock   // default the machine's
	ArticleDelay   time.Duration // machine time during which verify answers -214; 0: ready at once
	ApproveDelay   time.Duration // machine time before a new article may be broadcast (-214)
	Rate           int           // requests per minute of the app on the OA API; 0: 4,000; negative: no limit
	OARate         int           // requests per minute of one OA; 0: no limit
	NoNight        bool          // broadcasts are accepted at any hour
	RequireProof   bool          // every OA call needs the header appsecret_proof
	MissingRefresh float64       // share of refreshes that answer without a new refresh token
	FetchPhotos    bool          // fetch the cover of an article as the platform does; an unreachable one fails it
	NoEcho         bool          // no oa_send_* and user_received_message events for the OA's own messages
	RetryScale     float64       // multiplies the waits between webhook tries (30 s, 5 m, 15 m, 30 m, 1 h); 0: 1
	HookTimeout    time.Duration // how long a webhook may take; 0: 2 s
	Folder         string        // keeps the state in zalo.jsonl there; empty: memory only
	Faults         *simkit.Faults
}

// Sim is the simulated platform; safe for concurrent use.
type Sim struct {
	cfg     Config
	handler http.Handler
	faults  *simkit.Faults
	meter   *simkit.Meter
	oaMeter map[string]*simkit.Meter
	hooks   *simkit.Hooks
	journal *simkit.Journal
	fetches sync.WaitGroup

	mu      sync.Mutex
	rate    int
	oas     map[string]*account
	order   []string
	access  map[string]string // access token → OA
	refresh map[string]string // refresh token → OA
	codes   map[string]*authCode
	tickets map[string]*ticket
	waiting map[string]*ticket // those of tickets whose article does not stand yet
	uploads map[string]*upload
	uploadN map[string]int // uploads by month
	phones  map[string]int // telephones that refuse notices, with the code
	seq     int
}

// New starts a simulated platform, with the state of an earlier run when cfg.Folder holds one. Close it at the end.
func New(cfg Config) (*Sim, error) {
	cfg.OASecretKey = cmp.Or(cfg.OASecretKey, cfg.AppSecret)
	cfg.BaseURL = strings.TrimRight(cmp.Or(cfg.BaseURL, "http://127.0.0.1:8090/zalo"), "/")
	cfg.WallURL = cmp.Or(cfg.WallURL, strings.TrimSuffix(cfg.BaseURL, "/zalo")+"/wall")
	cfg.HookTimeout = cmp.Or(cfg.HookTimeout, 2*time.Second)
	cfg.Rate = cmp.Or(cfg.Rate, 4000)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Faults == nil {
		cfg.Faults = &simkit.Faults{}
	}
	s := &Sim{cfg: cfg, rate: max(cfg.Rate, 0), faults: cfg.Faults, meter: simkit.NewMeter(), oaMeter: map[string]*simkit.Meter{},
		oas: map[string]*account{}, access: map[string]string{}, refresh: map[string]string{}, codes: map[string]*authCode{},
		tickets: map[string]*ticket{}, waiting: map[string]*ticket{}, uploads: map[string]*upload{}, uploadN: map[string]int{}, phones: map[string]int{}}
	var waiting []simkit.Hook
	journal, err := simkit.OpenJournal(cfg.Folder, "zalo", func(kind, id string, raw json.RawMessage) error {
		return s.load(kind, id, raw, &waiting)
	})
	if err != nil {
		return nil, err
	}
	s.journal = journal
	s.hooks = simkit.NewHooks(simkit.HookConfig{System: system, URL: cfg.WebhookURL, Timeout: cfg.HookTimeout, Scale: cfg.RetryScale,
		Retries:      []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour},
		DisableAtEnd: true, RetryHeader: "num_retry", Sign: s.signHook, Faults: s.faults, Journal: journal})
	for _, h := range waiting {
		s.hooks.Resume(h)
	}
	s.handler = s.routes()
	return s, nil
}

// Close stops webhook deliveries and flushes the state.
func (s *Sim) Close() error {
	s.hooks.Close()
	s.fetches.Wait()
	return s.journal.Close()
}

// Handler serves the API of all hosts by path.
func (s *Sim) Handler() http.Handler { return s.handler }

// Faults is the table of faults this platform obeys.
func (s *Sim) Faults() *simkit.Faults { return s.faults }

// Webhook is the postman of this platform.
func (s *Sim) Webhook() *simkit.Hooks { return s.hooks }

// SetRate changes the app's budget of requests per minute; 0 switches the limit off.
func (s *Sim) SetRate(perMinute int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = max(perMinute, 0)
}

// Now is the time on the clock of the simulated platform.
func (s *Sim) Now() time.Time { return s.now() }

func (s *Sim) now() time.Time { return s.cfg.Clock.Now().UTC() }

// savedTokens and savedReplies are journal forms.
type savedReplies map[string]int

// load takes one journal entry back into memory.
func (s *Sim) load(kind, id string, raw json.RawMessage, waiting *[]simkit.Hook) error {
	switch kind {
	case "hook":
		h, err := simkit.LoadHook(raw)
		*waiting = append(*waiting, h)
		return err
	case "code":
		c := &authCode{}
		s.codes[id] = c
		return json.Unmarshal(raw, c)
	case "ticket":
		t := &ticket{}
		if err := json.Unmarshal(raw, t); err != nil {
			return err
		}
		s.tickets[id] = t
		if !t.Done && t.Failure == "" {
			t.Ready = time.Now().Add(s.cfg.ArticleDelay)
			s.waiting[id] = t
		}
		return nil
	case "upload":
		u := &upload{}
		s.uploads[id] = u
		return json.Unmarshal(raw, u)
	case "oa":
		var o OA
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		s.oas[o.ID] = newAccount(o)
		s.order = append(s.order, o.ID)
		return nil
	}
	return s.loadOfAccount(kind, id, raw)
}

// loadOfAccount takes back an entry that belongs to an OA; its id starts with the OA's, before a slash.
func (s *Sim) loadOfAccount(kind, id string, raw json.RawMessage) error {
	oaID, _, _ := strings.Cut(id, "/")
	a := s.oas[oaID]
	if a == nil {
		return fmt.Errorf("unknown OA %s", oaID)
	}
	if done, err := s.loadExtra(a, kind, raw); done {
		return err
	}
	switch kind {
	case "tokens":
		if err := json.Unmarshal(raw, &a.tokens); err != nil {
			return err
		}
		s.access[a.tokens.Access], s.refresh[a.tokens.Refresh] = oaID, oaID
	case "follower":
		f := &Follower{}
		if err := json.Unmarshal(raw, f); err != nil {
			return err
		}
		a.followers[f.UserID] = f
		a.order = append(a.order, f.UserID)
	case "article":
		x := &Article{}
		a.articles = append(a.articles, x)
		return json.Unmarshal(raw, x)
	case "message":
		m := &Message{}
		if err := json.Unmarshal(raw, m); err != nil {
			return err
		}
		a.chats[m.User] = append(a.chats[m.User], m)
		s.seq = max(s.seq, m.Key)
	case "broadcast":
		b := &Broadcast{}
		a.broadcasts = append(a.broadcasts, b)
		return json.Unmarshal(raw, b)
	case "replies":
		return json.Unmarshal(raw, (*savedReplies)(&a.replies))
	default:
		return fmt.Errorf("unknown kind of entry %q", kind)
	}
	return nil
}

// mediaURL is the public address of an uploaded file.
func (s *Sim) mediaURL(id string) string { return s.cfg.BaseURL + "/media/" + url.PathEscape(id) }
