package inbox

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// HideReason says why a public comment is taken out of sight. Criticism is none of them: it is answered, not hidden.
type HideReason string

// The reasons.
const (
	HidePrivate HideReason = "private" // it tells private things of somebody: a telephone number, an address, an illness
	HideInsult  HideReason = "insult"  // insults, foul language
	HideFraud   HideReason = "fraud"   // fraud, advertisement
	HideUnlaw   HideReason = "unlaw"   // what the law forbids to spread
)

// HideReasons lists them in the order pages show them.
func HideReasons() []HideReason { return []HideReason{HidePrivate, HideInsult, HideFraud, HideUnlaw} }

// HideState is how far the channel has followed.
type HideState string

// The states.
const (
	HideAsked  HideState = "asked" // the channel is asked soon
	HideDone   HideState = "done"
	HideFailed HideState = "failed" // the channel refused: Hiding.Reason says why
)

// Hiding is one act of hiding a public comment or showing it again.
type Hiding struct {
	MessageID string
	Hide      bool // false: shown again
	Why       HideReason
	ByName    string
	At        time.Time
	State     HideState
	Reason    string // catalogue key of why the channel refused
}

type hidingRow struct {
	bun.BaseModel `bun:"table:inbox_hiding,alias:h"`

	ID             string `bun:",pk"`
	ConversationID string
	MessageID      string
	Hide           bool
	Why            HideReason
	ByID           string
	ByName         string
	At             time.Time
	State          HideState
	Reason         string
	Failures       int
}

func (r hidingRow) domain() Hiding {
	return Hiding{MessageID: r.MessageID, Hide: r.Hide, Why: r.Why, ByName: r.ByName, At: r.At.UTC(), State: r.State, Reason: r.Reason}
}

// hidings reads what was hidden and shown in a conversation, the oldest first, by message.
func (store) hidings(ctx context.Context, q bun.IDB, conversationID string) (map[string][]Hiding, error) {
	var rows []hidingRow
	if err := q.NewSelect().Model(&rows).Where("h.conversation_id = ?", conversationID).Order("h.at", "h.id").Scan(ctx); err != nil {
		return nil, err
	}
	out := map[string][]Hiding{}
	for _, r := range rows {
		out[r.MessageID] = append(out[r.MessageID], r.domain())
	}
	return out, nil
}

// concealed tells whether a comment is out of sight, or about to be, after all that was done to it.
func concealed(list []Hiding) bool {
	is := false
	for _, h := range list {
		if h.State != HideFailed {
			is = h.Hide
		}
	}
	return is
}

// hider gives what hides comments on a kind of channel; nil when the channel cannot.
func (s *Service) hider(k channel.Kind) channel.Hider {
	h, _ := s.Channels.Implementation(k).(channel.Hider)
	return h
}

// CanHide tells whether the actor may hide comments of the conversation, on a channel that lets us.
func (s *Service) CanHide(actor identity.Actor, c Conversation) bool {
	return c.Public() && s.hider(c.Kind) != nil && s.Can(actor, ActionHide, c)
}

// Hide takes a public comment out of sight at its channel, for a named reason, or shows it again. The channel is asked in the
// background; who did it, when and why stands beside the comment for good. Hiding what is hidden changes nothing.
func (s *Service) Hide(ctx context.Context, actor identity.Actor, conversationID, messageID string, hide bool, why HideReason) error {
	if hide && !slices.Contains(HideReasons(), why) {
		return fault.Field("why", "inbox.hide.no_reason")
	}
	if !hide {
		why = ""
	}
	act := "inbox.hide"
	if !hide {
		act = "inbox.show"
	}
	m, err := s.Channels.Message(ctx, messageID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.change(ctx, actor, conversationID, ActionHide, act, func(ctx context.Context, tx db.Tx, c *Conversation) error {
		note, err := s.store.message(ctx, tx, messageID)
		if err != nil {
			return err
		}
		if note.ConversationID != c.ID || !note.Incoming || m.Comment == nil || m.ExternalID == "" {
			return errNone()
		}
		if s.hider(c.Kind) == nil {
			return fault.New(fault.Conflict, "inbox.hide.cannot")
		}
		before, err := s.store.hidings(ctx, tx, c.ID)
		if err != nil || concealed(before[messageID]) == hide {
			return err
		}
		row := hidingRow{ID: id.New(), ConversationID: c.ID, MessageID: messageID, Hide: hide, Why: why, ByID: actor.ID, ByName: actor.Name, At: s.Clock.Now(), State: HideAsked}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, hideArgs{Hiding: row.ID}, nil)
	})
}

type hideArgs struct {
	Hiding string `json:"hiding"`
}

func (hideArgs) Kind() string { return "inbox.hide" }

// carryHide asks the channel. It may run twice: hiding what is hidden does no harm; what was undone meanwhile is left alone.
func (s *Service) carryHide(ctx context.Context, hidingID string) error {
	var r, last hidingRow
	err := s.DB.Read().NewSelect().Model(&r).Where("h.id = ?", hidingID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && r.State != HideAsked {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.DB.Read().NewSelect().Model(&last).Where("h.message_id = ?", r.MessageID).Order("h.at DESC", "h.id DESC").Limit(1).Scan(ctx); err != nil {
		return err
	}
	if last.ID != r.ID {
		return s.settleHide(ctx, r, HideDone, "")
	}
	m, err := s.Channels.Message(ctx, r.MessageID)
	if fault.Is(err, fault.NotFound) {
		return s.settleHide(ctx, r, HideFailed, "inbox.hide.gone")
	}
	if err != nil {
		return err
	}
	a, err := s.Channels.AccountByID(ctx, m.AccountID)
	if err != nil {
		return err
	}
	h := s.hider(a.Kind)
	if h == nil {
		return s.settleHide(ctx, r, HideFailed, "inbox.hide.cannot")
	}
	told := h.HideComment(ctx, a, m.ExternalID, r.Hide)
	if told == nil {
		return s.settleHide(ctx, r, HideDone, "")
	}
	var v channel.Trouble
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if v, err = s.Channels.Judge(ctx, tx, a.ID, told, r.Failures); err != nil {
			return err
		}
		if v.Counts {
			r.Failures++
		}
		if v.Final {
			r.State, r.Reason = HideFailed, v.Reason
		}
		_, err := tx.NewUpdate().Model(&r).Column("state", "reason", "failures").WherePK().Exec(ctx)
		return err
	})
	if err != nil || v.Final {
		return err
	}
	return jobs.Snooze(max(v.Wait, time.Second))
}

func (s *Service) settleHide(ctx context.Context, r hidingRow, state HideState, reason string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r.State, r.Reason = state, reason
		_, err := tx.NewUpdate().Model(&r).Column("state", "reason").WherePK().Where("state = ?", string(HideAsked)).Exec(ctx)
		return err
	})
}
