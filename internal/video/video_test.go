package video_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/video"
	"github.com/nhipcau/nhipcau/internal/video/videotest"
)

const policy = `@id("editor") permit (principal, action == Action::"publish.write", resource) when { context.role == "editor" && resource in context.unit };`

type world struct {
	*video.Service
	d     *db.DB
	q     *jobs.Queue
	clock *clock.Stub
	blobs blob.Store
}

func open(t *testing.T, d *db.DB, still video.Stiller) *world {
	t.Helper()
	c := clock.NewStub(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	units := orgunittest.SeedAt(t, d, c)
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "publish", Text: policy})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := video.New(video.Deps{DB: d, Queue: q, Clock: c, Authz: z, Blobs: blobs, Pictures: picture.NewStore(blobs), Still: still,
		Absolute: func(p string) string { return "https://mattran.example" + p }})
	return &world{Service: s, d: d, q: q, clock: c, blobs: blobs}
}

func editor(unit string) identity.Actor {
	return identity.Actor{Kind: identity.ActorOfficial, ID: "bt-" + unit, Name: "Lê Thị Hoa", Grants: []identity.Grant{{Role: identity.RoleEditor, UnitID: unit}}}
}

func (w *world) drain(t *testing.T) {
	t.Helper()
	if err := w.q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// broken is a line that breaks after some bytes.
func broken(b []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(b), errReader{})
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var migrations = []db.Migrations{orgunittest.Migrations, video.Migrations}

// TestFilmComesInByPieces: the line breaks, the sender goes on where we are, the fingerprint is that of the bytes as they came.
func TestFilmComesInByPieces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d, nil)
		ctx, a := t.Context(), editor(orgunittest.KimLien)
		bytes1 := videotest.MP4(videotest.Film{Width: 1920, Height: 1080, Turned: true, Duration: 42 * time.Second, Pad: 500_000, HeadLast: true})
		f, err := w.Begin(ctx, a, orgunittest.KimLien, `C:\phim\Hội làng.mp4`, int64(len(bytes1)))
		if err != nil || f.Name != "Hội làng.mp4" {
			t.Fatalf("%+v %v", f, err)
		}
		n, err := w.Append(ctx, a, f.ID, 0, broken(bytes1[:200_000]))
		if err != nil || n != 200_000 {
			t.Fatalf("a broken line: %d %v", n, err)
		}
		if _, err := w.Append(ctx, a, f.ID, 0, bytes.NewReader(bytes1)); !errors.Is(err, video.ErrMoved) {
			t.Fatalf("from the beginning again: %v", err)
		}
		if err := w.Done(ctx, f.ID); !fault.Is(err, fault.Invalid) {
			t.Fatalf("not all of it is there: %v", err)
		}
		if _, err := w.Append(ctx, a, f.ID, 200_000, bytes.NewReader(append(bytes.Clone(bytes1[200_000:]), "more than was said"...))); err != nil {
			t.Fatal(err)
		}
		w.drain(t)
		sum := sha256.Sum256(bytes1)
		got, err := w.Get(ctx, f.ID)
		if err != nil || got.SHA256 != hex.EncodeToString(sum[:]) || got.MIME != "video/mp4" || !got.Vertical() || got.Duration() != 42*time.Second {
			t.Fatalf("%+v %v", got, err)
		}
		r, err := w.Film(ctx, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Seek(300_000, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, bytes1[300_000:]) {
			t.Fatalf("from the middle: %d bytes, %v", len(rest), err)
		}
		left := 0
		err = w.blobs.Walk(ctx, "film/"+f.ID+"/", func(blob.Info) error { left++; return nil })
		if err != nil || left != 1 {
			t.Fatalf("%d files are left, %v", left, err)
		}
	}, migrations...)
}

func TestWhoMaySend(t *testing.T) {
	w := open(t, dbtest.SQLite(t, migrations...), nil)
	ctx := t.Context()
	if _, err := w.Begin(ctx, editor(orgunittest.KimLien), orgunittest.VinhHung, "x.mp4", 10); !fault.Is(err, fault.Forbidden) {
		t.Errorf("into another unit: %v", err)
	}
	f, err := w.Begin(ctx, editor(orgunittest.VinhHung), orgunittest.VinhHung, "x.mp4", 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(ctx, editor(orgunittest.KimLien), f.ID, 0, strings.NewReader("x")); !fault.Is(err, fault.NotFound) {
		t.Errorf("into a film of another unit: %v", err)
	}
	if err := w.Usable(ctx, editor(orgunittest.KimLien), f.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("a film of another unit in a post: %v", err)
	}
	if _, err := w.Begin(ctx, editor(orgunittest.VinhHung), orgunittest.VinhHung, "x.mp4", video.MaxBytes+1); !fault.Is(err, fault.TooLarge) {
		t.Errorf("over two gigabytes: %v", err)
	}
	if _, err := w.Begin(ctx, identity.Actor{}, orgunittest.VinhHung, "x.mp4", 1); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a stranger: %v", err)
	}
}

// TestWhatIsNoFilmIsRefused: at the first piece already when it shows, at the latest when the head is read.
func TestWhatIsNoFilmIsRefused(t *testing.T) {
	w := open(t, dbtest.SQLite(t, migrations...), nil)
	ctx, a := t.Context(), editor(orgunittest.VinhHung)
	page := []byte("<!doctype html><html><script>alert(1)</script>" + strings.Repeat("x", 200))
	if _, err := w.Take(ctx, a, orgunittest.VinhHung, "phim.mp4", int64(len(page)), bytes.NewReader(page)); !fault.Is(err, fault.Invalid) {
		t.Fatalf("a page: %v", err)
	}
	cut := videotest.MP4(videotest.Film{Width: 640, Height: 360, Pad: 1000, HeadLast: true})
	cut = cut[:len(cut)-60]
	id, err := w.Take(ctx, a, orgunittest.VinhHung, "phim.mp4", int64(len(cut)), bytes.NewReader(cut))
	if err != nil {
		t.Fatal(err)
	}
	w.drain(t)
	f, err := w.Mine(ctx, a, id)
	if err != nil || f.State != video.Refused || f.Reason != "video.damaged" {
		t.Fatalf("%+v %v", f, err)
	}
	if err := w.Done(ctx, id); !fault.Is(err, fault.Invalid) {
		t.Fatalf("usable: %v", err)
	}
	err = w.blobs.Walk(ctx, "film/", func(i blob.Info) error { t.Errorf("%s is left", i.Key); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func still(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 360, 640)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStillAndSpokenWords(t *testing.T) {
	w := open(t, dbtest.SQLite(t, migrations...), nil)
	ctx, a := t.Context(), editor(orgunittest.VinhHung)
	b := videotest.MP4(videotest.Film{Width: 360, Height: 640})
	id, err := w.Take(ctx, a, orgunittest.VinhHung, "phim.mp4", int64(len(b)), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	w.drain(t)
	if v, err := w.Video(ctx, id); err != nil || v.Poster != nil {
		t.Fatalf("%+v %v", v, err)
	}
	if err := w.Poster(ctx, a, id, bytes.NewReader(still(t))); err != nil {
		t.Fatal(err)
	}
	if err := w.Caption(ctx, a, id, "không có giờ nào"); !fault.Is(err, fault.Invalid) {
		t.Fatalf("no times: %v", err)
	}
	if err := w.Caption(ctx, a, id, "1\r\n00:00:01,000 --> 00:00:03,000\r\nKính thưa bà con\r\n"); err != nil {
		t.Fatal(err)
	}
	v, err := w.Video(ctx, id)
	if err != nil || v.Poster == nil || !strings.HasPrefix(v.Poster.URL, "https://mattran.example/anh/") || v.Poster.Height <= v.Poster.Width ||
		!strings.Contains(v.Captions, "Kính thưa bà con") || v.URL != "https://mattran.example/phim/"+id+"/phim.mp4" {
		t.Fatalf("%+v %v", v, err)
	}
}

// TestStillOfTheMachine: a program called ffmpeg is asked when there is one, and a film is as good when it fails.
func TestStillOfTheMachine(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "still.jpg")
	if err := os.WriteFile(picture, still(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{"good": "#!/bin/sh\ncat " + picture + "\n", "failing": "#!/bin/sh\necho no >&2\nexit 1\n"} {
		command := filepath.Join(dir, name)
		if err := os.WriteFile(command, []byte(script), 0o700); err != nil { //nolint:gosec // a program of the test
			t.Fatal(err)
		}
		w := open(t, dbtest.SQLite(t, migrations...), video.FindFFmpeg(command))
		b := videotest.MP4(videotest.Film{Width: 360, Height: 640})
		id, err := w.Take(t.Context(), editor(orgunittest.VinhHung), orgunittest.VinhHung, "phim.mp4", int64(len(b)), bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		w.drain(t)
		f, err := w.Get(t.Context(), id)
		if err != nil || (f.Poster != "") != (name == "good") {
			t.Fatalf("%s: %+v %v", name, f, err)
		}
	}
	if video.FindFFmpeg(filepath.Join(dir, "none")) != nil {
		t.Fatal("a program that is not there was found")
	}
}

type owner map[string]bool

func (o owner) UsedFilms(_ context.Context, ids []string) (used []string, err error) {
	for _, id := range ids {
		if o[id] {
			used = append(used, id)
		}
	}
	return used, nil
}

func TestForgottenFilmsGo(t *testing.T) {
	w := open(t, dbtest.SQLite(t, migrations...), nil)
	ctx, a := t.Context(), editor(orgunittest.VinhHung)
	b := videotest.MP4(videotest.Film{Width: 360, Height: 640})
	var ids []string
	for range 2 {
		id, err := w.Take(ctx, a, orgunittest.VinhHung, "phim.mp4", int64(len(b)), bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	w.drain(t)
	w.Owns(owner{ids[0]: true})
	for _, days := range []int{6, 2} {
		w.clock.Advance(time.Duration(days) * 24 * time.Hour)
		if err := w.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		_, kept := w.Get(ctx, ids[0])
		_, gone := w.Get(ctx, ids[1])
		if kept != nil || (gone != nil) != (days == 2) {
			t.Fatalf("after %d days more: %v %v", days, kept, gone)
		}
	}
}
