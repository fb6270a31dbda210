package portalweb

import (
	"bytes"
	"compress/gzip"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// draft is what a handler makes; the cache turns it into an answer.
type draft struct {
	status   int // 0 is 200
	ctype    string
	body     []byte
	location string // for a redirect
	modified time.Time
}

// answer is a finished response, kept in memory with its compressed form.
type answer struct {
	status   int
	ctype    string
	location string
	body, gz []byte
	etag     string
	modified string

	stamp      stamp
	built      time.Time
	rebuilding atomic.Bool
}

// stamp is what an answer was made from: it holds as long as all three do.
type stamp struct {
	site, tree int64
	day        clock.Date
}

// How long an answer is kept although nothing is known to have changed: posts appear at their hour, answers can be
// withdrawn. Readers' browsers keep it as long.
const (
	keepFor     = 30 * time.Second
	publicFor   = "public, max-age=30, stale-while-revalidate=300"
	privateFor  = "private, max-age=30"
	htmlType    = "text/html; charset=utf-8"
	cacheBytes  = 64 << 20
	answerBytes = 1 << 20 // a larger answer (a long sitemap) is not kept
	gzipFrom    = 1000    // shorter bodies fit into one packet anyway
)

// cache keeps the newest used answers, up to a number of bytes.
type cache struct {
	mu    sync.Mutex
	max   int
	size  int
	items map[string]*list.Element
	order list.List // front: used last
	work  singleflight.Group
}

type item struct {
	key string
	a   *answer
}

func newCache(max int) *cache { return &cache{max: max, items: map[string]*list.Element{}} }

func (c *cache) get(key string) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(item).a
}

func (c *cache) put(key string, a *answer) {
	if a.bytes() > answerBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		c.remove(e)
	}
	c.items[key] = c.order.PushFront(item{key, a})
	c.size += a.bytes() + len(key)
	for c.size > c.max {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	it := c.order.Remove(e).(item)
	delete(c.items, it.key)
	c.size -= it.a.bytes() + len(it.key)
}

func (a *answer) bytes() int { return len(a.body) + len(a.gz) + 512 }

// draw makes a page of a component; ctx holds the language and the frame.
func draw(ctx context.Context, c templ.Component, modified time.Time) (draft, error) {
	var b bytes.Buffer
	err := c.Render(ctx, &b)
	return draft{ctype: htmlType, body: b.Bytes(), modified: modified}, err
}

// as gives the draft another status.
func (d draft) as(status int) draft {
	d.status = status
	return d
}

// finish makes the answer of a draft.
func finish(d draft) (*answer, error) {
	a := &answer{status: d.status, ctype: d.ctype, location: d.location, body: d.body}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	sum := sha256.Sum256(a.body)
	a.etag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"` // weak: the same words, compressed or not
	if !d.modified.IsZero() {
		a.modified = d.modified.UTC().Format(http.TimeFormat)
	}
	if len(a.body) >= gzipFrom {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := z.Write(a.body); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		a.gz = b.Bytes()
	}
	return a, nil
}

// send answers the request, with 304 when the reader has it already.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", cacheControl(r))
	h.Set("Vary", "Accept-Encoding, Cookie")
	if a.location != "" {
		h.Set("Location", a.location)
		w.WriteHeader(a.status)
		return
	}
	h.Set("ETag", a.etag)
	if a.modified != "" {
		h.Set("Last-Modified", a.modified)
	}
	if a.status == http.StatusOK && a.known(r) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.ctype)
	body := a.body
	if a.gz != nil && takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = a.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // a reader who has gone needs no error
}

// cacheControl lets everybody on the way keep the page, unless its language or size came from the reader's own choice.
func cacheControl(r *http.Request) string {
	if i18n.Lang(r.Context()) == "en" || r.URL.Query().Has("lang") || ui.Large(r) {
		return privateFor
	}
	return publicFor
}

// known tells whether the reader's copy is the same (RFC 9110 §13.2.2: the tag decides when there is one).
func (a *answer) known(r *http.Request) bool {
	if tags := r.Header.Get("If-None-Match"); tags != "" {
		for t := range strings.SplitSeq(tags, ",") {
			if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(a.etag, "W/") {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil || a.modified == "" {
		return false
	}
	at, err := http.ParseTime(a.modified)
	return err == nil && !at.After(since)
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); name == "gzip" || name == "*" {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}

// params are the parts of a query that change a page; others (marks of social networks) are as if they were not there.
var params = []string{"loai", "trang", "tu"}

// key names the page that a request asks for; "" when it is an odd one, which is made anew each time.
func key(hostUnit, lang string, u *url.URL) string {
	if len(u.Path) > 400 {
		return ""
	}
	var b strings.Builder
	b.WriteString(hostUnit)
	b.WriteByte('|')
	b.WriteString(lang)
	b.WriteByte('|')
	b.WriteString(u.Path)
	if u.RawQuery == "" {
		return b.String()
	}
	q := u.Query()
	for _, p := range params {
		if v := q.Get(p); v != "" {
			if len(v) > 200 {
				return ""
			}
			b.WriteString("&" + p + "=" + url.QueryEscape(v))
		}
	}
	return b.String()
}
