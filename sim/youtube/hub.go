package youtube

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// feedOf is the topic of a channel; the older address without /xml is understood too.
func (s *Sim) topicChannel(topic string) string {
	u, err := url.Parse(topic)
	if err != nil || !strings.HasSuffix(u.Path, "/feeds/videos.xml") {
		return ""
	}
	return u.Query().Get("channel_id")
}

// subscribe serves the hub: it asks the callback whether it means it, and keeps the subscription until its lease is over.
func (s *Sim) subscribe(w http.ResponseWriter, r *http.Request) {
	s.meter.Count("POST /subscribe")
	id := s.topicChannel(r.FormValue("hub.topic"))
	callback, err := url.Parse(r.FormValue("hub.callback"))
	mode := r.FormValue("hub.mode")
	s.mu.Lock()
	known := s.channels[id] != nil
	s.mu.Unlock()
	switch {
	case err != nil || callback.Host == "":
		http.Error(w, "hub.callback is invalid", http.StatusBadRequest)
		return
	case mode != "subscribe" && mode != "unsubscribe":
		http.Error(w, "hub.mode is invalid", http.StatusBadRequest)
		return
	case !known:
		http.Error(w, "hub.topic is unknown", http.StatusBadRequest)
		return
	case len(r.FormValue("hub.secret")) >= 200:
		http.Error(w, "hub.secret is too long", http.StatusBadRequest)
		return
	}
	d := lease
	if n, err := strconv.Atoi(r.FormValue("hub.lease_seconds")); err == nil && n > 0 {
		d = min(time.Duration(n)*time.Second, 10*24*time.Hour)
	}
	secret, topicURL := r.FormValue("hub.secret"), r.FormValue("hub.topic")
	w.WriteHeader(http.StatusAccepted)
	go s.verify(callback, mode, id, topicURL, secret, d)
}

// verify asks the callback and keeps what it confirms.
func (s *Sim) verify(callback *url.URL, mode, channelID, topicURL, secret string, d time.Duration) {
	challenge := simkit.RandomHex(12)
	q := callback.Query()
	q.Set("hub.mode", mode)
	q.Set("hub.topic", topicURL)
	q.Set("hub.challenge", challenge)
	q.Set("hub.lease_seconds", strconv.Itoa(int(d/time.Second)))
	ask := *callback
	ask.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.HookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ask.String(), nil)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.meter.Count("hub challenge unanswered")
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if err != nil || resp.StatusCode/100 != 2 || strings.TrimSpace(string(body)) != challenge {
		s.meter.Count("hub challenge refused")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mode == "unsubscribe" {
		delete(s.topics, channelID)
		s.journal.Delete("topic", channelID)
		return
	}
	t := &topic{Channel: channelID, Callback: callback.String(), Secret: secret, Until: s.now().Add(d)}
	s.topics[channelID] = t
	s.journal.Put("topic", channelID, t)
	s.hooks.SetURL(t.Callback)
}

type atomEntry struct {
	XMLName   xml.Name `xml:"entry"`
	ID        string   `xml:"id"`
	VideoID   string   `xml:"yt:videoId"`
	ChannelID string   `xml:"yt:channelId"`
	Title     string   `xml:"title"`
	Link      atomLink `xml:"link"`
	Author    struct {
		Name string `xml:"name"`
		URI  string `xml:"uri"`
	} `xml:"author"`
	Published string `xml:"published"`
	Updated   string `xml:"updated"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"feed"`
	YT      string      `xml:"xmlns:yt,attr"`
	NS      string      `xml:"xmlns,attr"`
	Links   []atomLink  `xml:"link"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Entries []atomEntry `xml:"entry"`
}

func (s *Sim) entry(v *Video) atomEntry {
	e := atomEntry{ID: "yt:video:" + v.ID, VideoID: v.ID, ChannelID: v.Channel, Title: v.Title, Link: atomLink{"alternate", s.watch(v.ID)},
		Published: v.Created.Format(time.RFC3339), Updated: s.now().Format(time.RFC3339)}
	e.Author.Name, e.Author.URI = s.channels[v.Channel].Name, "https://www.youtube.com/channel/"+v.Channel
	return e
}

func (s *Sim) watch(video string) string { return s.cfg.WallURL + "/youtube/video/" + video }

func (s *Sim) feedText(channelID string, vs ...*Video) string {
	f := atomFeed{YT: "http://www.youtube.com/xml/schemas/2015", NS: "http://www.w3.org/2005/Atom", Title: "YouTube video feed", Updated: s.now().Format(time.RFC3339),
		Links: []atomLink{{"hub", s.cfg.BaseURL + "/subscribe"}, {"self", s.cfg.BaseURL + "/xml/feeds/videos.xml?channel_id=" + channelID}}}
	for _, v := range vs {
		f.Entries = append(f.Entries, s.entry(v))
	}
	b, err := xml.MarshalIndent(f, "", " ")
	if err != nil {
		return "" // plain fields cannot fail
	}
	return xml.Header + string(b)
}

// announce tells the hub's subscriber of a public film that is new or changed.
func (s *Sim) announce(v *Video) {
	t := s.topics[v.Channel]
	if t == nil || s.now().After(t.Until) || v.Privacy != "public" {
		return
	}
	s.hooks.Send(simkit.Hook{Account: v.Channel, Event: "video", Body: s.feedText(v.Channel, v)})
}

func (s *Sim) feed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.URL.Query().Get("channel_id")
	if s.channels[id] == nil {
		http.NotFound(w, r)
		return
	}
	var vs []*Video
	for _, one := range slices.Backward(s.made) {
		if v := s.videos[one]; v.Channel == id && s.visible(v) && len(vs) < 15 {
			vs = append(vs, v)
		}
	}
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	_, _ = io.WriteString(w, s.feedText(id, vs...)) // the reader went away: nobody is left to tell
}
