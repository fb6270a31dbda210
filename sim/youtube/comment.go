package youtube

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const maxComment = 10_000

func (s *Sim) showComment(x *Comment) map[string]any {
	sn := map[string]any{"videoId": x.Video, "channelId": x.Channel, "textDisplay": x.Text, "textOriginal": x.Text, "authorDisplayName": x.Name,
		"authorChannelId": map[string]string{"value": x.Author}, "publishedAt": x.At.Format(time.RFC3339), "updatedAt": x.At.Format(time.RFC3339)}
	if x.Parent != "" {
		sn["parentId"] = x.Parent
	}
	return map[string]any{"kind": "youtube#comment", "id": x.ID, "snippet": sn}
}

// repliesTo lists what stands under a comment, oldest first.
func (s *Sim) repliesTo(id string) []*Comment {
	var out []*Comment
	for _, one := range s.said {
		if x := s.comments[one]; x.Parent == id && !x.Gone && !x.Hidden {
			out = append(out, x)
		}
	}
	return out
}

// listThreads serves the threads of a channel or of one film, newest first.
func (s *Sim) listThreads(c *call) (any, *failure) {
	of, video := c.query("allThreadsRelatedToChannelId"), c.query("videoId")
	if of == "" && video == "" {
		return nil, badRequest("missingRequiredParameter", "No filter selected.")
	}
	per, err := strconv.Atoi(c.query("maxResults"))
	if err != nil || per < 1 || per > 100 {
		per = 20
	}
	skip, _ := strconv.Atoi(c.query("pageToken"))
	var items []any
	n := 0
	out := map[string]any{}
	for _, id := range slices.Backward(s.said) {
		x := s.comments[id]
		if x.Parent != "" || x.Gone || x.Hidden || of != "" && x.Channel != of || video != "" && x.Video != video {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if len(items) == per {
			out["nextPageToken"] = strconv.Itoa(skip + per)
			break
		}
		thread := map[string]any{"kind": "youtube#commentThread", "id": x.ID, "snippet": map[string]any{"videoId": x.Video, "channelId": x.Channel,
			"topLevelComment": s.showComment(x), "totalReplyCount": len(s.repliesTo(x.ID))}}
		if strings.Contains(c.query("part"), "replies") {
			var under []any
			for _, r := range s.repliesTo(x.ID) {
				under = append(under, s.showComment(r))
			}
			if len(under) > 0 {
				thread["replies"] = map[string]any{"comments": under[max(0, len(under)-5):]}
			}
		}
		items = append(items, thread)
	}
	for k, x := range list("commentThreadListResponse", items) {
		out[k] = x
	}
	return out, nil
}

func (s *Sim) listComments(c *call) (any, *failure) {
	parent := s.comments[c.query("parentId")]
	if parent == nil || parent.Gone {
		return nil, notFound("commentNotFound")
	}
	var items []any
	for _, x := range slices.Backward(s.repliesTo(parent.ID)) {
		items = append(items, s.showComment(x))
	}
	return list("commentListResponse", items), nil
}

type commentBody struct {
	Snippet struct {
		ParentID string `json:"parentId"`
		VideoID  string `json:"videoId"`
		Text     string `json:"textOriginal"`
		Top      struct {
			Snippet struct {
				Text string `json:"textOriginal"`
			} `json:"snippet"`
		} `json:"topLevelComment"`
	} `json:"snippet"`
}

func checkText(text string) *failure {
	switch {
	case strings.TrimSpace(text) == "":
		return badRequest("commentTextRequired", "The comment text is required.")
	case utf8.RuneCountInString(text) > maxComment:
		return badRequest("commentTextTooLong", "The comment text is too long.")
	}
	return nil
}

// insertComment lets the channel answer under a comment at the top; an answer to an answer is refused, as on the platform.
func (s *Sim) insertComment(c *call) (any, *failure) {
	var b commentBody
	if bad := c.json(&b); bad != nil {
		return nil, bad
	}
	if bad := checkText(b.Snippet.Text); bad != nil {
		return nil, bad
	}
	parent := s.comments[b.Snippet.ParentID]
	switch {
	case parent == nil || parent.Gone:
		return nil, notFound("parentCommentNotFound")
	case parent.Parent != "":
		return nil, badRequest("operationNotSupported", "The API does not support a reply to a reply.")
	}
	x := s.newComment(parent.Video, parent.ID, c.channel.ID, c.channel.Name, b.Snippet.Text)
	x.FromHere = true
	s.keepComment(x)
	return s.showComment(x), nil
}

// insertThread lets the channel write under its film.
func (s *Sim) insertThread(c *call) (any, *failure) {
	var b commentBody
	if bad := c.json(&b); bad != nil {
		return nil, bad
	}
	text := b.Snippet.Top.Snippet.Text
	if bad := checkText(text); bad != nil {
		return nil, bad
	}
	v := s.videos[b.Snippet.VideoID]
	if !s.mayWatch(c.channel, v) {
		return nil, notFound("videoNotFound")
	}
	x := s.newComment(v.ID, "", c.channel.ID, c.channel.Name, text)
	x.FromHere = true
	s.keepComment(x)
	return map[string]any{"kind": "youtube#commentThread", "id": x.ID, "snippet": map[string]any{"videoId": v.ID, "topLevelComment": s.showComment(x)}}, nil
}

func (s *Sim) deleteComment(c *call) (any, *failure) {
	x := s.comments[c.query("id")]
	switch {
	case x == nil || x.Gone:
		return nil, notFound("commentNotFound")
	case x.Author != c.channel.ID:
		return nil, refuse(http.StatusForbidden, "forbidden", "The comment could not be deleted.")
	}
	x.Gone = true
	s.keepComment(x)
	return nil, nil
}

// moderate hides comments under the channel's films, or shows them again.
func (s *Sim) moderate(c *call) (any, *failure) {
	want := c.query("moderationStatus")
	for _, id := range strings.Split(c.query("id"), ",") {
		x := s.comments[id]
		if x == nil || x.Gone {
			return nil, notFound("commentNotFound")
		}
		if x.Channel != c.channel.ID {
			return nil, refuse(http.StatusForbidden, "forbidden", "The moderation status could not be set.")
		}
		x.Hidden = want == "rejected" || want == "heldForReview"
		s.keepComment(x)
	}
	return nil, nil
}

func (s *Sim) newComment(video, parent, author, name, text string) *Comment {
	id := ""
	if parent != "" {
		id = parent + "." + s.nextID("9", 22)
	} else {
		id = s.nextID("Ugk", 26)
	}
	return &Comment{ID: id, Video: video, Channel: s.videos[video].Channel, Parent: parent, Author: author, Name: name, Text: text, At: s.now()}
}

func (s *Sim) keepComment(x *Comment) {
	if s.comments[x.ID] == nil {
		s.said = append(s.said, x.ID)
	}
	s.comments[x.ID] = x
	s.journal.Put("comment", x.ID, x)
}
