package clock_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// In an hour by a clock that stands in another year is in an hour by the machine.
func TestMachine(t *testing.T) {
	c := clock.NewStub(time.Date(2024, 11, 15, 1, 0, 0, 0, time.UTC))
	got := time.Until(clock.Machine(c, c.Now().Add(time.Hour)))
	if got < 59*time.Minute || got > time.Hour {
		t.Errorf("in %s", got)
	}
}
