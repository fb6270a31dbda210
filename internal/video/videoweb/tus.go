package videoweb

import (
	"context"
	"errors"
	"io"
	"net/http"

	tus "github.com/tus/tusd/v2/pkg/handler"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/video"
)

// shelf lets the protocol tus keep its uploads as films of the house.
type shelf struct{ s *video.Service }

// refusal puts a fault into the words of the protocol: a status and a sentence.
func refusal(ctx context.Context, err error) error {
	var e *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return tus.NewError("ERR_NHIPCAU", i18n.Fault(ctx, e), web.Status(fault.KindOf(err)))
	}
	return err
}

// NewUpload implements tus.DataStore. The sender names the unit for which it writes and the file.
func (x shelf) NewUpload(ctx context.Context, info tus.FileInfo) (tus.Upload, error) {
	a := identity.ActorFrom(ctx)
	f, err := x.s.Begin(ctx, a, info.MetaData["unit"], info.MetaData["filename"], info.Size)
	return &upload{s: x.s, f: f, a: a}, refusal(ctx, err)
}

// GetUpload implements tus.DataStore.
func (x shelf) GetUpload(ctx context.Context, id string) (tus.Upload, error) {
	a := identity.ActorFrom(ctx)
	f, err := x.s.Mine(ctx, a, id)
	if fault.Is(err, fault.NotFound) {
		return nil, tus.ErrNotFound
	}
	return &upload{s: x.s, f: f, a: a}, refusal(ctx, err)
}

// AsTerminatableUpload implements tus.TerminaterDataStore.
func (shelf) AsTerminatableUpload(u tus.Upload) tus.TerminatableUpload {
	return u.(*upload) //nolint:errcheck,forcetypeassert // made by this shelf
}

type upload struct {
	s *video.Service
	f video.Film
	a identity.Actor
}

// WriteChunk implements tus.Upload.
func (u *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	n, err := u.s.Append(ctx, u.a, u.f.ID, offset, src)
	u.f.Stored = offset + n
	return n, refusal(ctx, err)
}

// GetInfo implements tus.Upload.
func (u *upload) GetInfo(context.Context) (tus.FileInfo, error) {
	return tus.FileInfo{ID: u.f.ID, Size: u.f.Bytes, Offset: u.f.Stored, MetaData: tus.MetaData{"filename": u.f.Name, "unit": u.f.UnitID}}, nil
}

// GetReader implements tus.Upload; films are read at their public address.
func (u *upload) GetReader(ctx context.Context) (io.ReadCloser, error) { return u.s.Open(ctx, u.f) }

// FinishUpload implements tus.Upload: the last byte has set off the check already.
func (*upload) FinishUpload(context.Context) error { return nil }

// Terminate implements tus.TerminatableUpload.
func (u *upload) Terminate(ctx context.Context) error {
	return refusal(ctx, u.s.Abandon(ctx, u.a, u.f.ID))
}

// protocol makes the handler of tus 1.0 for films.
func (p *Pages) protocol() (*tus.UnroutedHandler, error) {
	x := shelf{p.s}
	c := tus.NewStoreComposer()
	c.UseCore(x)
	c.UseTerminater(x)
	c.UseLocker(newDesk())
	return tus.NewUnroutedHandler(tus.Config{StoreComposer: c, BasePath: tusBase, MaxSize: video.MaxBytes, DisableDownload: true, DisableConcatenation: true,
		RespectForwardedHeaders: true, Cors: &tus.CorsConfig{Disable: true}, Logger: quiet()})
}

// tus answers one request of the protocol. The protocol's own checks (version, headers) come from the library.
func (p *Pages) tus(next http.HandlerFunc) web.Handler {
	h := http.StripPrefix(tusBase, p.up.Middleware(next)) // the library wants the id alone
	return func(w http.ResponseWriter, r *http.Request) error {
		web.LargeBody(w, r, video.MaxBytes+1)
		h.ServeHTTP(w, r)
		return nil
	}
}
