package zalo_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// stage is a platform with one of everything, for calls that need something to exist.
type stage struct {
	*world
	user, article, video, image, file, group, asset, template, token string
}

func newStage(t *testing.T) *stage {
	w := newWorld(t, nil, zalo.OA{Messaging: zalo.MessagingBoth, Admins: []string{"84912000001"}})
	s := &stage{world: w}
	s.user = w.sim.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An", Phone: "84912345678"})
	if _, err := w.sim.Say(oaID, s.user, zalo.Utterance{Text: "chào"}); err != nil {
		t.Fatal(err)
	}
	s.article = w.publish()
	s.image = w.upload("/v2.0/oa/upload/image", "a.png", png).field(t, "attachment_id")
	s.file = w.upload("/v2.0/oa/upload/file", "a.pdf", []byte("%PDF-1.7")).field(t, "token")
	s.video = w.upload("/v2.0/article/upload_video/preparevideo", "a.mp4", []byte("film")).field(t, "token")
	s.token = w.post("/v2.0/article/create", articleBody(nil)).field(t, "token")
	var err error
	if s.group, err = w.sim.AddGroup(oaID, zalo.Group{Name: "Xóm Sen", Members: []string{s.user}}); err != nil {
		t.Fatal(err)
	}
	if s.asset, err = w.sim.AddAsset(oaID, zalo.Asset{Size: 10}); err != nil {
		t.Fatal(err)
	}
	if s.template, err = w.sim.AddTemplate(oaID, zalo.Template{Name: "Có trả lời", Price: 120, Params: []zalo.TemplateParam{{Name: "code", Require: true, MaxLength: 10}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) to(message object) object {
	return object{"recipient": object{"user_id": s.user}, "message": message}
}

func template(payload object) object {
	return object{"text": "kèm theo", "attachment": object{"type": "template", "payload": payload}}
}

func (s *stage) notice() object {
	return object{"phone": "84912345678", "template_id": s.template, "template_data": object{"code": "12345"}, "tracking_id": "k1"}
}

// endpoint is one call of the platform: how it is made, what its data must hold, and the ways in which it is refused.
type endpoint struct {
	route  string // as registered
	query  func(*stage) string
	body   func(*stage) any
	upload [2]string // name and content of the multipart field "file"
	fields string    // names that data must have, separated by spaces; "[]" for a list
	refuse []refusal
}

type refusal struct {
	what   string
	code   int
	query  func(*stage) string
	body   func(*stage) any
	change func(*stage)
}

func fixed(v any) func(*stage) any { return func(*stage) any { return v } }

func ask(v any) func(*stage) string { return func(*stage) string { return dataQuery(v) } }

func flat(q string) func(*stage) string { return func(*stage) string { return q } }

func (s *stage) knobs(change func(*zalo.OA)) {
	if err := s.sim.ChangeOA(oaID, change); err != nil {
		s.t.Fatal(err)
	}
}

func endpoints() []endpoint {
	var out []endpoint
	for _, part := range [][]endpoint{articleEndpoints(), messageEndpoints(), userEndpoints(), groupEndpoints(), businessEndpoints()} {
		out = append(out, part...)
	}
	return out
}

func articleEndpoints() []endpoint {
	full := func(s *stage) any { return articleBody(func(o object) { o["id"] = s.article }) }
	return []endpoint{
		{route: "POST /v2.0/article/create", body: fixed(articleBody(nil)), fields: "token", refuse: []refusal{
			{what: "no title", code: -201, body: fixed(articleBody(func(o object) { delete(o, "title") }))},
			{what: "a free package", code: -224, body: fixed(articleBody(nil)), change: func(s *stage) { s.knobs(func(o *zalo.OA) { o.Package = zalo.PackageBasic }) }},
		}},
		{route: "POST /v2.0/article/verify", body: func(s *stage) any { return object{"token": s.token} }, fields: "id",
			refuse: []refusal{{what: "unknown token", code: -201, body: fixed(object{"token": "x"})}}},
		{route: "POST /v2.0/article/update", body: full, fields: "token", refuse: []refusal{{what: "unknown id", code: -201, body: fixed(articleBody(func(o object) { o["id"] = "x" }))}}},
		{route: "GET /v2.0/article/getdetail", query: func(s *stage) string { return "?id=" + s.article },
			fields: "id type title author cover description body tracking_link status comment link_view", refuse: []refusal{{what: "unknown id", code: -201, query: flat("?id=x")}}},
		{route: "GET /v2.0/article/getslice", query: flat("?offset=0&limit=10&type=normal"), fields: "medias total",
			refuse: []refusal{{what: "parameters as data", code: -201, query: ask(object{"offset": 0, "limit": 10, "type": "normal"})}, {what: "eleven", code: -210, query: flat("?offset=0&limit=11&type=normal")}}},
		{route: "POST /v2.0/article/remove", body: func(s *stage) any { return object{"id": s.article} }, refuse: []refusal{{what: "unknown id", code: -201, body: fixed(object{"id": "x"})}}},
		{route: "POST /v2.0/oa/upload/image", upload: [2]string{"a.png", string(png)}, fields: "attachment_id"},
		{route: "POST /v2.0/oa/upload/gif", upload: [2]string{"a.gif", "GIF89a..."}, fields: "attachment_id"},
		{route: "POST /v2.0/oa/upload/file", upload: [2]string{"a.pdf", "%PDF-1.7"}, fields: "token"},
		{route: "POST /v2.0/article/upload_video/preparevideo", upload: [2]string{"a.mp4", "film"}, fields: "token"},
		{route: "GET /v2.0/article/upload_video/verify", query: func(s *stage) string { return "?token=" + s.video },
			fields: "status status_message convert_percent convert_error_code video_id", refuse: []refusal{{what: "unknown token", code: -100, query: flat("?token=x")}}},
	}
}

func messageEndpoints() []endpoint {
	buttons := object{"buttons": []object{{"title": "Mở", "type": "oa.open.url", "payload": object{"url": "https://mttq.vn"}}}}
	return []endpoint{
		{route: "POST /v3.0/oa/message/cs", body: func(s *stage) any { return s.to(object{"text": "đáp", "quote_message_id": "1"}) }, fields: "message_id user_id quota", refuse: []refusal{
			{what: "state agency", code: -235, body: func(s *stage) any { return s.to(object{"text": "đáp"}) }, change: func(s *stage) { s.knobs(func(o *zalo.OA) { o.Messaging = zalo.MessagingV2 }) }},
			{what: "a file token for a picture", code: -100, body: func(s *stage) any {
				return s.to(template(object{"template_type": "media", "elements": []object{{"media_type": "image", "attachment_id": s.file}}}))
			}},
		}},
		{route: "POST /v3.0/oa/message/cs", body: func(s *stage) any {
			return s.to(template(object{"template_type": "media", "elements": []object{{"media_type": "image", "attachment_id": s.image}}}))
		}, fields: "message_id"},
		{route: "POST /v3.0/oa/message/cs", body: func(s *stage) any {
			return s.to(object{"attachment": object{"type": "file", "payload": object{"token": s.file}}})
		}, fields: "message_id"},
		{route: "POST /v3.0/oa/message/cs", body: func(s *stage) any { return s.to(template(buttons)) }, fields: "message_id"},
		{route: "POST /v3.0/oa/message/cs", body: func(s *stage) any {
			return s.to(template(object{"template_type": "request_user_info", "elements": []object{{"title": "Xin liên hệ", "subtitle": "để trả lời", "image_url": "https://a.vn/1.jpg"}}}))
		}, fields: "message_id"},
		{route: "POST /v2.0/oa/message", body: func(s *stage) any { return broadcastBody(object{"gender": "0", "cities": "40"}, s.article) }, fields: "message_id", refuse: []refusal{
			{what: "night", code: -234, body: func(s *stage) any { return broadcastBody(object{"gender": "0"}, s.article) }, change: func(s *stage) { s.clock.Set(morning.Add(14 * time.Hour)) }},
			{what: "unverified", code: -221, body: func(s *stage) any { return broadcastBody(object{"gender": "0"}, s.article) }, change: func(s *stage) { s.knobs(func(o *zalo.OA) { o.Unverified = true }) }},
		}},
		{route: "POST /v2.0/oa/message", body: func(s *stage) any {
			return object{"recipient": object{"user_id": s.user}, "sender_action": object{"react_icon": "/-strong", "react_message_id": s.sim.Messages(oaID, s.user)[0].ID}}
		}, fields: "message_id"},
		{route: "POST /v3.0/oa/quota/message", body: func(s *stage) any { return object{"user_id": s.user} }, fields: "last_interaction cs_reply promotion",
			refuse: []refusal{{what: "no owner", code: -201, body: fixed(object{})}}},
		{route: "POST /v3.0/oa/quota/message", body: fixed(object{"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}), fields: "[] asset_id product_type quota_type valid_through total remain"},
		{route: "POST /v2.0/oa/quota/message", body: fixed(object{}), fields: "type remain total"},
		{route: "POST /v3.0/oa/message/transaction", body: func(s *stage) any { return s.to(template(object{"template_type": "transaction_order"})) }, fields: "-", refuse: []refusal{
			{what: "after 1 March 2026", code: -233, body: func(s *stage) any { return s.to(template(object{"template_type": "transaction_order"})) }}}},
		{route: "POST /v3.0/oa/message/promotion", fields: "-", refuse: []refusal{
			{what: "after 1 March 2026", code: -233, body: func(s *stage) any { return s.to(template(object{"template_type": "promotion"})) }}}},
		{route: "POST /v3.0/oa/message/template", body: func(s *stage) any {
			return object{"user_id": s.user, "template_id": s.template, "template_data": object{"code": "1"}}
		}, fields: "message_id user_id", refuse: []refusal{{what: "unknown template", code: -201, body: func(s *stage) any { return object{"user_id": s.user, "template_id": "1"} }}}},
	}
}

func userEndpoints() []endpoint {
	who := func(s *stage) string { return dataQuery(object{"user_id": s.user}) }
	tag := func(s *stage) any { return object{"user_id": s.user, "tag_name": "tổ 3"} }
	hamlet := object{"key": "hamlet", "name": "Xóm", "data_type": "text"}
	fielded := func(s *stage) { s.want(s.post("/v3.0/oa/userfield/create", hamlet), 0, "field") }
	tagged := func(s *stage) { s.want(s.post("/v2.0/oa/tag/tagfollower", tag(s)), 0, "tag") }
	return []endpoint{
		{route: "GET /v2.0/oa/getoa", fields: "oa_id name description oa_alias is_verified oa_type cate_name num_follower avatar cover package_name package_valid_through_date package_auto_renew_date linked_ZCA"},
		{route: "GET /v3.0/oa/user/getlist", query: ask(object{"offset": 0, "count": 50}), fields: "total count offset users",
			refuse: []refusal{{what: "offset over 9951", code: -210, query: ask(object{"offset": 9952, "count": 50})}}},
		{route: "GET /v3.0/oa/user/detail", query: who, fields: "user_id user_id_by_app display_name user_alias is_sensitive user_last_interaction_date user_is_follower avatar avatars tags_and_notes_info shared_info",
			refuse: []refusal{{what: "unknown", code: -201, query: ask(object{"user_id": "1"})}}},
		{route: "GET /v2.0/oa/getfollowers", query: ask(object{"offset": 0, "count": 50}), fields: "total followers"},
		{route: "GET /v2.0/oa/getprofile", query: who, fields: "user_id display_name"},
		{route: "POST /v3.0/oa/user/update", body: func(s *stage) any { return object{"user_id": s.user, "alias": "bác An"} }},
		{route: "POST /v2.0/oa/updatefollowerinfo", body: func(s *stage) any { return object{"user_id": s.user, "alias": "bác An"} }},
		{route: "GET /v3.0/oa/user/detail/custominfo", query: who, fields: "user_id name phone user_external_id custom_info",
			refuse: []refusal{{what: "unknown", code: -201, query: ask(object{"user_id": "1"})}}},
		{route: "POST /v3.0/oa/user/update/custominfo", body: func(s *stage) any { return object{"user_id": s.user, "user_external_id": "H-1"} },
			refuse: []refusal{{what: "no such field", code: -201, body: func(s *stage) any { return object{"user_id": s.user, "custom_info": object{"hamlet": "5"}} }}}},
		{route: "GET /v3.0/oa/userfield/get", query: flat("?field_type=system"), fields: "total fields", refuse: []refusal{{what: "strange kind", code: -201, query: flat("?field_type=x")}}},
		{route: "POST /v3.0/oa/userfield/create", body: fixed(hamlet), fields: "key name data_type field_type", refuse: []refusal{{what: "twice", code: -201, body: fixed(hamlet), change: fielded}}},
		{route: "POST /v3.0/oa/userfield/update", fields: "-", refuse: []refusal{{what: "its own", code: 0, body: fixed(object{"key": "hamlet", "name": "Thôn"}), change: fielded},
			{what: "unknown", code: -201, body: fixed(object{"key": "hamlet"})}}},
		{route: "POST /v3.0/oa/userfield/delete", fields: "-", refuse: []refusal{{what: "its own", code: 0, body: fixed(object{"key": "hamlet"}), change: fielded},
			{what: "the system's", code: -201, body: fixed(object{"key": "phone"})}}},
		{route: "POST /v2.0/oa/tag/tagfollower", body: tag, refuse: []refusal{{what: "no tag", code: -201, body: func(s *stage) any { return object{"user_id": s.user} }}}},
		{route: "POST /v2.0/oa/tag/rmfollowerfromtag", body: tag},
		{route: "POST /v2.0/oa/tag/rmtag", fields: "-", refuse: []refusal{{what: "after tagging", code: 0, body: fixed(object{"tag_name": "tổ 3"}), change: tagged}, {what: "unknown", code: -201, body: fixed(object{"tag_name": "x"})}}},
		{route: "GET /v2.0/oa/tag/gettagsofoa"},
		{route: "GET /v2.0/oa/listrecentchat", query: ask(object{"offset": 0, "count": 10}), fields: "[] src time type message message_id from_id to_id from_display_name to_display_name",
			refuse: []refusal{{what: "eleven", code: -210, query: ask(object{"offset": 0, "count": 11})}}},
		{route: "GET /v2.0/oa/conversation", query: func(s *stage) string { return dataQuery(object{"user_id": s.user, "offset": 0, "count": 10}) }, fields: "[] src time type message message_id from_id"},
	}
}

func groupEndpoints() []endpoint {
	flatGroup := func(s *stage) string { return "?group_id=" + s.group + "&offset=0&count=5" }
	said := object{"text": "Mời bà con"}
	return []endpoint{
		{route: "GET /v3.0/oa/group/getgroupsofoa", query: flat("?offset=0&count=5"), fields: "total groups", refuse: []refusal{
			{what: "trial package", code: -224, change: func(s *stage) { s.knobs(func(o *zalo.OA) { o.Package = zalo.PackageTrial }) }},
			{what: "unverified", code: -221, change: func(s *stage) { s.knobs(func(o *zalo.OA) { o.Unverified = true }) }}}},
		{route: "POST /v3.0/oa/group/creategroupwithoa", body: func(s *stage) any {
			return object{"group_name": "Tổ 3", "group_description": "d", "asset_id": s.asset, "member_user_ids": []string{s.user}}
		}, fields: "group_id", refuse: []refusal{
			{what: "no asset", code: -238, body: func(s *stage) any {
				return object{"group_name": "Tổ 3", "asset_id": "x", "member_user_ids": []string{s.user}}
			}},
			{what: "asset used", code: -241, body: func(s *stage) any {
				return object{"group_name": "Tổ 3", "asset_id": s.asset, "member_user_ids": []string{s.user}}
			}, change: func(s *stage) {
				s.want(s.post("/v3.0/oa/group/creategroupwithoa", object{"group_name": "a", "asset_id": s.asset, "member_user_ids": []string{s.user}}), 0, "first")
			}}}},
		{route: "POST /v3.0/oa/group/message", body: func(s *stage) any { return object{"recipient": object{"group_id": s.group}, "message": said} }, fields: "message_id group_id", refuse: []refusal{
			{what: "unknown group", code: -403, body: fixed(object{"recipient": object{"group_id": "x"}, "message": said})}}},
		{route: "GET /v3.0/oa/group/conversation", query: flatGroup, refuse: []refusal{{what: "unknown group", code: -403, query: flat("?group_id=x")}}},
		{route: "GET /v3.0/oa/group/listrecentchat", query: flat("?offset=0&count=5")},
		{route: "GET /v3.0/oa/group/listmember", query: flatGroup, fields: "members"},
		{route: "POST /v3.0/oa/group/invite", body: func(s *stage) any { return object{"group_id": s.group, "member_user_ids": []string{s.user}} }},
		{route: "POST /v3.0/oa/group/delete", body: func(s *stage) any { return object{"group_id": s.group} }, refuse: []refusal{{what: "unknown group", code: -403, body: fixed(object{"group_id": "x"})}}},
		{route: "POST /v3.0/oa/quota/group", body: fixed(object{"quota_owner": "OA", "product_type": "gmf10", "quota_type": "sub_quota"}), fields: "[] asset_id valid_through status used_id",
			refuse: []refusal{{what: "strange product", code: -201, body: fixed(object{"quota_owner": "OA", "product_type": "gmf7", "quota_type": "sub_quota"})}}},
	}
}

func businessEndpoints() []endpoint {
	with := func(change func(object)) func(*stage) any {
		return func(s *stage) any {
			o := s.notice()
			change(o)
			return o
		}
	}
	plain := with(func(object) {})
	knob := func(change func(*zalo.OA)) func(*stage) { return func(s *stage) { s.knobs(change) } }
	status := func(v string) func(*stage) {
		return func(s *stage) {
			if _, err := s.sim.AddTemplate(oaID, zalo.Template{ID: s.template, Name: "x", Status: v, Params: []zalo.TemplateParam{{Name: "code"}}}); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	phone := func(code int) func(*stage) { return func(s *stage) { s.sim.SetPhone("84912345678", code) } }
	once := func(s *stage) { s.want(s.post("/message/template", s.notice()), 0, "first") }
	return []endpoint{
		{route: "POST /message/template", body: plain, fields: "msg_id sent_time quota", refuse: []refusal{
			{what: "token", code: -124, body: plain, change: func(s *stage) { s.world.token = "x" }},
			{what: "empty", code: -121, body: fixed("")}, {what: "no JSON", code: -122, body: fixed("{")},
			{what: "0…", code: -108, body: with(func(o object) { o["phone"] = "0912345678" })},
			{what: "no such template", code: -109, body: with(func(o object) { o["template_id"] = "77" })},
			{what: "no data", code: -111, body: with(func(o object) { delete(o, "template_data") })},
			{what: "a place left empty", code: -1122, body: with(func(o object) { o["template_data"] = object{"code": ""} })},
			{what: "too long", code: -1121, body: with(func(o object) { o["template_data"] = object{"code": "12345678901"} })},
			{what: "an object", code: -112, body: with(func(o object) { o["template_data"] = object{"code": object{}} })},
			{what: "unknown place", code: -132, body: with(func(o object) { o["template_data"] = object{"code": "1", "x": "1"} })},
			{what: "tracking id of 49", code: -1121, body: with(func(o object) { o["tracking_id"] = strings.Repeat("a", 49) })},
			{what: "development to a citizen", code: -127, body: with(func(o object) { o["mode"] = "development" })},
			{what: "development to an administrator", code: 0, body: with(func(o object) { o["mode"], o["phone"] = "development", "84912000001" })},
			{what: "not approved", code: -131, body: plain, change: status(zalo.TemplatePending)},
			{what: "disabled", code: -146, body: plain, change: status(zalo.TemplateDisabled)},
			{what: "no Zalo", code: -118, body: plain, change: phone(-118)}, {what: "refused", code: -139, body: plain, change: phone(-139)},
			{what: "night", code: -133, body: plain, change: func(s *stage) { s.clock.Set(morning.Add(14 * time.Hour)) }},
			{what: "no account", code: -136, body: plain, change: knob(func(o *zalo.OA) { o.NoZCA = true })},
			{what: "no money", code: -115, body: plain, change: knob(func(o *zalo.OA) { o.NoBalance = true })},
			{what: "no right", code: -120, body: plain, change: knob(func(o *zalo.OA) { o.NoNotices = true })},
			{what: "free package", code: -135, body: plain, change: knob(func(o *zalo.OA) { o.Package = zalo.PackageBasic })},
			{what: "daily", code: -144, body: plain, change: func(s *stage) { once(s); s.knobs(func(o *zalo.OA) { o.NoticeDaily = 1 }) }},
		}},
		{route: "POST /message/template/hashphone", body: with(func(o object) {
			sum := sha256.Sum256([]byte("84912345678"))
			o["hash_phone"] = hex.EncodeToString(sum[:])
		}), fields: "msg_id", refuse: []refusal{{what: "unknown number", code: -118, body: with(func(o object) { o["hash_phone"] = "00" })}}},
		{route: "GET /message/status", query: flat("?message_id=x&phone=84912345678"), fields: "delivery_time status message", refuse: []refusal{{what: "no id", code: -107}}},
		{route: "GET /message/quota", fields: "dailyQuota remainingQuota"},
		{route: "GET /template/all", query: flat("?offset=0&limit=100&status=1"), fields: "[] templateId templateName createdTime status templateQuality", refuse: []refusal{{what: "no limit", code: -132}}},
		{route: "GET /template/info/v2", query: func(s *stage) string { return "?template_id=" + s.template }, fields: "templateId templateName status listParams listButtons timeout previewUrl templateQuality templateTag price",
			refuse: []refusal{{what: "unknown", code: -109, query: flat("?template_id=1")}}},
		{route: "GET /template/sample-data", query: func(s *stage) string { return "?template_id=" + s.template }, fields: "code"},
		{route: "GET /rating/get", query: func(s *stage) string {
			return "?template_id=" + s.template + "&from_time=0&to_time=1&offset=0&limit=10"
		}, fields: "total data"},
		{route: "GET /quality", fields: "oaCurrentQuality oa7dayQuality"},
	}
}

func (s *stage) call(e endpoint, query func(*stage) string, body func(*stage) any) answer {
	method, path, _ := strings.Cut(e.route, " ")
	if query != nil {
		path += query(s)
	}
	switch {
	case e.upload[0] != "":
		return s.sendFile(path, e.upload)
	case method == "GET":
		return s.get(path)
	}
	return s.post(path, body(s))
}

func (s *stage) sendFile(path string, file [2]string) answer {
	return s.world.upload(path, file[0], []byte(file[1]))
}

// TestEveryEndpoint makes each call of the platform once well and in the ways in which it is refused.
func TestEveryEndpoint(t *testing.T) {
	for _, e := range endpoints() {
		t.Run(e.route, func(t *testing.T) {
			if e.fields != "-" {
				s := newStage(t)
				a := s.call(e, e.query, e.body)
				s.want(a, 0, e.route)
				checkFields(t, a, e.fields)
			}
			for _, r := range e.refuse {
				s := newStage(t)
				if r.change != nil {
					r.change(s)
				}
				s.want(s.call(e, r.query, r.body), r.code, r.what)
			}
		})
	}
}

func checkFields(t *testing.T, a answer, fields string) {
	t.Helper()
	if fields == "" {
		return
	}
	var data map[string]json.RawMessage
	raw := a.Data
	if rest, ok := strings.CutPrefix(fields, "[] "); ok {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
			t.Fatalf("data is no list with something in it: %s", raw)
		}
		raw, fields = list[0], rest
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatalf("data %s: %v", raw, err)
	}
	for _, f := range strings.Fields(fields) {
		if _, ok := data[f]; !ok {
			t.Errorf("data lacks %s: %s", f, raw)
		}
	}
}

// TestNoEndpointIsForgotten reads the source: every call that is served has a row above.
func TestNoEndpointIsForgotten(t *testing.T) {
	served := regexp.MustCompile(`s\.(?:api|business)\(mux, "([^"]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range served.FindAllStringSubmatch(string(src), -1) {
			n++
			if !slices.ContainsFunc(endpoints(), func(e endpoint) bool { return e.route == m[1] }) {
				t.Errorf("%s is served and not tested", m[1])
			}
		}
	}
	if n < 40 {
		t.Fatalf("only %d calls found: the pattern no longer fits the source", n)
	}
}

// TestNoticeComesBack: a notice tells when it reached the telephone, by webhook and by question; one to a telephone that is
// switched off stays on its way.
func TestNoticeComesBack(t *testing.T) {
	s := newStage(t)
	sent := s.post("/message/template", s.notice())
	id := sent.field(t, "msg_id")
	n := s.sim.Notices(oaID)
	if len(n) != 1 || n[0].ID != id || n[0].Tracking != "k1" || n[0].Delivered.IsZero() || n[0].Price != 120 {
		t.Fatalf("%+v", n)
	}
	var state struct{ Status int }
	_ = json.Unmarshal(s.get("/message/status?message_id="+id+"&phone=84912345678").Data, &state)
	if state.Status != 1 {
		t.Errorf("status %d", state.Status)
	}
	if _, err := s.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultLose, Path: "notice", Count: 1}); err != nil {
		t.Fatal(err)
	}
	id = s.post("/message/template", s.notice()).field(t, "msg_id")
	_ = json.Unmarshal(s.get("/message/status?message_id="+id+"&phone=84912345678").Data, &state)
	if state.Status != 0 {
		t.Errorf("switched off: status %d", state.Status)
	}
}
