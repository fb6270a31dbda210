package inbox

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Label is a topic that a conversation can be put under.
type Label struct{ Value, Text string }

// maxLabels is how many topics one conversation may have.
const maxLabels = 5

type labelRow struct {
	bun.BaseModel  `bun:"table:inbox_label,alias:l"`
	ConversationID string `bun:",pk"`
	Label          string `bun:",pk"`
}

// Topics lists what conversations can be put under.
func (s *Service) Topics(ctx context.Context) ([]Label, error) {
	if s.Labels == nil {
		return nil, nil
	}
	return s.Labels(ctx)
}

// SetLabels puts a conversation under topics and takes it from all others. It says what a message is about and nothing of who
// wrote it: nobody can ask for the topics of a person.
func (s *Service) SetLabels(ctx context.Context, actor identity.Actor, conversationID string, labels []string) error {
	known, err := s.Topics(ctx)
	if err != nil {
		return err
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if len(labels) > maxLabels {
		return fault.Field("label", "inbox.label.many").With("Limit", maxLabels)
	}
	rows := make([]labelRow, len(labels))
	for i, l := range labels {
		if !slices.ContainsFunc(known, func(k Label) bool { return k.Value == l }) {
			return fault.Field("label", "inbox.label.unknown")
		}
		rows[i] = labelRow{ConversationID: conversationID, Label: l}
	}
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.label", func(ctx context.Context, tx db.Tx, _ *Conversation) error {
		if _, err := tx.NewDelete().Model((*labelRow)(nil)).Where("conversation_id = ?", conversationID).Exec(ctx); err != nil || len(rows) == 0 {
			return err
		}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

func (store) labels(ctx context.Context, q bun.IDB, conversationID string) (out []string, err error) {
	err = q.NewSelect().Model((*labelRow)(nil)).Column("label").Where("l.conversation_id = ?", conversationID).Order("l.label").Scan(ctx, &out)
	return out, err
}
