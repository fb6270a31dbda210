package facebook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const pageID = "100000000000001"

var morning = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

type world struct {
	t     *testing.T
	sim   *facebook.Sim
	url   string
	clock *clock.Stub
	token string
}

func newWorld(t *testing.T, change func(*facebook.Config), page facebook.Page) *world {
	t.Helper()
	stub := clock.NewStub(morning)
	cfg := facebook.Config{AppID: "123", AppSecret: "SEC", Clock: stub}
	if change != nil {
		change(&cfg)
	}
	sim, err := facebook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	page.ID, page.Name = pageID, "Mặt trận xã Kim Liên"
	return &world{t: t, sim: sim, url: srv.URL, clock: stub, token: sim.AddPage(page)}
}

type answer struct {
	status int
	header http.Header
	raw    []byte
	ID     string `json:"id"`
	PostID string `json:"post_id"`
	Access string `json:"access_token"`
	Data   json.RawMessage
	Err    struct {
		Message string
		Code    int
		Subcode int    `json:"error_subcode"`
		Trace   string `json:"fbtrace_id"`
		Type    string
	} `json:"error"`
}

func (w *world) do(req *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	a.raw, _ = io.ReadAll(resp.Body)
	if err := json.Unmarshal(a.raw, &a); err != nil {
		w.t.Fatalf("%s: %v in %s", req.URL, err, a.raw)
	}
	return a
}

// call sends the parameters as pairs; access_token is added unless given.
func (w *world) call(method, path string, pairs ...string) answer {
	w.t.Helper()
	form := url.Values{"access_token": {w.token}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if method == "GET" || method == "DELETE" {
		req, _ := http.NewRequest(method, w.url+path+"?"+form.Encode(), nil)
		return w.do(req)
	}
	req, _ := http.NewRequest(method, w.url+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(req)
}

func (w *world) want(a answer, code, subcode int, what string) {
	w.t.Helper()
	if a.Err.Code != code || a.Err.Subcode != subcode {
		w.t.Errorf("%s: error %d/%d %q, want %d/%d", what, a.Err.Code, a.Err.Subcode, a.Err.Message, code, subcode)
	}
	if (code != 0) != (a.status >= 400) {
		w.t.Errorf("%s: HTTP %d with error %d", what, a.status, code)
	}
}

func TestPostLife(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	p := w.call("POST", "/v26.0/"+pageID+"/feed", "message", "Thông báo", "link", "https://mttq.vn/tin/1")
	w.want(p, 0, 0, "post")
	if !strings.HasPrefix(p.ID, pageID+"_") {
		t.Fatalf("id %q", p.ID)
	}
	w.want(w.call("POST", "/v26.0/"+pageID+"/feed", "message", "Thông báo", "link", "https://mttq.vn/tin/1"), 506, 1455006, "the same again")
	w.want(w.call("POST", "/v26.0/me/feed", "message", "Tin khác"), 0, 0, "another by /me")
	w.want(w.call("POST", "/v26.0/"+pageID+"/feed", "message", "Thông báo", "link", "https://mttq.vn/tin/1"), 0, 0, "the first again, no longer consecutive")
	w.want(w.call("POST", "/v26.0/"+pageID+"/feed"), 100, 0, "empty")
	w.want(w.call("POST", "/v26.0/"+pageID+"/feed", "message", "x", "link", "not a link"), 1609005, 0, "bad link")
	w.want(w.call("POST", "/v26.0/"+p.ID, "message", "Đính chính"), 0, 0, "edit")
	got := w.call("GET", "/"+p.ID, "fields", "message,permalink_url,attachments{url,media{image}},from")
	if !strings.Contains(string(got.raw), "Đính chính") || !strings.Contains(string(got.raw), "permalink_url") {
		t.Errorf("detail %s", got.raw)
	}
	var list struct {
		Data []struct{ ID, Message string }
	}
	_ = json.Unmarshal(w.call("GET", "/v26.0/"+pageID+"/published_posts", "limit", "2").raw, &list)
	if len(list.Data) != 2 || list.Data[1].Message != "Tin khác" {
		t.Errorf("newest two: %+v", list.Data)
	}
	w.want(w.call("DELETE", "/v26.0/"+p.ID), 0, 0, "delete")
	w.want(w.call("GET", "/v26.0/"+p.ID), 100, 33, "deleted")
	if n := len(w.sim.Posts(pageID)); n != 2 {
		t.Errorf("%d posts stand, want 2", n)
	}
}

func TestScheduledPost(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	at := func(d time.Duration) string { return fmt.Sprint(morning.Add(d).Unix()) }
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a", "published", "false", "scheduled_publish_time", at(time.Minute)), 100, 0, "in one minute")
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a", "published", "false", "scheduled_publish_time", at(40*24*time.Hour)), 100, 0, "in 40 days")
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a", "scheduled_publish_time", at(time.Hour)), 100, 0, "published and scheduled")
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a", "published", "false", "scheduled_publish_time", at(time.Hour)), 0, 0, "in an hour")
	if n := len(w.sim.Posts(pageID)); n != 0 {
		t.Errorf("%d posts visible before time", n)
	}
	w.clock.Advance(61 * time.Minute)
	if n := len(w.sim.Posts(pageID)); n != 1 {
		t.Errorf("%d posts visible after time", n)
	}
}

var png = []byte("\x89PNG\r\n\x1a\nnot really a picture")

func TestPhotos(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	upload := func(data []byte, pairs ...string) answer {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("access_token", w.token)
		for i := 0; i < len(pairs); i += 2 {
			_ = form.WriteField(pairs[i], pairs[i+1])
		}
		part, _ := form.CreateFormFile("source", "a.png")
		part.Write(data)
		form.Close()
		req, _ := http.NewRequest("POST", w.url+"/v26.0/"+pageID+"/photos", &body)
		req.Header.Set("Content-Type", form.FormDataContentType())
		return w.do(req)
	}
	one := upload(png, "caption", "Ảnh họp")
	w.want(one, 0, 0, "multipart")
	if one.ID == "" || one.PostID == "" {
		t.Errorf("answer %s", one.raw)
	}
	w.want(upload([]byte("text"), "caption", "x"), 100, 0, "not a picture")
	w.want(w.call("POST", "/"+pageID+"/photos", "caption", "x"), 100, 0, "neither url nor source")
	a := upload(png, "published", "false")
	b := w.call("POST", "/"+pageID+"/photos", "url", "https://mttq.vn/b.jpg", "published", "false")
	if a.PostID != "" || b.PostID != "" {
		t.Error("unpublished photos must not make posts")
	}
	p := w.call("POST", "/"+pageID+"/feed", "message", "Hai ảnh", "attached_media[0]", `{"media_fbid":"`+a.ID+`"}`, "attached_media[1]", `{"media_fbid":"`+b.ID+`"}`)
	w.want(p, 0, 0, "album")
	posts := w.sim.Posts(pageID)
	if last := posts[len(posts)-1]; len(last.Photos) != 2 || w.sim.PhotoURL(last.Photos[1]) != "https://mttq.vn/b.jpg" {
		t.Errorf("album %+v", last)
	}
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "lại", "attached_media", `[{"media_fbid":"`+a.ID+`"}]`), 100, 0, "photo used twice")
}

func TestComments(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	post := w.call("POST", "/"+pageID+"/feed", "message", "Thông báo").ID
	hoa := w.sim.AddPerson(pageID, facebook.Person{Name: "Nguyễn Thị Hoa"})
	said, err := w.sim.Say(pageID, facebook.Utterance{Person: hoa, Post: post, Text: "Bao giờ họp?"})
	if err != nil {
		t.Fatal(err)
	}
	id := said.Comment.ID
	reply := w.call("POST", "/v26.0/"+id+"/comments", "message", "Tối mai ạ")
	w.want(reply, 0, 0, "reply")
	w.want(w.call("POST", "/v26.0/"+id+"/comments"), 100, 0, "empty reply")
	count := func(pairs ...string) int {
		var list struct{ Data []json.RawMessage }
		_ = json.Unmarshal(w.call("GET", "/"+post+"/comments", pairs...).raw, &list)
		return len(list.Data)
	}
	if top, all := count(), count("filter", "stream"); top != 1 || all != 2 {
		t.Errorf("%d top-level and %d comments in all, want 1 and 2", top, all)
	}
	w.want(w.call("POST", "/"+id, "is_hidden", "true"), 0, 0, "hide")
	w.want(w.call("POST", "/"+id, "message", "sửa"), 200, 0, "edit of a stranger's comment")
	w.want(w.call("POST", "/"+reply.ID, "message", "Tối mai, 19 giờ ạ"), 0, 0, "edit of the Page's own")
	all := w.sim.Comments(pageID, post)
	if !all[0].Hidden || all[1].Message != "Tối mai, 19 giờ ạ" || all[1].Parent != id || all[1].FromID != pageID {
		t.Errorf("comments %+v", all)
	}
	private := func() answer {
		return w.call("POST", "/"+pageID+"/messages", "recipient", `{"comment_id":"`+id+`"}`, "message", `{"text":"Chào chị"}`)
	}
	w.want(private(), 0, 0, "private reply")
	w.want(private(), 10900, 0, "second private reply")
	w.want(w.call("POST", "/"+pageID+"/messages", "recipient", `{"id":"`+hoa+`"}`, "message", `{"text":"nữa"}`), 10, 2018278, "a private reply opens no window")
	w.want(w.call("DELETE", "/"+id), 0, 0, "delete")
	if n := len(w.sim.Comments(pageID, post)); n != 1 {
		t.Errorf("%d comments left", n)
	}
}

func TestMessengerWindow(t *testing.T) {
	day := 24 * time.Hour
	cases := []struct {
		what          string
		page          facebook.Page
		person        facebook.Person
		pairs         []string
		code, subcode int
	}{
		{"within 24 hours", facebook.Page{}, facebook.Person{LastWrote: morning.Add(-23 * time.Hour)}, []string{"messaging_type", "RESPONSE"}, 0, 0},
		{"after 24 hours", facebook.Page{}, facebook.Person{LastWrote: morning.Add(-25 * time.Hour)}, []string{"messaging_type", "RESPONSE"}, 10, 2018278},
		{"never wrote", facebook.Page{}, facebook.Person{}, nil, 10, 2018278},
		{"retired tag", facebook.Page{}, facebook.Person{LastWrote: morning.Add(-2 * day)}, []string{"messaging_type", "MESSAGE_TAG", "tag", "CONFIRMED_EVENT_UPDATE"}, 100, 1893061},
		{"human agent not reviewed", facebook.Page{}, facebook.Person{LastWrote: morning.Add(-2 * day)}, []string{"messaging_type", "MESSAGE_TAG", "tag", "HUMAN_AGENT"}, 10, 0},
		{"human agent", facebook.Page{HumanAgent: true}, facebook.Person{LastWrote: morning.Add(-2 * day)}, []string{"messaging_type", "MESSAGE_TAG", "tag", "HUMAN_AGENT"}, 0, 0},
		{"human agent after 7 days", facebook.Page{HumanAgent: true}, facebook.Person{LastWrote: morning.Add(-8 * day)}, []string{"messaging_type", "MESSAGE_TAG", "tag", "HUMAN_AGENT"}, 10, 2018278},
		{"away", facebook.Page{}, facebook.Person{LastWrote: morning, Away: true}, nil, 551, 1545041},
		{"restricted page", facebook.Page{Restricted: true}, facebook.Person{LastWrote: morning}, nil, 10, 1893063},
		{"strange type", facebook.Page{}, facebook.Person{LastWrote: morning}, []string{"messaging_type", "SPAM"}, 100, 0},
		{"permission missing", facebook.Page{Denied: []string{"pages_messaging"}}, facebook.Person{LastWrote: morning}, nil, 200, 0},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, nil, c.page)
			c.person.Key = "hoa"
			id := w.sim.AddPerson(pageID, c.person)
			pairs := append([]string{"recipient", `{"id":"` + id + `"}`, "message", `{"text":"Chào chị"}`}, c.pairs...)
			w.want(w.call("POST", "/v26.0/"+pageID+"/messages", pairs...), c.code, c.subcode, c.what)
			if got := len(w.sim.Messages(pageID, id)); (got == 1) != (c.code == 0) {
				t.Errorf("%d messages arrived", got)
			}
		})
	}
	w := newWorld(t, nil, facebook.Page{})
	id := w.sim.AddPerson(pageID, facebook.Person{Key: "hoa", LastWrote: morning})
	body, _ := json.Marshal(map[string]any{"recipient": map[string]string{"id": id}, "messaging_type": "RESPONSE", "message": map[string]string{"text": strings.Repeat("ế", 2001)}})
	req, _ := http.NewRequest("POST", w.url+"/v26.0/"+pageID+"/messages?access_token="+w.token, bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w.want(w.do(req), 100, 0, "2001 letters as JSON")
}

func TestTokens(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	for _, sub := range []int{458, 460, 463, 492} {
		_ = w.sim.KillToken(pageID, sub)
		w.want(w.call("GET", "/me"), 190, sub, "dead token")
	}
	_ = w.sim.KillToken(pageID, 0)
	w.want(w.call("GET", "/me"), 0, 0, "revived")
	w.want(w.call("GET", "/me", "access_token", "nonsense"), 190, 0, "unknown token")
	w.want(w.call("GET", "/me", "access_token", ""), 2500, 0, "no token")

	short := w.sim.UserToken(true)
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "x", "access_token", short), 210, 0, "user token on a Page edge")
	exchange := func(secret, token string) answer {
		return w.call("GET", "/v26.0/oauth/access_token", "grant_type", "fb_exchange_token", "client_id", "123", "client_secret", secret, "fb_exchange_token", token)
	}
	w.want(exchange("wrong", short), 1, 0, "wrong secret")
	long := exchange("SEC", short)
	if !strings.Contains(string(long.raw), `"expires_in":5183944`) {
		t.Errorf("long-lived %s", long.raw)
	}
	w.clock.Advance(2 * time.Hour)
	w.want(w.call("GET", "/me/accounts", "access_token", short), 190, 463, "short token after two hours")
	w.want(exchange("SEC", short), 190, 463, "exchange of an expired token")
	accounts := w.call("GET", "/me/accounts", "access_token", long.Access)
	if !strings.Contains(string(accounts.raw), w.token) {
		t.Errorf("accounts %s", accounts.raw)
	}
	debug := w.call("GET", "/debug_token", "input_token", w.token, "access_token", "123|SEC")
	if !strings.Contains(string(debug.raw), `"is_valid":true`) || !strings.Contains(string(debug.raw), `"profile_id":"`+pageID) {
		t.Errorf("debug %s", debug.raw)
	}
	_ = w.sim.KillToken(pageID, 460)
	if debug = w.call("GET", "/debug_token", "input_token", w.token, "access_token", "123|SEC"); !strings.Contains(string(debug.raw), `"subcode":460`) {
		t.Errorf("debug of a dead token %s", debug.raw)
	}
	if accounts = w.call("GET", "/me/accounts", "access_token", long.Access); strings.Contains(string(accounts.raw), w.token) {
		t.Error("connecting anew must give a new Page token")
	}
	w.want(w.call("GET", "/me", "access_token", w.sim.Token(pageID)), 0, 0, "new Page token")
}

func TestAccountsArePaged(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	for i := range 60 {
		w.sim.AddPage(facebook.Page{ID: fmt.Sprint(200000000000000 + i), Name: fmt.Sprint("Trang ", i)})
	}
	seen, after := 0, ""
	for range 10 {
		var page struct {
			Data   []struct{ ID string }
			Paging struct {
				Cursors struct{ After string }
				Next    string
			}
		}
		_ = json.Unmarshal(w.call("GET", "/me/accounts", "access_token", w.sim.UserToken(false), "after", after).raw, &page)
		seen += len(page.Data)
		if after = page.Paging.Cursors.After; page.Paging.Next == "" {
			break
		}
	}
	if seen != 61 {
		t.Errorf("saw %d of 61 Pages", seen)
	}
}

func TestDialog(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	back := "http://127.0.0.1:1/fb"
	resp, err := client.PostForm(w.url+"/v26.0/dialog/oauth", url.Values{"client_id": {"123"}, "redirect_uri": {back}, "state": {"s"}, "decision": {"allow"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil || to.Query().Get("state") != "s" {
		t.Fatalf("%v %v", to, err)
	}
	code := to.Query().Get("code")
	swap := func(code, redirect string) answer {
		return w.call("GET", "/v26.0/oauth/access_token", "client_id", "123", "client_secret", "SEC", "redirect_uri", redirect, "code", code)
	}
	got := swap(code, back)
	w.want(got, 0, 0, "code")
	w.want(swap(code, back), 100, 36009, "code again")
	w.want(swap(w.sim.GrantCode(back), "http://other/"), 100, 36008, "another redirect_uri")
	w.want(w.call("GET", "/me/accounts", "access_token", got.Access), 0, 0, "accounts")
}

func TestProofAndBudgets(t *testing.T) {
	if got := facebook.Proof("SEC", "PAGETOK"); got != "b00fa65710369fe90bd0ea696e49c4c36226ff6df087f0f0930cb2462fed83dc" {
		t.Errorf("proof %s", got)
	}
	w := newWorld(t, func(c *facebook.Config) { c.RequireProof = true }, facebook.Page{})
	w.want(w.call("GET", "/me"), 100, 0, "without proof")
	w.want(w.call("GET", "/me", "appsecret_proof", facebook.Proof("SEC", w.token)), 0, 0, "with proof")

	w = newWorld(t, nil, facebook.Page{CallBudget: 2})
	w.call("GET", "/me")
	second := w.call("GET", "/me")
	if !strings.Contains(second.header.Get("X-Business-Use-Case-Usage"), `"call_count":100`) || second.header.Get("X-App-Usage") == "" {
		t.Errorf("headers %v", second.header)
	}
	third := w.call("GET", "/me")
	w.want(third, 80001, 2446079, "beyond the budget")
	var usage map[string][]struct {
		Wait int `json:"estimated_time_to_regain_access"`
	}
	if err := json.Unmarshal([]byte(third.header.Get("X-Business-Use-Case-Usage")), &usage); err != nil || usage[pageID][0].Wait < 1400 {
		t.Errorf("usage %v %v", usage, err)
	}
	w = newWorld(t, func(c *facebook.Config) { c.Rate = 1 }, facebook.Page{})
	w.call("GET", "/me")
	w.want(w.call("GET", "/me"), 4, 0, "beyond the app's budget")
}

func TestOrderedFaults(t *testing.T) {
	w := newWorld(t, nil, facebook.Page{})
	_, _ = w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultError, System: "facebook", Target: pageID, Path: "/feed", Code: 368, Message: "blocked", Count: 1})
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a"), 368, 0, "ordered")
	_, _ = w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/feed", Count: 1})
	if resp, err := http.PostForm(w.url+"/"+pageID+"/feed", url.Values{"access_token": {w.token}, "message": {"a"}}); err == nil {
		resp.Body.Close()
		t.Error("the answer should have been dropped")
	}
	if n := len(w.sim.Posts(pageID)); n != 1 {
		t.Errorf("%d posts after a dropped answer", n)
	}
	w.want(w.call("POST", "/"+pageID+"/feed", "message", "a"), 506, 1455006, "retry after a dropped answer")
}

func TestPhotoByAddressIsFetched(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a.png" {
			http.NotFound(w, r)
			return
		}
		w.Write(png)
	}))
	defer host.Close()
	w := newWorld(t, func(c *facebook.Config) { c.FetchPhotos = true }, facebook.Page{})
	w.want(w.call("POST", "/"+pageID+"/photos", "url", host.URL+"/none.png", "caption", "a"), 100, 0, "unreachable picture")
	w.want(w.call("POST", "/"+pageID+"/photos", "url", host.URL+"/a.png", "caption", "a"), 0, 0, "picture")
	if posts := w.sim.Posts(pageID); len(posts) != 1 || !strings.Contains(w.sim.PhotoURL(posts[0].Photos[0]), "/picture/") {
		t.Errorf("posts %+v", posts)
	}
}
