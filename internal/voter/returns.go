package voter

import (
	"context"
	"regexp"
	"sort"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// MeetingReturned says that the voters of a meeting are told what came of their petitions.
type MeetingReturned struct {
	MeetingID   string
	UnitID      string
	PlaceUnitID string
}

// Kind names the event.
func (MeetingReturned) Kind() string { return "voter.meeting_returned" }

// News tells how many items of a meeting have an answer that its voters were not told yet.
func (d Dossier) News() int {
	n := 0
	for _, v := range d.Items {
		if v.Answer != nil && v.Answer.DecidedAt.After(d.ReturnedAt) {
			n++
		}
	}
	return n
}

// MayReturn tells whether the answers of a meeting can be carried back now: all items have one, or, after the first time,
// there is something new to tell.
func (d Dossier) MayReturn() bool {
	return d.State == Answered || (d.State == Returned && d.News() > 0)
}

// Return carries the answers back to the voters of a meeting: they stand on the public page, and a draft for the channels of
// the commune is begun. The slip for the notice board and the text for the loudspeaker are made from the same dossier.
func (s *Service) Return(ctx context.Context, actor identity.Actor, meetingID string) error {
	d, err := s.Meeting(ctx, actor, meetingID)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionWork, d.UnitID); err != nil {
		return err
	}
	if !d.MayReturn() {
		return fault.New(fault.Conflict, "voter.meeting.not_answered")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.workOn(ctx, tx, actor, meetingID)
		if err != nil {
			return err
		}
		if m.Version != d.Version {
			return fault.New(fault.Conflict, "voter.changed_meanwhile")
		}
		m.State, m.Published, m.ReturnedAt, m.ReturnedBy, m.PostID = Returned, true, s.Clock.Now(), actor.ID, ""
		m.Version++
		if err := s.store.update(ctx, tx, &m); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor, m.UnitID, Event{MeetingID: m.ID, Step: "return"}); err != nil {
			return err
		}
		return s.Queue.Publish(ctx, tx, MeetingReturned{MeetingID: m.ID, UnitID: m.UnitID, PlaceUnitID: m.PlaceUnitID})
	})
}

// draftPost begins the post that tells the voters of the place, once for each return: its id comes from the return, so that a
// process that dies in between begins no second one.
func (s *Service) draftPost(ctx context.Context, e MeetingReturned) error {
	m, err := s.store.meeting(ctx, s.DB.Read(), e.MeetingID)
	if err != nil || m.PostID != "" || s.Posts == nil {
		return err
	}
	d, err := s.dossier(ctx, m)
	if err != nil {
		return err
	}
	title, lead, text := s.Tell(d)
	post := id.Of(m.ReturnedAt, "voter.post "+m.ID)
	if err := s.Posts.DraftPost(ctx, post, s.speakerUnit(m), title, lead, text); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.store.lockMeeting(ctx, tx, e.MeetingID)
		if err != nil || m.PostID != "" {
			return err
		}
		m.PostID = post
		return s.store.update(ctx, tx, &m)
	})
}

// speakerUnit is the unit that speaks to the voters of a meeting: the commune of the place, or the organiser's own.
func (s *Service) speakerUnit(m Meeting) string {
	on := s.today()
	for _, up := range append([]string{m.PlaceUnitID}, s.Forest().AncestorIDs(m.PlaceUnitID, on)...) {
		if u := s.Unit(up); u.Level == orgunit.LevelCommune && u.Kind == orgunit.KindFront {
			return u.ID
		}
	}
	return s.host(m.UnitID)
}

// Tell writes what the voters of a meeting are told, as title, lead and plain paragraphs: for a post, and to be read aloud.
func (s *Service) Tell(d Dossier) (title, lead, text string) {
	date := clock.DateOf(d.StartsAt).Vietnamese()
	title = s.Words.T("voter.tell.title", "Place", vntext.LowerFirst(s.Unit(d.PlaceUnitID).FullName), "Date", date)
	done := 0
	var lines []string
	for _, v := range d.Items {
		if v.Answer == nil {
			continue
		}
		if v.Answer.Kind.Closes() {
			done++
		}
		head := v.head()
		lines = append(lines, s.Words.T("voter.tell.asked", "N", v.N, "Text", vntext.Truncate(Masked(v.Text), 600)),
			s.Words.T("voter.tell.answered", "Body", s.Unit(head.BodyUnitID).FullName, "Kind", s.KindText(*v.Answer), "Text", vntext.Truncate(Masked(v.Answer.Text), 1200)))
	}
	lead = s.Words.T("voter.tell.lead", "Count", len(d.Items), "Done", done, "Open", len(d.Items)-done)
	return vntext.Truncate(title, 140), lead, strings.Join(lines, "\n")
}

// KindText says what an answer amounts to, with its day or where it was passed on to.
func (s *Service) KindText(a Answer) string {
	return s.Words.T("voter.kind_long."+string(a.Kind), "Due", a.DueOn.Vietnamese(), "To", a.ForwardedTo)
}

// digits finds runs of nine or more figures, however they are grouped: telephone, identity card and account numbers.
var digits = regexp.MustCompile(`\+?\d(?:[ .\-]?\d){8,}`)

// Masked hides numbers of persons in a text that the public reads.
func Masked(text string) string {
	return digits.ReplaceAllStringFunc(text, func(m string) string {
		tail := m[len(m)-3:]
		if strings.ContainsAny(tail, " .-") {
			tail = "•••"
		}
		return "•••••• " + tail
	})
}

// Report is the figures and items of a round, or of the voters of one place since the last meetings.
type Report struct {
	Round    Round
	Unit     orgunit.Unit
	Meetings []MeetingRow
	Voters   int // who came, together
	Items    []ItemView
	Before   []ItemView // of earlier rounds, still not done or answered since
	ByField  []Line
	ByBody   []Line
	Sum      Line
}

// Line counts the items of a field or a body.
type Line struct {
	Key         string // field, or unit id
	Name        string // of the body
	All         int
	Merged      int // the same as another item, counted with it as well
	Done        int // answered for good
	InProgress  int // being handled or passed on
	Outstanding int // no answer yet
}

func (l *Line) add(v ItemView) {
	l.All++
	if v.Head != nil {
		l.Merged++
	}
	switch v.Effective() {
	case ItemAnswered:
		l.Done++
	case ItemProgress:
		l.InProgress++
	case ItemReview, ItemSent, ItemNew, ItemClassified, ItemMerged:
		if v.Answer != nil { // a second answer is on its way
			l.InProgress++
		} else {
			l.Outstanding++
		}
	}
}

// RoundReport gathers a round for the session: by field, by body, answered, being handled, outstanding, and what is left of
// earlier rounds.
func (s *Service) RoundReport(ctx context.Context, actor identity.Actor, roundID string) (Report, error) {
	r, err := s.Round(ctx, actor, roundID)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Round: r, Unit: s.Unit(r.UnitID)}
	meetings, err := s.store.meetingsOf(ctx, s.DB.Read(), r.ID)
	if err != nil {
		return rep, err
	}
	if rep.Meetings, err = s.withCounts(ctx, meetings); err != nil {
		return rep, err
	}
	for _, m := range meetings {
		rep.Voters += m.Attendance
	}
	items, err := s.store.itemsOfRound(ctx, s.DB.Read(), r.ID)
	if err != nil {
		return rep, err
	}
	if rep.Items, err = s.views(ctx, items); err != nil {
		return rep, err
	}
	rep.count(s)
	rep.Before, err = s.before(ctx, r)
	return rep, err
}

// count fills the tables of a report.
func (r *Report) count(s *Service) {
	fields, bodies := map[string]*Line{}, map[string]*Line{}
	for _, v := range r.Items {
		head := v.head()
		r.Sum.add(v)
		if fields[head.Field] == nil {
			fields[head.Field] = &Line{Key: head.Field}
		}
		fields[head.Field].add(v)
		if bodies[head.BodyUnitID] == nil {
			bodies[head.BodyUnitID] = &Line{Key: head.BodyUnitID, Name: s.Unit(head.BodyUnitID).FullName}
		}
		bodies[head.BodyUnitID].add(v)
	}
	for _, f := range append(Fields(), "") {
		if l := fields[f]; l != nil {
			r.ByField = append(r.ByField, *l)
		}
	}
	for _, l := range bodies {
		r.ByBody = append(r.ByBody, *l)
	}
	sort.Slice(r.ByBody, func(i, j int) bool {
		if r.ByBody[i].All != r.ByBody[j].All {
			return r.ByBody[i].All > r.ByBody[j].All
		}
		return vntext.Compare(r.ByBody[i].Name, r.ByBody[j].Name) < 0
	})
}

// before lists the items of earlier rounds of the same unit that are not done.
func (s *Service) before(ctx context.Context, r Round) ([]ItemView, error) {
	list, err := s.Outstanding(ctx, identity.System("voter"), r.UnitID)
	if err != nil {
		return nil, err
	}
	var out []ItemView
	for _, v := range list {
		if v.Sessions > 1 && v.Round.SessionOn < r.SessionOn {
			out = append(out, v.ItemView)
		}
	}
	return out, nil
}

// OutstandingItem is an item that is not done, with over how many sessions.
type OutstandingItem struct {
	ItemView
	Round    Round
	Sessions int // sessions for which rounds were opened since it was raised, its own included
}

// Outstanding lists the items of a unit that were sent and are not answered for good, the oldest first. The list of those
// outstanding over several sessions is the part with Sessions > 1.
func (s *Service) Outstanding(ctx context.Context, actor identity.Actor, unitID string) ([]OutstandingItem, error) {
	if actor.Kind != identity.ActorSystem {
		if err := s.may(actor, ActionRead, unitID); err != nil {
			return nil, err
		}
	}
	q := s.DB.Read()
	items, _, err := s.store.items(ctx, q, []string{unitID}, s.today(), ItemFilter{Outstanding: true})
	if err != nil {
		return nil, err
	}
	rounds, err := s.store.roundsOf(ctx, q, unitID)
	if err != nil {
		return nil, err
	}
	byID := map[string]Round{}
	for _, r := range rounds {
		byID[r.ID] = r
	}
	views, err := s.views(ctx, items)
	if err != nil {
		return nil, err
	}
	var out []OutstandingItem
	for _, v := range views {
		r, ok := byID[v.RoundID]
		if !ok {
			continue // of a unit below, which has its own list
		}
		o := OutstandingItem{ItemView: v, Round: r}
		sessions := map[clock.Date]bool{}
		for _, later := range rounds {
			if later.ID == r.ID || (later.Level == r.Level && later.SessionOn >= r.SessionOn && later.CreatedAt.After(v.CreatedAt)) {
				sessions[later.SessionOn] = true
			}
		}
		o.Sessions = max(len(sessions), v.Times)
		out = append(out, o)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out, nil
}

// Opening gathers what voters of a place are told when the next meeting with them opens: what they raised at earlier meetings
// and what came of it. It looks back at the meetings of the round before, and at what was not done since.
func (s *Service) Opening(ctx context.Context, actor identity.Actor, meetingID string) (Report, error) {
	d, err := s.Meeting(ctx, actor, meetingID)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Round: d.Round, Unit: s.Unit(d.UnitID)}
	on := s.today()
	places := append([]string{d.PlaceUnitID}, s.Forest().Subtree(d.PlaceUnitID, on)...)
	earlier, err := s.store.meetingsBefore(ctx, s.DB.Read(), d.UnitID, places, d.StartsAt, 12)
	if err != nil {
		return rep, err
	}
	var told, older []string
	last := ""
	for _, m := range earlier {
		if m.State == Planned || m.RoundID == d.RoundID {
			continue
		}
		if last == "" {
			last = m.RoundID
		}
		if m.RoundID == last {
			told = append(told, m.ID)
			rep.Voters += m.Attendance
			rep.Meetings = append(rep.Meetings, MeetingRow{Meeting: m})
		} else {
			older = append(older, m.ID)
		}
	}
	items, err := s.store.itemsOf(ctx, s.DB.Read(), told...)
	if err != nil {
		return rep, err
	}
	if rep.Items, err = s.views(ctx, items); err != nil {
		return rep, err
	}
	rep.count(s)
	old, err := s.store.itemsOf(ctx, s.DB.Read(), older...)
	if err != nil {
		return rep, err
	}
	views, err := s.views(ctx, old)
	if err != nil {
		return rep, err
	}
	for _, v := range views {
		if v.Effective().Open() || (v.Answer != nil && len(rep.Meetings) > 0 && v.Answer.DecidedAt.After(rep.Meetings[0].StartsAt)) {
			rep.Before = append(rep.Before, v)
		}
	}
	return rep, nil
}

// PublicMeetings lists the published meetings of a unit and those below, newest first, found without marks.
func (s *Service) PublicMeetings(ctx context.Context, unitID, text string, page, per int) ([]MeetingRow, int, error) {
	list, n, err := s.store.publicMeetings(ctx, s.DB.Read(), []string{unitID}, s.today(), text, page, per)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.withCounts(ctx, list)
	return rows, n, err
}

// PublicMeeting is what everybody may read of a published meeting: after the answers were carried back its items with their
// answers, before that only when and where. Names of voters never leave, unless a voter agreed.
func (s *Service) PublicMeeting(ctx context.Context, meetingID string) (Dossier, error) {
	m, err := s.store.meeting(ctx, s.DB.Read(), meetingID)
	if err != nil {
		return Dossier{}, err
	}
	if !m.Published {
		return Dossier{}, fault.New(fault.NotFound, "voter.not_found")
	}
	d, err := s.dossier(ctx, m)
	if err != nil {
		return Dossier{}, err
	}
	d.Events = nil
	if m.State != Returned {
		d.Items = nil
	}
	if err := s.asTold(ctx, &d); err != nil {
		return Dossier{}, err
	}
	for i := range d.Items {
		v := &d.Items[i]
		v.Speaker, v.Wait, v.Also = "", nil, nil
		v.Text = Masked(v.Text)
		if v.Answer != nil {
			a := *v.Answer
			a.Text, a.AuthorID, a.AuthorName, a.DeciderID, a.DeciderName, a.Reason = Masked(a.Text), "", "", "", "", ""
			v.Answer = &a
		}
	}
	return d, nil
}

// asTold puts into a dossier the answers as the voters were told them, not what was approved since.
func (s *Service) asTold(ctx context.Context, d *Dossier) error {
	var heads []string
	for _, v := range d.Items {
		heads = append(heads, v.head().ID)
	}
	answers, err := s.store.answersOf(ctx, s.DB.Read(), heads...)
	if err != nil {
		return err
	}
	for i := range d.Items {
		v := &d.Items[i]
		v.Answer = nil
		for n, a := range answers { // oldest first
			if a.ItemID == v.head().ID && a.State == AnswerApproved && !a.DecidedAt.After(d.ReturnedAt) {
				v.Answer = &answers[n]
			}
		}
	}
	return nil
}

// head is the item that answers: itself, or the one it was merged into.
func (v ItemView) head() Item {
	if v.Head != nil {
		return *v.Head
	}
	return v.Item
}

// Competent is the unit that must answer: of the item that answers this one.
func (v ItemView) Competent() string { return v.head().BodyUnitID }

// PublicItems finds items of returned meetings of a unit and those below by their words, at most 30.
func (s *Service) PublicItems(ctx context.Context, unitID, text string) ([]ItemView, error) {
	list, _, err := s.store.publicMeetings(ctx, s.DB.Read(), []string{unitID}, s.today(), "", 1, 500)
	if err != nil {
		return nil, err
	}
	meets := map[string]*Meeting{}
	var ids []string
	for i, m := range list {
		if m.State == Returned {
			ids = append(ids, m.ID)
			meets[m.ID] = &list[i]
		}
	}
	items, err := s.store.publicItems(ctx, s.DB.Read(), ids, text, 30)
	if err != nil {
		return nil, err
	}
	for i := range items {
		items[i].Text, items[i].Speaker = Masked(items[i].Text), ""
	}
	views, err := s.views(ctx, items)
	for i := range views {
		views[i].Meet, views[i].Wait, views[i].Also = meets[views[i].MeetingID], nil, nil
	}
	return views, err
}
