package wall

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

type fact struct{ Number, Word string }

// card is one account on the wall.
type card struct {
	ID, Name, Group, Short, Href, Src, Latest, When, Count, Bad string
	Followers                                                   string
	Hue                                                         int
	at                                                          time.Time
	pieces                                                      int
}

type section struct {
	Name  string
	Cards []card
}

type homePage struct {
	shell
	Query, Group, Show, What string
	Groups                   []string
	Facts                    []fact
	Sections                 []section
	Newest                   string
	NewestAt, NewestPercent  int
	Total                    int
}

// hue gives every account its own colour.
func hue(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % 360)
}

// initials are the first letters of the last two words of a name: "MTTQ xã Kim Liên" gives KL.
func initials(name string) string {
	words := strings.Fields(name)
	words = words[max(0, len(words)-2):]
	out := ""
	for _, w := range words {
		for _, r := range w {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out += string(unicode.ToUpper(r))
				break
			}
		}
	}
	return out
}

// ago says when something was, seen from now.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "vừa xong"
	case d < time.Hour:
		return vntext.FormatInt(int64(d/time.Minute)) + " phút trước"
	case d < 24*time.Hour:
		return vntext.FormatInt(int64(d/time.Hour)) + " giờ trước"
	}
	return t.In(clock.Vietnam).Format("15:04 02/01/2006")
}

func number(n int) string { return vntext.FormatInt(int64(n)) }

func (w *wall) homeZalo(rw http.ResponseWriter, r *http.Request) {
	now := w.zalo.Now()
	var cards []card
	followers, pieces, messages := 0, 0, 0
	for _, s := range w.zalo.List() {
		c := card{ID: s.ID, Name: s.Name, Group: s.Group, Href: "/wall/oa/" + s.ID, Src: s.Cover, Latest: s.Latest, When: ago(s.LatestAt, now),
			Count: number(s.Articles) + " bài · " + number(s.Messages) + " tin", Followers: number(s.Followers), at: s.LatestAt, pieces: s.Articles}
		switch s.Token {
		case "none":
			c.Bad = "chưa cấp quyền"
		case "expired":
			c.Bad = "hết quyền"
		}
		cards = append(cards, c)
		followers, pieces, messages = followers+s.Followers, pieces+s.Articles, messages+s.Messages
	}
	page := homePage{shell: w.shell("Zalo", "zalo", 15), What: "OA", Facts: []fact{{number(len(cards)), "Official Account"}, {number(followers), "người quan tâm"},
		{number(pieces), "bài viết"}, {number(messages), "tin nhắn"}}}
	page.fill(r, cards)
	w.render(rw, "home.html", page)
}

func (w *wall) homeFacebook(rw http.ResponseWriter, r *http.Request) {
	now := w.facebook.Now()
	var cards []card
	posts, comments, messages := 0, 0, 0
	for _, s := range w.facebook.List() {
		c := card{ID: s.ID, Name: s.Name, Group: s.Group, Href: "/wall/page/" + s.ID, Src: s.Cover, Latest: vntext.Truncate(s.Latest, 160), When: ago(s.LatestAt, now),
			Count: number(s.Posts) + " bài · " + number(s.Comments) + " bl", Followers: number(s.Followers), at: s.LatestAt, pieces: s.Posts}
		if s.Token != "living" {
			c.Bad = "mất quyền"
		}
		cards = append(cards, c)
		posts, comments, messages = posts+s.Posts, comments+s.Comments, messages+s.Messages
	}
	page := homePage{shell: w.shell("Facebook", "facebook", 15), What: "trang", Facts: []fact{{number(len(cards)), "trang Facebook"}, {number(posts), "bài đăng"},
		{number(comments), "bình luận"}, {number(messages), "tin nhắn"}}}
	page.fill(r, cards)
	w.render(rw, "home.html", page)
}

// fill filters and groups the cards and measures how far the newest piece has come.
func (p *homePage) fill(r *http.Request, cards []card) {
	q := r.URL.Query()
	p.Query, p.Group, p.Show, p.Total = q.Get("q"), q.Get("g"), q.Get("s"), len(cards)
	var newest time.Time
	for _, c := range cards {
		if c.Group != "" && !slices.Contains(p.Groups, c.Group) {
			p.Groups = append(p.Groups, c.Group)
		}
		if c.Latest != "" && c.at.After(newest) {
			newest, p.Newest = c.at, c.Latest
		}
	}
	slices.SortFunc(p.Groups, vntext.Compare)
	want := vntext.Fold(p.Query)
	at := map[string]int{}
	for _, c := range cards {
		if c.Latest == p.Newest && p.Newest != "" {
			p.NewestAt++
		}
		if (want != "" && !strings.Contains(vntext.Fold(c.Name+" "+c.Group), want)) || (p.Group != "" && c.Group != p.Group) ||
			(p.Show == "with" && c.pieces == 0) || (p.Show == "without" && c.pieces > 0) {
			continue
		}
		c.Hue, c.Short = hue(c.ID), initials(c.Name)
		i, known := at[c.Group]
		if !known {
			i = len(p.Sections)
			at[c.Group] = i
			p.Sections = append(p.Sections, section{Name: c.Group})
		}
		p.Sections[i].Cards = append(p.Sections[i].Cards, c)
	}
	if p.Total > 0 {
		p.NewestPercent = p.NewestAt * 100 / p.Total
	}
	p.Newest = vntext.Truncate(p.Newest, 90)
}
