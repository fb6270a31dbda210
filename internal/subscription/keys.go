package subscription

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
)

// Keys are the house's own keys whose public halves others know. They are made at the first start and kept sealed.
type Keys struct {
	DKIM  *rsa.PrivateKey   // signs letters; its public half stands in the DNS
	VAPID *ecdsa.PrivateKey // signs pushes; browsers are bound to it, so it never changes
}

type keyRow struct {
	bun.BaseModel `bun:"table:subscription_key,alias:k"`
	Name          string `bun:",pk"`
	Sealed        string
	CreatedAt     time.Time
}

func keyPlace(name string) string { return "subscription_key:" + name }

// LoadKeys reads the keys, and makes them when they are not there. Several processes that begin at once agree on one pair.
func LoadKeys(ctx context.Context, d *db.DB, box Sealer, c clock.Clock) (Keys, error) {
	dkim, err := loadKey(ctx, d, box, c, "dkim", func() (any, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	if err != nil {
		return Keys{}, err
	}
	vapid, err := loadKey(ctx, d, box, c, "vapid", func() (any, error) { return webpush.NewKey() })
	if err != nil {
		return Keys{}, err
	}
	k := Keys{}
	var ok1, ok2 bool
	k.DKIM, ok1 = dkim.(*rsa.PrivateKey)
	k.VAPID, ok2 = vapid.(*ecdsa.PrivateKey)
	if !ok1 || !ok2 {
		return k, fmt.Errorf("subscription: keys of another kind: %T, %T", dkim, vapid)
	}
	return k, nil
}

func loadKey(ctx context.Context, d *db.DB, box Sealer, c clock.Clock, name string, fresh func() (any, error)) (any, error) {
	var rows []keyRow
	if err := d.Read().NewSelect().Model(&rows).Where("k.name = ?", name).Scan(ctx); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		key, err := fresh()
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		r := keyRow{Name: name, CreatedAt: c.Now()}
		if r.Sealed, err = box.Seal(der, keyPlace(name)); err != nil {
			return nil, err
		}
		err = d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if _, err := tx.NewInsert().Model(&r).On("CONFLICT (name) DO NOTHING").Exec(ctx); err != nil {
				return err
			}
			return tx.NewSelect().Model(&rows).Where("k.name = ?", name).Scan(ctx)
		})
		if err != nil {
			return nil, err
		}
	}
	der, err := box.Open(rows[0].Sealed, keyPlace(name))
	if err != nil {
		return nil, fmt.Errorf("subscription: the key %s: %w", name, err)
	}
	return x509.ParsePKCS8PrivateKey(der)
}
