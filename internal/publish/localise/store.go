package localise

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of this package; it holds nothing.
type store struct{}

type windowRow struct {
	bun.BaseModel `bun:"table:localise_window,alias:w"`

	PostID     string    `bun:"post_id,pk"`
	UnitID     string    `bun:"unit_id"`
	Until      time.Time `bun:"until"`
	Approval   bool      `bun:"approval"`
	OpenedBy   string    `bun:"opened_by"`
	OpenedName string    `bun:"opened_name"`
	OpenedAt   time.Time `bun:"opened_at"`
}

func (r windowRow) window() Window {
	return Window{PostID: r.PostID, UnitID: r.UnitID, Until: r.Until.UTC(), Approval: r.Approval, OpenedBy: r.OpenedBy, OpenedName: r.OpenedName, OpenedAt: r.OpenedAt.UTC()}
}

// window gives the window of a post; its zero value when there is none.
func (store) window(ctx context.Context, q bun.IDB, postID string) (Window, error) {
	var r windowRow
	err := q.NewSelect().Model(&r).Where("post_id = ?", postID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Window{}, nil
	}
	return r.window(), err
}

func (store) putWindow(ctx context.Context, q bun.IDB, w Window) error {
	r := windowRow{PostID: w.PostID, UnitID: w.UnitID, Until: w.Until, Approval: w.Approval, OpenedBy: w.OpenedBy, OpenedName: w.OpenedName, OpenedAt: w.OpenedAt}
	_, err := q.NewInsert().Model(&r).On("CONFLICT (post_id) DO UPDATE").Set("until = EXCLUDED.until").Set("approval = EXCLUDED.approval").
		Set("opened_by = EXCLUDED.opened_by").Set("opened_name = EXCLUDED.opened_name").Set("opened_at = EXCLUDED.opened_at").Exec(ctx)
	return err
}

func (store) dropWindow(ctx context.Context, q bun.IDB, postID string) error {
	_, err := q.NewDelete().Model((*windowRow)(nil)).Where("post_id = ?", postID).Exec(ctx)
	return err
}

// openWindows lists the windows that end after a moment, the nearest first.
func (store) openWindows(ctx context.Context, q bun.IDB, now time.Time, limit int) ([]Window, error) {
	var rows []windowRow
	if err := q.NewSelect().Model(&rows).Where("until > ?", now).Order("until", "post_id").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Window, len(rows))
	for i, r := range rows {
		out[i] = r.window()
	}
	return out, nil
}

type partRow struct {
	bun.BaseModel `bun:"table:localise_part,alias:p"`

	PostID     string    `bun:"post_id,pk"`
	UnitID     string    `bun:"unit_id,pk"`
	State      State     `bun:"state"`
	Words      string    `bun:"words"`
	PictureID  string    `bun:"picture_id"`
	Picture    string    `bun:"picture"`
	Alt        string    `bun:"alt"`
	Writers    string    `bun:"writers"`
	WriterName string    `bun:"writer_name"`
	Rev        int       `bun:"rev"`
	UpdatedAt  time.Time `bun:"updated_at"`
}

func (r partRow) part() (Part, error) {
	p := Part{PostID: r.PostID, UnitID: r.UnitID, State: r.State, Words: r.Words, WriterName: r.WriterName, Rev: r.Rev, UpdatedAt: r.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Picture), &p.Picture); err != nil {
		return p, fmt.Errorf("localise: part %s/%s: %w", r.PostID, r.UnitID, err)
	}
	if err := json.Unmarshal([]byte(r.Writers), &p.Writers); err != nil {
		return p, fmt.Errorf("localise: part %s/%s: %w", r.PostID, r.UnitID, err)
	}
	p.Picture.ID, p.Picture.Alt = r.PictureID, r.Alt
	return p, nil
}

// part gives a unit's part; one in StateNone when nobody has begun.
func (store) part(ctx context.Context, q bun.IDB, postID, unitID string) (Part, error) {
	var r partRow
	err := q.NewSelect().Model(&r).Where("post_id = ?", postID).Where("unit_id = ?", unitID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Part{PostID: postID, UnitID: unitID}, nil
	}
	if err != nil {
		return Part{}, err
	}
	return r.part()
}

func (store) parts(ctx context.Context, q bun.IDB, postID string) (map[string]Part, error) {
	var rows []partRow
	if err := q.NewSelect().Model(&rows).Where("post_id = ?", postID).Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]Part, len(rows))
	for _, r := range rows {
		p, err := r.part()
		if err != nil {
			return nil, err
		}
		out[r.UnitID] = p
	}
	return out, nil
}

// putPart stores a part if nobody has changed it since rev; it then has rev+1.
func (store) putPart(ctx context.Context, tx db.Tx, p *Part, rev int) error {
	pic, err := json.Marshal(p.Picture)
	if err != nil {
		return err
	}
	writers, err := json.Marshal(p.Writers)
	if err != nil {
		return err
	}
	p.Rev = rev + 1
	r := partRow{PostID: p.PostID, UnitID: p.UnitID, State: p.State, Words: p.Words, PictureID: p.Picture.ID, Picture: string(pic), Alt: p.Picture.Alt,
		Writers: string(writers), WriterName: p.WriterName, Rev: p.Rev, UpdatedAt: p.UpdatedAt}
	res, err := tx.NewInsert().Model(&r).On("CONFLICT (post_id, unit_id) DO UPDATE").Set("state = EXCLUDED.state").Set("words = EXCLUDED.words").
		Set("picture_id = EXCLUDED.picture_id").Set("picture = EXCLUDED.picture").Set("alt = EXCLUDED.alt").Set("writers = EXCLUDED.writers").
		Set("writer_name = EXCLUDED.writer_name").Set("rev = EXCLUDED.rev").Set("updated_at = EXCLUDED.updated_at").
		Where("p.rev = ?", rev).Exec(ctx)
	if err != nil {
		return fmt.Errorf("localise: part: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, "localise.changed_meanwhile").Because(err)
	}
	return nil
}

type stepRow struct {
	bun.BaseModel `bun:"table:localise_step,alias:s"`

	ID        string    `bun:"id,pk"`
	PostID    string    `bun:"post_id"`
	UnitID    string    `bun:"unit_id"`
	At        time.Time `bun:"at"`
	ActorID   string    `bun:"actor_id"`
	ActorName string    `bun:"actor_name"`
	What      string    `bun:"what"`
	Note      string    `bun:"note"`
}

func (store) addStep(ctx context.Context, tx db.Tx, s Step) error {
	r := stepRow{ID: s.ID, PostID: s.PostID, UnitID: s.UnitID, At: s.At, ActorID: s.ActorID, ActorName: s.ActorName, What: s.What, Note: s.Note}
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	return err
}

func (store) steps(ctx context.Context, q bun.IDB, postID, unitID string) ([]Step, error) {
	var rows []stepRow
	if err := q.NewSelect().Model(&rows).Where("post_id = ?", postID).Where("unit_id = ?", unitID).Order("id DESC").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = Step{ID: r.ID, PostID: r.PostID, UnitID: r.UnitID, At: r.At.UTC(), ActorID: r.ActorID, ActorName: r.ActorName, What: r.What, Note: r.Note}
	}
	return out, nil
}

func (store) usedPictures(ctx context.Context, q bun.IDB, ids []string) (used []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model((*partRow)(nil)).Column("picture_id").Where("picture_id IN (?)", bun.In(ids)).Scan(ctx, &used)
	return used, err
}

type offerRow struct {
	bun.BaseModel `bun:"table:localise_offer,alias:o"`

	ID          string     `bun:"id,pk"`
	PostID      string     `bun:"post_id"`
	FromUnit    string     `bun:"from_unit"`
	ToUnit      string     `bun:"to_unit"`
	State       OfferState `bun:"state"`
	Title       string     `bun:"title"`
	Note        string     `bun:"note"`
	Credit      string     `bun:"credit"`
	ConsentBy   string     `bun:"consent_by"`
	ConsentName string     `bun:"consent_name"`
	ConsentAt   time.Time  `bun:"consent_at,nullzero"`
	OfferedBy   string     `bun:"offered_by"`
	OfferedName string     `bun:"offered_name"`
	OfferedAt   time.Time  `bun:"offered_at"`
	DecidedName string     `bun:"decided_name"`
	DecidedAt   time.Time  `bun:"decided_at,nullzero"`
	Reason      string     `bun:"reason"`
	TakenPostID string     `bun:"taken_post_id"`
	UsedAt      time.Time  `bun:"used_at,nullzero"`
}

func (r offerRow) offer() Offer {
	return Offer{ID: r.ID, PostID: r.PostID, FromUnit: r.FromUnit, ToUnit: r.ToUnit, State: r.State, Title: r.Title, Note: r.Note, Credit: r.Credit,
		ConsentBy: r.ConsentBy, ConsentName: r.ConsentName, ConsentAt: r.ConsentAt.UTC(), OfferedBy: r.OfferedBy, OfferedName: r.OfferedName, OfferedAt: r.OfferedAt.UTC(),
		DecidedName: r.DecidedName, DecidedAt: r.DecidedAt.UTC(), Reason: r.Reason, TakenPostID: r.TakenPostID, UsedAt: r.UsedAt.UTC()}
}

func rowOf(o Offer) offerRow {
	return offerRow{ID: o.ID, PostID: o.PostID, FromUnit: o.FromUnit, ToUnit: o.ToUnit, State: o.State, Title: o.Title, Note: o.Note, Credit: o.Credit,
		ConsentBy: o.ConsentBy, ConsentName: o.ConsentName, ConsentAt: o.ConsentAt, OfferedBy: o.OfferedBy, OfferedName: o.OfferedName, OfferedAt: o.OfferedAt,
		DecidedName: o.DecidedName, DecidedAt: o.DecidedAt, Reason: o.Reason, TakenPostID: o.TakenPostID, UsedAt: o.UsedAt}
}

func (store) insertOffer(ctx context.Context, tx db.Tx, o Offer) error {
	r := rowOf(o)
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "localise.offered_before").Because(err)
	}
	return err
}

// decide stores what was decided about an offer that is still in the state from.
func (store) decide(ctx context.Context, tx db.Tx, o Offer, from OfferState) error {
	r := rowOf(o)
	res, err := tx.NewUpdate().Model(&r).Column("state", "decided_name", "decided_at", "reason", "taken_post_id", "used_at").WherePK().Where("state = ?", from).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, "localise.decided_before").Because(err)
	}
	return nil
}

func (store) offer(ctx context.Context, q bun.IDB, offerID string) (Offer, error) {
	var r offerRow
	err := q.NewSelect().Model(&r).Where("id = ?", offerID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Offer{}, fault.New(fault.NotFound, "localise.offer_not_found")
	}
	return r.offer(), err
}

// offers lists offers by a column (from_unit or to_unit, or taken_post_id / post_id with an exact value).
func (store) offersIn(ctx context.Context, q bun.IDB, column string, roots []string, on clock.Date, open bool, offset, limit int) ([]Offer, int, error) {
	var rows []offerRow
	sel := orgunit.Within(q.NewSelect().Model(&rows), "o."+column, roots, on)
	if open {
		sel = sel.Where("o.state = ?", OfferOpen)
	}
	n, err := sel.Order("o.offered_at DESC", "o.id DESC").Offset(int64(offset)).Limit(int64(limit)).ScanAndCount(ctx)
	return unpackOffers(rows), int(n), err
}

func (store) offersOf(ctx context.Context, q bun.IDB, column, postID string) ([]Offer, error) {
	var rows []offerRow
	err := q.NewSelect().Model(&rows).Where("? = ?", bun.Ident("o."+column), postID).Order("o.id").Scan(ctx)
	return unpackOffers(rows), err
}

func unpackOffers(rows []offerRow) []Offer {
	out := make([]Offer, len(rows))
	for i, r := range rows {
		out[i] = r.offer()
	}
	return out
}
