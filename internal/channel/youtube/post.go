package youtube

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// describe gives the words under a film: lead, text and the address of the article, within YouTube's 5,000 bytes. It knows no
// angle brackets.
func describe(c channel.Content) string {
	var parts []string
	for _, p := range []string{c.Lead, c.Text} {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	text := strings.Join(parts, "\n\n")
	end := ""
	if c.Link != "" {
		end = "\n\n" + c.Link
	}
	text = plain(text)
	for len(text)+len(end) > maxDescribe {
		text = strings.TrimSpace(text[:lastRune(text, maxDescribe-len(end)-len("…"))]) + "…"
	}
	return strings.TrimSpace(text + end)
}

// lastRune is the greatest place not after n at which a letter begins.
func lastRune(s string, n int) int {
	n = min(n, len(s))
	for n > 0 && n < len(s) && s[n]&0xC0 == 0x80 {
		n--
	}
	return n
}

func plain(s string) string { return strings.NewReplacer("<", "‹", ">", "›").Replace(s) }

// Publish implements channel.Channel. It takes a place in the day's bucket and opens the upload; the pieces are sent by
// Confirm, run after run, so that no run takes long.
func (y *Adapter) Publish(ctx context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	if c.Video == nil {
		return channel.Receipt{}, stop("no_film", "the post carries no film", "channel.youtube.no_film")
	}
	title := plain(strings.TrimSpace(c.Title))
	if title == "" || channel.Length(title) > maxTitle {
		return channel.Receipt{}, stop("title", "the title is empty or over 100 characters", "channel.youtube.title")
	}
	row, found, err := y.store.upload(ctx, y.d.DB.Read(), c.Mark)
	if err != nil {
		return channel.Receipt{}, err
	}
	if !found {
		w := words{Title: title, Text: describe(c), MIME: c.Video.MIME, Captions: c.Video.Captions, Vertical: c.Video.Vertical()}
		if p := still(c); p != nil {
			w.Still = p.URL
		}
		b, _ := json.Marshal(w) // plain fields cannot fail
		row = uploadRow{ID: c.Mark, AccountID: a.ID, UnitID: a.UnitID, Title: title, VideoID: c.Video.ID, Bytes: c.Video.Bytes, Words: string(b), State: waiting, AskedAt: y.d.Clock.Now()}
		err := y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx)
			return err
		})
		if err != nil {
			return channel.Receipt{}, err
		}
	}
	if row.State == dropped { // taken down or refused before: a person has said "again"
		row.State, row.ExternalID, row.Dressed, row.Session = waiting, "", false, ""
		if err := y.keep(ctx, &row); err != nil {
			return channel.Receipt{}, err
		}
	}
	return y.advance(ctx, a, &row)
}

// still is the picture that a film is shown by: its own, or the cover of the post.
func still(c channel.Content) *channel.Picture {
	if c.Video.Poster != nil {
		return c.Video.Poster
	}
	return c.Cover
}

// Confirm implements channel.Channel: it takes the film one step further.
func (y *Adapter) Confirm(ctx context.Context, a channel.Account, r channel.Receipt) (channel.Receipt, error) {
	row, found, err := y.store.upload(ctx, y.d.DB.Read(), r.Token)
	if err != nil {
		return channel.Receipt{}, err
	}
	if !found {
		return channel.Receipt{}, stop("upload", "the upload is not known", "channel.youtube.gone")
	}
	return y.advance(ctx, a, &row)
}

// advance does the next step of a film: a place, the upload, the pieces, still and words, the wait for YouTube.
func (y *Adapter) advance(ctx context.Context, a channel.Account, row *uploadRow) (channel.Receipt, error) {
	under := channel.Receipt{State: channel.ReceiptProcessing, Token: row.ID, Link: ""}
	switch row.State {
	case waiting:
		if err := y.take(ctx, row); err != nil {
			return channel.Receipt{}, err
		}
		fallthrough
	case sending:
		if row.Session == "" {
			return under, y.start(ctx, a, row)
		}
		complete, err := y.push(ctx, row)
		if err == errLost { //nolint:errorlint // our own value
			return under, y.lost(ctx, a, row)
		}
		if err != nil || !complete {
			return under, sure(err) // the film can be complete without our knowing, and the next run finds that out
		}
		return under, nil
	case sent:
		return y.processed(ctx, a, row)
	}
	return y.receipt(*row), nil
}

// lost looks for the film of an upload that YouTube has forgotten: it may have been complete. If there is none, the film
// waits for another place.
func (y *Adapter) lost(ctx context.Context, a channel.Account, row *uploadRow) error {
	id, err := y.findTag(ctx, a, tagOf(row.ID))
	if err != nil {
		return sure(err)
	}
	row.Session = ""
	if id != "" {
		row.State, row.ExternalID, row.SentAt = sent, id, y.d.Clock.Now()
	} else {
		row.State, row.Stored = waiting, 0
	}
	return y.keep(ctx, row)
}

// receipt is what stands.
func (y *Adapter) receipt(row uploadRow) channel.Receipt {
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: row.ExternalID, Link: y.cfg.WatchURL + row.ExternalID}
}

type videoItem struct {
	ID      string  `json:"id"`
	Snippet snippet `json:"snippet"`
	Status  struct {
		Upload    string `json:"uploadStatus"`
		Failure   string `json:"failureReason"`
		Rejection string `json:"rejectionReason"`
		Privacy   string `json:"privacyStatus"`
	} `json:"status"`
}

func (y *Adapter) videos(ctx context.Context, a channel.Account, part string, ids ...string) ([]videoItem, error) {
	var out struct {
		Items []videoItem `json:"items"`
	}
	err := y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/videos", cost: 1, query: url.Values{"part": {part}, "id": {strings.Join(ids, ",")}}}, &out)
	return out.Items, err
}

const (
	eagerly    = time.Minute      // how long YouTube is asked at the kernel's own pace
	slowPause  = time.Minute      // then once in this time
	processMax = 12 * time.Hour   // then a person is asked
	retryLook  = 30 * time.Minute // a locked film is looked at again when a person says so, not before
)

// processed dresses a film that has arrived and tells whether the public can see it.
func (y *Adapter) processed(ctx context.Context, a channel.Account, row *uploadRow) (channel.Receipt, error) {
	if !row.Dressed {
		if err := y.dress(ctx, a, row); err != nil {
			return channel.Receipt{}, sure(err)
		}
	}
	list, err := y.videos(ctx, a, "status,processingDetails", row.ExternalID)
	if err != nil {
		return channel.Receipt{}, err
	}
	if len(list) == 0 {
		return channel.Receipt{}, y.drop(ctx, row, stop("videoNotFound", "the film has vanished", "channel.youtube.vanished"))
	}
	st := list[0].Status
	switch st.Upload {
	case "processed":
		if st.Privacy == "private" && y.cfg.Privacy != "private" { // the project has not passed Google's audit, or somebody hid it
			return channel.Receipt{}, &channel.Error{Kind: channel.YouTube, Code: "locked", Message: "the film is locked as private", Advice: channel.AdviceStop, Key: "channel.youtube.locked", Wait: retryLook}
		}
		row.State, row.DoneAt = done, y.d.Clock.Now()
		return y.receipt(*row), y.keep(ctx, row)
	case "rejected", "failed", "deleted":
		reason := st.Rejection
		if reason == "" {
			reason = st.Failure
		}
		return channel.Receipt{}, y.drop(ctx, row, stop(st.Upload, reason, rejectedKey(reason)))
	}
	switch age := y.d.Clock.Now().Sub(row.SentAt); {
	case age < eagerly:
		return channel.Receipt{State: channel.ReceiptProcessing, Token: row.ID}, nil
	case age > processMax:
		return channel.Receipt{}, stop("processing", "YouTube has been processing for twelve hours", "channel.youtube.stuck")
	}
	return channel.Receipt{}, &channel.Error{Kind: channel.YouTube, Code: "processing", Message: "YouTube is still processing", Advice: channel.AdviceLater, Key: "channel.youtube.processing", Wait: slowPause}
}

// drop notes that nothing stands and gives the error that says why.
func (y *Adapter) drop(ctx context.Context, row *uploadRow, why error) error {
	row.State, row.DoneAt = dropped, y.d.Clock.Now()
	if err := y.keep(ctx, row); err != nil {
		return err
	}
	return why
}

// dress puts the still and the spoken words beside a film. What YouTube does not want of them is left out: the film matters.
func (y *Adapter) dress(ctx context.Context, a channel.Account, row *uploadRow) error {
	w := row.words()
	if w.Still != "" && y.d.Stills != nil {
		if err := y.thumbnail(ctx, a, row.ExternalID, w.Still); err != nil && passing(err) {
			return err
		} else if err != nil {
			y.log.WarnContext(ctx, "YouTube did not take the still", "upload", row.ID, "err", err)
		}
	}
	if w.Captions != "" {
		if err := y.captions(ctx, a, row.ExternalID, w.Captions); err != nil && passing(err) {
			return err
		} else if err != nil && !isCode(err, "captionExists") {
			y.log.WarnContext(ctx, "YouTube did not take the spoken words", "upload", row.ID, "err", err)
		}
	}
	row.Dressed = true
	return y.keep(ctx, row)
}

func passing(err error) bool {
	e, ok := err.(*channel.Error) //nolint:errorlint // comes straight from call
	return ok && (e.Advice == channel.AdviceRetry || e.Advice == channel.AdviceLater || e.Advice == channel.AdviceReauth)
}

const maxThumb = 2 << 20

func (y *Adapter) thumbnail(ctx context.Context, a channel.Account, video, address string) error {
	b, err := y.d.Stills(ctx, address)
	if err != nil {
		return err
	}
	if len(b) > maxThumb {
		return stop("thumbnail", "the still is over 2 MB", "channel.youtube.bad_words")
	}
	return y.call(ctx, a, request{method: http.MethodPost, path: "/upload/youtube/v3/thumbnails/set", query: url.Values{"videoId": {video}}, body: bytes.NewReader(b),
		kind: http.DetectContentType(b), cost: 50}, nil)
}

func (y *Adapter) captions(ctx context.Context, a channel.Account, video, text string) error {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part := func(kind string, body []byte) {
		w, _ := m.CreatePart(textproto.MIMEHeader{"Content-Type": {kind}}) // writes to memory, which cannot fail
		_, _ = w.Write(body)
	}
	meta, _ := json.Marshal(map[string]any{"snippet": map[string]string{"videoId": video, "language": "vi", "name": ""}})
	part(jsonType, meta)
	part("application/octet-stream", []byte(text))
	_ = m.Close()
	return y.call(ctx, a, request{method: http.MethodPost, path: "/upload/youtube/v3/captions", query: url.Values{"uploadType": {"multipart"}, "part": {"snippet"}}, body: &b,
		kind: "multipart/related; boundary=" + m.Boundary(), cost: 400}, nil)
}

// findTag looks among the newest films of a channel for the one with our tag.
func (y *Adapter) findTag(ctx context.Context, a channel.Account, tag string) (string, error) {
	about, err := y.about(ctx, a)
	if err != nil {
		return "", err
	}
	var out struct {
		Items []struct {
			Details struct {
				VideoID string `json:"videoId"`
			} `json:"contentDetails"`
		} `json:"items"`
	}
	err = y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/playlistItems", cost: 1,
		query: url.Values{"part": {"contentDetails"}, "playlistId": {about.Details.Lists.Uploads}, "maxResults": {"50"}}}, &out)
	if err != nil || len(out.Items) == 0 {
		return "", err
	}
	var ids []string
	for _, i := range out.Items {
		ids = append(ids, i.Details.VideoID)
	}
	list, err := y.videos(ctx, a, "snippet,status", ids...)
	for _, v := range list {
		if slices.Contains(v.Snippet.Tags, tag) {
			return v.ID, nil
		}
	}
	return "", err
}

// Find implements channel.Finder.
func (y *Adapter) Find(ctx context.Context, a channel.Account, c channel.Content, _ channel.Receipt) (channel.Receipt, error) {
	row, found, err := y.store.upload(ctx, y.d.DB.Read(), c.Mark)
	if err != nil || (found && row.ExternalID != "" && row.State != dropped) {
		return y.receipt(row), err
	}
	id, err := y.findTag(ctx, a, tagOf(c.Mark))
	if err != nil || id == "" {
		return channel.Receipt{}, sure(err)
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: id, Link: y.cfg.WatchURL + id}, nil
}

// Update implements channel.Channel: the words beside a film change, its pictures in motion never do.
func (y *Adapter) Update(ctx context.Context, a channel.Account, r channel.Receipt, c channel.Content) (channel.Receipt, error) {
	row, found, err := y.store.uploadByExternal(ctx, y.d.DB.Read(), r.ExternalID)
	if err != nil {
		return channel.Receipt{}, err
	}
	title := plain(strings.TrimSpace(c.Title))
	switch {
	case c.Video == nil || found && c.Video.ID != row.VideoID:
		return channel.Receipt{}, stop("other_film", "a film cannot be exchanged", "channel.youtube.other_film")
	case title == "" || channel.Length(title) > maxTitle:
		return channel.Receipt{}, stop("title", "the title is empty or over 100 characters", "channel.youtube.title")
	}
	tag := tagOf(c.Mark)
	if found {
		tag = tagOf(row.ID)
	}
	b := insertBody{ID: r.ExternalID, Snippet: snippet{Title: title, Description: describe(c), Tags: []string{tag}, CategoryID: newsCategory, Language: "vi"}, Status: filmStatus{Privacy: y.cfg.Privacy}}
	err = y.call(ctx, a, request{method: http.MethodPut, path: "/youtube/v3/videos", query: url.Values{"part": {"snippet,status"}}, body: jsonBody(b), kind: jsonType, cost: 50}, nil)
	if err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: r.ExternalID, Link: y.cfg.WatchURL + r.ExternalID}, nil
}

// Retract implements channel.Channel.
func (y *Adapter) Retract(ctx context.Context, a channel.Account, r channel.Receipt) error {
	err := y.call(ctx, a, request{method: http.MethodDelete, path: "/youtube/v3/videos", query: url.Values{"id": {r.ExternalID}}, cost: 50}, nil)
	if err != nil && !isCode(err, "videoNotFound") {
		return err
	}
	row, found, err := y.store.uploadByExternal(ctx, y.d.DB.Read(), r.ExternalID)
	if err != nil || !found || row.State == dropped {
		return err
	}
	row.State, row.DoneAt = dropped, y.d.Clock.Now()
	return y.keep(ctx, &row)
}
