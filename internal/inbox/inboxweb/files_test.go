package inboxweb_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
)

func picture(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	seed := uint32(1)
	for x := range side {
		for y := range side {
			seed = seed*1664525 + 1013904223 // noise does not compress
			img.Set(x, y, color.RGBA{byte(seed >> 24), byte(seed >> 16), byte(seed >> 8), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gallery is a server with what people sent; it gives the hosts that may be asked though they are on this machine.
func (s *site) gallery() []string {
	mux := http.NewServeMux()
	pic := picture(s.t, 40)
	mux.HandleFunc("GET /pic", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(pic) })
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<script>alert(1)</script>") })
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/secret", http.StatusFound)
	})
	srv := httptest.NewServer(mux)
	s.t.Cleanup(srv.Close)
	s.pictures = srv.URL
	return []string{strings.TrimPrefix(srv.URL, "http://")}
}

// send posts a form with files as a browser does.
func (s *site) send(path string, fields [][2]string, name string, content []byte) page {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := m.WriteField(f[0], f[1]); err != nil {
			s.t.Fatal(err)
		}
	}
	w, err := m.CreateFormFile("files", name)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = w.Write(content)
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.server.URL+path, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{res.StatusCode, string(body), res.Header.Get("Location"), res.Header.Get("Content-Type")}
}

var keptID = regexp.MustCompile(`name="file" value="([^"]+)"`)

// An answer with a picture: too big is refused with the limit and the offer to make it smaller, what was typed stays, and the
// picture that was made smaller is shown before it goes out.
func TestAnswerWithPictures(t *testing.T) {
	s := newSite(t)
	one := home + "/" + s.fill()
	s.get(one).want(t, 200, "Gửi kèm ảnh hoặc tệp", "Nhiều nhất 1: ảnh đến 1 MB, hoặc tệp .pdf, .docx đến 5 MB.")
	words := [][2]string{{"key", "form-1"}, {"reply", "Xin gửi bác tấm ảnh."}}
	big := picture(t, 700)
	p := s.send(one+"/tra-loi", words, "to.png", big).want(t, 422, "1 MB", "Xin gửi bác tấm ảnh.</textarea>", `value="form-1"`)
	if !regexp.MustCompile(`checked[^>]*name="shrink"`).MatchString(p.body) {
		t.Error("nothing offers to make the picture smaller")
	}
	s.send(one+"/tra-loi", words, "a.pdf", []byte("MZ\x90\x00")).want(t, 422, "Xin gửi bác tấm ảnh.</textarea>", ".pdf, .docx")
	s.send(one+"/tra-loi", words, "a.pdf", append([]byte("%PDF-1.7\n"), make([]byte, 5<<20)...)).want(t, 422, "Xin gửi bác tấm ảnh.</textarea>", "5 MB")
	long := [][2]string{{"key", "form-1"}, {"reply", strings.Repeat("dài ", 600)}, {"shrink", "1"}}
	p = s.send(one+"/tra-loi", long, "to.png", big).want(t, 422, "to.jpg", "Bỏ tệp này")
	check(t, "kept-file", page{p.status, strings.ReplaceAll(p.body, strings.TrimSpace(strings.Repeat("dài ", 600)), "DÀI"), "", ""})
	id := keptID.FindStringSubmatch(p.body)[1]
	if got := s.get(one + "/tep/" + id); got.status != 200 || got.kind != "image/jpeg" || len(got.body) > 1<<20 {
		t.Errorf("preview: %d %s %d", got.status, got.kind, len(got.body))
	}
	if p = s.post(one+"/tra-loi", "key", "form-1", "reply", "Ngắn thôi ạ", "file", id, "drop", id); p.status != 303 { // without it after all
		t.Fatalf("%+v", p)
	}
	s.Drain()
	if p = s.post(one+"/tra-loi", "key", "form-2", "reply", "", "file", id); p.status != 303 {
		t.Fatalf("%+v", p)
	}
	s.Drain()
	if sent := s.Zalo.Sent(); len(sent) != 2 || len(sent[0].Files) != 0 || len(sent[1].Files) != 1 {
		t.Fatalf("sent: %+v", sent)
	}
	p = s.get(one).want(t, 200, `alt="to.jpg"`)
	src := regexp.MustCompile(`src="([^"]+/tep/0)"`).FindStringSubmatch(p.body)
	if got := s.get(src[1]); got.status != 200 || got.kind != "image/jpeg" {
		t.Errorf("what was sent: %+v", got.kind)
	}
	s.post(one+"/tra-loi", "key", "form-3", "reply", "x", "file", id).want(t, 422, "Xin chọn lại")
	s.actor = ft.Stranger
	s.get(src[1]).want(t, 404)
}

// What people send is shown: pictures through the house, a place as a link, what they handed over as terms; nothing of it is
// trusted.
func TestWhatPeopleSend(t *testing.T) {
	s := newSite(t)
	s.Show(it.OA, "hoa", "Ảnh ổ gà ạ <b>x</b>\ngeo:18.673412,105.692301\ngeo:999,0\nhttps://f.example/tep/don.pdf\njavascript:alert(1)",
		s.pictures+"/pic", s.pictures+"/page", s.pictures+"/away", "http://192.168.1.1/pic", "https://127.0.0.1/pic")
	s.Clock.Advance(60e9)
	s.HandOver(it.OA, "hoa", channel.Shared{Name: "Trần Thị Hoà", Phone: "0912345678", Address: "Khối Kim Tân", Ward: "Phường Vinh Hưng"})
	c := s.Only(ft.Officer, inbox.Filter{})
	p := s.get(inbox.Href(c.ID)).want(t, 200, "18.67341, 105.69230", "mlat=18.67341", "f.example", "Người dân cho biết:", "Khối Kim Tân, Phường Vinh Hưng", "&lt;b&gt;", "geo:999,0")
	if strings.Contains(p.body, s.pictures) || strings.Contains(p.body, `href="javascript`) {
		t.Error("the browser of the official is sent to the sender's address")
	}
	golden.Body(t, "sent", []byte(p.body), uuids, codes, joins)
	srcs := regexp.MustCompile(`<img src="([^"]+/anh/\d)"`).FindAllStringSubmatch(p.body, -1)
	if len(srcs) != 5 {
		t.Fatalf("%d pictures", len(srcs))
	}
	got := s.get(srcs[0][1]).want(t, 200)
	if _, err := jpeg.Decode(strings.NewReader(got.body)); err != nil || got.kind != "image/jpeg" {
		t.Errorf("the picture: %s %v", got.kind, err)
	}
	for _, bad := range srcs[1:] {
		s.get(bad[1]).want(t, 404)
	}
	s.get(strings.TrimSuffix(srcs[0][1], "0")+"9").want(t, 404)
	s.get(strings.TrimSuffix(srcs[0][1], "0")+"x").want(t, 404)
	s.actor = ft.Stranger
	s.get(srcs[0][1]).want(t, 404)
}

// A comment is hidden with a reason and shown again; a film's comments stand in the same inbox.
func TestHideOnThePage(t *testing.T) {
	s := newSite(t)
	s.Comment(it.Tube, "mai", "film-1", "Lời khó nghe")
	c := s.Only(ft.Officer, inbox.Filter{Kind: channel.YouTube})
	at := inbox.Href(c.ID)
	s.get(home+"?kenh=youtube").want(t, 200, "Bình luận trên YouTube")
	p := s.get(at).want(t, 200, "Ẩn bình luận", "lộ thông tin riêng của người khác")
	id := regexp.MustCompile(`name="message" value="([^"]+)"`).FindStringSubmatch(p.body)[1]
	s.post(at+"/an", "message", id).want(t, 422, "Xin chọn lý do ẩn.")
	if p := s.post(at+"/an", "message", id, "why", "insult"); p.status != 303 {
		t.Fatalf("%+v", p)
	}
	s.Drain()
	check(t, "hidden", s.get(at+"?ok=inbox.done.hidden").want(t, 200, "ẩn bình luận. Lý do: xúc phạm, tục tĩu.", "Hiện lại bình luận"))
	if p := s.post(at+"/hien", "message", id); p.status != 303 {
		t.Fatalf("%+v", p)
	}
	s.Drain()
	s.get(at).want(t, 200, "cho hiện lại bình luận.")
	s.actor = ft.ProvinceLeader
	if p := s.get(at); strings.Contains(p.body, "/an") && strings.Contains(p.body, "vì sao") {
		t.Error("the province offers to hide comments of a ward")
	}
	if p := s.do("POST", at+"/an", url.Values{"message": {id}, "why": {"insult"}}); p.status != 403 {
		t.Errorf("the province hides: %d", p.status)
	}
}
