package zalo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// challenge is the S256 challenge of a PKCE verifier (RFC 7636 §4.2), as Zalo wants it: base64url without padding.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ConsentURL implements channel.Granter.
func (z *Adapter) ConsentURL(state, verifier, back string) string {
	q := url.Values{"app_id": {z.cfg.AppID}, "redirect_uri": {back}, "code_challenge": {challenge(cmp.Or(z.cfg.Verifier, verifier))}, "state": {state}}
	return z.cfg.OAuthURL + "/v4/oa/permission?" + q.Encode()
}

// Grant implements channel.Granter: one OA per consent. Which OA it is, the token itself is asked, not the address bar.
func (z *Adapter) Grant(ctx context.Context, callback url.Values, verifier, _ string) ([]channel.Granted, error) {
	code := callback.Get("code")
	if code == "" {
		return nil, stop("denied", "the callback brought no code: "+callback.Get("error_description"), "channel.connect.refused")
	}
	t, err := z.token(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {cmp.Or(z.cfg.Verifier, verifier)}})
	if err != nil {
		return nil, err
	}
	return z.granted(ctx, t)
}

// Bootstrap implements channel.Bootstrapper with a refresh token made in Zalo's API Explorer.
func (z *Adapter) Bootstrap(ctx context.Context, refreshToken string) ([]channel.Granted, error) {
	t, err := z.Refresh(ctx, refreshToken)
	if err != nil {
		return nil, err
	}
	if t.Refresh == "" {
		t.Refresh = refreshToken
	}
	return z.granted(ctx, t)
}

func (z *Adapter) granted(ctx context.Context, t channel.Tokens) ([]channel.Granted, error) {
	var p profile
	var err error
	for try := range 3 { // the token exists nowhere else: passing trouble must not cost it
		if err = z.do(ctx, t.Access, http.MethodGet, "/v2.0/oa/getoa", nil, nil, &p); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Duration(try+1) * 300 * time.Millisecond):
		}
	}
	if err != nil {
		return nil, err
	}
	return []channel.Granted{{Account: p.into(channel.Account{Kind: channel.Zalo, ExternalID: string(p.ID)}), Tokens: t}}, nil
}

// Refresh implements channel.Refresher. Zalo's refresh tokens work once; an answer without a new one means that the old
// one still holds.
func (z *Adapter) Refresh(ctx context.Context, refreshToken string) (channel.Tokens, error) {
	return z.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}})
}

// token calls the token endpoint; refusals come with HTTP 200 and error ≠ 0, and expires_in as text or number.
func (z *Adapter) token(ctx context.Context, form url.Values) (channel.Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, z.cfg.Timeout)
	defer cancel()
	form.Set("app_id", z.cfg.AppID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, z.cfg.OAuthURL+"/v4/oa/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return channel.Tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("secret_key", z.cfg.AppSecret)
	raw, err := z.roundTrip(req)
	if err != nil {
		return channel.Tokens{}, err
	}
	var out struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires text   `json:"expires_in"`
		Error   text   `json:"error"`
		Name    string `json:"error_name"`
		Reason  string `json:"error_reason"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return channel.Tokens{}, unclear(http.MethodPost, "the token endpoint answered "+head(raw), err)
	}
	if code, _ := strconv.Atoi(string(out.Error)); code != 0 {
		return channel.Tokens{}, z.refused(code, strings.TrimSpace(cmp.Or(out.Name, out.Message)+" "+out.Reason))
	}
	if out.Access == "" {
		return channel.Tokens{}, unclear(http.MethodPost, "the token endpoint answered without a token", nil)
	}
	life := time.Duration(out.Expires.int()) * time.Second
	if life <= 0 {
		life = time.Hour // the shortest that anybody has seen
	}
	return channel.Tokens{Access: out.Access, Refresh: out.Refresh, Expires: z.cfg.Clock.Now().Add(life)}, nil
}

// profile is what getoa tells of an OA.
type profile struct {
	ID        text   `json:"oa_id"`
	Name      string `json:"name"`
	Verified  bool   `json:"is_verified"`
	Type      text   `json:"oa_type"` // 2 business, 4 state agency
	Followers text   `json:"num_follower"`
	Package   string `json:"package_name"`
	Until     string `json:"package_valid_through_date"` // dd/MM/yyyy
	Picture   string `json:"avatar"`
	About     string `json:"description"`
	Cover     string `json:"cover"`
}

// into writes what the profile says into the account. The version of the message call is a first guess by the OA's type
// until a message has shown it.
func (p profile) into(a channel.Account) channel.Account {
	a.Name, a.Followers, a.Link = p.Name, p.Followers.int(), "https://zalo.me/"+string(p.ID)
	a.Health.Package, a.Health.PackageUntil, a.Health.Picture = p.Package, "", p.Picture
	a.Health.Described, a.Health.Description, a.Health.Covered, a.Health.Cover = true, p.About, true, p.Cover
	a.Health.Pushes = pushes(p.Package)
	if until, err := clock.ParseDate(p.Until); err == nil {
		a.Health.PackageUntil = until
	}
	a.Capabilities.Article, a.Capabilities.Broadcast = true, p.Verified
	if a.Capabilities.MessageV == "" {
		a.Capabilities.MessageV = v3
		if p.Type == "4" {
			a.Capabilities.MessageV = v2
		}
	}
	return a
}

// Probe implements channel.Channel: the profile, the date of the package and, by a harmless look with the same
// right that publishing needs, whether the package and the grant let us at the articles at all; last the quota of messages.
func (z *Adapter) Probe(ctx context.Context, a channel.Account) (channel.Account, error) {
	var p profile
	if err := z.call(ctx, a, http.MethodGet, "/v2.0/oa/getoa", nil, nil, &p); err != nil {
		return a, err
	}
	a = p.into(a)
	if until := a.Health.PackageUntil; until != "" && until < clock.DateOf(z.cfg.Clock.Now()) {
		return a, z.refused(-224, "package "+p.Package+" ended on "+p.Until)
	}
	if _, err := z.slice(ctx, a, "1", "normal"); err != nil {
		return a, err
	}
	if q, err := z.accountQuota(ctx, a); err == nil { // a channel that publishes but tells no quota is well all the same
		a.Health.QuotaTotal, a.Health.QuotaLeft = q.Total.int(), q.Remain.int()
	}
	if q, err := z.NoticeQuota(ctx, a); err == nil {
		a.Health.NoticesDaily, a.Health.NoticesLeft = q.Daily, q.Left
	}
	return a, nil
}

// ownQuota is what the package of an account allows in messages.
type ownQuota struct {
	Total  text `json:"total"`
	Remain text `json:"remain"`
}

// accountQuota asks what is left of the messages that the package pays for.
func (z *Adapter) accountQuota(ctx context.Context, a channel.Account) (ownQuota, error) {
	var out []ownQuota
	in := map[string]string{"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
	if err := z.call(ctx, a, http.MethodPost, "/v3.0/oa/quota/message", nil, in, &out); err != nil || len(out) == 0 {
		return ownQuota{}, err
	}
	return out[0], nil
}
