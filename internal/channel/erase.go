package channel

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// along is what came with the words of a message, as it stands sealed.
type along struct {
	Pictures string `json:"pictures"`
	Extra    string `json:"extra"`
}

func messagePlace(messageID string) string { return "channel_message:" + messageID }

// EraseWords empties what people wrote in messages, and the notices of the outside world that brought them, once a feature
// keeps the words sealed: a message that became a denunciation is its receiver's alone. The rows stay, so that nothing is
// taken in twice; the addresses of pictures and what the person handed over, which the case does not have, are sealed where
// they are. It is for features that have checked their own actor; a second time it does nothing.
func (s *Service) EraseWords(ctx context.Context, tx db.Tx, messageIDs []string) error {
	if len(messageIDs) == 0 {
		return nil
	}
	var said []messageRow
	if err := tx.NewSelect().Model(&said).Where("m.id IN (?)", bun.In(messageIDs)).Scan(ctx); err != nil {
		return err
	}
	for _, m := range said {
		if err := s.erase(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) erase(ctx context.Context, tx db.Tx, m messageRow) error {
	sealed := m.Sealed
	if m.Pictures != "[]" || extraOf(m.Extra).Shared != nil || len(extraOf(m.Extra).Files) > 0 {
		plain, err := json.Marshal(along{m.Pictures, m.Extra})
		if err != nil {
			return err
		}
		if sealed, err = s.tokens.seal.Seal(plain, messagePlace(m.ID)); err != nil {
			return err
		}
	}
	_, err := tx.NewUpdate().Model((*messageRow)(nil)).Set("text = ''").Set("pictures = '[]'").Set("extra = '{}'").Set("sealed = ?", sealed).Where("id = ?", m.ID).Exec(ctx)
	if err != nil || m.ExternalID == "" {
		return err
	}
	quoted := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(m.ExternalID)
	_, err = tx.NewUpdate().Model((*webhookRow)(nil)).Set("body = ''").Where(`body LIKE ? ESCAPE '\'`, "%"+quoted+"%").Where("processed_at IS NOT NULL").Exec(ctx)
	return err
}

// unseal puts what came with the words back into a row that was read.
func (s *Service) unseal(r *messageRow) error {
	if r.Sealed == "" {
		return nil
	}
	plain, err := s.tokens.seal.Open(r.Sealed, messagePlace(r.ID))
	if err != nil {
		return err
	}
	var x along
	if err := json.Unmarshal(plain, &x); err != nil {
		return err
	}
	r.Pictures, r.Extra = x.Pictures, x.Extra
	return nil
}
