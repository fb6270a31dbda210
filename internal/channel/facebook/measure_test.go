package facebook_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	simfb "github.com/nhipcau/nhipcau/sim/facebook"
)

func TestMeasure(t *testing.T) {
	_, w, a := onePage(t, nil)
	r, err := w.Publish(t.Context(), a, news, channel.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	for range 2 {
		if _, err := w.sim.Say(page, simfb.Utterance{Person: person, Post: r.ExternalID, Text: "Mấy giờ họp ạ?"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.Measure(t.Context(), a, time.Now().Add(-time.Hour))
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	if f := got[0]; f.ExternalID != r.ExternalID || f.Comments != 2 || f.Title == "" || f.Link == "" {
		t.Errorf("%+v", f)
	}
	if got, err = w.Measure(t.Context(), a, time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of the future: %+v %v", got, err)
	}
}
