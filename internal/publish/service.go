package publish

import (
	"context"
	_ "embed" // policies
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed policies.cedar
var policyText string

// Policies are the rules of who may write, approve and take down posts.
var Policies = identity.PolicyFile{Feature: "publish", Text: policyText}

// The actions that policies speak of.
const (
	ActRead    = "publish.read"
	ActWrite   = "publish.write"
	ActComment = "publish.comment"
	ActApprove = "publish.approve"
	ActRetract = "publish.retract"
	ActRetry   = "publish.retry"
)

// Deps are what the service stands on.
type Deps struct {
	DB        *db.DB
	Queue     *jobs.Queue
	Clock     clock.Clock
	Authz     *identity.Authorizer
	Trail     identity.Recorder // audit log; nil: none
	Tree      func() Tree       // the tree as it is now
	Accounts  Accounts
	Deliverer channel.Deliverer
	Retrier   Retrier
	Profiles  Profiles
	Pictures  Pictures
	Films     Films // nil: posts carry none
	Links     Links
	Limits    map[channel.Kind]channel.Limits // nil: DefaultLimits
	Logger    *slog.Logger
}

// Service is the use cases of publishing. It is also the channel.ContentSource of its posts.
type Service struct {
	db       *db.DB
	q        *jobs.Queue
	clock    clock.Clock
	authz    *identity.Authorizer
	trail    identity.Recorder
	tree     func() Tree
	accounts Accounts
	deliver  channel.Deliverer
	retrier  Retrier
	profiles Profiles
	files    Pictures
	films    Films
	links    Links
	limits   map[channel.Kind]channel.Limits
	log      *slog.Logger
	store    store
	hooks    Hooks
}

var _ channel.ContentSource = (*Service)(nil)

// New makes the service and registers its background work and listeners with the queue.
func New(d Deps) *Service {
	if d.Limits == nil {
		d.Limits = DefaultLimits
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{db: d.DB, q: d.Queue, clock: d.Clock, authz: d.Authz, trail: d.Trail, tree: d.Tree, accounts: d.Accounts,
		deliver: d.Deliverer, retrier: d.Retrier, profiles: d.Profiles, files: d.Pictures, films: d.Films, links: d.Links, limits: d.Limits, log: d.Logger}
	s.registerJobs()
	return s
}

func (s *Service) today() clock.Date { return clock.DateOf(s.clock.Now()) }

// Limits gives the sizes of a kind of channel, for live counting on the page.
func (s *Service) Limits(kind channel.Kind) channel.Limits { return s.limits[kind] }

func resource(p Post) identity.Resource {
	return identity.Resource{Type: "Post", ID: p.ID, UnitID: p.UnitID,
		Attrs: map[string]string{"author": p.AuthorID, "state": string(p.State)}}
}

// plainResource is the post without its author, for actions in which it does not matter who wrote it.
func plainResource(p Post) identity.Resource {
	return identity.Resource{Type: "Post", ID: p.ID, UnitID: p.UnitID, Attrs: map[string]string{"state": string(p.State)}}
}

// open reads a post that the actor may do action to. A post that the actor may not even read does not exist for them.
func (s *Service) open(ctx context.Context, a identity.Actor, action, postID string) (Post, Version, error) {
	if !a.SignedIn() && a.Kind != identity.ActorSystem {
		return Post{}, Version{}, fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	p, err := s.store.post(ctx, s.db.Read(), postID)
	if err != nil {
		return Post{}, Version{}, err
	}
	if !s.authz.Can(a, ActRead, plainResource(p)) || p.State == StateDiscarded {
		return Post{}, Version{}, errNotFound
	}
	if err := s.authz.Check(a, action, plainResource(p)); err != nil {
		return Post{}, Version{}, err
	}
	v, err := s.store.version(ctx, s.db.Read(), p.ID, p.Current())
	return p, v, err
}

// change locks the post in a transaction, checks that nobody changed it since rev, lets fn change it and saves it with one
// line of history.
func (s *Service) change(ctx context.Context, a identity.Actor, postID string, rev int, what, note string,
	fn func(ctx context.Context, tx db.Tx, p *Post) error) (Post, error) {
	var p Post
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if p, err = s.store.lock(ctx, tx, postID); err != nil {
			return err
		}
		if p.Rev != rev {
			return fault.New(fault.Conflict, "publish.changed_meanwhile")
		}
		if err := fn(ctx, tx, &p); err != nil {
			return err
		}
		p.UpdatedAt = s.clock.Now()
		if err := s.store.save(ctx, tx, &p, rev); err != nil {
			return err
		}
		return s.note(ctx, tx, a, p, what, note)
	})
	return p, err
}

// note writes the history and the audit log; what "" writes nothing (autosave).
func (s *Service) note(ctx context.Context, tx db.Tx, a identity.Actor, p Post, what, text string) error {
	if what == "" {
		return nil
	}
	h := Step{ID: id.New(), PostID: p.ID, Version: p.Version, At: s.clock.Now(), ActorID: a.ID, ActorName: a.Name, What: what, Note: text}
	if err := s.store.insert(ctx, tx, &h); err != nil {
		return err
	}
	if s.trail == nil {
		return nil
	}
	return s.trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: p.UnitID, Action: "publish." + what, ResourceType: "Post", ResourceID: p.ID})
}

// checkTargets finds targets outside the units in which the actor may write.
func (s *Service) checkTargets(ctx context.Context, a identity.Actor, ts []Target) error {
	groups, err := s.store.groupsByID(ctx, s.db.Read(), groupIDs(ts))
	if err != nil {
		return err
	}
	for _, unitID := range roots(ts, groups) {
		if !s.authz.Can(a, ActWrite, identity.InUnit(unitID)) {
			return fault.Fields{fault.Field("targets", "publish.target_not_yours")}
		}
	}
	return nil
}

func (s *Service) checkDraft(ctx context.Context, a identity.Actor, postID string, d Draft) error {
	cats, err := s.store.categories(ctx, s.db.Read())
	if err != nil {
		return err
	}
	if err := d.checkSaved(cats); err != nil {
		return err
	}
	if len(d.Pictures) > 0 {
		have, err := s.store.pictures(ctx, s.db.Read(), postID)
		if err != nil {
			return err
		}
		for _, p := range d.Pictures {
			if !slices.ContainsFunc(have, func(x StoredPicture) bool { return x.ID == p.ID }) {
				return fault.Fields{fault.Field("pictures", "publish.picture_unknown")}
			}
		}
	}
	if err := s.checkFilm(ctx, a, d.VideoID); err != nil {
		return err
	}
	return s.checkTargets(ctx, a, d.Targets)
}

func (v *Version) take(d Draft, a identity.Actor) {
	v.Words, v.Category, v.MediaURL, v.Erratum = d.Words, d.Category, d.MediaURL, d.Erratum
	v.Editions, v.Pictures, v.Targets, v.Kinds, v.VideoID, v.Audience = d.Editions, d.Pictures, d.Targets, d.Kinds, d.VideoID, d.Audience
	if !slices.Contains(v.Editors, a.ID) {
		v.Editors = append(v.Editors, a.ID)
	}
}

func (p *Post) show(d Draft) {
	p.Title, p.Category, p.PublishAt, p.WantCanary, p.WantAnnounce = d.Title, d.Category, d.PublishAt, d.WantCanary, d.WantAnnounce
	p.Folded = vntext.Fold(d.Title + " " + d.Lead)
}

// Create begins a post of a unit.
func (s *Service) Create(ctx context.Context, a identity.Actor, unitID string, d Draft) (Post, error) {
	return s.create(ctx, a, id.New(), unitID, d)
}

// CreateAs begins a draft under an id that the caller has chosen. When it is there already nothing happens, so that a job may
// run again; the post is the one that was begun first, whatever became of it.
func (s *Service) CreateAs(ctx context.Context, a identity.Actor, postID, unitID string, d Draft) (Post, error) {
	p, err := s.create(ctx, a, postID, unitID, d)
	if db.IsUnique(err) {
		p.ID = postID
		return p, nil
	}
	return p, err
}

func (s *Service) create(ctx context.Context, a identity.Actor, postID, unitID string, d Draft) (Post, error) {
	if err := s.authz.Check(a, ActWrite, identity.InUnit(unitID)); err != nil {
		return Post{}, err
	}
	d = d.clean()
	if err := s.checkDraft(ctx, a, "", d); err != nil {
		return Post{}, err
	}
	now := s.clock.Now()
	p := Post{ID: postID, UnitID: unitID, AuthorID: a.ID, AuthorName: a.Name, State: StateDraft, Version: 1, Rev: 1, CreatedAt: now, UpdatedAt: now}
	p.show(d)
	v := Version{PostID: p.ID, Number: 1, Kind: VersionText, CreatedBy: a.ID, ByName: a.Name, CreatedAt: now}
	v.take(d, a)
	return p, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insert(ctx, tx, &p); err != nil {
			return err
		}
		if err := s.store.insertVersion(ctx, tx, v); err != nil {
			return err
		}
		return s.note(ctx, tx, a, p, "create", "")
	})
}

// Save stores what was typed. Rev is the revision the actor started from: when somebody saved meanwhile it is a Conflict
// and nothing is stored. Saving a returned post begins its next version, so that the returned one can still be compared.
func (s *Service) Save(ctx context.Context, a identity.Actor, postID string, rev int, d Draft) (Post, error) {
	p, v, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return Post{}, err
	}
	if p.Rev != rev {
		return Post{}, fault.New(fault.Conflict, "publish.changed_meanwhile")
	}
	if !p.Editable() {
		return Post{}, fault.New(fault.Conflict, "publish.not_editable")
	}
	d = d.clean()
	if err := s.checkDraft(ctx, a, postID, d); err != nil {
		return Post{}, err
	}
	return s.change(ctx, a, postID, rev, "", "", func(ctx context.Context, tx db.Tx, p *Post) error {
		p.show(d)
		if p.State == StateDraft {
			v.take(d, a)
			return s.store.updateVersion(ctx, tx, v)
		}
		p.State = StateDraft
		return s.nextVersion(ctx, tx, a, p, v, d)
	})
}

// nextVersion begins a version after v with the words of d.
func (s *Service) nextVersion(ctx context.Context, tx db.Tx, a identity.Actor, p *Post, v Version, d Draft) error {
	p.Version++
	n := Version{PostID: p.ID, Number: p.Version, Kind: VersionText, CreatedBy: a.ID, ByName: a.Name, CreatedAt: s.clock.Now()}
	if p.Live < v.Number { // the next try of the same text: who wrote before still counts as its author
		n.Editors = v.Editors
	}
	n.take(d, a)
	return s.store.insertVersion(ctx, tx, n)
}

// Submit sends a draft to review; from then on the version never changes.
func (s *Service) Submit(ctx context.Context, a identity.Actor, postID string, rev int) (Post, error) {
	p, v, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return Post{}, err
	}
	if p.State != StateDraft {
		return Post{}, fault.New(fault.Conflict, "publish.not_editable")
	}
	if err := s.ready(ctx, a, p, v); err != nil {
		return Post{}, err
	}
	return s.change(ctx, a, postID, rev, "submit", "", func(ctx context.Context, tx db.Tx, p *Post) error {
		p.State, p.SubmittedAt = StateReview, s.clock.Now()
		v.FrozenAt = p.SubmittedAt
		return s.store.updateVersion(ctx, tx, v)
	})
}

// ready checks everything that must hold before others read a version.
func (s *Service) ready(ctx context.Context, a identity.Actor, p Post, v Version) error {
	if err := v.checkReady(s.limits, p.Live > 0); err != nil {
		return err
	}
	if err := s.checkTargets(ctx, a, v.Targets); err != nil {
		return err
	}
	if err := s.filmDone(ctx, v.VideoID); err != nil {
		return err
	}
	if err := s.obeys(ctx, p, v, p.PublishAt, identity.Actor{}); err != nil {
		return err
	}
	pl, err := s.plan(ctx, v, s.when(p.PublishAt), false)
	if err != nil {
		return err
	}
	if len(pl.Units) == 0 {
		return fault.Fields{fault.Field("targets", "publish.targets_empty")}
	}
	return pl.tooLong.OrNil()
}

// when is the moment a post would go out: the wished hour, at the earliest now.
func (s *Service) when(at time.Time) time.Time {
	if now := s.clock.Now(); at.Before(now) {
		return now
	}
	return at
}

// Comment adds a remark that the other officials see.
func (s *Service) Comment(ctx context.Context, a identity.Actor, postID, text string) error {
	p, _, err := s.open(ctx, a, ActComment, postID)
	if err != nil {
		return err
	}
	text = manyLines(text)
	if err := noteOK("comment", text, "publish.comment_missing"); err != nil {
		return err
	}
	c := Comment{ID: id.New(), PostID: p.ID, Version: p.Version, AuthorID: a.ID, AuthorName: a.Name, Text: text, CreatedAt: s.clock.Now()}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.insert(ctx, tx, &c) })
}

// AddPicture stores an uploaded picture for a post that is being written. What is wrong with the file is a field fault.
func (s *Service) AddPicture(ctx context.Context, a identity.Actor, postID string, r io.Reader) (StoredPicture, error) {
	p, _, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return StoredPicture{}, err
	}
	if !p.Editable() {
		return StoredPicture{}, fault.New(fault.Conflict, "publish.not_editable")
	}
	pic, err := s.files.Save(ctx, r)
	if err != nil {
		return StoredPicture{}, err
	}
	widths, err := json.Marshal(pic.Widths)
	if err != nil {
		return StoredPicture{}, err
	}
	row := StoredPicture{ID: pic.ID, PostID: p.ID, Width: pic.Width, Height: pic.Height, Widths: pic.Widths,
		WidthsJSON: string(widths), UploadedBy: a.ID, CreatedAt: s.clock.Now()}
	return row, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.insert(ctx, tx, &row) })
}

// UsedPictures implements picture.Owner: a picture stays as long as the post it was uploaded for, used in it or not, because
// older versions show it too.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPictures(ctx, s.db.Read(), ids)
}

var _ picture.Owner = (*Service)(nil)

// Discard gives a draft up. A correction that is given up leaves the published version as it stands.
func (s *Service) Discard(ctx context.Context, a identity.Actor, postID string, rev int) (Post, error) {
	p, v, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return Post{}, err
	}
	if !p.Editable() {
		return Post{}, fault.New(fault.Conflict, "publish.not_editable")
	}
	if p.Live == 0 {
		return s.change(ctx, a, postID, rev, "discard", "", func(_ context.Context, _ db.Tx, p *Post) error {
			p.State = StateDiscarded
			return nil
		})
	}
	live, err := s.store.version(ctx, s.db.Read(), postID, p.Live)
	if err != nil {
		return Post{}, err
	}
	return s.change(ctx, a, postID, rev, "cancel_correction", "", func(ctx context.Context, tx db.Tx, p *Post) error {
		p.State = StatePublished
		p.show(live.Draft())
		if v.FrozenAt.IsZero() { // nobody else has seen it: its number is free again
			p.Version--
			return s.store.dropVersion(ctx, tx, p.ID, v.Number)
		}
		return nil
	})
}
