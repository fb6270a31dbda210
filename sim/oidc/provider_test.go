package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/oidc"
)

func start(t *testing.T) (*oidc.Provider, *httptest.Server) {
	t.Helper()
	var p *oidc.Provider
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	p, err := oidc.New(srv.URL, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.AddClient(oidc.Client{ID: "site", Secret: "s&=", RedirectURIs: []string{"https://site.example/back"}})
	p.AddUser(oidc.User{Subject: "42", Name: "Cụt Văn Bảy", Email: "bay@example.vn", Verified: true})
	return p, srv
}

func TestRefusesWhatTheStandardRefuses(t *testing.T) {
	_, srv := start(t)
	good := url.Values{"client_id": {"site"}, "redirect_uri": {"https://site.example/back"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"st"}}
	status := func(q url.Values) int {
		res, err := http.Get(srv.URL + "/authorize?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := status(good); got != http.StatusOK {
		t.Fatal(got)
	}
	for key, bad := range map[string]string{"client_id": "x", "redirect_uri": "https://evil.example", "response_type": "token", "scope": "email", "code_challenge": ""} {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		q.Set(key, bad)
		if got := status(q); got != http.StatusBadRequest {
			t.Errorf("%s=%q: %d", key, bad, got)
		}
	}
}

// The verifier and challenge are those of RFC 7636 appendix B.
func TestCodeWorksOnceWithItsVerifier(t *testing.T) {
	_, srv := start(t)
	q := url.Values{"client_id": {"site"}, "redirect_uri": {"https://site.example/back"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"st"}}
	still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	code := func() string {
		res, err := still.PostForm(srv.URL+"/authorize?"+q.Encode(), url.Values{"subject": {"42"}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		to, err := res.Location()
		if err != nil || to.Query().Get("state") != "st" {
			t.Fatal(to, err)
		}
		return to.Query().Get("code")
	}
	exchange := func(code, verifier, secret string) (int, map[string]any) {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://site.example/back"}, "code_verifier": {verifier}}
		req, _ := http.NewRequest(http.MethodPost, srv.URL+"/token", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("site", url.QueryEscape(secret))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body map[string]any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	c := code()
	if got, body := exchange(c, verifier, "s&="); got != http.StatusOK || strings.Count(body["id_token"].(string), ".") != 2 {
		t.Fatal(got, body)
	}
	if got, body := exchange(c, verifier, "s&="); got != http.StatusBadRequest || body["error"] != "invalid_grant" {
		t.Fatal("twice:", got, body)
	}
	if got, _ := exchange(code(), verifier+"x", "s&="); got != http.StatusBadRequest {
		t.Fatal("wrong verifier:", got)
	}
	if got, body := exchange(code(), verifier, "wrong"); got != http.StatusUnauthorized || body["error"] != "invalid_client" {
		t.Fatal("wrong secret:", got, body)
	}
}
