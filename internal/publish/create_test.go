package publish_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/publish"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// TestCreateAs: what a job begins twice is begun once, and what became of it meanwhile stays.
func TestCreateAs(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx, postID := context.Background(), id.New()
		p := must[publish.Post](t)(w.Publish.CreateAs(ctx, pt.Giang, postID, orgunittest.Province, pt.Everywhere("Bài một")))
		must[publish.Post](t)(w.Publish.Save(ctx, pt.Giang, p.ID, p.Rev, pt.Everywhere("Bài đã sửa")))
		again := must[publish.Post](t)(w.Publish.CreateAs(ctx, pt.Giang, postID, orgunittest.Province, pt.Everywhere("Bài một")))
		if p.ID != postID || again.ID != postID {
			t.Error(p.ID, again.ID, postID)
		}
		d, err := w.Publish.Open(ctx, pt.Giang, postID)
		if err != nil || d.Title != "Bài đã sửa" {
			t.Error(d, err)
		}
	})
}
