package youtube

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// scopes are what we ask of a channel's owner: to send films, and to read and answer comments and put words beside a film.
const scopes = "https://www.googleapis.com/auth/youtube.upload https://www.googleapis.com/auth/youtube.force-ssl"

// ConsentURL implements channel.Granter. Offline access with the consent asked anew, or Google would leave out the refresh
// token for whoever has granted before.
func (y *Adapter) ConsentURL(state, verifier, back string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {y.cfg.ClientID}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {scopes}, "access_type": {"offline"},
		"prompt": {"consent"}, "include_granted_scopes": {"true"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	return y.cfg.ConsentURL + "/o/oauth2/v2/auth?" + q.Encode()
}

// Grant implements channel.Granter.
func (y *Adapter) Grant(ctx context.Context, callback url.Values, verifier, back string) ([]channel.Granted, error) {
	code := callback.Get("code")
	if code == "" {
		return nil, stop("denied", "the callback brought no code: "+callback.Get("error"), "channel.connect.refused")
	}
	t, err := y.trade(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier}})
	if err != nil {
		return nil, err
	}
	return y.mine(ctx, t)
}

// Bootstrap implements channel.Bootstrapper with a refresh token.
func (y *Adapter) Bootstrap(ctx context.Context, token string) ([]channel.Granted, error) {
	t, err := y.Refresh(ctx, token)
	if err != nil {
		return nil, err
	}
	t.Refresh = token
	return y.mine(ctx, t)
}

// Refresh implements channel.Refresher. Google's refresh token stays what it is; refused, a person must grant again.
func (y *Adapter) Refresh(ctx context.Context, refreshToken string) (channel.Tokens, error) {
	return y.trade(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}})
}

func (y *Adapter) trade(ctx context.Context, form url.Values) (channel.Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, y.cfg.Timeout)
	defer cancel()
	form.Set("client_id", y.cfg.ClientID)
	form.Set("client_secret", y.cfg.ClientSecret)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, y.cfg.TokenURL+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return channel.Tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := y.http.Do(req)
	if err != nil {
		return channel.Tokens{}, lineTrouble(err, false)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return channel.Tokens{}, unclear(err.Error(), false)
	}
	var out struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
		Error   string `json:"error"`
	}
	err = json.Unmarshal(raw, &out)
	switch {
	case err == nil && (out.Error == "invalid_grant" || out.Error == "unauthorized_client"):
		return channel.Tokens{}, &channel.Error{Kind: channel.YouTube, Code: out.Error, Message: "Google does not take the grant any more", Advice: channel.AdviceReauth,
			Key: "channel.youtube.revoked", Scope: channel.ScopeAccount}
	case err == nil && out.Error == "invalid_client":
		return channel.Tokens{}, &channel.Error{Kind: channel.YouTube, Code: out.Error, Message: "client id or secret is wrong", Advice: channel.AdviceHuman, Key: "channel.youtube.client", Scope: channel.ScopeApp}
	case err != nil || resp.StatusCode != http.StatusOK || out.Access == "":
		return channel.Tokens{}, unclear("token endpoint: HTTP "+resp.Status, false)
	}
	t := channel.Tokens{Access: out.Access, Refresh: out.Refresh}
	if out.Expires > 0 {
		t.Expires = y.d.Clock.Now().Add(time.Duration(out.Expires) * time.Second)
	}
	return t, nil
}

type channelItem struct {
	ID      string `json:"id"`
	Snippet struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Thumbnails  struct {
			Default struct {
				URL string `json:"url"`
			} `json:"default"`
		} `json:"thumbnails"`
	} `json:"snippet"`
	Details struct {
		Lists struct {
			Uploads string `json:"uploads"`
		} `json:"relatedPlaylists"`
	} `json:"contentDetails"`
	Statistics struct {
		Subscribers string `json:"subscriberCount"`
	} `json:"statistics"`
}

func (i channelItem) link() string { return "https://www.youtube.com/channel/" + i.ID }

// mine finds the channel that a fresh grant opens.
func (y *Adapter) mine(ctx context.Context, t channel.Tokens) ([]channel.Granted, error) {
	var out struct {
		Items []channelItem `json:"items"`
	}
	if err := y.spend(ctx, 1); err != nil {
		return nil, err
	}
	err := y.do(ctx, t.Access, request{method: http.MethodGet, path: "/youtube/v3/channels", query: url.Values{"part": {"snippet"}, "mine": {"true"}}}, &out)
	if err != nil {
		return nil, err
	}
	var all []channel.Granted
	for _, i := range out.Items {
		all = append(all, channel.Granted{Tokens: t, Account: channel.Account{Kind: channel.YouTube, ExternalID: i.ID, Name: i.Snippet.Title, Link: i.link(),
			Capabilities: channel.Capabilities{Article: true}}})
	}
	return all, nil
}

// about asks what a channel is called and where its films are listed.
func (y *Adapter) about(ctx context.Context, a channel.Account) (channelItem, error) {
	var out struct {
		Items []channelItem `json:"items"`
	}
	err := y.call(ctx, a, request{method: http.MethodGet, path: "/youtube/v3/channels", cost: 1,
		query: url.Values{"part": {"snippet,contentDetails,statistics"}, "mine": {"true"}}}, &out)
	if err != nil {
		return channelItem{}, err
	}
	for _, i := range out.Items {
		if i.ID == a.ExternalID {
			return i, nil
		}
	}
	return channelItem{}, &channel.Error{Kind: channel.YouTube, Code: "other_channel", Message: "the grant opens another channel", Advice: channel.AdviceHuman,
		Key: "channel.youtube.no_channel", Scope: channel.ScopeAccount}
}

// Probe implements channel.Channel: is the grant alive, what is the channel called, how many follow it?
func (y *Adapter) Probe(ctx context.Context, a channel.Account) (channel.Account, error) {
	i, err := y.about(ctx, a)
	if err != nil {
		return a, err
	}
	a.Name, a.Health.Picture, a.Capabilities.Article = i.Snippet.Title, i.Snippet.Thumbnails.Default.URL, true
	a.Health.Described, a.Health.Description = true, i.Snippet.Description
	if a.Link == "" {
		a.Link = i.link()
	}
	if n, err := strconv.ParseInt(i.Statistics.Subscribers, 10, 64); err == nil {
		a.Followers = n
	}
	return a, nil
}
