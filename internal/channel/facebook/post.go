package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

func stop(code, message, key string) *channel.Error {
	return &channel.Error{Kind: channel.Facebook, Code: code, Message: message, Advice: channel.AdviceStop, Key: key}
}

// words gives the text of a post: title, lead and body, with the link at the end when pictures take the place of its preview.
func words(c channel.Content, withLink bool) string {
	var parts []string
	for _, p := range []string{c.Title, c.Lead, c.Text} {
		if p = strings.TrimSpace(channel.Cut(p, 0)); p != "" {
			parts = append(parts, p)
		}
	}
	if withLink && c.Link != "" {
		parts = append(parts, c.Link)
	}
	return strings.Join(parts, "\n\n")
}

func pictures(c channel.Content) []channel.Picture {
	var out []channel.Picture
	if c.Cover != nil {
		out = append(out, *c.Cover)
	}
	out = append(out, c.Gallery...)
	return out[:min(len(out), 10)]
}

// Publish implements channel.Channel: a post with its pictures, or with the preview of its link. Facebook has no way to
// mark a request, so a repeated try, and a refusal as a duplicate (506), look among the page's newest posts first.
func (f *Adapter) Publish(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	photos := pictures(c)
	message := words(c, len(photos) > 0 || c.Video != nil)
	if message == "" && c.Link == "" {
		return channel.Receipt{}, stop("empty", "nothing to post", "channel.facebook.empty")
	}
	if channel.Length(message) > maxPost {
		return channel.Receipt{}, stop("length", "over 63,206 characters", "channel.facebook.too_long")
	}
	if tried.Unsure() {
		found, err := f.find(ctx, a, message, tried.Since.Add(-10*time.Minute))
		if err != nil || found.ExternalID != "" {
			return found, err
		}
		if err := f.settled(tried.LastTry); err != nil {
			return channel.Receipt{}, err
		}
	}
	if c.Video != nil {
		return f.startFilm(ctx, a, c)
	}
	args := url.Values{"message": {message}}
	if len(photos) == 0 && c.Link != "" {
		args.Set("link", c.Link)
	}
	for i, p := range photos {
		id, err := f.photo(ctx, a, p)
		if err != nil {
			return channel.Receipt{}, sure(err)
		}
		b, _ := json.Marshal(map[string]string{"media_fbid": id}) // plain text cannot fail
		args.Set("attached_media["+strconv.Itoa(i)+"]", string(b))
	}
	return f.feed(ctx, a, c, args)
}

func (f *Adapter) feed(ctx context.Context, a channel.Account, c channel.Content, args url.Values) (channel.Receipt, error) {
	var out struct {
		ID string `json:"id"`
	}
	err := f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+"/feed", args, &out)
	if isCode(err, "1609005") && args.Has("link") { // the preview could not be made: the address goes into the words
		args.Del("link")
		args.Set("message", words(c, true))
		err = f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+"/feed", args, &out)
	}
	if isCode(err, "506") {
		if found, ferr := f.find(ctx, a, args.Get("message"), time.Time{}); ferr != nil || found.ExternalID != "" {
			return found, ferr
		}
	}
	if err != nil {
		return channel.Receipt{}, err
	}
	if out.ID == "" {
		return channel.Receipt{}, unclear("feed answered without an id", true)
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: out.ID, Link: f.permalink(ctx, a, out.ID)}, nil
}

// photo puts a picture on the page without showing it, so that a post can carry it.
func (f *Adapter) photo(ctx context.Context, a channel.Account, p channel.Picture) (string, error) {
	address := p.URL
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		address = strings.TrimRight(f.cfg.MediaBase, "/") + "/" + strings.TrimLeft(address, "/")
	}
	args := url.Values{"url": {address}, "published": {"false"}}
	if p.Alt != "" {
		args.Set("alt_text_custom", p.Alt)
	}
	var out struct {
		ID string `json:"id"`
	}
	err := f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+"/photos", args, &out)
	return out.ID, err
}

type post struct {
	ID      string    `json:"id"`
	Message string    `json:"message"`
	Link    string    `json:"permalink_url"`
	Created graphTime `json:"created_time"`
}

// graphTime is Facebook's way to write a moment: 2006-01-02T15:04:05+0000.
type graphTime struct{ time.Time }

func (t *graphTime) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return errors.New("facebook: not a time: " + s)
}

// find looks for a post with these very words among the newest of the page, not older than since.
func (f *Adapter) find(ctx context.Context, a channel.Account, message string, since time.Time) (channel.Receipt, error) {
	var out struct {
		Data []post `json:"data"`
	}
	args := url.Values{"fields": {"id,message,permalink_url,created_time"}, "limit": {"25"}}
	if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID+"/published_posts", args, &out); err != nil {
		return channel.Receipt{}, sure(err)
	}
	for _, p := range out.Data {
		if channel.Cut(p.Message, 0) == channel.Cut(message, 0) && !p.Created.Before(since) {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: p.ID, Link: p.Link}, nil
		}
	}
	return channel.Receipt{}, nil
}

// Find implements channel.Finder.
func (f *Adapter) Find(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	found, err := f.find(ctx, a, words(c, len(pictures(c)) > 0 || c.Video != nil), tried.Since.Add(-10*time.Minute))
	if err != nil || found.ExternalID != "" {
		return found, err
	}
	return found, f.settled(tried.LastTry)
}

func (f *Adapter) settled(lastTry time.Time) error {
	wait := lastTry.Add(f.cfg.Settle).Sub(f.cfg.Clock.Now())
	if wait <= 0 {
		return nil
	}
	return &channel.Error{Kind: channel.Facebook, Code: "unsure", Message: "an earlier try may still take effect", Advice: channel.AdviceLater, Key: "channel.error.checking", Wait: wait}
}

// sure marks the failure of a step that put nothing before the public.
func sure(err error) error {
	var e *channel.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Unsure = false
	return &c
}

func isCode(err error, code string) bool {
	var e *channel.Error
	if !errors.As(err, &e) {
		return false
	}
	main, _, _ := strings.Cut(e.Code, "/")
	return main == code
}

// permalink finds where the public sees a post. It stands in any case: trouble here falls back to the usual form.
func (f *Adapter) permalink(ctx context.Context, a channel.Account, id string) string {
	var out post
	if err := f.call(ctx, a, http.MethodGet, "/"+id, url.Values{"fields": {"permalink_url"}}, &out); err == nil && out.Link != "" {
		return out.Link
	}
	return "https://www.facebook.com/" + id
}

// Confirm implements channel.Channel: a post stands as soon as it is taken, a film goes through its steps.
func (f *Adapter) Confirm(ctx context.Context, a channel.Account, r channel.Receipt) (channel.Receipt, error) {
	if r.Token != "" {
		return f.advanceFilm(ctx, a, r)
	}
	r.State = channel.ReceiptPublished
	return r, nil
}

// Update implements channel.Channel. Facebook lets the words of a post be changed, not its pictures or link.
func (f *Adapter) Update(ctx context.Context, a channel.Account, r channel.Receipt, c channel.Content) (channel.Receipt, error) {
	message := words(c, len(pictures(c)) > 0 || c.Video != nil)
	if channel.Length(message) > maxPost {
		return channel.Receipt{}, stop("length", "over 63,206 characters", "channel.facebook.too_long")
	}
	if err := f.call(ctx, a, http.MethodPost, "/"+r.ExternalID, url.Values{"message": {message}}, nil); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: r.ExternalID, Link: r.Link}, nil
}

// Retract implements channel.Channel.
func (f *Adapter) Retract(ctx context.Context, a channel.Account, r channel.Receipt) error {
	err := f.call(ctx, a, http.MethodDelete, "/"+r.ExternalID, nil, nil)
	var e *channel.Error
	if errors.As(err, &e) && e.Code == "100/33" { // gone already
		return nil
	}
	return err
}
