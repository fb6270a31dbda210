package simserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simserver"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

const (
	oaID   = "4000000000000000001"
	pageID = "100000000000001"
)

type object = map[string]any

type world struct {
	simserver.World
	t   *testing.T
	url string
}

func open(t *testing.T) *world {
	t.Helper()
	sims, err := simserver.Open("http://127.0.0.1:1", t.TempDir(), zalo.Config{AppID: "1", AppSecret: "s", NoNight: true}, facebook.Config{AppID: "2", AppSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sims.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := sims.Close(); err != nil {
			t.Error(err)
		}
	})
	sims.Zalo.AddOA(zalo.OA{ID: oaID, Name: "MTTQ xã Kim Liên", Group: "Huyện Nam Đàn"})
	sims.Facebook.AddPage(facebook.Page{ID: pageID, Name: "Mặt trận xã Kim Liên"})
	return &world{World: sims, t: t, url: srv.URL}
}

// send does a request with a JSON body (none when nil) and decodes the answer into out.
func (w *world) send(method, path, token string, body, out any) int {
	w.t.Helper()
	var raw io.Reader
	if body != nil {
		b, _ := json.Marshal(body)
		raw = bytes.NewReader(b)
	}
	req, _ := http.NewRequest(method, w.url+path, raw)
	req.Header.Set("access_token", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			w.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode
}

func (w *world) page(path string) string {
	w.t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, resp.StatusCode, raw)
	}
	return string(raw)
}

func (w *world) publish(title string) string {
	w.t.Helper()
	var a struct {
		Error int
		Data  struct{ Token, ID string }
	}
	body := object{"type": "normal", "title": title, "description": "Lời dẫn", "status": "show", "cover": object{"cover_type": "photo", "photo_url": "https://a.vn/1.jpg", "status": "show"},
		"body": []object{{"type": "text", "content": `<p>Họp dân</p><script>alert(1)</script><img src=x onerror=alert(2)>`}}}
	token := w.Zalo.Tokens(oaID).Access
	w.send("POST", "/zalo/v2.0/article/create", token, body, &a)
	if a.Error != 0 {
		w.t.Fatalf("create: %+v", a)
	}
	w.send("POST", "/zalo/v2.0/article/verify", token, object{"token": a.Data.Token}, &a)
	return a.Data.ID
}

func TestControlOfZalo(t *testing.T) {
	w := open(t)
	var joined struct {
		UserID string `json:"user_id"`
	}
	if code := w.send("POST", "/control/zalo/oas/"+oaID+"/follow", "", object{"name": "Nguyễn Văn An"}, &joined); code != 200 {
		t.Fatalf("follow %d", code)
	}
	user := joined.UserID
	if code := w.send("POST", "/control/zalo/oas/"+oaID+"/say", "", object{"user_id": user, "text": "Xin hỏi"}, nil); code != 200 {
		t.Fatalf("say %d", code)
	}
	var said []zalo.Message
	w.send("GET", "/control/zalo/oas/"+oaID+"/messages?user_id="+user, "", nil, &said)
	if len(said) != 1 || said[0].Text != "Xin hỏi" {
		t.Errorf("messages %+v", said)
	}
	for _, c := range []struct {
		path string
		body any
		code int
	}{
		{"/control/zalo/oas/9/say", object{"user_id": user, "text": "x"}, 404},
		{"/control/zalo/oas/" + oaID + "/say", object{"user_id": "9", "text": "x"}, 404},
		{"/control/zalo/oas/" + oaID + "/say", object{"user_id": user}, 400},
		{"/control/faults", object{"kind": "earthquake"}, 400},
		{"/control/faults", object{"kind": "error"}, 400},
	} {
		if code := w.send("POST", c.path, "", c.body, nil); code != c.code {
			t.Errorf("%s %v: %d, want %d", c.path, c.body, code, c.code)
		}
	}
	w.publish("Họp dân")
	var oas []zalo.Summary
	w.send("GET", "/control/zalo/oas", "", nil, &oas)
	if len(oas) != 1 || oas[0].Articles != 1 || oas[0].Messages != 1 || oas[0].Followers != 1 || oas[0].Token != "living" || oas[0].Latest != "Họp dân" {
		t.Errorf("oas %+v", oas)
	}
	w.send("POST", "/control/zalo/oas/"+oaID+"/knobs", "", object{"package": zalo.PackageBasic}, nil)
	var a struct{ Error int }
	if w.send("GET", "/zalo/v2.0/oa/tag/gettagsofoa", w.Zalo.Tokens(oaID).Access, nil, &a); a.Error != -224 {
		t.Errorf("after the package was lowered: %d", a.Error)
	}
}

func TestControlOfFacebook(t *testing.T) {
	w := open(t)
	resp, err := http.PostForm(w.url+"/graph/v26.0/"+pageID+"/feed", url.Values{"access_token": {w.Facebook.Token(pageID)}, "message": {"Thông báo"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	post := w.Facebook.Posts(pageID)[0].ID
	var said facebook.Said
	w.send("POST", "/control/facebook/pages/"+pageID+"/say", "", object{"name": "Nguyễn Thị Hoa", "post_id": post, "text": "Mấy giờ?"}, &said)
	if said.Comment == nil || said.Comment.Post != post {
		t.Fatalf("said %+v", said)
	}
	w.send("POST", "/control/facebook/pages/"+pageID+"/say", "", object{"user_id": said.Comment.FromID, "text": "Nhắn riêng"}, &said)
	if said.Message == nil || said.Message.Text != "Nhắn riêng" {
		t.Fatalf("said %+v", said)
	}
	var pages []facebook.Summary
	w.send("GET", "/control/facebook/pages", "", nil, &pages)
	if len(pages) != 1 || pages[0].Posts != 1 || pages[0].Comments != 1 || pages[0].Messages != 1 {
		t.Errorf("pages %+v", pages)
	}
	w.send("POST", "/control/facebook/pages/"+pageID+"/token", "", object{"subcode": 460}, nil)
	var a struct{ Error struct{ Code int } }
	if w.send("GET", "/graph/v26.0/me?access_token="+w.Facebook.Token(pageID), "", nil, &a); a.Error.Code != 190 {
		t.Errorf("after the password change: %+v", a)
	}
}

func TestFaultsRateAndStats(t *testing.T) {
	w := open(t)
	token := w.Zalo.Tokens(oaID).Access
	var added []struct{ ID string }
	w.send("POST", "/control/faults", "", []object{{"kind": "error", "system": "zalo", "code": -200, "count": 1}, {"kind": "night", "target": oaID}}, &added)
	if len(added) != 2 {
		t.Fatalf("added %+v", added)
	}
	var a struct{ Error int }
	if w.send("GET", "/zalo/v2.0/oa/getoa", token, nil, &a); a.Error != -200 {
		t.Errorf("ordered error: %d", a.Error)
	}
	var in []struct{ Kind string }
	if w.send("GET", "/control/faults", "", nil, &in); len(in) != 1 || in[0].Kind != "night" {
		t.Errorf("in force %+v", in)
	}
	w.send("DELETE", "/control/faults", "", nil, nil)
	w.send("POST", "/control/rate", "", object{"zalo": 2}, nil)
	w.send("POST", "/control/stats/reset", "", nil, nil)
	for range 3 {
		w.send("GET", "/zalo/v2.0/oa/getoa", token, nil, &a)
	}
	if a.Error != -32 {
		t.Errorf("third of two: %d", a.Error)
	}
	w.send("POST", "/control/rate", "", object{"zalo": 0}, nil)
	w.publish("Một")
	w.publish("Một")
	var stats struct {
		Zalo     zalo.Stats
		Facebook facebook.Stats
	}
	w.send("GET", "/control/stats", "", nil, &stats)
	if z := stats.Zalo; z.OAs != 1 || z.Articles != 2 || z.Duplicates != 1 || z.MaxPerOA != 2 || z.Requests.Refused != 1 || z.Requests.LastMinute != 6 {
		t.Errorf("stats %+v", z)
	}
	w.send("POST", "/control/faults", "", object{"kind": "disable_webhook"}, nil)
	if w.Zalo.Webhook().Status(false).Enabled || w.Facebook.Webhook().Status(false).Enabled {
		t.Error("disable_webhook must act at once")
	}
}

func TestWall(t *testing.T) {
	w := open(t)
	user := w.Zalo.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	id := w.publish("Họp dân <tối mai>")
	token := w.Zalo.Tokens(oaID).Access
	var a struct{ Error int }
	w.send("POST", "/zalo/v2.0/oa/message", token, object{"recipient": object{"target": object{"gender": "0"}}, "message": object{"attachment": object{"type": "template",
		"payload": object{"template_type": "media", "elements": []object{{"media_type": "article", "attachment_id": id}}}}}}, &a)
	if a.Error != 0 {
		t.Fatalf("broadcast %d", a.Error)
	}
	for query, want := range map[string]bool{"": true, "?q=kim+lien": true, "?q=nam+dan": true, "?q=vinh": false, "?s=without": false, "?g=" + url.QueryEscape("Huyện Nam Đàn"): true} {
		if got := strings.Contains(w.page("/"+query), "MTTQ xã Kim Liên"); got != want {
			t.Errorf("home%s shows the OA: %v, want %v", query, got, want)
		}
	}
	client := http.Client{}
	resp, err := client.PostForm(w.url+"/wall/oa/"+oaID+"/say", url.Values{"user": {user}, "text": {"Tôi hỏi <b>gấp</b>"}})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	phone := string(raw) // after the redirect back to the phone
	for _, want := range []string{"Tôi hỏi &lt;b&gt;gấp&lt;/b&gt;", "Họp dân &lt;tối mai&gt;", "Điện thoại của Nguyễn Văn An"} {
		if !strings.Contains(phone, want) {
			t.Errorf("the phone lacks %q", want)
		}
	}
	if got := w.page("/wall/oa/" + oaID + "/article/" + id); strings.Contains(got, "alert(") || !strings.Contains(got, "<p>Họp dân</p>") {
		t.Error("the article must be shown without what is dangerous in it")
	}
	if len(w.Zalo.Messages(oaID, user)) != 1 {
		t.Error("the message did not arrive")
	}
	resp, _ = client.PostForm(w.url+"/wall/page/"+pageID+"/join", url.Values{"name": {"Nguyễn Thị Hoa"}})
	resp.Body.Close()
	hoa := w.Facebook.People(pageID)[0].ID
	resp, _ = client.PostForm(w.url+"/wall/page/"+pageID+"/say", url.Values{"user": {hoa}, "text": {"Chào Mặt trận"}})
	resp.Body.Close()
	if got := w.page("/wall/page/" + pageID); !strings.Contains(got, "Chào Mặt trận") || !strings.Contains(got, "Messenger của Nguyễn Thị Hoa") {
		t.Error("the Messenger phone lacks the message")
	}
	if !strings.Contains(w.page("/wall/facebook"), "Mặt trận xã Kim Liên") {
		t.Error("the Facebook wall lacks the Page")
	}
	if !strings.Contains(w.page("/wall/zalo/"+oaID), "Trò chuyện") || !strings.Contains(w.page("/wall/facebook/"+pageID), "Messenger") {
		t.Error("the short addresses of accounts must lead to their phones")
	}
	for _, path := range []string{"/wall/oa/9", "/wall/page/9", "/wall/oa/" + oaID + "/article/9", "/nothing"} {
		resp, _ := http.Get(w.url + path)
		if resp.Body.Close(); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// TestProvince is the size of the rehearsal of 2024: 482 accounts of each kind.
func TestProvince(t *testing.T) {
	w := open(t)
	for i := range 481 {
		id := fmt.Sprintf("4%018d", i+2)
		w.Zalo.AddOA(zalo.OA{ID: id, Name: fmt.Sprint("MTTQ xã số ", i)})
		w.Facebook.AddPage(facebook.Page{ID: fmt.Sprint(200000000000000 + i), Name: fmt.Sprint("Trang ", i)})
		for j := range 10 {
			w.Zalo.AddFollower(id, zalo.Person{Key: fmt.Sprint(i, "-", j), Name: "Người dân"})
		}
	}
	if s := w.Zalo.Stats(); s.OAs != 482 || s.Followers != 4810 {
		t.Errorf("stats %+v", s)
	}
	if n := strings.Count(w.page("/"), `class="card"`); n != 482 {
		t.Errorf("%d cards on the wall", n)
	}
	if n := strings.Count(w.page("/wall/facebook"), `class="card"`); n != 482 {
		t.Errorf("%d cards on the Facebook wall", n)
	}
}
