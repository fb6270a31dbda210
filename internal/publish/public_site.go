package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Found is a post that a search of the public site found, on one of the units' pages where it stands.
type Found struct {
	Summary
	UnitID string
	Text   string // its words without marks, for an excerpt
}

// Address is a post on a unit's page, for the list that search engines read.
type Address struct {
	Slug      string
	UpdatedAt time.Time
}

// visible limits a query on publish_unit (as pu, its post joined as p) to what the public may see, once for each post: on the
// page of the unit that wrote it when it stands there, else on the first page where it does.
func visible(sel *bun.SelectQuery, now time.Time) *bun.SelectQuery {
	const shown = "x.post_id = pu.post_id AND x.published_at <= ? AND x.retracted = ?"
	return sel.Where("pu.published_at <= ?", now).Where("pu.retracted = ?", false).
		Where("pu.unit_id = COALESCE((SELECT x.unit_id FROM publish_unit AS x WHERE "+shown+" AND x.unit_id = p.unit_id), "+
			"(SELECT MIN(x.unit_id) FROM publish_unit AS x WHERE "+shown+"))", now, false, now, false)
}

// Stands gives the unit on whose public page a post can be read (the one that wrote it, if it stands there), by the post's
// slug or id, together with its slug. A post that was taken down keeps its address, so that its page can say so.
func (s *Service) Stands(ctx context.Context, slugOrID string) (unitID, slug string, err error) {
	q, now := s.db.Read(), s.clock.Now()
	var rows []publicRow
	sel := q.NewSelect().Model(&rows).ColumnExpr("pu.*").ColumnExpr("p.slug, p.unit_id AS author_unit").
		Join("JOIN publish_post AS p ON p.id = pu.post_id").
		Where("p.slug <> ''").Where("(p.slug = ? OR p.id = ?)", slugOrID, slugOrID).Where("pu.published_at <= ?", now).
		OrderExpr("CASE WHEN pu.unit_id = p.unit_id THEN 0 ELSE 1 END, pu.unit_id").Limit(1)
	if err := sel.Scan(ctx); err != nil {
		return "", "", fmt.Errorf("publish: where a post stands: %w", err)
	}
	if len(rows) == 0 {
		return "", "", errNotFound
	}
	return rows[0].UnitID, rows[0].Slug, nil
}

// Find searches the posts of a unit's public page, or of all pages when unitID is "" (each post once), newest first; words
// are compared folded and each may be the beginning of one. It gives one page (from 1) and counts all. Without words it finds nothing.
func (s *Service) Find(ctx context.Context, unitID, query string, page, per int) ([]Found, int, error) {
	words := searchWords(query)
	if len(words) == 0 {
		return nil, 0, nil
	}
	q, now := s.db.Read(), s.clock.Now()
	var rows []foundRow
	sel := q.NewSelect().Model(&rows).ColumnExpr("pu.*").
		ColumnExpr("v.title, v.lead, v.body, v.parts, v.erratum, p.slug, p.unit_id AS author_unit").
		Join("JOIN publish_version AS v ON v.post_id = pu.post_id AND v.number = pu.version").
		Join("JOIN publish_post AS p ON p.id = pu.post_id")
	if unitID != "" {
		sel.Where("pu.unit_id = ?", unitID).Where("pu.published_at <= ?", now).Where("pu.retracted = ?", false)
	} else {
		visible(sel, now)
	}
	matching(sel, s.db.Engine(), words)
	n, err := sel.Order("pu.published_at DESC", "pu.post_id DESC").Offset(int64((max(page, 1) - 1) * per)).Limit(int64(per)).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("publish: find: %w", err)
	}
	out := make([]Found, len(rows))
	for i, r := range rows {
		if out[i], err = r.found(); err != nil {
			return nil, 0, err
		}
	}
	return out, int(n), nil
}

type foundRow struct {
	bun.BaseModel `bun:"table:publish_unit,alias:pu"`
	unitRow
	Title   string `bun:"title"`
	Lead    string `bun:"lead"`
	Body    string `bun:"body"`
	Parts   string `bun:"parts"`
	Slug    string `bun:"slug"`
	Author  string `bun:"author_unit"`
	Erratum string `bun:"erratum"`
}

func (r foundRow) found() (Found, error) {
	sum, err := publicRow{unitRow: r.unitRow, Title: r.Title, Lead: r.Lead, Parts: r.Parts, Slug: r.Slug, Author: r.Author, Erratum: r.Erratum}.summary(nil)
	if err != nil {
		return Found{}, err
	}
	vals, err := r.values()
	if err != nil {
		return Found{}, err
	}
	var parts versionParts
	if err := json.Unmarshal([]byte(r.Parts), &parts); err != nil {
		return Found{}, fmt.Errorf("publish: version %s/%d: %w", r.PostID, r.Version, err)
	}
	w := Version{Words: Words{Body: r.Body}, Editions: parts.Editions}.For(channel.Portal)
	return Found{Summary: sum, UnitID: r.UnitID, Text: BodyText(FillHTML(w.Body, vals))}, nil
}

// Addresses lists the posts on a unit's public page, newest first, at most limit.
func (s *Service) Addresses(ctx context.Context, unitID string, limit int) ([]Address, error) {
	var rows []publicRow
	err := s.db.Read().NewSelect().Model(&rows).ColumnExpr("pu.*").ColumnExpr("p.slug").
		Join("JOIN publish_post AS p ON p.id = pu.post_id").
		Where("pu.unit_id = ?", unitID).Where("pu.published_at <= ?", s.clock.Now()).Where("pu.retracted = ?", false).
		Order("pu.published_at DESC", "pu.post_id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("publish: addresses: %w", err)
	}
	out := make([]Address, len(rows))
	for i, r := range rows {
		out[i] = Address{Slug: r.Slug, UpdatedAt: r.UpdatedAt.UTC()}
	}
	return out, nil
}
