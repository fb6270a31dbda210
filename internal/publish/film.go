package publish

import (
	"context"
	"io"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Films keeps the films that posts carry; the roof fills it with the room of films.
type Films interface {
	// Video gives a film that is ready, as channels and readers take it.
	Video(ctx context.Context, id string) (channel.Video, error)
	// Usable refuses a film that the actor may not use.
	Usable(ctx context.Context, a identity.Actor, id string) error
	// Done refuses a film that is not ready.
	Done(ctx context.Context, id string) error
	// Take keeps a film that came with a form, and gives its id.
	Take(ctx context.Context, a identity.Actor, unitID, name string, size int64, r io.Reader) (string, error)
	// Progress tells how far a film is.
	Progress(ctx context.Context, a identity.Actor, id string) (FilmProgress, error)
}

// FilmProgress is how far a film is, for the form.
type FilmProgress struct {
	Name     string
	State    string // coming, checking, ready, refused
	Reason   string // catalogue key when refused
	Percent  int
	Vertical bool
	Path     string // where it is played; "" until ready
	Poster   string // address of its still; "" none
	Captions bool   // spoken words are there
}

var errNoFilms = fault.Field("video", "publish.no_films")

func (s *Service) checkFilm(ctx context.Context, a identity.Actor, id string) error {
	switch {
	case id == "":
		return nil
	case s.films == nil:
		return fault.Fields{errNoFilms}
	}
	return s.films.Usable(ctx, a, id)
}

func (s *Service) filmDone(ctx context.Context, id string) error {
	if id == "" || s.films == nil {
		return nil
	}
	return s.films.Done(ctx, id)
}

// film gives the film of a version; nil without one, or when it is gone.
func (s *Service) film(ctx context.Context, id string) (*channel.Video, error) {
	if id == "" || s.films == nil {
		return nil, nil
	}
	v, err := s.films.Video(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// TakeFilm keeps a film that came with the form of a post, for an actor who may write it.
func (s *Service) TakeFilm(ctx context.Context, a identity.Actor, postID, name string, size int64, r io.Reader) (string, error) {
	p, _, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return "", err
	}
	if s.films == nil {
		return "", errNoFilms
	}
	return s.films.Take(ctx, a, p.UnitID, name, size, r)
}

// Film tells how far the film of a draft is; the zero value without one.
func (s *Service) Film(ctx context.Context, a identity.Actor, id string) (FilmProgress, error) {
	if id == "" || s.films == nil {
		return FilmProgress{}, nil
	}
	p, err := s.films.Progress(ctx, a, id)
	if fault.Is(err, fault.NotFound) {
		return FilmProgress{}, nil
	}
	return p, err
}

// Shown gives the film of the version that stands before an actor who may read the post; nil without one or before it is ready.
func (s *Service) Shown(ctx context.Context, a identity.Actor, postID string) (*channel.Video, error) {
	_, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return nil, err
	}
	return s.film(ctx, v.VideoID)
}

// UsedFilms tells which of the films a version of some post carries, for the room of films.
func (s *Service) UsedFilms(ctx context.Context, ids []string) ([]string, error) {
	var used []string
	for _, id := range ids {
		found, err := s.store.carries(ctx, s.db.Read(), id)
		if err != nil {
			return nil, err
		}
		if found {
			used = append(used, id)
		}
	}
	return used, nil
}

// FilmsOf gives the films of posts as they stand in public, by post.
func (s *Service) FilmsOf(ctx context.Context, posts []Summary) (map[string]*channel.Video, error) {
	out := map[string]*channel.Video{}
	if s.films == nil || len(posts) == 0 {
		return out, nil
	}
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.PostID
	}
	carried, err := s.store.filmsOf(ctx, s.db.Read(), ids)
	if err != nil {
		return nil, err
	}
	for post, film := range carried {
		if out[post], err = s.film(ctx, film); err != nil {
			return nil, err
		}
	}
	return out, nil
}
