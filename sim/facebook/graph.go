package facebook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// call is one Graph request after its parameters and token were understood. Functions that serve it run under the lock.
type call struct {
	method string
	path   []string // without version
	args   url.Values
	file   []byte // multipart "source"
	token  *token
	app    bool // the token is app-id|app-secret
	page   *account
	now    time.Time
}

// failure is a Graph error.
type failure struct {
	code, subcode  int
	message, title string
	start          string // where a film's next piece has to begin
	wait           int    // minutes until calls are allowed again, for throttles
}

func fail(code, subcode int, message string) *failure {
	return &failure{code: code, subcode: subcode, message: message}
}

// badParam is error 100.
func badParam(message string) *failure { return fail(100, 0, message) }

// missingObject is error 100/33: an id that does not exist or that this token may not see.
func missingObject(id string) *failure {
	return fail(100, 33, "Unsupported request. Object with ID '"+id+"' does not exist, cannot be loaded due to missing permissions, or does not support this operation")
}

// status is the HTTP status that goes with an error code.
func (f *failure) status() int {
	switch {
	case f.code == 1 || f.code == 2:
		return http.StatusInternalServerError
	case f.code == 4 || f.code == 17 || f.code == 32 || f.code == 613 || f.code >= 80000, f.code == 10, f.code == 368, f.code >= 200 && f.code < 300:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

var versionPath = regexp.MustCompile(`^/v\d+\.\d+(/|$)`)

// Handler serves the Graph API, the login dialog and the pictures.
func (s *Sim) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if at := versionPath.FindString(path); at != "" {
			path = "/" + strings.TrimPrefix(path[len(at):], "/")
		}
		switch {
		case path == "/dialog/oauth":
			s.dialog(w, r)
			return
		case strings.HasPrefix(path, "/video-upload/"):
			s.receiveReel(w, r, path[strings.LastIndex(path, "/")+1:])
			return
		case strings.HasPrefix(path, "/avatar/"):
			s.avatar(w, r, strings.TrimPrefix(path, "/avatar/"))
			return
		case strings.HasPrefix(path, "/picture/"):
			s.picture(w, r, strings.TrimPrefix(path, "/picture/"))
			return
		}
		s.graph(w, r, strings.Split(strings.Trim(path, "/"), "/"))
	})
}

const maxBody = 64 << 20

// graph counts the call, spends the budgets, lets faults act, and serves it.
func (s *Sim) graph(w http.ResponseWriter, r *http.Request, path []string) {
	name := r.Method + " /" + strings.Join(path[1:], "/")
	if len(path) > 1 {
		name = r.Method + " /{id}/" + strings.Join(path[1:], "/")
	} else if !isNumber(path[0]) {
		name = r.Method + " /" + path[0]
	} else {
		name = r.Method + " /{id}"
	}
	s.meter.Count(name)
	c := &call{method: r.Method, path: path}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = c.parse(r, body)
	}
	if err != nil {
		s.answer(w, nil, badParam("Invalid request: "+err.Error()))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(nil))
	s.mu.Lock()
	s.authenticate(c)
	target := ""
	if c.page != nil {
		target = c.page.ID
		c.page.hits++
	}
	limit := s.rate
	s.mu.Unlock()
	_, inBudget := s.meter.Take(limit)
	s.usage(w, c, limit)
	if !inBudget {
		s.answer(w, nil, &failure{code: 4, message: "(#4) Application request limit reached", wait: 1})
		return
	}
	spoil := func(w http.ResponseWriter, f simkit.Fault) { s.answer(w, nil, fail(f.Code, f.Subcode, f.Message)) }
	s.faults.Serve(w, r, system, target, spoil, func(w http.ResponseWriter, r *http.Request) {
		data, bad := s.serve(r, c)
		s.answer(w, data, bad)
	})
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789_") == "" }

// parse collects parameters from the query, a form, a multipart form or a JSON body. Nested JSON values stay as text.
func (c *call) parse(r *http.Request, body []byte) error {
	c.args = r.URL.Query()
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch kind {
	case "application/json":
		var fields map[string]json.RawMessage
		if len(bytes.TrimSpace(body)) == 0 {
			return nil
		}
		if err := json.Unmarshal(body, &fields); err != nil {
			return err
		}
		for k, raw := range fields {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			c.args.Set(k, text)
		}
	case "multipart/form-data":
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return err
		}
		for k, v := range r.MultipartForm.Value {
			c.args[k] = v
		}
		for _, files := range r.MultipartForm.File {
			f, err := files[0].Open()
			if err != nil {
				return err
			}
			defer f.Close()
			if c.file, err = io.ReadAll(f); err != nil {
				return err
			}
		}
	default:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		for k, v := range form {
			c.args[k] = v
		}
	}
	if head := r.Header.Get("Authorization"); c.args.Get("access_token") == "" && head != "" {
		_, value, _ := strings.Cut(head, " ")
		c.args.Set("access_token", value)
	}
	if m := c.args.Get("method"); m != "" && r.Method == http.MethodPost {
		c.method = strings.ToUpper(m)
	}
	return nil
}

// authenticate looks the token up; whether it is alive is checked when the call is served.
func (s *Sim) authenticate(c *call) {
	value := c.args.Get("access_token")
	c.now = s.now()
	c.app = value == s.cfg.AppID+"|"+s.cfg.AppSecret
	c.token = s.tokens[value]
	if c.token != nil && c.token.Kind == kindPage {
		c.page = s.pages[c.token.Page]
	}
}

// usage sets the headers that tell a client how much of its budgets is used, in per cent.
func (s *Sim) usage(w http.ResponseWriter, c *call, limit int) {
	share := func(used, of int) int {
		if of <= 0 {
			return 0
		}
		return min(100, used*100/of)
	}
	app := share(s.meter.Read(limit).LastMinute, limit)
	w.Header().Set("X-App-Usage", fmt.Sprintf(`{"call_count":%d,"total_time":%d,"total_cputime":%d}`, app, app/2, app/3))
	w.Header().Set("Facebook-Api-Version", "v26.0")
	if c.page == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, wait := c.page, 0
	if a.CallBudget > 0 {
		a.calls = slices.DeleteFunc(a.calls, func(t time.Time) bool { return c.now.Sub(t) >= 24*time.Hour })
		a.calls = append(a.calls, c.now)
		if len(a.calls) > a.CallBudget {
			wait = int(24*time.Hour-c.now.Sub(a.calls[0]))/int(time.Minute) + 1
		}
	}
	percent := share(len(a.calls), a.CallBudget)
	w.Header().Set("X-Page-Usage", fmt.Sprintf(`{"call_count":%d,"total_time":%d,"total_cputime":%d}`, percent, percent/2, percent/3))
	w.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(`{"%s":[{"type":"pages","call_count":%d,"total_cputime":%d,"total_time":%d,"estimated_time_to_regain_access":%d}]}`,
		a.ID, percent, percent/3, percent/2, wait))
}

func (s *Sim) answer(w http.ResponseWriter, data any, bad *failure) {
	w.Header().Set("X-Fb-Trace-Id", simkit.RandomHex(6))
	if bad == nil {
		simkit.WriteJSON(w, http.StatusOK, data)
		return
	}
	s.meter.Count("error " + strconv.Itoa(bad.code))
	e := map[string]any{"message": bad.message, "type": "OAuthException", "code": bad.code, "fbtrace_id": simkit.RandomHex(6)}
	if bad.subcode != 0 {
		e["error_subcode"] = bad.subcode
	}
	if bad.start != "" {
		e["error_data"] = map[string]string{"start_offset": bad.start, "end_offset": bad.start}
	}
	if bad.title != "" {
		e["error_user_title"], e["error_user_msg"] = bad.title, bad.message
	}
	if bad.code == 1 || bad.code == 2 {
		e["is_transient"] = true
	}
	simkit.WriteJSON(w, bad.status(), map[string]any{"error": e})
}

// Proof is the appsecret_proof of an access token: hex HMAC-SHA256 keyed with the app secret.
func Proof(appSecret, accessToken string) string {
	m := hmac.New(sha256.New, []byte(appSecret))
	m.Write([]byte(accessToken))
	return hex.EncodeToString(m.Sum(nil))
}

var deadReasons = map[int]string{458: "The user has not authorized application.", 459: "The user is in a checkpoint.", 460: "The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.",
	463: "Session has expired.", 464: "The user is not confirmed.", 467: "The session is invalid because the user logged out.", 492: "The user must be an administrator, editor, or moderator of the page."}

// serve checks the token and sends the call where its path says. Calls that reach out to the network (subscriptions,
// fetching a photo) are prepared before the lock is taken.
func (s *Sim) serve(r *http.Request, c *call) (any, *failure) {
	switch strings.Join(c.path, "/") {
	case "oauth/access_token":
		return s.exchange(c)
	case "debug_token":
		return s.debugToken(c)
	case s.cfg.AppID + "/subscriptions":
		return s.subscribeApp(r, c)
	}
	if bad := s.fetchPhoto(c); bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if bad := s.checkToken(c); bad != nil {
		return nil, bad
	}
	if a := c.page; a != nil && a.CallBudget > 0 && len(a.calls) > a.CallBudget {
		return nil, fail(80001, 2446079, "(#80001) There have been too many calls to this Page account. Wait a bit and try again.")
	}
	return s.route(c)
}

func (s *Sim) checkToken(c *call) *failure {
	value := c.args.Get("access_token")
	switch {
	case value == "":
		return fail(2500, 0, "An active access token must be used to query information about the current user.")
	case c.token == nil && !c.app:
		return fail(190, 0, "Invalid OAuth access token - Cannot parse access token")
	case c.token != nil && c.token.Dead != 0:
		return fail(190, c.token.Dead, "Error validating access token: "+deadReasons[c.token.Dead])
	case c.token != nil && !c.token.Expires.IsZero() && c.now.After(c.token.Expires):
		return fail(190, 463, "Error validating access token: "+deadReasons[463])
	}
	proof := c.args.Get("appsecret_proof")
	switch {
	case proof == "" && s.cfg.RequireProof:
		return badParam("API calls from the server require an appsecret_proof argument")
	case proof != "" && !hmac.Equal([]byte(proof), []byte(Proof(s.cfg.AppSecret, value))):
		return badParam("Invalid appsecret_proof provided in the API argument")
	}
	return nil
}

// route finds what the first id is (me, a user, a Page, a post, a comment, a photo) and which edge is asked.
func (s *Sim) route(c *call) (any, *failure) {
	id, edge := c.path[0], ""
	if len(c.path) > 1 {
		edge = strings.Join(c.path[1:], "/")
	}
	if id == "me" && c.token != nil {
		id = c.token.User
		if c.page != nil {
			id = c.page.ID
		}
	}
	if a := s.pages[id]; a != nil {
		return s.routePage(c, a, edge)
	}
	if _, ok := s.users[id]; ok {
		return s.routeUser(c, id, edge)
	}
	if a := s.postOf[id]; a != nil && a.post(id) != nil {
		return s.routePost(c, a, a.post(id), edge)
	}
	if x := s.comments[id]; x != nil {
		return s.routeComment(c, s.postOf[x.Post], x, edge)
	}
	if p := s.photos[id]; p != nil && p.Page != "" {
		return s.routePhoto(c, p, edge)
	}
	if v := s.videos[id]; v != nil {
		return s.routeVideo(c, v, edge)
	}
	if page, person, ok := strings.Cut(strings.TrimPrefix(id, "t_"), "_"); ok && s.pages[page] != nil {
		return s.routeConversation(c, s.pages[page], person, edge)
	}
	return nil, missingObject(id)
}

// may checks that the token is the Page's own and that the permission was granted.
func (c *call) may(a *account, permission string) *failure {
	if c.page != a {
		if c.token != nil && c.token.Kind == kindUser {
			return fail(210, 0, "(#210) A page access token is required to request this resource.")
		}
		return missingObject(a.ID)
	}
	if slices.Contains(a.Denied, permission) {
		return fail(200, 0, "(#200) Requires "+permission+" permission to manage the object")
	}
	return nil
}

// routePage serves the Page itself and its edges.
func (s *Sim) routePage(c *call, a *account, edge string) (any, *failure) {
	type served struct {
		permission string
		fn         func(*call, *account) (any, *failure)
	}
	edges := map[string]served{
		"GET ":                   {"pages_read_engagement", s.pageInfo},
		"POST feed":              {"pages_manage_posts", s.createPost},
		"POST photos":            {"pages_manage_posts", s.createPhoto},
		"POST videos":            {"pages_manage_posts", s.uploadVideo},
		"POST video_reels":       {"pages_manage_posts", s.uploadReel},
		"GET feed":               {"pages_read_engagement", s.listPosts},
		"GET posts":              {"pages_read_engagement", s.listPosts},
		"GET published_posts":    {"pages_read_engagement", s.listPosts},
		"GET scheduled_posts":    {"pages_read_engagement", s.listScheduled},
		"GET subscribed_apps":    {"pages_manage_metadata", s.listSubscribed},
		"POST subscribed_apps":   {"pages_manage_metadata", s.subscribePage},
		"DELETE subscribed_apps": {"pages_manage_metadata", s.unsubscribePage},
		"POST messages":          {"pages_messaging", s.sendMessage},
		"GET conversations":      {"pages_messaging", s.listConversations},
	}
	e, ok := edges[c.method+" "+edge]
	if !ok {
		return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
	}
	if edge == "" && c.token != nil && c.token.Kind == kindUser {
		return e.fn(c, a) // the public profile is readable with a user token
	}
	if bad := c.may(a, e.permission); bad != nil {
		return nil, bad
	}
	return e.fn(c, a)
}

// pageInfo answers id and name, and of the other fields those that were asked.
func (s *Sim) pageInfo(c *call, a *account) (any, *failure) {
	all := map[string]any{"id": a.ID, "name": a.Name, "category": a.Category, "fan_count": a.Fans, "followers_count": a.Fans,
		"link": s.cfg.WallURL + "/page/" + a.ID, "is_published": true,
		"picture": map[string]any{"data": map[string]any{"url": s.cfg.BaseURL + "/avatar/" + a.ID, "is_silhouette": a.Emblem == simkit.NoEmblem}}}
	return pick(c.args.Get("fields"), all, "id", "name"), nil
}

var nestedField = regexp.MustCompile(`[.{(].*$`)

// fieldNames splits a fields parameter at its outer commas and drops what is nested.
func fieldNames(fields string) []string {
	depth, start := 0, 0
	var names []string
	for i, r := range fields + "," {
		switch r {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		case ',':
			if depth == 0 {
				if name := strings.TrimSpace(nestedField.ReplaceAllString(fields[start:i], "")); name != "" {
					names = append(names, name)
				}
				start = i + 1
			}
		}
	}
	return names
}

// pick leaves the asked fields of all, or the given ones when none was asked; the id always stays.
func pick(fields string, all map[string]any, otherwise ...string) map[string]any {
	names := fieldNames(fields)
	if len(names) == 0 {
		names = otherwise
	}
	out := map[string]any{"id": all["id"]}
	for _, n := range names {
		if v, ok := all[n]; ok && v != nil && v != "" {
			out[n] = v
		}
	}
	return out
}

// paged cuts one page out of rows, with cursors that are plain offsets.
func paged[T any](c *call, rows []T, otherwise int) map[string]any {
	limit, err := strconv.Atoi(c.args.Get("limit"))
	if err != nil || limit < 1 {
		limit = otherwise
	}
	limit = min(limit, 100)
	start, _ := strconv.Atoi(c.args.Get("after"))
	start = max(0, min(start, len(rows)))
	end := min(start+limit, len(rows))
	out := map[string]any{"data": append([]T{}, rows[start:end]...)}
	if end > start {
		cursors := map[string]string{"before": strconv.Itoa(start), "after": strconv.Itoa(end)}
		paging := map[string]any{"cursors": cursors}
		if end < len(rows) {
			paging["next"] = "?after=" + strconv.Itoa(end) + "&limit=" + strconv.Itoa(limit)
		}
		out["paging"] = paging
	}
	return out
}

func graphTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }
