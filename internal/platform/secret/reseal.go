package secret

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Column names a column of sealed texts, so that all of them can be sealed anew after a key was added. The room that owns
// the table hands it out.
type Column struct {
	Table, Key, Column string
	Place              func(key string) string // the place that was given to Seal for the row with the key
}

// resealBatch is how many rows one transaction changes: other writers wait no longer than that.
const resealBatch = 200

// Reseal seals every text of the column that was sealed with an older key anew with the newest. It may run while the house
// runs and may be stopped at any time; a row that changed meanwhile is left to the next run. It returns how many rows were
// sealed anew; the first text that cannot be opened is an error that names its row.
func (b *Box) Reseal(ctx context.Context, d *db.DB, c Column) (int, error) {
	done, last := 0, ""
	for {
		var rows []struct{ Key, Sealed string }
		err := d.Read().NewSelect().TableExpr("?", bun.Ident(c.Table)).ColumnExpr("? AS key", bun.Ident(c.Key)).ColumnExpr("? AS sealed", bun.Ident(c.Column)).
			Where("? > ?", bun.Ident(c.Key), last).Where("? LIKE ?", bun.Ident(c.Column), version+":%").
			Where("? NOT LIKE ?", bun.Ident(c.Column), version+":"+b.newest+":%").
			OrderExpr("?", bun.Ident(c.Key)).Limit(resealBatch).Scan(ctx, &rows)
		if err != nil || len(rows) == 0 {
			return done, err
		}
		err = d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for _, r := range rows {
				plain, err := b.Open(r.Sealed, c.Place(r.Key))
				if err != nil {
					return fmt.Errorf("secret: %s of %s %s: %w", c.Column, c.Table, r.Key, err)
				}
				fresh, err := b.Seal(plain, c.Place(r.Key))
				if err != nil {
					return err
				}
				_, err = tx.NewUpdate().TableExpr("?", bun.Ident(c.Table)).Set("? = ?", bun.Ident(c.Column), fresh).
					Where("? = ?", bun.Ident(c.Key), r.Key).Where("? = ?", bun.Ident(c.Column), r.Sealed).Exec(ctx)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return done, err
		}
		done += len(rows)
		last = rows[len(rows)-1].Key
	}
}
