package attach_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// word makes a Word document with the given parts besides those every one has.
func word(t *testing.T, parts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"[Content_Types].xml": `<?xml version="1.0"?><Types/>`, "word/document.xml": "<w/>"} {
		if parts[name] == "" {
			w, _ := z.Create(name)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, text := range parts {
		w, _ := z.Create(name)
		_, _ = io.WriteString(w, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func pngOf(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bomb is a picture of a few bytes that claims forty thousand pixels each way.
func bomb(t *testing.T) string {
	s := []byte(pngOf(t, 1, 1))
	copy(s[16:24], []byte{0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40})
	binary.BigEndian.PutUint32(s[29:33], crc32.ChecksumIEEE(s[12:29]))
	return string(s)
}

const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"

func TestFiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		k := feedbacktest.New(t, d, nil)
		blobs, err := blob.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s := attach.New(attach.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Blobs: blobs, Pictures: picture.NewStore(blobs), Cases: k.Service, Audit: k.Audit})
		c := k.Ask()
		add := func(actor identity.Actor, name, body string) (attach.File, error) {
			return s.Add(ctx, actor, c.ID, name, strings.NewReader(body))
		}
		for name, tc := range map[string]struct{ body, key string }{
			"empty.pdf":  {"", "feedback.attach_empty"},
			"a.exe":      {"MZ\x90\x00 this is a program", "feedback.attach_kind"},
			"a.pdf":      {"<html><script>alert(1)</script></html>", "feedback.attach_kind"},
			"heavy.pdf":  {pdf + strings.Repeat("x", attach.MaxBytes), "feedback.attach_heavy"},
			"macro.docx": {word(t, map[string]string{"word/vbaProject.bin": "x"}), "feedback.attach_macro"},
			"bomb.docx":  {word(t, map[string]string{"word/media/x": strings.Repeat("0", 101<<20)}), "feedback.attach_bomb"},
			"torn.docx":  {word(t, nil)[:150], ""},
			"bomb.png":   {bomb(t), "picture.too_many_pixels"},
		} {
			_, err := add(feedbacktest.Officer, name, tc.body)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.key) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := add(feedbacktest.Stranger, "a.pdf", pdf); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger adds: %v", err)
		}
		for name, want := range map[string]string{"Kế hoạch.PDF": "Kế hoạch.pdf", `C:\tmp\"bang<ke>.docx`: "bangke.docx", "../../etc/passwd": "passwd.jpg"} {
			body := map[string]string{"Kế hoạch.pdf": pdf, "bangke.docx": word(t, nil), "passwd.jpg": pngOf(t, 20, 20)}[want]
			f, err := add(feedbacktest.Officer, name, body)
			if err != nil || f.Name != want {
				t.Errorf("%q: %+v, %v", name, f, err)
			}
		}
		list, err := s.OfCase(ctx, feedbacktest.Approver, c.ID)
		if err != nil || len(list) != 3 {
			t.Fatalf("listed: %+v, %v", list, err)
		}
		if given, err := s.Given(ctx, identity.Citizen(), c.Code); err != nil || len(given) != 0 {
			t.Errorf("given before the answer: %+v, %v", given, err)
		}
		if _, _, err := s.OpenGiven(ctx, identity.Citizen(), c.Code, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("opened before the answer: %v", err)
		}
		if err := s.Remove(ctx, feedbacktest.Officer, c.ID, list[2].ID); err != nil {
			t.Fatal(err)
		}
		k.Answer(c.ID, "Đã thay đèn, xem tệp kèm theo.", false)
		k.Drain()
		given, err := s.Given(ctx, identity.Citizen(), c.Code)
		if err != nil || len(given) != 2 {
			t.Fatalf("given: %+v, %v", given, err)
		}
		f, body, err := s.OpenGiven(ctx, identity.Citizen(), c.Code, given[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(body)
		_ = body.Close()
		if int64(len(b)) != f.Size {
			t.Errorf("%d bytes of %d", len(b), f.Size)
		}
		if _, _, err := s.Open(ctx, feedbacktest.Stranger, c.ID, f.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger opens: %v", err)
		}
		if err := s.Remove(ctx, feedbacktest.Officer, c.ID, f.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("removed after the answer: %v", err)
		}
		other := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Complaint })
		if _, err := s.Add(ctx, feedbacktest.Leader, other.ID, "a.pdf", strings.NewReader(pdf)); !fault.Is(err, fault.Conflict) {
			t.Errorf("to a complaint: %v", err)
		}
	}, append(feedbacktest.Migrations, attach.Migrations)...)
}
