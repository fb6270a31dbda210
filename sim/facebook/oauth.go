package facebook

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

var scopes = []string{"pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_read_user_content", "pages_manage_engagement", "pages_manage_metadata", "pages_messaging"}

var dialogTemplate = template.Must(template.New("dialog").Parse(`<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Đăng nhập bằng Facebook</title>
<style>body{font:16px/1.55 system-ui,sans-serif;background:#f0f2f5;margin:0;padding:24px}main{max-width:440px;margin:6vh auto;background:#fff;border-radius:12px;padding:28px;box-shadow:0 4px 24px #0002}
h1{font-size:20px;margin:0}button{font:inherit;padding:12px 18px;border:0;border-radius:8px;margin:16px 8px 0 0;background:#0866ff;color:#fff}button[value=deny]{background:#e4e6eb;color:#111}</style>
<main>{{if .Error}}<h1>Không đăng nhập được</h1><p>{{.Error}}</p>{{else}}<h1>Tiếp tục với tên {{.Name}}?</h1><p>Ứng dụng {{.App}} xin quản lý bài viết, bình luận và tin nhắn của các Trang bạn quản trị.</p>
<form method="post">{{range $k, $v := .Hidden}}<input type="hidden" name="{{$k}}" value="{{$v}}">{{end}}<button name="decision" value="allow">Tiếp tục</button><button name="decision" value="deny">Hủy</button></form>{{end}}</main></html>`))

// dialog is the login page; its form sends the administrator back to the client with code and state.
func (s *Sim) dialog(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	page := struct {
		Error, Name, App string
		Hidden           map[string]string
	}{Name: "Quản trị trang", App: s.cfg.AppID, Hidden: map[string]string{}}
	for _, k := range []string{"client_id", "redirect_uri", "state", "scope"} {
		page.Hidden[k] = r.Form.Get(k)
	}
	to, err := url.Parse(r.Form.Get("redirect_uri"))
	switch {
	case r.Form.Get("client_id") != s.cfg.AppID:
		page.Error = "Invalid App ID: The provided app ID does not look like a valid app ID."
	case err != nil || to.Host == "":
		page.Error = "URL Blocked: redirect_uri is not valid."
	}
	if page.Error != "" || r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = dialogTemplate.Execute(w, page)
		return
	}
	back := to.Query()
	back.Set("state", r.Form.Get("state"))
	if r.Form.Get("decision") == "deny" {
		back.Set("error", "access_denied")
		back.Set("error_reason", "user_denied")
	} else {
		back.Set("code", s.GrantCode(r.Form.Get("redirect_uri")))
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// GrantCode is the administrator's consent without the dialog: a code good once for 10 minutes with this redirect_uri.
func (s *Sim) GrantCode(redirect string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addUser(Admin, "Quản trị trang")
	c := &oauthCode{Code: "AQ" + simkit.RandomHex(60), User: Admin, Redirect: redirect, Expires: s.now().Add(codeLife)}
	s.codes[c.Code] = c
	s.journal.Put("code", c.Code, c)
	return c.Code
}

// exchange serves /oauth/access_token: code → short token, fb_exchange_token → long token, client_credentials → app token.
func (s *Sim) exchange(c *call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.args.Get("client_id") != s.cfg.AppID:
		return nil, fail(101, 0, "Error validating application. Cannot get application info due to a system error.")
	case c.args.Get("client_secret") != s.cfg.AppSecret:
		return nil, fail(1, 0, "Error validating client secret.")
	}
	switch c.args.Get("grant_type") {
	case "client_credentials":
		return map[string]string{"access_token": s.cfg.AppID + "|" + s.cfg.AppSecret, "token_type": "bearer"}, nil
	case "fb_exchange_token":
		old := s.tokens[c.args.Get("fb_exchange_token")]
		if old == nil {
			return nil, fail(190, 0, "Invalid OAuth access token - Cannot parse access token")
		}
		if old.Dead != 0 || (!old.Expires.IsZero() && c.now.After(old.Expires)) {
			return nil, fail(190, 463, "Error validating access token: "+deadReasons[463])
		}
		t := s.issue(token{Kind: kindUser, User: old.User, Expires: c.now.Add(LongLife)})
		return tokenAnswer(t, LongLife), nil
	case "", "authorization_code":
		return s.exchangeCode(c)
	}
	return nil, badParam("Invalid grant_type: " + c.args.Get("grant_type"))
}

func (s *Sim) exchangeCode(c *call) (any, *failure) {
	code := s.codes[c.args.Get("code")]
	if code == nil {
		return nil, fail(100, 36009, "This authorization code has been used.")
	}
	delete(s.codes, code.Code)
	s.journal.Delete("code", code.Code)
	switch {
	case c.now.After(code.Expires):
		return nil, fail(100, 36007, "This authorization code has expired.")
	case code.Redirect != c.args.Get("redirect_uri"):
		return nil, fail(100, 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
	}
	t := s.issue(token{Kind: kindUser, User: code.User, Short: true, Expires: c.now.Add(ShortLife)})
	return tokenAnswer(t, ShortLife), nil
}

func tokenAnswer(t *token, life time.Duration) map[string]any {
	return map[string]any{"access_token": t.Value, "token_type": "bearer", "expires_in": int(life.Seconds())}
}

// debugToken tells what a token is; it needs the app's token or one of an app developer.
func (s *Sim) debugToken(c *call) (any, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.app && (c.token == nil || c.token.Kind != kindUser) {
		return nil, badParam("(#100) You must provide an app access token, or a user access token that is an owner or developer of the app")
	}
	t := s.tokens[c.args.Get("input_token")]
	if t == nil {
		return map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{}, "error": map[string]any{"code": 190, "message": "The access token could not be decrypted"}}}, nil
	}
	data := map[string]any{"app_id": s.cfg.AppID, "type": t.Kind, "application": "simulated", "is_valid": true, "user_id": t.User, "scopes": s.scopesOf(t),
		"issued_at": t.Issued.Unix(), "expires_at": 0, "data_access_expires_at": t.Issued.Add(90 * 24 * time.Hour).Unix()}
	if t.Page != "" {
		data["profile_id"] = t.Page
	}
	if !t.Expires.IsZero() {
		data["expires_at"] = t.Expires.Unix()
	}
	sub := t.Dead
	if sub == 0 && !t.Expires.IsZero() && c.now.After(t.Expires) {
		sub = 463
	}
	if sub != 0 {
		data["is_valid"] = false
		data["error"] = map[string]any{"code": 190, "subcode": sub, "message": "Error validating access token: " + deadReasons[sub]}
	}
	return map[string]any{"data": data}, nil
}

// scopesOf lists the permissions that a token carries: for a Page's token without those that were not granted.
func (s *Sim) scopesOf(t *token) []string {
	a := s.pages[t.Page]
	if a == nil {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(name string) bool { return slices.Contains(a.Denied, name) })
}

func (s *Sim) routeUser(c *call, id, edge string) (any, *failure) {
	if c.token == nil || c.token.User != id {
		return nil, missingObject(id)
	}
	switch c.method + " " + edge {
	case "GET ":
		return map[string]string{"id": id, "name": s.users[id]}, nil
	case "GET accounts":
		type row struct {
			AccessToken string   `json:"access_token"`
			Category    string   `json:"category"`
			ID          string   `json:"id"`
			Name        string   `json:"name"`
			Tasks       []string `json:"tasks"`
		}
		var rows []row
		for _, pageID := range s.order {
			a := s.pages[pageID]
			rows = append(rows, row{Category: a.Category, ID: a.ID, Name: a.Name, Tasks: []string{"ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"}})
		}
		out := paged(c, rows, 25)
		for i := range out["data"].([]row) {
			r := &out["data"].([]row)[i]
			r.AccessToken = s.pageTokenFor(c, s.pages[r.ID])
		}
		return out, nil
	}
	return nil, badParam("(#100) Tried accessing nonexisting field (" + edge + ")")
}

// pageTokenFor gives the Page token that belongs to the user token asking: from a short-lived one it lasts an hour, from a
// long-lived one for ever. A dead Page token is replaced, which is how a Page is connected anew.
func (s *Sim) pageTokenFor(c *call, a *account) string {
	if c.token.Short {
		return s.issue(token{Kind: kindPage, User: c.token.User, Page: a.ID, Expires: c.token.Expires}).Value
	}
	if t := s.tokens[a.token]; t == nil || t.Dead != 0 {
		a.token = s.issue(token{Kind: kindPage, User: c.token.User, Page: a.ID}).Value
		s.journal.Put("pagetoken", a.ID, a.token)
	}
	return a.token
}

// subscribeApp serves /{app}/subscriptions: GET shows the callback, POST does the handshake and sets it.
func (s *Sim) subscribeApp(r *http.Request, c *call) (any, *failure) {
	if !c.app {
		return nil, fail(15, 0, "(#15) This method must be called with an app access_token.")
	}
	if c.method == http.MethodGet {
		return map[string]any{"data": []map[string]any{{"object": "page", "callback_url": s.hooks.Status(false).URL, "active": true}}}, nil
	}
	if c.args.Get("object") != "page" {
		return nil, badParam("(#100) Param object must be page")
	}
	if err := s.SetWebhook(r.Context(), c.args.Get("callback_url"), c.args.Get("verify_token")); err != nil {
		return nil, fail(2200, 0, "(#2200) "+err.Error())
	}
	return map[string]bool{"success": true}, nil
}

func unixOr(text string, t time.Time) (time.Time, bool) {
	if text == "" {
		return t, true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0).UTC(), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err == nil
}
