// Package picture takes pictures from strangers safely: it looks at the size before it decodes, turns the picture upright,
// draws it anew in a few widths (so nothing but pixels survives: no place, no camera, no hidden payload) and keeps WebP for
// readers and JPEG for channels that know no WebP. The original is not kept.
package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // decoder
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/gen2brain/webp"
	"golang.org/x/image/draw"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
)

// Limits of what is taken.
const (
	MaxBytes  = 20 << 20   // one file
	MaxPixels = 40_000_000 // width × height: a bomb of a few kB may claim far more
)

// widths are the widths readers get, in pixels; a smaller picture is never enlarged.
var widths = []int{320, 800, 1600}

// channelWidth is the width of the JPEG that channels fetch; at this size it stays under Zalo's 1 MB.
const channelWidth = 1200

// Picture is a stored picture. Width and Height are those of its largest variant.
type Picture struct {
	ID            string
	Width, Height int
	Widths        []int // the variants that exist, ascending
}

// Store keeps pictures in a blob store.
type Store struct {
	blobs  blob.Store
	prefix string // of its keys
}

// NewStore makes a picture store on blobs.
func NewStore(blobs blob.Store) *Store { return &Store{blobs: blobs, prefix: openPrefix} }

// Save reads, checks, redraws and stores one picture. What is wrong with it comes back as an Invalid or TooLarge fault.
func (s *Store) Save(ctx context.Context, r io.Reader) (Picture, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("picture: read: %w", err)
	}
	if len(raw) > MaxBytes {
		return Picture{}, fault.New(fault.TooLarge, "picture.too_many_bytes").With("Limit", MaxBytes>>20)
	}
	img, err := Decode(raw)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{ID: id.New()}
	for _, w := range widths {
		if len(p.Widths) > 0 && w > img.Bounds().Dx() {
			break
		}
		v := shrink(img, w)
		var b bytes.Buffer
		if err := webp.Encode(&b, v, webp.Options{Quality: 78, Method: 2}); err != nil {
			return Picture{}, fmt.Errorf("picture: encode: %w", err)
		}
		if err := s.put(ctx, p.ID, strconv.Itoa(w)+".webp", b.Bytes(), "image/webp"); err != nil {
			return Picture{}, err
		}
		p.Width, p.Height = v.Bounds().Dx(), v.Bounds().Dy()
		p.Widths = append(p.Widths, w)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, shrink(img, channelWidth), &jpeg.Options{Quality: 82}); err != nil {
		return Picture{}, fmt.Errorf("picture: encode: %w", err)
	}
	return p, s.put(ctx, p.ID, "channel.jpg", b.Bytes(), "image/jpeg")
}

func (s *Store) put(ctx context.Context, pid, name string, b []byte, mime string) error {
	return s.blobs.Put(ctx, s.prefix+pid+"/"+name, bytes.NewReader(b), int64(len(b)), mime)
}

// Decode checks kind and size and decodes upright. JPEG, PNG and WebP are taken.
func Decode(raw []byte) (image.Image, error) {
	m := mimetype.Detect(raw)
	if !m.Is("image/jpeg") && !m.Is("image/png") && !m.Is("image/webp") {
		return nil, fault.New(fault.Invalid, "picture.not_a_picture").With("Kind", m.String())
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, fault.New(fault.Invalid, "picture.damaged").Because(err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width*cfg.Height > MaxPixels {
		return nil, fault.New(fault.Invalid, "picture.too_many_pixels").With("Limit", MaxPixels/1_000_000)
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fault.New(fault.Invalid, "picture.damaged").Because(err)
	}
	return upright(img, orientation(raw)), nil
}

func shrink(src image.Image, width int) image.Image {
	b := src.Bounds()
	if b.Dx() <= width {
		width = b.Dx()
	}
	h := max(1, b.Dy()*width/b.Dx())
	dst := image.NewRGBA(image.Rect(0, 0, width, h))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	return dst
}

// URL is the address of the variant nearest to width for readers.
func (p Picture) URL(width int) string {
	best := width
	for _, w := range p.Widths {
		best = w
		if w >= width {
			break
		}
	}
	return URL(p.ID, best)
}

// URL is the path of one variant.
func URL(pid string, width int) string { return "/anh/" + pid + "/" + strconv.Itoa(width) + ".webp" }

// ChannelURL is the path of the JPEG that channels fetch.
func ChannelURL(pid string) string { return "/anh/" + pid + "/channel.jpg" }

// Serve answers GET /anh/{id}/{name}. Content under one name never changes, so it may be kept for ever.
func (s *Store) Serve(w http.ResponseWriter, r *http.Request) error {
	pid, name := r.PathValue("id"), r.PathValue("name")
	f, info, err := s.blobs.Get(r.Context(), s.prefix+pid+"/"+name)
	if errors.Is(err, blob.ErrNotFound) {
		return fault.New(fault.NotFound, "picture.not_found")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "image/webp")
	if strings.HasSuffix(name, ".jpg") {
		h.Set("Content-Type", "image/jpeg")
	}
	h.Set("Content-Length", strconv.FormatInt(info.Size, 10))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+pid+name+`"`)
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		h.Del("Content-Length")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, err = io.Copy(w, f)
	if r.Context().Err() != nil {
		return nil // the reader went away
	}
	return err
}

// JPEG gives the picture as channels and printers take it; blob.ErrNotFound when it is not (or no longer) there.
func (s *Store) JPEG(ctx context.Context, pid string) ([]byte, error) {
	f, _, err := s.blobs.Get(ctx, s.prefix+pid+"/channel.jpg")
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxBytes))
}
