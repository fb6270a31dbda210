package planner

import (
	"context"
	"embed"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/publish"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of the planner.
var Migrations = db.Migrations{Name: "planner", FS: migrationFS}

// Deps are what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Posts *publish.Service
	// Forbidden gives the hours in which a unit posts nothing by the regulation it stands under; nil: none.
	Forbidden func(ctx context.Context, unitID string) ([]Band, error)
	Rules     Rules
}

// Service is the use cases of planning. It is also the publish.Slots of the house.
type Service struct {
	Deps
	store store
}

var _ publish.Slots = (*Service)(nil)

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// span is how long after its hour a post may still be told to followers, when nobody asks for another window.
const span = 7 * 24 * time.Hour

// Ask is what somebody asks of a plan; what is zero is taken from the post.
type Ask struct {
	Window
	Announce *bool
	Everyone bool // as if all followers were told, whomever the post names
}

// View is a plan with what stands around it.
type View struct {
	Plan
	Post     publish.Post
	Version  publish.Version
	Breaches fault.Fields // what breaks the posting regulation at that hour, and what approval would refuse for other reasons
	Bands    []Band
	Movable  bool // the actor may take one of the other ways
}

// Open plans a post for an actor who may read it.
func (s *Service) Open(ctx context.Context, a identity.Actor, postID string, ask Ask) (View, error) {
	f, err := s.Posts.Open(ctx, a, postID)
	if err != nil {
		return View{}, err
	}
	v := View{Post: f.Post, Version: f.Now}
	if v.Bands, err = s.bands(ctx, f.UnitID); err != nil {
		return View{}, err
	}
	w := s.window(f.Post, ask.Window)
	if err := w.check(); err != nil {
		return View{}, err
	}
	p := Post{ID: f.ID, Announce: f.WantAnnounce}
	if ask.Announce != nil {
		p.Announce = *ask.Announce
	}
	if !ask.Everyone {
		p.Audience = f.Now.Audience
	}
	accounts, err := s.accounts(ctx, a, f.ID, w.From)
	if err != nil {
		return View{}, err
	}
	booked, err := s.store.booked(ctx, s.DB.Read(), monthOf(w.From), clock.DateOf(w.To).AddDays(horizon+8))
	if err != nil {
		return View{}, err
	}
	r := s.Rules
	r.Forbidden = v.Bands
	v.Plan = Make(p, accounts, w, r, booked)
	v.Movable = movable(f.Post) && (s.Posts.Can(a, publish.ActWrite, f.Post) && f.State != publish.StateScheduled || s.Posts.MayApprove(ctx, a, f.Post, f.Now) == nil)
	v.Breaches, err = s.Posts.Breaches(ctx, f.Post, f.Now, v.Begin, identity.Actor{})
	if v.Mute() {
		v.Breaches = append(v.Breaches, fault.Field("audience", "publish.audience_few").With("Limit", publish.MinAudience))
	}
	return v, err
}

// movable tells whether a post can be given another hour.
func movable(p publish.Post) bool {
	switch p.State {
	case publish.StateDraft, publish.StateReturned, publish.StateReview, publish.StateApproved:
		return p.Live == 0
	case publish.StateScheduled:
		return true
	}
	return false
}

func (s *Service) bands(ctx context.Context, unitID string) ([]Band, error) {
	if s.Forbidden == nil {
		return nil, nil
	}
	return s.Forbidden(ctx, unitID)
}

// window is the time asked for, or what the post wishes.
func (s *Service) window(p publish.Post, w Window) Window {
	if w.From.IsZero() {
		w.From = p.PublishAt.UTC()
	}
	w.From = later(w.From, s.Clock.Now())
	if w.To.IsZero() {
		w.To = w.From.Add(span)
	}
	return w
}

// maxWindow bounds a window, so that a plan stays quick.
const maxWindow = 62 * 24 * time.Hour

func (w Window) check() error {
	switch {
	case !w.To.After(w.From):
		return fault.Field("to", "planner.window_empty")
	case w.To.Sub(w.From) > maxWindow:
		return fault.Field("to", "planner.window_long")
	}
	return nil
}

// accounts are those that the post is meant for, and the units without one.
func (s *Service) accounts(ctx context.Context, a identity.Actor, postID string, at time.Time) ([]Account, error) {
	pl, err := s.Posts.Plan(ctx, a, postID, at)
	if err != nil {
		return nil, err
	}
	out := make([]Account, 0, len(pl.Take)+len(pl.Left))
	for _, t := range pl.Take {
		out = append(out, accountOf(t.Account, t.Unit.FullName))
	}
	for _, l := range pl.Left {
		out = append(out, Account{Name: l.Account, UnitID: l.Unit.ID, UnitName: l.Unit.FullName, Kind: l.Kind, Unfit: Reason(l.Reason)})
	}
	return out, nil
}

func accountOf(a channel.Account, unit string) Account {
	return Account{ID: a.ID, Name: a.Name, UnitID: a.UnitID, UnitName: unit, Kind: a.Kind, Followers: a.Followers,
		Broadcast: a.Kind == channel.Zalo && (a.Capabilities.Broadcast || a.CheckedAt.IsZero()),
		Package:   a.Health.Package, Pushes: a.Health.Pushes, PackageUntil: a.Health.PackageUntil, QuotaLeft: a.Health.QuotaLeft, QuotaTotal: a.Health.QuotaTotal}
}

// Take moves a post as another way says; the way is worked out anew, since days may have been booked meanwhile.
func (s *Service) Take(ctx context.Context, a identity.Actor, postID string, rev int, way Way) (publish.Post, error) {
	v, err := s.Open(ctx, a, postID, Ask{})
	if err != nil {
		return publish.Post{}, err
	}
	i := slices.IndexFunc(v.Others, func(o Other) bool { return o.Way == way && way != WayAll })
	if i < 0 {
		return publish.Post{}, fault.New(fault.Conflict, "planner.way_gone")
	}
	o := v.Others[i]
	at := o.At
	if way == WayQuiet && v.Post.PublishAt.IsZero() { // without an hour before, without one after
		at = time.Time{}
	}
	return s.Posts.Shift(ctx, a, postID, rev, publish.Wish{At: at, Announce: o.Announce})
}

// Book implements publish.Slots: each broadcast gets its hour, or the first later day within a week that no other post has
// and that the package still gives.
func (s *Service) Book(ctx context.Context, tx db.Tx, postID string, wanted []publish.Broadcast) ([]publish.Broadcast, error) {
	if err := s.Free(ctx, tx, postID); err != nil || len(wanted) == 0 {
		return nil, err
	}
	first, last := wanted[0].At, wanted[0].At
	for _, b := range wanted {
		first, last = earlier(first, b.At), later(last, b.At)
	}
	booked, err := s.store.booked(ctx, tx, monthOf(first), clock.DateOf(last).AddDays(8))
	if err != nil {
		return nil, err
	}
	book, now := booked.of(postID), s.Clock.Now()
	var rows []slotRow
	var out []publish.Broadcast
	for _, b := range wanted {
		at, why := s.Rules.announce(accountOf(b.Account, ""), b.At, b.At.Add(span), book)
		if why != "" {
			continue
		}
		rows = append(rows, slotRow{AccountID: b.Account.ID, Day: clock.DateOf(at), PostID: postID, At: at, BookedAt: now})
		out = append(out, publish.Broadcast{Account: b.Account, At: at})
	}
	return out, s.store.insert(ctx, tx, rows)
}

// Free implements publish.Slots.
func (s *Service) Free(ctx context.Context, tx db.Tx, postID string) error {
	return s.store.free(ctx, tx, postID, s.Clock.Now())
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// monthOf is the first day of the month of a moment: what was booked since then counts against the month.
func monthOf(t time.Time) clock.Date { return clock.DateOf(t)[:8] + "01" }
