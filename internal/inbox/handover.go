package inbox

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Href is the address of a conversation's page.
func Href(conversationID string) string { return "/lam-viec/hop-thu/" + conversationID }

// WorkItem is one conversation that waits for the actor.
type WorkItem struct {
	ConversationID string
	UnitID         string
	Title          string // the beginning of the last message
	From           string // the person's name; "" when unknown
	Href           string
	Failed         bool // our answer did not arrive
	Since          time.Time
	Due            time.Time // when the first answer is due
}

// waitingLimit bounds the list of one day; the inbox has the rest.
const waitingLimit = 200

// Waiting lists the unanswered conversations that wait for the actor's desk and are nobody else's, the most urgent first, for
// "Việc hôm nay". Somebody without a desk has none.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]WorkItem, error) {
	units := s.Authz.Scope(actor, ActionReply)
	if len(units) == 0 {
		return nil, nil
	}
	list, err := s.store.waiting(ctx, s.DB.Read(), units, actor.ID, waitingLimit)
	if err != nil {
		return nil, err
	}
	var out []WorkItem
	for _, c := range list {
		if s.Can(actor, ActionReply, c) {
			out = append(out, WorkItem{ConversationID: c.ID, UnitID: c.UnitID, Title: c.LastText, From: c.PersonName, Href: Href(c.ID), Failed: c.Failed,
				Since: c.WaitingSince, Due: c.AnswerDue})
		}
	}
	return out, nil
}

// OpenWork lists the open conversations that an official has taken on in a unit, for the handover to a successor. It
// implements identity.WorkLister; the asking room has checked its own actor.
func (s *Service) OpenWork(ctx context.Context, officialID, unitID string) ([]identity.WorkItem, error) {
	list, err := s.store.claimed(ctx, s.DB.Read(), officialID, unitID, waitingLimit)
	if err != nil {
		return nil, err
	}
	var out []identity.WorkItem
	for _, c := range list {
		title := c.LastText
		if title == "" {
			title = c.PersonName
		}
		out = append(out, identity.WorkItem{Kind: "inbox.work", Title: title, Href: Href(c.ID), Due: c.AnswerDue})
	}
	return out, nil
}

// TakeWork hands the open conversations that an official had taken on in a unit to their successor, in tx; it implements
// identity.WorkTaker. A successor who may not answer there takes none.
func (s *Service) TakeWork(ctx context.Context, tx db.Tx, fromOfficialID string, to identity.Actor, unitID string) error {
	if !s.Authz.Can(to, ActionReply, identity.InUnit(unitID)) {
		return nil
	}
	return s.store.handOver(ctx, tx, fromOfficialID, to, unitID)
}

var (
	_ identity.WorkLister = (*Service)(nil)
	_ identity.WorkTaker  = (*Service)(nil)
)

// Mover lets conversations follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about conversations.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the conversations that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	counts, err := m.s.store.countOf(ctx, m.s.DB.Read(), from)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		if n := counts[unit]; n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "inbox.move.conversations", Count: n})
		}
	}
	return out, nil
}

// Move carries the conversations over inside the reorganisation's transaction. Who had taken one on keeps it as long as they
// open it; a second run finds nothing to move.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	return m.s.store.move(ctx, tx, from, to)
}
