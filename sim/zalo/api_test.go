package zalo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

func TestArticleRefusals(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	long := func(n int) string { return strings.Repeat("ă", n) }
	cases := []struct {
		what   string
		code   int
		change func(object)
	}{
		{"plain", 0, nil},
		{"title of 150", 0, func(o object) { o["title"] = long(150) }},
		{"title of 150, decomposed", 0, func(o object) { o["title"] = strings.Repeat("a\u0306", 150) }},
		{"title of 151", -210, func(o object) { o["title"] = long(151) }},
		{"author of 51", -210, func(o object) { o["author"] = long(51) }},
		{"lead of 301", -210, func(o object) { o["description"] = long(301) }},
		{"no title", -201, func(o object) { delete(o, "title") }},
		{"strange type", -201, func(o object) { o["type"] = "story" }},
		{"no cover", -201, func(o object) { delete(o, "cover") }},
		{"cover without show", -201, func(o object) { o["cover"] = object{"cover_type": "photo", "photo_url": "https://a.vn/1.jpg"} }},
		{"cover is an attachment id", -201, func(o object) {
			o["cover"] = object{"cover_type": "photo", "photo_url": "abc123", "status": "show"}
		}},
		{"empty body", -201, func(o object) { o["body"] = []object{} }},
		{"strange block", -201, func(o object) { o["body"] = []object{{"type": "table"}} }},
		{"strange status", -201, func(o object) { o["status"] = "public" }},
		{"video without id", -201, func(o object) { o["type"] = "video" }},
	}
	for _, c := range cases {
		w.want(w.post("/v2.0/article/create", articleBody(c.change)), c.code, c.what)
	}
	w.want(w.post("/v2.0/article/create", "{"), -201, "broken JSON")
	w.want(w.post("/v2.0/article/verify", object{"token": "nothing"}), -201, "unknown token")
}

func TestArticleLife(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	id := w.publish()
	w.want(w.post("/v2.0/article/update", articleBody(func(o object) { o["id"], o["title"] = id, "Đính chính"; delete(o, "status") })), 0, "update")
	detail := w.get("/v2.0/article/getdetail?id=" + id)
	if detail.field(t, "title") != "Đính chính" || detail.field(t, "status") != "hide" {
		t.Errorf("after an update without status, detail is %s; want the new title, hidden", detail.Data)
	}
	w.want(w.post("/v2.0/article/update", articleBody(func(o object) { o["id"] = "none" })), -201, "update of nothing")
	w.want(w.get(`/v2.0/article/getslice?data={"offset":0}`), -201, "slice with data")
	w.want(w.get(`/v2.0/article/getslice?offset=0&limit=11&type=normal`), -210, "slice of 11")
	var slice struct {
		Medias []struct{ ID, Title string }
		Total  int
	}
	_ = json.Unmarshal(w.get("/v2.0/article/getslice?offset=0&limit=10&type=normal").Data, &slice)
	if slice.Total != 1 || slice.Medias[0].ID != id {
		t.Errorf("slice %+v", slice)
	}
	w.want(w.post("/v2.0/article/remove", object{"id": id}), 0, "remove")
	w.want(w.post("/v2.0/article/remove", object{"id": id}), -201, "remove twice")
}

func TestArticleQuotaIsGivenBackByRemoving(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{ArticleQuota: 1})
	id := w.publish()
	full := w.post("/v2.0/article/create", articleBody(nil))
	if full.Error != -223 || !strings.Contains(full.Message, "quota") {
		t.Errorf("second article: %d %q", full.Error, full.Message)
	}
	w.want(w.post("/v2.0/article/remove", object{"id": id}), 0, "remove")
	w.publish()
}

func TestKnobsDecideTheError(t *testing.T) {
	cases := []struct {
		what string
		oa   zalo.OA
		code int
	}{
		{"basic package", zalo.OA{Package: zalo.PackageBasic}, -224},
		{"package over", zalo.OA{PackageUntil: morning.Add(-time.Hour)}, -224},
		{"disabled", zalo.OA{Disabled: true}, -204},
		{"gone", zalo.OA{Gone: true}, -205},
		{"app removed", zalo.OA{AppRemoved: true}, -219},
		{"not granted", zalo.OA{Denied: []string{"/article/"}}, -223},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, nil, c.oa)
			w.want(w.post("/v2.0/article/create", articleBody(nil)), c.code, c.what)
		})
	}
	w := newWorld(t, nil, zalo.OA{Package: zalo.PackageBasic})
	if got := w.get("/v2.0/oa/getoa"); got.Error != 0 || got.field(t, "package_name") != "Cơ bản" {
		t.Errorf("getoa must answer whatever the package: %+v", got)
	}
}

func text(user, words string) object {
	return object{"recipient": object{"user_id": user}, "message": object{"text": words}}
}

func TestConsultationByTypeOfOA(t *testing.T) {
	const v3, v2 = "/v3.0/oa/message/cs", "/v2.0/oa/message"
	cases := []struct {
		what   string
		oa     zalo.OA
		v3, v2 int
	}{
		{"state agency", zalo.OA{Type: zalo.TypeState}, -235, 0},
		{"business", zalo.OA{Type: zalo.TypeBusiness}, 0, -240},
		{"both", zalo.OA{Messaging: zalo.MessagingBoth}, 0, 0},
		{"none", zalo.OA{Messaging: zalo.MessagingNone}, -235, -235},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, nil, c.oa)
			user := w.sim.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
			w.want(w.post(v3, text(user, "Chào bác")), c.v3, "v3")
			w.want(w.post(v2, text(user, "Chào bác")), c.v2, "v2")
			sent := 0
			for _, code := range []int{c.v3, c.v2} {
				if code == 0 {
					sent++
				}
			}
			if got := w.sim.Messages(oaID, user); len(got) != sent {
				t.Errorf("%d messages arrived, want %d", len(got), sent)
			}
		})
	}
}

func TestWindows(t *testing.T) {
	day := 24 * time.Hour
	cases := []struct {
		what     string
		follower zalo.Follower
		code     int
		quota    string
	}{
		{"an hour ago", zalo.Follower{Follows: true, LastAct: morning.Add(-time.Hour)}, 0, "reply"},
		{"three days ago", zalo.Follower{Follows: true, LastAct: morning.Add(-3 * day)}, 0, "sub_quota"},
		{"eight days ago", zalo.Follower{Follows: true, LastAct: morning.Add(-8 * day)}, -230, ""},
		{"fifty days ago", zalo.Follower{Follows: true, LastAct: morning.Add(-50 * day)}, -227, ""},
		{"wrote, does not follow", zalo.Follower{LastAct: morning.Add(-time.Hour)}, 0, "reply"},
		{"left long ago", zalo.Follower{LastAct: morning.Add(-9 * day)}, -213, ""},
		{"blocked", zalo.Follower{Follows: true, Blocked: true}, -217, ""},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, nil, zalo.OA{Type: zalo.TypeBusiness, ReplyQuota: 1})
			c.follower.Key = "an"
			user := w.sim.AddFollowerFull(oaID, c.follower)
			a := w.post("/v3.0/oa/message/cs", text(user, "Chào bác"))
			w.want(a, c.code, c.what)
			if c.code == 0 {
				var data struct {
					Quota struct {
						Type string `json:"quota_type"`
					}
				}
				_ = json.Unmarshal(a.Data, &data)
				if data.Quota.Type != c.quota {
					t.Errorf("quota %q, want %q", data.Quota.Type, c.quota)
				}
			}
			if c.quota == "sub_quota" {
				w.want(w.post("/v3.0/oa/message/cs", text(user, "nữa")), -320, "beyond the paid quota")
			}
		})
	}
}

func TestMessageContent(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{Type: zalo.TypeBusiness})
	user := w.sim.AddFollower(oaID, zalo.Person{Key: "an"})
	image := w.upload("/v2.0/oa/upload/image", "a.png", png)
	w.want(image, 0, "upload")
	media := func(e object) object {
		return object{"recipient": object{"user_id": user}, "message": object{"text": "kèm ảnh", "attachment": object{"type": "template", "payload": object{"template_type": "media", "elements": []object{e}}}}}
	}
	buttons := func(kind string, n int) object {
		var list []object
		for i := range n {
			list = append(list, object{"title": fmt.Sprint("Nút ", i), "type": "oa.open.url", "payload": object{"url": "https://mttq.vn"}})
		}
		payload := object{"buttons": list}
		if kind != "" {
			payload["template_type"] = kind
		}
		return object{"recipient": object{"user_id": user}, "message": object{"text": "chọn", "attachment": object{"type": "template", "payload": payload}}}
	}
	cases := []struct {
		what string
		body any
		code int
	}{
		{"2000 letters", text(user, strings.Repeat("ế", 2000)), 0},
		{"2001 letters", text(user, strings.Repeat("ế", 2001)), -210},
		{"empty", text(user, ""), -201},
		{"unknown user", text("77", "a"), -201},
		{"image by id", media(object{"media_type": "image", "attachment_id": image.field(t, "attachment_id")}), 0},
		{"image by url", media(object{"media_type": "image", "url": "https://a.vn/1.jpg"}), 0},
		{"image unknown", media(object{"media_type": "image", "attachment_id": "x"}), -100},
		{"strange media", media(object{"media_type": "hologram", "url": "https://a.vn"}), -233},
		{"buttons", buttons("", 5), 0},
		{"six buttons", buttons("", 6), -210},
		{"buttons with template_type button", buttons("button", 1), -201},
	}
	for _, c := range cases {
		w.want(w.post("/v3.0/oa/message/cs", c.body), c.code, c.what)
	}
	w.clock.Advance(8 * 24 * time.Hour)
	if _, err := w.sim.Say(oaID, user, zalo.Utterance{Text: "còn đây"}); err != nil {
		t.Fatal(err)
	}
	w.token = w.refresh(w.sim.Tokens(oaID).Refresh).Access
	w.want(w.post("/v3.0/oa/message/cs", media(object{"media_type": "image", "attachment_id": image.field(t, "attachment_id")})), -100, "attachment after 7 days")
}

var png = []byte("\x89PNG\r\n\x1a\n" + "not really a picture")

func (w *world) upload(path, name string, data []byte) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", name)
	part.Write(data)
	form.Close()
	req, _ := http.NewRequest("POST", w.url+path, &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("access_token", w.token)
	return w.do(req)
}

func TestUploads(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	cases := []struct {
		what, path, name string
		data             []byte
		code             int
	}{
		{"png", "/v2.0/oa/upload/image", "a.png", png, 0},
		{"no extension", "/v2.0/oa/upload/image", "a", png, -201},
		{"text called png", "/v2.0/oa/upload/image", "a.png", []byte("hello"), -201},
		{"over 1 MB", "/v2.0/oa/upload/image", "a.png", append(bytes.Clone(png), make([]byte, 1<<20)...), -210},
		{"gif", "/v2.0/oa/upload/gif", "a.gif", []byte("GIF89a..."), 0},
		{"pdf", "/v2.0/oa/upload/file", "a.pdf", []byte("%PDF-1.7"), 0},
		{"exe", "/v2.0/oa/upload/file", "a.exe", []byte("MZ"), -201},
		{"file over 5 MB", "/v2.0/oa/upload/file", "a.pdf", make([]byte, 5<<20+1), -210},
	}
	for _, c := range cases {
		w.want(w.upload(c.path, c.name, c.data), c.code, c.what)
	}
}

func broadcastBody(target any, ids ...string) object {
	var elements []object
	for _, id := range ids {
		elements = append(elements, object{"media_type": "article", "attachment_id": id})
	}
	return object{"recipient": object{"target": target}, "message": object{"attachment": object{"type": "template", "payload": object{"template_type": "media", "elements": elements}}}}
}

func TestBroadcast(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	w.sim.AddFollower(oaID, zalo.Person{Key: "an", Gender: 1, AgeGroup: "3"})
	w.sim.AddFollower(oaID, zalo.Person{Key: "bình", Gender: 2, AgeGroup: "5"})
	w.sim.AddFollower(oaID, zalo.Person{Key: "không rõ"})
	id := w.publish()
	cases := []struct {
		what    string
		target  any
		reached int
	}{
		{"numbers", object{"gender": 1, "ages": 3}, 2},
		{"text with commas", object{"gender": "0", "ages": "3,4"}, 2},
		{"lists", object{"ages": []int{3, 5}}, 3},
		{"list of text", object{"ages": []string{"5"}}, 2},
		{"everybody", object{"gender": 0}, 3},
	}
	for i, c := range cases {
		a := w.post("/v2.0/oa/message", broadcastBody(c.target, id))
		w.want(a, 0, c.what)
		sent := w.sim.Broadcasts(oaID)
		if len(sent) != i+1 || sent[i].Reached != c.reached || sent[i].ID != a.field(t, "message_id") {
			t.Errorf("%s: %+v, want %d reached", c.what, sent[len(sent)-1], c.reached)
		}
	}
	w.want(w.post("/v2.0/oa/message", broadcastBody(object{"ages": "trẻ"}, id)), -201, "target in words")
	w.want(w.post("/v2.0/oa/message", broadcastBody(object{}, "unknown")), -100, "unknown article")
	w.want(w.post("/v2.0/oa/message", broadcastBody(object{}, id, id, id, id, id, id)), -201, "six articles")
}

func TestBroadcastLimits(t *testing.T) {
	everybody := object{"gender": "0"}
	t.Run("night", func(t *testing.T) {
		w := newWorld(t, nil, zalo.OA{})
		id := w.publish()
		for hour, code := range map[int]int{5: -234, 6: 0, 21: 0, 22: -234} {
			w.clock.Set(time.Date(2026, 11, 21, hour-7, 30, 0, 0, time.UTC))
			w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), code, fmt.Sprintf("at %d:30", hour))
		}
	})
	t.Run("night by order", func(t *testing.T) {
		w := newWorld(t, nil, zalo.OA{})
		id := w.publish()
		_, _ = w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultNight, Count: 1})
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), -234, "ordered night")
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), 0, "afterwards")
	})
	t.Run("unverified", func(t *testing.T) {
		w := newWorld(t, nil, zalo.OA{Unverified: true})
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, w.publish())), -221, "unverified")
	})
	t.Run("quota of the OA", func(t *testing.T) {
		w := newWorld(t, nil, zalo.OA{BroadcastQuota: 1})
		id := w.publish()
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), 0, "first")
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), -211, "second")
	})
	t.Run("quota of the receiver", func(t *testing.T) {
		w := newWorld(t, nil, zalo.OA{ReceiverQuota: 4})
		w.sim.AddFollower(oaID, zalo.Person{Key: "an"})
		id := w.publish()
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), 0, "first")
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), -218, "second on the same day")
	})
	t.Run("not approved yet", func(t *testing.T) {
		w := newWorld(t, func(c *zalo.Config) { c.ApproveDelay = 30 * time.Minute }, zalo.OA{})
		id := w.publish()
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), -214, "at once")
		w.clock.Advance(31 * time.Minute)
		w.want(w.post("/v2.0/oa/message", broadcastBody(everybody, id)), 0, "after half an hour")
	})
}

func dataQuery(v any) string {
	raw, _ := json.Marshal(v)
	return "?data=" + url.QueryEscape(string(raw))
}

func TestUsersTagsAndConversations(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{Type: zalo.TypeBusiness})
	var users []string
	for i := range 60 {
		users = append(users, w.sim.AddFollower(oaID, zalo.Person{Key: fmt.Sprint(i), Name: fmt.Sprint("Người ", i)}))
	}
	var list struct {
		Total, Count int
		Users        []struct {
			ID string `json:"user_id"`
		}
	}
	_ = json.Unmarshal(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 50, "count": 50, "is_follower": true})).Data, &list)
	if list.Total != 60 || list.Count != 10 || list.Users[0].ID != users[50] {
		t.Errorf("list %+v", list)
	}
	w.want(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 9951, "count": 50})), 0, "the last offset")
	w.want(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 9952, "count": 50})), -210, "beyond the last offset")
	w.want(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 0, "count": 51})), -210, "51 at a time")
	w.want(w.post("/v2.0/oa/tag/tagfollower", object{"user_id": users[3], "tag_name": "hộ nghèo"}), 0, "tag")
	_ = json.Unmarshal(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 0, "count": 5, "tag_name": "hộ nghèo"})).Data, &list)
	if list.Total != 1 || list.Users[0].ID != users[3] {
		t.Errorf("tagged %+v", list)
	}
	detail := w.get("/v3.0/oa/user/detail" + dataQuery(object{"user_id": users[3]}))
	if detail.field(t, "display_name") != "Người 3" || detail.field(t, "user_last_interaction_date") != "21/11/2026" || len(detail.field(t, "user_id")) != 19 {
		t.Errorf("detail %s", detail.Data)
	}
	w.clock.Advance(time.Second)
	_, _ = w.sim.Say(oaID, users[3], zalo.Utterance{Text: "hỏi"})
	w.clock.Advance(time.Second)
	w.want(w.post("/v3.0/oa/message/cs", text(users[3], "đáp")), 0, "answer")
	var lines []struct {
		Src     int
		Message string
		FromID  string `json:"from_id"`
	}
	_ = json.Unmarshal(w.get("/v2.0/oa/conversation"+dataQuery(object{"user_id": users[3], "offset": 0, "count": 10})).Data, &lines)
	if len(lines) != 2 || lines[0].Message != "đáp" || lines[0].Src != 0 || lines[1].FromID != users[3] {
		t.Errorf("conversation %+v", lines)
	}
	_ = json.Unmarshal(w.get("/v2.0/oa/listrecentchat"+dataQuery(object{"offset": 0, "count": 10})).Data, &lines)
	if len(lines) != 1 || lines[0].Message != "đáp" {
		t.Errorf("recent chats %+v", lines)
	}
	w.want(w.get("/v2.0/oa/conversation"+dataQuery(object{"user_id": users[3], "offset": 0, "count": 11})), -210, "11 lines")
}

func TestIdentifiersJoinAcrossOAs(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	w.sim.AddOA(zalo.OA{ID: "4000000000000000002", Name: "MTTQ huyện Nam Đàn"})
	one := w.sim.AddFollower(oaID, zalo.Person{Key: "an"})
	two := w.sim.AddFollower("4000000000000000002", zalo.Person{Key: "an"})
	a, b := w.sim.Followers(oaID)[0], w.sim.Followers("4000000000000000002")[0]
	if one == two || a.ByApp != b.ByApp {
		t.Errorf("user ids %s and %s must differ, by app %s and %s must not", one, two, a.ByApp, b.ByApp)
	}
}

func TestBudget(t *testing.T) {
	w := newWorld(t, func(c *zalo.Config) { c.Rate = 3 }, zalo.OA{})
	first := w.get("/v2.0/oa/getoa")
	if first.header.Get("X-RateLimit-Limit") != "3" || first.header.Get("X-RateLimit-Remain") != "2" {
		t.Errorf("headers %v", first.header)
	}
	w.get("/v2.0/oa/getoa")
	w.want(w.get("/v2.0/oa/getoa"), 0, "third")
	over := w.get("/v2.0/oa/getoa")
	if over.Error != -32 || !strings.Contains(over.Message, "application") {
		t.Errorf("fourth: %+v", over)
	}
	w.sim.SetRate(0)
	w.want(w.get("/v2.0/oa/getoa"), 0, "limit off")
	if s := w.sim.Stats().Requests; s.Refused != 1 || s.MaxPerMinute != 4 {
		t.Errorf("stats %+v", s)
	}
	w = newWorld(t, func(c *zalo.Config) { c.OARate = 1 }, zalo.OA{})
	w.get("/v2.0/oa/getoa")
	if over := w.get("/v2.0/oa/getoa"); over.Error != -32 || !strings.Contains(over.Message, "OA") {
		t.Errorf("budget of the OA: %+v", over)
	}
}

func TestProof(t *testing.T) {
	w := newWorld(t, func(c *zalo.Config) { c.RequireProof = true }, zalo.OA{})
	w.want(w.get("/v2.0/oa/getoa"), -242, "without proof")
	for proof, code := range map[string]int{zalo.Proof("SEC", w.token): 0, "00": -242} {
		req, _ := http.NewRequest("GET", w.url+"/v2.0/oa/getoa", nil)
		req.Header.Set("access_token", w.token)
		req.Header.Set("appsecret_proof", proof)
		w.want(w.do(req), code, "proof "+proof)
	}
}

func TestFaultsOfCalls(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	add := func(f simkit.Fault) {
		t.Helper()
		if _, err := w.sim.Faults().Add(f); err != nil {
			t.Fatal(err)
		}
	}
	add(simkit.Fault{Kind: simkit.FaultError, System: "zalo", Target: oaID, Path: "article/create", Code: -200, Message: "Send failed", Count: 1})
	w.want(w.get("/v2.0/oa/getoa"), 0, "another path")
	w.want(w.post("/v2.0/article/create", articleBody(nil)), -200, "ordered error")
	if n := len(w.sim.Articles(oaID)); n != 0 {
		t.Errorf("an ordered error left %d articles", n)
	}
	raw, _ := json.Marshal(articleBody(nil))
	send := func() (*http.Response, error) {
		req, _ := http.NewRequest("POST", w.url+"/v2.0/article/create", bytes.NewReader(raw))
		req.Header.Set("access_token", w.token)
		return http.DefaultClient.Do(req)
	}
	add(simkit.Fault{Kind: simkit.FaultDropAfter, Count: 1})
	if resp, err := send(); err == nil {
		resp.Body.Close()
		t.Error("the answer should have been dropped")
	}
	if n := len(w.sim.Articles(oaID)); n != 1 {
		t.Errorf("%d articles after a dropped answer, want 1", n)
	}
	add(simkit.Fault{Kind: simkit.FaultHTTP, Status: 503, Count: 1})
	resp, err := send()
	if err != nil || resp.StatusCode != 503 {
		t.Errorf("%v %v", resp, err)
	}
	add(simkit.Fault{Kind: simkit.FaultAccessDead}) // acts only through Obey
	if !w.sim.Obey(simkit.Fault{Kind: simkit.FaultAccessDead, Target: oaID}) {
		t.Error("access_dead was not obeyed")
	}
	w.want(w.get("/v2.0/oa/getoa"), -216, "killed access token")
}

func totalOf(t *testing.T, a answer) string {
	t.Helper()
	var data struct{ Total json.Number }
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatalf("%s: %v", a.Data, err)
	}
	return data.Total.String()
}
