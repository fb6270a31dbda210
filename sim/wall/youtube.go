package wall

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/sim/youtube"
)

// reel is one film on the page of a channel.
type reel struct {
	ID, Title, Text, At, Src, State string
	Hue                             int
	Edited, ByHand                  bool
	Comments                        []comment
	Captions                        string
}

type channelPage struct {
	phone
	Reels []reel
}

func (w *wall) homeYouTube(rw http.ResponseWriter, r *http.Request) {
	now := w.youtube.Now()
	var cards []card
	films, comments := 0, 0
	for _, s := range w.youtube.List() {
		c := card{ID: s.ID, Name: s.Name, Group: s.Group, Href: "/wall/youtube/" + url.PathEscape(s.ID), Src: s.Cover, Latest: s.Latest, When: ago(s.LatestAt, now),
			Count: number(s.Videos) + " phim · " + number(s.Comments) + " bl", Followers: number(s.Subscribers), at: s.LatestAt, pieces: s.Videos}
		if s.Token != "living" {
			c.Bad = "mất quyền"
		}
		cards = append(cards, c)
		films, comments = films+s.Videos, comments+s.Comments
	}
	st := w.youtube.Stats()
	page := homePage{shell: w.shell("YouTube", "youtube", 15), What: "kênh", Facts: []fact{{number(len(cards)), "kênh YouTube"}, {number(films), "phim"},
		{number(comments), "bình luận"}, {number(st.UploadsUsed) + "/" + number(st.UploadsOf), "lượt đăng hôm nay"}}}
	page.fill(r, cards)
	w.render(rw, "home.html", page)
}

func (w *wall) channelPage(rw http.ResponseWriter, r *http.Request) {
	w.showChannel(rw, r, r.PathValue("channel"), "")
}

func (w *wall) videoPage(rw http.ResponseWriter, r *http.Request) {
	id := r.PathValue("video")
	for _, v := range w.youtube.Videos("") {
		if v.ID == id {
			w.showChannel(rw, r, v.Channel, id)
			return
		}
	}
	http.NotFound(rw, r)
}

// showChannel shows the films of a channel, or one of them.
func (w *wall) showChannel(rw http.ResponseWriter, r *http.Request, channelID, only string) {
	sum, known := w.youtube.Get(channelID)
	if !known {
		http.NotFound(rw, r)
		return
	}
	now := w.youtube.Now()
	p := channelPage{phone: w.phone(sum.Name, "youtube", "/wall/youtube/"+channelID, channelID, sum.Subscribers, now, r)}
	seen := map[string]bool{}
	for _, v := range w.youtube.Visible(channelID) {
		seen[v.ID] = true
	}
	for _, v := range slices.Backward(w.youtube.Videos(channelID)) {
		if only != "" && v.ID != only {
			continue
		}
		one := reel{ID: v.ID, Title: v.Title, Text: v.Description, At: ago(v.Created, now), Src: w.youtube.ThumbURL(v.ID), Hue: hue(v.ID), Edited: v.Edits > 0, ByHand: v.ByHand}
		switch {
		case v.Locked:
			one.State = "bị khóa riêng tư, người dân không thấy"
		case !seen[v.ID]:
			one.State = "đang xử lý hoặc không công khai"
		}
		if len(v.Captions) > 0 {
			one.Captions = v.Captions[0].Language
		}
		for _, c := range w.youtube.Comments(v.ID) {
			one.Comments = append(one.Comments, comment{Name: c.Name, Short: initials(c.Name), Text: c.Text, Hue: hue(c.Author), Reply: c.Parent != "", Hidden: c.Hidden})
		}
		p.Reels = append(p.Reels, one)
	}
	p.Facts = []fact{{number(sum.Videos), "Phim"}, {number(sum.Comments), "Bình luận"}, {tokenWord(sum.Token), "Quyền của ứng dụng"}}
	w.render(rw, "channel.html", p)
}

// videoSay lets a citizen comment under a film.
func (w *wall) videoSay(rw http.ResponseWriter, r *http.Request) {
	id, name, text := r.PathValue("video"), strings.TrimSpace(r.FormValue("name")), strings.TrimSpace(r.FormValue("text"))
	note := ""
	if text == "" || name == "" {
		note = noteEmpty
	} else if _, err := w.youtube.Comment(youtube.Said{Video: id, Name: name, Text: text}); err != nil {
		http.NotFound(rw, r)
		return
	}
	returnTo(rw, r, "/wall/youtube/video/"+url.PathEscape(id), "", note)
}
