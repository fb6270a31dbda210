package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// What comes in while a group is being written waits and is written together, in its order; everybody learns of their own
// group whether it stands.
func TestGather(t *testing.T) {
	gone := errors.New("no")
	first, release := make(chan struct{}), make(chan struct{})
	var groups [][]int
	g := db.NewGather(3, func(_ context.Context, items []int) error {
		groups = append(groups, items)
		if len(groups) == 1 {
			close(first)
			<-release
		}
		if slices.Contains(items, 5) {
			return gone
		}
		return nil
	})
	answers := make([]error, 8)
	var wg sync.WaitGroup
	wg.Go(func() { answers[1] = g.Do(t.Context(), 1) })
	<-first
	for i := 2; i < len(answers); i++ { // one after the other stands in line, as Waiting tells
		wg.Go(func() { answers[i] = g.Do(t.Context(), i) })
		for g.Waiting() < i-1 {
			select {
			case <-t.Context().Done():
				t.Fatal("nobody came")
			default:
			}
		}
	}
	close(release)
	wg.Wait()
	if want := [][]int{{1}, {2, 3, 4}, {5, 6, 7}}; !slices.EqualFunc(groups, want, slices.Equal[[]int]) {
		t.Errorf("groups %v, want %v", groups, want)
	}
	for i, err := range answers {
		if failed := i >= 5; errors.Is(err, gone) != failed {
			t.Errorf("%d: %v", i, err)
		}
	}
	away, leave := context.WithCancel(t.Context())
	leave()
	if err := g.Do(away, 9); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away: %v", err)
	}
	if err := g.Do(t.Context(), 10); err != nil {
		t.Errorf("after that: %v", err)
	}
	if all := slices.Concat(groups...); !slices.Contains(all, 9) || !slices.Contains(all, 10) {
		t.Errorf("written: %v", all)
	}
}
