package zalo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

const (
	codeNotInGroup   = -403
	codeGroupExpired = -237
	codeNoAsset      = -238
	codeAssetUsed    = -241
	maxGroups        = 50 // per page
)

// Group is a chat of many people that an OA leads (GMF).
type Group struct {
	ID          string    `json:"group_id"`
	OA          string    `json:"oa"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Asset       string    `json:"asset_id"`
	Members     []string  `json:"members"` // user ids
	Until       time.Time `json:"until,omitzero"`
	Created     time.Time `json:"created"`
}

// Asset is the right to lead one group of at most Size people.
type Asset struct {
	ID    string    `json:"asset_id"`
	Size  int       `json:"size"` // 10, 50, 100 or 1000
	Kind  string    `json:"quota_type"`
	Until time.Time `json:"until"`
	Used  string    `json:"used_id,omitempty"` // group
}

func (s *Sim) routesGroup(mux *http.ServeMux) {
	s.api(mux, "GET /v3.0/oa/group/getgroupsofoa", gateGroup, s.groupList)
	s.api(mux, "POST /v3.0/oa/group/creategroupwithoa", gateGroup, s.groupCreate)
	s.api(mux, "POST /v3.0/oa/group/message", gateGroup, s.groupMessage)
	s.api(mux, "GET /v3.0/oa/group/conversation", gateGroup, s.groupConversation)
	s.api(mux, "GET /v3.0/oa/group/listrecentchat", gateGroup, s.groupRecent)
	s.api(mux, "GET /v3.0/oa/group/listmember", gateGroup, s.groupMembers)
	s.api(mux, "POST /v3.0/oa/group/invite", gateGroup, s.groupInvite)
	s.api(mux, "POST /v3.0/oa/group/delete", gateGroup, s.groupDelete)
	s.api(mux, "POST /v3.0/oa/quota/group", gateGroup, s.groupQuota)
}

func (a *account) group(id string) *Group {
	for _, g := range a.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

func (a *account) asset(id string) *Asset {
	for _, x := range a.assets {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// AddAsset gives an OA the right to lead one more group; it returns the asset's id.
func (s *Sim) AddAsset(oa string, x Asset) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return "", fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	x.ID, x.Size, x.Kind = cmp.Or(x.ID, simkit.RandomHex(10)), cmp.Or(x.Size, 100), cmp.Or(x.Kind, "sub_quota")
	if x.Until.IsZero() {
		x.Until = s.now().AddDate(0, 1, 0)
	}
	a.assets = append(a.assets, &x)
	s.journal.Put("asset", oa+"/"+x.ID, x)
	return x.ID, nil
}

// AddGroup makes a group on a new asset, as an administrator does on the telephone, and returns its id.
func (s *Sim) AddGroup(oa string, g Group) (string, error) {
	asset, err := s.AddAsset(oa, Asset{Until: g.Until})
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.Asset = asset
	return s.makeGroup(s.oas[oa], g).ID, nil
}

func (s *Sim) makeGroup(a *account, g Group) *Group {
	g.ID, g.OA, g.Created = cmp.Or(g.ID, simkit.RandomHex(10)), a.ID, s.now()
	a.groups = append(a.groups, &g)
	if x := a.asset(g.Asset); x != nil {
		x.Used = g.ID
		s.journal.Put("asset", a.ID+"/"+x.ID, x)
	}
	s.journal.Put("group", a.ID+"/"+g.ID, g)
	s.raise(a, g.Created, event{EventName: "create_group", OAID: a.ID, GroupID: g.ID})
	return &g
}

// GroupMessages lists what was written into a group, oldest first.
func (s *Sim) GroupMessages(oa, group string) []Message { return s.Messages(oa, group) }

// info is a group as the platform shows it.
func (g *Group) info(s *Sim) map[string]any {
	status := "enabled"
	if !g.Until.IsZero() && s.now().After(g.Until) {
		status = "disabled"
	}
	return map[string]any{"group_id": g.ID, "name": g.Name, "group_description": g.Description, "avatar": "", "group_link": s.cfg.WallURL + "/oa/" + g.OA + "/group/" + g.ID,
		"total_member": len(g.Members), "status": status}
}

// page reads the flat parameters offset and count.
func (c *call) page(most, usual int) (offset, count int, bad reply) {
	q := c.r.URL.Query()
	offset, err1 := strconv.Atoi(cmp.Or(q.Get("offset"), "0"))
	count, err2 := strconv.Atoi(cmp.Or(q.Get("count"), strconv.Itoa(usual)))
	if err1 != nil || err2 != nil || offset < 0 || count < 1 {
		return 0, 0, badParam("offset or count")
	}
	if count > most {
		return 0, 0, refuse(codeLimit, "count exceeds "+strconv.Itoa(most))
	}
	return offset, count, reply{}
}

func (s *Sim) groupList(c *call) reply {
	offset, count, bad := c.page(maxGroups, 5)
	if bad.code != 0 {
		return bad
	}
	groups := []map[string]any{}
	for _, g := range c.oa.groups[min(offset, len(c.oa.groups)):min(offset+count, len(c.oa.groups))] {
		groups = append(groups, g.info(s))
	}
	return fine(map[string]any{"offset": offset, "count": len(groups), "total": len(c.oa.groups), "groups": groups})
}

func (s *Sim) groupCreate(c *call) reply {
	var in struct {
		Name        string   `json:"group_name"`
		Description string   `json:"group_description"`
		Asset       string   `json:"asset_id"`
		Members     []string `json:"member_user_ids"`
	}
	if !c.decode(&in) || in.Name == "" || len(in.Members) == 0 {
		return badParam("group_name or member_user_ids")
	}
	x := c.oa.asset(in.Asset)
	switch {
	case x == nil:
		return refuse(codeNoAsset, "asset_id is invalid")
	case x.Used != "":
		return refuse(codeAssetUsed, "asset_id has been used")
	case c.now.After(x.Until):
		return refuse(codeGroupExpired, "asset_id has expired")
	case len(in.Members) > x.Size:
		return refuse(codeLimit, "members exceed the size of the group")
	}
	for _, m := range in.Members {
		if c.oa.followers[m] == nil {
			return badParam("member_user_ids")
		}
	}
	g := s.makeGroup(c.oa, Group{Name: in.Name, Description: in.Description, Asset: x.ID, Members: in.Members, Until: x.Until})
	return fine(map[string]any{"group_id": g.ID, "group_link": g.info(s)["group_link"]})
}

// living finds a group that takes messages.
func (s *Sim) living(c *call, id string) (*Group, reply) {
	g := c.oa.group(id)
	if g == nil {
		return nil, refuse(codeNotInGroup, "OA is not in the group")
	}
	if !g.Until.IsZero() && c.now.After(g.Until) {
		return nil, refuse(codeGroupExpired, "Group has expired")
	}
	return g, reply{}
}

func (s *Sim) groupMessage(c *call) reply {
	var in messageInput
	if !c.decode(&in) {
		return badParam("body")
	}
	g, bad := s.living(c, in.Recipient.GroupID)
	if bad.code != 0 {
		return bad
	}
	m, bad := s.compose(c, in)
	if bad.code != 0 {
		return bad
	}
	m.OA, m.User, m.FromOA, m.At, m.Via = c.oa.ID, g.ID, true, c.now, "v3"
	s.keep(c.oa, m)
	return fine(map[string]any{"message_id": m.ID, "group_id": g.ID})
}

// groupLine shows a message of a group.
func groupLine(a *account, m *Message) line {
	l := line{Src: 0, Time: m.At.UnixMilli(), Type: m.Type, Message: m.Text, MessageID: m.ID, FromID: a.ID, ToID: m.User, FromName: a.Name, URL: m.URL, Thumb: m.URL, GroupID: m.User}
	if !m.FromOA {
		l.Src, l.FromID = 1, m.Quote
	}
	return l
}

func (s *Sim) groupConversation(c *call) reply {
	offset, count, bad := c.page(maxChats, 5)
	if bad.code != 0 {
		return bad
	}
	g := c.oa.group(c.r.URL.Query().Get("group_id"))
	if g == nil {
		return refuse(codeNotInGroup, "OA is not in the group")
	}
	return fine(groupPage(c.oa, c.oa.chats[g.ID], offset, count))
}

func groupPage(a *account, all []*Message, offset, count int) []line {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y *Message) int { return y.Key - x.Key })
	out := []line{}
	for _, m := range all[min(offset, len(all)):min(offset+count, len(all))] {
		out = append(out, groupLine(a, m))
	}
	return out
}

func (s *Sim) groupRecent(c *call) reply {
	offset, count, bad := c.page(maxChats, 5)
	if bad.code != 0 {
		return bad
	}
	var all []*Message
	for _, g := range c.oa.groups {
		all = append(all, c.oa.chats[g.ID]...)
	}
	return fine(groupPage(c.oa, all, offset, count))
}

func (s *Sim) groupMembers(c *call) reply {
	offset, count, bad := c.page(maxGroups, 5)
	if bad.code != 0 {
		return bad
	}
	g := c.oa.group(c.r.URL.Query().Get("group_id"))
	if g == nil {
		return refuse(codeNotInGroup, "OA is not in the group")
	}
	members := []map[string]string{}
	for _, id := range g.Members[min(offset, len(g.Members)):min(offset+count, len(g.Members))] {
		name := ""
		if f := c.oa.followers[id]; f != nil {
			name = f.Name
		}
		members = append(members, map[string]string{"user_id": id, "name": name, "avatar": s.cfg.BaseURL + "/face/" + id})
	}
	return fine(map[string]any{"offset": offset, "count": len(members), "total": len(g.Members), "members": members})
}

func (s *Sim) groupInvite(c *call) reply {
	var in struct {
		GroupID string   `json:"group_id"`
		Members []string `json:"member_user_ids"`
	}
	if !c.decode(&in) || len(in.Members) == 0 {
		return badParam("member_user_ids")
	}
	g, bad := s.living(c, in.GroupID)
	if bad.code != 0 {
		return bad
	}
	x := c.oa.asset(g.Asset)
	for _, m := range in.Members {
		if c.oa.followers[m] == nil {
			return badParam("member_user_ids")
		}
		if !slices.Contains(g.Members, m) {
			g.Members = append(g.Members, m)
		}
	}
	if x != nil && len(g.Members) > x.Size {
		g.Members = g.Members[:x.Size]
		return refuse(codeLimit, "members exceed the size of the group")
	}
	s.journal.Put("group", c.oa.ID+"/"+g.ID, g)
	return fine(nil)
}

func (s *Sim) groupDelete(c *call) reply {
	var in struct {
		GroupID string `json:"group_id"`
	}
	g := (*Group)(nil)
	if c.decode(&in) {
		g = c.oa.group(in.GroupID)
	}
	if g == nil {
		return refuse(codeNotInGroup, "OA is not in the group")
	}
	c.oa.groups = slices.DeleteFunc(c.oa.groups, func(x *Group) bool { return x.ID == g.ID })
	if x := c.oa.asset(g.Asset); x != nil {
		x.Used = ""
		s.journal.Put("asset", c.oa.ID+"/"+x.ID, x)
	}
	s.journal.Delete("group", c.oa.ID+"/"+g.ID)
	s.raise(c.oa, c.now, event{EventName: "delete_group", OAID: c.oa.ID, GroupID: g.ID})
	return fine(nil)
}

func (s *Sim) groupQuota(c *call) reply {
	var in struct {
		Owner   string `json:"quota_owner"`
		Product string `json:"product_type"`
		Kind    string `json:"quota_type"`
	}
	if !c.decode(&in) || in.Owner != "OA" {
		return badParam("quota_owner")
	}
	if !slices.Contains([]string{"gmf10", "gmf50", "gmf100", "gmf1000"}, in.Product) {
		return badParam("product_type")
	}
	out := []map[string]any{}
	for _, x := range c.oa.assets {
		if "gmf"+strconv.Itoa(x.Size) != in.Product || x.Kind != in.Kind {
			continue
		}
		status := "available"
		if x.Used != "" {
			status = "used"
		}
		out = append(out, map[string]any{"asset_id": x.ID, "product_type": in.Product, "quota_type": x.Kind, "valid_through": x.Until.Format("02/01/2006"), "auto_renew": false,
			"status": status, "used_id": x.Used})
	}
	return fine(out)
}

// loadExtra takes back entries of groups and templates.
func (s *Sim) loadExtra(a *account, kind string, raw json.RawMessage) (bool, error) {
	switch kind {
	case "template":
		t := &Template{}
		a.templates = append(a.templates, t)
		return true, json.Unmarshal(raw, t)
	case "notice":
		n := &Notice{}
		a.notices = append(a.notices, n)
		err := json.Unmarshal(raw, n)
		s.seq = max(s.seq, n.Key)
		return true, err
	case "group":
		g := &Group{}
		a.groups = append(a.groups, g)
		return true, json.Unmarshal(raw, g)
	case "visitor":
		v := &Visitor{}
		err := json.Unmarshal(raw, v)
		a.visitors[v.ID] = v
		return true, err
	case "field":
		x := &UserField{}
		if err := json.Unmarshal(raw, x); err != nil {
			return true, err
		}
		if !x.Gone {
			a.fields = append(a.fields, x)
		}
		return true, nil
	case "asset":
		x := &Asset{}
		a.assets = append(a.assets, x)
		return true, json.Unmarshal(raw, x)
	}
	return false, nil
}
