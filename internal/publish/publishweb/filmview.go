package publishweb

import (
	"net/url"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// filmPath is an address of the house as our own pages use it: the browser plays what comes from this house only.
func filmPath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

// filmWidth is how wide a film stands on a page of an official: one from a telephone held upright stays small.
func filmWidth(v *channel.Video) int {
	if v.Vertical() {
		return 240
	}
	return 480
}
