package facebook

import (
	"net/http"
	"slices"
)

const maxComment = 8000

// createComment lets the Page write under a post or, with parent, answer a comment.
func (s *Sim) createComment(c *call, a *account, p *Post, parent *Comment) (any, *failure) {
	if bad := c.may(a, "pages_manage_engagement"); bad != nil {
		return nil, bad
	}
	message := c.args.Get("message")
	switch {
	case a.Blocked:
		return nil, fail(368, 0, "The action attempted has been deemed abusive or is otherwise disallowed")
	case message == "" && c.args.Get("attachment_url") == "":
		return nil, badParam("(#100) One of message or attachment must be specified")
	case len([]rune(message)) > maxComment:
		return nil, badParam("(#100) Comment is too long")
	}
	x := &Comment{Post: p.ID, FromID: a.ID, FromName: a.Name, Message: message, Image: c.args.Get("attachment_url"), Created: c.now}
	if parent != nil {
		x.Parent = parent.ID
	}
	s.keepComment(a, x)
	s.raiseComment(a, x, "add")
	return map[string]string{"id": x.ID}, nil
}

// listComments serves comments of a post (filter=stream: all; toplevel: without replies) or the replies to a comment.
func (s *Sim) listComments(c *call, a *account, p *Post, parent *Comment) (any, *failure) {
	if bad := c.may(a, "pages_read_user_content"); bad != nil {
		return nil, bad
	}
	var rows []map[string]any
	for _, x := range a.comments {
		if x.Post != p.ID || (parent != nil && x.Parent != parent.ID) || (parent == nil && x.Parent != "" && c.args.Get("filter") != "stream") {
			continue
		}
		rows = append(rows, s.showComment(c, a, x))
	}
	if order := c.args.Get("order"); order == "reverse_chronological" {
		slices.Reverse(rows)
	}
	out := paged(c, rows, 25)
	if yes(c.args.Get("summary"), false) {
		out["summary"] = map[string]any{"order": "chronological", "total_count": len(rows), "can_comment": true}
	}
	return out, nil
}

func (s *Sim) showComment(c *call, a *account, x *Comment) map[string]any {
	replies := 0
	for _, y := range a.comments {
		if y.Parent == x.ID {
			replies++
		}
	}
	all := map[string]any{"id": x.ID, "message": x.Message, "created_time": graphTime(x.Created), "from": map[string]string{"id": x.FromID, "name": x.FromName},
		"is_hidden": x.Hidden, "comment_count": replies, "can_hide": x.FromID != a.ID, "permalink_url": s.permalink(x.Post)}
	if x.Parent != "" {
		all["parent"] = map[string]string{"id": x.Parent}
	}
	if x.Image != "" {
		all["attachment"] = map[string]any{"type": "photo", "media": map[string]any{"image": map[string]string{"src": x.Image}}}
	}
	return pick(c.args.Get("fields"), all, "created_time", "from", "message")
}

func (s *Sim) routeComment(c *call, a *account, x *Comment, edge string) (any, *failure) {
	if a == nil {
		return nil, missingObject(x.ID)
	}
	post := a.post(x.Post)
	switch c.method + " " + edge {
	case "GET comments":
		return s.listComments(c, a, post, x)
	case "POST comments":
		return s.createComment(c, a, post, x)
	case "GET ":
		if bad := c.may(a, "pages_read_user_content"); bad != nil {
			return nil, bad
		}
		return s.showComment(c, a, x), nil
	case "POST ":
		return s.changeComment(c, a, x)
	case http.MethodDelete + " ":
		if bad := c.may(a, "pages_manage_engagement"); bad != nil {
			return nil, bad
		}
		a.comments = slices.DeleteFunc(a.comments, func(y *Comment) bool { return y == x })
		delete(s.comments, x.ID)
		s.journal.Delete("comment", a.ID+"/"+x.ID)
		s.raiseComment(a, x, "remove")
		return map[string]bool{"success": true}, nil
	}
	return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
}

// changeComment hides or shows anybody's comment, or edits the Page's own.
func (s *Sim) changeComment(c *call, a *account, x *Comment) (any, *failure) {
	if bad := c.may(a, "pages_manage_engagement"); bad != nil {
		return nil, bad
	}
	verb := ""
	if c.args.Has("is_hidden") {
		x.Hidden = yes(c.args.Get("is_hidden"), false)
		verb = "unhide"
		if x.Hidden {
			verb = "hide"
		}
	}
	if c.args.Has("message") {
		if x.FromID != a.ID {
			return nil, fail(200, 0, "(#200) Permissions error")
		}
		x.Message, verb = c.args.Get("message"), "edited"
	}
	if verb == "" {
		return nil, badParam("(#100) Nothing to change")
	}
	s.saveComment(a, x)
	s.raiseComment(a, x, verb)
	return map[string]bool{"success": true}, nil
}
