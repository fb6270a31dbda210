package localise

import (
	"cmp"
	"context"
	"embed"
	"io"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "localise", FS: migrationFS}

// Pictures keeps uploaded pictures; *picture.Store has it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
	JPEG(ctx context.Context, pid string) ([]byte, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Trail    identity.Recorder
	Forest   func() *orgunit.Forest
	Posts    *publish.Service
	Pictures Pictures
	// Credit is the line under a post that was taken from a unit below: with the name of the collaborator, or without ("").
	Credit func(unit, collaborator string) string
}

// Service is the use cases of local parts and of offers. It is also the publish.Locals of the house.
type Service struct {
	Deps
	store store
}

var _ publish.Locals = (*Service)(nil)

// New makes the service and listens for posts that go out.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.On(d.Queue, "localise.used", s.onPublished)
	return s
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Window implements publish.Locals.
func (s *Service) Window(ctx context.Context, postID string) (time.Time, error) {
	w, err := s.store.window(ctx, s.DB.Read(), postID)
	return w.Until, err
}

// Addition implements publish.Locals: what is ready goes out, everything else does not.
func (s *Service) Addition(ctx context.Context, postID, unitID string) (publish.Addition, error) {
	p, err := s.store.part(ctx, s.DB.Read(), postID, unitID)
	if err != nil || p.State != StateReady {
		return publish.Addition{}, err
	}
	out := publish.Addition{HTML: p.HTML(s.Posts.Unit(unitID).FullName)}
	if x := p.Picture; x.ID != "" {
		out.Picture = &publish.PublicPicture{Picture: picture.Picture{ID: x.ID, Width: x.Width, Height: x.Height, Widths: x.Widths}, Alt: x.Alt}
	}
	return out, nil
}

// WindowOf gives the window of a post to an actor who may read the post.
func (s *Service) WindowOf(ctx context.Context, a identity.Actor, postID string) (Window, error) {
	if _, err := s.Posts.Open(ctx, a, postID); err != nil {
		return Window{}, err
	}
	return s.store.window(ctx, s.DB.Read(), postID)
}

// maxWindow is how far ahead a window may end.
const maxWindow = 60 * 24 * time.Hour

// SetWindow says until when the units that a post is meant for may add to it; a zero time closes the window again. It must be
// said before anybody approves the post, since the post then waits for its end.
func (s *Service) SetWindow(ctx context.Context, a identity.Actor, postID string, until time.Time, approval bool) error {
	f, err := s.Posts.Open(ctx, a, postID)
	if err != nil {
		return err
	}
	if !s.Posts.Can(a, publish.ActWrite, f.Post) {
		return s.Authz.Check(a, publish.ActWrite, identity.InUnit(f.UnitID))
	}
	now := s.Clock.Now()
	switch f.State {
	case publish.StateDraft, publish.StateReturned, publish.StateReview, publish.StateApproved:
	default:
		return fault.New(fault.Conflict, "localise.too_late")
	}
	if f.Live > 0 {
		return fault.New(fault.Conflict, "localise.too_late")
	}
	switch {
	case until.IsZero():
	case !until.After(now):
		return fault.Field("day", "localise.until_past")
	case until.After(now.Add(maxWindow)):
		return fault.Field("day", "localise.until_far")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if until.IsZero() {
			return s.store.dropWindow(ctx, tx, postID)
		}
		w := Window{PostID: postID, UnitID: f.UnitID, Until: until.UTC(), Approval: approval, OpenedBy: a.ID, OpenedName: a.Name, OpenedAt: now}
		return s.store.putWindow(ctx, tx, w)
	})
}

// Progress is how far the units are with their parts.
type Progress struct {
	Window
	Rows   []Row // by unit
	Counts map[State]int
}

// Row is one unit of a progress.
type Row struct {
	Unit orgunit.Unit
	Part
}

// Progress lists what each unit has done, for an actor who may read the post.
func (s *Service) Progress(ctx context.Context, a identity.Actor, postID string) (Progress, error) {
	w, err := s.WindowOf(ctx, a, postID)
	if err != nil {
		return Progress{}, err
	}
	out := Progress{Window: w, Counts: map[State]int{}}
	if w.Until.IsZero() {
		return out, nil
	}
	st, err := s.Posts.Master(ctx, postID)
	if err != nil {
		return out, err
	}
	parts, err := s.store.parts(ctx, s.DB.Read(), postID)
	if err != nil {
		return out, err
	}
	for _, unitID := range st.Units {
		if unitID == st.Post.UnitID {
			continue
		}
		row := Row{Unit: s.Posts.Unit(unitID), Part: parts[unitID]}
		out.Rows = append(out.Rows, row)
		out.Counts[row.State]++
	}
	slices.SortFunc(out.Rows, func(x, y Row) int { // those that have begun first
		return cmp.Or(cmp.Compare(begun(x.State), begun(y.State)), vntext.Compare(x.Unit.FullName, y.Unit.FullName), cmp.Compare(x.Unit.ID, y.Unit.ID))
	})
	return out, nil
}

func begun(s State) int {
	if s == StateNone {
		return 1
	}
	return 0
}

// Desk is a unit's part with all that stands around it.
type Desk struct {
	Window
	Part
	Unit     orgunit.Unit
	From     orgunit.Unit // who wrote the post
	Words    publish.Words
	Title    string
	GoesAt   time.Time
	State    publish.State
	History  []Step
	MayWrite bool
	MayJudge bool // may approve or return what waits
	Open     bool
	Link     string // where the public reads it, once it is out
}

// PartState is where the unit's part stands.
func (d Desk) PartState() State { return d.Part.State }

var errNoPart = fault.New(fault.NotFound, "localise.not_found")

// master finds an approved post with a window that stands at a unit; NotFound for everybody else.
func (s *Service) master(ctx context.Context, a identity.Actor, postID, unitID string) (publish.Master, Window, error) {
	if !a.SignedIn() {
		return publish.Master{}, Window{}, fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	r := identity.InUnit(unitID)
	if !s.Authz.Can(a, publish.ActRead, r) {
		return publish.Master{}, Window{}, errNoPart
	}
	w, err := s.store.window(ctx, s.DB.Read(), postID)
	if err != nil || w.Until.IsZero() {
		return publish.Master{}, w, orMissing(err)
	}
	st, err := s.Posts.Master(ctx, postID)
	if err != nil {
		return st, w, orMissing(err)
	}
	if st.Post.Live == 0 || unitID == st.Post.UnitID || !slices.Contains(st.Units, unitID) {
		return st, w, errNoPart
	}
	return st, w, nil
}

func orMissing(err error) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return errNoPart
	}
	return err
}

// Desk opens a unit's part.
func (s *Service) Desk(ctx context.Context, a identity.Actor, postID, unitID string) (Desk, error) {
	st, w, err := s.master(ctx, a, postID, unitID)
	if err != nil {
		return Desk{}, err
	}
	d := Desk{Window: w, Unit: s.Posts.Unit(unitID), From: s.Posts.Unit(st.Post.UnitID), GoesAt: st.Post.Hour(), State: st.Post.State,
		Open: w.Open(s.Clock.Now()) && st.Post.State == publish.StateScheduled, Link: s.Posts.Address(st.Post, unitID)}
	if d.Words, err = s.Posts.Filled(ctx, st, unitID); err != nil {
		return Desk{}, err
	}
	d.Title = d.Words.Title
	if d.Part, err = s.store.part(ctx, s.DB.Read(), postID, unitID); err != nil {
		return Desk{}, err
	}
	if d.History, err = s.store.steps(ctx, s.DB.Read(), postID, unitID); err != nil {
		return Desk{}, err
	}
	d.MayWrite = d.Open && d.Part.State.writable() && s.Authz.Can(a, publish.ActWrite, identity.InUnit(unitID))
	d.MayJudge = d.Open && d.Part.State == StateReview && s.mayJudge(a, d.Part) == nil
	return d, nil
}

// mayJudge asks the policies whether the actor may approve a part: in its unit, and against everybody who wrote it.
func (s *Service) mayJudge(a identity.Actor, p Part) error {
	for _, author := range append([]string{""}, p.Writers...) {
		r := identity.Resource{Type: "Post", ID: p.PostID, UnitID: p.UnitID, Attrs: map[string]string{}}
		if author != "" {
			r.Attrs["author"] = author
		}
		if err := s.Authz.Check(a, publish.ActApprove, r); err != nil {
			return err
		}
	}
	return nil
}

// change lets fn change a unit's part while its window is open, and writes one line of history.
func (s *Service) change(ctx context.Context, a identity.Actor, postID, unitID string, rev int, action, note string, fn func(w Window, p *Part) (what string, err error)) (Part, error) {
	_, w, err := s.master(ctx, a, postID, unitID)
	if err != nil {
		return Part{}, err
	}
	if action == publish.ActWrite {
		if err := s.Authz.Check(a, action, identity.InUnit(unitID)); err != nil {
			return Part{}, err
		}
	}
	var p Part
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if p, err = s.store.part(ctx, tx, postID, unitID); err != nil {
			return err
		}
		now := s.Clock.Now()
		if !w.Open(now) {
			return fault.New(fault.Conflict, "localise.window_over")
		}
		if p.Rev != rev {
			return fault.New(fault.Conflict, "localise.changed_meanwhile")
		}
		what, err := fn(w, &p)
		if err != nil {
			return err
		}
		p.UpdatedAt = now
		if err := s.store.putPart(ctx, tx, &p, rev); err != nil {
			return err
		}
		if err := s.store.addStep(ctx, tx, Step{ID: id.New(), PostID: postID, UnitID: unitID, At: now, ActorID: a.ID, ActorName: a.Name, What: what, Note: note}); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: unitID, Action: "publish.local_" + what, ResourceType: "Post", ResourceID: postID})
	})
	return p, err
}

// Save keeps what a local editor typed; submit sends it on: to the unit's approver when the province demands it, else straight
// out with the post. Photo may be nil. What is wrong is a field fault, and nothing is stored.
func (s *Service) Save(ctx context.Context, a identity.Actor, postID, unitID string, rev int, t Typed, photo io.Reader, submit bool) (Part, error) {
	if _, _, err := s.master(ctx, a, postID, unitID); err != nil { // before a picture is kept
		return Part{}, err
	}
	if err := s.Authz.Check(a, publish.ActWrite, identity.InUnit(unitID)); err != nil {
		return Part{}, err
	}
	t = t.clean()
	var pic *picture.Picture
	if photo != nil {
		x, err := s.Pictures.Save(ctx, photo)
		if err != nil {
			return Part{}, err
		}
		pic = &x
	}
	return s.change(ctx, a, postID, unitID, rev, publish.ActWrite, "", func(w Window, p *Part) (string, error) {
		if !p.State.writable() {
			return "", fault.New(fault.Conflict, "localise.in_review")
		}
		p.Words = t.Words
		if t.Drop {
			p.Picture = Picture{}
		}
		if pic != nil {
			p.Picture = Picture{ID: pic.ID, Width: pic.Width, Height: pic.Height, Widths: pic.Widths}
		}
		if p.Picture.ID != "" {
			p.Picture.Alt = t.Alt
		}
		p.wroteBy(a.ID, a.Name)
		p.State = StateDraft
		what := "save"
		if submit {
			if what, p.State = "ready", StateReady; w.Approval {
				what, p.State = "submit", StateReview
			}
		}
		return what, p.check(submit)
	})
}

// AsIs says that the unit adds nothing.
func (s *Service) AsIs(ctx context.Context, a identity.Actor, postID, unitID string, rev int) (Part, error) {
	return s.change(ctx, a, postID, unitID, rev, publish.ActWrite, "", func(_ Window, p *Part) (string, error) {
		if !p.State.writable() {
			return "", fault.New(fault.Conflict, "localise.in_review")
		}
		p.State = StateAsIs
		return "as_is", nil
	})
}

// Approve lets a part go out with the post.
func (s *Service) Approve(ctx context.Context, a identity.Actor, postID, unitID string, rev int) (Part, error) {
	return s.judge(ctx, a, postID, unitID, rev, "approve", "", StateReady)
}

// Return sends a part back with a reason.
func (s *Service) Return(ctx context.Context, a identity.Actor, postID, unitID string, rev int, reason string) (Part, error) {
	reason = oneLine(reason)
	if reason == "" || len([]rune(reason)) > maxNote {
		return Part{}, fault.Field("reason", "localise.reason_missing").With("Limit", maxNote)
	}
	return s.judge(ctx, a, postID, unitID, rev, "return", reason, StateReturned)
}

func (s *Service) judge(ctx context.Context, a identity.Actor, postID, unitID string, rev int, what, note string, to State) (Part, error) {
	return s.change(ctx, a, postID, unitID, rev, publish.ActApprove, note, func(_ Window, p *Part) (string, error) {
		if err := s.mayJudge(a, *p); err != nil {
			return "", err
		}
		if p.State != StateReview {
			return "", fault.New(fault.Conflict, "localise.not_in_review")
		}
		p.State = to
		return what, nil
	})
}

// UsedPictures implements picture.Owner.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPictures(ctx, s.DB.Read(), ids)
}

var _ picture.Owner = (*Service)(nil)
