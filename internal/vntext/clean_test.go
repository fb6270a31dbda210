package vntext_test

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		" a\r\nb\rc ": "a\nb\nc", "x\x00y\u200bz": "xy\u200bz", "tab\there": "tab\there", "xa\u0303 ho\u0323c": "xã học", "\xff\xfea": "a", "": "", " \n ": "",
	} {
		if got := vntext.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := vntext.OneLine("  Xóm 4,\n  xã   Kim Liên\t "); got != "Xóm 4, xã Kim Liên" {
		t.Errorf("OneLine: %q", got)
	}
}
