package zalo_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

func TestChallengeAndProofMatchKnownVectors(t *testing.T) {
	if got := zalo.Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("challenge %s", got)
	}
	if got := zalo.Proof("SEC", "PAGETOK"); got != "b00fa65710369fe90bd0ea696e49c4c36226ff6df087f0f0930cb2462fed83dc" {
		t.Errorf("proof %s", got)
	}
}

// TestConsentToTokens walks the way of an administrator: link, page, form, redirect, exchange, second exchange refused.
func TestConsentToTokens(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{Ungranted: true})
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	link := w.url + "/v4/oa/permission?" + url.Values{"app_id": {"123"}, "redirect_uri": {"http://127.0.0.1:1/back?keep=1"}, "state": {"st&1"}, "code_challenge": {zalo.Challenge(verifier)}}.Encode()
	resp, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !strings.Contains(string(page), "MTTQ xã Kim Liên") {
		t.Fatalf("the consent page does not offer the OA: %s", page)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := url.Values{"app_id": {"123"}, "redirect_uri": {"http://127.0.0.1:1/back?keep=1"}, "state": {"st&1"}, "code_challenge": {zalo.Challenge(verifier)}, "oa_id": {oaID}, "decision": {"allow"}}
	resp, err = client.PostForm(w.url+"/v4/oa/permission", form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	q := back.Query()
	if q.Get("oa_id") != oaID || q.Get("state") != "st&1" || q.Get("keep") != "1" || q.Get("code") == "" {
		t.Fatalf("redirected to %s", back)
	}
	exchange := func(code, verifier, secret string) answer {
		return w.tokenCall(url.Values{"app_id": {"123"}, "grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}}, secret)
	}
	w.want(exchange(q.Get("code"), verifier, "wrong"), -14004, "wrong secret")
	got := exchange(q.Get("code"), verifier, "SEC")
	if got.Error != 0 || got.Access == "" || got.Refresh == "" || got.Expires != "90000" {
		t.Fatalf("exchange: %+v, expires_in must be the text 90000", got)
	}
	w.want(exchange(q.Get("code"), verifier, "SEC"), -14005, "code used twice")
	code, _ := w.sim.GrantCode(oaID, "", zalo.Challenge(verifier))
	w.want(exchange(code, "another verifier", "SEC"), -14005, "wrong verifier")
	code, _ = w.sim.GrantCode(oaID, "", "")
	w.clock.Advance(11 * time.Minute)
	w.want(exchange(code, "", "SEC"), -14005, "late code")
	w.want(w.tokenCall(url.Values{"app_id": {"9"}}, "SEC"), -14002, "wrong app")
	w.want(w.tokenCall(url.Values{"app_id": {"123"}, "grant_type": {"password"}}, "SEC"), -14018, "wrong grant")
}

func TestUnregisteredRedirectIsRefused(t *testing.T) {
	w := newWorld(t, func(c *zalo.Config) { c.RedirectURI = []string{"https://mttq.vn/back"} }, zalo.OA{})
	resp, err := http.Get(w.url + "/v4/oa/permission?app_id=123&redirect_uri=" + url.QueryEscape("https://evil.example/back"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, _ := io.ReadAll(resp.Body); !strings.Contains(string(page), "-14003") {
		t.Errorf("page %s", page)
	}
}

func TestRefreshRotates(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	old := w.sim.Tokens(oaID)
	w.want(w.get("/v2.0/oa/getoa"), 0, "first token")
	fresh := w.refresh(old.Refresh)
	if fresh.Access == old.Access || fresh.Refresh == old.Refresh || fresh.Access == "" {
		t.Fatalf("refresh gave %+v", fresh)
	}
	w.want(w.get("/v2.0/oa/getoa"), -216, "old access token after rotation")
	w.want(w.refresh(old.Refresh), -14014, "refresh token used twice")
	w.token = fresh.Access
	w.want(w.get("/v2.0/oa/getoa"), 0, "new token survives the replay")
	w.clock.Advance(25*time.Hour + time.Second)
	w.want(w.get("/v2.0/oa/getoa"), -220, "access token after 25 hours")
	w.clock.Advance(90 * 24 * time.Hour)
	w.want(w.refresh(fresh.Refresh), -14014, "refresh token after three months")
}

func TestTokenIsTakenFromTheHeaderOnly(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	token := w.token
	w.token = ""
	w.want(w.get("/v2.0/oa/getoa?access_token="+token), -216, "token in the query")
}

func TestMissingRefreshTokenKeepsTheOldOne(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultNoRefresh, Count: 1}); err != nil {
		t.Fatal(err)
	}
	old := w.sim.Tokens(oaID)
	first := w.refresh(old.Refresh)
	if first.Refresh != "" || first.Access == "" {
		t.Fatalf("want only an access token, got %+v", first)
	}
	second := w.refresh(old.Refresh)
	if second.Refresh == "" || second.Error != 0 {
		t.Fatalf("the old refresh token must still be good, got %+v", second)
	}
}

// TestOneOfManyRefreshesWins is the race that kills an OA on the real platform.
func TestOneOfManyRefreshesWins(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	old := w.sim.Tokens(oaID)
	var wins, losses int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			a := w.refresh(old.Refresh)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.Error == 0 && a.Access != "":
				wins++
			case a.Error == -14014:
				losses++
			}
		})
	}
	all.Wait()
	if wins != 1 || losses != 23 {
		t.Errorf("%d wins and %d losses of 24, want 1 and 23", wins, losses)
	}
	if s := w.sim.Stats(); s.Refreshes != 1 || s.Replays != 23 {
		t.Errorf("stats say %d refreshes and %d replays", s.Refreshes, s.Replays)
	}
}
