// Package video keeps the films of the house. A film comes in by pieces, over a line that may break and go on tomorrow; when
// all of it is there, it is put together, checked to be what it says, measured, and shown by a still. Posts carry films by
// their id; what no post carries after a week is thrown away. Who may write posts may send films.
package video

import (
	"context"
	"embed"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "video", FS: migrationFS}

// Limits of what is taken.
const (
	MaxBytes    = 2 << 30  // one film, by pieces
	MaxPlain    = 60 << 20 // one film, in a form without script
	MaxCaptions = 1 << 20
	maxName     = 200
)

// actionWrite is the right that sending a film needs: that of writing posts.
const actionWrite = "publish.write"

// State is how far a film has come.
type State string

// The states of a film.
const (
	Coming   State = "coming"   // pieces come in
	Checking State = "checking" // all of it is there and is looked at
	Ready    State = "ready"
	Refused  State = "refused" // Reason says why
)

// Film is one film.
type Film struct {
	bun.BaseModel `bun:"table:video_film,alias:f"`

	ID           string    `bun:"id,pk"`
	UnitID       string    `bun:"unit_id"`
	UploadedBy   string    `bun:"uploaded_by"`
	Name         string    `bun:"name"` // of the file
	State        State     `bun:"state"`
	Reason       string    `bun:"reason"` // catalogue key; "" unless refused
	Bytes        int64     `bun:"bytes"`
	Stored       int64     `bun:"stored"` // of them, how many have come
	MIME         string    `bun:"mime"`
	SHA256       string    `bun:"sha256"` // hexadecimal, of the bytes as they came
	Width        int       `bun:"width"`  // as it is looked at
	Height       int       `bun:"height"`
	Millis       int64     `bun:"millis"`
	Poster       string    `bun:"poster"` // id of a picture; "" none yet
	PosterWidth  int       `bun:"poster_width"`
	PosterHeight int       `bun:"poster_height"`
	Captions     string    `bun:"captions"` // SubRip or WebVTT; "" none
	CreatedAt    time.Time `bun:"created_at"`
	TouchedAt    time.Time `bun:"touched_at"`
}

// Vertical tells whether it is higher than wide.
func (f Film) Vertical() bool { return f.Width > 0 && f.Height > f.Width }

// Duration is its length; 0 when not known.
func (f Film) Duration() time.Duration { return time.Duration(f.Millis) * time.Millisecond }

// Path is where readers play it.
func (f Film) Path() string { return "/phim/" + f.ID + "/" + f.file() }

func (f Film) file() string { return "phim" + extension(f.MIME) }

func (f Film) key() string { return "film/" + f.ID + "/whole" }

// Stiller takes a still out of a film; nil when the machine has no program for it.
type Stiller interface {
	// Still gives a JPEG of a moment of the film in a local file.
	Still(ctx context.Context, path string) ([]byte, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Blobs    blob.Store
	Pictures *picture.Store
	Still    Stiller                  // nil: stills come from the browser or from the official
	Absolute func(path string) string // puts the site's address before a path
	Logger   *slog.Logger             // nil: silent
}

// Owner is a feature whose things carry films.
type Owner interface {
	// UsedFilms tells which of the films the feature still refers to.
	UsedFilms(ctx context.Context, ids []string) ([]string, error)
}

// Service is the use cases of films.
type Service struct {
	d      Deps
	log    *slog.Logger
	owners []Owner
}

// New makes the service and registers its background work with the queue. Owners are asked before a film is thrown away.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d, log: d.Logger}
	s.registerJobs()
	return s
}

// Owns adds a feature whose films are kept; without any, nothing is thrown away.
func (s *Service) Owns(o Owner) { s.owners = append(s.owners, o) }

var errNotFound = fault.New(fault.NotFound, "video.not_found")

// Get gives a film that is ready for everybody: its id is known to those who were shown it.
func (s *Service) Get(ctx context.Context, id string) (Film, error) {
	f, err := find(ctx, s.d.DB.Read(), id)
	if err == nil && f.State != Ready {
		return Film{}, errNotFound
	}
	return f, err
}

// Mine gives a film in any state to somebody who may write posts of its unit.
func (s *Service) Mine(ctx context.Context, a identity.Actor, id string) (Film, error) {
	f, err := find(ctx, s.d.DB.Read(), id)
	if err != nil {
		return Film{}, err
	}
	if err := s.d.Authz.Check(a, actionWrite, identity.InUnit(f.UnitID)); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return Film{}, err
		}
		return Film{}, errNotFound.Because(err)
	}
	return f, nil
}

// Open opens the bytes of a film that is ready; the caller closes it.
func (s *Service) Open(ctx context.Context, f Film) (io.ReadSeekCloser, error) {
	r, _, err := s.d.Blobs.Get(ctx, f.key())
	if errors.Is(err, blob.ErrNotFound) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	seeker, ok := r.(io.ReadSeekCloser)
	if !ok {
		return nil, errors.Join(errors.New("video: this store of files cannot be read from the middle"), r.Close())
	}
	return seeker, nil
}

// Film implements channel.Films.
func (s *Service) Film(ctx context.Context, id string) (io.ReadSeekCloser, error) {
	f, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, f)
}

// Video gives a film as channels and readers take it.
func (s *Service) Video(ctx context.Context, id string) (channel.Video, error) {
	f, err := s.Get(ctx, id)
	if err != nil {
		return channel.Video{}, err
	}
	v := channel.Video{ID: f.ID, URL: s.d.Absolute(f.Path()), MIME: f.MIME, Bytes: f.Bytes, Width: f.Width, Height: f.Height, Duration: f.Duration(), Captions: f.Captions}
	if f.Poster != "" {
		v.Poster = &channel.Picture{URL: s.d.Absolute(picture.ChannelURL(f.Poster)), MIME: "image/jpeg", Width: f.PosterWidth, Height: f.PosterHeight}
	}
	return v, nil
}

// Usable tells an actor who writes a post whether it may carry the film: a film of another unit is refused. One that is still
// on its way can stand in a draft.
func (s *Service) Usable(ctx context.Context, a identity.Actor, id string) error {
	_, err := s.Mine(ctx, a, id)
	if fault.Is(err, fault.NotFound) {
		return fault.Field("video", "video.not_found")
	}
	return err
}

// Done tells whether a film is ready; a post with one that is not stays where it is.
func (s *Service) Done(ctx context.Context, id string) error {
	f, err := find(ctx, s.d.DB.Read(), id)
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.Field("video", "video.not_found")
	case err != nil:
		return err
	case f.State == Refused:
		return fault.Field("video", f.Reason)
	case f.State != Ready:
		return fault.Field("video", "video.not_ready")
	}
	return nil
}

// Poster puts a still beside a film.
func (s *Service) Poster(ctx context.Context, a identity.Actor, id string, r io.Reader) error {
	f, err := s.Mine(ctx, a, id)
	if err != nil {
		return err
	}
	return s.poster(ctx, f, r, true)
}

func (s *Service) poster(ctx context.Context, f Film, r io.Reader, replace bool) error {
	p, err := s.d.Pictures.Save(ctx, r)
	if err != nil {
		return err
	}
	return s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model((*Film)(nil)).Set("poster = ?", p.ID).Set("poster_width = ?", p.Width).Set("poster_height = ?", p.Height).Where("id = ?", f.ID)
		if !replace {
			q = q.Where("poster = ''")
		}
		_, err := q.Exec(ctx)
		return err
	})
}

// Caption puts the spoken words beside a film; "" takes them away.
func (s *Service) Caption(ctx context.Context, a identity.Actor, id, text string) error {
	f, err := s.Mine(ctx, a, id)
	if err != nil {
		return err
	}
	if text, err = cleanCaptions(text); err != nil {
		return err
	}
	return s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Film)(nil)).Set("captions = ?", text).Where("id = ?", f.ID).Exec(ctx)
		return err
	})
}

// UsedPictures implements picture.Owner: the stills.
func (s *Service) UsedPictures(ctx context.Context, ids []string) (used []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.d.DB.Read().NewSelect().Model((*Film)(nil)).Column("poster").Where("poster IN (?)", bun.In(ids)).Scan(ctx, &used)
	return used, err
}
