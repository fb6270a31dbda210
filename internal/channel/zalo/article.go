package zalo

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

type cover struct {
	CoverType string `json:"cover_type"`
	PhotoURL  string `json:"photo_url,omitempty"`
	CoverView string `json:"cover_view,omitempty"`
	VideoID   string `json:"video_id,omitempty"`
	Status    string `json:"status"`
}

type article struct {
	ID           string  `json:"id,omitempty"`
	Type         string  `json:"type"`
	Title        string  `json:"title"`
	Author       string  `json:"author,omitempty"`
	Cover        *cover  `json:"cover,omitempty"`
	Description  string  `json:"description"`
	Body         []block `json:"body,omitempty"`
	VideoID      string  `json:"video_id,omitempty"`
	Avatar       string  `json:"avatar,omitempty"`
	TrackingLink string  `json:"tracking_link,omitempty"`
	Status       string  `json:"status"`
	Comment      string  `json:"comment"`
}

func stop(code, message, key string) *channel.Error {
	return &channel.Error{Kind: channel.Zalo, Code: code, Message: message, Advice: channel.AdviceStop, Key: key}
}

// build makes the article of a content, or says what is wrong with it; nothing is silently cut but the author's line.
func (z *Adapter) build(a channel.Account, c channel.Content) (article, error) {
	title, lead := channel.Cut(c.Title, 0), channel.Cut(c.Lead, 0)
	switch {
	case strings.TrimSpace(title) == "":
		return article{}, stop("title", "no title", "channel.zalo.no_title")
	case channel.Length(title) > maxTitle:
		return article{}, stop("title", "title over 150 characters", "channel.zalo.title_too_long")
	case channel.Length(lead) > maxLead:
		return article{}, stop("lead", "lead over 300 characters", "channel.zalo.lead_too_long")
	}
	photo := z.cfg.Cover
	if c.Video != nil && c.Video.Poster != nil {
		photo = c.Video.Poster.URL
	}
	if c.Cover != nil {
		photo = c.Cover.URL
	} else if len(c.Gallery) > 0 {
		photo = c.Gallery[0].URL
	}
	if photo = z.public(photo); photo == "" {
		return article{}, stop("cover", "no cover picture", "channel.zalo.no_cover")
	}
	body := z.body(c)
	if len(body) == 0 && c.Video == nil {
		return article{}, stop("body", "empty body", "channel.zalo.no_body")
	}
	return article{Type: "normal", Title: title, Author: channel.Cut(c.Author, maxAuthor), Description: lead, Body: body, Status: "show", Comment: "show",
		Cover: &cover{CoverType: "photo", PhotoURL: photo, Status: "show"}, TrackingLink: trackingLink(a, c)}, nil
}

// trackingLink carries the mark by which a repeated try recognises the article of an earlier one.
func trackingLink(a channel.Account, c channel.Content) string {
	u, err := url.Parse(cmp.Or(c.Link, a.Link, "https://zalo.me/"+a.ExternalID))
	if err != nil || c.Mark == "" {
		return c.Link
	}
	q := u.Query()
	q.Set("nc", c.Mark)
	if v := filmMark(c.Video); v != "" {
		q.Set("nv", v)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// public puts the media host before an address that has none.
func (z *Adapter) public(address string) string {
	if address == "" || strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
		return address
	}
	if z.cfg.MediaBase == "" {
		return ""
	}
	return strings.TrimRight(z.cfg.MediaBase, "/") + "/" + strings.TrimLeft(address, "/")
}

// Publish implements channel.Channel. Zalo answers a token at once and makes the article stand some seconds later.
func (z *Adapter) Publish(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	in, err := z.build(a, c)
	if err != nil {
		return channel.Receipt{}, err
	}
	if tried.Unsure() {
		found, err := z.find(ctx, a, c, tried)
		if err != nil || found.ExternalID != "" {
			return found, err
		}
	}
	if c.Video != nil {
		videoID, wait, err := z.film(ctx, a, *c.Video, tried)
		if err != nil || videoID == "" {
			return wait, err
		}
		in = withFilm(in, *c.Video, videoID, in.Cover.PhotoURL, onlyFilm(c))
	}
	var out struct {
		Token string `json:"token"`
	}
	if err := z.call(ctx, a, http.MethodPost, "/v2.0/article/create", nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	if out.Token == "" {
		return channel.Receipt{}, unclear(http.MethodPost, "article/create answered without a token", nil)
	}
	return channel.Receipt{State: channel.ReceiptProcessing, Token: out.Token}, nil
}

type media struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Created  text   `json:"create_date"`
	LinkView string `json:"link_view"`
	Type     string `json:"type"`
	Status   string `json:"status"`
	Views    text   `json:"total_view"`
}

func (z *Adapter) slice(ctx context.Context, a channel.Account, limit, kind string) ([]media, error) {
	ms, _, err := z.sliceFrom(ctx, a, 0, limit, kind)
	return ms, err
}

func (z *Adapter) sliceFrom(ctx context.Context, a channel.Account, offset int, limit, kind string) ([]media, int, error) {
	var out struct {
		Medias []media `json:"medias"`
		Total  text    `json:"total"`
	}
	q := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {limit}, "type": {kind}}
	err := z.call(ctx, a, http.MethodGet, "/v2.0/article/getslice", q, nil, &out)
	return out.Medias, int(out.Total.int()), err
}

// onlyFilm tells whether a content is nothing but a film with title and lead: Zalo has a kind of article for it.
func onlyFilm(c channel.Content) bool {
	return c.Video != nil && strings.TrimSpace(plain(c.HTML)) == "" && strings.TrimSpace(c.Text) == "" && len(c.Gallery) == 0
}

func kindOf(c channel.Content) string {
	if onlyFilm(c) {
		return "video"
	}
	return "normal"
}

type detail struct {
	ID           string  `json:"id"`
	Type         string  `json:"type"`
	Title        string  `json:"title"`
	Author       string  `json:"author"`
	Description  string  `json:"description"`
	Cover        *cover  `json:"cover"`
	Body         []block `json:"body"`
	VideoID      string  `json:"video_id"`
	Avatar       string  `json:"avatar"`
	Status       string  `json:"status"`
	Comment      string  `json:"comment"`
	TrackingLink *string `json:"tracking_link"`
	LinkView     string  `json:"link_view"`
}

func (z *Adapter) detail(ctx context.Context, a channel.Account, articleID string) (detail, error) {
	var out detail
	err := z.call(ctx, a, http.MethodGet, "/v2.0/article/getdetail", url.Values{"id": {articleID}}, nil, &out)
	return out, err
}

// find looks whether an earlier try made the article after all: among the newest articles, one with our title that bears
// our mark. While Zalo may still be working at it, the answer is "later".
func (z *Adapter) find(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	ms, err := z.slice(ctx, a, "10", kindOf(c))
	if err != nil {
		return channel.Receipt{}, sure(err)
	}
	for _, m := range ms {
		if channel.Cut(m.Title, 0) != channel.Cut(c.Title, 0) {
			continue
		}
		d, err := z.detail(ctx, a, m.ID)
		if err != nil {
			return channel.Receipt{}, sure(err)
		}
		ours := false
		if d.TrackingLink != nil && *d.TrackingLink != "" {
			ours = strings.Contains(*d.TrackingLink, c.Mark)
		} else { // Zalo does not show the link: the title and the hour must do
			ours = m.Created.int() >= tried.Since.Add(-2*time.Minute).UnixMilli()
		}
		if ours {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: m.ID, Link: cmp.Or(d.LinkView, m.LinkView)}, nil
		}
	}
	return channel.Receipt{}, z.settled(tried.LastTry)
}

// Find implements channel.Finder.
func (z *Adapter) Find(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	return z.find(ctx, a, c, tried)
}

// settled says "later" while the effect of a try may still show up.
func (z *Adapter) settled(lastTry time.Time) error {
	wait := lastTry.Add(z.cfg.Settle).Sub(z.cfg.Clock.Now())
	if wait <= 0 {
		return nil
	}
	return &channel.Error{Kind: channel.Zalo, Code: "unsure", Message: "an earlier try may still take effect", Advice: channel.AdviceLater, Key: "channel.error.checking", Wait: wait}
}

// sure marks the failure of a mere look: it changed nothing.
func sure(err error) error {
	var e *channel.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Unsure = false
	return &c
}

// Confirm implements channel.Channel.
func (z *Adapter) Confirm(ctx context.Context, a channel.Account, r channel.Receipt) (channel.Receipt, error) {
	var out struct {
		ID string `json:"id"`
	}
	err := z.call(ctx, a, http.MethodPost, "/v2.0/article/verify", nil, map[string]string{"token": r.Token}, &out)
	var e *channel.Error
	switch {
	case errors.As(err, &e) && e.Code == "-214":
		return channel.Receipt{State: channel.ReceiptProcessing, Token: r.Token, ExternalID: r.ExternalID}, nil
	case errors.As(err, &e) && e.Code == "-201" && strings.Contains(e.Message, "media fail"):
		return channel.Receipt{}, stop("-201", e.Message, "channel.zalo.cover_failed")
	case err != nil:
		return channel.Receipt{}, err
	case out.ID == "":
		return channel.Receipt{State: channel.ReceiptProcessing, Token: r.Token, ExternalID: r.ExternalID}, nil
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: out.ID, Link: cmp.Or(r.Link, z.link(ctx, a, out.ID))}, nil
}

// link finds where the public sees an article. It stands in any case, so trouble here only costs the link.
func (z *Adapter) link(ctx context.Context, a channel.Account, articleID string) string {
	if d, err := z.detail(ctx, a, articleID); err == nil && d.LinkView != "" {
		return d.LinkView
	}
	ms, err := z.slice(ctx, a, "10", "normal")
	if err != nil {
		return ""
	}
	for _, m := range ms {
		if m.ID == articleID {
			return m.LinkView
		}
	}
	return ""
}

// Update implements channel.Channel: the whole article again, under its id.
func (z *Adapter) Update(ctx context.Context, a channel.Account, r channel.Receipt, c channel.Content) (channel.Receipt, error) {
	in, err := z.build(a, c)
	if err != nil {
		return channel.Receipt{}, err
	}
	in.ID = r.ExternalID
	if c.Video != nil {
		videoID, err := z.standingFilm(ctx, a, r.ExternalID, c.Video)
		if err == nil && videoID == "" {
			var wait channel.Receipt
			if videoID, wait, err = z.film(ctx, a, *c.Video, r); err == nil && videoID == "" {
				wait.Link = r.Link
				return wait, nil
			}
		}
		if err != nil {
			return channel.Receipt{}, err
		}
		in = withFilm(in, *c.Video, videoID, in.Cover.PhotoURL, onlyFilm(c))
	}
	var out struct {
		Token string `json:"token"`
	}
	if err := z.call(ctx, a, http.MethodPost, "/v2.0/article/update", nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptProcessing, Token: out.Token, ExternalID: r.ExternalID, Link: r.Link}, nil
}

// Retract implements channel.Channel.
func (z *Adapter) Retract(ctx context.Context, a channel.Account, r channel.Receipt) error {
	err := z.call(ctx, a, http.MethodPost, "/v2.0/article/remove", nil, map[string]string{"id": r.ExternalID}, nil)
	if isCode(err, "-201") { // a bad id is how Zalo says that it is gone; look to be certain
		if _, derr := z.detail(ctx, a, r.ExternalID); isCode(derr, "-201") {
			return nil
		}
	}
	return err
}

func isCode(err error, code string) bool {
	var e *channel.Error
	return errors.As(err, &e) && e.Code == code
}

// Announce implements channel.Announcer: a broadcast of the article to all followers. Zalo takes it from 06:00 to 21:59
// and within the account's quota, has no dry run and does not say whom it reached.
func (z *Adapter) Announce(ctx context.Context, a channel.Account, r channel.Receipt) (channel.Receipt, error) {
	return z.AnnounceTo(ctx, a, r, channel.Audience{})
}

// regions are Zalo's numbers of the parts of the country.
var regions = map[string]string{"north": "0", "central": "1", "south": "2"}

// target is Zalo's way to say whom a broadcast is for: lists of numbers as texts with commas. Cities override locations.
func target(to channel.Audience) map[string]string {
	t := map[string]string{"gender": strconv.Itoa(to.Gender)}
	list := func(name string, ns []int) {
		var all []string
		for _, n := range ns {
			all = append(all, strconv.Itoa(n))
		}
		if len(all) > 0 {
			t[name] = strings.Join(all, ",")
		}
	}
	list("cities", to.Provinces)
	list("ages", to.Ages)
	if to.Platform > 0 {
		list("platform", []int{to.Platform})
	}
	var places []string
	for _, r := range to.Regions {
		if n := regions[r]; n != "" {
			places = append(places, n)
		}
	}
	if len(places) > 0 && len(to.Provinces) == 0 {
		t["locations"] = strings.Join(places, ",")
	}
	return t
}

// AnnounceTo implements channel.Targeter.
func (z *Adapter) AnnounceTo(ctx context.Context, a channel.Account, r channel.Receipt, to channel.Audience) (channel.Receipt, error) {
	in := map[string]any{
		"recipient": map[string]any{"target": target(to)},
		"message": map[string]any{"attachment": map[string]any{"type": "template", "payload": map[string]any{"template_type": "media",
			"elements": []map[string]string{{"media_type": "article", "attachment_id": r.ExternalID}}}}},
	}
	var out struct {
		MessageID text `json:"message_id"`
	}
	if err := z.call(ctx, a, http.MethodPost, "/v2.0/oa/message", nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: string(out.MessageID), Link: r.Link}, nil
}
