package app

import (
	"context"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// A notice names its case, its holder and its last day; of a sealed case only the code is said.
func TestNoticesOnTheListOfTheDay(t *testing.T) {
	list := []deadline.Notice{{CaseID: "1", Code: "AAAA-BBBB-CCC", Title: "Đèn đường hỏng", HolderID: "u", Deadline: "2026-11-20", Step: deadline.Step{At: deadline.AtLate, Amount: 3}},
		{CaseID: "2", Code: "DDDD-EEEE-FFF", HolderID: "u", Deadline: "2026-11-30", Step: deadline.Step{At: deadline.AtElapsed, Amount: 75}}}
	got := noticeItems(context.Background(), list, func(u string) string { return "unit " + u })
	if len(got) != 2 || got[0].Href != "/lam-viec/vu-viec/1" || got[0].From != "unit u" || got[0].Kind != "late" || !got[0].Due.Equal(workday.EndOfDay("2026-11-20")) {
		t.Fatalf("%+v", got)
	}
	if !strings.HasSuffix(got[0].Title, ": Đèn đường hỏng") || !strings.HasSuffix(got[1].Title, ": DDDD-EEEE-FFF") {
		t.Errorf("%q %q", got[0].Title, got[1].Title)
	}
}
