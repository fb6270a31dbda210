package publish

import (
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// File is everything about one post, for its page.
type File struct {
	Post
	Now      Version // the version the state speaks of
	Versions []Version
	Comments []Comment
	History  []Step
	Pictures []StoredPicture // all that were uploaded for it
}

// Open gives a post with all that belongs to it.
func (s *Service) Open(ctx context.Context, a identity.Actor, postID string) (File, error) {
	p, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return File{}, err
	}
	f := File{Post: p, Now: v}
	q := s.db.Read()
	if f.Versions, err = s.store.versions(ctx, q, p.ID); err != nil {
		return File{}, err
	}
	if f.Comments, err = s.store.comments(ctx, q, p.ID); err != nil {
		return File{}, err
	}
	if f.History, err = s.store.history(ctx, q, p.ID); err != nil {
		return File{}, err
	}
	f.Pictures, err = s.store.pictures(ctx, q, p.ID)
	return f, err
}

// Before gives the version to compare the present one with: what stands in public when correcting, otherwise the one before.
func (f File) Before() (Version, bool) {
	want := f.Now.Number - 1
	if f.Correcting() {
		want = f.Live
	}
	for i := len(f.Versions) - 1; i >= 0; i-- {
		if v := f.Versions[i]; v.Number <= want && v.Kind == VersionText {
			return v, true
		}
	}
	return Version{}, false
}

// Last gives the newest line of history with the given verb.
func (f File) Last(what string) (Step, bool) {
	for i := len(f.History) - 1; i >= 0; i-- {
		if f.History[i].What == what {
			return f.History[i], true
		}
	}
	return Step{}, false
}

// Can tells what the actor may do to a post, for showing buttons.
func (s *Service) Can(a identity.Actor, action string, p Post) bool {
	return s.authz.Can(a, action, plainResource(p))
}

// List gives a page (from 1) of the posts of the units the actor may read, newest change first.
func (s *Service) List(ctx context.Context, a identity.Actor, f Filter, page int) ([]Post, int, error) {
	scope := s.authz.Scope(a, ActRead)
	return s.store.list(ctx, s.db.Read(), scope, s.today(), f, (min(max(page, 1), 100_000)-1)*PerPage, PerPage)
}

// ExportMax bounds the rows of an Excel file.
const ExportMax = 20_000

// Export gives all posts of a list (at most ExportMax).
func (s *Service) Export(ctx context.Context, a identity.Actor, f Filter) ([]Post, error) {
	ps, _, err := s.store.list(ctx, s.db.Read(), s.authz.Scope(a, ActRead), s.today(), f, 0, ExportMax)
	return ps, err
}

// OutByUnit counts, for the units the actor may read, the posts that reached their public pages since a moment.
func (s *Service) OutByUnit(ctx context.Context, a identity.Actor, since time.Time) (map[string]int, error) {
	return s.store.outByUnit(ctx, s.db.Read(), s.authz.Scope(a, ActRead), s.today(), since, s.clock.Now())
}

// Plan tells where the newest version would go, before anybody approves it.
func (s *Service) Plan(ctx context.Context, a identity.Actor, postID string, at time.Time) (Plan, error) {
	p, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return Plan{}, err
	}
	if at.IsZero() {
		at = p.PublishAt
	}
	return s.plan(ctx, v, s.when(at), p.WantCanary && p.Live == 0)
}

// Groups lists the saved groups the actor may use.
func (s *Service) Groups(ctx context.Context, a identity.Actor) ([]Group, error) {
	return s.store.groups(ctx, s.db.Read(), s.authz.Scope(a, ActWrite), s.today())
}

// SaveGroup stores a group of units; an empty id makes a new one.
func (s *Service) SaveGroup(ctx context.Context, a identity.Actor, g Group) (Group, error) {
	if g.ID != "" { // the unit of a group never changes
		have, err := s.store.groupsByID(ctx, s.db.Read(), []string{g.ID})
		if err != nil {
			return Group{}, err
		}
		old, ok := have[g.ID]
		if !ok || !s.authz.Can(a, ActWrite, identity.InUnit(old.UnitID)) {
			return Group{}, errNotFound
		}
		g.UnitID = old.UnitID
	}
	if err := s.authz.Check(a, ActWrite, identity.InUnit(g.UnitID)); err != nil {
		return Group{}, err
	}
	g.Name = oneLine(g.Name)
	var fs fault.Fields
	fs.Check(g.Name != "" && vntext.Length(g.Name) <= 100, "name", "publish.group_name")
	fs.Check(len(g.UnitIDs) > 0 && len(g.UnitIDs) <= maxTargets, "units", "publish.group_empty")
	slices.Sort(g.UnitIDs)
	g.UnitIDs = slices.Compact(g.UnitIDs)
	for _, unitID := range g.UnitIDs {
		if !s.authz.Can(a, ActWrite, identity.InUnit(unitID)) {
			fs.Add(fault.Field("units", "publish.target_not_yours"))
			break
		}
	}
	if err := fs.OrNil(); err != nil {
		return Group{}, err
	}
	if g.ID == "" {
		g.ID = id.New()
	}
	return g, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putGroup(ctx, tx, g) })
}

// DeleteGroup removes a group; posts that name it as a target and are not yet approved must then choose anew.
func (s *Service) DeleteGroup(ctx context.Context, a identity.Actor, groupID string) error {
	have, err := s.store.groupsByID(ctx, s.db.Read(), []string{groupID})
	if err != nil {
		return err
	}
	g, ok := have[groupID]
	if !ok || !s.authz.Can(a, ActWrite, identity.InUnit(g.UnitID)) {
		return errNotFound
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.deleteGroup(ctx, tx, groupID) })
}

// Units lists the units the actor may write for, nearest to the top first, down to the communes.
func (s *Service) Units(a identity.Actor) []orgunit.Unit {
	return s.unitsFor(a, ActWrite)
}

// ReadUnits lists the units whose posts the actor may read, down to the communes.
func (s *Service) ReadUnits(a identity.Actor) []orgunit.Unit { return s.unitsFor(a, ActRead) }

func (s *Service) unitsFor(a identity.Actor, action string) []orgunit.Unit {
	var ts []Target
	for _, unitID := range s.authz.Scope(a, action) {
		ts = append(ts, Target{Kind: TargetUnit, Ref: unitID}, Target{Kind: TargetSubtree, Ref: unitID})
	}
	return resolve(s.tree(), ts, nil, s.today())
}

// Unit gives a unit as it is today; its id in place of a name when it is unknown.
func (s *Service) Unit(unitID string) orgunit.Unit {
	u, err := s.tree().Unit(unitID, s.today())
	if err != nil {
		return orgunit.Unit{ID: unitID, Name: unitID, FullName: unitID}
	}
	return u
}

// Square is one delivery on the receipt wall.
type Square struct {
	channel.Delivery
	AccountName string
	Unit        orgunit.Unit
	Parent      orgunit.Unit // heading under which it stands
}

// Wall is where a post stands, account by account.
type Wall struct {
	Post
	Squares []Square // of the chosen kind, by heading and unit
	Counts  map[channel.Kind]map[channel.DeliveryState]int
	Held    int  // waiting for the first accounts
	Busy    bool // something is still on its way: look again soon
}

// Done counts the deliveries of a kind in a state.
func (w Wall) Done(k channel.Kind, st channel.DeliveryState) int { return w.Counts[k][st] }

// Total counts the deliveries of a kind.
func (w Wall) Total(k channel.Kind) int {
	n := 0
	for _, c := range w.Counts[k] {
		n += c
	}
	return n
}

// Wall gives the receipt wall of a post for one kind of channel, or for all when kind is "".
func (s *Service) Wall(ctx context.Context, a identity.Actor, postID string, kind channel.Kind) (Wall, error) {
	p, _, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return Wall{}, err
	}
	ds, err := s.deliver.Deliveries(ctx, p.ID)
	if err != nil {
		return Wall{}, err
	}
	w := Wall{Post: p, Counts: map[channel.Kind]map[channel.DeliveryState]int{}}
	var units []string
	for _, d := range ds {
		if w.Counts[d.Kind] == nil {
			w.Counts[d.Kind] = map[channel.DeliveryState]int{}
		}
		w.Counts[d.Kind][d.State]++
		switch d.State {
		case channel.DeliveryHeld:
			w.Held++
			w.Busy = w.Busy || p.Canary == CanaryWaiting || p.State == StateScheduled
		case channel.DeliveryQueued, channel.DeliverySending, channel.DeliveryProcessing:
			w.Busy = true
		}
		if kind == "" || d.Kind == kind {
			units = append(units, d.UnitID)
		}
	}
	names := map[string]string{}
	accounts, err := s.accounts.AccountsOfUnits(ctx, units)
	if err != nil {
		return Wall{}, err
	}
	for _, x := range accounts {
		names[x.ID] = x.Name
	}
	for _, d := range ds {
		if kind == "" || d.Kind == kind {
			u := s.Unit(d.UnitID)
			w.Squares = append(w.Squares, Square{Delivery: d, AccountName: names[d.AccountID], Unit: u, Parent: s.heading(u)})
		}
	}
	sortSquares(w.Squares)
	return w, nil
}

// heading is the unit under whose name a unit stands on the wall: a commune under its district or province, those above
// under themselves.
func (s *Service) heading(u orgunit.Unit) orgunit.Unit {
	if u.Level.Rank() < orgunit.LevelCommune.Rank() || u.ParentID == "" {
		return u
	}
	return s.Unit(u.ParentID)
}

func sortSquares(sq []Square) {
	keys := make(map[string]string, len(sq))
	for _, x := range sq {
		for _, u := range []orgunit.Unit{x.Unit, x.Parent} {
			if _, ok := keys[u.ID]; !ok {
				keys[u.ID] = vntext.SortKey(u.Name)
			}
		}
	}
	slices.SortStableFunc(sq, func(x, y Square) int {
		for _, c := range []int{
			x.Parent.Level.Rank() - y.Parent.Level.Rank(), compare(keys[x.Parent.ID], keys[y.Parent.ID]), compare(x.Parent.ID, y.Parent.ID),
			x.Unit.Level.Rank() - y.Unit.Level.Rank(), compare(keys[x.Unit.ID], keys[y.Unit.ID]), compare(x.AccountID, y.AccountID),
		} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
