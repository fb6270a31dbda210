package wall

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/facebook"
)

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"MTTQ xã Kim Liên": "KL", "MTTQ phường Đông Vĩnh": "ĐV", "": "", "An": "A", "khối 5 (cũ)": "5C"} {
		if got := initials(name); got != want {
			t.Errorf("initials of %q: %q, want %q", name, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{5 * time.Second: "vừa xong", 5 * time.Minute: "5 phút trước", 3 * time.Hour: "3 giờ trước", 48 * time.Hour: "09:00 19/11/2026"} {
		if got := ago(now.Add(-d), now); got != want {
			t.Errorf("%s ago: %q, want %q", d, got, want)
		}
	}
}

func TestThreadsKeepRepliesUnderTheirComment(t *testing.T) {
	got := threads([]facebook.Comment{{ID: "1", Message: "a"}, {ID: "2", Message: "b"}, {ID: "3", Parent: "1", Message: "a1"}, {ID: "4", Parent: "3", Message: "a2"}})
	want := []comment{{Text: "a"}, {Text: "a1", Reply: true}, {Text: "a2", Reply: true}, {Text: "b"}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Text != want[i].Text || got[i].Reply != want[i].Reply {
			t.Errorf("row %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
