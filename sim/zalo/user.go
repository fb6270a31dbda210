package zalo

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const (
	maxUsers  = 50   // per page of a user list
	maxOffset = 9951 // so that at most 10,001 users are reachable
	maxChats  = 10   // per page of conversations
)

func (s *Sim) routesUser(mux *http.ServeMux) {
	s.api(mux, "GET /v2.0/oa/getoa", gateOpen, s.getOA)
	s.api(mux, "GET /v3.0/oa/user/getlist", gatePackage, s.userList)
	s.api(mux, "GET /v3.0/oa/user/detail", gatePackage, s.userDetail)
	s.api(mux, "GET /v2.0/oa/getfollowers", gatePackage, s.followersV2)
	s.api(mux, "GET /v2.0/oa/getprofile", gatePackage, s.userDetail)
	s.routesField(mux)
	s.api(mux, "POST /v2.0/oa/tag/tagfollower", gatePackage, s.tagAdd)
	s.api(mux, "POST /v2.0/oa/tag/rmfollowerfromtag", gatePackage, s.tagRemove)
	s.api(mux, "POST /v2.0/oa/tag/rmtag", gatePackage, s.tagDrop)
	s.api(mux, "GET /v2.0/oa/tag/gettagsofoa", gatePackage, s.tagList)
	s.api(mux, "GET /v2.0/oa/listrecentchat", gatePackage, s.recentChats)
	s.api(mux, "GET /v2.0/oa/conversation", gatePackage, s.conversation)
}

func (s *Sim) getOA(c *call) reply {
	until := ""
	if !c.oa.PackageUntil.IsZero() {
		until = c.oa.PackageUntil.In(clock.Vietnam).Format("02/01/2006")
	}
	return fine(map[string]any{"oa_id": c.oa.ID, "name": c.oa.Name, "description": c.oa.Description, "oa_alias": c.oa.Alias,
		"is_verified": !c.oa.Unverified, "oa_type": c.oa.Type, "cate_name": c.oa.Category, "num_follower": c.oa.following(), "avatar": s.avatarOf(c.oa.OA), "cover": "",
		"package_name": c.oa.Package, "package_valid_through_date": until, "package_auto_renew_date": "", "linked_ZCA": ""})
}

// avatarOf is the address of an OA's picture; "" when it has none.
func (s *Sim) avatarOf(o OA) string {
	if o.Avatar != "" || o.Emblem == simkit.NoEmblem {
		return o.Avatar
	}
	return s.cfg.BaseURL + "/avatar/" + o.ID
}

// avatar shows the picture of an OA that has one of the simulator's own.
func (s *Sim) avatar(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	a := s.oas[r.PathValue("id")]
	var kind int
	if a != nil {
		kind = a.OA.Emblem
	}
	s.mu.Unlock()
	if a == nil || kind == simkit.NoEmblem {
		http.NotFound(w, r)
		return
	}
	simkit.ServeEmblem(w, kind)
}

func (s *Sim) userList(c *call) reply {
	var in struct {
		Offset     int    `json:"offset"`
		Count      int    `json:"count"`
		Tag        string `json:"tag_name"`
		Period     string `json:"last_interaction_period"`
		IsFollower *bool  `json:"is_follower"`
	}
	if !c.query(&in) || in.Offset < 0 || in.Count < 1 {
		return badParam("data")
	}
	if in.Count > maxUsers || in.Offset > maxOffset {
		return refuse(codeLimit, "count exceeds 50 or offset exceeds 9951")
	}
	from, until, err := period(in.Period, c.now)
	if err != nil {
		return badParam("last_interaction_period")
	}
	var found []string
	for _, id := range c.oa.order {
		f := c.oa.followers[id]
		switch {
		case in.IsFollower != nil && *in.IsFollower != f.Follows,
			in.Tag != "" && !slices.Contains(f.Tags, in.Tag),
			!until.IsZero() && (f.LastAct.Before(from) || !f.LastAct.Before(until)):
			continue
		}
		found = append(found, id)
	}
	users := []map[string]string{}
	for _, id := range found[min(in.Offset, len(found)):min(in.Offset+in.Count, len(found))] {
		users = append(users, map[string]string{"user_id": id})
	}
	return fine(map[string]any{"total": len(found), "count": len(users), "offset": in.Offset, "users": users})
}

// period turns TODAY, YESTERDAY, L7D, L30D or YYYY_MM_DD:YYYY_MM_DD into a span; the empty text is no span.
func period(text string, now time.Time) (from, until time.Time, err error) {
	today := clock.DateOf(now)
	switch text {
	case "":
		return from, until, nil
	case "TODAY":
		return today.Time(), today.AddDays(1).Time(), nil
	case "YESTERDAY":
		return today.AddDays(-1).Time(), today.Time(), nil
	case "L7D":
		return today.AddDays(-6).Time(), today.AddDays(1).Time(), nil
	case "L30D":
		return today.AddDays(-29).Time(), today.AddDays(1).Time(), nil
	}
	first, last, ok := strings.Cut(text, ":")
	a, b := clock.Date(strings.ReplaceAll(first, "_", "-")), clock.Date(strings.ReplaceAll(last, "_", "-"))
	if !ok || !a.Valid() || !b.Valid() {
		return from, until, fmt.Errorf("%q is not a period", text)
	}
	return a.Time(), b.AddDays(1).Time(), nil
}

func (s *Sim) userDetail(c *call) reply {
	var in struct {
		UserID string `json:"user_id"`
	}
	if !c.query(&in) {
		return badParam("data")
	}
	f := c.oa.followers[in.UserID]
	if f == nil {
		return badParam("user_id")
	}
	last := ""
	if !f.LastAct.IsZero() {
		last = f.LastAct.In(clock.Vietnam).Format("02/01/2006")
	}
	face := s.cfg.BaseURL + "/face/" + f.UserID
	list := func(x []string) []string { return append([]string{}, x...) }
	data := map[string]any{"user_id": f.UserID, "user_id_by_app": f.ByApp, "user_external_id": f.External, "display_name": f.Name, "user_alias": f.Alias,
		"is_sensitive": false, "user_last_interaction_date": last, "user_is_follower": f.Follows, "avatar": face,
		"avatars":             map[string]string{"120": face, "240": face},
		"tags_and_notes_info": map[string]any{"notes": list(f.Notes), "tag_names": list(f.Tags)}}
	if c := f.Shared; c != nil {
		data["shared_info"] = map[string]string{"name": c.Name, "phone": c.Phone, "address": c.Address, "city": c.City, "district": c.District}
	} else if f.Phone != "" || f.Address != "" {
		data["shared_info"] = map[string]string{"name": f.Name, "phone": f.Phone, "address": f.Address, "city": "", "district": ""}
	}
	return fine(data)
}

func (s *Sim) followersV2(c *call) reply {
	var in struct {
		Offset int `json:"offset"`
		Count  int `json:"count"`
	}
	if !c.query(&in) || in.Offset < 0 || in.Count < 1 {
		return badParam("data")
	}
	if in.Count > maxUsers || in.Offset > maxOffset {
		return refuse(codeLimit, "count exceeds 50 or offset exceeds 9951")
	}
	followers, total := []map[string]string{}, 0
	for _, id := range c.oa.order {
		if !c.oa.followers[id].Follows {
			continue
		}
		if total >= in.Offset && len(followers) < in.Count {
			followers = append(followers, map[string]string{"user_id": id})
		}
		total++
	}
	return fine(map[string]any{"total": total, "followers": followers})
}

type tagInput struct {
	UserID string `json:"user_id"`
	Tag    string `json:"tag_name"`
}

func (s *Sim) tagAdd(c *call) reply {
	var in tagInput
	if !c.decode(&in) || in.Tag == "" || c.oa.followers[in.UserID] == nil {
		return badParam("user_id or tag_name")
	}
	f := c.oa.followers[in.UserID]
	if !slices.Contains(f.Tags, in.Tag) {
		f.Tags = append(f.Tags, in.Tag)
		s.saveFollower(c.oa, f)
		s.raiseTag(c.oa, "add_user_to_tag", in.Tag, f.UserID)
	}
	return fine(nil)
}

func (s *Sim) tagRemove(c *call) reply {
	var in tagInput
	if !c.decode(&in) || c.oa.followers[in.UserID] == nil {
		return badParam("user_id")
	}
	s.untag(c.oa, c.oa.followers[in.UserID], in.Tag)
	return fine(nil)
}

func (s *Sim) untag(a *account, f *Follower, tag string) {
	if slices.Contains(f.Tags, tag) {
		f.Tags = slices.DeleteFunc(f.Tags, func(t string) bool { return t == tag })
		s.saveFollower(a, f)
		s.raiseTag(a, "remove_user_from_tag", tag, f.UserID)
	}
}

func (s *Sim) tagDrop(c *call) reply {
	var in tagInput
	if !c.decode(&in) || !slices.Contains(c.oa.tagNames(), in.Tag) {
		return badParam("tag_name")
	}
	for _, f := range c.oa.followers {
		if slices.Contains(f.Tags, in.Tag) {
			f.Tags = slices.DeleteFunc(f.Tags, func(t string) bool { return t == in.Tag })
			s.saveFollower(c.oa, f)
		}
	}
	s.raiseTag(c.oa, "remove_tag", in.Tag)
	return fine(nil)
}

func (s *Sim) tagList(c *call) reply { return fine(append([]string{}, c.oa.tagNames()...)) }

// line is one message as listrecentchat and conversation show it.
type line struct {
	Src       int    `json:"src"` // 0 the OA, 1 the user
	Time      int64  `json:"time"`
	Type      string `json:"type"`
	Message   string `json:"message"`
	MessageID string `json:"message_id"`
	FromID    string `json:"from_id"`
	ToID      string `json:"to_id"`
	FromName  string `json:"from_display_name"`
	ToName    string `json:"to_display_name"`
	URL       string `json:"url,omitempty"`
	Thumb     string `json:"thumb,omitempty"`
	GroupID   string `json:"group_id,omitempty"`
}

func showLine(a *account, f *Follower, m *Message) line {
	l := line{Src: 1, Time: m.At.UnixMilli(), Type: m.Type, Message: m.Text, MessageID: m.ID, FromID: f.UserID, ToID: a.ID, FromName: f.Name, ToName: a.Name,
		URL: m.URL, Thumb: m.URL}
	if m.FromOA {
		l.Src, l.FromID, l.ToID, l.FromName, l.ToName = 0, a.ID, f.UserID, a.Name, f.Name
	}
	return l
}

type chatQuery struct {
	UserID string `json:"user_id"`
	Offset int    `json:"offset"`
	Count  int    `json:"count"`
}

func (q chatQuery) check() reply {
	if q.Offset < 0 || q.Count < 1 {
		return badParam("offset or count")
	}
	if q.Count > maxChats {
		return refuse(codeLimit, "count exceeds 10")
	}
	return reply{}
}

// newestFirst cuts one page out of messages.
func (q chatQuery) newestFirst(a *account, all []*Message) []line {
	slices.SortStableFunc(all, func(x, y *Message) int {
		if c := y.At.Compare(x.At); c != 0 {
			return c
		}
		return y.Key - x.Key
	})
	out := []line{}
	for _, m := range all[min(q.Offset, len(all)):min(q.Offset+q.Count, len(all))] {
		out = append(out, showLine(a, a.followers[m.User], m))
	}
	return out
}

func (s *Sim) recentChats(c *call) reply {
	var q chatQuery
	if !c.query(&q) {
		return badParam("data")
	}
	if bad := q.check(); bad.code != 0 {
		return bad
	}
	var latest []*Message
	for who, chat := range c.oa.chats {
		if c.oa.followers[who] == nil {
			continue // a group
		}
		latest = append(latest, slices.MaxFunc(chat, func(x, y *Message) int { return x.At.Compare(y.At) }))
	}
	return fine(q.newestFirst(c.oa, latest))
}

func (s *Sim) conversation(c *call) reply {
	var q chatQuery
	if !c.query(&q) || c.oa.followers[q.UserID] == nil {
		return badParam("user_id")
	}
	if bad := q.check(); bad.code != 0 {
		return bad
	}
	return fine(q.newestFirst(c.oa, slices.Clone(c.oa.chats[q.UserID])))
}
