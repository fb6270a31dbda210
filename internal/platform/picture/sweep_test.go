package picture_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// owner refers to some pictures.
type owner struct {
	uses  []string
	fails error
}

func (o owner) UsedPictures(_ context.Context, ids []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(x string) bool { return !slices.Contains(o.uses, x) }), o.fails
}

func keys(t *testing.T, blobs blob.Store) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := blobs.Walk(t.Context(), "", func(i blob.Info) error {
		out[i.Key[:min(len(i.Key), len("picture/")+36)]]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSweepAndDelete(t *testing.T) {
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, ctx := picture.NewStore(blobs), t.Context()
	fresh, err := s.Save(ctx, bytes.NewReader(pngOf(t, 400, 300)))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-picture.SweepAfter - time.Hour)
	put := func(key string) {
		t.Helper()
		if err := blobs.Put(ctx, key, bytes.NewReader([]byte("x")), 1, "image/webp"); err != nil {
			t.Fatal(err)
		}
	}
	posted, asked := id.At(old), id.At(old)
	for _, pid := range []string{posted, asked} {
		put("picture/" + pid + "/320.webp")
		put("picture/" + pid + "/channel.jpg")
	}
	for range 450 { // more than two rounds of questions
		put("picture/" + id.At(old) + "/320.webp")
	}
	put("picture/readme/a.txt")
	put("attachment/" + id.At(old) + "/a.pdf")

	before := time.Now().Add(-picture.SweepAfter)
	if n, err := s.Sweep(ctx, before); err == nil || n != 0 {
		t.Fatal("swept without asking anybody", n, err)
	}
	broken := errors.New("no database")
	if n, err := s.Sweep(ctx, before, owner{}, owner{fails: broken}); !errors.Is(err, broken) || n != 0 {
		t.Fatal("swept although an owner did not answer", n, err)
	}
	n, err := s.Sweep(ctx, before, owner{uses: []string{posted}}, owner{uses: []string{asked}})
	if err != nil || n != 450 {
		t.Fatalf("%d removed, %v", n, err)
	}
	have := keys(t, blobs)
	for _, pid := range []string{fresh.ID, posted, asked} {
		if have["picture/"+pid] < 2 {
			t.Errorf("%s is not whole: %v", pid, have)
		}
	}
	if len(have) != 5 {
		t.Errorf("left: %v", have)
	}
	for range 2 { // the second time there is nothing
		if err := s.Delete(ctx, posted); err != nil {
			t.Fatal(err)
		}
	}
	if have := keys(t, blobs); have["picture/"+posted] != 0 || have["picture/"+asked] != 2 {
		t.Errorf("left: %v", have)
	}
}
