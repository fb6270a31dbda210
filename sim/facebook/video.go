package facebook

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Video is a film of a Page, on its way or finished. The bytes are not kept, their fingerprint is.
type Video struct {
	ID       string    `json:"id"`
	Page     string    `json:"page"`
	Reel     bool      `json:"reel,omitempty"`
	Session  string    `json:"session,omitempty"`
	Size     int64     `json:"size"`
	Stored   int64     `json:"stored"`
	SHA256   string    `json:"sha256,omitempty"`
	Post     string    `json:"post,omitempty"` // once it is finished
	Finished time.Time `json:"finished,omitzero"`
	Bad      bool      `json:"bad,omitempty"` // cannot be processed
	sum      hash.Hash
}

const (
	reelsADay   = 30
	wrongOffset = 1363037
)

// Videos lists the films of a Page that were finished, in no order.
func (s *Sim) Videos(page string) []Video {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Video
	for _, v := range s.videos {
		if v.Page == page && v.Post != "" {
			out = append(out, *v)
		}
	}
	return out
}

func (s *Sim) newVideo(a *account, reel bool, size int64) *Video {
	v := &Video{ID: simkit.StableID("video", simkit.RandomHex(8)), Page: a.ID, Reel: reel, Session: simkit.StableID("session", simkit.RandomHex(8)), Size: size, sum: sha256.New()}
	s.videos[v.ID] = v
	return v
}

// videos serves POST /{page}/videos: the three phases of a film in pieces, or one in one go.
func (s *Sim) uploadVideo(c *call, a *account) (any, *failure) {
	switch c.args.Get("upload_phase") {
	case "start":
		size, err := strconv.ParseInt(c.args.Get("file_size"), 10, 64)
		if err != nil || size <= 0 {
			return nil, badParam("(#100) Param file_size must be a positive number")
		}
		v := s.newVideo(a, false, size)
		return map[string]string{"video_id": v.ID, "upload_session_id": v.Session, "start_offset": "0", "end_offset": strconv.FormatInt(min(size, 4<<20), 10)}, nil
	case "transfer":
		v := s.videoOf(a, c.args.Get("upload_session_id"))
		if v == nil || v.Post != "" {
			return nil, fail(6000, 1363041, "There was a problem uploading your video file. Please try again with another file.")
		}
		from, err := strconv.ParseInt(c.args.Get("start_offset"), 10, 64)
		if err != nil || from != v.Stored || len(c.file) == 0 || v.Stored+int64(len(c.file)) > v.Size {
			return nil, &failure{code: 6001, subcode: wrongOffset, message: "There was a problem uploading your video. Please try uploading it again.", start: strconv.FormatInt(v.Stored, 10)}
		}
		v.sum.Write(c.file)
		v.Stored += int64(len(c.file))
		return map[string]string{"start_offset": strconv.FormatInt(v.Stored, 10), "end_offset": strconv.FormatInt(min(v.Size, v.Stored+4<<20), 10)}, nil
	case "finish":
		v := s.videoOf(a, c.args.Get("upload_session_id"))
		if v == nil || v.Stored != v.Size {
			return nil, fail(6000, 1363041, "There was a problem uploading your video file. Please try again with another file.")
		}
		return s.finishVideo(c, a, v)
	case "":
		if c.file == nil {
			return nil, badParam("(#100) No video file was selected")
		}
		v := s.newVideo(a, false, int64(len(c.file)))
		v.sum.Write(c.file)
		v.Stored = v.Size
		out, bad := s.finishVideo(c, a, v)
		if bad != nil {
			return nil, bad
		}
		_ = out
		return map[string]string{"id": v.ID}, nil
	}
	return nil, badParam("(#100) Param upload_phase is invalid")
}

func (s *Sim) videoOf(a *account, session string) *Video {
	for _, v := range s.videos {
		if v.Page == a.ID && v.Session == session {
			return v
		}
	}
	return nil
}

// uploadReel serves POST /{page}/video_reels: start and finish; the bytes go to the address in between.
func (s *Sim) uploadReel(c *call, a *account) (any, *failure) {
	switch c.args.Get("upload_phase") {
	case "start":
		v := s.newVideo(a, true, 0)
		return map[string]string{"video_id": v.ID, "upload_url": s.cfg.BaseURL + "/video-upload/v26.0/" + v.ID}, nil
	case "finish":
		v := s.videos[c.args.Get("video_id")]
		if v == nil || v.Page != a.ID || v.Size == 0 || v.Stored != v.Size {
			return nil, fail(6000, 1363041, "There was a problem uploading your video file. Please try again with another file.")
		}
		if c.args.Get("video_state") != "PUBLISHED" {
			return map[string]bool{"success": true}, nil
		}
		day := 0
		for _, x := range s.videos {
			if x.Page == a.ID && x.Reel && c.now.Sub(x.Finished) < 24*time.Hour {
				day++
			}
		}
		if day >= reelsADay {
			return nil, &failure{code: 613, subcode: 1996, message: "(#613) Calls to this api have exceeded the rate limit.", wait: 60}
		}
		return s.finishVideo(c, a, v)
	}
	return nil, badParam("(#100) Param upload_phase is invalid")
}

// finishVideo publishes a film with its words. A second time is the same film.
func (s *Sim) finishVideo(c *call, a *account, v *Video) (any, *failure) {
	done := map[string]any{"success": true, "post_id": v.Post}
	if v.Post != "" {
		return done, nil
	}
	v.SHA256 = hex.EncodeToString(v.sum.Sum(nil))
	p, bad := s.newPost(c, a, c.args.Get("description"), nil, v.SHA256)
	if bad != nil {
		return nil, bad
	}
	p.Video, p.Reel = v.ID, v.Reel
	s.savePost(a, p)
	v.Post, v.Finished = p.ID, c.now
	s.journal.Put("video", v.ID, v)
	done["post_id"] = p.ID
	return done, nil
}

// routeVideo serves GET /{video}.
func (s *Sim) routeVideo(c *call, v *Video, edge string) (any, *failure) {
	a := s.pages[v.Page]
	if bad := c.may(a, "pages_read_engagement"); bad != nil {
		return nil, bad
	}
	if c.method != http.MethodGet || edge != "" {
		return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
	}
	phase := func(done bool) map[string]any {
		if done {
			return map[string]any{"status": "complete"}
		}
		return map[string]any{"status": "not_started"}
	}
	state := "uploading"
	switch {
	case v.Bad:
		state = "error"
	case v.Post != "" && c.now.Sub(v.Finished) >= s.cfg.Processing:
		state = "ready"
	case v.Post != "":
		state = "processing"
	case v.Size > 0 && v.Stored == v.Size:
		state = "upload_complete"
	}
	up := phase(v.Size > 0 && v.Stored == v.Size)
	up["bytes_transferred"] = v.Stored
	all := map[string]any{"id": v.ID, "post_id": v.Post, "length": 0, "status": map[string]any{"video_status": state, "uploading_phase": up,
		"processing_phase": phase(state == "ready"), "publishing_phase": phase(v.Post != "")}}
	if v.Post != "" {
		all["permalink_url"] = s.permalink(v.Post)
	}
	return pick(c.args.Get("fields"), all, "status"), nil
}

// receiveReel takes the bytes of a reel from an offset on. What has arrived of a broken body counts.
func (s *Sim) receiveReel(w http.ResponseWriter, r *http.Request, id string) {
	s.meter.Count("POST /video-upload")
	spoil := func(w http.ResponseWriter, f simkit.Fault) { s.answer(w, nil, fail(f.Code, f.Subcode, f.Message)) }
	s.faults.Serve(w, r, system, "", spoil, func(w http.ResponseWriter, r *http.Request) {
		_, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		offset, e1 := strconv.ParseInt(r.Header.Get("offset"), 10, 64)
		size, e2 := strconv.ParseInt(r.Header.Get("file_size"), 10, 64)
		body, rerr := io.ReadAll(r.Body)
		s.mu.Lock()
		v, t := s.videos[id], s.tokens[value]
		var bad *failure
		switch {
		case t == nil || t.Dead != 0:
			bad = fail(190, 0, "Invalid OAuth access token - Cannot parse access token")
		case v == nil || !v.Reel || v.Page != t.Page || v.Post != "":
			bad = missingObject(id)
		case e1 != nil || e2 != nil || offset != v.Stored || int64(len(body)) > size-offset || v.Size != 0 && size != v.Size:
			bad = badParam("(#100) The offset or file_size is wrong")
		default:
			v.Size = size
			v.sum.Write(body)
			v.Stored += int64(len(body))
		}
		s.mu.Unlock()
		if rerr != nil {
			panic(http.ErrAbortHandler)
		}
		s.answer(w, map[string]bool{"success": true}, bad)
	})
}
