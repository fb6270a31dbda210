package channel

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type forgetArgs struct {
	Account string `json:"account"`
	Person  string `json:"person"`
}

func (forgetArgs) Kind() string { return "channel.forget" }

// withdrawn marks a person who asked to be forgotten, so that nothing is sent to them again, and has the rest done by a job.
func (s *Service) withdrawn(ctx context.Context, tx db.Tx, a Account, in Inbound) error {
	p := personRow{AccountID: a.ID, PersonID: in.PersonID, WithdrawnAt: in.At, Unreachable: "channel.error.withdrew"}
	if _, err := tx.NewInsert().Model(&p).On("CONFLICT (account_id, person_id) DO UPDATE").Set("name = ''").Set("follows = ?", false).
		Set("unreachable = EXCLUDED.unreachable").Set("withdrawn_at = EXCLUDED.withdrawn_at").Exec(ctx); err != nil {
		return err
	}
	if err := s.q.Publish(ctx, tx, PersonWithdrew{AccountID: a.ID, PersonID: in.PersonID}); err != nil {
		return err
	}
	return s.q.Enqueue(ctx, tx, forgetArgs{Account: a.ID, Person: in.PersonID}, nil)
}

// forget empties what a person who withdrew had said and was told up to then, with pictures, files and the raw notices that
// brought it. The rows stay, so that nothing is taken in twice. Files go first: a second run finds their names until the end.
func (s *Service) forget(ctx context.Context, args forgetArgs) error {
	var p personRow
	err := s.db.Read().NewSelect().Model(&p).Where("account_id = ?", args.Account).Where("person_id = ?", args.Person).Scan(ctx)
	if err != nil || p.WithdrawnAt.IsZero() { // wrote again since: is known again
		return notFoundIsDone(err)
	}
	var rows []messageRow
	if err := s.db.Read().NewSelect().Model(&rows).Where("account_id = ?", args.Account).Where("person_id = ?", args.Person).
		Where("said_at <= ?", p.WithdrawnAt).Scan(ctx); err != nil {
		return err
	}
	ids := make([]string, len(rows))
	var keys []string
	for i, r := range rows {
		ids[i] = r.ID
		for _, f := range extraOf(r.Extra).Files {
			keys = append(keys, f.Key)
		}
	}
	if s.files != nil && len(keys) > 0 {
		if err := s.files.Drop(ctx, keys); err != nil {
			return err
		}
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		if len(ids) > 0 {
			if _, err := tx.NewUpdate().Model((*messageRow)(nil)).Set("text = ''").Set("pictures = '[]'").Set("extra = '{}'").Set("sealed = ''").Set("error_text = ''").
				Where("id IN (?)", bun.In(ids)).Exec(ctx); err != nil {
				return err
			}
		}
		quoted := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(args.Person)
		_, err := tx.NewUpdate().Model((*webhookRow)(nil)).Set("body = ''").Where(`body LIKE ? ESCAPE '\'`, "%"+quoted+"%").
			Where("processed_at IS NOT NULL").Where("received_at <= ?", p.WithdrawnAt).Exec(ctx)
		return err
	})
}
