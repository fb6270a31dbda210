// Package enclosure keeps the pictures and files that officials send along with a message. What a thing is is read from its
// bytes and not from its name; a picture is drawn anew, so that it carries neither the place where it was taken nor the
// camera; a document with macros, or one that unpacks into something enormous, is refused. What is larger than the channel
// takes is refused at once with the limit, and for pictures with the offer to make them smaller.
package enclosure

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/image/draw"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

const (
	maxUpload   = 25 << 20  // more is not even read
	maxUnpacked = 100 << 20 // what a Word document may unpack into
	maxParts    = 5000
	prefix      = "channel-file/"
	orphanAfter = 24 * time.Hour // what belongs to no message by then never will
	lookBack    = 4 * 24 * time.Hour
)

// documents are the kinds of document that are taken, with their ending.
var documents = map[string]string{"application/pdf": ".pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx"}

// Channels is what the keeper asks the kernel; channel.Service implements it.
type Channels interface {
	Limits(kind channel.Kind) (channel.Limits, bool)
	FilesSince(ctx context.Context, since time.Time) ([]string, error)
}

// Keeper keeps attachments in the house's store of files.
type Keeper struct {
	blobs    blob.Store
	channels Channels
	clock    clock.Clock
}

var _ channel.Files = (*Keeper)(nil)

// New makes a keeper and has what nobody sent swept away daily by the queue.
func New(blobs blob.Store, channels Channels, c clock.Clock, q *jobs.Queue) *Keeper {
	k := &Keeper{blobs: blobs, channels: channels, clock: c}
	if q != nil {
		jobs.Handle(q, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return k.Sweep(ctx) })
		q.Every(24*time.Hour, func() jobs.Args { return sweepArgs{} })
	}
	return k
}

type sweepArgs struct{}

func (sweepArgs) Kind() string { return "enclosure.sweep" }

// Upload is one thing that an official wants to send along.
type Upload struct {
	Channel channel.Kind // by which it goes out
	Name    string       // as the official's machine calls it
	Content io.Reader
	Shrink  bool // make a picture smaller if it is too big
}

// Keep checks and stores one thing and gives what a channel.ReplyRequest takes. It belongs to nobody until a message with it
// is written; without one it is gone after a day. What is wrong comes back as a fault on the field "files".
func (k *Keeper) Keep(ctx context.Context, u Upload) (channel.Attachment, error) {
	raw, err := io.ReadAll(io.LimitReader(u.Content, maxUpload+1))
	if err != nil {
		return channel.Attachment{}, err
	}
	l, _ := k.channels.Limits(u.Channel)
	a := channel.Attachment{Name: cleanName(u.Name), Bytes: int64(len(raw))}
	kind := mimetype.Detect(raw)
	if strings.HasPrefix(kind.String(), "image/") {
		return k.keepPicture(ctx, u, l, a, raw)
	}
	ext, known := "", false
	for mime, e := range documents {
		if kind.Is(mime) {
			ext, known, a.MIME = e, true, mime
		}
	}
	if !known || !slices.Contains(l.FileTypes, ext) {
		return a, fault.Field("files", "channel.message.file_type").With("Name", a.Name).With("Types", strings.Join(taken(l), ", "))
	}
	a.Kind, a.Name = channel.AttachFile, strings.TrimSuffix(a.Name, path.Ext(a.Name))+ext
	if err := l.Takes(a.Kind, a.Name, a.Bytes); err != nil {
		return a, err
	}
	if ext == ".docx" {
		if err := checkWord(raw); err != nil {
			return a, fault.Field("files", "channel.message.bad_document").With("Name", a.Name).Because(err)
		}
	}
	a.Key = prefix + id.At(k.clock.Now()) + "/tep" + ext
	return a, k.blobs.Put(ctx, a.Key, bytes.NewReader(raw), a.Bytes, a.MIME)
}

// taken lists the endings that both the channel and the house take.
func taken(l channel.Limits) []string {
	out := []string{".jpg", ".png"}
	for _, t := range l.FileTypes {
		for _, e := range documents {
			if e == t {
				out = append(out, t)
			}
		}
	}
	return out
}

func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"<>:|?*/`, r) {
			return -1
		}
		return r
	}, vntext.NFC(name))
	if name = channel.Cut(strings.TrimSpace(name), 100); name == "" || name == "." {
		return "tep"
	}
	return name
}

func (k *Keeper) keepPicture(ctx context.Context, u Upload, l channel.Limits, a channel.Attachment, raw []byte) (channel.Attachment, error) {
	a.Kind, a.MIME = channel.AttachPicture, "image/jpeg"
	if !u.Shrink {
		if err := l.Takes(a.Kind, a.Name, a.Bytes); err != nil {
			return a, err
		}
	}
	if len(raw) > maxUpload {
		return a, fault.Field("files", "channel.message.file_too_big").With("Name", a.Name).With("Limit", maxUpload>>20)
	}
	img, err := picture.Decode(raw)
	if err != nil {
		return a, fault.Field("files", "channel.message.bad_picture").With("Name", a.Name).Because(err)
	}
	out, err := fit(img, l.PictureBytes)
	if err != nil {
		return a, err
	}
	a.Name = strings.TrimSuffix(a.Name, path.Ext(a.Name)) + ".jpg"
	a.Bytes, a.Key = int64(len(out)), prefix+id.At(k.clock.Now())+"/anh.jpg"
	return a, k.blobs.Put(ctx, a.Key, bytes.NewReader(out), a.Bytes, a.MIME)
}

// fit draws a picture as JPEG of at most limit bytes (0: none), as large as that allows.
func fit(img image.Image, limit int64) ([]byte, error) {
	var b bytes.Buffer
	tried := 0
	for _, width := range []int{2048, 1600, 1280, 1024, 800, 640, 480} {
		small := scale(img, width)
		if small.Bounds().Dx() == tried {
			continue
		}
		tried = small.Bounds().Dx()
		for _, quality := range []int{85, 70} {
			b.Reset()
			if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: quality}); err != nil {
				return nil, fmt.Errorf("enclosure: encode: %w", err)
			}
			if limit <= 0 || int64(b.Len()) <= limit {
				return b.Bytes(), nil
			}
		}
	}
	return nil, fault.Field("files", "channel.message.bad_picture").With("Name", "")
}

func scale(src image.Image, width int) image.Image {
	b := src.Bounds()
	width = min(width, b.Dx())
	dst := image.NewRGBA(image.Rect(0, 0, width, max(1, b.Dy()*width/b.Dx())))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	return dst
}

func checkWord(raw []byte) error {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
		if strings.Contains(strings.ToLower(f.Name), "vbaproject") {
			return errors.New("it holds macros")
		}
	}
	if total > maxUnpacked || len(z.File) > maxParts {
		return errors.New("it unpacks into something enormous")
	}
	return nil
}

// Open implements channel.Files.
func (k *Keeper) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if !strings.HasPrefix(key, prefix) {
		return nil, fs.ErrNotExist
	}
	r, _, err := k.blobs.Get(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fs.ErrNotExist
	}
	return r, err
}

// Drop implements channel.Files.
func (k *Keeper) Drop(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := k.blobs.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes what was kept more than a day ago and never became part of a message.
func (k *Keeper) Sweep(ctx context.Context) error {
	now := k.clock.Now()
	used, err := k.channels.FilesSince(ctx, now.Add(-lookBack))
	if err != nil {
		return err
	}
	var gone []string
	err = k.blobs.Walk(ctx, prefix, func(i blob.Info) error {
		dir, _, _ := strings.Cut(strings.TrimPrefix(i.Key, prefix), "/")
		at, ok := id.Time(dir)
		if ok && at.Before(now.Add(-orphanAfter)) && at.After(now.Add(-lookBack)) && !slices.Contains(used, i.Key) {
			gone = append(gone, i.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return k.Drop(ctx, gone)
}
