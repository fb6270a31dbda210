package byphoneweb_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// The parts that stand on pages of others: the tick, the sentence on the page of a case, and the list for officials. The
// whole pages are tested with the forms of package feedbackweb.
func TestParts(t *testing.T) {
	words, err := i18n.Load(ui.Catalogue, channelweb.Catalogue, byphoneweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	ctx := ui.WithShell(i18n.With(t.Context(), words.In("vi")), ui.Shell{})
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	golden.HTML(t, ctx, "tick", byphoneweb.Tick(true))
	golden.HTML(t, ctx, "line-none", byphoneweb.LinePart(byphoneweb.Line{Code: "AB12-CD34-EF5"}))
	golden.HTML(t, ctx, "line-offered", byphoneweb.LinePart(byphoneweb.Line{Code: "AB12-CD34-EF5", Offered: true}))
	golden.HTML(t, ctx, "line-kept", byphoneweb.LinePart(byphoneweb.Line{Code: "AB12-CD34-EF5", Tail: "678"}))
	golden.HTML(t, ctx, "line-over", byphoneweb.LinePart(byphoneweb.Line{Code: "AB12-CD34-EF5", Tail: "678", Over: true}))
	golden.HTML(t, ctx, "office-none", byphoneweb.OfficePart(byphoneweb.Office{}))
	golden.HTML(t, ctx, "office", byphoneweb.OfficePart(byphoneweb.Office{Waiting: 2, List: []byphone.Told{
		{At: at, Tail: "678", State: notice.Arrived, Price: 200, ArrivedAt: at}, {At: at, Tail: "321", State: notice.Failed, Reason: "channel.notice.no_zalo", Other: true},
		{At: at, Tail: "456", State: notice.Queued}, {At: at, Tail: "789", State: notice.Sent}}}))
}
