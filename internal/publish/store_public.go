package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// unitRow says that a post stands on a unit's public page.
type unitRow struct {
	bun.BaseModel `bun:"table:publish_unit,alias:pu"`

	PostID      string    `bun:"post_id,pk"`
	UnitID      string    `bun:"unit_id,pk"`
	Version     int       `bun:"version"`
	Category    string    `bun:"category"`
	PublishedAt time.Time `bun:"published_at"`
	UpdatedAt   time.Time `bun:"updated_at"`
	Retracted   bool      `bun:"retracted"`
	Filled      string    `bun:"filled"`
}

func (r unitRow) values() (Values, error) {
	v := Values{}
	if err := json.Unmarshal([]byte(r.Filled), &v); err != nil {
		return nil, fmt.Errorf("publish: values of %s at %s: %w", r.PostID, r.UnitID, err)
	}
	return v, nil
}

// placeUnits puts a version onto the public pages of the units in vals, and replaces the version at units where an older one
// stands. The words of a unit's places are fixed the first time; later versions only add to them.
func (s store) placeUnits(ctx context.Context, tx db.Tx, p Post, v Version, vals map[string]Values, at, now time.Time) error {
	var have []unitRow
	if err := tx.NewSelect().Model(&have).Where("pu.post_id = ?", p.ID).Scan(ctx); err != nil {
		return err
	}
	rows := make([]unitRow, 0, len(vals))
	known := map[string]bool{}
	for _, r := range have {
		known[r.UnitID] = true
		old, err := r.values()
		if err != nil {
			return err
		}
		for place, x := range vals[r.UnitID] {
			if old[place] == "" {
				old[place] = x
			}
		}
		r.Version, r.Category, r.UpdatedAt = v.Number, v.Category, now
		if r.Filled, err = valuesJSON(old); err != nil {
			return err
		}
		rows = append(rows, r)
	}
	for unitID, x := range vals {
		if known[unitID] {
			continue
		}
		filled, err := valuesJSON(x)
		if err != nil {
			return err
		}
		rows = append(rows, unitRow{PostID: p.ID, UnitID: unitID, Version: v.Number, Category: v.Category, PublishedAt: at, UpdatedAt: at, Filled: filled})
	}
	const chunk = 500
	for len(rows) > 0 {
		n := min(chunk, len(rows))
		part := rows[:n]
		_, err := tx.NewInsert().Model(&part).On("CONFLICT (post_id, unit_id) DO UPDATE").
			Set("version = EXCLUDED.version").Set("category = EXCLUDED.category").Set("updated_at = EXCLUDED.updated_at").
			Set("filled = EXCLUDED.filled").Exec(ctx)
		if err != nil {
			return fmt.Errorf("publish: place: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

func valuesJSON(v Values) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// retractUnits marks a post as taken down; where nobody has seen it yet it simply goes.
func (store) retractUnits(ctx context.Context, tx db.Tx, postID string, now time.Time) error {
	if _, err := tx.NewDelete().Model((*unitRow)(nil)).Where("post_id = ? AND published_at > ?", postID, now).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*unitRow)(nil)).Set("retracted = ?", true).Set("updated_at = ?", now).Where("post_id = ?", postID).Exec(ctx)
	return err
}

// setCanary moves the canary from one of the given states; done is false when it stood elsewhere.
func (store) setCanary(ctx context.Context, tx db.Tx, postID string, to Canary, from ...Canary) (done bool, err error) {
	res, err := tx.NewUpdate().Table("publish_post").Set("canary = ?", to).
		Where("id = ? AND canary IN (?)", postID, bun.In(from)).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("publish: canary: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// index makes the words of a public post findable.
func (s store) index(ctx context.Context, tx db.Tx, p Post, v Version) error {
	if err := s.unindex(ctx, tx, p.ID); err != nil {
		return err
	}
	w := v.Words
	words := strings.Join(vntext.Tokens(withoutPlaces(w.Title+" "+w.Lead+" "+BodyText(w.Body))), " ")
	_, err := tx.ExecContext(ctx, "INSERT INTO publish_search (post_id, words) VALUES (?, ?)", p.ID, words)
	if err != nil {
		return fmt.Errorf("publish: index: %w", err)
	}
	return nil
}

func (store) unindex(ctx context.Context, tx db.Tx, postID string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM publish_search WHERE post_id = ?", postID)
	return err
}

// searchWords cuts what somebody typed into at most eight folded words of letters and digits.
func searchWords(text string) []string {
	ws := vntext.Tokens(text)
	return ws[:min(len(ws), 8)]
}

// matching limits a query on publish_unit to posts that have all words (each may be the beginning of one).
func matching(q *bun.SelectQuery, engine db.Engine, words []string) *bun.SelectQuery {
	terms := make([]string, len(words))
	if engine == db.Postgres {
		for i, w := range words {
			terms[i] = w + ":*"
		}
		return q.Where("pu.post_id IN (SELECT post_id FROM publish_search WHERE tsv @@ to_tsquery('simple', ?))", strings.Join(terms, " & "))
	}
	for i, w := range words {
		terms[i] = `"` + w + `"*`
	}
	return q.Where("pu.post_id IN (SELECT post_id FROM publish_search WHERE publish_search MATCH ?)", "words : ("+strings.Join(terms, " AND ")+")")
}

// PublicFilter narrows the posts of a unit's public page; empty parts do not narrow.
type PublicFilter struct {
	Category string
	Query    string    // words, compared folded
	From, To time.Time // published from (inclusive) to (exclusive)
}

type publicRow struct {
	bun.BaseModel `bun:"table:publish_unit,alias:pu"`
	unitRow
	Title   string `bun:"title"`
	Lead    string `bun:"lead"`
	Parts   string `bun:"parts"`
	Slug    string `bun:"slug"`
	Author  string `bun:"author_unit"`
	Erratum string `bun:"erratum"`
}

func (store) published(ctx context.Context, q bun.IDB, engine db.Engine, unitID string, f PublicFilter, now time.Time, offset, limit int) (rows []publicRow, total int, err error) {
	sel := q.NewSelect().Model(&rows).ColumnExpr("pu.*").
		ColumnExpr("v.title, v.lead, v.parts, v.erratum, p.slug, p.unit_id AS author_unit").
		Join("JOIN publish_version AS v ON v.post_id = pu.post_id AND v.number = pu.version").
		Join("JOIN publish_post AS p ON p.id = pu.post_id").
		Where("pu.unit_id = ?", unitID).Where("pu.published_at <= ?", now).Where("pu.retracted = ?", false)
	if f.Category != "" {
		sel.Where("pu.category = ?", f.Category)
	}
	if !f.From.IsZero() {
		sel.Where("pu.published_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		sel.Where("pu.published_at < ?", f.To)
	}
	if ws := searchWords(f.Query); len(ws) > 0 {
		matching(sel, engine, ws)
	} else if f.Query != "" {
		sel.Where("1 = 0")
	}
	n, err := sel.Order("pu.published_at DESC", "pu.post_id DESC").Offset(int64(offset)).Limit(int64(limit)).ScanAndCount(ctx)
	return rows, int(n), err
}

func (store) unitRow(ctx context.Context, q bun.IDB, postID, unitID string) (unitRow, error) {
	var r unitRow
	err := q.NewSelect().Model(&r).Where("pu.post_id = ? AND pu.unit_id = ?", postID, unitID).Scan(ctx)
	return r, oneOr404(err)
}

func (store) bySlug(ctx context.Context, q bun.IDB, slug string) (Post, error) {
	var p Post
	err := q.NewSelect().Model(&p).Where("p.slug = ?", slug).Scan(ctx)
	return p, oneOr404(err)
}

// changed gives when anything on a unit's page last changed, for caches; zero when it is empty.
func (store) changed(ctx context.Context, q bun.IDB, unitID string, now time.Time) (time.Time, error) {
	var r []unitRow
	err := q.NewSelect().Model(&r).Where("pu.unit_id = ? AND pu.updated_at <= ?", unitID, now).Order("pu.updated_at DESC").Limit(1).Scan(ctx)
	if err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return r[0].UpdatedAt.UTC(), nil
}

func (store) outByUnit(ctx context.Context, q bun.IDB, roots []string, on clock.Date, since, until time.Time) (map[string]int, error) {
	var rows []struct {
		UnitID string `bun:"unit_id"`
		N      int    `bun:"n"`
	}
	sel := q.NewSelect().Model((*unitRow)(nil)).ColumnExpr("pu.unit_id, COUNT(*) AS n").Where("pu.published_at >= ?", since).
		Where("pu.published_at <= ?", until).Where("pu.retracted = ?", false).GroupExpr("pu.unit_id")
	if err := orgunit.Within(sel, "pu.unit_id", roots, on).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("publish: posts by unit: %w", err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, nil
}
