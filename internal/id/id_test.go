package id_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/id"
)

func TestNewIsOrderedAndWellFormed(t *testing.T) {
	prev := ""
	for range 20000 {
		s := id.New()
		if len(s) != 36 || s[14] != '7' || !strings.ContainsRune("89ab", rune(s[19])) {
			t.Fatalf("not a UUIDv7: %s", s)
		}
		if s <= prev {
			t.Fatalf("%s after %s", s, prev)
		}
		prev = s
	}
}

func TestAtCarriesTime(t *testing.T) {
	if !strings.HasPrefix(id.At(time.UnixMilli(0x0123456789ab)), "01234567-89ab-7") {
		t.Fatal("time not in the first 48 bits")
	}
}

func TestCodeRoundTripAndTypos(t *testing.T) {
	for range 2000 {
		c := id.NewCode()
		got, ok := id.ParseCode(" " + strings.ToLower(strings.ReplaceAll(c, "-", " ")) + " ")
		if !ok || got != c {
			t.Fatalf("%s read back as %q %v", c, got, ok)
		}
	}
	for _, bad := range []string{"", "ABCD", "UUUU-UUUU-UUU", "!!!!-!!!!-!!!"} {
		if _, ok := id.ParseCode(bad); ok {
			t.Errorf("%q accepted", bad)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("7K3M-9QXA-B2C")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := id.ParseCode(s)
		if again, ok2 := id.ParseCode(c); ok && (!ok2 || again != c) {
			t.Fatalf("%q: not stable: %q %q", s, c, again)
		}
	})
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 11, 21, 2, 3, 4, 5_000_000, time.UTC)
	if got, ok := id.Time(id.At(at)); !ok || !got.Equal(at) {
		t.Errorf("%v %v", got, ok)
	}
	if got, ok := id.Time(id.New()); !ok || time.Since(got) > time.Minute || time.Since(got) < -time.Minute {
		t.Errorf("%v %v", got, ok)
	}
	for _, text := range []string{"", "readme", "00000000-0000-4000-8000-000000000040", "0000000000000070008000000000000000040", "zzzzzzzz-0000-7000-8000-000000000040"} {
		if got, ok := id.Time(text); ok {
			t.Errorf("%q was made at %v", text, got)
		}
	}
}

func TestOf(t *testing.T) {
	at := time.Date(2026, 11, 21, 3, 4, 5, 6e6, time.UTC)
	a := id.Of(at, "one")
	if got, ok := id.Time(a); !ok || !got.Equal(at) {
		t.Error(a, got, ok)
	}
	if a != id.Of(at, "one") || a == id.Of(at, "two") || a == id.Of(at.Add(time.Millisecond), "one") {
		t.Error("the same time and key, and only they, give the same id")
	}
}
