package youtube

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

const (
	hubLease = 5 * 24 * time.Hour
	hubEarly = 24 * time.Hour // renewed this long before the end
	hubAgain = time.Hour      // asked again when no challenge came
)

// hubSecret is the word that the hub signs with: made of the application's secret, so that all processes know it.
func (y *Adapter) hubSecret() string {
	m := hmac.New(sha256.New, []byte(y.cfg.ClientSecret))
	m.Write([]byte("youtube hub"))
	return hex.EncodeToString(m.Sum(nil))
}

func (y *Adapter) topic(channelID string) string {
	return y.cfg.FeedURL + "?channel_id=" + url.QueryEscape(channelID)
}

// Subscribe asks the hub for news of a channel; the hub answers with a challenge, see Challenge.
func (y *Adapter) Subscribe(ctx context.Context, a channel.Account) error {
	if _, err := y.row(ctx, a); err != nil {
		return err
	}
	form := url.Values{"hub.mode": {"subscribe"}, "hub.topic": {y.topic(a.ExternalID)}, "hub.callback": {y.cfg.HookURL}, "hub.secret": {y.hubSecret()},
		"hub.lease_seconds": {strconv.Itoa(int(hubLease / time.Second))}, "hub.verify": {"async"}}
	// Written down before: the challenge may come before the answer.
	err := y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*channelRow)(nil)).Set("hub_asked_at = ?", y.d.Clock.Now()).Where("account_id = ?", a.ID).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, y.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, y.cfg.HubURL, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := y.http.Do(req)
	if err != nil {
		return lineTrouble(err, false)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return unclear("the hub answered "+resp.Status, false)
	}
	return nil
}

// Challenge answers the hub that asks whether we mean a subscription; ok is false for a topic we did not ask for.
func (y *Adapter) Challenge(ctx context.Context, q url.Values) (challenge string, ok bool) {
	u, err := url.Parse(q.Get("hub.topic"))
	if err != nil || q.Get("hub.mode") != "subscribe" {
		return "", false
	}
	lease, err := strconv.Atoi(q.Get("hub.lease_seconds"))
	if err != nil || lease <= 0 {
		lease = int(hubLease / time.Second)
	}
	now := y.d.Clock.Now()
	err = y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewUpdate().Model((*channelRow)(nil)).Set("hub_until = ?", now.Add(time.Duration(lease)*time.Second)).
			Where("channel_id = ?", u.Query().Get("channel_id")).Where("hub_asked_at > ?", now.Add(-24*time.Hour)).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n > 0
		return err
	})
	return q.Get("hub.challenge"), ok && err == nil
}

type atomFeed struct {
	Entries []struct {
		VideoID   string    `xml:"http://www.youtube.com/xml/schemas/2015 videoId"`
		ChannelID string    `xml:"http://www.youtube.com/xml/schemas/2015 channelId"`
		Title     string    `xml:"title"`
		Published time.Time `xml:"published"`
	} `xml:"entry"`
}

// Webhook implements channel.Channel for what the hub sends: news of a film, ours or one put up by hand. The signature is
// checked over the bytes as they came.
func (y *Adapter) Webhook(h http.Header, body []byte) ([]channel.Inbound, error) {
	given, err := hex.DecodeString(strings.TrimPrefix(h.Get("X-Hub-Signature"), "sha1="))
	m := hmac.New(sha1.New, []byte(y.hubSecret()))
	m.Write(body)
	if err != nil || y.cfg.ClientSecret == "" || !hmac.Equal(given, m.Sum(nil)) {
		return nil, channel.ErrSignature
	}
	var f atomFeed
	if err := xml.Unmarshal(body, &f); err != nil {
		return nil, err
	}
	var out []channel.Inbound
	for _, e := range f.Entries {
		if e.VideoID != "" && e.ChannelID != "" {
			out = append(out, channel.Inbound{Kind: channel.InboundPosted, ExternalID: e.ChannelID, Key: e.VideoID, At: e.Published.UTC(), Title: e.Title})
		}
	}
	return out, nil
}
