package zalo

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// call is one request to the OA API after its token was understood. Functions that serve it run under the lock.
type call struct {
	r    *http.Request
	body []byte
	oa   *account
	now  time.Time
}

// decode reads the JSON body into v; numbers stay exact because every identifier is text.
func (c *call) decode(v any) bool { return json.Unmarshal(c.body, v) == nil }

// query reads the JSON of the query parameter "data" into v.
func (c *call) query(v any) bool {
	return json.Unmarshal([]byte(c.r.URL.Query().Get("data")), v) == nil
}

// gate says which conditions of the OA a call checks.
type gate int

const (
	gateOpen gate = iota // only the token
	gatePackage
	gateVerified // package and verification
	gateGroup    // and a package with groups
)

func (s *Sim) routes() http.Handler {
	mux := http.NewServeMux()
	s.routesOAuth(mux)
	s.routesArticle(mux)
	s.routesUpload(mux)
	s.routesMessage(mux)
	s.routesUser(mux)
	s.routesGroup(mux)
	s.routesBusiness(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		simkit.WriteJSON(w, http.StatusOK, map[string]any{"error": 404, "message": "Empty api: " + r.URL.Path})
	})
	return mux
}

const maxBody = 52 << 20 // the largest upload is a 50 MB video

// api registers an OA call: count, budget, faults, token, gates, then fn under the lock.
func (s *Sim) api(mux *http.ServeMux, pattern string, g gate, fn func(*call) reply) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.meter.Count(pattern)
		token := r.Header.Get("access_token")
		s.mu.Lock()
		oaID, limit := s.access[token], s.rate
		s.mu.Unlock()
		if !s.withinBudget(w, oaID, limit) {
			return
		}
		fail := func(w http.ResponseWriter, f simkit.Fault) { s.answer(w, reply{code: f.Code, message: f.Message}) }
		s.faults.Serve(w, r, system, oaID, fail, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				s.answer(w, refuse(codeLimit, "body is too large"))
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			s.answer(w, s.serve(r, body, token, g, fn))
		})
	})
}

func (s *Sim) answer(w http.ResponseWriter, a reply) {
	if a.code != 0 {
		s.meter.Count("error " + strconv.Itoa(a.code))
		simkit.WriteJSON(w, http.StatusOK, map[string]any{"error": a.code, "message": a.message})
		return
	}
	out := map[string]any{"error": 0, "message": "Success"}
	if a.data != nil {
		out["data"] = a.data
	}
	for k, v := range a.extra {
		out[k] = v
	}
	simkit.WriteJSON(w, http.StatusOK, out)
}

// withinBudget takes one request from the app's and the OA's budget, sets the X-RateLimit headers and answers -32 when
// one of them is spent.
func (s *Sim) withinBudget(w http.ResponseWriter, oaID string, limit int) bool {
	remain, ok := s.meter.Take(limit)
	if limit > 0 {
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
		w.Header().Set("X-RateLimit-Remain", strconv.Itoa(remain))
	}
	if !ok {
		s.answer(w, refuse(codeRate, "Your application reached limit call api"))
		return false
	}
	if s.cfg.OARate > 0 && oaID != "" {
		s.mu.Lock()
		m := s.oaMeter[oaID]
		if m == nil {
			m = simkit.NewMeter()
			s.oaMeter[oaID] = m
		}
		s.mu.Unlock()
		if _, ok := m.Take(s.cfg.OARate); !ok {
			s.answer(w, refuse(codeRate, "Your OA reached limit call api"))
			return false
		}
	}
	return true
}

// serve checks token, proof, state of the OA and package, and runs fn, all under the lock.
func (s *Sim) serve(r *http.Request, body []byte, token string, g gate, fn func(*call) reply) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[s.access[token]]
	now := s.now()
	switch {
	case token == "" || a == nil:
		return refuse(codeTokenInvalid, "Access token is invalid")
	case now.After(a.tokens.AccessExpires):
		return refuse(codeTokenExpired, "Access token has expired")
	}
	if bad := s.checkProof(r, token); bad.code != 0 {
		return bad
	}
	if bad := checkAccount(a, g, now, r.URL.Path); bad.code != 0 {
		return bad
	}
	return fn(&call{r: r, body: body, oa: a, now: now})
}

// Proof is the appsecret_proof of an access token: hex HMAC-SHA256 keyed with the app secret.
func Proof(appSecret, accessToken string) string {
	m := hmac.New(sha256.New, []byte(appSecret))
	m.Write([]byte(accessToken))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Sim) checkProof(r *http.Request, token string) reply {
	given := r.Header.Get("appsecret_proof")
	if given == "" && !s.cfg.RequireProof {
		return reply{}
	}
	if !hmac.Equal([]byte(given), []byte(Proof(s.cfg.AppSecret, token))) {
		return refuse(codeProof, "Invalid appsecret_proof provided in the API argument")
	}
	return reply{}
}

func checkAccount(a *account, g gate, now time.Time, path string) reply {
	switch {
	case a.Gone:
		return refuse(codeOAAbsent, "Offical Account is not exist")
	case a.Disabled:
		return refuse(codeOADisabled, "Offical Account is disable")
	case a.AppRemoved:
		return refuse(codeAppRemoved, "App has been removed")
	}
	for _, part := range a.Denied {
		if strings.Contains(path, part) {
			return refuse(codeNotGranted, "Official Account has not authorized this API for the app")
		}
	}
	if g >= gatePackage && (a.Package == PackageBasic || (!a.PackageUntil.IsZero() && now.After(a.PackageUntil))) {
		return refuse(codePackage, "Your OA needs to upgrade its package to use this API. See https://zalo.cloud/oa/pricing")
	}
	if g == gateGroup && a.Package != PackageAdvanced && a.Package != PackagePremium {
		return refuse(codePackage, "Your OA needs to upgrade its package to use this API. See https://zalo.cloud/oa/pricing")
	}
	if g >= gateVerified && a.Unverified {
		return refuse(codeUnverified, "Official Account has not been verified")
	}
	return reply{}
}
