package similar

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The states in which a case is offered to everybody.
const (
	StateOpen     = "open"     // others can follow it
	StateAnswered = "answered" // its published answer can be read
)

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	Check(actor identity.Actor, action string, c feedback.Case) error
	Public(ctx context.Context, publicID string) (feedback.Published, error)
	CasesAfter(ctx context.Context, actor identity.Actor, after string, limit int) ([]feedback.Case, error)
	CasesOf(ctx context.Context, actor identity.Actor, caseIDs []string) ([]feedback.Case, error)
	Today() clock.Date
}

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Queue *jobs.Queue
	Clock clock.Clock
	Cases Cases
	Audit identity.Recorder
}

// Service offers what says the same.
type Service struct {
	Deps
	store store
}

// New makes the service; it hears of cases by their events.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.Received) error { return s.indexNew(ctx, e.CaseIDs) })
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.Classified) error { return s.Index(ctx, house, e.CaseID) })
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.Answered) error { return s.Index(ctx, house, e.CaseID) })
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.Merged) error { return s.Index(ctx, house, e.CaseID) })
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.AnswerPublished) error { return s.Index(ctx, house, e.CaseID) })
	jobs.On(d.Queue, "similar", func(ctx context.Context, e feedback.AnswerWithdrawn) error { return s.Index(ctx, house, e.CaseID) })
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[fillArgs]) error { return s.Fill(ctx, house) })
	d.Queue.Every(time.Hour, func() jobs.Args { return fillArgs{} })
	return s
}

var house = identity.System("similar")

type fillArgs struct{}

// Kind implements jobs.Args.
func (fillArgs) Kind() string { return "similar.fill" }

// Fill takes in the cases that were there before this package was, a batch at a time. Only the house itself may ask.
func (s *Service) Fill(ctx context.Context, actor identity.Actor) error {
	after, err := s.store.mark(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	for !s.Queue.Stopping() { // the rest is for the next start
		page, err := s.Cases.CasesAfter(ctx, actor, after, 500)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]string, len(page))
		for i, c := range page {
			ids[i], after = c.ID, c.ID
		}
		if err := s.indexNew(ctx, ids); err != nil {
			return err
		}
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.setMark(ctx, tx, after) }); err != nil {
			return err
		}
	}
	return nil
}

// indexNew takes in cases that were just asked, all in one transaction. One that is no longer new is indexed for itself; so is
// one that turned into a complaint or denunciation meanwhile: nothing of it stays here.
func (s *Service) indexNew(ctx context.Context, caseIDs []string) error {
	if len(caseIDs) == 0 {
		return nil
	}
	cases, err := s.Cases.CasesOf(ctx, house, caseIDs)
	if err != nil {
		return err
	}
	known, err := s.store.known(ctx, s.DB.Read(), caseIDs)
	if err != nil {
		return err
	}
	var fresh []caseRow
	var alone []string
	for _, c := range cases {
		switch {
		case known[c.ID]: // and kept true by the events of what happens to it
		case c.Published || c.State == feedback.StateMerged:
			alone = append(alone, c.ID)
		case !c.Kind.Secret():
			r := rowOf(c)
			r.Grams = gramsFor(c, r)
			fresh = append(fresh, r)
		}
	}
	if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putNew(ctx, tx, fresh) }); err != nil {
		return err
	}
	now, err := s.Cases.CasesOf(ctx, house, caseIDs)
	if err != nil {
		return err
	}
	for _, c := range now {
		if c.Kind.Secret() {
			alone = append(alone, c.ID)
		}
	}
	for _, caseID := range alone {
		if err := s.Index(ctx, house, caseID); err != nil {
			return err
		}
	}
	return nil
}

// Index writes how a case can be found now. Only the house itself may ask; it is safe to run at any time.
func (s *Service) Index(ctx context.Context, actor identity.Actor, caseID string) error {
	if actor.Kind != identity.ActorSystem {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	c, err := s.Cases.Look(ctx, actor, caseID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var copied *feedback.Published
	if c.Published && !c.Kind.Secret() {
		p, err := s.Cases.Public(ctx, c.ID)
		if err != nil && !fault.Is(err, fault.NotFound) { // taken out meanwhile: its event comes
			return err
		}
		if err == nil {
			copied = &p
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if c.Kind.Secret() {
			return s.store.drop(ctx, tx, c.ID)
		}
		old, _, err := s.store.byCase(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		r := rowOf(c)
		switch {
		case copied != nil:
			r.State, r.Summary, r.At, r.ConfirmedBy = StateAnswered, copied.Question, copied.AnsweredAt, copied.ConfirmedBy
		case old.State == StateOpen && c.State.Open():
			r.State, r.Summary, r.ConfirmedBy = StateOpen, old.Summary, old.ConfirmedBy
		}
		r.Grams = gramsFor(c, r)
		return s.store.put(ctx, tx, r)
	})
}

func rowOf(c feedback.Case) caseRow {
	return caseRow{CaseID: c.ID, UnitID: c.OriginUnitID, Kind: string(c.Kind), Category: c.Category, Lat: round(c.Place.Lat), Lon: round(c.Place.Lon), At: c.ReceivedAt}
}

// round keeps a place to about a hundred metres.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

func gramsFor(c feedback.Case, r caseRow) gramList {
	grams := gramsOf(scopeDesk(c.OriginUnitID), c.Text, keepDesk)
	if c.State == feedback.StateMerged {
		grams = nil // the main case stands for it
	}
	if r.State != "" {
		grams = append(grams, gramsOf(scopePublic, r.Summary, keepPublic)...)
	}
	if r.State == StateOpen {
		grams = append(grams, gramsOf(scopeUnit(r.UnitID), r.Summary, keepPublic)...)
	}
	return listOf(grams)
}

// Offer is one question that says the same, as anybody may see it.
type Offer struct {
	CaseID   string
	State    string // StateOpen or StateAnswered
	Summary  string
	UnitID   string
	Category string
	Lat, Lon float64 // to about a hundred metres; both 0: no point
	At       time.Time
	Score    float64
}

func (r caseRow) offer() Offer {
	return Offer{CaseID: r.CaseID, State: r.State, Summary: r.Summary, UnitID: r.UnitID, Category: r.Category, Lat: r.Lat, Lon: r.Lon, At: r.At.UTC()}
}

// How alike two texts must be.
const (
	enoughToOffer = 0.3
	enoughForDesk = 0.45
)

// candidates is how many of the cases that share words are compared in full.
const candidates = 40

// Near is where the person who asks is, as far as they said; the zero value means anywhere.
type Near struct {
	UnitID   string
	Lat, Lon float64
}

// Suggest offers answered and open questions like the text to whoever is writing it, the likest first; those of the same
// unit and those within about a kilometre come before equal ones. It is public.
func (s *Service) Suggest(ctx context.Context, text string, near Near, limit int) ([]Offer, error) {
	q := s.DB.Read()
	grams := gramsOf(scopePublic, text, askGrams)
	numbers, err := s.store.sharing(ctx, q, grams, candidates)
	if err != nil {
		return nil, err
	}
	if near.UnitID != "" {
		own, err := s.store.sharing(ctx, q, gramsOf(scopeUnit(near.UnitID), text, askGrams), candidates/2)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, own...)
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
	}
	rows, err := s.store.rows(ctx, q, numbers)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, r := range rows {
		o := r.offer()
		if o.Score = alike(text, r.Summary); o.Score < enoughToOffer || r.State == "" {
			continue
		}
		if near.UnitID != "" && near.UnitID == r.UnitID {
			o.Score += 0.15
		} else if r.State == StateOpen && near.UnitID != "" && !close(near, r) {
			continue // an open case elsewhere is another one
		}
		if close(near, r) {
			o.Score += 0.1
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Offer) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(limit, len(out))], nil
}

// close tells whether the two points lie within about a kilometre.
func close(n Near, r caseRow) bool {
	if (n.Lat == 0 && n.Lon == 0) || (r.Lat == 0 && r.Lon == 0) {
		return false
	}
	dy := (n.Lat - r.Lat) * 111
	dx := (n.Lon - r.Lon) * 111 * math.Cos(n.Lat*math.Pi/180)
	return dx*dx+dy*dy < 1
}

// Duplicate is a case that may be the same as another, for officials.
type Duplicate struct {
	Case  feedback.Case
	Score float64 // 0 to 1
}

// Duplicates lists cases of the same place that may be the same matter, the likest first: only those the actor may read, and
// never a complaint or denunciation.
func (s *Service) Duplicates(ctx context.Context, actor identity.Actor, caseID string, limit int) ([]Duplicate, error) {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil || c.Kind.Secret() {
		return nil, err
	}
	numbers, err := s.store.sharing(ctx, s.DB.Read(), gramsOf(scopeDesk(c.OriginUnitID), c.Text, askGrams), candidates)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.rows(ctx, s.DB.Read(), numbers)
	if err != nil {
		return nil, err
	}
	var out []Duplicate
	for _, r := range rows {
		if r.CaseID == c.ID {
			continue
		}
		other, err := s.Cases.Look(ctx, actor, r.CaseID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if other.Kind.Secret() || other.State == feedback.StateMerged || other.State == feedback.StateRefused {
			continue
		}
		if d := (Duplicate{Case: other, Score: vntext.Similarity(c.Text, other.Text)}); d.Score >= enoughForDesk {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Duplicate) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(limit, len(out))], nil
}

// MaxSummary is the length of a public summary, in letters.
const MaxSummary = 200

// Offered gives the public summary of a case; ok is false when it is not offered.
func (s *Service) Offered(ctx context.Context, caseID string) (o Offer, ok bool, err error) {
	r, ok, err := s.store.byCase(ctx, s.DB.Read(), caseID)
	return r.offer(), ok && r.State != "", err
}

// Open offers an open case to everybody under a short summary that the official wrote and looked over, so that others can
// follow it. Nothing that looks like personal data may stand in it, and the person who asked must not have forbidden it.
func (s *Service) Open(ctx context.Context, actor identity.Actor, caseID, summary string) error {
	summary = strings.Join(strings.Fields(vntext.NFC(summary)), " ")
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	if c.Kind.Secret() || !c.MayPublish || !c.State.Open() {
		return fault.New(fault.Conflict, "feedback.offer_not")
	}
	var fs fault.Fields
	fs.Check(vntext.Length(summary) >= 15, "summary", "feedback.offer_short")
	if vntext.Length(summary) > MaxSummary {
		fs.Add(fault.Field("summary", "feedback.field_long").With("Limit", MaxSummary))
	}
	if found := masking.Find(summary); len(found) > 0 {
		fs.Add(fault.Field("summary", "feedback.copy_personal").With("Found", summary[found[0].From:found[0].To]))
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	r := rowOf(c)
	r.State, r.Summary, r.ConfirmedBy = StateOpen, summary, actor.ID
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r.Grams = gramsFor(c, r)
		if err := s.store.put(ctx, tx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c, "feedback.offer")
	})
}

// Close takes an open case out of what is offered; who follows it already goes on doing so.
func (s *Service) Close(ctx context.Context, actor identity.Actor, caseID string) error {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, ok, err := s.store.byCase(ctx, tx, caseID)
		if err != nil || !ok || r.State != StateOpen {
			return err
		}
		r.State, r.Summary, r.ConfirmedBy = "", "", ""
		r.Grams = gramsFor(c, r)
		if err := s.store.put(ctx, tx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c, "feedback.offer_end")
	})
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, c feedback.Case, action string) error {
	return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.HolderUnitID, Action: action, ResourceType: "Case", ResourceID: c.ID})
}

// OpenFilter narrows the list of open cases that are offered.
type OpenFilter struct {
	UnitID    string           // and below; "" everywhere
	Of        published.Matter // of this kind and category; the zero value is all
	From, To  time.Time        // when it was asked; zero leaves the end open
	Page, Per int              // Page from 1
}

// OpenList lists the open cases that anybody may follow, newest first, and counts them. It is public.
func (s *Service) OpenList(ctx context.Context, f OpenFilter) ([]Offer, int, error) {
	rows, n, err := s.store.offered(ctx, s.DB.Read(), f, s.Cases.Today())
	out := make([]Offer, len(rows))
	for i, r := range rows {
		out[i] = r.offer()
	}
	return out, n, err
}
