// Package youtube is a stand-in for the YouTube Data API v3 with its sign-in, its uploads and its hub: a client written for
// the real platform talks to it unchanged when its base addresses point here. One handler serves the consent page and the
// token endpoint, channels, videos, comments, captions, thumbnails, uploads in every form that known clients use (resumable
// with real 308 answers, resumable as the Go client does it with POST and X-GUploader-No-308, multipart, plain) and the
// PubSubHubbub hub with challenge, lease and signature. It keeps the daily buckets that close until midnight in California,
// locks films of unaudited projects as private, takes its time to process them, and misbehaves on demand.
//
// To use it in a test:
//
//	sim, _ := youtube.New(youtube.Config{ClientID: "1", ClientSecret: "s"})
//	defer sim.Close()
//	srv := httptest.NewServer(sim.Handler())
//	refresh := sim.AddChannel(youtube.Channel{ID: "UCkimlien0000000000000000", Name: "MTTQ xã Kim Liên"})
//	sim.Comment(youtube.Said{Video: id, Name: "Nguyễn Văn An", Text: "Xin hỏi …"})
//
// Base addresses of a client: https://accounts.google.com, https://oauth2.googleapis.com and https://www.googleapis.com all
// become the address of this handler; the hub is {base}/subscribe and the feed {base}/xml/feeds/videos.xml.
package youtube

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	// California's clock decides when the buckets open again, on machines without a table of time zones too.
	_ "time/tzdata"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const system = "youtube"

// Lifetimes as the platform grants them.
const (
	AccessLife = 3599 * time.Second
	codeLife   = 10 * time.Minute
	lease      = 5 * 24 * time.Hour
)

// Config says how the simulated platform is set up. Only ClientID and ClientSecret need values.
type Config struct {
	ClientID     string
	ClientSecret string
	BaseURL      string // where clients reach this handler; default http://127.0.0.1:8090/youtube
	WallURL      string // where people watch; default the host of BaseURL with /wall

	Clock       clock.Clock   // default the machine's
	Uploads     int           // films a day for the whole project; default 100
	Units       int           // quota units a day for everything else; default 10,000
	Processing  time.Duration // how long a film is "uploaded" before it is "processed"
	Unaudited   bool          // the project has not passed the audit: every film stays private
	RetryScale  float64       // multiplies the waits between tries of the hub; 0: 1
	HookTimeout time.Duration
	Folder      string // keeps the state in youtube.jsonl there; empty: memory only
	Faults      *simkit.Faults
}

// Sim is the simulated platform; safe for concurrent use.
type Sim struct {
	cfg     Config
	pacific *time.Location
	faults  *simkit.Faults
	meter   *simkit.Meter
	hooks   *simkit.Hooks
	journal *simkit.Journal

	mu       sync.Mutex
	channels map[string]*channel
	order    []string
	videos   map[string]*Video
	made     []string // videos in the order of upload
	comments map[string]*Comment
	said     []string // comments in order
	tokens   map[string]*token
	codes    map[string]*code
	sessions map[string]*session
	topics   map[string]*topic // channel id → subscription
	day      day
	seq      int
}

// day is what was used of the buckets since midnight in California.
type day struct {
	Day     string `json:"day"`
	Uploads int    `json:"uploads"`
	Units   int    `json:"units"`
}

// New starts a simulated platform, with the state of an earlier run when cfg.Folder holds one. Close it at the end.
func New(cfg Config) (*Sim, error) {
	cfg.BaseURL = strings.TrimRight(cmp.Or(cfg.BaseURL, "http://127.0.0.1:8090/youtube"), "/")
	cfg.WallURL = cmp.Or(cfg.WallURL, strings.TrimSuffix(cfg.BaseURL, "/youtube")+"/wall")
	cfg.Uploads, cfg.Units = cmp.Or(cfg.Uploads, 100), cmp.Or(cfg.Units, 10_000)
	cfg.HookTimeout = cmp.Or(cfg.HookTimeout, 10*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Faults == nil {
		cfg.Faults = &simkit.Faults{}
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return nil, err
	}
	s := &Sim{cfg: cfg, pacific: pacific, faults: cfg.Faults, meter: simkit.NewMeter(), channels: map[string]*channel{}, videos: map[string]*Video{},
		comments: map[string]*Comment{}, tokens: map[string]*token{}, codes: map[string]*code{}, sessions: map[string]*session{}, topics: map[string]*topic{}}
	var waiting []simkit.Hook
	if s.journal, err = simkit.OpenJournal(cfg.Folder, system, func(kind, id string, raw json.RawMessage) error {
		return s.load(kind, id, raw, &waiting)
	}); err != nil {
		return nil, err
	}
	s.hooks = simkit.NewHooks(simkit.HookConfig{System: system, Timeout: cfg.HookTimeout, Scale: cfg.RetryScale, Any2xx: true,
		Retries: []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}, Sign: s.sign, Faults: s.faults, Journal: s.journal})
	for _, t := range s.topics {
		s.hooks.SetURL(t.Callback)
	}
	for _, h := range waiting {
		s.hooks.Resume(h)
	}
	return s, nil
}

// Close stops the hub and flushes the state. Uploads under way are lost, as they are after some days on the platform.
func (s *Sim) Close() error {
	s.hooks.Close()
	return s.journal.Close()
}

// Faults is the table of faults this platform obeys. For an "error" fault Code is the HTTP status and Message the reason,
// for example 403 quotaExceeded.
func (s *Sim) Faults() *simkit.Faults { return s.faults }

// Hub is the postman of the hub.
func (s *Sim) Hub() *simkit.Hooks { return s.hooks }

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
	case "channel":
		c := &channel{}
		s.channels[id] = c
		s.order = append(s.order, id)
		return json.Unmarshal(raw, c)
	case "video":
		v := &Video{}
		s.videos[id] = v
		s.made = append(s.made, id)
		return json.Unmarshal(raw, v)
	case "comment":
		c := &Comment{}
		s.comments[id] = c
		s.said = append(s.said, id)
		return json.Unmarshal(raw, c)
	case "token":
		t := &token{}
		s.tokens[id] = t
		return json.Unmarshal(raw, t)
	case "topic":
		t := &topic{}
		s.topics[id] = t
		return json.Unmarshal(raw, t)
	case "day":
		return json.Unmarshal(raw, &s.day)
	case "seq":
		return json.Unmarshal(raw, &s.seq)
	}
	return fmt.Errorf("unknown kind of entry %q", kind)
}

// nextID gives n characters that no other thing of this platform has; it is called under the lock.
func (s *Sim) nextID(prefix string, n int) string {
	s.seq++
	s.journal.Put("seq", "", s.seq)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	sum := sha1.Sum(fmt.Appendf(nil, "%s/%s/%d", s.cfg.ClientID, prefix, s.seq))
	out := []byte(prefix)
	for i := 0; len(out) < n; i++ {
		out = append(out, letters[sum[i%len(sum)]&63])
	}
	return string(out)
}

// sign gives the headers of a hub's delivery: the feed's type and, when the subscriber gave a secret, the signature.
func (s *Sim) sign(h simkit.Hook) http.Header {
	s.mu.Lock()
	secret := ""
	if t := s.topics[h.Account]; t != nil {
		secret = t.Secret
	}
	s.mu.Unlock()
	out := http.Header{"Content-Type": {"application/atom+xml"}}
	if secret == "" {
		return out
	}
	if h.Spoil {
		secret += "!"
	}
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(h.Body))
	out.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(m.Sum(nil)))
	return out
}
