// Package youtube lets the house speak through YouTube channels: it sends films in pieces that survive a broken line or a
// stopped machine, puts a still and the spoken words beside them, waits until YouTube has processed them, asks for comments
// and answers them, and hears of films that somebody put up by hand. All units share one application at Google with a small
// number of films a day; who waits and until when is kept in a table and told in one sentence. It speaks the Data API v3.
package youtube

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	// California's clock decides when the day's bucket opens again, on machines without a table of time zones too.
	_ "time/tzdata"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Config sets the adapter up. ClientID and ClientSecret come from the project's console at Google.
type Config struct {
	APIURL     string // default https://www.googleapis.com
	TokenURL   string // default https://oauth2.googleapis.com
	ConsentURL string // default https://accounts.google.com
	HubURL     string // default https://pubsubhubbub.appspot.com/subscribe
	FeedURL    string // default https://www.youtube.com/xml/feeds/videos.xml
	WatchURL   string // where a film is watched, its id is put behind; default https://www.youtube.com/watch?v=

	ClientID     string
	ClientSecret string
	// HookURL is our address to which the hub sends news; "" asks for none.
	HookURL string
	// Privacy of new films: public, unlisted or private. Default public.
	Privacy string
	// Uploads is how many films a day the project may send, Units how many quota units it has for everything else. Defaults 100
	// and 10,000, which a project has that asked for no more.
	Uploads, Units int
	// Chunk is how much is sent in one request: a multiple of 256 KiB. Default 8 MiB.
	Chunk int64
	// Slice is how long one run sends pieces before it writes down how far it has come. Default 20 s.
	Slice time.Duration
	// PollEvery is the shortest pause between two questions for a channel's comments. Default 15 minutes.
	PollEvery time.Duration
	// Settle is how long after a call of unknown outcome its effect may still show up. Default 10 s.
	Settle time.Duration
	// Timeout of one call that carries no film. Default 12 s.
	Timeout time.Duration
	HTTP    *http.Client // default a client of its own
}

// Keys gives the use of an account's token; channel.Vault implements it.
type Keys interface {
	Use(ctx context.Context, a channel.Account, fn func(ctx context.Context, access string) error) error
}

// Channels is what the adapter asks of the kernel; channel.Service has it.
type Channels interface {
	Accounts(ctx context.Context, actor identity.Actor, f channel.Filter) ([]channel.Account, error)
	AccountByID(ctx context.Context, accountID string) (channel.Account, error)
	Receive(ctx context.Context, tx db.Tx, kind channel.Kind, in []channel.Inbound) error
}

// Stills fetches the bytes of a picture of the house by its address, as JPEG or PNG.
type Stills func(ctx context.Context, address string) ([]byte, error)

// Deps are what the adapter stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Keys     Keys
	Sealer   channel.Sealer
	Channels Channels
	Films    channel.Films
	Stills   Stills       // nil: stills are left to YouTube
	Logger   *slog.Logger // nil: silent
}

// Adapter is the YouTube channel. It is safe for concurrent use.
type Adapter struct {
	cfg     Config
	d       Deps
	http    *http.Client
	log     *slog.Logger
	pacific *time.Location
	store   store
}

// New makes the adapter and registers its background work with the queue.
func New(cfg Config, d Deps) (*Adapter, error) {
	trim := func(s *string, def string) { *s = strings.TrimRight(cmp.Or(*s, def), "/") }
	trim(&cfg.APIURL, "https://www.googleapis.com")
	trim(&cfg.TokenURL, "https://oauth2.googleapis.com")
	trim(&cfg.ConsentURL, "https://accounts.google.com")
	trim(&cfg.HubURL, "https://pubsubhubbub.appspot.com/subscribe")
	trim(&cfg.FeedURL, "https://www.youtube.com/xml/feeds/videos.xml")
	cfg.WatchURL = cmp.Or(cfg.WatchURL, "https://www.youtube.com/watch?v=")
	cfg.Privacy = cmp.Or(cfg.Privacy, "public")
	cfg.Uploads, cfg.Units = cmp.Or(cfg.Uploads, 100), cmp.Or(cfg.Units, 10_000)
	cfg.Chunk = max(chunkUnit, cmp.Or(cfg.Chunk, 8<<20)/chunkUnit*chunkUnit)
	cfg.Slice = cmp.Or(cfg.Slice, 20*time.Second)
	cfg.PollEvery = cmp.Or(cfg.PollEvery, 15*time.Minute)
	cfg.Settle, cfg.Timeout = cmp.Or(cfg.Settle, 10*time.Second), cmp.Or(cfg.Timeout, 12*time.Second)
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return nil, err
	}
	y := &Adapter{cfg: cfg, d: d, http: cfg.HTTP, log: d.Logger, pacific: pacific}
	y.registerJobs()
	return y, nil
}

// Kind implements channel.Channel.
func (*Adapter) Kind() channel.Kind { return channel.YouTube }

// Limits implements channel.Channel: a title of 100 characters, a comment of 10,000.
func (*Adapter) Limits() channel.Limits {
	return channel.Limits{Title: maxTitle, Message: maxComment, Pictures: 0}
}

const (
	maxTitle    = 100
	maxDescribe = 5000 // bytes
	maxComment  = 10_000
	maxAnswer   = 4 << 20
	chunkUnit   = 256 << 10
)

// request is one call of the API.
type request struct {
	method, path string
	query        url.Values
	body         io.Reader
	kind         string // content type of the body
	cost         int    // quota units
}

// call makes one call with the channel's token and reads the answer into out (nil: not wanted). The units are written down
// before, for the platform charges what it refuses as well.
func (y *Adapter) call(ctx context.Context, a channel.Account, r request, out any) error {
	raw, err := readAll(r.body)
	if err != nil {
		return err
	}
	return y.d.Keys.Use(ctx, a, func(ctx context.Context, access string) error {
		if err := y.spend(ctx, r.cost); err != nil {
			return err
		}
		r.body = bytes.NewReader(raw)
		return y.do(ctx, access, r, out)
	})
}

func readAll(r io.Reader) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	return io.ReadAll(r)
}

func jsonBody(v any) io.Reader {
	b, _ := json.Marshal(v) // plain fields cannot fail
	return bytes.NewReader(b)
}

const jsonType = "application/json; charset=UTF-8"

// do makes one call with a given token.
func (y *Adapter) do(ctx context.Context, access string, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, y.cfg.Timeout)
	defer cancel()
	address := y.cfg.APIURL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, r.body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+access)
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	changes := r.method != http.MethodGet
	resp, err := y.http.Do(req)
	if err != nil {
		return lineTrouble(err, changes)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unclear(err.Error(), changes)
	}
	if resp.StatusCode/100 != 2 {
		return y.refused(ctx, resp.StatusCode, raw, changes)
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return unclear("an answer of another shape: "+head(raw), changes)
	}
	return nil
}

// lineTrouble is an error of the line: what was never sent had no effect.
func lineTrouble(err error, changes bool) *channel.Error {
	var op *net.OpError
	dialed := !(errors.As(err, &op) && op.Op == "dial")
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which may carry an upload's secret
	}
	return unclear(err.Error(), dialed && changes)
}

func unclear(text string, unsure bool) *channel.Error {
	return &channel.Error{Kind: channel.YouTube, Code: "line", Message: text, Advice: channel.AdviceRetry, Key: "channel.error.unreachable", Unsure: unsure}
}

func stop(code, message, key string) *channel.Error {
	return &channel.Error{Kind: channel.YouTube, Code: code, Message: message, Advice: channel.AdviceStop, Key: key}
}

func head(b []byte) string {
	if len(b) > 200 {
		b = b[:200]
	}
	return string(b)
}

// sure marks the failure of a step that put nothing before the public.
func sure(err error) error {
	var e *channel.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Unsure = false
	return &c
}

func isCode(err error, code string) bool {
	var e *channel.Error
	return errors.As(err, &e) && e.Code == code
}
