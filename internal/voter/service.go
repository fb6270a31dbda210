package voter

import (
	"context"
	"embed"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "voter", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies are the rules of who may do what with voter meetings and petitions.
var Policies = identity.PolicyFile{Feature: "voter", Text: policyText}

// The actions that the policies speak of.
const (
	ActionRead    = "voter.read"
	ActionWork    = "voter.work"
	ActionAnswer  = "voter.answer"
	ActionReview  = "voter.review"
	ActionSpeaker = "voter.speaker"
)

// Sealer seals personal data; place binds the sealed text to its row. secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Posts begins a post of a unit that its editors go on with; the roof fills it with the publishing room.
type Posts interface {
	DraftPost(ctx context.Context, postID, unitID, title, lead, text string) error
}

// Words speaks Vietnamese in drafts and documents; i18n.Words implements it.
type Words interface {
	T(id string, args ...any) string
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Queue  *jobs.Queue
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Sealer Sealer
	Posts  Posts // nil: no drafts are begun for the channels
	Words  Words
}

// Service is the use cases of voter meetings and petitions.
type Service struct {
	Deps
	store store
}

// New makes the service and registers its background work.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.On(s.Queue, "voter.post", s.draftPost)
	return s
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Today is the Vietnamese day by the clock of the house.
func (s *Service) Today() clock.Date { return s.today() }

// Unit gives a unit as it stands today, or as it stood last; one with an empty name when it is unknown.
func (s *Service) Unit(unitID string) orgunit.Unit {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return orgunit.Unit{ID: unitID}
	}
	return u
}

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		if err := s.Authz.Check(actor, action, identity.InUnit("")); err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// may checks an action on something of a unit. Who may not even read it is told that there is none.
func (s *Service) may(actor identity.Actor, action, unitID string) error {
	err := s.Authz.Check(actor, action, identity.InUnit(unitID))
	if err != nil && actor.SignedIn() && s.Authz.Check(actor, ActionRead, identity.InUnit(unitID)) != nil {
		return fault.New(fault.NotFound, "voter.not_found")
	}
	return err
}

// Can tells whether the actor may do the action to things of the unit, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action, unitID string) bool {
	return s.Authz.Can(actor, action, identity.InUnit(unitID))
}

// record writes the event of an item or meeting and the audit line.
func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, unitID string, e Event) error {
	e.ID, e.At, e.ActorID, e.ActorName = id.New(), s.Clock.Now(), actor.ID, actor.Name
	if e.ItemID != "" || e.MeetingID != "" {
		if err := s.store.insert(ctx, tx, &e); err != nil {
			return err
		}
	}
	kind, res := "VoterItem", e.ItemID
	if res == "" {
		kind, res = "VoterMeeting", e.MeetingID
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: "voter." + e.Step, ResourceType: kind, ResourceID: res})
}

// like makes a pattern for LIKE from what somebody typed, without marks.
func like(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(vntext.Fold(text)) + "%"
}

// short checks a text of one line.
func short(field, text string, wanted bool) *fault.Error {
	switch n := vntext.Length(text); {
	case wanted && n == 0:
		return fault.Field(field, "voter.wanted")
	case n > maxShort:
		return fault.Field(field, "voter.too_long").With("Limit", maxShort)
	}
	return nil
}

// tidy makes a typed line one line of composed letters.
func tidy(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// tidyText keeps line breaks.
func tidyText(s string) string {
	var out []string
	for l := range strings.SplitSeq(vntext.NFC(strings.ReplaceAll(s, "\r\n", "\n")), "\n") {
		out = append(out, tidy(l))
	}
	return strings.Trim(strings.Join(out, "\n"), "\n ")
}

// keep collects the faults that are not nil.
func keep(bad *fault.Fields, list ...*fault.Error) {
	for _, e := range list {
		if e != nil {
			*bad = append(*bad, e)
		}
	}
}

// Rounds lists the rounds of the actor's units and those below, the latest first.
func (s *Service) Rounds(ctx context.Context, actor identity.Actor) ([]Round, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, err
	}
	return s.store.rounds(ctx, s.DB.Read(), roots, s.today())
}

// Round gives one round.
func (s *Service) Round(ctx context.Context, actor identity.Actor, roundID string) (Round, error) {
	r, err := s.store.round(ctx, s.DB.Read(), roundID)
	if err == nil {
		err = s.may(actor, ActionRead, r.UnitID)
	}
	if err != nil {
		return Round{}, err
	}
	return r, nil
}

// SaveRound opens a round (ID "") or changes its names, dates and lock.
func (s *Service) SaveRound(ctx context.Context, actor identity.Actor, r Round) (Round, error) {
	if r.ID != "" {
		old, err := s.store.round(ctx, s.DB.Read(), r.ID)
		if err != nil {
			return Round{}, err
		}
		r.UnitID, r.Level, r.CreatedAt, r.CreatedBy = old.UnitID, old.Level, old.CreatedAt, old.CreatedBy
	}
	if err := s.may(actor, ActionWork, r.UnitID); err != nil {
		return Round{}, err
	}
	r.Session, r.LockNote = tidy(r.Session), tidyText(r.LockNote)
	if err := r.check(); err != nil {
		return Round{}, err
	}
	fresh := r.ID == ""
	if fresh {
		r.ID, r.CreatedAt, r.CreatedBy = id.New(), s.Clock.Now(), actor.ID
	}
	return r, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		step := "round_change"
		write := s.store.update
		if fresh {
			step, write = "round_open", s.store.insert
		}
		if err := write(ctx, tx, &r); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: r.UnitID, Action: "voter." + step, ResourceType: "VoterRound", ResourceID: r.ID})
	})
}

func (r Round) check() error {
	var bad fault.Fields
	level, phase := false, false
	for _, l := range Levels() {
		level = level || l == r.Level
	}
	for _, p := range Phases() {
		phase = phase || p == r.Phase
	}
	if !level {
		bad = append(bad, fault.Field("level", "voter.wanted"))
	}
	if !phase {
		bad = append(bad, fault.Field("phase", "voter.wanted"))
	}
	keep(&bad, short("session", r.Session, true))
	if !r.SessionOn.Valid() {
		bad = append(bad, fault.Field("session_on", "voter.date_wanted"))
	}
	if r.LockOn != "" && !r.LockOn.Valid() {
		bad = append(bad, fault.Field("lock_on", "voter.date_wanted"))
	}
	if vntext.Length(r.LockNote) > 500 {
		bad = append(bad, fault.Field("lock_note", "voter.too_long").With("Limit", 500))
	}
	return bad.OrNil()
}

// MeetingFilter narrows the list of meetings. Per 0 is all of them.
type MeetingFilter struct {
	RoundID   string
	State     MeetingState
	Text      string
	Page, Per int
}

// MeetingRow is a meeting with the numbers of its items.
type MeetingRow struct {
	Meeting
	Items, Answered int
}

// Meetings lists the meetings of the actor's units and those below, the latest first, with how many there are.
func (s *Service) Meetings(ctx context.Context, actor identity.Actor, f MeetingFilter) ([]MeetingRow, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	list, n, err := s.store.meetings(ctx, s.DB.Read(), roots, s.today(), f)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.withCounts(ctx, list)
	return rows, n, err
}

func (s *Service) withCounts(ctx context.Context, list []Meeting) ([]MeetingRow, error) {
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	counts, err := s.store.counts(ctx, s.DB.Read(), ids)
	if err != nil {
		return nil, err
	}
	out := make([]MeetingRow, len(list))
	for i, m := range list {
		out[i].Meeting = m
		for state, n := range counts[m.ID] {
			out[i].Items += n
			if state == ItemAnswered || state == ItemProgress {
				out[i].Answered += n
			}
		}
	}
	return out, nil
}

// PlanMeeting opens a meeting (ID "") or changes what was planned, as long as the minutes are not finished.
func (s *Service) PlanMeeting(ctx context.Context, actor identity.Actor, m Meeting) (Meeting, error) {
	r, err := s.store.round(ctx, s.DB.Read(), m.RoundID)
	if m.ID != "" {
		var old Meeting
		if old, err = s.store.meeting(ctx, s.DB.Read(), m.ID); err == nil {
			r, err = s.store.round(ctx, s.DB.Read(), old.RoundID)
		}
	}
	if err != nil {
		return Meeting{}, err
	}
	if err := s.may(actor, ActionWork, r.UnitID); err != nil {
		return Meeting{}, err
	}
	m.Place, m.Delegates = tidy(m.Place), tidyText(m.Delegates)
	if err := s.checkMeeting(m, r); err != nil {
		return Meeting{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if m.ID == "" {
			m.ID, m.UnitID, m.State, m.Version, m.CreatedAt, m.CreatedBy = id.New(), r.UnitID, Planned, 1, s.Clock.Now(), actor.ID
			m.fold(s.Unit(m.PlaceUnitID), r)
			if err := s.store.insert(ctx, tx, &m); err != nil {
				return err
			}
			return s.record(ctx, tx, actor, m.UnitID, Event{MeetingID: m.ID, Step: "plan"})
		}
		old, err := s.store.lockMeeting(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		if old.State != Planned && old.State != Held {
			return fault.New(fault.Conflict, "voter.meeting.minutes_done")
		}
		old.PlaceUnitID, old.Place, old.StartsAt, old.Delegates, old.Published = m.PlaceUnitID, m.Place, m.StartsAt, m.Delegates, m.Published
		old.fold(s.Unit(m.PlaceUnitID), r)
		old.Version++
		m = old
		if err := s.store.update(ctx, tx, &m); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, m.UnitID, Event{MeetingID: m.ID, Step: "replan"})
	})
	return m, err
}

// fold writes the words by which a meeting is found.
func (m *Meeting) fold(place orgunit.Unit, r Round) {
	m.Search = vntext.Fold(strings.Join([]string{m.Place, place.FullName, m.Delegates, r.Session}, " "))
}

func (s *Service) checkMeeting(m Meeting, r Round) error {
	var bad fault.Fields
	if m.PlaceUnitID == "" || s.Unit(m.PlaceUnitID).Name == "" {
		bad = append(bad, fault.Field("place_unit_id", "voter.wanted"))
	} else if host := s.host(r.UnitID); !s.Forest().Under(m.PlaceUnitID, host, s.today()) {
		bad = append(bad, fault.Field("place_unit_id", "voter.meeting.place_outside"))
	}
	keep(&bad, short("place", m.Place, true))
	if m.StartsAt.IsZero() {
		bad = append(bad, fault.Field("starts_at", "voter.date_wanted"))
	}
	switch n := vntext.Length(m.Delegates); {
	case n == 0:
		bad = append(bad, fault.Field("delegates", "voter.wanted"))
	case n > 2000:
		bad = append(bad, fault.Field("delegates", "voter.too_long").With("Limit", 2000))
	}
	return bad.OrNil()
}

// host is the unit of the Front beside which a unit stands: itself, or for an agency (a delegation, a council) the unit above.
func (s *Service) host(unitID string) string {
	if u := s.Unit(unitID); u.Kind == orgunit.KindAgency && u.ParentID != "" {
		return u.ParentID
	}
	return unitID
}

// Places lists the units whose voters a unit can meet: itself and everything of the Front below it.
func (s *Service) Places(unitID string) []orgunit.Unit {
	host := s.host(unitID)
	f, on := s.Forest(), s.today()
	var out []orgunit.Unit
	if u := s.Unit(host); u.Name != "" {
		out = append(out, u)
	}
	if s.Unit(host).Level == orgunit.LevelProvince {
		return append(out, f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, host, on)...)
	}
	return append(out, f.AtLevel(orgunit.LevelArea, orgunit.KindFront, host, on)...)
}

// Bodies lists who may be competent for petitions of a unit: the agencies beside it, and those of the units above.
func (s *Service) Bodies(unitID string) []orgunit.Unit {
	host := s.host(unitID)
	f, on := s.Forest(), s.today()
	var out []orgunit.Unit
	for _, up := range append([]string{host}, f.AncestorIDs(host, on)...) {
		for _, u := range f.Children(up, on) {
			if u.Kind == orgunit.KindAgency && u.ID != unitID {
				out = append(out, u)
			}
		}
	}
	if s.Unit(host).Level == orgunit.LevelProvince { // a province asks the communes too
		for _, c := range f.AtLevel(orgunit.LevelCommune, orgunit.KindAgency, host, on) {
			if c.Type == "UBND" {
				out = append(out, c)
			}
		}
	}
	return out
}

// BodiesFor lists who is usually competent for what is said at a place: Bodies, of the communes only that of the place. A
// province has hundreds of communes, whose names would fill every form.
func (s *Service) BodiesFor(unitID, placeUnitID string) []orgunit.Unit {
	near := map[string]bool{placeUnitID: true}
	for _, up := range s.Forest().AncestorIDs(placeUnitID, s.today()) {
		near[up] = true
	}
	var out []orgunit.Unit
	for _, u := range s.Bodies(unitID) {
		if u.Level != orgunit.LevelCommune || near[u.ParentID] || s.host(unitID) == u.ParentID {
			out = append(out, u)
		}
	}
	return out
}

// Hold writes down that a meeting took place: who led it, who wrote, how many came, what was said beside the petitions.
func (s *Service) Hold(ctx context.Context, actor identity.Actor, meetingID string, h Meeting) (Meeting, error) {
	var m Meeting
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if m, err = s.workOn(ctx, tx, actor, meetingID); err != nil {
			return err
		}
		if m.State != Planned && m.State != Held {
			return fault.New(fault.Conflict, "voter.meeting.minutes_done")
		}
		var bad fault.Fields
		if m.StartsAt.After(s.Clock.Now()) {
			bad = append(bad, fault.Field("attendance", "voter.meeting.not_yet").With("Date", clock.DateOf(m.StartsAt).Vietnamese()))
		}
		if h.Attendance < 1 || h.Attendance > 100_000 {
			bad = append(bad, fault.Field("attendance", "voter.meeting.attendance"))
		}
		m.Attendance, m.Chair, m.Clerk, m.Summary = h.Attendance, tidy(h.Chair), tidy(h.Clerk), tidyText(h.Summary)
		keep(&bad, short("chair", m.Chair, false), short("clerk", m.Clerk, false))
		if vntext.Length(m.Summary) > maxSummary {
			bad = append(bad, fault.Field("summary", "voter.too_long").With("Limit", maxSummary))
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		m.State = Held
		m.Version++
		if err := s.store.update(ctx, tx, &m); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, m.UnitID, Event{MeetingID: m.ID, Step: "hold"})
	})
	return m, err
}

// workOn locks a meeting that the actor may work on.
func (s *Service) workOn(ctx context.Context, tx db.Tx, actor identity.Actor, meetingID string) (Meeting, error) {
	m, err := s.store.lockMeeting(ctx, tx, meetingID)
	if err == nil {
		err = s.may(actor, ActionWork, m.UnitID)
	}
	return m, err
}

// FinishMinutes closes the minutes: from now on items are classified, merged and sent. It wants at least one item.
func (s *Service) FinishMinutes(ctx context.Context, actor identity.Actor, meetingID string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.workOn(ctx, tx, actor, meetingID)
		if err != nil {
			return err
		}
		if m.State != Held {
			return fault.New(fault.Conflict, "voter.meeting.not_held")
		}
		list, err := s.store.itemsOf(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.Fields{fault.Field("items", "voter.meeting.no_items")}
		}
		m.State = Minuted
		m.Version++
		if err := s.store.update(ctx, tx, &m); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, m.UnitID, Event{MeetingID: m.ID, Step: "finish"})
	})
}

// Dossier is a meeting with everything that belongs to it.
type Dossier struct {
	Meeting
	Round  Round
	Items  []ItemView
	Events []Event
}

// ItemView is an item with what answers it.
type ItemView struct {
	Item
	Head   *Item    // the item that answers this one, when it is merged
	Answer *Answer  // the approved answer that holds, its own or the head's
	Wait   *Answer  // the answer that waits for review
	Also   []Item   // items merged into this one
	Times  int      // in how many rounds it was raised
	Meet   *Meeting // for lists over several meetings
}

// Effective is the state that the voters see: that of the item which answers this one.
func (v ItemView) Effective() ItemState {
	if v.Head != nil {
		return v.Head.State
	}
	return v.State
}

// Meeting gives the dossier of one meeting.
func (s *Service) Meeting(ctx context.Context, actor identity.Actor, meetingID string) (Dossier, error) {
	m, err := s.store.meeting(ctx, s.DB.Read(), meetingID)
	if err == nil {
		err = s.may(actor, ActionRead, m.UnitID)
	}
	if err != nil {
		return Dossier{}, err
	}
	return s.dossier(ctx, m)
}

func (s *Service) dossier(ctx context.Context, m Meeting) (Dossier, error) {
	d := Dossier{Meeting: m}
	var err error
	if d.Round, err = s.store.round(ctx, s.DB.Read(), m.RoundID); err != nil {
		return d, err
	}
	list, err := s.store.itemsOf(ctx, s.DB.Read(), m.ID)
	if err != nil {
		return d, err
	}
	if d.Items, err = s.views(ctx, list); err != nil {
		return d, err
	}
	d.Events, err = s.store.events(ctx, s.DB.Read(), "", m.ID)
	return d, err
}

// views gathers what answers the items.
func (s *Service) views(ctx context.Context, list []Item) ([]ItemView, error) {
	q := s.DB.Read()
	var heads, all []string
	for _, x := range list {
		all = append(all, x.ID)
		if x.MergedInto != "" {
			heads = append(heads, x.MergedInto)
		}
	}
	headItems, err := s.store.itemsByID(ctx, q, heads)
	if err != nil {
		return nil, err
	}
	also, err := s.store.mergedInto(ctx, q, append(append([]string{}, all...), heads...)...)
	if err != nil {
		return nil, err
	}
	answers, err := s.store.answersOf(ctx, q, append(all, heads...)...)
	if err != nil {
		return nil, err
	}
	byID := map[string]*Item{}
	for i := range headItems {
		byID[headItems[i].ID] = &headItems[i]
	}
	out := make([]ItemView, len(list))
	for i, x := range list {
		v := ItemView{Item: x}
		head := x
		if x.MergedInto != "" {
			if v.Head = byID[x.MergedInto]; v.Head != nil {
				head = *v.Head
			}
		}
		rounds := map[string]bool{head.RoundID: true}
		for _, y := range also {
			if y.MergedInto != head.ID {
				continue
			}
			rounds[y.RoundID] = true
			if x.MergedInto == "" {
				v.Also = append(v.Also, y)
			}
		}
		v.Times = len(rounds)
		for n := range answers {
			a := &answers[n]
			if a.ItemID == head.ID && a.ID == head.AnswerID {
				v.Answer = a
			}
			if a.ItemID == head.ID && a.State == AnswerReview {
				v.Wait = a
			}
		}
		out[i] = v
	}
	return out, nil
}
