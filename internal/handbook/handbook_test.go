package handbook_test

import (
	"testing"
	"testing/fstest"

	pages "github.com/nhipcau/nhipcau/docs/handbook"
	"github.com/nhipcau/nhipcau/internal/handbook"
)

func TestOurPagesLoad(t *testing.T) {
	b, err := handbook.Load(pages.Pages)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Has("index") || b.Has("khong-co") {
		t.Fatal("index missing or a page invented")
	}
}

func TestSearchWithoutDiacritics(t *testing.T) {
	b, err := handbook.Load(fstest.MapFS{
		"index.md": {Data: []byte("# Sổ tay\n")},
		"duyet.md": {Data: []byte("# Duyệt tin bài\nNgười duyệt khác người viết.\n")},
		"hoi.md":   {Data: []byte("# Trả lời người dân\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Search("nguoi duyet"); len(got) != 1 || got[0].Name != "duyet" {
		t.Fatalf("%+v", got)
	}
	if len(b.Search("")) != 2 || len(b.Search("xe đạp")) != 0 {
		t.Fatal("search")
	}
}

func TestRefusesPageWithoutTitle(t *testing.T) {
	if _, err := handbook.Load(fstest.MapFS{"index.md": {Data: []byte("no title")}}); err == nil {
		t.Fatal("accepted")
	}
}
