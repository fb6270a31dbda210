package memocode_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fund/memocode"
)

// A code is read however it is typed, also one that would read as another code behind a second prefix: among 2,000 there are
// some sixty of them.
func TestRead(t *testing.T) {
	twice := 0
	for range 2000 {
		code := memocode.New()
		bare := strings.TrimPrefix(code, memocode.Prefix)
		for _, typed := range []string{code, " " + strings.ToLower(code) + " ", memocode.Prefix + "-" + bare[:4] + "-" + bare[4:8] + " " + bare[8:], bare, strings.ToLower(bare)} {
			if got := memocode.Read(typed); got != code {
				t.Fatalf("%q is read as %q, want %q", typed, got, code)
			}
		}
		if memocode.Find(memocode.Prefix+code) != code {
			twice++
		}
	}
	if twice == 0 {
		t.Error("no code of 2,000 reads as another one behind a second prefix: the test shows nothing")
	}
	for _, none := range []string{"", "NC", "ung ho bao lut", "NC12345678901"} {
		if got := memocode.Read(none); got != "" {
			t.Errorf("%q is read as %q", none, got)
		}
	}
}

// What stands around a code in a memo does not hide it.
func TestFind(t *testing.T) {
	code := memocode.New()
	for _, memo := range []string{code, "MBVCB.6917.ung ho " + strings.ToLower(code) + ".CT tu 0011", "CONG TY AN BINH " + code[:6] + " " + code[6:]} {
		if got := memocode.Find(memo); got != code {
			t.Errorf("%q: %q, want %q", memo, got, code)
		}
	}
	if got := memocode.Find("ung ho dong bao bi lu lut"); got != "" {
		t.Errorf("an ordinary memo has the code %q", got)
	}
}
