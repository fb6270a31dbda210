package voter

import (
	"context"
	"sort"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// NewItem is one petition as it is written down.
type NewItem struct {
	Text       string
	Field      string
	BodyUnitID string
	Speaker    string // "" when nobody is named
	Consent    bool   // the speaker agreed to be named in public
}

// speakerPlace binds a sealed name to its row.
func speakerPlace(itemID string) string { return "voter_item:" + itemID }

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "voter_item", Key: "id", Column: "speaker", Place: speakerPlace}}
}

// HasSpeaker tells whether the name of who spoke is kept, sealed.
func (x Item) HasSpeaker() bool { return x.Speaker != "" }

// check says what is wrong with a petition; field names carry the prefix.
func (n NewItem) check(bodies map[string]bool) error {
	var bad fault.Fields
	switch l := vntext.Length(n.Text); {
	case l < 10:
		bad = append(bad, fault.Field("text", "voter.item.text_wanted"))
	case l > maxItem:
		bad = append(bad, fault.Field("text", "voter.too_long").With("Limit", maxItem))
	}
	if n.Field != "" && !validField(n.Field) {
		bad = append(bad, fault.Field("field", "voter.item.field_unknown"))
	}
	if n.BodyUnitID != "" && !bodies[n.BodyUnitID] {
		bad = append(bad, fault.Field("body", "voter.item.body_unknown"))
	}
	keep(&bad, short("speaker", n.Speaker, false))
	return bad.OrNil()
}

func (s *Service) bodySet(unitID string) map[string]bool {
	out := map[string]bool{}
	for _, u := range s.Bodies(unitID) {
		out[u.ID] = true
	}
	return out
}

// fill writes a petition into an item, sealing the speaker.
func (s *Service) fill(x *Item, n NewItem) error {
	x.Text, x.Field, x.BodyUnitID = n.Text, n.Field, n.BodyUnitID
	x.Search = vntext.Fold(x.Code + " " + n.Text)
	x.Speaker, x.SpeakerPublic = "", ""
	if n.Speaker != "" {
		if n.Consent {
			x.SpeakerPublic = n.Speaker
		}
		var err error
		if x.Speaker, err = s.Sealer.Seal([]byte(n.Speaker), speakerPlace(x.ID)); err != nil {
			return err
		}
	}
	x.State = ItemNew
	if x.Field != "" && x.BodyUnitID != "" {
		x.State = ItemClassified
	}
	return nil
}

func (n NewItem) tidy() NewItem {
	n.Text, n.Speaker = tidyText(n.Text), tidy(n.Speaker)
	return n
}

// AddItems writes petitions into the minutes of a meeting that was held, all or none. A refusal of one of several names its
// row: fields are then "text.3", "body.3".
func (s *Service) AddItems(ctx context.Context, actor identity.Actor, meetingID string, list []NewItem, source Source) ([]Item, error) {
	var out []Item
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.workOn(ctx, tx, actor, meetingID)
		if err != nil {
			return err
		}
		if m.State != Held {
			return fault.New(fault.Conflict, "voter.meeting.not_open")
		}
		r, err := s.store.round(ctx, tx, m.RoundID)
		if err != nil {
			return err
		}
		if r.Locked(s.today()) {
			return r.errLocked()
		}
		have, err := s.store.itemsOf(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.Fields{fault.Field("text", "voter.item.none")}
		}
		if len(have)+len(list) > maxItems {
			return fault.Fields{fault.Field("text", "voter.item.too_many").With("Limit", maxItems)}
		}
		if err := s.checkAll(list, m.UnitID); err != nil {
			return err
		}
		year := s.Clock.Now().Year()
		first, err := s.store.take(ctx, tx, year, len(list))
		if err != nil {
			return err
		}
		n := 0
		for _, x := range have {
			n = max(n, x.N)
		}
		for i, w := range list {
			x := Item{ID: id.New(), Code: code(year, first+i), UnitID: m.UnitID, RoundID: m.RoundID, MeetingID: m.ID, N: n + 1 + i, Source: source, CreatedAt: s.Clock.Now(), CreatedBy: actor.ID, Version: 1}
			if err := s.fill(&x, w.tidy()); err != nil {
				return err
			}
			if err := s.store.insert(ctx, tx, &x); err != nil {
				return err
			}
			if err := s.record(ctx, tx, actor, m.UnitID, Event{ItemID: x.ID, Step: "add"}); err != nil {
				return err
			}
			out = append(out, x)
		}
		return nil
	})
	return out, err
}

// code is the number by which an item is known on paper.
func code(year, n int) string {
	text := strconv.Itoa(n)
	return "KN-" + strconv.Itoa(year%100) + "-" + strings.Repeat("0", max(0, 5-len(text))) + text
}

// checkAll checks a list; with more than one the field of a fault carries its row, from 1.
func (s *Service) checkAll(list []NewItem, unitID string) error {
	bodies := s.bodySet(unitID)
	var bad fault.Fields
	for i, w := range list {
		err := w.tidy().check(bodies)
		faults, ok := err.(fault.Fields)
		if err != nil && !ok {
			return err
		}
		for _, f := range faults {
			if len(list) > 1 {
				f.Field += "." + strconv.Itoa(i+1)
			}
			bad = append(bad, f)
		}
	}
	return bad.OrNil()
}

// change takes one step of an item in a transaction: locked, allowed in its unit, possible in its state, written down.
func (s *Service) change(ctx context.Context, actor identity.Actor, action, itemID string, step Step, note string, fn func(ctx context.Context, tx db.Tx, x *Item) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		x, err := s.store.lockItem(ctx, tx, itemID)
		if err != nil {
			return err
		}
		if err := s.mayItem(actor, action, x); err != nil {
			return err
		}
		if err := x.State.May(step); err != nil {
			return err
		}
		if err := fn(ctx, tx, &x); err != nil {
			return err
		}
		x.Version++
		if err := s.store.update(ctx, tx, &x); err != nil {
			return err
		}
		if err := s.record(ctx, tx, actor, x.UnitID, Event{ItemID: x.ID, Step: string(step), Note: note}); err != nil {
			return err
		}
		return s.settle(ctx, tx, x)
	})
}

// mayItem checks an action on an item. Answering and reading are open to the body that was asked, once it was asked.
func (s *Service) mayItem(actor identity.Actor, action string, x Item) error {
	if (action == ActionAnswer || action == ActionRead) && x.LetterID != "" && x.BodyUnitID != "" && s.Authz.Check(actor, action, identity.InUnit(x.BodyUnitID)) == nil {
		return nil
	}
	return s.may(actor, action, x.UnitID)
}

// settle lets the meetings of an item, and of those merged into it, follow its state.
func (s *Service) settle(ctx context.Context, tx db.Tx, x Item) error {
	also, err := s.store.mergedInto(ctx, tx, x.ID)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, y := range append(also, x) {
		if seen[y.MeetingID] {
			continue
		}
		seen[y.MeetingID] = true
		if err := s.settleMeeting(ctx, tx, y.MeetingID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) settleMeeting(ctx context.Context, tx db.Tx, meetingID string) error {
	m, err := s.store.lockMeeting(ctx, tx, meetingID)
	if err != nil {
		return err
	}
	list, err := s.store.itemsOf(ctx, tx, meetingID)
	if err != nil {
		return err
	}
	var heads []string
	for _, x := range list {
		if x.MergedInto != "" {
			heads = append(heads, x.MergedInto)
		}
	}
	of, err := s.store.itemsByID(ctx, tx, heads)
	if err != nil {
		return err
	}
	states := make([]ItemState, len(list))
	for i, x := range list {
		states[i] = x.State
		for _, h := range of {
			if h.ID == x.MergedInto {
				states[i] = h.State
			}
		}
	}
	next := meetingState(m.State, states)
	if next == m.State {
		return nil
	}
	m.State = next
	m.Version++
	return s.store.update(ctx, tx, &m)
}

// EditItem changes the words, the speaker and the sorting of an item that was not sent yet. version is the one the actor saw.
// While it was not finished the lock of the round holds for changes too.
func (s *Service) EditItem(ctx context.Context, actor identity.Actor, itemID string, version int, n NewItem, keepSpeaker bool) error {
	n = n.tidy()
	return s.change(ctx, actor, ActionWork, itemID, StepWrite, "", func(ctx context.Context, tx db.Tx, x *Item) error {
		if x.Version != version {
			return fault.New(fault.Conflict, "voter.changed_meanwhile")
		}
		if err := n.check(s.bodySet(x.UnitID)); err != nil {
			return err
		}
		old, public := x.Speaker, x.SpeakerPublic
		if err := s.fill(x, n); err != nil {
			return err
		}
		if keepSpeaker {
			x.Speaker, x.SpeakerPublic = old, public
		}
		return nil
	})
}

// DropItem takes an item out of minutes that are not finished.
func (s *Service) DropItem(ctx context.Context, actor identity.Actor, itemID string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		x, err := s.store.lockItem(ctx, tx, itemID)
		if err != nil {
			return err
		}
		m, err := s.workOn(ctx, tx, actor, x.MeetingID)
		if err != nil {
			return err
		}
		if err := x.State.May(StepDrop); err != nil {
			return err
		}
		if m.State != Held {
			return fault.New(fault.Conflict, "voter.meeting.minutes_done")
		}
		also, err := s.store.mergedInto(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		if len(also) > 0 {
			return fault.New(fault.Conflict, "voter.item.has_merged")
		}
		if _, err := tx.NewDelete().Model(&x).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, x.UnitID, Event{MeetingID: m.ID, Step: string(StepDrop), Note: x.Code})
	})
}

// Classify decides field and competent body of an item. An item that is being handled, or was passed on, can be given to
// another body: it is then sent anew.
func (s *Service) Classify(ctx context.Context, actor identity.Actor, itemID, field, bodyUnitID string) error {
	var bad fault.Fields
	if !validField(field) {
		bad = append(bad, fault.Field("field", "voter.item.field_wanted"))
	}
	if bodyUnitID == "" {
		bad = append(bad, fault.Field("body", "voter.item.body_wanted"))
	}
	return s.change(ctx, actor, ActionWork, itemID, StepClassify, s.Unit(bodyUnitID).FullName, func(_ context.Context, _ db.Tx, x *Item) error {
		if bodyUnitID != "" && !s.bodySet(x.UnitID)[bodyUnitID] {
			bad = append(bad, fault.Field("body", "voter.item.body_unknown"))
		}
		if len(bad) > 0 {
			return bad
		}
		if x.State == ItemProgress && x.BodyUnitID == bodyUnitID { // only the field is put right
			x.Field = field
			return nil
		}
		x.Field, x.BodyUnitID, x.State, x.LetterID = field, bodyUnitID, ItemClassified, ""
		return nil
	})
}

// Match is an item that another may be the same as.
type Match struct {
	ItemView
	Likeness float64 // 0 … 1, see vntext.Similarity
}

// minLike is from where on two items are shown side by side.
const minLike = 0.35

// Similar lists the items of the unit that an item may be the same as, most alike first, at most eight.
func (s *Service) Similar(ctx context.Context, actor identity.Actor, itemID string) ([]Match, error) {
	x, err := s.store.item(ctx, s.DB.Read(), itemID)
	if err == nil {
		err = s.may(actor, ActionRead, x.UnitID)
	}
	if err != nil {
		return nil, err
	}
	list, err := s.store.alike(ctx, s.DB.Read(), x, 3000)
	if err != nil {
		return nil, err
	}
	var found []Match
	for _, y := range list {
		if l := vntext.Similarity(x.Text, y.Text); l >= minLike {
			found = append(found, Match{ItemView: ItemView{Item: y}, Likeness: l})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Likeness > found[j].Likeness })
	found = found[:min(len(found), 8)]
	plain := make([]Item, len(found))
	for i, m := range found {
		plain[i] = m.Item
	}
	views, err := s.views(ctx, plain)
	if err != nil {
		return nil, err
	}
	for i := range views {
		m, err := s.store.meeting(ctx, s.DB.Read(), views[i].MeetingID)
		if err != nil {
			return nil, err
		}
		views[i].Meet = &m
		found[i].ItemView = views[i]
	}
	return found, nil
}

// Merge says that an item is the same as an earlier one, whose answer will be its answer. What was merged into it goes along.
func (s *Service) Merge(ctx context.Context, actor identity.Actor, itemID, intoID string) error {
	return s.change(ctx, actor, ActionWork, itemID, StepMerge, "", func(ctx context.Context, tx db.Tx, x *Item) error {
		into, err := s.store.lockItem(ctx, tx, intoID)
		if err != nil {
			return err
		}
		switch {
		case into.ID == x.ID || into.UnitID != x.UnitID:
			return fault.New(fault.NotFound, "voter.not_found")
		case into.MergedInto != "":
			return fault.New(fault.Conflict, "voter.item.is_merged")
		}
		also, err := s.store.mergedInto(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		for i := range also {
			also[i].MergedInto = into.ID
			also[i].Version++
			if err := s.store.update(ctx, tx, &also[i]); err != nil {
				return err
			}
			if err := s.record(ctx, tx, actor, x.UnitID, Event{ItemID: also[i].ID, Step: "merge_along", Note: into.Code}); err != nil {
				return err
			}
			if err := s.settleMeeting(ctx, tx, also[i].MeetingID); err != nil { // its answer comes from another item now
				return err
			}
		}
		x.State, x.MergedInto = ItemMerged, into.ID
		return s.record(ctx, tx, actor, x.UnitID, Event{ItemID: into.ID, Step: "merged_here", Note: x.Code})
	})
}

// Unmerge takes a merger back; the item stands for itself again.
func (s *Service) Unmerge(ctx context.Context, actor identity.Actor, itemID, reason string) error {
	reason = tidy(reason)
	return s.change(ctx, actor, ActionWork, itemID, StepUnmerge, reason, func(ctx context.Context, tx db.Tx, x *Item) error {
		if reason == "" {
			return fault.Fields{fault.Field("reason", "voter.reason_wanted")}
		}
		into := x.MergedInto
		x.MergedInto, x.State = "", ItemNew
		if x.Field != "" && x.BodyUnitID != "" {
			x.State = ItemClassified
		}
		return s.record(ctx, tx, actor, x.UnitID, Event{ItemID: into, Step: "unmerged_here", Note: x.Code + ": " + reason})
	})
}

// Speaker opens the name of who spoke; each time is logged.
func (s *Service) Speaker(ctx context.Context, actor identity.Actor, itemID string) (string, error) {
	x, err := s.store.item(ctx, s.DB.Read(), itemID)
	if err == nil {
		err = s.may(actor, ActionSpeaker, x.UnitID)
	}
	if err != nil || x.Speaker == "" {
		return "", err
	}
	name, err := s.Sealer.Open(x.Speaker, speakerPlace(x.ID))
	if err != nil {
		return "", err
	}
	return string(name), s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.record(ctx, tx, actor, x.UnitID, Event{ItemID: x.ID, Step: "speaker"})
	})
}

// ItemFilter narrows the list of items. Per 0 is all of them.
type ItemFilter struct {
	RoundID, MeetingID, Field, BodyUnitID string
	State                                 ItemState
	Outstanding                           bool // sent, not answered for good
	Text                                  string
	Page, Per                             int
}

// Items lists the items of the actor's units and those below, the latest first, with how many there are.
func (s *Service) Items(ctx context.Context, actor identity.Actor, f ItemFilter) ([]ItemView, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	list, n, err := s.store.items(ctx, s.DB.Read(), roots, s.today(), f)
	if err != nil {
		return nil, 0, err
	}
	views, err := s.views(ctx, list)
	return views, n, err
}

// ItemDossier is an item with its history.
type ItemDossier struct {
	ItemView
	Meeting Meeting
	Round   Round
	Answers []Answer
	Events  []Event
}

// Item gives one item to its unit, to those above, and to the body that was asked.
func (s *Service) Item(ctx context.Context, actor identity.Actor, itemID string) (ItemDossier, error) {
	q := s.DB.Read()
	x, err := s.store.item(ctx, q, itemID)
	if err == nil {
		err = s.mayItem(actor, ActionRead, x)
	}
	if err != nil {
		return ItemDossier{}, err
	}
	var d ItemDossier
	views, err := s.views(ctx, []Item{x})
	if err != nil {
		return d, err
	}
	d.ItemView = views[0]
	if d.Meeting, err = s.store.meeting(ctx, q, x.MeetingID); err != nil {
		return d, err
	}
	if d.Round, err = s.store.round(ctx, q, x.RoundID); err != nil {
		return d, err
	}
	if d.Answers, err = s.store.answersOf(ctx, q, x.ID); err != nil {
		return d, err
	}
	d.Events, err = s.store.events(ctx, q, x.ID, "")
	return d, err
}
