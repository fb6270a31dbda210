package enclosure_test

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"errors"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/enclosure"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
)

type channels struct{ used []string }

func (channels) Limits(k channel.Kind) (channel.Limits, bool) {
	if k == channel.Portal {
		return channel.Limits{}, true
	}
	return channel.Limits{Attachments: 1, PictureBytes: 1 << 20, FileBytes: 5 << 20, FileTypes: []string{".pdf", ".doc", ".docx"}}, true
}

func (c channels) FilesSince(context.Context, time.Time) ([]string, error) { return c.used, nil }

// noise is a picture that does not compress.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for x := range side {
		for y := range side {
			img.Set(x, y, color.RGBA{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func word(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range append([]string{"[Content_Types].xml", "word/document.xml"}, names...) {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte("<x/>"))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestKeep(t *testing.T) {
	store, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k := enclosure.New(store, channels{}, clock.NewStub(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)), nil)
	pdf := append([]byte("%PDF-1.7\n"), make([]byte, 100)...)
	big := noise(t, 900)
	for _, c := range []struct {
		what, name string
		content    []byte
		shrink     bool
		kind       channel.Kind
		key        string // fault, "" when it is kept
		named      string
	}{
		{"a picture", "Ảnh họp.png", noise(t, 100), false, channel.Zalo, "", "Ảnh họp.jpg"},
		{"a picture over 1 MB", "to.png", big, false, channel.Zalo, "channel.message.picture_too_big", ""},
		{"the same made smaller", "to.png", big, true, channel.Zalo, "", "to.jpg"},
		{"a document", `C:\giấy tờ\đơn.PDF`, pdf, false, channel.Zalo, "", "đơn.pdf"},
		{"a document over 5 MB", "a.pdf", append(pdf, make([]byte, 5<<20)...), false, channel.Zalo, "channel.message.file_too_big", ""},
		{"a Word document", "a.docx", word(t), false, channel.Zalo, "", "a.docx"},
		{"one with macros", "a.docx", word(t, "word/vbaProject.bin"), false, channel.Zalo, "channel.message.bad_document", ""},
		{"a program called a document", "a.pdf", []byte("MZ\x90\x00"), false, channel.Zalo, "channel.message.file_type", ""},
		{"a broken picture", "a.png", noise(t, 50)[:200], false, channel.Zalo, "channel.message.bad_picture", ""},
		{"a channel without attachments", "a.png", noise(t, 20), false, channel.Portal, "channel.message.no_files", ""},
	} {
		a, err := k.Keep(t.Context(), enclosure.Upload{Channel: c.kind, Name: c.name, Content: bytes.NewReader(c.content), Shrink: c.shrink})
		if c.key != "" {
			var f *fault.Error
			if !errors.As(err, &f) || !strings.Contains(err.Error(), c.key) {
				t.Errorf("%s: %v, want %s", c.what, err, c.key)
			}
			continue
		}
		if err != nil || a.Name != c.named || a.Bytes == 0 || a.Bytes > 5<<20 {
			t.Errorf("%s: %+v %v", c.what, a, err)
			continue
		}
		r, err := k.Open(t.Context(), a.Key)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		b, _ := io.ReadAll(r)
		r.Close()
		if int64(len(b)) != a.Bytes || (a.Kind == channel.AttachPicture && a.Bytes > 1<<20) {
			t.Errorf("%s: %d bytes kept, %d told", c.what, len(b), a.Bytes)
		}
	}
	if _, err := k.Open(t.Context(), "picture/x/channel.jpg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something that is no attachment was opened: %v", err)
	}
}

func TestSweep(t *testing.T) {
	store, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewStub(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))
	used := &channels{}
	k := enclosure.New(store, used, c, nil)
	keep := func() string {
		a, err := k.Keep(t.Context(), enclosure.Upload{Channel: channel.Zalo, Name: "a.pdf", Content: strings.NewReader("%PDF-1.7\nx")})
		if err != nil {
			t.Fatal(err)
		}
		return a.Key
	}
	sent, forgotten := keep(), keep()
	used.used = []string{sent}
	c.Advance(25 * time.Hour)
	fresh := keep()
	if err := k.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key, stays := range map[string]bool{sent: true, forgotten: false, fresh: true} {
		_, err := k.Open(t.Context(), key)
		if (err == nil) != stays {
			t.Errorf("%s: %v, want to stay: %v", key, err, stays)
		}
	}
	if err := k.Drop(t.Context(), []string{sent, "channel-file/none/x"}); err != nil {
		t.Fatal(err)
	}
}
