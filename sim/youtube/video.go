package youtube

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

func list(kind string, items []any) map[string]any {
	return map[string]any{"kind": "youtube#" + kind, "pageInfo": map[string]int{"totalResults": len(items), "resultsPerPage": len(items)}, "items": items}
}

// uploadsOf is the playlist of everything a channel put up.
func uploadsOf(channelID string) string { return "UU" + strings.TrimPrefix(channelID, "UC") }

func (s *Sim) listChannels(c *call) (any, *failure) {
	var items []any
	show := func(x *channel) {
		items = append(items, map[string]any{"kind": "youtube#channel", "id": x.ID,
			"snippet":        map[string]any{"title": x.Name, "thumbnails": map[string]any{"default": map[string]string{"url": s.cfg.BaseURL + "/avatar/" + x.ID}}},
			"contentDetails": map[string]any{"relatedPlaylists": map[string]string{"uploads": uploadsOf(x.ID)}},
			"statistics":     map[string]string{"subscriberCount": strconv.Itoa(x.Subscribers), "videoCount": strconv.Itoa(s.count(x.ID))},
			"status":         map[string]any{"privacyStatus": "public", "isLinked": true, "longUploadsStatus": "allowed"}})
	}
	if c.query("mine") == "true" {
		show(c.channel)
		return list("channelListResponse", items), nil
	}
	for _, id := range strings.Split(c.query("id"), ",") {
		if x := s.channels[id]; x != nil {
			show(x)
		}
	}
	return list("channelListResponse", items), nil
}

func (s *Sim) count(channelID string) int {
	n := 0
	for _, v := range s.videos {
		if v.Channel == channelID && !v.Gone {
			n++
		}
	}
	return n
}

// state tells how far the platform has come with a film.
func (s *Sim) state(v *Video) string {
	switch {
	case v.Rejected != "":
		return "rejected"
	case s.now().Before(v.Created.Add(s.cfg.Processing)):
		return "uploaded"
	}
	if _, stuck := s.faults.Hit("article_stuck", system, v.Channel, v.ID); stuck {
		return "uploaded"
	}
	return "processed"
}

func (s *Sim) show(v *Video, parts string) map[string]any {
	out := map[string]any{"kind": "youtube#video", "id": v.ID}
	for _, p := range strings.Split(parts, ",") {
		switch strings.TrimSpace(p) {
		case "snippet":
			out["snippet"] = map[string]any{"publishedAt": v.Created.Format(time.RFC3339), "channelId": v.Channel, "title": v.Title, "description": v.Description,
				"tags": v.Tags, "categoryId": v.Category, "defaultLanguage": v.Language, "channelTitle": s.channels[v.Channel].Name}
		case "status":
			state := s.state(v)
			st := map[string]any{"uploadStatus": state, "privacyStatus": v.Privacy, "selfDeclaredMadeForKids": v.Kids, "embeddable": true, "license": "youtube"}
			if state == "rejected" {
				st["rejectionReason"] = v.Rejected
			}
			out["status"] = st
		case "processingDetails":
			state := "succeeded"
			if s.state(v) == "uploaded" {
				state = "processing"
			}
			out["processingDetails"] = map[string]any{"processingStatus": state}
		case "statistics":
			out["statistics"] = map[string]string{"viewCount": "0", "likeCount": "0", "commentCount": "0"}
		}
	}
	return out
}

// mayWatch tells whether a channel may be told of a film: its own, or one that is public.
func (s *Sim) mayWatch(c *channel, v *Video) bool {
	return v != nil && !v.Gone && (v.Channel == c.ID || s.visible(v))
}

// visible tells whether the public sees a film now.
func (s *Sim) visible(v *Video) bool {
	if v.Gone || s.state(v) != "processed" {
		return false
	}
	return v.Privacy == "public" || !v.PublishAt.IsZero() && !v.Locked && !s.now().Before(v.PublishAt)
}

func (s *Sim) listVideos(c *call) (any, *failure) {
	var items []any
	for _, id := range strings.Split(c.query("id"), ",") {
		if v := s.videos[id]; s.mayWatch(c.channel, v) {
			items = append(items, s.show(v, c.query("part")))
		}
	}
	return list("videoListResponse", items), nil
}

// own finds a film of the asking channel.
func (s *Sim) own(c *call, id string) (*Video, *failure) {
	v := s.videos[id]
	switch {
	case v == nil || v.Gone:
		return nil, notFound("videoNotFound")
	case v.Channel != c.channel.ID:
		return nil, refuse(http.StatusForbidden, "forbidden", "The video does not belong to the authenticated channel.")
	}
	return v, nil
}

func (s *Sim) updateVideo(c *call) (any, *failure) {
	var b insertBody
	if bad := c.json(&b); bad != nil {
		return nil, bad
	}
	v, bad := s.own(c, b.ID)
	if bad != nil {
		return nil, bad
	}
	if strings.Contains(c.query("part"), "snippet") {
		if b.Snippet.CategoryID == "" {
			return nil, badRequest("invalidCategoryId", "The snippet.categoryId property is required.")
		}
		if bad := b.check(); bad != nil {
			return nil, bad
		}
		privacy := v.Privacy
		s.write(v, b)
		if !strings.Contains(c.query("part"), "status") {
			v.Privacy = privacy
		}
	} else if b.Status.Privacy != "" && !v.Locked {
		v.Privacy = b.Status.Privacy
	}
	v.Edits++
	s.keep(v)
	s.announce(v)
	return s.show(v, c.query("part")), nil
}

func (s *Sim) deleteVideo(c *call) (any, *failure) {
	v, bad := s.own(c, c.query("id"))
	if bad != nil {
		return nil, bad
	}
	v.Gone = true
	s.keep(v)
	return nil, nil
}

// listUploads serves the playlist of a channel's own films, newest first, fifty a page.
func (s *Sim) listUploads(c *call) (any, *failure) {
	if c.query("playlistId") != uploadsOf(c.channel.ID) {
		return nil, notFound("playlistNotFound")
	}
	per, err := strconv.Atoi(c.query("maxResults"))
	if err != nil || per < 1 || per > 50 {
		per = 5
	}
	skip, _ := strconv.Atoi(c.query("pageToken"))
	var items []any
	n := 0
	out := map[string]any{}
	for _, id := range slices.Backward(s.made) {
		v := s.videos[id]
		if v.Channel != c.channel.ID || v.Gone {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if len(items) == per {
			out["nextPageToken"] = strconv.Itoa(skip + per)
			break
		}
		items = append(items, map[string]any{"kind": "youtube#playlistItem", "snippet": map[string]any{"title": v.Title, "publishedAt": v.Created.Format(time.RFC3339),
			"channelId": v.Channel, "resourceId": map[string]string{"kind": "youtube#video", "videoId": v.ID}},
			"contentDetails": map[string]string{"videoId": v.ID, "videoPublishedAt": v.Created.Format(time.RFC3339)}})
	}
	for k, x := range list("playlistItemListResponse", items) {
		out[k] = x
	}
	return out, nil
}

const maxThumb = 2 << 20

func (s *Sim) setThumb(c *call) (any, *failure) {
	v, bad := s.own(c, c.query("videoId"))
	if bad != nil {
		return nil, bad
	}
	if c.channel.NoThumbs {
		return nil, refuse(http.StatusForbidden, "forbidden", "The thumbnail can't be set: the channel has to be verified.")
	}
	data, err := io.ReadAll(io.LimitReader(c.r.Body, maxThumb+1))
	kind := http.DetectContentType(data)
	switch {
	case err != nil || len(data) == 0:
		return nil, badRequest("mediaBodyRequired", "The request does not include the image content.")
	case len(data) > maxThumb || kind != "image/jpeg" && kind != "image/png":
		return nil, badRequest("invalidImage", "The provided image content is invalid.")
	}
	v.Thumb, v.ThumbMIME = data, kind
	s.keep(v)
	return list("thumbnailSetResponse", []any{map[string]any{"default": map[string]string{"url": s.cfg.BaseURL + "/thumb/" + v.ID}}}), nil
}

// avatar shows the picture of a channel.
func (s *Sim) avatar(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	x := s.channels[r.PathValue("id")]
	var kind int
	if x != nil {
		kind = x.Emblem
	}
	s.mu.Unlock()
	if x == nil {
		http.NotFound(w, r)
		return
	}
	simkit.ServeEmblem(w, kind)
}

func (s *Sim) thumb(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	v := s.videos[r.PathValue("id")]
	s.mu.Unlock()
	if v == nil || v.Thumb == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", v.ThumbMIME)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(v.Thumb) // the reader went away: nobody is left to tell
}

// insertCaption takes a track of words as multipart/related: JSON first, then the text.
func (s *Sim) insertCaption(c *call) (any, *failure) {
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, badRequest("contentRequired", "The request does not contain the caption track contents.")
	}
	m := multipart.NewReader(c.r.Body, params["boundary"])
	var b struct {
		Snippet struct {
			VideoID  string `json:"videoId"`
			Language string `json:"language"`
			Name     string `json:"name"`
		} `json:"snippet"`
	}
	head, err := m.NextPart()
	if err == nil {
		err = json.NewDecoder(head).Decode(&b)
	}
	var text []byte
	if err == nil {
		var part *multipart.Part
		if part, err = m.NextPart(); err == nil {
			text, err = io.ReadAll(io.LimitReader(part, 100<<20))
		}
	}
	if err != nil || len(text) == 0 {
		return nil, badRequest("contentRequired", "The request does not contain the caption track contents.")
	}
	v, bad := s.own(c, b.Snippet.VideoID)
	if bad != nil {
		return nil, bad
	}
	for _, old := range v.Captions {
		if old.Language == b.Snippet.Language && old.Name == b.Snippet.Name {
			return nil, refuse(http.StatusConflict, "captionExists", "The specified video track already has a caption track with that language and name.")
		}
	}
	one := Caption{ID: s.nextID("AUieDa", 40), Language: b.Snippet.Language, Name: b.Snippet.Name, Text: string(text)}
	v.Captions = append(v.Captions, one)
	s.keep(v)
	return showCaption(v, one), nil
}

func showCaption(v *Video, c Caption) map[string]any {
	return map[string]any{"kind": "youtube#caption", "id": c.ID, "snippet": map[string]any{"videoId": v.ID, "language": c.Language, "name": c.Name, "status": "serving"}}
}

func (s *Sim) listCaptions(c *call) (any, *failure) {
	v, bad := s.own(c, c.query("videoId"))
	if bad != nil {
		return nil, bad
	}
	var items []any
	for _, x := range v.Captions {
		items = append(items, showCaption(v, x))
	}
	return list("captionListResponse", items), nil
}
