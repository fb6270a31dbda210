package picture_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

func sample(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	return img
}

func pngOf(t testing.TB, w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, sample(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture for officials is not given to whoever knows its name.
func TestInner(t *testing.T) {
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	open := picture.NewStore(blobs)
	inner := open.Inner()
	p, err := inner.Save(t.Context(), bytes.NewReader(pngOf(t, 1000, 500)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"320.webp", "800.webp", "channel.jpg"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetPathValue("id", p.ID)
		r.SetPathValue("name", name)
		if err := open.Serve(httptest.NewRecorder(), r); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is served: %v", name, err)
		}
	}
	if _, err := open.JPEG(t.Context(), p.ID); err == nil {
		t.Error("the open store has the picture")
	}
	if b, err := inner.JPEG(t.Context(), p.ID); err != nil || len(b) == 0 {
		t.Error(len(b), err)
	}
	if err := inner.Delete(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := inner.JPEG(t.Context(), p.ID); err == nil {
		t.Error("a removed picture is still there")
	}
}

func TestSaveAndServe(t *testing.T) {
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := picture.NewStore(blobs)
	p, err := s.Save(t.Context(), bytes.NewReader(pngOf(t, 1000, 500)))
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 800 || p.Height != 400 || len(p.Widths) != 2 {
		t.Fatalf("%+v", p)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /anh/{id}/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Serve(w, r); err != nil {
			w.WriteHeader(404)
		}
	})
	for path, want := range map[string]int{p.URL(700): 200, picture.ChannelURL(p.ID): 200, p.URL(5000): 200, "/anh/" + p.ID + "/9.webp": 404, "/anh/..%2f/x": 404} {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
}

func TestSmallPictureIsNotEnlarged(t *testing.T) {
	blobs, _ := blob.NewFolder(t.TempDir())
	p, err := picture.NewStore(blobs).Save(t.Context(), bytes.NewReader(pngOf(t, 100, 60)))
	if err != nil || p.Width != 100 {
		t.Fatal(p, err)
	}
}

// bomb is a PNG of a few bytes that claims 60,000 × 60,000 pixels.
func bomb(t testing.TB) []byte {
	b := pngOf(t, 1, 1)
	binary.BigEndian.PutUint32(b[16:], 60000)
	binary.BigEndian.PutUint32(b[20:], 60000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestRefusals(t *testing.T) {
	blobs, _ := blob.NewFolder(t.TempDir())
	s := picture.NewStore(blobs)
	for name, c := range map[string]struct {
		raw  []byte
		kind fault.Kind
	}{
		"text":      {[]byte("đơn thư"), fault.Invalid},
		"svg":       {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), fault.Invalid},
		"bomb":      {bomb(t), fault.Invalid},
		"cut short": {pngOf(t, 50, 50)[:60], fault.Invalid},
		"too large": {append(pngOf(t, 2, 2), make([]byte, picture.MaxBytes)...), fault.TooLarge},
		"empty":     {nil, fault.Invalid},
	} {
		if _, err := s.Save(t.Context(), bytes.NewReader(c.raw)); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A phone held upright stores the picture lying and says so in EXIF.
func TestOrientation(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sample(40, 20), nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	seg := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	raw := append(append([]byte{0xff, 0xd8}, seg...), b.Bytes()[2:]...)
	img, err := picture.Decode(raw)
	if err != nil || img.Bounds().Dx() != 20 || img.Bounds().Dy() != 40 {
		t.Fatal(img.Bounds(), err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(pngOf(f, 3, 3))
	f.Add(bomb(f))
	f.Fuzz(func(t *testing.T, raw []byte) { _, _ = picture.Decode(raw) })
}
