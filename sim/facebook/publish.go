package facebook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

const (
	scheduleSoonest = 10 * time.Minute
	scheduleLatest  = 30 * 24 * time.Hour // the stricter of the two published limits
	maxPhoto        = 10 << 20
	maxPost         = 63206
)

func splitPost(id string) (page, number string) {
	page, number, _ = strings.Cut(id, "_")
	return page, number
}

func (s *Sim) permalink(post string) string {
	page, _ := splitPost(post)
	return s.cfg.WallURL + "/page/" + page + "#" + post
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func yes(text string, otherwise bool) bool {
	switch strings.ToLower(text) {
	case "":
		return otherwise
	case "true", "1":
		return true
	}
	return false
}

// newPost makes a post from message, link and photos with the checks that feed and photos share.
func (s *Sim) newPost(c *call, a *account, message string, photos []*Photo, print string) (*Post, *failure) {
	link := c.args.Get("link")
	published := yes(c.args.Get("published"), true)
	when, okTime := unixOr(c.args.Get("scheduled_publish_time"), time.Time{})
	switch {
	case a.Blocked:
		return nil, fail(368, 0, "The action attempted has been deemed abusive or is otherwise disallowed")
	case len([]rune(message)) > maxPost:
		return nil, badParam("(#100) Message is too long")
	case link != "" && !isWebAddress(link):
		return nil, fail(1609005, 0, "The link you supplied could not be scraped")
	case !okTime:
		return nil, badParam("(#100) Param scheduled_publish_time must be a unix timestamp or ISO 8601 time")
	case !when.IsZero() && published:
		return nil, badParam("(#100) You cannot specify a scheduled publish time on a published post")
	case !when.IsZero() && (when.Sub(c.now) < scheduleSoonest || when.Sub(c.now) > scheduleLatest):
		return nil, badParam("(#100) The specified scheduled publish time is invalid.")
	}
	sum := sha256.Sum256([]byte(message + "\x00" + link + "\x00" + print))
	p := &Post{Page: a.ID, Message: message, Link: link, Published: published, Scheduled: when, Created: c.now, Updated: c.now, PrintID: hex.EncodeToString(sum[:8])}
	if last := a.newest(); !s.cfg.NoDuplicateCheck && last != nil && last.PrintID == p.PrintID && last.Edits == 0 {
		return nil, &failure{code: 506, subcode: 1455006, message: "Duplicate status message", title: "Duplicate Status Update"}
	}
	p.ID = a.ID + "_" + simkit.StableID("post", simkit.RandomHex(8))
	for _, photo := range photos {
		p.Photos = append(p.Photos, photo.ID)
		photo.Post, photo.Published = p.ID, true
		s.journal.Put("photo", photo.ID, photo)
	}
	a.posts = append(a.posts, p)
	s.postOf[p.ID] = a
	s.savePost(a, p)
	if p.Published {
		s.raisePost(a, p, "add")
	}
	return p, nil
}

func (a *account) newest() *Post {
	if len(a.posts) == 0 {
		return nil
	}
	return a.posts[len(a.posts)-1]
}

func (s *Sim) savePost(a *account, p *Post) { s.journal.Put("post", a.ID+"/"+p.ID, p) }

// createPost serves POST /{page}/feed.
func (s *Sim) createPost(c *call, a *account) (any, *failure) {
	photos, bad := s.attachedMedia(c, a)
	if bad != nil {
		return nil, bad
	}
	message := c.args.Get("message")
	if message == "" && c.args.Get("link") == "" && len(photos) == 0 {
		return nil, badParam("(#100) The status you are trying to publish is blank or contains only whitespace")
	}
	print := ""
	for _, p := range photos {
		print += p.URL
	}
	p, bad := s.newPost(c, a, message, photos, print)
	if bad != nil {
		return nil, bad
	}
	return map[string]string{"id": p.ID}, nil
}

// attachedMedia reads attached_media[0]={"media_fbid":…} and the JSON list form attached_media=[…].
func (s *Sim) attachedMedia(c *call, a *account) ([]*Photo, *failure) {
	type media struct {
		ID string `json:"media_fbid"`
	}
	var list []media
	if raw := c.args.Get("attached_media"); raw != "" {
		if json.Unmarshal([]byte(raw), &list) != nil {
			return nil, badParam("(#100) Param attached_media must be an array")
		}
	}
	for i := 0; ; i++ {
		raw := c.args.Get(fmt.Sprintf("attached_media[%d]", i))
		if raw == "" {
			break
		}
		var m media
		if json.Unmarshal([]byte(raw), &m) != nil {
			return nil, badParam("(#100) Param attached_media is invalid")
		}
		list = append(list, m)
	}
	var photos []*Photo
	for _, m := range list {
		p := s.photos[m.ID]
		if p == nil || p.Page != a.ID || p.Post != "" {
			return nil, badParam("(#100) media_fbid " + m.ID + " is invalid or already used")
		}
		photos = append(photos, p)
	}
	return photos, nil
}

// fetchPhoto gets a photo that was given by url, before the lock is taken.
func (s *Sim) fetchPhoto(c *call) *failure {
	if !s.cfg.FetchPhotos || c.method != http.MethodPost || len(c.path) != 2 || c.path[1] != "photos" || c.file != nil || !isWebAddress(c.args.Get("url")) {
		return nil
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(c.args.Get("url"))
	if err != nil {
		return badParam("(#100) The image could not be fetched from url")
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxPhoto+1))
	if err != nil || resp.StatusCode != http.StatusOK {
		return badParam("(#100) The image could not be fetched from url")
	}
	c.file = data
	return nil
}

// createPhoto serves POST /{page}/photos with url or multipart source.
func (s *Sim) createPhoto(c *call, a *account) (any, *failure) {
	caption, given := c.args.Get("caption"), c.args.Get("url")
	if caption == "" {
		caption = c.args.Get("message") // deprecated name
	}
	p := &Photo{ID: simkit.StableID("photo", simkit.RandomHex(8)), Page: a.ID, Caption: caption, URL: given, Created: c.now}
	switch {
	case c.file != nil:
		p.Mime = http.DetectContentType(c.file)
		if !strings.HasPrefix(p.Mime, "image/") || len(c.file) > maxPhoto {
			return nil, badParam("(#100) The image is missing, invalid or too large")
		}
		p.Data = c.file
		p.URL = s.cfg.BaseURL + "/picture/" + p.ID
	case !isWebAddress(given):
		return nil, badParam("(#100) Param url must be a web address, or source a file")
	}
	print := given
	if c.file != nil {
		sum := sha256.Sum256(c.file)
		print = hex.EncodeToString(sum[:])
	}
	if !yes(c.args.Get("published"), true) {
		s.photos[p.ID] = p
		s.journal.Put("photo", p.ID, p)
		return map[string]string{"id": p.ID}, nil
	}
	post, bad := s.newPost(c, a, caption, []*Photo{p}, print)
	if bad != nil {
		return nil, bad
	}
	s.photos[p.ID] = p
	return map[string]string{"id": p.ID, "post_id": post.ID}, nil
}

// avatar shows the picture of a Page; without one, a grey landscape stands for the grey figure.
func (s *Sim) avatar(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	a := s.pages[id]
	var kind int
	if a != nil {
		kind = a.Emblem
	}
	s.mu.Unlock()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	simkit.ServeEmblem(w, kind)
}

func (s *Sim) picture(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	p := s.photos[id]
	s.mu.Unlock()
	if p == nil || p.Data == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", p.Mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(p.Data)
}

func (s *Sim) showPost(c *call, a *account, p *Post) map[string]any {
	all := map[string]any{"id": p.ID, "message": p.Message, "created_time": graphTime(p.Created), "updated_time": graphTime(p.Updated),
		"permalink_url": s.permalink(p.ID), "is_published": p.visible(c.now), "from": map[string]string{"id": a.ID, "name": a.Name}, "story": ""}
	total := func(n int) map[string]any {
		return map[string]any{"data": []any{}, "summary": map[string]any{"total_count": n}}
	}
	all["reactions"], all["comments"] = total(p.Likes), total(a.commentsOf(p.ID))
	if p.Shares > 0 {
		all["shares"] = map[string]int{"count": p.Shares}
	}
	if p.Link != "" {
		all["link"] = p.Link
		all["attachments"] = map[string]any{"data": []map[string]any{{"type": "share", "url": p.Link}}}
	}
	if len(p.Photos) > 0 {
		all["full_picture"] = s.photos[p.Photos[0]].URL
	}
	if !p.Scheduled.IsZero() {
		all["scheduled_publish_time"] = p.Scheduled.Unix()
	}
	return pick(c.args.Get("fields"), all, "created_time", "message")
}

// listPosts serves feed, posts and published_posts, newest first, with since and until.
func (s *Sim) listPosts(c *call, a *account) (any, *failure) {
	since, ok1 := unixOr(c.args.Get("since"), time.Time{})
	until, ok2 := unixOr(c.args.Get("until"), c.now.Add(time.Second))
	if !ok1 || !ok2 {
		return nil, badParam("(#100) Param since or until is invalid")
	}
	var rows []map[string]any
	for _, p := range slices.Backward(a.posts) {
		if p.visible(c.now) && !p.Created.Before(since.Truncate(time.Second)) && !p.Created.After(until) {
			rows = append(rows, s.showPost(c, a, p))
		}
	}
	return paged(c, rows, 25), nil
}

func (s *Sim) listScheduled(c *call, a *account) (any, *failure) {
	var rows []map[string]any
	for _, p := range a.posts {
		if !p.Scheduled.IsZero() && !p.visible(c.now) {
			rows = append(rows, s.showPost(c, a, p))
		}
	}
	return paged(c, rows, 25), nil
}

func (s *Sim) routePost(c *call, a *account, p *Post, edge string) (any, *failure) {
	switch c.method + " " + edge {
	case "GET ":
		if bad := c.may(a, "pages_read_engagement"); bad != nil {
			return nil, bad
		}
		return s.showPost(c, a, p), nil
	case "POST ":
		return s.editPost(c, a, p)
	case "DELETE ":
		if bad := c.may(a, "pages_manage_posts"); bad != nil {
			return nil, bad
		}
		s.removePost(a, p)
		return map[string]bool{"success": true}, nil
	case "GET comments":
		return s.listComments(c, a, p, nil)
	case "POST comments":
		return s.createComment(c, a, p, nil)
	}
	return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
}

func (s *Sim) editPost(c *call, a *account, p *Post) (any, *failure) {
	if bad := c.may(a, "pages_manage_posts"); bad != nil {
		return nil, bad
	}
	if c.args.Has("message") {
		p.Message = c.args.Get("message")
		p.Edits++
	}
	if yes(c.args.Get("is_published"), false) {
		p.Published, p.Scheduled = true, time.Time{}
	}
	p.Updated = c.now
	s.savePost(a, p)
	s.raisePost(a, p, "edited")
	return map[string]bool{"success": true}, nil
}

func (s *Sim) removePost(a *account, p *Post) {
	a.posts = slices.DeleteFunc(a.posts, func(x *Post) bool { return x == p })
	a.comments = slices.DeleteFunc(a.comments, func(x *Comment) bool {
		if x.Post != p.ID {
			return false
		}
		delete(s.comments, x.ID)
		s.journal.Delete("comment", a.ID+"/"+x.ID)
		return true
	})
	delete(s.postOf, p.ID)
	s.journal.Delete("post", a.ID+"/"+p.ID)
	p.Updated = s.now()
	s.raisePost(a, p, "remove")
}

func (s *Sim) routePhoto(c *call, p *Photo, edge string) (any, *failure) {
	a := s.pages[p.Page]
	if bad := c.may(a, "pages_read_engagement"); bad != nil {
		return nil, bad
	}
	switch c.method + " " + edge {
	case "GET ":
		all := map[string]any{"id": p.ID, "name": p.Caption, "created_time": graphTime(p.Created), "images": []map[string]any{{"source": p.URL}}, "page_story_id": p.Post}
		return pick(c.args.Get("fields"), all, "name", "created_time"), nil
	case "DELETE ":
		delete(s.photos, p.ID)
		s.journal.Delete("photo", p.ID)
		if post := a.post(p.Post); post != nil {
			post.Photos = slices.DeleteFunc(post.Photos, func(id string) bool { return id == p.ID })
			s.savePost(a, post)
		}
		return map[string]bool{"success": true}, nil
	}
	return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
}
