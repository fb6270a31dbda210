package facebook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// A film goes to a page in steps: it is announced, sent in pieces, finished with its words, and stands when Facebook has
// processed it. Each step is one run of a delivery; what the next one needs to know is kept in the receipt's token.
type filmToken struct {
	Reel    bool   `json:"reel,omitempty"`
	Film    string `json:"film"` // our id of it
	Bytes   int64  `json:"bytes"`
	Video   string `json:"video"` // Facebook's id of it
	Session string `json:"session,omitempty"`
	Upload  string `json:"upload,omitempty"` // where the bytes of a reel go
	At      int64  `json:"at"`               // bytes that Facebook has
	Title   string `json:"title,omitempty"`
	Text    string `json:"text"`
	Done    bool   `json:"done,omitempty"` // finished with its words
	Since   int64  `json:"since"`          // seconds since 1970 when it was finished
}

func (t filmToken) receipt() channel.Receipt {
	b, _ := json.Marshal(t) // plain fields cannot fail
	return channel.Receipt{State: channel.ReceiptProcessing, Token: string(b)}
}

const (
	filmChunk   = 4 << 20
	filmSlice   = 20 * time.Second
	reelLeast   = 3 * time.Second
	reelMost    = 90 * time.Second
	reelWide    = 540
	reelHigh    = 960
	filmEager   = time.Minute
	filmPause   = 30 * time.Second
	filmMost    = 6 * time.Hour
	wrongOffset = 1363037
)

// isReel tells whether Facebook takes the film as a reel: upright, of some size, and short.
func isReel(v channel.Video) bool {
	return v.Vertical() && v.Width >= reelWide && v.Height >= reelHigh && v.Duration >= reelLeast && v.Duration <= reelMost
}

// startFilm announces a film. Nothing of it can be seen yet, so a broken line does no harm.
func (f *Adapter) startFilm(ctx context.Context, a channel.Account, c channel.Content) (channel.Receipt, error) {
	t := filmToken{Reel: isReel(*c.Video), Film: c.Video.ID, Bytes: c.Video.Bytes, Title: channel.Cut(c.Title, 250), Text: words(c, true)}
	var out struct {
		Video   string `json:"video_id"`
		Session string `json:"upload_session_id"`
		Upload  string `json:"upload_url"`
	}
	path, args := "/videos", url.Values{"upload_phase": {"start"}, "file_size": {strconv.FormatInt(t.Bytes, 10)}}
	if t.Reel {
		path, args = "/video_reels", url.Values{"upload_phase": {"start"}}
	}
	if err := f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+path, args, &out); err != nil {
		return channel.Receipt{}, sure(err)
	}
	t.Video, t.Session, t.Upload = out.Video, out.Session, out.Upload
	if t.Video == "" || (t.Reel && t.Upload == "") || (!t.Reel && t.Session == "") {
		return channel.Receipt{}, unclear("a film was announced without an id", false)
	}
	return t.receipt(), nil
}

// advanceFilm takes a film one step further.
func (f *Adapter) advanceFilm(ctx context.Context, a channel.Account, r channel.Receipt) (channel.Receipt, error) {
	var t filmToken
	if err := json.Unmarshal([]byte(r.Token), &t); err != nil || t.Video == "" {
		return channel.Receipt{}, stop("token", "the receipt of a film cannot be read", "channel.facebook.film_lost")
	}
	if !t.Done && t.At < t.Bytes {
		var err error
		if t.Reel {
			err = f.sendReel(ctx, a, &t)
		} else {
			err = f.sendPieces(ctx, a, &t)
		}
		return t.receipt(), sure(err)
	}
	st, err := f.filmStatus(ctx, a, t.Video)
	if err != nil {
		return channel.Receipt{}, sure(err)
	}
	if !t.Done && !st.published() { // asked first: an earlier run may have finished it without hearing so
		return f.finishFilm(ctx, a, t)
	}
	if !t.Done {
		t.Done, t.Since = true, f.cfg.Clock.Now().Unix()
	}
	return f.filmStands(ctx, a, t, st)
}

// film opens the bytes of a film at a place.
func (f *Adapter) film(ctx context.Context, id string, at int64) (io.ReadSeekCloser, error) {
	if f.cfg.Films == nil {
		return nil, stop("films", "this house keeps no films", "channel.facebook.film_lost")
	}
	r, err := f.cfg.Films.Film(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	return r, nil
}

// sendPieces sends pieces until all is there or the slice of time is over. Facebook says after each where to go on, and it is
// right: a piece whose answer was lost is not sent twice.
func (f *Adapter) sendPieces(ctx context.Context, a channel.Account, t *filmToken) error {
	began := time.Now()
	buf := make([]byte, min(filmChunk, t.Bytes))
	for t.At < t.Bytes && time.Since(began) < filmSlice {
		src, err := f.film(ctx, t.Film, t.At)
		if err != nil {
			return err
		}
		n, err := io.ReadFull(src, buf[:min(int64(len(buf)), t.Bytes-t.At)])
		_ = src.Close()
		if err != nil {
			return fmt.Errorf("facebook: film %s ends after %d of %d bytes: %w", t.Film, t.At+int64(n), t.Bytes, err)
		}
		next, err := f.sendPiece(ctx, a, *t, buf[:n])
		if err != nil {
			return err
		}
		if next == t.At {
			return unclear("a piece was taken but not stored", false)
		}
		t.At = next
	}
	return nil
}

func (f *Adapter) sendPiece(ctx context.Context, a channel.Account, t filmToken, b []byte) (int64, error) {
	var out struct {
		Start string `json:"start_offset"`
	}
	err := f.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		if err := f.leave(ctx, a.ExternalID); err != nil {
			return err
		}
		var body bytes.Buffer
		m := multipart.NewWriter(&body) // writes to memory, which cannot fail
		for k, v := range map[string]string{"upload_phase": "transfer", "upload_session_id": t.Session, "start_offset": strconv.FormatInt(t.At, 10),
			"access_token": access, "appsecret_proof": proof(f.cfg.AppSecret, access)} {
			_ = m.WriteField(k, v)
		}
		w, _ := m.CreateFormFile("video_file_chunk", "piece")
		_, _ = w.Write(b)
		_ = m.Close()
		ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout+time.Duration(len(b)/(64<<10))*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.cfg.VideoURL+"/"+f.cfg.Version+"/"+a.ExternalID+"/videos", &body)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", m.FormDataContentType())
		return f.send(ctx, req, a.ExternalID, &out)
	})
	if err != nil {
		if at, ok := rightOffset(err); ok {
			return at, nil
		}
		return 0, err
	}
	at, err := strconv.ParseInt(out.Start, 10, 64)
	if err != nil {
		return 0, unclear("a piece was answered without a place", false)
	}
	return at, nil
}

// sendReel sends the rest of a reel in one request; a line that breaks leaves what has arrived, which is asked for first.
func (f *Adapter) sendReel(ctx context.Context, a channel.Account, t *filmToken) error {
	st, err := f.filmStatus(ctx, a, t.Video)
	if err != nil {
		return err
	}
	if t.At = st.Uploading.Bytes; t.At >= t.Bytes {
		return nil
	}
	src, err := f.film(ctx, t.Film, t.At)
	if err != nil {
		return err
	}
	defer src.Close()
	err = f.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		if err := f.leave(ctx, a.ExternalID); err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Upload, io.LimitReader(src, t.Bytes-t.At))
		if err != nil {
			return err
		}
		req.ContentLength = t.Bytes - t.At
		req.Header.Set("Authorization", "OAuth "+access)
		req.Header.Set("Content-Type", "application/octet-stream")
		req.Header.Set("offset", strconv.FormatInt(t.At, 10))
		req.Header.Set("file_size", strconv.FormatInt(t.Bytes, 10))
		return f.send(ctx, req, a.ExternalID, nil)
	})
	if err == nil {
		t.At = t.Bytes
	}
	return err
}

// finishFilm puts the words beside a film whose bytes are all there, which publishes it.
func (f *Adapter) finishFilm(ctx context.Context, a channel.Account, t filmToken) (channel.Receipt, error) {
	path, args := "/videos", url.Values{"upload_phase": {"finish"}, "upload_session_id": {t.Session}, "title": {t.Title}, "description": {t.Text}}
	if t.Reel {
		path, args = "/video_reels", url.Values{"upload_phase": {"finish"}, "video_id": {t.Video}, "video_state": {"PUBLISHED"}, "title": {t.Title}, "description": {t.Text}}
	}
	if err := f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+path, args, nil); err != nil {
		return channel.Receipt{}, sure(err) // whether it took effect is asked before the next try
	}
	t.Done, t.Since = true, f.cfg.Clock.Now().Unix()
	return t.receipt(), nil
}

type filmStatus struct {
	State     string `json:"video_status"` // ready, processing, upload_complete, uploading, error
	Uploading struct {
		Bytes int64 `json:"bytes_transferred"`
	} `json:"uploading_phase"`
	Publishing struct {
		Status string `json:"status"`
	} `json:"publishing_phase"`
	post, link string
}

func (s filmStatus) published() bool { return s.Publishing.Status == "complete" || s.State == "ready" }

func (f *Adapter) filmStatus(ctx context.Context, a channel.Account, id string) (filmStatus, error) {
	var out struct {
		Status filmStatus `json:"status"`
		Post   string     `json:"post_id"`
		Link   string     `json:"permalink_url"`
	}
	err := f.call(ctx, a, http.MethodGet, "/"+id, url.Values{"fields": {"status,post_id,permalink_url"}}, &out)
	out.Status.post, out.Status.link = out.Post, out.Link
	return out.Status, err
}

// filmStands tells whether the public sees a finished film.
func (f *Adapter) filmStands(ctx context.Context, a channel.Account, t filmToken, st filmStatus) (channel.Receipt, error) {
	age := f.cfg.Clock.Now().Sub(time.Unix(t.Since, 0))
	switch {
	case st.State == "error":
		return channel.Receipt{}, stop("film", "Facebook could not process the film", "channel.facebook.film_refused")
	case st.State == "ready":
		id := st.post
		if id == "" {
			id = t.Video
		}
		return channel.Receipt{State: channel.ReceiptPublished, ExternalID: id, Link: f.permalink(ctx, a, id)}, nil
	case age > filmMost:
		return channel.Receipt{}, stop("film", "Facebook has been processing for six hours", "channel.facebook.film_stuck")
	case age < filmEager:
		return t.receipt(), nil
	}
	if !t.Done {
		return t.receipt(), nil
	}
	return channel.Receipt{}, &channel.Error{Kind: channel.Facebook, Code: "processing", Message: "Facebook is still processing", Advice: channel.AdviceLater, Key: "channel.facebook.film_processing", Wait: filmPause}
}

// HideComment implements channel.Hider: a hidden comment is seen by its author and the author's friends only.
func (f *Adapter) HideComment(ctx context.Context, a channel.Account, commentID string, hidden bool) error {
	return f.call(ctx, a, http.MethodPost, "/"+commentID, url.Values{"is_hidden": {strconv.FormatBool(hidden)}}, nil)
}
