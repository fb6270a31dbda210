// Package facebook lets the house speak through Facebook Pages: posts with a link or pictures, answers under comments and
// in Messenger, and the webhooks by which Facebook tells what people write. It speaks the Graph API.
package facebook

import (
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
	"strings"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// Config sets the adapter up. AppID and AppSecret come from the app's console at developers.facebook.com.
type Config struct {
	GraphURL  string // default https://graph.facebook.com
	DialogURL string // default https://www.facebook.com
	VideoURL  string // where films go; default https://graph-video.facebook.com, or GraphURL when that is another
	// Films opens the films that posts carry; nil: none.
	Films     channel.Films
	Version   string // default v26.0
	AppID     string
	AppSecret string
	// VerifyToken is the word that the webhook's handshake must bring.
	VerifyToken string
	// MediaBase is put before pictures whose address has no host; Facebook must be able to fetch them.
	MediaBase string
	// Settle is how long after a call of unknown outcome its effect may still show up. Default 10 s.
	Settle time.Duration
	// Timeout of one call. Default 12 s.
	Timeout time.Duration
	Clock   clock.Clock  // default the machine's
	HTTP    *http.Client // default a client of its own
}

// Keys gives the use of an account's token; channel.Vault implements it.
type Keys interface {
	Use(ctx context.Context, a channel.Account, fn func(ctx context.Context, access string) error) error
}

// Meter gives leave for one call and is told when the platform complains; channel.Budget implements it.
type Meter interface {
	Take(ctx context.Context) error
	Strike(ctx context.Context)
}

// Adapter is the Facebook channel. It is safe for concurrent use.
type Adapter struct {
	cfg   Config
	keys  Keys
	meter Meter
	http  *http.Client

	mu   sync.Mutex
	slow map[string]time.Time // page id, or "" for the app → no calls before (machine time)
}

// New makes the adapter.
func New(cfg Config, keys Keys, meter Meter) *Adapter {
	if cfg.VideoURL == "" && cfg.GraphURL != "" && cfg.GraphURL != graphHost {
		cfg.VideoURL = cfg.GraphURL
	}
	cfg.VideoURL = strings.TrimRight(cmp.Or(cfg.VideoURL, "https://graph-video.facebook.com"), "/")
	cfg.GraphURL = strings.TrimRight(cmp.Or(cfg.GraphURL, graphHost), "/")
	cfg.DialogURL = strings.TrimRight(cmp.Or(cfg.DialogURL, "https://www.facebook.com"), "/")
	cfg.Version = cmp.Or(cfg.Version, "v26.0")
	cfg.Settle = cmp.Or(cfg.Settle, 10*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 12*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.HTTP == nil {
		tr := http.DefaultTransport.(*http.Transport).Clone()
		tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = 64, 128
		cfg.HTTP = &http.Client{Transport: tr}
	}
	return &Adapter{cfg: cfg, keys: keys, meter: meter, http: cfg.HTTP, slow: map[string]time.Time{}}
}

// Kind implements channel.Channel.
func (*Adapter) Kind() channel.Kind { return channel.Facebook }

// Limits implements channel.Channel: a post takes 63,206 characters in all, a message 2,000, a picture 10 MB.
func (*Adapter) Limits() channel.Limits {
	return channel.Limits{Body: maxPost, Message: maxText, Pictures: 10, PictureBytes: 10 << 20}
}

const graphHost = "https://graph.facebook.com"

const (
	maxPost   = 63206
	maxText   = 2000
	maxAnswer = 4 << 20
)

// call makes one call with the page's token and reads the answer into out (nil: not wanted).
func (f *Adapter) call(ctx context.Context, a channel.Account, method, path string, args url.Values, out any) error {
	return f.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		return f.do(ctx, access, a.ExternalID, method, path, args, out)
	})
}

// do makes one call with a given token. Page is whose usage the answer's headers tell of.
func (f *Adapter) do(ctx context.Context, access, page, method, path string, args url.Values, out any) error {
	if err := f.leave(ctx, page); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	all := url.Values{}
	for k, v := range args {
		all[k] = v
	}
	if access != "" {
		all.Set("access_token", access)
		all.Set("appsecret_proof", proof(f.cfg.AppSecret, access))
	}
	address := f.cfg.GraphURL + "/" + f.cfg.Version + path
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(all.Encode())
	} else {
		address += "?" + all.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return f.send(ctx, req, page, out)
}

func (f *Adapter) send(ctx context.Context, req *http.Request, page string, out any) error {
	resp, err := f.http.Do(req)
	if err != nil {
		var op *net.OpError
		return unclear(hideToken(err), !(errors.As(err, &op) && op.Op == "dial") && req.Method != http.MethodGet)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unclear(err.Error(), req.Method != http.MethodGet)
	}
	regain := f.noteUsage(page, resp.Header)
	var answer struct {
		Error *graphError `json:"error"`
	}
	if json.Unmarshal(raw, &answer) == nil && answer.Error != nil {
		return f.refused(ctx, *answer.Error, page, regain)
	}
	if resp.StatusCode != http.StatusOK {
		return unclear("HTTP "+resp.Status+": "+head(raw), req.Method != http.MethodGet)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return unclear("an answer of another shape: "+head(raw), req.Method != http.MethodGet)
	}
	return nil
}

// hideToken gives the text of a transport error without the address, which may carry the token.
func hideToken(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Op + ": " + u.Err.Error()
	}
	return err.Error()
}

func unclear(text string, unsure bool) *channel.Error {
	return &channel.Error{Kind: channel.Facebook, Code: "line", Message: text, Advice: channel.AdviceRetry, Key: "channel.error.unreachable", Unsure: unsure}
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

// leave waits for leave to make one call for a page.
func (f *Adapter) leave(ctx context.Context, page string) error {
	if err := f.mayCall(page); err != nil {
		return err
	}
	return f.meter.Take(ctx)
}

// mayCall refuses while a page or the app is close to the end of its budget.
func (f *Adapter) mayCall(page string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait := max(time.Until(f.slow[page]), time.Until(f.slow[""]))
	if wait <= 0 {
		return nil
	}
	return &channel.Error{Kind: channel.Facebook, Code: "usage", Message: "the budget of calls is nearly spent", Advice: channel.AdviceLater, Key: "channel.error.budget", Wait: wait}
}

func (f *Adapter) rest(page string, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.slow[page]) {
		f.slow[page] = until
	}
}

type usage struct {
	Calls  float64 `json:"call_count"`
	Time   float64 `json:"total_time"`
	CPU    float64 `json:"total_cputime"`
	Regain float64 `json:"estimated_time_to_regain_access"` // minutes
}

func (u usage) percent() float64 { return max(u.Calls, u.Time, u.CPU) }

// restFor is how long a page (or the app) rests after a call that left so much of its budget used: from 75 % on a little, near
// the end a minute, so that the budget is never spent and no call is refused for it.
func restFor(percent float64) time.Duration {
	switch {
	case percent >= 98:
		return time.Minute
	case percent >= 95:
		return 20 * time.Second
	case percent >= 90:
		return 5 * time.Second
	case percent >= 75:
		return time.Second
	}
	return 0
}

// noteUsage reads the usage headers and slows down before the budget is spent, see restFor. It returns how long Facebook says that calls are shut off.
func (f *Adapter) noteUsage(page string, h http.Header) time.Duration {
	var app usage
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &app) == nil && app.percent() >= 75 {
		f.rest("", restFor(app.percent()))
	}
	var regain time.Duration
	var byPage map[string][]usage
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &byPage) == nil {
		for _, list := range byPage {
			for _, u := range list {
				regain = max(regain, time.Duration(u.Regain*float64(time.Minute)))
				if d := restFor(u.percent()); d > 0 && page != "" {
					f.rest(page, d)
				}
			}
		}
	}
	return regain
}
