package film_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/video/film"
	"github.com/nhipcau/nhipcau/internal/video/videotest"
)

func ebml(id []byte, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	b := append(bytes.Clone(id), 0x08, 0, 0, 0)
	b[len(id)] = 0x10 // a size of four bytes
	binary.BigEndian.PutUint32(b[len(id):], 0x10000000|uint32(len(all)))
	return append(b, all...)
}

func webm(w, h uint16, millis float64) []byte {
	num := func(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
	dur := binary.BigEndian.AppendUint64(nil, math.Float64bits(millis))
	head := ebml([]byte{0x1A, 0x45, 0xDF, 0xA3}, ebml([]byte{0x42, 0x82}, []byte("webm")))
	info := ebml([]byte{0x15, 0x49, 0xA9, 0x66}, ebml([]byte{0x2A, 0xD7, 0xB1}, []byte{0x0F, 0x42, 0x40}), ebml([]byte{0x44, 0x89}, dur))
	tracks := ebml([]byte{0x16, 0x54, 0xAE, 0x6B}, ebml([]byte{0xAE}, ebml([]byte{0xE0}, ebml([]byte{0xB0}, num(w)), ebml([]byte{0xBA}, num(h)))))
	return append(head, append([]byte{0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, append(info, tracks...)...)...)
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		want  film.Facts
	}{
		"lying":                 {videotest.MP4(videotest.Film{Width: 1920, Height: 1080, Duration: 75 * time.Second}), film.Facts{Width: 1920, Height: 1080, Duration: 75 * time.Second}},
		"upright":               {videotest.MP4(videotest.Film{Width: 720, Height: 1280, Duration: 30 * time.Second}), film.Facts{Width: 720, Height: 1280, Duration: 30 * time.Second}},
		"lying, to be turned":   {videotest.MP4(videotest.Film{Width: 1920, Height: 1080, Turned: true, Duration: time.Second}), film.Facts{Width: 1080, Height: 1920, Duration: time.Second}},
		"the head stands last":  {videotest.MP4(videotest.Film{Width: 640, Height: 360, Pad: 300_000, HeadLast: true}), film.Facts{Width: 640, Height: 360}},
		"WebM of unknown size":  {webm(1080, 1920, 12_500), film.Facts{Width: 1080, Height: 1920, Duration: 12500 * time.Millisecond}},
		"a sound track besides": {videotest.MP4(videotest.Film{Width: 320, Height: 240, Sound: true}), film.Facts{Width: 320, Height: 240}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := film.Read(bytes.NewReader(c.bytes), int64(len(c.bytes)))
			if err != nil || got != c.want {
				t.Errorf("%+v %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestDamaged(t *testing.T) {
	good := videotest.MP4(videotest.Film{Width: 1920, Height: 1080, Duration: time.Second})
	for name, b := range map[string][]byte{
		"empty": nil, "short": good[:10], "cut inside the head": good[:len(good)-40], "text": []byte("đây không phải là phim, chỉ là chữ"),
		"a box longer than the file": append([]byte{0xFF, 0xFF, 0xFF, 0xFF}, "moov0000000000"...),
		"a box of 2^63 bytes":        append([]byte{0, 0, 0, 1}, append([]byte("moov"), 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)...),
	} {
		if f, err := film.Read(bytes.NewReader(b), int64(len(b))); !errors.Is(err, film.ErrUnreadable) {
			t.Errorf("%s: %+v %v", name, f, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(videotest.MP4(videotest.Film{Width: 1920, Height: 1080, Turned: true, Duration: time.Second}))
	f.Add(webm(1080, 1920, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := film.Read(bytes.NewReader(b), int64(len(b)))
		if err == nil && (got.Width <= 0 || got.Height < 0 || got.Width > 32768 || got.Height > 32768 || got.Duration < 0) {
			t.Errorf("nonsense was believed: %+v", got)
		}
	})
}
