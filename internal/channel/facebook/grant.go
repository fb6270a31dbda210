package facebook

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// permissions are what we ask of a page's administrator, each for one of the things we do.
var permissions = []string{"pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_read_user_content", "pages_manage_engagement", "pages_manage_metadata", "pages_messaging"}

// fields are the events that a page must send us.
var fields = []string{"feed", "messages"}

// ConsentURL implements channel.Granter. Facebook's dialog knows no verifier: the state alone protects it, and the code is
// worth nothing without the app secret.
func (f *Adapter) ConsentURL(state, _, back string) string {
	q := url.Values{"client_id": {f.cfg.AppID}, "redirect_uri": {back}, "state": {state}, "scope": {strings.Join(permissions, ",")}}
	return f.cfg.DialogURL + "/" + f.cfg.Version + "/dialog/oauth?" + q.Encode()
}

// Grant implements channel.Granter: code → short user token → long user token → the tokens of all pages of that person,
// which do not expire.
func (f *Adapter) Grant(ctx context.Context, callback url.Values, _, back string) ([]channel.Granted, error) {
	code := callback.Get("code")
	if code == "" {
		return nil, stop("denied", "the callback brought no code: "+callback.Get("error_reason"), "channel.connect.refused")
	}
	short, err := f.exchange(ctx, url.Values{"redirect_uri": {back}, "code": {code}})
	if err != nil {
		return nil, err
	}
	return f.pagesOf(ctx, short)
}

func (f *Adapter) exchange(ctx context.Context, args url.Values) (string, error) {
	args.Set("client_id", f.cfg.AppID)
	args.Set("client_secret", f.cfg.AppSecret)
	var out struct {
		Token string `json:"access_token"`
	}
	if err := f.do(ctx, "", "", http.MethodGet, "/oauth/access_token", args, &out); err != nil {
		return "", err
	}
	if out.Token == "" {
		return "", unclear("the token endpoint answered without a token", false)
	}
	return out.Token, nil
}

func (f *Adapter) pagesOf(ctx context.Context, user string) ([]channel.Granted, error) {
	long, err := f.exchange(ctx, url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {user}})
	if err != nil {
		return nil, err
	}
	var all []channel.Granted
	after := ""
	for range 100 { // 100 pages each
		var out struct {
			Data []struct {
				Token string `json:"access_token"`
				ID    string `json:"id"`
				Name  string `json:"name"`
			} `json:"data"`
			Paging struct {
				Next    string `json:"next"`
				Cursors struct {
					After string `json:"after"`
				} `json:"cursors"`
			} `json:"paging"`
		}
		args := url.Values{"limit": {"100"}}
		if after != "" {
			args.Set("after", after)
		}
		if err := f.do(ctx, long, "", http.MethodGet, "/me/accounts", args, &out); err != nil {
			return nil, err
		}
		for _, p := range out.Data {
			all = append(all, granted(p.ID, p.Name, p.Token))
		}
		if after = out.Paging.Cursors.After; out.Paging.Next == "" || after == "" {
			break
		}
	}
	return all, nil
}

func granted(id, name, token string) channel.Granted {
	return channel.Granted{Account: channel.Account{Kind: channel.Facebook, ExternalID: id, Name: name, Link: "https://www.facebook.com/" + id,
		Capabilities: channel.Capabilities{Article: true}}, Tokens: channel.Tokens{Access: token}}
}

// inspected is what debug_token says of a token.
type inspected struct {
	Data struct {
		Valid   bool     `json:"is_valid"`
		Type    string   `json:"type"`
		Profile string   `json:"profile_id"`
		Scopes  []string `json:"scopes"`
		Expires int64    `json:"expires_at"` // seconds since 1970; 0: never
		Error   *struct {
			Code    int    `json:"code"`
			Subcode int    `json:"subcode"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"data"`
}

func (f *Adapter) inspect(ctx context.Context, token string) (inspected, error) {
	var out inspected
	args := url.Values{"input_token": {token}, "access_token": {f.cfg.AppID + "|" + f.cfg.AppSecret}}
	if err := f.do(ctx, "", "", http.MethodGet, "/debug_token", args, &out); err != nil {
		return out, err
	}
	if !out.Data.Valid {
		g := graphError{Code: 190, Message: "debug_token says that the token is not valid"}
		if e := out.Data.Error; e != nil {
			g.Subcode, g.Message = e.Subcode, e.Message
		}
		return out, f.refused(ctx, g, "", 0)
	}
	return out, nil
}

// Bootstrap implements channel.Bootstrapper with the token of a page or of a (system) user, made in the business settings.
func (f *Adapter) Bootstrap(ctx context.Context, token string) ([]channel.Granted, error) {
	seen, err := f.inspect(ctx, token)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(seen.Data.Type, "page") {
		return f.pagesOf(ctx, token)
	}
	var me struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := f.do(ctx, token, "", http.MethodGet, "/me", url.Values{"fields": {"id,name"}}, &me); err != nil {
		return nil, err
	}
	return []channel.Granted{granted(me.ID, me.Name, token)}, nil
}

// Probe implements channel.Channel: is the token alive and may it publish, who are we, and does the page send us its events? A page that does
// not is subscribed anew.
func (f *Adapter) Probe(ctx context.Context, a channel.Account) (channel.Account, error) {
	err := f.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		seen, err := f.inspect(ctx, access)
		if err != nil {
			return err
		}
		a.Health.TokenUntil = time.Time{}
		if seen.Data.Expires > 0 {
			a.Health.TokenUntil = time.Unix(seen.Data.Expires, 0).UTC()
		}
		return f.mayPublish(ctx, seen.Data.Scopes)
	})
	if err != nil {
		return a, err
	}
	var page struct {
		Name      string `json:"name"`
		Followers int64  `json:"followers_count"`
		Link      string `json:"link"`
		About     string `json:"about"`
		Cover     struct {
			Source string `json:"source"`
		} `json:"cover"`
		Picture struct {
			Data struct {
				URL     string `json:"url"`
				Default bool   `json:"is_silhouette"` // the grey figure of a page without a picture
			} `json:"data"`
		} `json:"picture"`
	}
	if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID, url.Values{"fields": {"name,followers_count,link,picture,about,cover"}}, &page); err != nil {
		return a, err
	}
	a.Name, a.Followers, a.Capabilities.Article, a.Health.Picture = page.Name, page.Followers, true, page.Picture.Data.URL
	a.Health.Described, a.Health.Description, a.Health.Covered, a.Health.Cover = true, page.About, true, page.Cover.Source
	if page.Picture.Data.Default {
		a.Health.Picture = ""
	}
	if page.Link != "" {
		a.Link = page.Link
	}
	return a, f.subscribe(ctx, a)
}

// mayPublish refuses a token without the permission to publish: such a page reads well and would fail at the first post.
func (f *Adapter) mayPublish(ctx context.Context, scopes []string) error {
	if len(scopes) == 0 || slices.Contains(scopes, "pages_manage_posts") {
		return nil
	}
	return f.refused(ctx, graphError{Code: 200, Message: "debug_token lists no pages_manage_posts"}, "", 0)
}

func (f *Adapter) subscribe(ctx context.Context, a channel.Account) error {
	var out struct {
		Data []struct {
			ID     string   `json:"id"`
			Fields []string `json:"subscribed_fields"`
		} `json:"data"`
	}
	if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID+"/subscribed_apps", nil, &out); err != nil {
		return err
	}
	want := slices.Clone(fields)
	for _, app := range out.Data {
		if app.ID != f.cfg.AppID {
			continue
		}
		missing := false
		for _, name := range fields {
			missing = missing || !slices.Contains(app.Fields, name)
		}
		if !missing {
			return nil
		}
		for _, name := range app.Fields {
			if !slices.Contains(want, name) {
				want = append(want, name)
			}
		}
	}
	return sure(f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+"/subscribed_apps", url.Values{"subscribed_fields": {strings.Join(want, ",")}}, nil))
}
