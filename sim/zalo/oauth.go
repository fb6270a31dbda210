package zalo

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"html/template"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Challenge is the PKCE code_challenge (always S256) of a verifier.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *Sim) routesOAuth(mux *http.ServeMux) {
	mux.HandleFunc("GET /v4/oa/permission", s.consentPage)
	mux.HandleFunc("POST /v4/oa/permission", s.consent)
	mux.HandleFunc("POST /v4/oa/access_token", s.tokenEndpoint)
}

// checkConsent tells what is wrong with a permission link, as a code of the token endpoint, or 0.
func (s *Sim) checkConsent(q url.Values) int {
	if q.Get("app_id") != s.cfg.AppID {
		return codeAuthApp
	}
	to, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || to.Host == "" || (len(s.cfg.RedirectURI) > 0 && !slices.Contains(s.cfg.RedirectURI, q.Get("redirect_uri"))) {
		return codeAuthRedirect
	}
	return 0
}

var consentTemplate = template.Must(template.New("consent").Parse(`<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>Cấp quyền cho ứng dụng</title>
<style>body{font:16px/1.55 system-ui,sans-serif;background:#eaf1fb;color:#10233f;margin:0;padding:24px}main{max-width:440px;margin:4vh auto;background:#fff;
border-radius:14px;padding:28px;box-shadow:0 6px 30px #0a2a6622}h1{font-size:20px;margin:0 0 8px}select{width:100%;font:inherit;padding:10px;border:1px solid #b8c6dc;border-radius:8px}
button{font:inherit;padding:12px 18px;border:0;border-radius:8px;margin:16px 8px 0 0;background:#0068ff;color:#fff}button[value=deny]{background:#e6ebf3;color:#10233f}</style>
<main>{{if .Error}}<h1>Không mở được trang cấp quyền</h1><p>{{.Error}} ({{.Code}})</p>{{else}}<h1>Cấp quyền cho ứng dụng</h1>
<p>Ứng dụng <b>{{.App}}</b> xin quản lý tin nhắn, bài viết và thông tin người quan tâm của Official Account.</p>
<form method="post"><label for="oa_id">Chọn Official Account</label><select id="oa_id" name="oa_id">{{range .OAs}}<option value="{{.ID}}"{{if eq .ID $.Selected}} selected{{end}}>{{.Name}}</option>{{end}}</select>
{{range $k, $v := .Hidden}}<input type="hidden" name="{{$k}}" value="{{$v}}">{{end}}
<button name="decision" value="allow">Cho phép</button><button name="decision" value="deny">Từ chối</button></form>{{end}}</main></html>`))

// consentPage is what the OA's administrator sees. The real page knows the OAs of the person; this one offers all, with
// oa_id (an extra parameter) preselected.
func (s *Sim) consentPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	type option struct{ ID, Name string }
	page := struct {
		Error, App, Selected string
		Code                 int
		OAs                  []option
		Hidden               map[string]string
	}{App: s.cfg.AppID, Selected: q.Get("oa_id"), Hidden: map[string]string{}}
	if code := s.checkConsent(q); code != 0 {
		page.Code, page.Error = code, authNames[code]
	}
	for _, k := range []string{"app_id", "redirect_uri", "code_challenge", "state"} {
		page.Hidden[k] = q.Get(k)
	}
	s.mu.Lock()
	for _, id := range s.order {
		page.OAs = append(page.OAs, option{id, s.oas[id].Name})
	}
	s.mu.Unlock()
	_ = consentTemplate.Execute(w, page)
}

// consent sends the administrator back to the client with a code, oa_id and state.
func (s *Sim) consent(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if code := s.checkConsent(r.Form); code != 0 {
		http.Error(w, fmt.Sprintf("%s (%d)", authNames[code], code), http.StatusBadRequest)
		return
	}
	to, _ := url.Parse(r.Form.Get("redirect_uri")) // checkConsent parsed it
	back := to.Query()
	if st := r.Form.Get("state"); st != "" {
		back.Set("state", st)
	}
	if r.Form.Get("decision") == "deny" {
		back.Set("error", "access_denied")
		to.RawQuery = back.Encode()
		http.Redirect(w, r, to.String(), http.StatusFound)
		return
	}
	code, err := s.GrantCode(r.Form.Get("oa_id"), r.Form.Get("redirect_uri"), r.Form.Get("code_challenge"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	back.Set("code", code)
	back.Set("oa_id", r.Form.Get("oa_id"))
	if c := r.Form.Get("code_challenge"); c != "" {
		back.Set("code_challenge", c)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// GrantCode is the administrator's consent without the page: an authorization code for the OA, good once for 10 minutes.
func (s *Sim) GrantCode(oa, redirect, challenge string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oas[oa] == nil {
		return "", fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	c := &authCode{Code: simkit.RandomHex(40), OA: oa, Redirect: redirect, Challenge: challenge, Expires: s.now().Add(codeLife)}
	s.codes[c.Code] = c
	s.journal.Put("code", c.Code, c)
	return c.Code, nil
}

type authError struct {
	Error  int    `json:"error"`
	Name   string `json:"error_name"`
	Reason string `json:"error_reason"`
	Doc    string `json:"ref_doc"`
}

func authFail(w http.ResponseWriter, code int, reason string) {
	simkit.WriteJSON(w, http.StatusOK, authError{code, authNames[code], reason, "https://developers.zalo.me/docs/social-api/tham-khao/ma-loi"})
}

func (s *Sim) tokenEndpoint(w http.ResponseWriter, r *http.Request) {
	s.meter.Count("POST /v4/oa/access_token")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		authFail(w, codeAuthGrant, "the body is not a form")
		return
	}
	s.mu.Lock()
	target := s.refresh[r.PostForm.Get("refresh_token")]
	if c := s.codes[r.PostForm.Get("code")]; c != nil {
		target = c.OA
	}
	s.mu.Unlock()
	fail := func(w http.ResponseWriter, f simkit.Fault) {
		simkit.WriteJSON(w, http.StatusOK, authError{Error: f.Code, Name: f.Message})
	}
	form := r.PostForm
	s.faults.Serve(w, r, system, target, fail, func(w http.ResponseWriter, r *http.Request) { s.exchange(w, r.Header.Get("secret_key"), form) })
}

func (s *Sim) exchange(w http.ResponseWriter, secret string, form url.Values) {
	switch {
	case form.Get("app_id") != s.cfg.AppID:
		authFail(w, codeAuthApp, "")
		return
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.cfg.AppSecret)) != 1:
		authFail(w, codeAuthSecret, "")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch form.Get("grant_type") {
	case "authorization_code":
		s.exchangeCode(w, form)
	case "refresh_token":
		s.exchangeRefresh(w, form.Get("refresh_token"))
	default:
		authFail(w, codeAuthGrant, "")
	}
}

func (s *Sim) exchangeCode(w http.ResponseWriter, form url.Values) {
	c := s.codes[form.Get("code")]
	if c == nil {
		authFail(w, codeAuthCode, "")
		return
	}
	delete(s.codes, c.Code) // one use, also when it fails
	s.journal.Delete("code", c.Code)
	if s.now().After(c.Expires) {
		authFail(w, codeAuthCode, "expired")
		return
	}
	if c.Challenge != "" && Challenge(form.Get("code_verifier")) != c.Challenge {
		authFail(w, codeAuthCode, "code_verifier does not match code_challenge")
		return
	}
	a := s.oas[c.OA]
	s.mint(a, "", "")
	writePair(w, a.tokens, true)
}

func (s *Sim) exchangeRefresh(w http.ResponseWriter, token string) {
	a := s.oas[s.refresh[token]]
	if a == nil || token == "" || s.now().After(a.tokens.RefreshExpires) {
		s.meter.Count("replayed refresh token")
		if a != nil {
			a.tokens.Replays++
		}
		authFail(w, codeAuthRefresh, "")
		return
	}
	a.tokens.Refreshes++
	_, missing := s.faults.Hit(simkit.FaultNoRefresh, system, a.ID, "/v4/oa/access_token")
	if missing || (s.cfg.MissingRefresh > 0 && rand.Float64() < s.cfg.MissingRefresh) {
		until := a.tokens.RefreshExpires
		s.mint(a, "", token)
		a.tokens.RefreshExpires = until
		s.journal.Put("tokens", a.ID, a.tokens)
		writePair(w, a.tokens, false)
		return
	}
	s.mint(a, "", "")
	writePair(w, a.tokens, true)
}

// writePair answers with expires_in as text, as the platform does.
func writePair(w http.ResponseWriter, t Tokens, withRefresh bool) {
	pair := map[string]string{"access_token": t.Access, "expires_in": strconv.Itoa(int(AccessLife.Seconds()))}
	if withRefresh {
		pair["refresh_token"] = t.Refresh
	}
	simkit.WriteJSON(w, http.StatusOK, pair)
}
