package app

import (
	"context"
	"net/url"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/video"
)

// openFilms makes the room of films; it stands before the channels, which carry films out.
func (h *House) openFilms() {
	h.films = video.New(video.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Blobs: h.blobs, Pictures: h.pictures,
		Still: video.FindFFmpeg(h.cfg.FFmpeg), Absolute: func(path string) string { return h.cfg.PublicURL + path }, Logger: h.log.With("part", "video")})
}

// openYouTube adds YouTube to the channels.
func (h *House) openYouTube() error {
	c := h.cfg
	y, err := youtube.New(youtube.Config{
		APIURL: c.YouTube.APIURL, TokenURL: c.YouTube.TokenURL, ConsentURL: c.YouTube.ConsentURL, HubURL: c.YouTube.HubURL, FeedURL: c.YouTube.FeedURL, WatchURL: c.YouTube.WatchURL,
		ClientID: c.YouTube.ClientID, ClientSecret: c.YouTube.ClientSecret, HookURL: c.PublicURL + channelweb.HubPath, Uploads: c.YouTube.Uploads, Units: c.YouTube.Units,
	}, youtube.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Keys: h.channels.Vault(), Sealer: h.box, Channels: h.channels, Films: h.films, Stills: h.still,
		Logger: h.log.With("part", "youtube")})
	if err != nil {
		return err
	}
	h.youtube = y
	h.channels.Add(y)
	return nil
}

// still gives the bytes of a picture of the house by its public address, without going through the network.
func (h *House) still(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/anh/"), "/")
	return h.pictures.JPEG(ctx, id)
}

// filmsOfPosts is the room of films as posts know it.
type filmsOfPosts struct{ *video.Service }

// Progress implements publish.Films.
func (f filmsOfPosts) Progress(ctx context.Context, a identity.Actor, id string) (publish.FilmProgress, error) {
	x, err := f.Mine(ctx, a, id)
	if err != nil {
		return publish.FilmProgress{}, err
	}
	p := publish.FilmProgress{Name: x.Name, State: string(x.State), Reason: x.Reason, Percent: int(x.Stored * 100 / max(1, x.Bytes)), Vertical: x.Vertical(), Captions: x.Captions != ""}
	if x.State == video.Ready {
		p.Path = x.Path()
	}
	if x.Poster != "" {
		p.Poster = picture.URL(x.Poster, 320)
	}
	return p, nil
}

// dayOfYouTube tells the screens of channels how the shared day of uploads stands.
type dayOfYouTube struct{ y *youtube.Adapter }

// Day implements channelweb.Shared.
func (d dayOfYouTube) Day(ctx context.Context, mayKnow func(unitID string) bool) (channelweb.SharedDay, error) {
	day, err := d.y.Day(ctx, mayKnow)
	if err != nil {
		return channelweb.SharedDay{}, err
	}
	out := channelweb.SharedDay{Used: day.Uploads, Of: day.UploadsOf, Units: day.Units, UnitsOf: day.UnitsOf, Spent: day.Spent, Opens: day.Opens}
	for _, w := range day.List {
		out.List = append(out.List, channelweb.SharedUpload{UnitID: w.UnitID, AccountID: w.AccountID, Title: w.Title, State: w.State, Percent: int(w.Stored * 100 / max(1, w.Bytes)), At: w.At, Days: w.Days})
	}
	for _, s := range day.Seen {
		out.Seen = append(out.Seen, channelweb.SeenFilm{Title: s.Title, Link: s.Link, ByHand: s.ByHand, At: s.At})
	}
	return out, nil
}

var _ channel.Films = (*video.Service)(nil)
