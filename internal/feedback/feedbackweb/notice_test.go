package feedbackweb

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// Each state of a message to the citizen has its word, and a failed one says why.
func TestNoticeLine(t *testing.T) {
	ctx := golden.Words(t, ui.Catalogue, Catalogue)
	for _, n := range []feedback.Notice{{State: feedback.NoticeQueued}, {State: feedback.NoticeSent}, {State: feedback.NoticeFailed, Reason: "feedback.code_unknown"}} {
		golden.HTML(t, ctx, "notice-"+string(n.State), noticeLine(n))
	}
}
