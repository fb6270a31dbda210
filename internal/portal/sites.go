package portal

import (
	"context"
	_ "embed" // the policies
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/publish"
)

//go:embed policies.cedar
var policyText string

// Policies says who may change what a unit says of itself on its page.
var Policies = identity.PolicyFile{Feature: "portal", Text: policyText}

// The actions that policies speak of.
const (
	ActEdit = "portal.edit"
	ActHost = "portal.host"
)

// Sites keeps what units say of themselves, and the number by which processes know that the public pages have changed. It
// needs no other feature, so publishing can be built on it: it is a publish.Profiles.
type Sites struct {
	d     SitesDeps
	store store
	seen  atomic.Pointer[seen]
	mu    sync.Mutex // one refresh at a time
}

// SitesDeps are what Sites stands on.
type SitesDeps struct {
	DB      *db.DB
	Clock   clock.Clock
	Authz   *identity.Authorizer
	Trail   identity.Recorder // audit log; nil: none
	Tree    func() Tree
	Hotline string // shown where neither the unit nor one above it has a number
}

// seen is what this process knows of the database, and since when.
type seen struct {
	at      time.Time
	version int64
	hosts   map[string]string
}

// NewSites makes the keeper.
func NewSites(d SitesDeps) *Sites { return &Sites{d: d} }

// Listen lets the public pages follow what is published, corrected, taken down and answered.
func (s *Sites) Listen(q *jobs.Queue) {
	jobs.On(q, "portal", func(ctx context.Context, _ publish.Published) error { return s.Touch(ctx) })
	jobs.On(q, "portal", func(ctx context.Context, _ publish.Corrected) error { return s.Touch(ctx) })
	jobs.On(q, "portal", func(ctx context.Context, _ publish.Retracted) error { return s.Touch(ctx) })
	jobs.On(q, "portal", func(ctx context.Context, _ feedback.AnswerPublished) error { return s.Touch(ctx) })
	jobs.On(q, "portal", func(ctx context.Context, _ feedback.AnswerWithdrawn) error { return s.Touch(ctx) })
}

// Touch tells every process that the public pages may have changed.
func (s *Sites) Touch(ctx context.Context) error {
	return s.d.DB.InTx(ctx, s.touch)
}

func (s *Sites) touch(ctx context.Context, tx db.Tx) error {
	if _, err := s.store.bump(ctx, tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.seen.Store(nil) })
	return nil
}

// versionEvery is how old the knowledge of the version may be: how late a page of another process may be.
const versionEvery = time.Second

// state looks at the database at most once in versionEvery. When the database does not answer, what was known stays.
func (s *Sites) state(ctx context.Context) (*seen, error) {
	now := s.d.Clock.Now()
	if x := s.seen.Load(); x != nil && now.Sub(x.at) < versionEvery {
		return x, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.seen.Load()
	if x != nil && now.Sub(x.at) < versionEvery {
		return x, nil
	}
	v, err := s.store.version(ctx, s.d.DB.Read())
	if err != nil {
		if x != nil {
			return x, nil
		}
		return nil, err
	}
	next := &seen{at: now, version: v}
	if x != nil && x.version == v {
		next.hosts = x.hosts
	} else if next.hosts, err = s.store.hosts(ctx, s.d.DB.Read()); err != nil {
		return nil, err
	}
	s.seen.Store(next)
	return next, nil
}

// Version grows whenever something on the public pages may have changed; it is at most a second old.
func (s *Sites) Version(ctx context.Context) (int64, error) {
	x, err := s.state(ctx)
	if err != nil {
		return 0, err
	}
	return x.version, nil
}

// UnitOfHost gives the id of the unit whose page has the host name; "" when it is nobody's.
func (s *Sites) UnitOfHost(ctx context.Context, host string) (string, error) {
	x, err := s.state(ctx)
	if err != nil {
		return "", err
	}
	return x.hosts[host], nil
}

// Site gives what a unit says of itself. It is public.
func (s *Sites) Site(ctx context.Context, unitID string) (Site, error) {
	all, err := s.store.sites(ctx, s.d.DB.Read(), unitID)
	if err != nil {
		return Site{}, err
	}
	site := all[unitID]
	site.UnitID = unitID
	return site, nil
}

// Contact is how a unit is reached.
type Contact struct {
	Site
	// HotlineOf names the unit above whose number is shown because this one has none; nil when it is the unit's own, or the
	// house's.
	HotlineOf *orgunit.Unit
}

// Contact gives the unit's page texts; when it has no hotline, that of the nearest unit above which has one, else the house's.
// It is public.
func (s *Sites) Contact(ctx context.Context, unitID string) (Contact, error) {
	on := clock.DateOf(s.d.Clock.Now())
	above := s.d.Tree().Ancestors(unitID, on)
	ids := []string{unitID}
	for _, u := range above {
		ids = append(ids, u.ID)
	}
	all, err := s.store.sites(ctx, s.d.DB.Read(), ids...)
	if err != nil {
		return Contact{}, err
	}
	c := Contact{Site: all[unitID]}
	c.UnitID = unitID
	for _, u := range above {
		if c.Hotline == "" && all[u.ID].Hotline != "" {
			c.Hotline, c.HotlineOf = all[u.ID].Hotline, &u
		}
	}
	if c.Hotline == "" {
		c.Hotline = s.d.Hotline
	}
	return c, nil
}

// Profile implements publish.Profiles: the words for the places in a text. The head of the unit is the first person shown.
func (s *Sites) Profile(ctx context.Context, unitID string) (publish.Profile, error) {
	c, err := s.Contact(ctx, unitID)
	if err != nil {
		return publish.Profile{}, err
	}
	p := publish.Profile{Hotline: c.Hotline, Address: c.Address, Email: c.Email}
	if len(c.People) > 0 {
		p.Chair = c.People[0].Name
	}
	return p, nil
}

// Editable lists the units whose page the actor may change, by name, the highest first.
func (s *Sites) Editable(a identity.Actor) []orgunit.Unit {
	tree, on := s.d.Tree(), clock.DateOf(s.d.Clock.Now())
	var out []orgunit.Unit
	for _, root := range s.d.Authz.Scope(a, ActEdit) {
		for _, uid := range tree.Subtree(root, on) {
			u, err := tree.Unit(uid, on)
			if err != nil || u.Kind != orgunit.KindFront || slices.ContainsFunc(out, func(x orgunit.Unit) bool { return x.ID == u.ID }) {
				continue
			}
			out = append(out, u)
		}
	}
	return out
}

// Open gives a unit's page texts to somebody who may change them; mayHost tells whether the name on the Internet is theirs too.
func (s *Sites) Open(ctx context.Context, a identity.Actor, unitID string) (site Site, mayHost bool, err error) {
	if err := s.d.Authz.Check(a, ActEdit, identity.InUnit(unitID)); err != nil {
		return Site{}, false, err
	}
	site, err = s.Site(ctx, unitID)
	return site, s.d.Authz.Can(a, ActHost, identity.InUnit(unitID)), err
}

// Save changes what a unit says of itself; in.Rev is the revision that was read. Who may not give a host name keeps the old one.
func (s *Sites) Save(ctx context.Context, a identity.Actor, in Site) (Site, error) {
	if err := s.d.Authz.Check(a, ActEdit, identity.InUnit(in.UnitID)); err != nil {
		return Site{}, err
	}
	u, err := s.d.Tree().Unit(in.UnitID, clock.DateOf(s.d.Clock.Now()))
	if err != nil {
		return Site{}, err
	}
	if u.Kind != orgunit.KindFront {
		return Site{}, fault.New(fault.NotFound, "portal.no_site")
	}
	in.tidy()
	if err := in.check(); err != nil {
		return Site{}, err
	}
	err = s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		old, err := s.store.sites(ctx, tx, in.UnitID)
		if err != nil {
			return err
		}
		if !s.d.Authz.Can(a, ActHost, identity.InUnit(in.UnitID)) {
			in.Host = old[in.UnitID].Host
		}
		if in.Rev != old[in.UnitID].Rev {
			return fault.New(fault.Conflict, "portal.changed_meanwhile")
		}
		in.Rev++
		in.UpdatedAt = s.d.Clock.Now().UTC()
		if err := s.store.save(ctx, tx, in); db.IsUnique(err) {
			return fault.Field("host", "portal.host_taken")
		} else if err != nil {
			return err
		}
		if err := s.touch(ctx, tx); err != nil || s.d.Trail == nil {
			return err
		}
		return s.d.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: in.UnitID, Action: ActEdit, ResourceType: "Site", ResourceID: in.UnitID,
			Details: map[string]string{"host": in.Host}})
	})
	return in, err
}
