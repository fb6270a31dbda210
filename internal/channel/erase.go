package channel

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// EraseWords empties what people wrote in messages, and the notices of the outside world that brought them, once a feature
// keeps the words sealed: a message that became a denunciation is its receiver's alone. The rows stay, so that nothing is
// taken in twice; pictures stay, which the case does not have. It is for features that have checked their own actor; a second time it does nothing.
func (s *Service) EraseWords(ctx context.Context, tx db.Tx, messageIDs []string) error {
	if len(messageIDs) == 0 {
		return nil
	}
	var said []struct{ ExternalID string }
	if err := tx.NewSelect().Model((*messageRow)(nil)).Column("external_id").Where("id IN (?)", bun.In(messageIDs)).Scan(ctx, &said); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*messageRow)(nil)).Set("text = ''").Where("id IN (?)", bun.In(messageIDs)).Exec(ctx)
	if err != nil {
		return err
	}
	for _, m := range said {
		if m.ExternalID == "" {
			continue
		}
		quoted := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(m.ExternalID)
		if _, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("body = ''").Where(`body LIKE ? ESCAPE '\'`, "%"+quoted+"%").Where("processed_at IS NOT NULL").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
