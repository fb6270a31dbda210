// Package receiptweb is the public page on which anybody checks a receipt. With script the check is done in the reader's own
// browser and nothing is sent; without, the file goes to the house, which checks it, keeps nothing and says the same.
package receiptweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts of the page.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Gift is the verdict on a receipt of a gift, in the words of internal/fund/giftreceipt.
type Gift struct {
	Valid                        bool
	Fault                        string
	ID, Amount, Day, PublishedAt string
	Index                        string
}

// Pages serves the page.
type Pages struct {
	key   string
	gifts func(b []byte, key string) (Gift, bool)
	limit *httprate.RateLimiter
}

// New makes the page for the log with the verification key; one address may have checks checked in ten minutes, 0 means no
// limit.
func New(key string, checks int) *Pages {
	p := &Pages{key: key}
	if checks > 0 {
		p.limit = httprate.NewRateLimiter(checks, 10*time.Minute)
	}
	return p
}

// WithGifts lets the page take receipts of gifts too; check says false when the bytes are no such receipt.
func (p *Pages) WithGifts(check func(b []byte, key string) (Gift, bool)) *Pages {
	p.gifts = check
	return p
}

// Routes adds the page.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Public("GET /kiem-chung", p.form)
	rt.Public("POST /kiem-chung", p.check)
}

// view is the page: a form, and the verdict when there is one.
type view struct {
	Key     string // the house's own
	Typed   string // the key to check with
	Pasted  string
	Verdict *receipt.Verdict
	Gift    *Gift
	Err     error
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Render(w, r, http.StatusOK, page(view{Key: p.key, Typed: p.key}))
}

func (p *Pages) check(w http.ResponseWriter, r *http.Request) error {
	if p.limit != nil && p.limit.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "receipt.too_many")
	}
	v := view{Key: p.key}
	r.Body = http.MaxBytesReader(w, r.Body, 3*receipt.MaxSize)
	b, err := p.read(r, &v)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		v.Err = fault.Field("receipt", "receipt.too_large")
	case err != nil:
		v.Err = fault.Field("receipt", "receipt.unreadable")
	case len(b) == 0:
		v.Err = fault.Field("receipt", "receipt.required")
	}
	if v.Err != nil {
		return web.Render(w, r, http.StatusUnprocessableEntity, page(v))
	}
	if p.gifts != nil {
		if g, ok := p.gifts(b, v.Typed); ok {
			v.Gift = &g
			return web.Render(w, r, http.StatusOK, page(v))
		}
	}
	verdict := receipt.Check(b, v.Typed)
	v.Verdict = &verdict
	return web.Render(w, r, http.StatusOK, page(v))
}

// read takes the file, or what was pasted instead of one.
func (p *Pages) read(r *http.Request, v *view) ([]byte, error) {
	if err := r.ParseMultipartForm(3 * receipt.MaxSize); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, err
	}
	v.Typed = strings.TrimSpace(r.PostFormValue("key"))
	if v.Typed == "" {
		v.Typed = p.key
	}
	v.Pasted = strings.TrimSpace(r.PostFormValue("text"))
	f, _, err := r.FormFile("receipt")
	if err != nil {
		return []byte(v.Pasted), nil // no file: the field stays empty when text is pasted
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, receipt.MaxSize+1))
	if len(b) == 0 {
		return []byte(v.Pasted), err
	}
	return b, err
}

// tone is the colour and shape of a verdict.
func tone(v receipt.Verdict) string {
	switch {
	case v.Valid:
		return "ok"
	case v.Fault == receipt.FaultUnlogged:
		return "wait"
	}
	return "late"
}

// giftTone is the colour and shape of a verdict on a gift.
func giftTone(g Gift) string {
	switch {
	case g.Valid:
		return "ok"
	case g.Fault == string(receipt.FaultUnlogged):
		return "wait"
	}
	return "late"
}

// giftTitle is the verdict on a gift in a few words.
func giftTitle(ctx context.Context, g Gift) string {
	if g.Valid {
		return i18n.T(ctx, "receipt.valid")
	}
	return i18n.T(ctx, "receipt.invalid")
}

// giftSentence explains the verdict on a gift.
func giftSentence(ctx context.Context, g Gift) string {
	switch g.Fault {
	case "":
		return i18n.T(ctx, "receipt.gift.valid_text", "ID", g.ID, "Amount", g.Amount, "Day", vietnamese(g.Day), "At", at(g.PublishedAt), "Index", g.Index)
	case "text", "leaf", "batch":
		return i18n.T(ctx, "receipt.gift."+g.Fault)
	}
	return i18n.T(ctx, "receipt.fault."+g.Fault)
}

// vietnamese writes a day as people do; what is no day stays.
func vietnamese(s string) string {
	d, err := clock.ParseDate(s)
	if err != nil {
		return s
	}
	return d.Vietnamese()
}

// title is the verdict in a few words.
func title(ctx context.Context, v receipt.Verdict) string {
	if v.Valid {
		return i18n.T(ctx, "receipt.valid")
	}
	return i18n.T(ctx, "receipt.invalid")
}

// sentence explains the verdict.
func sentence(ctx context.Context, v receipt.Verdict) string {
	if v.Valid {
		return i18n.T(ctx, "receipt.valid_text", "Code", v.Code, "At", at(v.ReceivedAt), "Index", v.Index)
	}
	return i18n.T(ctx, "receipt.fault."+string(v.Fault))
}

// at shows the hour of a receipt as it is in Vietnam.
func at(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return i18n.DateTime(t)
}

func field(ctx context.Context, v view) ui.FieldProps {
	return ui.FieldProps{Name: "receipt", Label: i18n.T(ctx, "receipt.file"), Hint: i18n.T(ctx, "receipt.file_hint"), Type: "file", Err: web.FieldError(ctx, v.Err, "receipt")}
}
