package youtube

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type commentItem struct {
	ID      string `json:"id"`
	Snippet struct {
		VideoID string `json:"videoId"`
		Parent  string `json:"parentId"`
		Text    string `json:"textOriginal"`
		Shown   string `json:"textDisplay"`
		Name    string `json:"authorDisplayName"`
		Author  struct {
			Value string `json:"value"`
		} `json:"authorChannelId"`
		At time.Time `json:"publishedAt"`
	} `json:"snippet"`
}

func (c commentItem) text() string {
	if c.Snippet.Text != "" {
		return c.Snippet.Text
	}
	return c.Snippet.Shown
}

// inbound turns a comment into a message of the kernel.
func (c commentItem) inbound(channelID, video string) channel.Inbound {
	m := &channel.Message{ExternalID: c.ID, PersonID: c.Snippet.Author.Value, PersonName: c.Snippet.Name, Text: c.text(), At: c.Snippet.At.UTC(),
		Comment: &channel.CommentRef{PostExternalID: video, ParentID: c.Snippet.Parent}}
	return channel.Inbound{Kind: channel.InboundMessage, ExternalID: channelID, Key: c.ID, At: m.At, Message: m}
}

const (
	pollPages = 10 // of 100 threads each
	overlap   = 10 * time.Minute
)

// comments reads what people wrote since the mark, oldest first. What was read before is read again around the mark and is
// known to the kernel by its id.
func (y *Adapter) comments(ctx context.Context, a channel.Account, since time.Time) (in []channel.Inbound, newest time.Time, err error) {
	newest = since
	page := ""
	for range pollPages {
		var out struct {
			Next  string `json:"nextPageToken"`
			Items []struct {
				Snippet struct {
					VideoID string      `json:"videoId"`
					Top     commentItem `json:"topLevelComment"`
				} `json:"snippet"`
				Replies struct {
					Comments []commentItem `json:"comments"`
				} `json:"replies"`
			} `json:"items"`
		}
		q := url.Values{"part": {"snippet,replies"}, "allThreadsRelatedToChannelId": {a.ExternalID}, "maxResults": {"100"}, "order": {"time"}}
		if page != "" {
			q.Set("pageToken", page)
		}
		if err := y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/commentThreads", query: q, cost: 1}, &out); err != nil {
			return nil, since, err
		}
		older := false
		for _, t := range out.Items {
			for _, c := range append([]commentItem{t.Snippet.Top}, t.Replies.Comments...) {
				if c.Snippet.Author.Value == a.ExternalID || c.ID == "" || !c.Snippet.At.After(since.Add(-overlap)) {
					continue
				}
				in = append(in, c.inbound(a.ExternalID, t.Snippet.VideoID))
				if c.Snippet.At.After(newest) {
					newest = c.Snippet.At
				}
			}
			older = older || t.Snippet.Top.Snippet.At.Before(since.Add(-overlap))
		}
		if page = out.Next; page == "" || older {
			break
		}
	}
	slices.Reverse(in)
	return in, newest, nil
}

// Poll asks one channel for comments and hands them to the kernel.
func (y *Adapter) Poll(ctx context.Context, a channel.Account) error {
	row, err := y.row(ctx, a)
	if err != nil {
		return err
	}
	since, err := time.Parse(time.RFC3339Nano, row.Mark)
	if err != nil { // never asked before: what is older than the connection belongs to the time before us
		since = a.CreatedAt.Add(-time.Hour)
	}
	in, newest, err := y.comments(ctx, a, since)
	if err != nil {
		return err
	}
	every, err := y.pollEvery(ctx)
	if err != nil {
		return err
	}
	return y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := y.d.Channels.Receive(ctx, tx, channel.YouTube, in); err != nil {
			return err
		}
		now := y.d.Clock.Now()
		_, err := tx.NewUpdate().Model((*channelRow)(nil)).Set("mark = ?", newest.UTC().Format(time.RFC3339Nano)).Set("polled_at = ?", now).
			Set("next_poll_at = ?", now.Add(every)).Where("account_id = ?", a.ID).Exec(ctx)
		return err
	})
}

// pollEvery spreads the units that asking may use over the day and all channels.
func (y *Adapter) pollEvery(ctx context.Context) (time.Duration, error) {
	n, err := y.d.DB.Read().NewSelect().Model((*channelRow)(nil)).Count(ctx)
	perDay := max(1, y.cfg.Units*pollPercent/100)
	return max(y.cfg.PollEvery, time.Duration(n)*24*time.Hour/time.Duration(perDay)), err
}

// row gives what is kept of a channel, made when it is new.
func (y *Adapter) row(ctx context.Context, a channel.Account) (channelRow, error) {
	r := channelRow{AccountID: a.ID, ChannelID: a.ExternalID}
	err := y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&r).Where("account_id = ?", a.ID).Scan(ctx)
	})
	return r, err
}

// accounts lists the channels that work.
func (y *Adapter) accounts(ctx context.Context) ([]channel.Account, error) {
	return y.d.Channels.Accounts(ctx, identity.System("youtube"), channel.Filter{Kind: channel.YouTube, State: channel.AccountConnected})
}

// Reply implements channel.Channel: under the comment that it answers. YouTube knows no private messages, and no answer to an
// answer: that goes under the comment at the top.
func (y *Adapter) Reply(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	if channel.Length(m.Text) > maxComment {
		return channel.Receipt{}, stop("text", "text over 10,000 characters", "channel.youtube.text_too_long")
	}
	if m.Comment == nil {
		return channel.Receipt{}, stop("no_private", "YouTube has no private messages", "channel.youtube.no_private")
	}
	top, _, _ := strings.Cut(m.Comment.ParentID, ".")
	if m.Unsure() {
		got, err := y.answered(ctx, a, m, top)
		if err != nil || got.ExternalID != "" {
			return got, err
		}
	}
	var out commentItem
	path, body := "/youtube/v3/comments", any(map[string]any{"snippet": map[string]string{"parentId": top, "textOriginal": m.Text}})
	if top == "" {
		path = "/youtube/v3/commentThreads"
		body = map[string]any{"snippet": map[string]any{"channelId": a.ExternalID, "videoId": m.Comment.PostExternalID,
			"topLevelComment": map[string]any{"snippet": map[string]string{"textOriginal": m.Text}}}}
	}
	err := y.call(ctx, a, request{method: http.MethodPost, path: path, query: url.Values{"part": {"snippet"}}, body: jsonBody(body), kind: jsonType, cost: 50}, &out)
	if err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: out.ID}, nil
}

// answered looks under a comment (or under the film) for our own words that we do not know of yet.
func (y *Adapter) answered(ctx context.Context, a channel.Account, m channel.Reply, top string) (channel.Receipt, error) {
	var out struct {
		Items []commentItem `json:"items"`
	}
	since := m.Since.Add(-10 * time.Minute)
	check := func(c commentItem) bool {
		return c.Snippet.Author.Value == a.ExternalID && channel.Cut(c.text(), 0) == channel.Cut(m.Text, 0) && !c.Snippet.At.Before(since) && !slices.Contains(m.Known, c.ID)
	}
	if top == "" {
		var threads struct {
			Items []struct {
				Snippet struct {
					Top commentItem `json:"topLevelComment"`
				} `json:"snippet"`
			} `json:"items"`
		}
		q := url.Values{"part": {"snippet"}, "videoId": {m.Comment.PostExternalID}, "order": {"time"}, "maxResults": {"50"}}
		if err := y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/commentThreads", query: q, cost: 1}, &threads); err != nil {
			return channel.Receipt{}, sure(err)
		}
		for _, t := range threads.Items {
			if check(t.Snippet.Top) {
				return channel.Receipt{State: channel.ReceiptPublished, ExternalID: t.Snippet.Top.ID}, nil
			}
		}
		return channel.Receipt{}, y.settled(m.LastTry)
	}
	q := url.Values{"part": {"snippet"}, "parentId": {top}, "maxResults": {"100"}, "textFormat": {"plainText"}}
	if err := y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/comments", query: q, cost: 1}, &out); err != nil {
		return channel.Receipt{}, sure(err)
	}
	for _, c := range out.Items {
		if check(c) {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: c.ID}, nil
		}
	}
	return channel.Receipt{}, y.settled(m.LastTry)
}

// HideComment implements channel.Hider: a comment that is held for review is seen by nobody else.
func (y *Adapter) HideComment(ctx context.Context, a channel.Account, commentID string, hidden bool) error {
	status := "published"
	if hidden {
		status = "heldForReview"
	}
	return y.call(ctx, a, request{method: http.MethodPost, path: "/youtube/v3/comments/setModerationStatus", cost: 50,
		query: url.Values{"id": {commentID}, "moderationStatus": {status}}}, nil)
}

func (y *Adapter) settled(lastTry time.Time) error {
	wait := lastTry.Add(y.cfg.Settle).Sub(y.d.Clock.Now())
	if wait <= 0 {
		return nil
	}
	return &channel.Error{Kind: channel.YouTube, Code: "unsure", Message: "an earlier try may still take effect", Advice: channel.AdviceLater, Key: "channel.error.checking", Wait: wait}
}
