package feedback_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// A leader finds what is passed from hand to hand, and what people said of the answers, each with all it is counted among.
func TestBouncedAndRated(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		bounced, once := k.Ask(), k.Ask()
		for _, step := range []struct {
			id, to string
			by     identity.Actor
		}{{bounced.ID, orgunittest.Province, feedbacktest.Officer}, {bounced.ID, orgunittest.VinhHung, feedbacktest.ProvinceOfficer}, {once.ID, orgunittest.Province, feedbacktest.Officer}} {
			if _, err := s.Route(ctx, step.by, step.id, step.to, "Không thuộc thẩm quyền"); err != nil {
				t.Fatal(err)
			}
		}
		list, n, err := s.Cases(ctx, feedbacktest.ProvinceLeader, feedback.Filter{Bounced: true})
		if err != nil || n != 1 || list[0].ID != bounced.ID {
			t.Errorf("bounced: %d %v", n, err)
		}
		for i, rating := range []int{3, 1, 0} {
			c := k.Ask()
			k.Answer(c.ID, "Đã làm xong.", false)
			if rating > 0 {
				if _, err := s.Rate(ctx, citizen, c.Code, rating, false); err != nil {
					t.Fatal(i, err)
				}
			}
		}
		got, err := s.Ratings(ctx, feedbacktest.Leader, orgunittest.VinhHung)
		if err != nil || got != [4]int{1, 1, 0, 1} {
			t.Errorf("ratings: %v %v", got, err)
		}
		if got, err := s.Ratings(ctx, feedbacktest.Stranger, orgunittest.VinhHung); err != nil || got != [4]int{} {
			t.Errorf("a stranger counts: %v %v", got, err)
		}
		if _, n, err := s.Cases(ctx, feedbacktest.Leader, feedback.Filter{Rating: 1}); err != nil || n != 1 {
			t.Errorf("unhappy: %d %v", n, err)
		}
	})
}
