package phrase_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func TestTexts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := &phrase.Service{Cases: feedbacktest.New(t, d, nil).Service}
		if _, err := s.Save(ctx, feedbacktest.Officer, phrase.Text{UnitID: orgunittest.VinhHung}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an empty text: %v", err)
		}
		if _, err := s.Save(ctx, feedbacktest.Officer, phrase.Text{UnitID: orgunittest.Province, Title: "x", Body: "y"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward writes for the province: %v", err)
		}
		mine, err := s.Save(ctx, feedbacktest.Officer, phrase.Text{UnitID: orgunittest.VinhHung, Title: "Đã chuyển", Body: "Cảm ơn ông, bà."})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(ctx, feedbacktest.ProvinceOfficer, phrase.Text{UnitID: orgunittest.Province, Title: "Chung", Body: "Kính gửi ông, bà."}); err != nil {
			t.Fatal(err)
		}
		list, err := s.Of(ctx, feedbacktest.Officer, orgunittest.VinhHung)
		if err != nil || len(list) != 2 || list[0].ID != mine.ID {
			t.Fatalf("%+v %v", list, err)
		}
		mine.Title = "Đã chuyển đúng nơi"
		if _, err := s.Save(ctx, feedbacktest.OtherOfficer, mine); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a stranger changes: %v", err)
		}
		if _, err := s.Save(ctx, feedbacktest.Colleague, mine); err != nil {
			t.Fatal(err)
		}
		if kept, err := s.Kept(ctx, feedbacktest.Officer); err != nil || len(kept) != 1 || kept[0].Title != "Đã chuyển đúng nơi" {
			t.Errorf("%+v %v", kept, err)
		}
		if err := s.Drop(ctx, feedbacktest.OtherOfficer, mine.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a stranger drops: %v", err)
		}
		if err := s.Drop(ctx, feedbacktest.Officer, mine.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Drop(ctx, feedbacktest.Officer, mine.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("twice: %v", err)
		}
		if _, err := s.Kept(ctx, feedbacktest.Editor); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an editor's texts: %v", err)
		}
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), phrase.Migrations)...)
}
