// Package zalo lets the house speak through Zalo Official Accounts: articles that stand on the account's page, messages
// to people who wrote to it, broadcasts to its followers, and the webhooks by which Zalo tells what people do. One Zalo app
// serves all accounts; each account's administrator grants it once.
package zalo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// Config sets the adapter up. AppID, AppSecret and WebhookKey come from the app's console at developers.zalo.me.
type Config struct {
	OAuthURL   string // default https://oauth.zaloapp.com
	OpenAPIURL string // default https://openapi.zalo.me
	// BusinessURL takes templates by telephone; default https://business.openapi.zalo.me, or OpenAPIURL when that is another.
	BusinessURL string
	AppID       string
	AppSecret   string
	// WebhookKey is the "OA Secret Key" of the webhook section of the console, which is not the app secret.
	WebhookKey string
	// Verifier is the PKCE verifier whose challenge is saved in the console; "" makes a fresh pair for each consent.
	Verifier string
	// Proof sends appsecret_proof with each call, for apps whose console demands it.
	Proof bool
	// MediaBase is put before pictures whose address has no host; Zalo must be able to fetch them from outside.
	MediaBase string
	// Cover is the picture of articles that have none of their own: Zalo takes no article without one.
	Cover string
	// Films opens the films of posts; nil: posts with a film are refused.
	Films channel.Films
	// AnyHour sends broadcasts and notices at night too, for a simulated Zalo without nights.
	AnyHour bool
	// Settle is how long after a call of unknown outcome its effect may still show up. Default 20 s.
	Settle time.Duration
	// Timeout of one call. Default 12 s.
	Timeout time.Duration
	Clock   clock.Clock  // default the machine's
	HTTP    *http.Client // default a client of its own
}

// Keys gives the use of an account's token and keeps what was learned about the account; channel.Vault implements it.
type Keys interface {
	Use(ctx context.Context, a channel.Account, fn func(ctx context.Context, access string) error) error
	Learn(ctx context.Context, a channel.Account, c channel.Capabilities) error
}

// Meter gives leave for one call and is told when the platform complains; channel.Budget implements it.
type Meter interface {
	Take(ctx context.Context) error
	Strike(ctx context.Context)
}

// Adapter is the Zalo channel. It is safe for concurrent use.
type Adapter struct {
	cfg   Config
	keys  Keys
	meter Meter
	http  *http.Client

	mu     sync.Mutex
	paused map[string]time.Time // account → no calls before (machine time): Zalo said this OA calls too often
}

// New makes the adapter.
func New(cfg Config, keys Keys, meter Meter) *Adapter {
	cfg.OAuthURL = strings.TrimRight(cmp.Or(cfg.OAuthURL, "https://oauth.zaloapp.com"), "/")
	cfg.OpenAPIURL = strings.TrimRight(cmp.Or(cfg.OpenAPIURL, openAPI), "/")
	if cfg.BusinessURL == "" && cfg.OpenAPIURL != openAPI {
		cfg.BusinessURL = cfg.OpenAPIURL
	}
	cfg.BusinessURL = strings.TrimRight(cmp.Or(cfg.BusinessURL, "https://business.openapi.zalo.me"), "/")
	cfg.Settle = cmp.Or(cfg.Settle, 20*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 12*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.HTTP == nil {
		tr := http.DefaultTransport.(*http.Transport).Clone()
		tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = 64, 128
		cfg.HTTP = &http.Client{Transport: tr}
	}
	return &Adapter{cfg: cfg, keys: keys, meter: meter, http: cfg.HTTP, paused: map[string]time.Time{}}
}

// Kind implements channel.Channel.
func (*Adapter) Kind() channel.Kind { return channel.Zalo }

// Limits implements channel.Channel: an article's title takes 150 characters, its lead 300, a message 2,000, a picture 1 MB.
func (*Adapter) Limits() channel.Limits {
	return channel.Limits{Title: maxTitle, Lead: maxLead, Message: maxText, Pictures: 20, PictureBytes: maxImage, VideoBytes: maxVideo,
		Attachments: 1, FileBytes: maxFile, FileTypes: []string{".pdf", ".doc", ".docx"}, Buttons: maxButtons, Ask: true}
}

const (
	maxTitle   = 150
	maxLead    = 300
	maxAuthor  = 50
	maxText    = 2000
	maxAnswer  = 4 << 20
	maxImage   = 1 << 20
	maxFile    = 5 << 20
	maxButtons = 5
	openAPI    = "https://openapi.zalo.me"
)

// envelope is how every answer of the OA API looks; the HTTP status is 200 even for refusals.
type envelope struct {
	Error   json.Number     `json:"error"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// call makes one call with the account's token and reads data into out (nil: not wanted).
func (z *Adapter) call(ctx context.Context, a channel.Account, method, path string, query url.Values, in, out any) error {
	return z.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		if err := z.mayCall(a.ID); err != nil {
			return err
		}
		err := z.do(ctx, access, method, path, query, in, out)
		z.noteRate(ctx, a.ID, err)
		return err
	})
}

// mayCall refuses while Zalo wants this very OA to be slower.
func (z *Adapter) mayCall(accountID string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if wait := time.Until(z.paused[accountID]); wait > 0 {
		return &channel.Error{Kind: channel.Zalo, Code: "-32", Message: "this OA is to be called less often", Advice: channel.AdviceLater, Key: "channel.error.budget", Wait: wait}
	}
	return nil
}

func (z *Adapter) noteRate(ctx context.Context, accountID string, err error) {
	var e *channel.Error
	if !errors.As(err, &e) || e.Code != "-32" {
		return
	}
	if e.Scope == channel.ScopeApp {
		z.meter.Strike(ctx)
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.paused[accountID] = time.Now().Add(e.Wait)
}

// do makes one call with a given token.
func (z *Adapter) do(ctx context.Context, access, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	kind := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body, kind = bytes.NewReader(b), "application/json"
	}
	return z.sendWithin(ctx, z.cfg.Timeout, request{host: z.cfg.OpenAPIURL, access: access, method: method, path: path, query: query, body: body, kind: kind}, out)
}

// request is one call to one of Zalo's hosts.
type request struct {
	host, access, method, path string
	query                      url.Values
	body                       io.Reader
	kind                       string                                        // content type of body
	refused                    func(code int, message string) *channel.Error // how this host's codes are read; nil: the OA API's
}

// sendWithin makes one call and reads data of its answer into out (nil: not wanted).
func (z *Adapter) sendWithin(ctx context.Context, limit time.Duration, r request, out any) error {
	if r.host == z.cfg.OpenAPIURL && r.refused == nil { // the limit of calls a minute is that of the OA API
		if err := z.meter.Take(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	address := r.host + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	method := r.method
	req, err := http.NewRequestWithContext(ctx, method, address, r.body)
	if err != nil {
		return err
	}
	req.Header.Set("access_token", r.access)
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if z.cfg.Proof {
		req.Header.Set("appsecret_proof", proof(z.cfg.AppSecret, r.access))
	}
	raw, err := z.roundTrip(req)
	if err != nil {
		return err
	}
	var env envelope
	if err := json.Unmarshal(raw, &env); err != nil || env.Error == "" {
		return unclear(method, "an answer that is not Zalo's: "+head(raw), err)
	}
	code, err := strconv.Atoi(string(env.Error))
	if err != nil {
		return unclear(method, "an error code that is no number: "+string(env.Error), err)
	}
	if code != 0 {
		if r.refused != nil {
			return r.refused(code, env.Message)
		}
		return z.refused(code, env.Message)
	}
	if out == nil || len(env.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(env.Data, out); err != nil {
		return unclear(method, "data of another shape: "+head(env.Data), err)
	}
	return nil
}

// roundTrip sends and reads whole; trouble on the way is an error that says whether Zalo may have acted.
func (z *Adapter) roundTrip(req *http.Request) ([]byte, error) {
	resp, err := z.http.Do(req)
	if err != nil {
		e := unclear(req.Method, err.Error(), err)
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			e.Unsure = false // nobody was there to act
		}
		return nil, e
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, unclear(req.Method, err.Error(), err)
	}
	if resp.StatusCode != http.StatusOK {
		e := unclear(req.Method, "HTTP "+resp.Status+": "+head(raw), nil)
		e.Code = strconv.Itoa(resp.StatusCode)
		return nil, e
	}
	return raw, nil
}

// unclear is trouble after which nobody knows whether the call took effect (reading calls have none).
func unclear(method, text string, err error) *channel.Error {
	return &channel.Error{Kind: channel.Zalo, Code: "line", Message: text, Advice: channel.AdviceRetry, Key: "channel.error.unreachable",
		Unsure: method != http.MethodGet, Err: err}
}

func head(b []byte) string {
	if len(b) > 200 {
		b = b[:200]
	}
	return string(b)
}

// proof is hex(HMAC-SHA256(key = app secret, message = token)).
func proof(secret, token string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(token))
	return hex.EncodeToString(m.Sum(nil))
}

// data is the odd form of Zalo's GET calls: all arguments as JSON in one parameter.
func data(v any) url.Values {
	b, _ := json.Marshal(v) // plain maps cannot fail
	return url.Values{"data": {string(b)}}
}

// text is a JSON value that comes as text or as a number, depending on the day.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		err := json.Unmarshal(b, &s)
		*t = text(s)
		return err
	}
	if string(b) != "null" {
		*t = text(b)
	}
	return nil
}

func (t text) int() int64 {
	n, _ := strconv.ParseInt(string(t), 10, 64) // what is no number counts as none
	return n
}
