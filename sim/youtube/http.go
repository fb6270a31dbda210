package youtube

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// failure is an error of the API: its HTTP status and its reason.
type failure struct {
	status  int
	reason  string
	message string
}

func refuse(status int, reason, message string) *failure { return &failure{status, reason, message} }

func badRequest(reason, message string) *failure {
	return refuse(http.StatusBadRequest, reason, message)
}

func notFound(reason string) *failure {
	return refuse(http.StatusNotFound, reason, "The thing you asked for cannot be found.")
}

func (s *Sim) fail(w http.ResponseWriter, f *failure) {
	s.meter.Count("error " + f.reason)
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
	}
	domain := "youtube.video"
	switch f.reason {
	case "quotaExceeded":
		domain = "youtube.quota"
	case "rateLimitExceeded":
		domain = "usageLimits"
	case "authError", "backendError":
		domain = "global"
	}
	simkit.WriteJSON(w, f.status, map[string]any{"error": map[string]any{"code": f.status, "message": f.message,
		"errors": []map[string]string{{"message": f.message, "domain": domain, "reason": f.reason}}}})
}

// Handler serves the whole platform.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/o/oauth2/v2/auth", s.consent)
	mux.HandleFunc("POST /token", s.tokenEndpoint)
	mux.HandleFunc("POST /subscribe", s.subscribe)
	mux.HandleFunc("GET /xml/feeds/videos.xml", s.feed)
	mux.HandleFunc("GET /thumb/{id}", s.thumb)
	mux.HandleFunc("GET /avatar/{id}", s.avatar)
	api := func(pattern string, cost int, fn func(*call) (any, *failure)) {
		mux.HandleFunc(pattern, s.api(cost, fn))
	}
	api("GET /youtube/v3/channels", 1, s.listChannels)
	api("GET /youtube/v3/videos", 1, s.listVideos)
	api("PUT /youtube/v3/videos", 50, s.updateVideo)
	api("DELETE /youtube/v3/videos", 50, s.deleteVideo)
	api("GET /youtube/v3/playlistItems", 1, s.listUploads)
	api("GET /youtube/v3/captions", 50, s.listCaptions)
	api("GET /youtube/v3/commentThreads", 1, s.listThreads)
	api("POST /youtube/v3/commentThreads", 50, s.insertThread)
	api("GET /youtube/v3/comments", 1, s.listComments)
	api("POST /youtube/v3/comments", 50, s.insertComment)
	api("DELETE /youtube/v3/comments", 50, s.deleteComment)
	api("POST /youtube/v3/comments/setModerationStatus", 50, s.moderate)
	api("POST /upload/youtube/v3/thumbnails/set", 50, s.setThumb)
	api("POST /upload/youtube/v3/captions", 400, s.insertCaption)
	mux.HandleFunc("POST /upload/youtube/v3/videos", s.upload)
	mux.HandleFunc("PUT /upload/youtube/v3/videos", s.upload)
	return mux
}

// call is one request whose token was understood. Functions that serve it run under the lock.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	channel *channel
	now     time.Time
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) json(v any) *failure {
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 4<<20)).Decode(v); err != nil {
		return badRequest("parseError", "Parse Error")
	}
	return nil
}

// api counts the call, lets faults act, checks the token, spends the units and serves it.
func (s *Sim) api(cost int, fn func(*call) (any, *failure)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.meter.Count(r.Method + " " + r.URL.Path)
		s.meter.Take(0)
		target := s.target(r)
		s.faults.Serve(w, r, system, target, s.spoil, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			c := &call{w: w, r: r, now: s.now()}
			bad := s.authenticate(c)
			if bad == nil {
				bad = s.spend(cost)
			}
			var out any
			if bad == nil {
				out, bad = fn(c)
			}
			s.mu.Unlock()
			switch {
			case bad != nil:
				s.fail(w, bad)
			case out == nil:
				w.WriteHeader(http.StatusNoContent)
			default:
				simkit.WriteJSON(w, http.StatusOK, out)
			}
		})
	}
}

func (s *Sim) spoil(w http.ResponseWriter, f simkit.Fault) {
	reason := f.Message
	if reason == "" {
		reason = "backendError"
	}
	s.fail(w, refuse(f.Code, reason, "The request cannot be completed: "+reason))
}

func bearer(r *http.Request) string {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return value
}

// target is the channel that a request speaks for, for faults.
func (s *Sim) target(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[bearer(r)]; t != nil {
		return t.Channel
	}
	return ""
}

func (s *Sim) authenticate(c *call) *failure {
	t := s.tokens[bearer(c.r)]
	if t == nil || t.Refresh || t.Dead || c.now.After(t.Expires) {
		return refuse(http.StatusUnauthorized, "authError", "Invalid Credentials")
	}
	if c.channel = s.channels[t.Channel]; c.channel == nil {
		return refuse(http.StatusUnauthorized, "youtubeSignupRequired", "The account has no channel.")
	}
	if c.channel.Suspended {
		return refuse(http.StatusForbidden, "authenticatedUserAccountSuspended", "The account of the authenticated user is suspended.")
	}
	return nil
}

// today gives the bucket of the day in California, a fresh one after midnight there.
func (s *Sim) today() *day {
	if d := s.now().In(s.pacific).Format("2006-01-02"); s.day.Day != d {
		s.day = day{Day: d}
	}
	return &s.day
}

// spend takes quota units. The platform charges calls that fail too.
func (s *Sim) spend(units int) *failure {
	d := s.today()
	if d.Units+units > s.cfg.Units {
		return refuse(http.StatusForbidden, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
	}
	d.Units += units
	s.journal.Put("day", "", s.day)
	return nil
}

// spendUpload takes one film out of the project's bucket and out of the channel's own.
func (s *Sim) spendUpload(c *channel) *failure {
	d := s.today()
	if d.Uploads >= s.cfg.Uploads {
		return refuse(http.StatusTooManyRequests, "rateLimitExceeded", "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day'.")
	}
	if c.DailyLimit > 0 {
		n := 0
		for _, id := range s.made {
			if v := s.videos[id]; v.Channel == c.ID && s.now().Sub(v.Created) < 24*time.Hour {
				n++
			}
		}
		if n >= c.DailyLimit {
			return badRequest("uploadLimitExceeded", "The user has exceeded the number of videos they may upload.")
		}
	}
	d.Uploads++
	s.journal.Put("day", "", s.day)
	return nil
}
