// Package open311 is what the programs of others need to speak to feedback by the Open311 standard (GeoReport v2): the keys
// by which they are known, and the list of services, each of which stands for a legal kind and a category of cases. What the
// house says to them, and in which form, is in open311web.
package open311

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "open311", FS: migrationFS}

// Key is one program that may send requests. The key itself is not in it.
type Key struct {
	ID        string
	UnitID    string // it may send to this unit and below
	Name      string
	PerMinute int // requests it may send in a minute
	CreatedAt time.Time
	RevokedAt time.Time // zero while it holds
}

// Keys keeps the keys.
type Keys struct {
	db    *db.DB
	clock clock.Clock
	trail identity.Recorder
	store store
}

// NewKeys opens the keys of a database; what is done to them goes into the trail.
func NewKeys(d *db.DB, c clock.Clock, trail identity.Recorder) *Keys {
	return &Keys{db: d, clock: c, trail: trail}
}

// prefix makes a key known for what it is wherever it turns up by mistake.
const prefix = "nhipcau_"

// DefaultPerMinute is how many requests a key may send in a minute unless it is said otherwise.
const DefaultPerMinute = 60

// Create makes a key and returns it in clear, once. Only the house's own command line may.
func (k *Keys) Create(ctx context.Context, actor identity.Actor, unitID, name string, perMinute int) (Key, string, error) {
	if actor.Kind != identity.ActorSystem {
		return Key{}, "", fault.New(fault.Forbidden, "identity.not_allowed")
	}
	name = strings.Join(strings.Fields(name), " ")
	var fs fault.Fields
	fs.Check(name != "" && len(name) <= 200, "name", "open311.name_required")
	fs.Check(perMinute > 0 && perMinute <= 6000, "per_minute", "open311.rate_bad")
	fs.Check(unitID != "", "unit", "open311.unit_required")
	if err := fs.OrNil(); err != nil {
		return Key{}, "", err
	}
	clear := prefix + id.NewSecret()
	key := Key{ID: id.New(), UnitID: unitID, Name: name, PerMinute: perMinute, CreatedAt: k.clock.Now()}
	err := k.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := k.store.insert(ctx, tx, key, hash(clear)); err != nil {
			return err
		}
		return k.record(ctx, tx, actor, key, "open311.create_key")
	})
	return key, clear, err
}

// List gives every key, the newest first, to the house's own command line.
func (k *Keys) List(ctx context.Context, actor identity.Actor) ([]Key, error) {
	if actor.Kind != identity.ActorSystem {
		return nil, fault.New(fault.Forbidden, "identity.not_allowed")
	}
	return k.store.all(ctx, k.db.Read())
}

// Revoke ends a key at once; a NotFound fault when there is none that holds.
func (k *Keys) Revoke(ctx context.Context, actor identity.Actor, keyID string) error {
	if actor.Kind != identity.ActorSystem {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	return k.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := k.store.revoke(ctx, tx, keyID, k.clock.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "open311.key_unknown")
		}
		return k.record(ctx, tx, actor, Key{ID: keyID}, "open311.revoke_key")
	})
}

// Find gives the key that a program sent in clear; a Forbidden fault when it does not hold.
func (k *Keys) Find(ctx context.Context, clear string) (Key, error) {
	if !strings.HasPrefix(clear, prefix) {
		return Key{}, fault.New(fault.Forbidden, "open311.key_unknown")
	}
	return k.store.byHash(ctx, k.db.Read(), hash(clear))
}

func (k *Keys) record(ctx context.Context, tx db.Tx, actor identity.Actor, key Key, action string) error {
	return k.trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: key.UnitID, Action: action, ResourceType: "Key", ResourceID: key.ID})
}

// hash is what is kept of a key. It has 256 random bits: a slow hash would add nothing.
func hash(clear string) string {
	sum := sha256.Sum256([]byte(clear))
	return hex.EncodeToString(sum[:])
}

// store is the SQL of the package.
type store struct{}

type keyRow struct {
	bun.BaseModel `bun:"table:open311_key,alias:k"`
	ID            string `bun:",pk"`
	Hash          string
	UnitID        string
	Name          string
	PerMinute     int
	CreatedAt     time.Time
	RevokedAt     time.Time `bun:",nullzero"`
}

func (r keyRow) domain() Key {
	return Key{ID: r.ID, UnitID: r.UnitID, Name: r.Name, PerMinute: r.PerMinute, CreatedAt: r.CreatedAt.UTC(), RevokedAt: r.RevokedAt.UTC()}
}

func (store) insert(ctx context.Context, q bun.IDB, k Key, hash string) error {
	_, err := q.NewInsert().Model(&keyRow{ID: k.ID, Hash: hash, UnitID: k.UnitID, Name: k.Name, PerMinute: k.PerMinute, CreatedAt: k.CreatedAt}).Exec(ctx)
	return err
}

func (store) all(ctx context.Context, q bun.IDB) ([]Key, error) {
	var rows []keyRow
	err := q.NewSelect().Model(&rows).OrderExpr("created_at DESC, id DESC").Scan(ctx)
	out := make([]Key, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, err
}

func (store) byHash(ctx context.Context, q bun.IDB, hash string) (Key, error) {
	var r keyRow
	err := q.NewSelect().Model(&r).Where("hash = ?", hash).Where("revoked_at IS NULL").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, fault.New(fault.Forbidden, "open311.key_unknown")
	}
	return r.domain(), err
}

func (store) revoke(ctx context.Context, q bun.IDB, keyID string, at time.Time) (int64, error) {
	res, err := q.NewUpdate().Model((*keyRow)(nil)).Set("revoked_at = ?", at).Where("id = ?", keyID).Where("revoked_at IS NULL").Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
