package blob_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/nhipcau/nhipcau/internal/platform/blob"
)

// Both implementations pass the same suite.
func TestSuite(t *testing.T) {
	t.Run("folder", func(t *testing.T) {
		s, err := blob.Open(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		suite(t, s)
	})
	t.Run("s3", func(t *testing.T) {
		backend := s3mem.New()
		if err := backend.CreateBucket("kho"); err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(gofakes3.New(backend).Server())
		defer srv.Close()
		s, err := blob.Open(t.Context(), strings.Replace(srv.URL, "http://", "s3://KEY:SECRET@", 1)+"/kho?insecure=1&region=us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		suite(t, s)
	})
}

func suite(t *testing.T, s blob.Store) {
	ctx := context.Background()
	put := func(key, body string) {
		t.Helper()
		if err := s.Put(ctx, key, strings.NewReader(body), int64(len(body)), "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	get := func(key string) string {
		t.Helper()
		r, info, err := s.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil || info.Size != int64(len(b)) {
			t.Fatal(err, info)
		}
		return string(b)
	}
	put("a/1.txt", "một")
	put("a/2.txt", "hai")
	put("b/1.txt", "ba")
	put("a/1.txt", "một lần nữa")
	if got := get("a/1.txt"); got != "một lần nữa" {
		t.Fatal(got)
	}
	var keys []string
	if err := s.Walk(ctx, "a/", func(i blob.Info) error { keys = append(keys, i.Key); return nil }); err != nil || strings.Join(keys, " ") != "a/1.txt a/2.txt" {
		t.Fatal(keys, err)
	}
	stop := errors.New("enough")
	if err := s.Walk(ctx, "", func(blob.Info) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Delete(ctx, "a/2.txt"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Get(ctx, "a/2.txt"); !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "/etc/passwd", "../x", "a/../../x", "a//b", ".hidden", "a/.put-1", "ảnh.jpg", "a/"} {
		if err := s.Put(ctx, bad, strings.NewReader("x"), 1, ""); err == nil {
			t.Errorf("key %q accepted", bad)
		}
	}
}
