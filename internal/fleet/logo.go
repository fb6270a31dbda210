package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet/likeness"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// Glimpse fetches pictures from outside platforms; glimpse.Fetcher gives it.
type Glimpse interface {
	Bytes(ctx context.Context, address string) ([]byte, error)
}

type logoRow struct {
	bun.BaseModel `bun:"table:fleet_logo,alias:l"`

	UnitID    string `bun:",pk"`
	PictureID string
	Print     string
	UpdatedAt time.Time
	UpdatedBy string

	print likeness.Print
}

type faceRow struct {
	bun.BaseModel `bun:"table:fleet_face,alias:g"`

	AccountID string `bun:",pk"`
	PictureID string
	Print     string
	SHA256    string    `bun:"sha256"`
	SeenAt    time.Time `bun:",nullzero"`
	TriedAt   time.Time

	print likeness.Print
}

// looks reads the logos and, where there is one, what stands at the accounts, at one or ("") at all.
func (store) looks(ctx context.Context, q bun.IDB, accountID string) (map[string]logoRow, map[string]faceRow, error) {
	var logos []logoRow
	if err := q.NewSelect().Model(&logos).Scan(ctx); err != nil || len(logos) == 0 {
		return nil, nil, err
	}
	var faces []faceRow
	sel := q.NewSelect().Model(&faces)
	if accountID != "" {
		sel = sel.Where("g.account_id = ?", accountID)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, nil, err
	}
	byUnit, byAccount := make(map[string]logoRow, len(logos)), make(map[string]faceRow, len(faces))
	var err error
	for _, r := range logos {
		if r.print, err = likeness.Parse(r.Print); err != nil {
			return nil, nil, err
		}
		byUnit[r.UnitID] = r
	}
	for _, r := range faces {
		if r.print, err = likeness.Parse(r.Print); err != nil {
			return nil, nil, err
		}
		byAccount[r.AccountID] = r
	}
	return byUnit, byAccount, nil
}

// logo gives the logo that holds for a unit: that of the highest unit above it (or itself) that has set one; the zero value
// when nobody has.
func (b *rulebook) logo(unitID string) logoRow {
	if len(b.logos) == 0 {
		return logoRow{}
	}
	if l, ok := b.shown[unitID]; ok {
		return l
	}
	out := b.logos[unitID]
	for _, up := range b.forest.AncestorIDs(unitID, b.on) { // nearest first: the highest comes last
		if l, ok := b.logos[up]; ok {
			out = l
		}
	}
	if b.shown == nil {
		b.shown = map[string]logoRow{}
	}
	b.shown[unitID] = out
	return out
}

// otherLogo tells whether the picture of an account is another than the logo. What could not be seen for three days, or never,
// is no accusation.
func (b *rulebook) otherLogo(a channel.Account, now time.Time) bool {
	l, f := b.logo(a.UnitID), b.faces[a.ID]
	if l.UnitID == "" || f.SeenAt.IsZero() || f.SeenAt.Before(now.Add(-unseenAfter)) {
		return false
	}
	return !l.print.Like(f.print)
}

// Logo is a logo as the rule has it; its zero value is none.
type Logo struct {
	UnitID    string // who demands it
	Picture   string // in the store of pictures
	UpdatedAt time.Time
}

// LogoOf gives the logo that holds for a unit to an actor who may set rules there.
func (s *Service) LogoOf(ctx context.Context, actor identity.Actor, unitID string) (Logo, error) {
	if err := s.Authz.Check(actor, ActionRule, identity.InUnit(unitID)); err != nil {
		return Logo{}, err
	}
	b, err := s.rulebook(ctx)
	if err != nil {
		return Logo{}, err
	}
	l := b.logo(unitID)
	return Logo{UnitID: l.UnitID, Picture: l.PictureID, UpdatedAt: l.UpdatedAt}, nil
}

// SetLogo sets the logo that the channels of a unit and of the units below show as their profile picture. They are all looked
// at anew. A file that is no picture, or one on which nothing is to be seen, is a fault of the field logo.
func (s *Service) SetLogo(ctx context.Context, actor identity.Actor, unitID string, file io.Reader) error {
	if err := s.Authz.Check(actor, ActionRule, identity.InUnit(unitID)); err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(file, picture.MaxBytes+1))
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		return fault.Field("logo", "fleet.logo.none")
	}
	if len(raw) > picture.MaxBytes {
		return fault.Field("logo", "fleet.logo.too_big").With("Limit", picture.MaxBytes>>20)
	}
	img, err := picture.Decode(raw)
	if err != nil {
		return fault.Field("logo", "fleet.logo.no_picture").Because(err)
	}
	p := likeness.Of(img)
	if p.Plain() {
		return fault.Field("logo", "fleet.logo.plain")
	}
	kept, err := s.Pictures.Save(ctx, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	row := logoRow{UnitID: unitID, PictureID: kept.ID, Print: p.String(), UpdatedAt: s.Clock.Now(), UpdatedBy: actor.ID}
	return s.changeLogo(ctx, actor, unitID, "fleet.logo", func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (unit_id) DO UPDATE").Set("picture_id = EXCLUDED.picture_id").Set("print = EXCLUDED.print").
			Set("updated_at = EXCLUDED.updated_at").Set("updated_by = EXCLUDED.updated_by").Exec(ctx)
		return err
	})
}

// DropLogo takes back the logo that a unit has set; that of a higher unit stays.
func (s *Service) DropLogo(ctx context.Context, actor identity.Actor, unitID string) error {
	if err := s.Authz.Check(actor, ActionRule, identity.InUnit(unitID)); err != nil {
		return err
	}
	return s.changeLogo(ctx, actor, unitID, "fleet.logo_drop", func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model((*logoRow)(nil)).Where("unit_id = ?", unitID).Exec(ctx)
		return err
	})
}

// changeLogo changes a logo in one piece with the diary, and has all channels judged anew.
func (s *Service) changeLogo(ctx context.Context, actor identity.Actor, unitID, action string, change func(context.Context, db.Tx) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		if err := s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: action, ResourceType: "ChannelRule", ResourceID: unitID}); err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, watchArgs{}, nil)
	})
}

// Sight is a channel's picture beside the logo that it should show.
type Sight struct {
	Logo    string    // picture; "" when no logo is demanded
	By      string    // name of the unit that demands it
	Face    string    // picture that was seen at the channel; "" when none was
	SeenAt  time.Time // when
	TriedAt time.Time // when it was last looked for; zero: never
	Off     bool      // it is another picture
}

// Missed tells whether the picture could not be fetched when it was last looked for.
func (s Sight) Missed() bool { return s.TriedAt.After(s.SeenAt) }

// SightOf gives the picture of a channel beside the logo to an actor who may see the fleet of its unit.
func (s *Service) SightOf(ctx context.Context, actor identity.Actor, accountID string) (Sight, error) {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil {
		return Sight{}, err
	}
	if err := s.Authz.Check(actor, ActionSee, identity.InUnit(a.UnitID)); err != nil {
		return Sight{}, err
	}
	b, err := s.rulebookOf(ctx, a.ID)
	if err != nil {
		return Sight{}, err
	}
	l, f := b.logo(a.UnitID), b.faces[a.ID]
	if l.UnitID == "" || a.Kind == channel.Portal {
		return Sight{}, nil
	}
	return Sight{Logo: l.PictureID, By: s.unitName(l.UnitID), Face: f.PictureID, SeenAt: f.SeenAt, TriedAt: f.TriedAt, Off: b.otherLogo(a, s.Clock.Now())}, nil
}

type lookArgs struct {
	Account string `json:"account"`
}

func (lookArgs) Kind() string { return "fleet.look" }

// wantsLook tells whether the picture of an account is to be looked at: a logo is demanded, the probe told a picture, and
// nobody has looked since.
func (s *Service) wantsLook(b *rulebook, a channel.Account) bool {
	return s.Glimpse != nil && s.Pictures != nil && a.Health.Picture != "" && a.State != channel.AccountClosed &&
		!a.CheckedAt.Before(b.faces[a.ID].TriedAt) && b.logo(a.UnitID).UnitID != ""
}

// lookSoon has the pictures of those accounts looked at in the background for which it is time.
func (s *Service) lookSoon(ctx context.Context, b *rulebook, as []channel.Account) error {
	var many []jobs.Many
	for _, a := range as {
		if s.wantsLook(b, a) {
			many = append(many, jobs.Many{Args: lookArgs{a.ID}, InsertOpts: &jobs.Options{Priority: 3, MaxAttempts: 3, UniqueOpts: jobs.WhileItWaits()}})
		}
	}
	if len(many) == 0 {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.EnqueueMany(ctx, tx, many) })
}

// look fetches the picture of an account and judges it by the logo. One that cannot be fetched leaves what was seen before.
func (s *Service) look(ctx context.Context, accountID string) error {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := s.rulebookOf(ctx, a.ID)
	if err != nil || !s.wantsLook(b, a) {
		return err
	}
	f := b.faces[a.ID]
	f.AccountID = a.ID
	seen, err := s.see(ctx, &f, a.Health.Picture)
	if err != nil {
		return err
	}
	f.TriedAt = s.Clock.Now()
	if seen {
		f.SeenAt = f.TriedAt
	}
	if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putFace(ctx, tx, &f) }); err != nil {
		return err
	}
	f.print, _ = likeness.Parse(f.Print) // see has made it
	b.faces[a.ID] = f
	return s.reconcile(ctx, []Judged{s.judge(b, a, nil)}, a.ID)
}

// see fetches a picture and keeps a copy of it, when it is another than before; false when there is none to be had.
func (s *Service) see(ctx context.Context, f *faceRow, address string) (bool, error) {
	raw, err := s.Glimpse.Bytes(ctx, address)
	if err != nil {
		return false, ctx.Err()
	}
	sum := sha256.Sum256(raw)
	h := hex.EncodeToString(sum[:])
	if h == f.SHA256 {
		return true, nil
	}
	img, err := picture.Decode(raw)
	if err != nil {
		return false, nil // what is no picture accuses nobody
	}
	kept, err := s.Pictures.Save(ctx, bytes.NewReader(raw))
	if err != nil {
		return false, err
	}
	f.PictureID, f.Print, f.SHA256 = kept.ID, likeness.Of(img).String(), h
	return true, nil
}

// forget drops what was seen at an account that is closed.
func (store) forget(ctx context.Context, q bun.IDB, accountID string) error {
	_, err := q.NewDelete().Model((*faceRow)(nil)).Where("account_id = ?", accountID).Exec(ctx)
	return err
}

func (store) putFace(ctx context.Context, q bun.IDB, f *faceRow) error {
	_, err := q.NewInsert().Model(f).On("CONFLICT (account_id) DO UPDATE").Set("picture_id = EXCLUDED.picture_id").Set("print = EXCLUDED.print").
		Set("sha256 = EXCLUDED.sha256").Set("seen_at = EXCLUDED.seen_at").Set("tried_at = EXCLUDED.tried_at").Exec(ctx)
	return err
}

// UsedPictures implements picture.Owner: logos, and what stands at the channels.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	var out []string
	for _, table := range []any{(*logoRow)(nil), (*faceRow)(nil)} {
		var some []string
		err := s.DB.Read().NewSelect().Model(table).Column("picture_id").Where("picture_id IN (?)", bun.In(ids)).Scan(ctx, &some)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

var _ picture.Owner = (*Service)(nil)
