package video

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/video/film"
)

type checkArgs struct {
	Film string `json:"film"`
}

// Kind implements jobs.Args.
func (checkArgs) Kind() string { return "video.check" }

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "video.sweep" }

const (
	sweepEvery = 6 * time.Hour
	// keepUnused is how long a film that no post carries is kept, and a film that stopped coming in.
	keepUnused = 7 * 24 * time.Hour
	sweepBatch = 100
)

func (s *Service) registerJobs() {
	jobs.Handle(s.d.Queue, func(ctx context.Context, j *jobs.Job[checkArgs]) error { return s.check(ctx, j.Args.Film) })
	jobs.Handle(s.d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx) })
	s.d.Queue.Every(sweepEvery, func() jobs.Args { return sweepArgs{} })
}

// check puts the pieces of a film together, looks what it is and measures it. It can run twice: the pieces go last.
func (s *Service) check(ctx context.Context, id string) error {
	f, err := find(ctx, s.d.DB.Read(), id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || f.State == Coming {
		return err
	}
	if f.State != Checking { // an earlier run was cut off before it tidied up
		return s.clear(ctx, f)
	}
	if err := s.join(ctx, &f); err != nil {
		return err
	}
	if f.State != Refused {
		if err := s.measure(ctx, &f); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, &f, f.State, f.Reason); err != nil {
		return err
	}
	if f.State == Ready {
		s.still(ctx, f)
	}
	return s.clear(ctx, f)
}

// settle writes down what became of a film.
func (s *Service) settle(ctx context.Context, f *Film, to State, reason string) error {
	f.State, f.Reason, f.TouchedAt = to, reason, s.d.Clock.Now()
	return s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model(f).Column("state", "reason", "mime", "sha256", "width", "height", "millis", "touched_at").WherePK().Exec(ctx)
		return err
	})
}

// pieces lists the pieces of a film in their order.
func (s *Service) pieces(ctx context.Context, id string) (keys []string, err error) {
	err = s.d.Blobs.Walk(ctx, "film/"+id+"/piece-", func(i blob.Info) error {
		keys = append(keys, i.Key)
		return nil
	})
	slices.Sort(keys)
	return keys, err
}

// reader reads pieces one after the other.
type reader struct {
	ctx  context.Context
	from blob.Store
	keys []string
	open io.ReadCloser
}

func (r *reader) Read(b []byte) (int, error) {
	for {
		if r.open == nil {
			if len(r.keys) == 0 {
				return 0, io.EOF
			}
			f, _, err := r.from.Get(r.ctx, r.keys[0])
			if err != nil {
				return 0, err
			}
			r.open, r.keys = f, r.keys[1:]
		}
		n, err := r.open.Read(b)
		if errors.Is(err, io.EOF) {
			err = r.open.Close()
			r.open = nil
			if n == 0 && err == nil {
				continue
			}
		}
		return n, err
	}
}

// Close closes the piece that is open.
func (r *reader) Close() error {
	if r.open == nil {
		return nil
	}
	return r.open.Close()
}

// join writes the whole film and its fingerprint; the pieces stay until all is written down.
func (s *Service) join(ctx context.Context, f *Film) error {
	keys, err := s.pieces(ctx, f.ID)
	if err != nil {
		return err
	}
	var src io.ReadCloser = &reader{ctx: ctx, from: s.d.Blobs, keys: keys}
	defer func() { _ = src.Close() }()
	head := make([]byte, 3072)
	n, err := io.ReadFull(src, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("video: the pieces of %s: %w", f.ID, err)
	}
	kind, ok := kindOf(head[:n])
	if !ok {
		f.State, f.Reason = Refused, "video.not_a_film"
		return nil
	}
	f.MIME = kind
	sum := sha256.New()
	all := io.TeeReader(io.MultiReader(bytes.NewReader(head[:n]), src), sum)
	count := &counter{r: all}
	if err := s.d.Blobs.Put(ctx, f.key(), count, f.Bytes, kind); err != nil {
		return err
	}
	if count.n != f.Bytes {
		return fmt.Errorf("video: film %s has %d of %d bytes", f.ID, count.n, f.Bytes)
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// measure reads the head of the whole film.
func (s *Service) measure(ctx context.Context, f *Film) error {
	r, err := s.Open(ctx, *f)
	if err != nil {
		return err
	}
	defer r.Close()
	facts, err := film.Read(r, f.Bytes)
	if errors.Is(err, film.ErrUnreadable) {
		f.State, f.Reason = Refused, "video.damaged"
		return nil
	}
	if err != nil {
		return err
	}
	f.State, f.Width, f.Height, f.Millis = Ready, facts.Width, facts.Height, facts.Duration.Milliseconds()
	return nil
}

// still has a program of the machine take a still when there is one and nobody has given one. Without it the film is as good.
func (s *Service) still(ctx context.Context, f Film) {
	if s.d.Still == nil || f.Poster != "" {
		return
	}
	err := func() error {
		r, err := s.Open(ctx, f)
		if err != nil {
			return err
		}
		defer r.Close()
		tmp, err := os.CreateTemp("", "film-*"+extension(f.MIME))
		if err != nil {
			return err
		}
		defer os.Remove(tmp.Name())
		_, err = io.Copy(tmp, r)
		if err = errors.Join(err, tmp.Close()); err != nil {
			return err
		}
		b, err := s.d.Still.Still(ctx, tmp.Name())
		if err != nil {
			return err
		}
		return s.poster(ctx, f, bytes.NewReader(b), false)
	}()
	if err != nil {
		s.log.WarnContext(ctx, "no still could be taken of a film; the form asks for one", "film", f.ID, "err", err)
	}
}

// clear removes the pieces, and the whole too of a film that was refused.
func (s *Service) clear(ctx context.Context, f Film) error {
	keys, err := s.pieces(ctx, f.ID)
	if err != nil {
		return err
	}
	if f.State == Refused {
		keys = append(keys, f.key())
	}
	for _, k := range keys {
		if err := s.d.Blobs.Delete(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// drop removes a film with everything of it.
func (s *Service) drop(ctx context.Context, f Film) error {
	err := s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model(&f).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	f.State = Refused // so that the whole goes too
	return s.clear(ctx, f)
}

// Sweep throws away films that no post carries and that nobody has touched for a week.
func (s *Service) Sweep(ctx context.Context) error {
	if len(s.owners) == 0 {
		return nil
	}
	after := ""
	for {
		var old []Film
		err := s.d.DB.Read().NewSelect().Model(&old).Where("touched_at < ?", s.d.Clock.Now().Add(-keepUnused)).Where("id > ?", after).Order("id").Limit(sweepBatch).Scan(ctx)
		if err != nil || len(old) == 0 {
			return err
		}
		after = old[len(old)-1].ID
		ids := make([]string, len(old))
		for i, f := range old {
			ids[i] = f.ID
		}
		used := map[string]bool{}
		for _, o := range s.owners {
			list, err := o.UsedFilms(ctx, ids)
			if err != nil {
				return err
			}
			for _, id := range list {
				used[id] = true
			}
		}
		for _, f := range old {
			if used[f.ID] {
				continue
			}
			if err := s.drop(ctx, f); err != nil {
				return err
			}
		}
	}
}
