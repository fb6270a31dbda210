package zalo

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

const (
	maxImage         = 1 << 20
	maxGIF           = 5 << 20
	maxFile          = 5 << 20
	maxVideo         = 50 << 20
	uploadsPerMonth  = 5000
	videoConvertTime = 2 * time.Second
)

func (s *Sim) routesUpload(mux *http.ServeMux) {
	s.api(mux, "POST /v2.0/oa/upload/image", gatePackage, s.uploader("image", maxImage, ".jpg", ".jpeg", ".png"))
	s.api(mux, "POST /v2.0/oa/upload/gif", gatePackage, s.uploader("gif", maxGIF, ".gif"))
	s.api(mux, "POST /v2.0/oa/upload/file", gatePackage, s.uploader("file", maxFile, ".pdf", ".doc", ".docx", ".csv"))
	s.api(mux, "POST /v2.0/article/upload_video/preparevideo", gatePackage, s.uploader("video", maxVideo, ".mp4", ".avi"))
	s.api(mux, "GET /v2.0/article/upload_video/verify", gatePackage, s.videoVerify)
	mux.HandleFunc("GET /media/{id}", s.media)
	mux.HandleFunc("GET /face/{id}", face)
	mux.HandleFunc("GET /avatar/{id}", s.avatar)
}

// uploader takes the multipart field "file" whose name must carry one of the extensions.
func (s *Sim) uploader(kind string, limit int64, extensions ...string) func(*call) reply {
	return func(c *call) reply {
		file, head, err := c.r.FormFile("file")
		if err != nil {
			return badParam("file")
		}
		defer file.Close()
		if !slices.Contains(extensions, strings.ToLower(filepath.Ext(head.Filename))) {
			return refuse(codeParam, "file extension is not supported")
		}
		if head.Size > limit {
			return refuse(codeLimit, "file size exceeds the limit")
		}
		data, err := io.ReadAll(file)
		if err != nil || len(data) == 0 {
			return badParam("file")
		}
		mime := http.DetectContentType(data)
		if (kind == "image" && mime != "image/jpeg" && mime != "image/png") || (kind == "gif" && mime != "image/gif") {
			return refuse(codeParam, "file content is not supported")
		}
		month := monthOf(c.now)
		if s.uploadN[month] >= uploadsPerMonth {
			return refuse(codeQuota, "Out of quota upload")
		}
		s.uploadN[month]++
		u := &upload{ID: simkit.RandomHex(24), OA: c.oa.ID, Kind: kind, Name: head.Filename, Mime: mime, Size: len(data), Data: data, Created: c.now}
		s.uploads[u.ID] = u
		s.journal.Put("upload", u.ID, u)
		if kind == "image" || kind == "gif" {
			return fine(map[string]string{"attachment_id": u.ID})
		}
		return fine(map[string]string{"token": u.ID})
	}
}

// attached finds a living upload of the OA: ids die after 7 days.
func (s *Sim) attached(c *call, id string, kinds ...string) (*upload, reply) {
	u := s.uploads[id]
	if u == nil || u.OA != c.oa.ID || !slices.Contains(kinds, u.Kind) || c.now.Sub(u.Created) > uploadLife {
		return nil, refuse(codeAttachment, "attachment_id is expired or invalid")
	}
	return u, reply{}
}

func (s *Sim) videoVerify(c *call) reply {
	id := c.r.Header.Get("token")
	if id == "" {
		id = c.r.URL.Query().Get("token")
	}
	u, bad := s.attached(c, id, "video")
	if bad.code != 0 {
		return bad
	}
	type state struct {
		Status  int    `json:"status"`
		Message string `json:"status_message"`
		Percent int    `json:"convert_percent"`
		Code    int    `json:"convert_error_code"`
		VideoID string `json:"video_id,omitempty"`
	}
	if c.now.Sub(u.Created) < min(videoConvertTime, s.cfg.ArticleDelay) {
		return fine(state{Status: 3, Message: "Video is converting", Percent: 50})
	}
	return fine(state{Status: 1, Message: "Video is ready", Percent: 100, VideoID: u.ID})
}

// media shows an uploaded file to whoever has its address, as the platform's picture hosts do.
func (s *Sim) media(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u := s.uploads[r.PathValue("id")]
	s.mu.Unlock()
	if u == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", u.Mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !strings.HasPrefix(u.Mime, "image/") {
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Write(u.Data)
}

// face draws a plain picture for a person: the real platform has photos, the simulated one has no faces.
func face(w http.ResponseWriter, r *http.Request) {
	hue := 0
	for _, b := range []byte(r.PathValue("id")) {
		hue = (hue*31 + int(b)) % 360
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" fill="hsl(%d 45%% 45%%)"/><circle cx="20" cy="15" r="7" fill="#fff"/><path d="M6 38a14 13 0 0 1 28 0z" fill="#fff"/></svg>`, hue)
}
