package clock_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

func TestDateOfUsesVietnam(t *testing.T) {
	// 18:30 UTC on 31 December is already the New Year in Vietnam.
	if got := clock.DateOf(time.Date(2025, 12, 31, 18, 30, 0, 0, time.UTC)); got != "2026-01-01" {
		t.Fatalf("got %s", got)
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]clock.Date{"21/11/2026": "2026-11-21", "2026-11-21": "2026-11-21", "1/7/2025": "2025-07-01"} {
		if got, err := clock.ParseDate(in); err != nil || got != want {
			t.Errorf("%s: %s %v", in, got, err)
		}
	}
	for _, bad := range []string{"31/02/2026", "", "hôm qua", "2026-13-01"} {
		if d, err := clock.ParseDate(bad); err == nil {
			t.Errorf("%q read as %s", bad, d)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	d := clock.NewDate(2024, time.February, 28)
	if d.AddDays(2) != "2024-03-01" || d.Weekday() != time.Wednesday || d.Vietnamese() != "28/02/2024" {
		t.Fatal(d.AddDays(2), d.Weekday(), d.Vietnamese())
	}
	if !d.Time().Equal(time.Date(2024, 2, 27, 17, 0, 0, 0, time.UTC)) {
		t.Fatal(d.Time())
	}
}

func TestStub(t *testing.T) {
	c := clock.NewStub(time.Date(2026, 1, 2, 3, 4, 5, 0, clock.Vietnam))
	c.Advance(time.Hour)
	if got := c.Now(); got.Hour() != 21 || got.Location() != time.UTC {
		t.Fatal(got)
	}
}
