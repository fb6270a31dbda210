package zalo

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// counted is an article with what Zalo counts of it.
type counted struct {
	media
	Views  text `json:"total_view"`
	Shares text `json:"total_share"`
}

const (
	sliceSize = 10  // most articles Zalo lists at once
	mostSlice = 300 // older articles are not asked for
)

// Measure implements channel.Meter from the lists of articles, newest first: Zalo tells views and shares.
func (z *Adapter) Measure(ctx context.Context, a channel.Account, since time.Time) ([]channel.Figures, error) {
	var all []channel.Figures
	for _, kind := range []string{"normal", "video"} {
		for offset, more := 0, true; more && offset < mostSlice; offset += sliceSize {
			var out struct {
				Medias []counted `json:"medias"`
			}
			q := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(sliceSize)}, "type": {kind}}
			if err := z.call(ctx, a, http.MethodGet, "/v2.0/article/getslice", q, nil, &out); err != nil {
				return nil, err
			}
			more = len(out.Medias) == sliceSize
			for _, m := range out.Medias {
				at := time.UnixMilli(m.Created.int()).UTC()
				if at.Before(since) {
					more = false
					continue
				}
				all = append(all, channel.Figures{ExternalID: m.ID, Title: m.Title, Link: m.LinkView, At: at, Views: m.Views.int(), Shares: m.Shares.int()})
			}
		}
	}
	return all, nil
}
