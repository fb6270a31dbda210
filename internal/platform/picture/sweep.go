package picture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
)

// Owner is a feature that keeps pictures; the roof hands every one of them to Sweep.
type Owner interface {
	// UsedPictures tells which of the pictures the feature still refers to.
	UsedPictures(ctx context.Context, ids []string) ([]string, error)
}

// SweepAfter is how old a picture must be before it is taken for forgotten: a form that is being filled in, or a page that
// is being saved, has that long to refer to it.
const SweepAfter = 24 * time.Hour

// sweepBatch is of how many pictures owners are asked at once.
const sweepBatch = 200

// Delete removes a picture with all its variants; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, pid string) error {
	var keys []string
	err := s.blobs.Walk(ctx, s.prefix+pid+"/", func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	if err != nil {
		return err
	}
	return s.drop(ctx, keys)
}

// Where the pictures for everybody lie, and those that Serve never gives out.
const (
	openPrefix  = "picture/"
	innerPrefix = "inner-picture/"
)

// Inner is the store for pictures that only officials may see: the house of a family, a payment being handed over. Whoever
// knows the name of one does not get it from Serve; the room that keeps it asks who wants it and hands it out with JPEG.
func (s *Store) Inner() *Store { return &Store{blobs: s.blobs, prefix: innerPrefix} }

func (s *Store) drop(ctx context.Context, keys []string) error {
	for _, k := range keys {
		if err := s.blobs.Delete(ctx, k); err != nil {
			return fmt.Errorf("picture: delete: %w", err)
		}
	}
	return nil
}

// Sweep removes the pictures made before the moment that no owner refers to and tells how many those were. What is not a
// picture of this store stays. Without owners it refuses: it would remove everything.
func (s *Store) Sweep(ctx context.Context, before time.Time, owners ...Owner) (int, error) {
	if len(owners) == 0 {
		return 0, errors.New("picture: nobody to ask what is still used")
	}
	removed := 0
	files := map[string][]string{} // picture → keys
	flush := func() error {
		n, err := s.sweepSome(ctx, files, owners)
		removed += n
		clear(files)
		return err
	}
	err := s.blobs.Walk(ctx, s.prefix, func(i blob.Info) error {
		pid, _, _ := strings.Cut(strings.TrimPrefix(i.Key, s.prefix), "/")
		made, ok := id.Time(pid)
		if !ok || !made.Before(before) {
			return nil
		}
		if _, begun := files[pid]; !begun && len(files) >= sweepBatch {
			if err := flush(); err != nil {
				return err
			}
		}
		files[pid] = append(files[pid], i.Key)
		return nil
	})
	if err != nil {
		return removed, err
	}
	return removed, flush()
}

func (s *Store) sweepSome(ctx context.Context, files map[string][]string, owners []Owner) (int, error) {
	if len(files) == 0 {
		return 0, nil
	}
	var ids []string
	for pid := range files {
		ids = append(ids, pid)
	}
	slices.Sort(ids)
	for _, o := range owners {
		used, err := o.UsedPictures(ctx, ids)
		if err != nil {
			return 0, err
		}
		for _, pid := range used {
			delete(files, pid)
		}
	}
	for _, keys := range files {
		if err := s.drop(ctx, keys); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}
