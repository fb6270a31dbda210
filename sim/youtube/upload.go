package youtube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

const (
	maxFilm     = int64(256) << 30
	chunkUnit   = 256 << 10
	maxTitle    = 100
	maxDescribe = 5000 // bytes
	statusTwo   = 308  // Resume Incomplete
)

// upload serves everything under /upload/youtube/v3/videos: the start of a session, its chunks by PUT or POST, the question
// how far it has come, and uploads in one go.
func (s *Sim) upload(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Query().Get("uploadType")
	s.meter.Count(r.Method + " /upload/videos " + kind)
	s.meter.Take(0)
	if id := r.URL.Query().Get("upload_id"); id != "" {
		s.faults.Serve(w, r, system, s.sessionChannel(id), s.spoil, func(w http.ResponseWriter, r *http.Request) { s.chunk(w, r, id) })
		return
	}
	s.faults.Serve(w, r, system, s.target(r), s.spoil, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case kind == "resumable" && r.Method == http.MethodPost:
			s.startSession(w, r)
		case kind == "multipart" && r.Method == http.MethodPost:
			s.inOneGo(w, r, true)
		case (kind == "media" || kind == "") && r.Method == http.MethodPost:
			s.inOneGo(w, r, false)
		default:
			s.fail(w, badRequest("badRequest", "Unsupported uploadType"))
		}
	})
}

func (s *Sim) sessionChannel(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.sessions[id]; x != nil {
		return x.channel
	}
	return ""
}

// check finds what keeps a film from being taken.
func (b insertBody) check() *failure {
	switch {
	case b.Snippet.Title == "" || utf8.RuneCountInString(b.Snippet.Title) > maxTitle || strings.ContainsAny(b.Snippet.Title, "<>"):
		return badRequest("invalidTitle", "The request metadata specifies an invalid or empty video title.")
	case len(b.Snippet.Description) > maxDescribe || strings.ContainsAny(b.Snippet.Description, "<>"):
		return badRequest("invalidDescription", "The request metadata specifies an invalid video description.")
	case b.Snippet.CategoryID != "" && strings.Trim(b.Snippet.CategoryID, "0123456789") != "":
		return badRequest("invalidCategoryId", "The snippet.categoryId property specifies an invalid category ID.")
	case !slices.Contains([]string{"", "private", "unlisted", "public"}, b.Status.Privacy):
		return badRequest("invalidVideoMetadata", "The request metadata is invalid.")
	case !b.Status.PublishAt.IsZero() && b.Status.Privacy != "private":
		return badRequest("invalidPublishAt", "publishAt needs the privacy status private.")
	}
	return nil
}

// admit checks token, body and buckets for a film.
func (s *Sim) admit(w http.ResponseWriter, r *http.Request, b insertBody) (*channel, bool) {
	s.mu.Lock()
	c := &call{w: w, r: r, now: s.now()}
	bad := s.authenticate(c)
	if bad == nil {
		bad = s.spendUpload(c.channel) // what is refused afterwards is charged all the same
	}
	s.mu.Unlock()
	if bad == nil {
		bad = b.check()
	}
	if bad != nil {
		s.fail(w, bad)
		return nil, false
	}
	return c.channel, true
}

func (s *Sim) startSession(w http.ResponseWriter, r *http.Request) {
	var b insertBody
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&b); err != nil && !errors.Is(err, io.EOF) {
		s.fail(w, badRequest("parseError", "Parse Error"))
		return
	}
	total, kind := int64(-1), r.Header.Get("X-Upload-Content-Type")
	if given := r.Header.Get("X-Upload-Content-Length"); given != "" {
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil || n <= 0 || n > maxFilm {
			s.fail(w, badRequest("badContent", "X-Upload-Content-Length is invalid"))
			return
		}
		total = n
	}
	if kind != "" && !filmType(kind) {
		s.fail(w, badRequest("badContent", "Media type '"+kind+"' is not supported."))
		return
	}
	c, ok := s.admit(w, r, b)
	if !ok {
		return
	}
	id := "AJ" + simkit.RandomHex(40)
	s.mu.Lock()
	s.sessions[id] = &session{id: id, channel: c.ID, body: b, notify: r.URL.Query().Get("notifySubscribers") != "false", total: total, sum: sha256.New(), mime: kind}
	s.mu.Unlock()
	q := r.URL.Query()
	q.Set("upload_id", id)
	w.Header().Set("Location", s.cfg.BaseURL+"/upload/youtube/v3/videos?"+q.Encode())
	w.Header().Set("X-GUploader-UploadID", id)
	w.WriteHeader(http.StatusOK)
}

func filmType(kind string) bool {
	base, _, _ := mime.ParseMediaType(kind)
	return strings.HasPrefix(base, "video/") || base == "application/octet-stream"
}

// chunk takes bytes of a session, or answers how far it has come.
func (s *Sim) chunk(w http.ResponseWriter, r *http.Request, id string) {
	from, to, total, question, err := contentRange(r)
	if err != nil {
		s.fail(w, badRequest("badRequest", err.Error()))
		return
	}
	s.mu.Lock()
	x := s.sessions[id]
	if x == nil {
		s.mu.Unlock()
		s.fail(w, notFound("uploadNotFound"))
		return
	}
	if x.done != "" || question {
		s.mu.Unlock()
		s.progress(w, r, x)
		return
	}
	if total >= 0 {
		if x.total >= 0 && x.total != total || total < x.stored {
			s.mu.Unlock()
			s.fail(w, badRequest("badRequest", "The total size differs from the one announced."))
			return
		}
		x.total = total
	}
	s.mu.Unlock()
	body, rerr := io.ReadAll(r.Body) // what arrived of a broken body counts
	s.mu.Lock()
	bad := x.misfit(from, to, body, rerr == nil)
	if x.done == "" && bad == nil {
		s.store(x, from, to, body, rerr == nil)
	}
	s.mu.Unlock()
	if bad != nil {
		s.fail(w, bad)
		return
	}
	if rerr != nil {
		panic(http.ErrAbortHandler)
	}
	s.progress(w, r, x)
}

// misfit tells what is wrong with a chunk: more bytes than its range says, or, without a range, another film than announced.
func (x *session) misfit(from, to int64, body []byte, whole bool) *failure {
	n := int64(len(body))
	switch {
	case to >= 0 && n > to-from+1:
		return badRequest("badRequest", "The request body is longer than its Content-Range.")
	case to < 0 && x.total >= 0 && (n > x.total || whole && n < x.total):
		return badRequest("badRequest", "The size of the film differs from the one announced.")
	}
	return nil
}

// store keeps the bytes that follow what is stored. A chunk that is not the last counts in units of 256 KiB only.
func (s *Sim) store(x *session, from, to int64, body []byte, whole bool) {
	if from > x.stored || from+int64(len(body)) <= x.stored {
		return
	}
	fresh := body[x.stored-from:]
	end := x.stored + int64(len(fresh))
	last := whole && (x.total >= 0 && end >= x.total || to < 0)
	if !last {
		end -= end % chunkUnit
		fresh = fresh[:max(0, min(int64(len(fresh)), end-x.stored))]
	}
	x.sum.Write(fresh)
	x.stored += int64(len(fresh))
	if to < 0 && whole { // a body without a range is the whole rest
		x.total = x.stored
	}
	if x.total >= 0 && x.stored == x.total {
		x.done = s.finish(x.channel, x.body, x.stored, hex.EncodeToString(x.sum.Sum(nil)), x.mime).ID
	}
}

// contentRange reads "bytes a-b/total", "bytes a-b/*", "bytes */total"; without the header the body is the rest from zero.
func contentRange(r *http.Request) (from, to, total int64, question bool, err error) {
	wrong := errors.New("Failed to parse Content-Range header.")
	given := r.Header.Get("Content-Range")
	if given == "" {
		return 0, -1, -1, false, nil
	}
	span, all, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(given, "bytes")), "/")
	total = -1
	if ok && all != "*" {
		if total, err = strconv.ParseInt(all, 10, 64); err != nil || total < 0 || total > maxFilm {
			return 0, 0, 0, false, wrong
		}
	}
	if span == "*" {
		return 0, 0, total, true, nil
	}
	a, b, two := strings.Cut(span, "-")
	from, e1 := strconv.ParseInt(a, 10, 64)
	to, e2 := strconv.ParseInt(b, 10, 64)
	if !ok || !two || e1 != nil || e2 != nil || to < from || total >= 0 && to >= total {
		return 0, 0, 0, false, wrong
	}
	return from, to, total, false, nil
}

// progress answers with the film when it is complete and otherwise with how far it has come: 308, or, for a client that says
// that it does not understand 308, 200 with the true code beside it.
func (s *Sim) progress(w http.ResponseWriter, r *http.Request, x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.done != "" {
		simkit.WriteJSON(w, http.StatusOK, s.show(s.videos[x.done], "snippet,status"))
		return
	}
	if x.stored > 0 {
		w.Header().Set("Range", "bytes=0-"+strconv.FormatInt(x.stored-1, 10))
	}
	if strings.EqualFold(r.Header.Get("X-GUploader-No-308"), "yes") {
		w.Header().Set("X-Http-Status-Code-Override", strconv.Itoa(statusTwo))
		w.WriteHeader(http.StatusOK)
		return
	}
	w.WriteHeader(statusTwo)
}

// inOneGo takes a film with its words in one request (multipart), or without words (media).
func (s *Sim) inOneGo(w http.ResponseWriter, r *http.Request, parts bool) {
	var b insertBody
	var film io.Reader = r.Body
	kind := r.Header.Get("Content-Type")
	if parts {
		_, params, err := mime.ParseMediaType(kind)
		m := multipart.NewReader(r.Body, params["boundary"])
		var words, bytes *multipart.Part
		if err == nil {
			words, err = m.NextPart()
		}
		if err == nil {
			err = json.NewDecoder(words).Decode(&b)
		}
		if err == nil {
			bytes, err = m.NextPart()
		}
		if err != nil {
			s.fail(w, badRequest("mediaBodyRequired", "The request does not include the video content."))
			return
		}
		film, kind = bytes, bytes.Header.Get("Content-Type")
	} else {
		b.Snippet.Title = "unknown"
	}
	c, ok := s.admit(w, r, b)
	if !ok {
		return
	}
	sum := sha256.New()
	n, err := io.Copy(sum, film)
	if err != nil || n == 0 {
		s.fail(w, badRequest("mediaBodyRequired", "The request does not include the video content."))
		return
	}
	s.mu.Lock()
	v := s.finish(c.ID, b, n, hex.EncodeToString(sum.Sum(nil)), kind)
	out := s.show(v, "snippet,status")
	s.mu.Unlock()
	simkit.WriteJSON(w, http.StatusOK, out)
}

// finish makes the film of a complete upload.
func (s *Sim) finish(channelID string, b insertBody, size int64, sum, kind string) *Video {
	c := s.channels[channelID]
	v := &Video{ID: s.nextID("", 11), Channel: channelID, Bytes: size, SHA256: sum, MIME: kind, Created: s.now().Truncate(time.Second)}
	s.write(v, b)
	if v.Privacy == "" {
		v.Privacy = "public"
	}
	if s.cfg.Unaudited {
		v.Privacy, v.Locked = "private", true
	}
	if c.RejectNext != "" {
		v.Rejected, c.RejectNext = c.RejectNext, ""
		s.journal.Put("channel", c.ID, c)
	}
	s.keep(v)
	s.announce(v)
	return v
}

// write puts what a client says into a film.
func (s *Sim) write(v *Video, b insertBody) {
	v.Title, v.Description, v.Tags, v.Category, v.Language = b.Snippet.Title, b.Snippet.Description, b.Snippet.Tags, b.Snippet.CategoryID, b.Snippet.Language
	if v.Category == "" {
		v.Category = "22"
	}
	if b.Status.Privacy != "" && !v.Locked {
		v.Privacy = b.Status.Privacy
	}
	v.PublishAt, v.Kids = b.Status.PublishAt, b.Status.Kids
}

// keep stores a film, a new one at the end of the list.
func (s *Sim) keep(v *Video) {
	if s.videos[v.ID] == nil {
		s.made = append(s.made, v.ID)
	}
	s.videos[v.ID] = v
	s.journal.Put("video", v.ID, v)
}
