package vntext_test

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

func TestLowerFirst(t *testing.T) {
	for in, want := range map[string]string{"Phường Vinh Hưng": "phường Vinh Hưng", "Ủy ban": "ủy ban", "Đảng": "đảng", "xã": "xã", "": "", "3": "3", "\xff": "\xff"} {
		if got := vntext.LowerFirst(in); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
}
