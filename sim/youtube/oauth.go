package youtube

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

const scopes = "https://www.googleapis.com/auth/youtube.upload https://www.googleapis.com/auth/youtube.force-ssl"

var consentTemplate = template.Must(template.New("consent").Parse(`<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Đăng nhập bằng Google</title>
<style>body{font:16px/1.55 system-ui,sans-serif;background:#f0f4f9;margin:0;padding:24px}main{max-width:480px;margin:6vh auto;background:#fff;border-radius:20px;padding:28px;box-shadow:0 4px 24px #0001}
h1{font-size:20px;margin:0}select,button{font:inherit;padding:12px 18px;border-radius:20px;margin:16px 8px 0 0}select{width:100%;border:1px solid #888}button{border:0;background:#0b57d0;color:#fff}button[value=deny]{background:#e4e6eb;color:#111}</style>
<main>{{if .Error}}<h1>Không đăng nhập được</h1><p>{{.Error}}</p>{{else}}<h1>Chọn kênh YouTube</h1><p>Ứng dụng {{.App}} xin đăng video, sửa thông tin video và trả lời bình luận của kênh.</p>
<form method="post">{{range $k, $v := .Hidden}}<input type="hidden" name="{{$k}}" value="{{$v}}">{{end}}<label for="c">Kênh</label><select id="c" name="channel">{{range .Channels}}<option value="{{.ID}}">{{.Name}}</option>{{end}}</select><button name="decision" value="allow">Cho phép</button><button name="decision" value="deny">Từ chối</button></form>{{end}}</main></html>`))

// consent is the page on which the owner of channels chooses one and allows the application.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	page := struct {
		Error, App string
		Hidden     map[string]string
		Channels   []Summary
	}{App: s.cfg.ClientID, Hidden: map[string]string{}, Channels: s.List()}
	for _, k := range []string{"client_id", "redirect_uri", "state", "scope", "code_challenge"} {
		page.Hidden[k] = r.Form.Get(k)
	}
	to, err := url.Parse(r.Form.Get("redirect_uri"))
	switch {
	case r.Form.Get("client_id") != s.cfg.ClientID:
		page.Error = "Error 401: invalid_client"
	case err != nil || to.Host == "":
		page.Error = "Error 400: redirect_uri_mismatch"
	case r.Form.Get("response_type") != "code" && r.Method != http.MethodPost:
		page.Error = "Error 400: invalid_request"
	}
	if page.Error != "" || r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = consentTemplate.Execute(w, page)
		return
	}
	back := to.Query()
	back.Set("state", r.Form.Get("state"))
	if r.Form.Get("decision") == "deny" {
		back.Set("error", "access_denied")
	} else {
		back.Set("code", s.GrantCode(r.Form.Get("channel"), r.Form.Get("redirect_uri"), r.Form.Get("code_challenge")))
		back.Set("scope", scopes)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// GrantCode is the owner's consent without the page: a code good once for ten minutes with this redirect_uri and, when a
// challenge (S256) is given, only with its verifier.
func (s *Sim) GrantCode(channelID, redirect, challenge string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := "4/0" + simkit.RandomHex(30)
	s.codes[value] = &code{channel: channelID, redirect: redirect, challenge: challenge, expires: s.now().Add(codeLife)}
	return value
}

func (s *Sim) tokenEndpoint(w http.ResponseWriter, r *http.Request) {
	s.meter.Count("POST /token")
	s.faults.Serve(w, r, system, "", func(w http.ResponseWriter, f simkit.Fault) {
		simkit.WriteJSON(w, f.Code, map[string]string{"error": f.Message})
	}, func(w http.ResponseWriter, r *http.Request) {
		answer, problem, status := s.trade(r)
		if problem != "" {
			simkit.WriteJSON(w, status, map[string]string{"error": problem, "error_description": "Bad Request"})
			return
		}
		simkit.WriteJSON(w, http.StatusOK, answer)
	})
}

func (s *Sim) trade(r *http.Request) (answer map[string]any, problem string, status int) {
	if r.FormValue("client_id") != s.cfg.ClientID || r.FormValue("client_secret") != s.cfg.ClientSecret {
		return nil, "invalid_client", http.StatusUnauthorized
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	switch r.FormValue("grant_type") {
	case "authorization_code":
		c := s.codes[r.FormValue("code")]
		delete(s.codes, r.FormValue("code"))
		if c == nil || now.After(c.expires) || c.redirect != r.FormValue("redirect_uri") || s.channels[c.channel] == nil || !proves(c.challenge, r.FormValue("code_verifier")) {
			return nil, "invalid_grant", http.StatusBadRequest
		}
		refresh := s.grant(s.channels[c.channel])
		answer = s.access(c.channel, now)
		answer["refresh_token"] = refresh
		return answer, "", 0
	case "refresh_token":
		t := s.tokens[r.FormValue("refresh_token")]
		if t == nil || !t.Refresh || t.Dead {
			return nil, "invalid_grant", http.StatusBadRequest
		}
		return s.access(t.Channel, now), "", 0
	}
	return nil, "unsupported_grant_type", http.StatusBadRequest
}

func proves(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == "" || base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// access gives out an access token; the refresh token stays what it is.
func (s *Sim) access(channelID string, now time.Time) map[string]any {
	t := &token{Value: "ya29." + simkit.RandomHex(40), Channel: channelID, Expires: now.Add(AccessLife)}
	s.tokens[t.Value] = t
	s.journal.Put("token", t.Value, t)
	return map[string]any{"access_token": t.Value, "expires_in": int(AccessLife / time.Second), "scope": scopes, "token_type": "Bearer"}
}

// grant gives out a refresh token for a channel; older ones go on working.
func (s *Sim) grant(c *channel) string {
	t := &token{Value: "1//0" + simkit.RandomHex(32), Channel: c.ID, Refresh: true}
	s.tokens[t.Value] = t
	s.journal.Put("token", t.Value, t)
	c.Grant = t.Value
	s.journal.Put("channel", c.ID, c)
	return t.Value
}

// Revoke takes the application's access to a channel away: every token of it is dead.
func (s *Sim) Revoke(channelID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.Channel == channelID && !t.Dead {
			t.Dead = true
			s.journal.Put("token", t.Value, t)
		}
	}
	if c := s.channels[channelID]; c != nil {
		c.Grant = ""
		s.journal.Put("channel", c.ID, c)
	}
}

// expireAccess makes the present access tokens of a channel ("" of all) worthless; refreshing helps.
func (s *Sim) expireAccess(channelID string) {
	for _, t := range s.tokens {
		if !t.Refresh && (channelID == "" || t.Channel == channelID) {
			t.Dead = true
			s.journal.Put("token", t.Value, t)
		}
	}
}
