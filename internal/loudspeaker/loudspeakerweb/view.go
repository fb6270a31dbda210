package loudspeakerweb

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// lines cuts a text into its paragraphs.
func lines(s string) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// size writes how large a file is.
func size(ctx context.Context, bytes int64) string {
	return i18n.T(ctx, "loudspeaker.size", "N", ui.Number(ctx, int(max(1, bytes>>10))))
}
