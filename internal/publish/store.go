package publish

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of publishing.
var Migrations = db.Migrations{Name: "publish", FS: migrations}

// store is the SQL of publishing; every function takes the handle to ask right after the context.
type store struct{}

var errNotFound = fault.New(fault.NotFound, "publish.not_found")

func oneOr404(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	return err
}

func (store) post(ctx context.Context, q bun.IDB, postID string) (Post, error) {
	var p Post
	err := q.NewSelect().Model(&p).Where("p.id = ?", postID).Scan(ctx)
	return p, oneOr404(err)
}

// lock reads the post and keeps others from changing it until the transaction ends.
func (store) lock(ctx context.Context, tx db.Tx, postID string) (Post, error) {
	var p Post
	err := tx.ForUpdate(tx.NewSelect().Model(&p).Where("p.id = ?", postID)).Scan(ctx)
	return p, oneOr404(err)
}

// save writes the post if nobody has changed it since rev; it then has rev+1.
func (store) save(ctx context.Context, tx db.Tx, p *Post, rev int) error {
	p.Rev = rev + 1
	res, err := tx.NewUpdate().Model(p).WherePK().Where("rev = ?", rev).Exec(ctx)
	if err != nil {
		return fmt.Errorf("publish: save: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return fault.New(fault.Conflict, "publish.changed_meanwhile")
	}
	return nil
}

func (store) insert(ctx context.Context, tx db.Tx, model any) error {
	if _, err := tx.NewInsert().Model(model).Exec(ctx); err != nil {
		return fmt.Errorf("publish: insert: %w", err)
	}
	return nil
}

type versionParts struct {
	Editions []Edition         `json:"editions,omitempty"`
	Pictures []PictureRef      `json:"pictures,omitempty"`
	Targets  []Target          `json:"targets,omitempty"`
	Kinds    []channel.Kind    `json:"kinds,omitempty"`
	Editors  []string          `json:"editors,omitempty"`
	Video    string            `json:"video,omitempty"`
	Audience *channel.Audience `json:"audience,omitempty"`
}

type versionRow struct {
	bun.BaseModel `bun:"table:publish_version,alias:v"`
	Version
	Title string `bun:"title"`
	Lead  string `bun:"lead"`
	Body  string `bun:"body"`
	Parts string `bun:"parts"`
}

func (r *versionRow) unpack() (Version, error) {
	var p versionParts
	if err := json.Unmarshal([]byte(r.Parts), &p); err != nil {
		return Version{}, fmt.Errorf("publish: version %s/%d: %w", r.PostID, r.Number, err)
	}
	v := r.Version
	v.Words = Words{Title: r.Title, Lead: r.Lead, Body: r.Body}
	v.Editions, v.Pictures, v.Targets, v.Kinds, v.Editors, v.VideoID, v.Audience = p.Editions, p.Pictures, p.Targets, p.Kinds, p.Editors, p.Video, p.Audience
	return v, nil
}

func packVersion(v Version) (*versionRow, error) {
	b, err := json.Marshal(versionParts{v.Editions, v.Pictures, v.Targets, v.Kinds, v.Editors, v.VideoID, v.Audience})
	if err != nil {
		return nil, fmt.Errorf("publish: version: %w", err)
	}
	return &versionRow{Version: v, Title: v.Title, Lead: v.Lead, Body: v.Body, Parts: string(b)}, nil
}

func (store) version(ctx context.Context, q bun.IDB, postID string, number int) (Version, error) {
	var r versionRow
	err := q.NewSelect().Model(&r).Where("v.post_id = ? AND v.number = ?", postID, number).Scan(ctx)
	if err != nil {
		return Version{}, oneOr404(err)
	}
	return r.unpack()
}

func (store) versions(ctx context.Context, q bun.IDB, postID string) ([]Version, error) {
	var rows []versionRow
	if err := q.NewSelect().Model(&rows).Where("v.post_id = ?", postID).Order("v.number").Scan(ctx); err != nil {
		return nil, fmt.Errorf("publish: versions: %w", err)
	}
	out := make([]Version, len(rows))
	for i := range rows {
		v, err := rows[i].unpack()
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (s store) insertVersion(ctx context.Context, tx db.Tx, v Version) error {
	r, err := packVersion(v)
	if err != nil {
		return err
	}
	return s.insert(ctx, tx, r)
}

// updateVersion rewrites a version that is not yet frozen, or stamps it.
func (store) updateVersion(ctx context.Context, tx db.Tx, v Version) error {
	r, err := packVersion(v)
	if err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("publish: update version: %w", err)
	}
	return nil
}

// filmsOf gives the film of the version of each post that stands in public.
func (store) filmsOf(ctx context.Context, q bun.IDB, postIDs []string) (map[string]string, error) {
	var rows []versionRow
	err := q.NewSelect().Model(&rows).Join("JOIN publish_post AS p ON p.id = v.post_id AND p.live = v.number").Where("v.post_id IN (?)", bun.In(postIDs)).
		Where("v.parts LIKE ?", `%"video":%`).Scan(ctx)
	out := map[string]string{}
	for i := range rows {
		v, uerr := rows[i].unpack()
		if uerr != nil {
			return nil, uerr
		}
		out[v.PostID] = v.VideoID
	}
	return out, err
}

// carries tells whether some version carries the film.
func (store) carries(ctx context.Context, q bun.IDB, filmID string) (bool, error) {
	return q.NewSelect().Table("publish_version").Where("parts LIKE ?", `%"video":"`+filmID+`"%`).Exists(ctx)
}

func (store) dropVersion(ctx context.Context, tx db.Tx, postID string, number int) error {
	_, err := tx.NewDelete().Table("publish_version").Where("post_id = ? AND number = ?", postID, number).Exec(ctx)
	return err
}

func (store) comments(ctx context.Context, q bun.IDB, postID string) (cs []Comment, err error) {
	err = q.NewSelect().Model(&cs).Where("c.post_id = ?", postID).Order("c.id").Scan(ctx)
	return cs, err
}

func (store) history(ctx context.Context, q bun.IDB, postID string) (hs []Step, err error) {
	err = q.NewSelect().Model(&hs).Where("h.post_id = ?", postID).Order("h.id").Scan(ctx)
	return hs, err
}

func (store) categories(ctx context.Context, q bun.IDB) (ks []Category, err error) {
	err = q.NewSelect().Model(&ks).Order("k.position", "k.code").Scan(ctx)
	return ks, err
}

// Filter narrows a list of posts; empty parts do not narrow.
type Filter struct {
	States   []State
	Category string
	Text     string // words, compared folded
	Author   string // id of an official
	Canary   Canary // only posts whose canary stands so
	Unit     string // only posts of this unit and those below it
}

// PerPage is the number of rows on a page of a list.
const PerPage = 50

func (store) list(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f Filter, offset, limit int) (ps []Post, total int, err error) {
	sel := orgunit.Within(q.NewSelect().Model(&ps), "p.unit_id", roots, on).Where("p.state <> ?", StateDiscarded)
	if f.Unit != "" {
		sel = orgunit.Within(sel, "p.unit_id", []string{f.Unit}, on)
	}
	if len(f.States) > 0 {
		sel.Where("p.state IN (?)", bun.In(f.States))
	}
	if f.Category != "" {
		sel.Where("p.category = ?", f.Category)
	}
	if f.Author != "" {
		sel.Where("p.author_id = ?", f.Author)
	}
	if f.Canary != "" {
		sel.Where("p.canary = ?", f.Canary)
	}
	for _, w := range searchWords(f.Text) {
		sel.Where("p.folded LIKE ?", "%"+w+"%")
	}
	n, err := sel.Order("p.updated_at DESC", "p.id DESC").Offset(int64(offset)).Limit(int64(limit)).ScanAndCount(ctx)
	return ps, int(n), err
}

func (store) slugTaken(ctx context.Context, q bun.IDB, slug, exceptPost string) (bool, error) {
	return q.NewSelect().Table("publish_post").Where("slug = ? AND id <> ?", slug, exceptPost).Exists(ctx)
}

type groupRow struct {
	bun.BaseModel `bun:"table:publish_group,alias:g"`
	Group
	Members string `bun:"members"`
}

func (r groupRow) unpack() (Group, error) {
	g := r.Group
	return g, json.Unmarshal([]byte(r.Members), &g.UnitIDs)
}

func (store) groups(ctx context.Context, q bun.IDB, roots []string, on clock.Date) ([]Group, error) {
	var rows []groupRow
	if err := orgunit.Within(q.NewSelect().Model(&rows), "g.unit_id", roots, on).Order("g.name", "g.id").Scan(ctx); err != nil {
		return nil, err
	}
	return unpackGroups(rows)
}

func (store) groupsByID(ctx context.Context, q bun.IDB, ids []string) (map[string]Group, error) {
	out := map[string]Group{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []groupRow
	if err := q.NewSelect().Model(&rows).Where("g.id IN (?)", bun.In(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	gs, err := unpackGroups(rows)
	for _, g := range gs {
		out[g.ID] = g
	}
	return out, err
}

func unpackGroups(rows []groupRow) ([]Group, error) {
	out := make([]Group, len(rows))
	for i, r := range rows {
		g, err := r.unpack()
		if err != nil {
			return nil, fmt.Errorf("publish: group %s: %w", r.ID, err)
		}
		out[i] = g
	}
	return out, nil
}

func (store) putGroup(ctx context.Context, tx db.Tx, g Group) error {
	b, err := json.Marshal(g.UnitIDs)
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&groupRow{Group: g, Members: string(b)}).
		On("CONFLICT (id) DO UPDATE").Set("name = EXCLUDED.name").Set("members = EXCLUDED.members").Exec(ctx)
	return err
}

func (store) deleteGroup(ctx context.Context, tx db.Tx, groupID string) error {
	_, err := tx.NewDelete().Table("publish_group").Where("id = ?", groupID).Exec(ctx)
	return err
}

// StoredPicture is an uploaded picture of a post.
type StoredPicture struct {
	bun.BaseModel `bun:"table:publish_picture,alias:i"`

	ID         string    `bun:"id,pk"`
	PostID     string    `bun:"post_id"`
	Width      int       `bun:"width"` // of the largest variant, in pixels
	Height     int       `bun:"height"`
	WidthsJSON string    `bun:"widths"`
	Widths     []int     `bun:"-"`
	UploadedBy string    `bun:"uploaded_by"`
	CreatedAt  time.Time `bun:"created_at"`
}

func (store) pictures(ctx context.Context, q bun.IDB, postIDs ...string) ([]StoredPicture, error) {
	var out []StoredPicture
	if len(postIDs) == 0 {
		return nil, nil
	}
	if err := q.NewSelect().Model(&out).Where("i.post_id IN (?)", bun.In(postIDs)).Order("i.id").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range out {
		if err := json.Unmarshal([]byte(out[i].WidthsJSON), &out[i].Widths); err != nil {
			return nil, fmt.Errorf("publish: picture %s: %w", out[i].ID, err)
		}
	}
	return out, nil
}

func (store) usedPictures(ctx context.Context, q bun.IDB, ids []string) (used []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model((*StoredPicture)(nil)).Column("i.id").Where("i.id IN (?)", bun.In(ids)).Scan(ctx, &used)
	return used, err
}
