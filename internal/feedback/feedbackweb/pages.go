// Package feedbackweb draws the pages of feedback: for citizens the form in three short steps, the page of one's own case
// and the public questions and answers, all without script; for officials the queue, the case with everything on one screen,
// the form for what is told at the counter, and the printed slip.
package feedbackweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts of feedback.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Limits are how much one address may do; a number of 0 means no limit.
type Limits struct {
	Questions int           // questions sent in Window
	Photos    int           // photos sent in Window
	Lookups   int           // codes tried in Window that belong to no case
	Window    time.Duration // 0 is ten minutes
}

// DefaultLimits are wide enough for a commune behind one mobile gateway and narrow enough against a machine.
var DefaultLimits = Limits{Questions: 30, Photos: 150, Lookups: 120, Window: 10 * time.Minute}

// Pages serves the pages of feedback.
type Pages struct {
	s       *feedback.Service
	public  *published.Reader
	forest  func() *orgunit.Forest
	ask     *httprate.RateLimiter
	photos  *httprate.RateLimiter
	look    *httprate.RateLimiter
	misses  int // Limits.Lookups
	rooms   Rooms
	tallies tallies
}

// New makes the pages of the service.
func New(s *feedback.Service, l Limits) *Pages {
	if l.Window == 0 {
		l.Window = 10 * time.Minute
	}
	limiter := func(n int) *httprate.RateLimiter {
		if n <= 0 {
			return nil
		}
		return httprate.NewRateLimiter(n, l.Window)
	}
	return &Pages{s: s, public: published.Of(s), forest: s.Forest, ask: limiter(l.Questions), photos: limiter(l.Photos), look: limiter(l.Lookups), misses: l.Lookups}
}

// With gives the pages the rooms whose forms stand on them.
func (p *Pages) With(r Rooms) *Pages {
	p.rooms = r
	return p
}

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	if p.rooms.Similar != nil {
		p.moreRoutes(rt)
	}
	rt.Public("GET /hoi", p.askFirst)
	rt.Public("POST /hoi", p.askNext)
	rt.Public("GET /tra-cuu", p.track)
	rt.Public("GET /vu-viec/{code}", p.mine)
	rt.Public("GET /vu-viec/{code}/bien-nhan.json", p.receipt)
	rt.Public("POST /vu-viec/{code}/danh-gia", p.rate)
	rt.Public("POST /vu-viec/{code}/mo-lai", p.reopen)
	rt.Public("GET /hoi-dap", p.answered)
	rt.Public("GET /hoi-dap/{id}", p.answer)

	p.processRoutes(rt)
	rt.Can("GET /lam-viec/vu-viec", feedback.ActionRead, p.queue)
	rt.Can("GET /lam-viec/vu-viec.xlsx", feedback.ActionRead, p.queueExcel)
	rt.Can("GET "+registerPath, feedback.ActionRead, p.register)
	rt.Can("POST "+registerPath, feedback.ActionRead, p.registerOpen)
	rt.Can("GET "+registerPath+".xlsx", feedback.ActionRead, p.registerExcel)
	rt.Can("GET /lam-viec/vu-viec/moi", feedback.ActionTake, p.counter)
	rt.Can("POST /lam-viec/vu-viec/moi", feedback.ActionTake, p.counterTake)
	rt.Can("GET /lam-viec/vu-viec/{id}", feedback.ActionRead, p.dossier)
	rt.Can("GET /lam-viec/vu-viec/{id}/phieu", feedback.ActionRead, p.slip)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/nhan", p.claim)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/phan-loai", p.classify)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/chuyen", p.route)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/ghi-chu", p.note)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tu-choi", p.refuse)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tra-loi", p.write)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/nguoi-gui", p.unmask)
	rt.Can("POST /lam-viec/vu-viec/{id}/duyet", feedback.ActionApprove, p.approve)
	rt.Can("POST /lam-viec/vu-viec/{id}/tra-lai", feedback.ActionApprove, p.giveBack)
	rt.Can("GET /lam-viec/vu-viec/{id}/cong-bo", feedback.ActionPublish, p.publishForm)
	rt.Can("POST /lam-viec/vu-viec/{id}/cong-bo", feedback.ActionPublish, p.publish)
	rt.Can("POST /lam-viec/vu-viec/{id}/go-bai", feedback.ActionPublish, p.withdraw)
}

// allow counts one act of the address the request came from and refuses it when there were too many.
func allow(l *httprate.RateLimiter, w http.ResponseWriter, r *http.Request, key string) error {
	if l != nil && l.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, key)
	}
	return nil
}

// mayLook refuses an address that has tried too many codes that belong to no case. Codes that do are never counted: many
// people behind one mobile gateway may follow their cases as often as they like, while a machine that guesses is stopped.
func (p *Pages) mayLook(r *http.Request) error {
	if p.look == nil {
		return nil
	}
	_, rate, err := p.look.Status(web.ClientIP(r))
	if err == nil && rate >= float64(p.misses) {
		return fault.New(fault.TooMany, "feedback.too_many_lookups")
	}
	return nil // a counter that cannot be read keeps nobody from his case
}

// missed counts a code that belongs to no case and gives the error back.
func (p *Pages) missed(w http.ResponseWriter, r *http.Request, err error) error {
	if p.look != nil && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid)) {
		p.look.OnLimit(w, r, web.ClientIP(r))
	}
	return err
}

// unitName names a unit as one that acts, in the language of the page; "" for no unit.
func (p *Pages) unitName(ctx context.Context, unitID string) string {
	if unitID == "" {
		return ""
	}
	return feedback.BodyName(words{ctx}, p.s.Unit(unitID))
}

// words speaks the language of a request.
type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

// withQuery adds a parameter to an address.
func withQuery(href string, q url.Values) string {
	if len(q) == 0 {
		return href
	}
	return href + "?" + q.Encode()
}

func caseHref(caseID string) string { return "/lam-viec/vu-viec/" + caseID }

// stateTone is the colour and shape of a case's state.
func stateTone(c feedback.Case, today clock.Date) string {
	switch {
	case c.Overdue(today):
		return "late"
	case c.State == feedback.StateReceived:
		return "info"
	case c.State.Open():
		return "wait"
	case c.State == feedback.StateRefused:
		return "mute"
	}
	return "ok"
}

func kindText(ctx context.Context, k feedback.Kind) string {
	return i18n.T(ctx, "feedback.kind."+string(k))
}

func stateText(ctx context.Context, s feedback.State) string {
	return i18n.T(ctx, "feedback.state."+string(s))
}

func doorText(ctx context.Context, d feedback.Door) string {
	return i18n.T(ctx, "feedback.door."+string(d))
}

func kindOptions(ctx context.Context, chosen feedback.Kind) []ui.Option {
	var out []ui.Option
	for _, k := range feedback.Kinds {
		out = append(out, ui.Option{Value: string(k), Text: kindText(ctx, k), Hint: i18n.T(ctx, "feedback.kind_hint."+string(k)), Selected: k == chosen})
	}
	return out
}

// clockText says how much time is left of an open case.
func clockText(ctx context.Context, c feedback.Case, daysLeft int) string {
	switch {
	case !c.State.Open():
		return ""
	case c.Paused():
		return i18n.T(ctx, "feedback.clock.paused")
	case daysLeft < 0:
		return i18n.T(ctx, "feedback.clock.late", "Days", -daysLeft)
	case daysLeft == 0:
		return i18n.T(ctx, "feedback.clock.today")
	}
	return i18n.T(ctx, "feedback.clock.left", "Days", daysLeft)
}

func err422(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}

// refusedForm tells whether an error belongs on the form it came from; anything else is an error page.
func refusedForm(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict)
}
