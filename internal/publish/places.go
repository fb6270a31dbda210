package publish

import (
	"context"
	"fmt"
)

// Standing is where a post stands in public.
type Standing struct {
	PostID     string
	Title      string // of the newest version
	Category   string
	AuthorUnit string
	Units      []string // units on whose public pages it can be read now; none once it was taken down
}

// Standing tells where a post stands in public, for rooms that tell others of it. It takes no actor: everything in it is
// public. NotFound when there is no such post.
func (s *Service) Standing(ctx context.Context, postID string) (Standing, error) {
	q := s.db.Read()
	p, err := s.store.post(ctx, q, postID)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{PostID: p.ID, Title: withoutPlaces(p.Title), Category: p.Category, AuthorUnit: p.UnitID}
	var rows []unitRow
	err = q.NewSelect().Model(&rows).Where("pu.post_id = ?", p.ID).Where("pu.published_at <= ?", s.clock.Now()).Where("pu.retracted = ?", false).Order("pu.unit_id").Scan(ctx)
	if err != nil {
		return Standing{}, fmt.Errorf("publish: where a post stands: %w", err)
	}
	for _, r := range rows {
		out.Units, out.Category = append(out.Units, r.UnitID), r.Category
	}
	return out, nil
}
