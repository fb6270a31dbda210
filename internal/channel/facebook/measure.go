package facebook

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// counted is a post with what everybody sees of its echo. How many saw it (insights) is told to large pages only.
type counted struct {
	post
	Shares struct {
		Count int64 `json:"count"`
	} `json:"shares"`
	Reactions summary `json:"reactions"`
	Comments  summary `json:"comments"`
}

type summary struct {
	Summary struct {
		Total int64 `json:"total_count"`
	} `json:"summary"`
}

const (
	pageSize  = 100
	mostPages = 5 // older posts are not asked for
	titleSize = 80
)

// Measure implements channel.Meter from the published posts, newest first.
func (f *Adapter) Measure(ctx context.Context, a channel.Account, since time.Time) ([]channel.Figures, error) {
	var all []channel.Figures
	after := ""
	for range mostPages {
		var out struct {
			Data   []counted `json:"data"`
			Paging struct {
				Cursors struct {
					After string `json:"after"`
				} `json:"cursors"`
				Next string `json:"next"`
			} `json:"paging"`
		}
		args := url.Values{"fields": {"id,message,permalink_url,created_time,shares,reactions.summary(true).limit(0),comments.summary(true).limit(0)"},
			"limit": {strconv.Itoa(pageSize)}, "since": {strconv.FormatInt(since.Unix(), 10)}}
		if after != "" {
			args.Set("after", after)
		}
		if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID+"/published_posts", args, &out); err != nil {
			return nil, err
		}
		for _, p := range out.Data {
			all = append(all, channel.Figures{ExternalID: p.ID, Title: channel.Cut(p.Message, titleSize), Link: p.Link, At: p.Created.Time, Shares: p.Shares.Count,
				Reactions: p.Reactions.Summary.Total, Comments: p.Comments.Summary.Total})
		}
		if after = out.Paging.Cursors.After; after == "" || out.Paging.Next == "" {
			break
		}
	}
	return all, nil
}
