package publish

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Broadcast is one account's message to its followers that a post has come out, at an hour.
type Broadcast struct {
	Account channel.Account
	At      time.Time
}

// Slots keeps the one broadcast a day that the followers of an account take; publish/planner has it.
type Slots interface {
	// Book takes, in tx, a slot for each of the wanted broadcasts of a post: at its hour, or later on the first day that is
	// free. What the post held before and has not used is given back first. A broadcast for which there is no room is missing
	// from the answer.
	Book(ctx context.Context, tx db.Tx, postID string, wanted []Broadcast) ([]Broadcast, error)
	// Free gives back the slots of a post whose hour has not come.
	Free(ctx context.Context, tx db.Tx, postID string) error
}

// Addition is what one unit adds to a post for its own readers.
type Addition struct {
	HTML    string         // sanitised, put behind the body; "" adds nothing
	Picture *PublicPicture // nil: none
}

// Locals knows what units add to posts of those above them; publish/localise has it.
type Locals interface {
	// Window is the moment at which the time for adding ends; zero when a post has no such time.
	Window(ctx context.Context, postID string) (time.Time, error)
	// Addition is what a unit adds. It never changes once the window is over.
	Addition(ctx context.Context, postID, unitID string) (Addition, error)
}

// Facts are what a posting regulation judges a post by.
type Facts struct {
	UnitID   string
	Category string
	Kinds    []channel.Kind // outside channels that it goes to
	At       time.Time      // hour of publication; zero: not known yet
	Approver identity.Actor // who approves; nobody before approval
}

// Regulation is the posting regulation under which units stand; the roof takes it from the fleet's regulation.
type Regulation interface {
	// CheckPost finds what breaks the regulation, as faults of the fields category, hour and mode.
	CheckPost(ctx context.Context, f Facts) (fault.Fields, error)
}

// Hooks are rooms that publishing asks and that are built after it; each may be missing.
type Hooks struct {
	Slots      Slots
	Locals     Locals
	Regulation Regulation
}

// Attach connects the rooms that were built after publishing. It is called once, before anybody is served.
func (s *Service) Attach(h Hooks) { s.hooks = h }

// Breaches finds what of a post breaks the posting regulation, for an hour of publication (zero: not known yet).
func (s *Service) Breaches(ctx context.Context, p Post, v Version, at time.Time, approver identity.Actor) (fault.Fields, error) {
	if s.hooks.Regulation == nil {
		return nil, nil
	}
	f := Facts{UnitID: p.UnitID, Category: v.Category, At: at, Approver: approver}
	for _, k := range Kinds {
		if k != channel.Portal && v.Goes(k) {
			f.Kinds = append(f.Kinds, k)
		}
	}
	return s.hooks.Regulation.CheckPost(ctx, f)
}

// window is the end of the time in which units may add to a post; zero when there is none.
func (s *Service) window(ctx context.Context, postID string) (time.Time, error) {
	if s.hooks.Locals == nil {
		return time.Time{}, nil
	}
	return s.hooks.Locals.Window(ctx, postID)
}

// addition is what a unit adds to a post.
func (s *Service) addition(ctx context.Context, postID, unitID string) (Addition, error) {
	if s.hooks.Locals == nil {
		return Addition{}, nil
	}
	return s.hooks.Locals.Addition(ctx, postID, unitID)
}

// book takes the slots for the broadcasts of a plan and notes their hours.
func (s *Service) book(ctx context.Context, tx db.Tx, postID string, pl *Plan) error {
	if s.hooks.Slots == nil {
		return nil
	}
	if !pl.announce {
		return s.hooks.Slots.Free(ctx, tx, postID)
	}
	var wanted []Broadcast
	for _, t := range pl.Take {
		if t.announces() && !pl.few(t) {
			wanted = append(wanted, Broadcast{Account: t.Account, At: byDay(pl.At)})
		}
	}
	got, err := s.hooks.Slots.Book(ctx, tx, postID, wanted)
	if err != nil {
		return err
	}
	pl.slots = make(map[string]time.Time, len(got))
	for _, b := range got {
		pl.slots[b.Account.ID] = b.At
	}
	return nil
}

// free gives back the slots of a post that will not go out.
func (s *Service) free(ctx context.Context, tx db.Tx, postID string) error {
	if s.hooks.Slots == nil {
		return nil
	}
	return s.hooks.Slots.Free(ctx, tx, postID)
}

// announces tells whether the account can tell its followers, as far as the last probe knows.
func (t Planned) announces() bool {
	return t.Account.Kind == channel.Zalo && (t.Account.Capabilities.Broadcast || t.Account.CheckedAt.IsZero())
}

// hourOf is when the account tells its followers of the post; false when it does not.
func (p Plan) hourOf(t Planned) (time.Time, bool) {
	if !p.announce || !t.announces() || p.few(t) {
		return time.Time{}, false
	}
	if p.slots == nil {
		return byDay(p.At), true
	}
	at, ok := p.slots[t.Account.ID]
	return at, ok
}

// Master is a post as it was approved, with the units on whose pages it stands or will stand.
type Master struct {
	Post    Post
	Version Version // the approved one; the newest when nobody has approved any yet
	Units   []string
}

// Master gives a post to a room under publishing that has checked its own actor.
func (s *Service) Master(ctx context.Context, postID string) (Master, error) {
	p, err := s.store.post(ctx, s.db.Read(), postID)
	if err != nil {
		return Master{}, err
	}
	n := p.Live
	if n == 0 {
		n = p.Version
	}
	out := Master{Post: p}
	if out.Version, err = s.store.version(ctx, s.db.Read(), postID, n); err != nil {
		return Master{}, err
	}
	rows, err := s.store.unitRows(ctx, s.db.Read(), postID)
	for _, r := range rows {
		out.Units = append(out.Units, r.UnitID)
	}
	return out, err
}

// Filled gives the approved words of a post for one of its units, without what the unit adds, to a room under publishing
// that has checked its own actor.
func (s *Service) Filled(ctx context.Context, x Master, unitID string) (Words, error) {
	row, err := s.store.unitRow(ctx, s.db.Read(), x.Post.ID, unitID)
	if err != nil {
		return Words{}, err
	}
	vals, err := row.values()
	if err != nil {
		return Words{}, err
	}
	return x.Version.For(channel.Portal).Fill(vals), nil
}

// Address is the public address of a post at a unit; "" while it has none.
func (s *Service) Address(p Post, unitID string) string {
	if p.Slug == "" || p.PublishedAt.IsZero() {
		return ""
	}
	return s.links.Article(s.Unit(unitID), p.Slug)
}
