package feedbackweb_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// noise is a photo that cannot be made small: about 9 MB.
func noise(t *testing.T) string {
	t.Helper()
	const side = 2200
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range side {
		for x := range side {
			img.SetRGBA(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pictureBomb is a PNG of a few bytes that claims forty thousand pixels each way.
func pictureBomb(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	copy(raw[16:24], []byte{0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40})
	binary.BigEndian.PutUint32(raw[29:33], crc32.ChecksumIEEE(raw[12:29]))
	return string(raw)
}

// What people send by mistake or in need is answered with a sentence that helps, and nothing of it is lost. The photos are
// judged by the real picture store.
func TestBadInputIsAnsweredKindly(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.Service.Pictures = picture.NewStore(blobs)
	v := with(s.get("/hoi").fields(t, "/hoi"), "text", question, "go", "next")

	big := noise(t)
	if len(big)*3 < 25<<20 {
		t.Fatalf("the photos are only %d bytes", len(big)*3)
	}
	p := s.upload("/hoi", v, big, big, big).want(t, 200, "Ở đâu") // about 30 MB of real photos are simply taken
	if got := p.fields(t, "/hoi"); len(got["photo"]) != 3 || got.Get("text") != question {
		t.Errorf("30 MB of photos: %d kept, text %q", len(got["photo"]), got.Get("text"))
	}
	p = s.upload("/hoi", v, smallPhoto(t), strings.Repeat("x", 21<<20)).want(t, 422, "20 MB", question, "Đã nhận 1 ảnh")
	if got := p.fields(t, "/hoi"); len(got["photo"]) != 1 {
		t.Errorf("the good photo is lost: %v", got["photo"])
	}
	s.upload("/hoi", v, pictureBomb(t)).want(t, 422, question, "triệu điểm ảnh")
	s.upload("/hoi", v, "tệp âm thanh \x00\x01").want(t, 422, question)

	letter := strings.Repeat("Kính gửi Mặt trận. ", 1052) + "Xin hết."
	s.upload("/hoi", with(v, "text", letter)).want(t, 200, "Ở đâu") // just below 20,000 letters
	s.upload("/hoi", with(v, "text", letter+letter)).want(t, 422, "tối đa 20.000 chữ", "Phần đã viết vẫn được giữ nguyên", "Xin hết.Kính gửi")

	// A commune that is no more leads to the one that carries it on.
	w := with(s.upload("/hoi", v).fields(t, "/hoi"), "unit_q", "xã Nghi Kim", "go", "next")
	s.post("/hoi", w).want(t, 200, "Liên hệ")
	s.post("/hoi", with(w, "link", "nhà tôi ở đầu làng")).want(t, 422, "Đường dẫn này không mở được", "nhà tôi ở đầu làng", "Phường Vinh Hưng")
}

// The form on one page is kept by the browser and sent when there is network: the same one again gives the same case, a
// refused one keeps what was typed.
func TestQuestionFromADeviceWithoutNetwork(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	p := s.get("/hoi/nhanh").want(t, 200, `data-outbox="hoi-mat-tran"`)
	check(t, "quick", p)
	if len(p.body) > 30<<10 {
		t.Errorf("%d bytes", len(p.body))
	}
	v := with(p.fields(t, "/hoi/nhanh"), "text", question, "unit_q", "nghi kim", "offline_id", "5b1f6a3e-1f0f-4d39-9a55-2f6f2b7f3f10", "name", "Nguyễn Thị Mẫu")
	check(t, "quick-refused", s.upload("/hoi/nhanh", with(v, "unit_q", "xã không có", "text", "Hỏi"), "photo").want(t, 422, "Chưa tìm thấy nơi nào", "xã không có", "Nguyễn Thị Mẫu", "Đã nhận 1 ảnh"))
	s.upload("/hoi/nhanh", with(v, "text", "Hỏi")).want(t, 422, "còn quá ngắn", "Nguyễn Thị Mẫu")
	s.upload("/hoi/nhanh", with(v, "offline_id", "<script>")).want(t, 422)
	first := s.upload("/hoi/nhanh", v, "photo")
	if first.status != 303 || !strings.HasPrefix(first.location, "/vu-viec/") {
		t.Fatalf("%d %s\n%s", first.status, first.location, first.body)
	}
	if again := s.upload("/hoi/nhanh", v, "photo"); again.location != first.location {
		t.Errorf("sent twice: %s and %s", first.location, again.location)
	}
	if p := s.upload("/hoi/nhanh", with(v, "website", "http://spam.example", "offline_id", "")); p.location != "/hoi-dap" {
		t.Errorf("a machine: %d %s", p.status, p.location)
	}
	s.get("/hoi/nhanh?don_vi="+orgunittest.VinhHung).want(t, 200, "Gửi tới: Mặt trận Tổ quốc phường Vinh Hưng")
	s.get(first.location).want(t, 200, "Đã nhận ý kiến")
	if p := s.post("/hoi/nhanh", url.Values{"text": {question}, "kind": {string(feedback.Report)}, "unit": {orgunittest.VinhHung}}); p.status != 303 {
		t.Errorf("a plain form: %d %s", p.status, p.body)
	}
}

// smallPhoto is a photo nothing is wrong with.
func smallPhoto(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
