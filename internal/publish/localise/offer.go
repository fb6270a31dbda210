package localise

import (
	"bytes"
	"context"
	"html"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Suggestion is what a unit says when it offers a post.
type Suggestion struct {
	ToUnit  string
	Note    string
	Credit  string // name of the collaborator to be named, "" for none
	Consent bool   // the collaborator agrees to be named
}

// Above lists the committees above a unit to which its posts can be offered, the nearest first.
func (s *Service) Above(unitID string) []orgunit.Unit {
	var out []orgunit.Unit
	for _, u := range s.Forest().Ancestors(unitID, s.today()) {
		if u.Kind == orgunit.KindFront && u.Level.Rank() >= orgunit.LevelProvince.Rank() {
			out = append(out, u)
		}
	}
	return out
}

// Offer asks those above to use a published post. A name is kept only with consent, with who took the consent down and when.
func (s *Service) Offer(ctx context.Context, a identity.Actor, postID string, g Suggestion) (Offer, error) {
	f, err := s.Posts.Open(ctx, a, postID)
	if err != nil {
		return Offer{}, err
	}
	if err := s.Authz.Check(a, publish.ActWrite, identity.InUnit(f.UnitID)); err != nil {
		return Offer{}, err
	}
	if f.State != publish.StatePublished {
		return Offer{}, fault.New(fault.Conflict, "localise.not_published")
	}
	g.Note, g.Credit = oneLine(g.Note), oneLine(g.Credit)
	var fs fault.Fields
	fs.Check(slices.ContainsFunc(s.Above(f.UnitID), func(u orgunit.Unit) bool { return u.ID == g.ToUnit }), "to", "localise.to_unknown")
	if n := vntext.Length(g.Note); n > maxNote {
		fs.Add(fault.Field("note", "localise.too_long").With("Limit", maxNote).With("Length", n))
	}
	if n := vntext.Length(g.Credit); n > maxName {
		fs.Add(fault.Field("credit", "localise.too_long").With("Limit", maxName).With("Length", n))
	}
	fs.Check(g.Credit == "" || g.Consent, "consent", "localise.consent_missing")
	if err := fs.OrNil(); err != nil {
		return Offer{}, err
	}
	now := s.Clock.Now()
	o := Offer{ID: id.New(), PostID: postID, FromUnit: f.UnitID, ToUnit: g.ToUnit, State: OfferOpen, Title: f.Title, Note: g.Note,
		OfferedBy: a.ID, OfferedName: a.Name, OfferedAt: now}
	if g.Credit != "" {
		o.Credit, o.ConsentBy, o.ConsentName, o.ConsentAt = g.Credit, a.ID, a.Name, now
	}
	return o, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insertOffer(ctx, tx, o); err != nil {
			return err
		}
		return s.record(ctx, tx, a, o, "offer")
	})
}

func (s *Service) record(ctx context.Context, tx db.Tx, a identity.Actor, o Offer, what string) error {
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: o.ToUnit, Action: "publish." + what, ResourceType: "Post", ResourceID: o.PostID})
}

// OffersPerPage is the number of offers on a page.
const OffersPerPage = 50

// Incoming lists offers to the units for which the actor writes; open narrows to those nobody has decided.
func (s *Service) Incoming(ctx context.Context, a identity.Actor, open bool, page int) ([]Offer, int, error) {
	own := s.Authz.Scope(a, publish.ActWrite)
	if len(own) == 0 {
		return nil, 0, s.Authz.Check(a, publish.ActWrite, identity.Resource{Type: "Unit"})
	}
	return s.store.offersIn(ctx, s.DB.Read(), "to_unit", own, s.today(), open, (max(page, 1)-1)*OffersPerPage, OffersPerPage)
}

// Outgoing lists what the units of the actor have offered, with what became of it.
func (s *Service) Outgoing(ctx context.Context, a identity.Actor, page int) ([]Offer, int, error) {
	roots := s.Authz.Scope(a, publish.ActRead)
	if len(roots) == 0 {
		return nil, 0, s.Authz.Check(a, publish.ActRead, identity.Resource{Type: "Unit"})
	}
	return s.store.offersIn(ctx, s.DB.Read(), "from_unit", roots, s.today(), false, (max(page, 1)-1)*OffersPerPage, OffersPerPage)
}

// OffersOf lists the offers of one post, for an actor who may read it.
func (s *Service) OffersOf(ctx context.Context, a identity.Actor, postID string) ([]Offer, error) {
	if _, err := s.Posts.Open(ctx, a, postID); err != nil {
		return nil, err
	}
	return s.store.offersOf(ctx, s.DB.Read(), "post_id", postID)
}

// mine opens an offer that is made to a unit for which the actor writes.
func (s *Service) mine(ctx context.Context, a identity.Actor, offerID string) (Offer, error) {
	if !a.SignedIn() {
		return Offer{}, fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	o, err := s.store.offer(ctx, s.DB.Read(), offerID)
	if err != nil {
		return o, err
	}
	if !s.Authz.Can(a, publish.ActWrite, identity.InUnit(o.ToUnit)) {
		return o, fault.New(fault.NotFound, "localise.offer_not_found")
	}
	return o, nil
}

// Decline says no to an offer, with a reason that the unit reads.
func (s *Service) Decline(ctx context.Context, a identity.Actor, offerID, reason string) error {
	o, err := s.mine(ctx, a, offerID)
	if err != nil {
		return err
	}
	if reason = oneLine(reason); reason == "" || vntext.Length(reason) > maxNote {
		return fault.Field("reason", "localise.reason_missing").With("Limit", maxNote)
	}
	o.State, o.Reason, o.DecidedName, o.DecidedAt = OfferDeclined, reason, a.Name, s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.decide(ctx, tx, o, OfferOpen); err != nil {
			return err
		}
		return s.record(ctx, tx, a, o, "decline_offer")
	})
}

// Take begins a draft of the unit above from an offered post.
func (s *Service) Take(ctx context.Context, a identity.Actor, offerID string) (publish.Post, error) {
	o, err := s.mine(ctx, a, offerID)
	if err != nil {
		return publish.Post{}, err
	}
	if o.State != OfferOpen {
		return publish.Post{}, fault.New(fault.Conflict, "localise.decided_before")
	}
	o.TakenPostID = id.New()
	o.State, o.DecidedName, o.DecidedAt = OfferTaken, a.Name, s.Clock.Now()
	if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { // first the decision: of two who take at once one begins a draft
		if err := s.store.decide(ctx, tx, o, OfferOpen); err != nil {
			return err
		}
		return s.record(ctx, tx, a, o, "take_offer")
	}); err != nil {
		return publish.Post{}, err
	}
	return s.copyUp(ctx, a, o)
}

// TakeUp takes a published post of a unit below without being asked; no collaborator is named, since nobody took a consent.
func (s *Service) TakeUp(ctx context.Context, a identity.Actor, postID, toUnit string) (publish.Post, error) {
	f, err := s.Posts.Open(ctx, a, postID)
	if err != nil {
		return publish.Post{}, err
	}
	if err := s.Authz.Check(a, publish.ActWrite, identity.InUnit(toUnit)); err != nil {
		return publish.Post{}, err
	}
	if f.State != publish.StatePublished {
		return publish.Post{}, fault.New(fault.Conflict, "localise.not_published")
	}
	if !slices.ContainsFunc(s.Above(f.UnitID), func(u orgunit.Unit) bool { return u.ID == toUnit }) {
		return publish.Post{}, fault.Field("to", "localise.to_unknown")
	}
	now := s.Clock.Now()
	o := Offer{ID: id.New(), PostID: postID, FromUnit: f.UnitID, ToUnit: toUnit, State: OfferTaken, Title: f.Title, OfferedBy: a.ID, OfferedName: a.Name,
		OfferedAt: now, DecidedName: a.Name, DecidedAt: now, TakenPostID: id.New()}
	if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insertOffer(ctx, tx, o); err != nil {
			return err
		}
		return s.record(ctx, tx, a, o, "take_offer")
	}); err != nil {
		return publish.Post{}, err
	}
	return s.copyUp(ctx, a, o)
}

// copyUp begins the draft: the words as the unit's readers saw them, the credit below, the pictures anew.
func (s *Service) copyUp(ctx context.Context, a identity.Actor, o Offer) (publish.Post, error) {
	st, err := s.Posts.Master(ctx, o.PostID)
	if err != nil {
		return publish.Post{}, err
	}
	words := st.Version.Words
	if slices.Contains(st.Units, o.FromUnit) {
		if words, err = s.Posts.Filled(ctx, st, o.FromUnit); err != nil {
			return publish.Post{}, err
		}
	}
	words.Body += "<p><em>" + html.EscapeString(s.Credit(s.Posts.Unit(o.FromUnit).FullName, o.Credit)) + "</em></p>"
	d := publish.Draft{Words: words, Category: st.Version.Category, MediaURL: st.Version.MediaURL}
	p, err := s.Posts.CreateAs(ctx, a, o.TakenPostID, o.ToUnit, d)
	if err != nil || len(st.Version.Pictures) == 0 {
		return p, err
	}
	for _, ref := range st.Version.Pictures {
		raw, err := s.Pictures.JPEG(ctx, ref.ID)
		if err != nil {
			return p, err
		}
		pic, err := s.Posts.AddPicture(ctx, a, p.ID, bytes.NewReader(raw))
		if err != nil {
			return p, err
		}
		d.Pictures = append(d.Pictures, publish.PictureRef{ID: pic.ID, Alt: ref.Alt, Caption: ref.Caption})
	}
	return s.Posts.Save(ctx, a, p.ID, p.Rev, d)
}

// onPublished notes that a post which was begun from an offer has gone out. It may hear the same thing twice.
func (s *Service) onPublished(ctx context.Context, e publish.Published) error {
	list, err := s.store.offersOf(ctx, s.DB.Read(), "taken_post_id", e.PostID)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.State != OfferTaken {
			continue
		}
		o.State, o.UsedAt = OfferUsed, s.Clock.Now()
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.decide(ctx, tx, o, OfferTaken) })
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// Work is one thing that waits for the actor.
type Work struct {
	Kind   string // "write", "approve", "offer"; the catalogue has a word for each under "localise.work.<kind>"
	Title  string
	UnitID string // for whom
	From   string // unit it comes from
	PostID string
	Due    time.Time
}

// waitingMax bounds the windows and offers that are looked at for one page.
const waitingMax = 100

// Waiting lists the parts to write and to approve in the actor's own units, and the offers to decide.
func (s *Service) Waiting(ctx context.Context, a identity.Actor) ([]Work, error) {
	var out []Work
	write, approve := s.Authz.Scope(a, publish.ActWrite), s.Authz.Scope(a, publish.ActApprove) // units of the roles, not those below
	if len(write)+len(approve) == 0 {
		return nil, nil
	}
	ws, err := s.store.openWindows(ctx, s.DB.Read(), s.Clock.Now(), waitingMax)
	if err != nil {
		return nil, err
	}
	for _, w := range ws {
		list, err := s.waitsFor(ctx, a, w, write, approve)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	if len(write) == 0 {
		return out, nil
	}
	offers, _, err := s.store.offersIn(ctx, s.DB.Read(), "to_unit", write, s.today(), true, 0, waitingMax)
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		if slices.Contains(write, o.ToUnit) {
			out = append(out, Work{Kind: "offer", Title: o.Title, UnitID: o.ToUnit, From: o.FromUnit, PostID: o.PostID, Due: o.OfferedAt.Add(72 * time.Hour)})
		}
	}
	return out, nil
}

// waitsFor lists what a window waits for in the given units.
func (s *Service) waitsFor(ctx context.Context, a identity.Actor, w Window, write, approve []string) ([]Work, error) {
	st, err := s.Posts.Master(ctx, w.PostID)
	if err != nil || st.Post.State != publish.StateScheduled {
		return nil, ignoreMissing(err)
	}
	parts, err := s.store.parts(ctx, s.DB.Read(), w.PostID)
	if err != nil {
		return nil, err
	}
	var out []Work
	for _, unitID := range st.Units {
		if unitID == st.Post.UnitID {
			continue
		}
		p := parts[unitID]
		p.PostID, p.UnitID = w.PostID, unitID
		job := Work{Title: st.Post.Title, UnitID: unitID, From: st.Post.UnitID, PostID: w.PostID, Due: w.Until}
		switch {
		case slices.Contains(write, unitID) && (p.State == StateNone || p.State == StateDraft || p.State == StateReturned):
			job.Kind = "write"
		case slices.Contains(approve, unitID) && p.State == StateReview && s.mayJudge(a, p) == nil:
			job.Kind = "approve"
		default:
			continue
		}
		out = append(out, job)
	}
	return out, nil
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
