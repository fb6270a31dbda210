package zalo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Articles are listed ten at a time; those before the asked moment are left out.
func TestMeasure(t *testing.T) {
	h, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	ctx := t.Context()
	var last channel.Receipt
	for i := range 12 {
		r, err := w.Publish(ctx, as[0], channel.Content{Title: fmt.Sprintf("Bài %d", i), Lead: "L", Text: "B", Cover: &channel.Picture{URL: photo}}, channel.Receipt{})
		if err != nil {
			t.Fatal(err)
		}
		h.Await(t, 10*time.Second, "the article to stand", func() bool {
			last, err = w.Confirm(ctx, as[0], r)
			return err == nil && last.ExternalID != ""
		})
	}
	if got, err := w.Measure(ctx, as[0], time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Fatalf("of the future: %+v %v", got, err)
	}
	got, err := w.Measure(ctx, as[0], time.Now().Add(-time.Hour))
	if err != nil || len(got) != 12 {
		t.Fatalf("%d articles, %v", len(got), err)
	}
	if f := got[0]; f.ExternalID != last.ExternalID || f.Title != "Bài 11" || f.Link == "" || f.At.IsZero() {
		t.Errorf("%+v", f)
	}
}
