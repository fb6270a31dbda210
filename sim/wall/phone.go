package wall

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

const peopleShown = 100

// person is one choice of "who are you".
type person struct {
	ID, Name, Short, Note string
	Hue                   int
	Chosen                bool
	last                  time.Time
}

// piece is an article as a card.
type piece struct {
	ID, Href, Src, Title, Lead, At string
	Hue                            int
	Hidden, Edited                 bool
}

// line is one entry of a chat: a bubble or a broadcast piece, with the day in front when it is a new one.
type line struct {
	Day, Text, Image, At string
	Buttons              []string
	Mine                 bool
	Piece                *piece
	at                   time.Time
}

type block struct {
	HTML           template.HTML
	Image, Caption string
	Link           string
}

type article struct {
	Title, Author, At, Lead, Src, Back string
	Edited                             bool
	Blocks                             []block
}

// phone is what both kinds of phone page have.
type phone struct {
	shell
	Base, Name, Short, Followers, Clock, Note string
	Hue                                       int
	User, UserName                            string
	People                                    []person
	Lines                                     []line
	Facts                                     []fact
}

type oaPage struct {
	phone
	Pieces  []piece
	Article *article
}

type comment struct {
	Name, Short, Text string
	Hue               int
	Reply, Hidden     bool
}

type post struct {
	ID, Text, Link, At string
	Photos             []string
	Edited             bool
	Comments           []comment
}

type pagePage struct {
	phone
	Posts []post
}

func (w *wall) phone(title, tab, base, id string, followers int, now time.Time, r *http.Request) phone {
	return phone{shell: w.shell(title, tab, 0), Base: base, Name: title, Short: initials(title), Followers: number(followers), Hue: hue(id),
		Clock: now.In(clock.Vietnam).Format("15:04"), Note: noteText(r.URL.Query().Get("note"))}
}

// choose puts the chosen person (the first when none was chosen) on top of those who were heard last.
func (p *phone) choose(people []person, user string) {
	slices.SortStableFunc(people, func(x, y person) int { return y.last.Compare(x.last) })
	p.UserName = "người dân"
	if user == "" && len(people) > 0 {
		user = people[0].ID
	}
	for _, one := range people {
		one.Hue, one.Short, one.Chosen = hue(one.ID), initials(one.Name), one.ID == user
		if one.Chosen {
			p.User, p.UserName = one.ID, one.Name
		}
		if len(p.People) < peopleShown || one.Chosen {
			p.People = append(p.People, one)
		}
	}
}

// days sorts the lines and marks where a new day begins.
func days(lines []line) []line {
	slices.SortStableFunc(lines, func(x, y line) int { return x.at.Compare(y.at) })
	day := ""
	for i := range lines {
		local := lines[i].at.In(clock.Vietnam)
		lines[i].At = local.Format("15:04")
		if d := local.Format("02/01/2006"); d != day {
			lines[i].Day, day = d, d
		}
	}
	return lines
}

func (w *wall) oaPage(rw http.ResponseWriter, r *http.Request) {
	oa := r.PathValue("oa")
	sum, known := w.zalo.Get(oa)
	if !known {
		http.NotFound(rw, r)
		return
	}
	now, base := w.zalo.Now(), "/wall/oa/"+oa
	p := oaPage{phone: w.phone(sum.Name, "zalo", base, oa, sum.Followers, now, r)}
	var people []person
	for _, f := range w.zalo.Followers(oa) {
		note := "quan tâm từ " + f.Since.In(clock.Vietnam).Format("02/01/2006")
		if !f.Follows {
			note = "đã bỏ quan tâm"
		}
		people = append(people, person{ID: f.UserID, Name: f.Name, Note: note, last: f.LastAct})
	}
	p.choose(people, r.URL.Query().Get("user"))
	back := base + "?user=" + p.User
	pieces := map[string]piece{}
	for _, x := range slices.Backward(w.zalo.Articles(oa)) {
		card := showPiece(x, base, p.User, now)
		pieces[x.ID] = card
		p.Pieces = append(p.Pieces, card)
		if x.ID == r.PathValue("article") {
			p.Article = w.showArticle(x, back, now)
		}
	}
	if r.PathValue("article") != "" && p.Article == nil {
		http.NotFound(rw, r)
		return
	}
	p.Lines = w.oaLines(oa, p.User, pieces)
	p.Facts = []fact{{number(sum.Articles), "Bài viết"}, {number(sum.Broadcasts), "Lượt gửi bài tới người quan tâm"}, {number(sum.Messages), "Tin nhắn"}, {number(sum.Refreshes), "Lần đổi khóa truy cập"}}
	w.render(rw, "oa.html", p)
}

func showPiece(x zalo.Article, base, user string, now time.Time) piece {
	c := piece{ID: x.ID, Href: base + "/article/" + x.ID + "?user=" + user, Title: x.Title, Lead: x.Description, At: ago(x.Created, now), Hue: hue(x.ID), Hidden: x.Status != "show", Edited: x.Edits > 0}
	if x.Cover != nil {
		c.Src = x.Cover.PhotoURL
	}
	return c
}

// showArticle opens an article; its HTML is cleaned, for it comes from outside.
func (w *wall) showArticle(x zalo.Article, back string, now time.Time) *article {
	a := &article{Title: x.Title, Author: x.Author, At: ago(x.Created, now), Lead: x.Description, Back: back, Edited: x.Edits > 0}
	if x.Cover != nil {
		a.Src = x.Cover.PhotoURL
	}
	for _, b := range x.Body {
		switch b.Type {
		case "text":
			a.Blocks = append(a.Blocks, block{HTML: template.HTML(w.clean.Sanitize(b.Content))})
		case "image":
			a.Blocks = append(a.Blocks, block{Image: b.URL, Caption: b.Caption})
		case "video":
			a.Blocks = append(a.Blocks, block{Link: b.URL})
		}
	}
	return a
}

// oaLines joins the conversation with what was broadcast since the person follows.
func (w *wall) oaLines(oa, user string, pieces map[string]piece) []line {
	var lines []line
	for _, m := range w.zalo.Messages(oa, user) {
		l := line{Text: m.Text, Buttons: m.Buttons, Mine: !m.FromOA, at: m.At}
		switch m.Type {
		case "photo", "gif":
			l.Image = m.URL
		case "file":
			l.Text = strings.TrimSpace("📎 " + m.Name + "\n" + m.Text)
		case "reaction":
			l.Text = "👍 (đã bày tỏ cảm xúc)"
		}
		lines = append(lines, l)
	}
	if user != "" {
		for _, b := range w.zalo.Broadcasts(oa) {
			for _, id := range b.Articles {
				if c, ok := pieces[id]; ok && !c.Hidden {
					lines = append(lines, line{Piece: &c, at: b.At})
				}
			}
		}
	}
	return days(lines)
}

func (w *wall) pagePage(rw http.ResponseWriter, r *http.Request) {
	id := r.PathValue("page")
	sum, known := w.facebook.Get(id)
	if !known {
		http.NotFound(rw, r)
		return
	}
	now := w.facebook.Now()
	p := pagePage{phone: w.phone(sum.Name, "facebook", "/wall/page/"+id, id, sum.Followers, now, r)}
	var people []person
	for _, x := range w.facebook.People(id) {
		note := "chưa nhắn tin"
		if !x.LastWrote.IsZero() {
			note = "nhắn " + ago(x.LastWrote, now)
		}
		people = append(people, person{ID: x.ID, Name: x.Name, Note: note, last: x.LastWrote})
	}
	p.choose(people, r.URL.Query().Get("user"))
	for _, x := range slices.Backward(w.facebook.Posts(id)) {
		one := post{ID: x.ID, Text: x.Message, Link: x.Link, At: ago(x.Created, now), Edited: x.Edits > 0, Comments: threads(w.facebook.Comments(id, x.ID))}
		for _, photo := range x.Photos {
			if at := w.facebook.PhotoURL(photo); at != "" {
				one.Photos = append(one.Photos, at)
			}
		}
		p.Posts = append(p.Posts, one)
	}
	if p.User != "" {
		for _, m := range w.facebook.Messages(id, p.User) {
			p.Lines = append(p.Lines, line{Text: m.Text, Image: m.URL, Mine: !m.FromPage, at: m.At})
		}
	}
	p.Lines = days(p.Lines)
	p.Facts = []fact{{number(sum.Posts), "Bài đăng"}, {number(sum.Comments), "Bình luận"}, {number(sum.Messages), "Tin nhắn"}, {tokenWord(sum.Token), "Quyền của ứng dụng"}}
	w.render(rw, "page.html", p)
}

func tokenWord(state string) string {
	if state == "living" {
		return "còn"
	}
	return "đã mất"
}

// threads puts replies, and replies to them, under their comments.
func threads(all []facebook.Comment) []comment {
	var out []comment
	top := map[string]string{} // comment → the comment at the top of its thread
	for _, c := range all {
		top[c.ID] = c.ID
		if above, ok := top[c.Parent]; ok {
			top[c.ID] = above
		}
	}
	show := func(c facebook.Comment, reply bool) {
		out = append(out, comment{Name: c.FromName, Short: initials(c.FromName), Text: c.Message, Hue: hue(c.FromID), Reply: reply, Hidden: c.Hidden})
	}
	for _, c := range all {
		if top[c.ID] != c.ID {
			continue
		}
		show(c, false)
		for _, reply := range all {
			if reply.ID != c.ID && top[reply.ID] == c.ID {
				show(reply, true)
			}
		}
	}
	return out
}
