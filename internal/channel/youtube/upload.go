package youtube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// tagOf is the mark by which we know our own film again after a crash.
func tagOf(id string) string { return "nhipcau-" + id }

// insertBody is what the API wants to know of a film.
type insertBody struct {
	ID      string     `json:"id,omitempty"`
	Snippet snippet    `json:"snippet"`
	Status  filmStatus `json:"status"`
}

type snippet struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Tags        []string `json:"tags,omitempty"`
	CategoryID  string   `json:"categoryId"`
	Language    string   `json:"defaultLanguage"`
}

type filmStatus struct {
	Privacy string `json:"privacyStatus"`
	Kids    bool   `json:"selfDeclaredMadeForKids"`
}

const newsCategory = "25" // News & Politics

func (y *Adapter) body(r uploadRow) insertBody {
	w := r.words()
	return insertBody{Snippet: snippet{Title: w.Title, Description: w.Text, Tags: []string{tagOf(r.ID)}, CategoryID: newsCategory, Language: "vi"},
		Status: filmStatus{Privacy: y.cfg.Privacy}}
}

// start opens an upload and writes its address down before a byte is sent, so that after a crash it goes on.
func (y *Adapter) start(ctx context.Context, a channel.Account, row *uploadRow) error {
	session := ""
	err := y.d.Keys.Use(ctx, a, func(ctx context.Context, access string) error {
		ctx, cancel := context.WithTimeout(ctx, y.cfg.Timeout)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, y.cfg.APIURL+"/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status", jsonBody(y.body(*row)))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+access)
		req.Header.Set("Content-Type", jsonType)
		req.Header.Set("X-Upload-Content-Length", strconv.FormatInt(row.Bytes, 10))
		req.Header.Set("X-Upload-Content-Type", row.words().MIME)
		resp, err := y.http.Do(req)
		if err != nil {
			return sure(lineTrouble(err, true)) // no byte of the film has gone: there is no film yet
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // an answer without its body still has its status
		if resp.StatusCode != http.StatusOK {
			return sure(y.refused(ctx, resp.StatusCode, raw, true))
		}
		session = resp.Header.Get("Location")
		if _, err := url.Parse(session); err != nil || session == "" {
			return unclear("the upload was opened without an address", false)
		}
		return nil
	})
	if err != nil {
		return err
	}
	row.Stored = 0
	if row.Session, err = y.d.Sealer.Seal([]byte(session), sessionPlace(row.ID)); err != nil {
		return err
	}
	return y.keep(ctx, row)
}

func (y *Adapter) keep(ctx context.Context, row *uploadRow) error {
	return y.d.DB.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx db.Tx) error { return y.store.keep(ctx, tx, row) })
}

// errLost means that YouTube does not know the upload any more.
var errLost = &channel.Error{Kind: channel.YouTube, Code: "session", Message: "the upload is not known any more", Advice: channel.AdviceRetry, Key: "channel.error.unreachable"}

// push sends pieces until the film is complete or the slice of time is over; it tells whether it is complete. The first
// question is always how much YouTube has: nothing is sent twice and nothing is left out.
func (y *Adapter) push(ctx context.Context, row *uploadRow) (complete bool, err error) {
	plain, err := y.d.Sealer.Open(row.Session, sessionPlace(row.ID))
	if err != nil {
		return false, fmt.Errorf("youtube: the address of upload %s cannot be unsealed: %w", row.ID, err)
	}
	session := string(plain)
	got, err := y.piece(ctx, session, nil, fmt.Sprintf("bytes */%d", row.Bytes))
	if err != nil || got.video != "" {
		return y.took(ctx, row, got, err)
	}
	film, err := y.d.Films.Film(ctx, row.VideoID)
	if err != nil {
		return false, err
	}
	defer film.Close()
	began := time.Now()
	buf := make([]byte, min(y.cfg.Chunk, row.Bytes))
	for at := got.stored; ; {
		if _, err := film.Seek(at, io.SeekStart); err != nil {
			return false, err
		}
		n, err := io.ReadFull(film, buf[:min(int64(len(buf)), row.Bytes-at)])
		if err != nil {
			return false, fmt.Errorf("youtube: film %s ends after %d of %d bytes: %w", row.VideoID, at+int64(n), row.Bytes, err)
		}
		got, err := y.piece(ctx, session, buf[:n], fmt.Sprintf("bytes %d-%d/%d", at, at+int64(n)-1, row.Bytes))
		if err != nil || got.video != "" {
			return y.took(ctx, row, got, err)
		}
		if got.stored <= at {
			return false, unclear("a piece was taken but not stored", false)
		}
		at = got.stored
		if time.Since(began) >= y.cfg.Slice || ctx.Err() != nil {
			row.Stored = at
			return false, y.keep(ctx, row)
		}
	}
}

// took writes down a complete film. Trouble after progress is no trouble: the next run asks how far it has come.
func (y *Adapter) took(ctx context.Context, row *uploadRow, got progress, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	row.State, row.ExternalID, row.SentAt, row.Session, row.Stored = sent, got.video, y.d.Clock.Now(), "", row.Bytes
	return true, y.keep(ctx, row)
}

// progress is what an answer to a piece says.
type progress struct {
	stored int64  // bytes that YouTube has
	video  string // id of the film once it is complete
}

// piece sends bytes (nil: only asks). YouTube answers 308 while bytes are missing; some of Google's own ways to speak put the
// 308 into a header of a 200 instead, and both are understood.
func (y *Adapter) piece(ctx context.Context, session string, b []byte, span string) (progress, error) {
	ctx, cancel := context.WithTimeout(ctx, y.cfg.Timeout+time.Duration(len(b)/(64<<10))*time.Second) // at least 64 KiB a second
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, session, bytes.NewReader(b))
	if err != nil {
		return progress{}, err
	}
	req.ContentLength = int64(len(b))
	req.Header.Set("Content-Range", span)
	resp, err := y.http.Do(req)
	if err != nil {
		return progress{}, lineTrouble(err, true)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return progress{}, unclear(err.Error(), true)
	}
	status := resp.StatusCode
	if over, err := strconv.Atoi(resp.Header.Get("X-Http-Status-Code-Override")); err == nil {
		status = over
	}
	switch status {
	case http.StatusPermanentRedirect: // 308, here "resume incomplete"
		return progress{stored: stored(resp.Header.Get("Range"))}, nil
	case http.StatusOK, http.StatusCreated:
		var film struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(raw, &film) != nil || film.ID == "" {
			return progress{}, unclear("a complete upload was answered without an id: "+head(raw), true)
		}
		return progress{video: film.ID}, nil
	case http.StatusNotFound, http.StatusGone:
		return progress{}, errLost
	}
	return progress{}, y.refused(ctx, status, raw, true)
}

// stored reads "bytes=0-N"; no header means that nothing is stored.
func stored(header string) int64 {
	_, last, ok := strings.Cut(header, "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n + 1
}
