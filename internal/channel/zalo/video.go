package zalo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

const (
	maxVideo     = 50 << 20
	videoToken   = "video:" // receipts whose film Zalo is converting
	videoUpload  = 3 * time.Minute
	videoReady   = "1"
	videoLocked  = "2"
	videoFailed  = "4"
	videoDeleted = "5"
)

// film brings the film of a content into Zalo's store. It gives the film's id, or a receipt to come back with while Zalo
// converts it.
func (z *Adapter) film(ctx context.Context, a channel.Account, v channel.Video, tried channel.Receipt) (id string, wait channel.Receipt, err error) {
	token, converting := strings.CutPrefix(tried.Token, videoToken)
	if !converting || tried.State != channel.ReceiptUnfinished {
		if token, err = z.uploadFilm(ctx, a, v); err != nil {
			return "", channel.Receipt{}, err
		}
		return "", channel.Receipt{State: channel.ReceiptUnfinished, Token: videoToken + token, ExternalID: tried.ExternalID}, nil
	}
	var out struct {
		Status  text   `json:"status"`
		Message string `json:"status_message"`
		VideoID text   `json:"video_id"`
	}
	err = z.call(ctx, a, http.MethodGet, "/v2.0/article/upload_video/verify", url.Values{"token": {token}}, nil, &out)
	switch {
	case isCode(err, "-100"): // the token has grown too old: bring the film once more
		return "", channel.Receipt{State: channel.ReceiptUnfinished, ExternalID: tried.ExternalID}, nil
	case err != nil:
		return "", channel.Receipt{}, err
	case out.Status == videoReady && out.VideoID != "":
		return string(out.VideoID), channel.Receipt{}, nil
	case out.Status == videoLocked || out.Status == videoFailed || out.Status == videoDeleted:
		return "", channel.Receipt{}, stop("video", out.Message, "channel.zalo.video_failed")
	}
	return "", channel.Receipt{State: channel.ReceiptUnfinished, Token: tried.Token, ExternalID: tried.ExternalID}, nil
}

// uploadFilm sends the film. To have it twice in Zalo's store does no harm: only the article is seen.
func (z *Adapter) uploadFilm(ctx context.Context, a channel.Account, v channel.Video) (string, error) {
	if v.Bytes > maxVideo {
		return "", stop("-210", "film over 50 MB", "channel.zalo.video_too_big")
	}
	ext := map[string]string{"video/mp4": ".mp4", "video/x-msvideo": ".avi", "video/avi": ".avi"}[v.MIME]
	if ext == "" {
		return "", stop("video", "a film of kind "+v.MIME, "channel.zalo.video_kind")
	}
	r, err := z.openFilm(ctx, v)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, maxVideo+1))
	if err != nil {
		return "", err
	}
	var out struct {
		Token text `json:"token"`
	}
	err = z.upload(ctx, a, "/v2.0/article/upload_video/preparevideo", "video"+ext, content, &out)
	return string(out.Token), sure(err)
}

func (z *Adapter) openFilm(ctx context.Context, v channel.Video) (io.ReadCloser, error) {
	if z.cfg.Films == nil {
		return nil, errors.New("zalo: nobody opens films")
	}
	return z.cfg.Films.Film(ctx, v.ID)
}

// upload sends one file into Zalo's store.
func (z *Adapter) upload(ctx context.Context, a channel.Account, address, name string, content []byte, out any) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", path.Base(name))
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	return z.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		if err := z.mayCall(a.ID); err != nil {
			return err
		}
		timeout := z.cfg.Timeout
		if len(content) > 1<<20 {
			timeout = max(timeout, videoUpload)
		}
		err := z.sendWithin(ctx, timeout, request{host: z.cfg.OpenAPIURL, access: access, method: http.MethodPost, path: address, body: bytes.NewReader(body.Bytes()),
			kind: form.FormDataContentType()}, out)
		z.noteRate(ctx, a.ID, err)
		return err
	})
}

// filmMark tells one film from another in the link of an article, so that an update need not bring the same film again.
func filmMark(v *channel.Video) string {
	if v == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(v.ID + "|" + v.URL))
	return hex.EncodeToString(sum[:8])
}

// standingFilm is the id of the film that an article shows already, if it is this very one.
func (z *Adapter) standingFilm(ctx context.Context, a channel.Account, articleID string, v *channel.Video) (string, error) {
	d, err := z.detail(ctx, a, articleID)
	if err != nil {
		return "", sure(err)
	}
	if d.TrackingLink == nil {
		return "", nil
	}
	u, err := url.Parse(*d.TrackingLink)
	if err != nil || u.Query().Get("nv") != filmMark(v) {
		return "", nil
	}
	if d.VideoID != "" {
		return d.VideoID, nil
	}
	i := slices.IndexFunc(d.Body, func(b block) bool { return b.VideoID != "" })
	if i < 0 {
		return "", nil
	}
	return d.Body[i].VideoID, nil
}

// withFilm puts a film into an article: at the head of a text, or as the whole when there are no words beside title and lead.
func withFilm(in article, v channel.Video, videoID, poster string, only bool) article {
	if only {
		return article{ID: in.ID, Type: "video", Title: in.Title, Description: in.Description, VideoID: videoID, Avatar: poster, TrackingLink: in.TrackingLink,
			Status: in.Status, Comment: in.Comment}
	}
	in.Body = append([]block{{Type: "video", VideoID: videoID, Thumb: poster}}, in.Body...)
	return in
}
