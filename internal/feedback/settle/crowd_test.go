package settle

import (
	"testing"
	"time"
)

// A crowd is a rate, not a number: many cases over a day are none, and one that has gone home is forgotten.
func TestCrowd(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var c crowd
	for range 10 * crowdMany {
		at = at.Add(time.Minute)
		if c.came(at); c.here(at) {
			t.Fatal("one case a minute is taken for a crowd")
		}
	}
	for range 2 * crowdMany {
		at = at.Add(2 * time.Millisecond)
		c.came(at)
	}
	if !c.here(at) {
		t.Error("500 cases a second are no crowd")
	}
	if !c.here(at.Add(crowdSpan)) {
		t.Error("the crowd is forgotten at the turn of a span")
	}
	if c.here(at.Add(3 * crowdSpan)) {
		t.Error("a crowd that has gone home is still there")
	}
}
