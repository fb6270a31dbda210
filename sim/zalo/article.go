package zalo

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"golang.org/x/text/unicode/norm"
)

const (
	maxTitle       = 150
	maxAuthor      = 50
	maxDescription = 300
	maxSlice       = 10
	maxCover       = 1 << 20
)

func (s *Sim) routesArticle(mux *http.ServeMux) {
	s.api(mux, "POST /v2.0/article/create", gatePackage, s.articleCreate)
	s.api(mux, "POST /v2.0/article/verify", gatePackage, s.articleVerify)
	s.api(mux, "POST /v2.0/article/update", gatePackage, s.articleUpdate)
	s.api(mux, "GET /v2.0/article/getdetail", gatePackage, s.articleDetail)
	s.api(mux, "GET /v2.0/article/getslice", gatePackage, s.articleSlice)
	s.api(mux, "POST /v2.0/article/remove", gatePackage, s.articleRemove)
}

type articleInput struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	Title        string   `json:"title"`
	Author       string   `json:"author"`
	Description  string   `json:"description"`
	Cover        *Cover   `json:"cover"`
	Body         []Block  `json:"body"`
	VideoID      string   `json:"video_id"`
	Avatar       string   `json:"avatar"`
	Related      []string `json:"related_medias"`
	TrackingLink string   `json:"tracking_link"`
	Status       string   `json:"status"`
	Comment      string   `json:"comment"`
}

// letters counts characters as the platform does, after composing them (NFC).
func letters(text string) int { return utf8.RuneCountInString(norm.NFC.String(text)) }

func (in articleInput) check() reply {
	switch {
	case in.Type != "normal" && in.Type != "video":
		return refuse(codeParam, "type accept only 2 value normal and video.")
	case in.Title == "":
		return badParam("title")
	case letters(in.Title) > maxTitle:
		return refuse(codeLimit, "title exceeds 150 characters")
	case letters(in.Author) > maxAuthor:
		return refuse(codeLimit, "author exceeds 50 characters")
	case letters(in.Description) > maxDescription:
		return refuse(codeLimit, "description exceeds 300 characters")
	case !slices.Contains([]string{"", "show", "hide"}, in.Status):
		return badParam("status")
	case !slices.Contains([]string{"", "show", "hide"}, in.Comment):
		return badParam("comment")
	case in.Type == "video" && in.VideoID == "":
		return badParam("video_id")
	case in.Type == "normal":
		return in.checkNormal()
	}
	return reply{}
}

func (in articleInput) checkNormal() reply {
	c := in.Cover
	switch {
	case c == nil:
		return badParam("cover")
	case c.CoverType != "photo" && c.CoverType != "video":
		return badParam("cover_type")
	case c.Status != "show":
		return refuse(codeParam, "create media fail")
	case c.CoverType == "photo" && !isWebAddress(c.PhotoURL):
		return badParam("photo_url")
	case c.CoverType == "video" && c.VideoID == "":
		return badParam("video_id")
	case len(in.Body) == 0:
		return badParam("body")
	}
	for i, b := range in.Body {
		ok := false
		switch b.Type {
		case "text":
			ok = b.Content != ""
		case "image":
			ok = isWebAddress(b.URL)
		case "video":
			ok = b.VideoID != "" || isWebAddress(b.URL)
		case "product":
			ok = b.ID != ""
		}
		if !ok {
			return badParam(fmt.Sprintf("body[%d]", i))
		}
	}
	return reply{}
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (in articleInput) article(oa, id string, now time.Time) Article {
	return Article{ID: id, OA: oa, Type: in.Type, Title: in.Title, Author: in.Author, Description: in.Description, Cover: in.Cover, Body: in.Body,
		VideoID: in.VideoID, Avatar: in.Avatar, Related: in.Related, TrackingLink: in.TrackingLink, Status: cmp.Or(in.Status, "hide"),
		Comment: cmp.Or(in.Comment, "show"), Created: now, Updated: now}
}

func (s *Sim) articleCreate(c *call) reply {
	var in articleInput
	if !c.decode(&in) {
		return badParam("body")
	}
	if bad := in.check(); bad.code != 0 {
		return bad
	}
	if q := c.oa.ArticleQuota; q > 0 && c.oa.articlesThisMonth(c.now)+s.ticketsOf(c.oa.ID) >= q {
		return refuse(codeNotGranted, "limit quota create article")
	}
	return s.openTicket(c, in.article(c.oa.ID, simkit.RandomHex(10), c.now), false)
}

func (a *account) articlesThisMonth(now time.Time) int {
	month, n := monthOf(now), 0
	for _, x := range a.articles {
		if monthOf(x.Created) == month {
			n++
		}
	}
	return n
}

func monthOf(t time.Time) string { return t.In(clock.Vietnam).Format("2006-01") }
func dayOf(t time.Time) string   { return t.In(clock.Vietnam).Format("2006-01-02") }

// ticketsOf counts articles of an OA that are still being processed.
func (s *Sim) ticketsOf(oa string) int {
	n := 0
	for _, t := range s.waiting {
		if t.OA == oa && !t.Update && t.Failure == "" {
			n++
		}
	}
	return n
}

// openTicket starts the processing of an article and answers its token.
func (s *Sim) openTicket(c *call, x Article, update bool) reply {
	t := &ticket{Token: simkit.RandomHex(32), OA: c.oa.ID, Article: x, Update: update, Ready: time.Now().Add(s.cfg.ArticleDelay)}
	s.tickets[t.Token], s.waiting[t.Token] = t, t
	if s.cfg.FetchPhotos && x.Cover != nil && x.Cover.CoverType == "photo" {
		photo, wait := x.Cover.PhotoURL, t.Ready
		t.Ready = time.Now().Add(time.Hour) // until the picture is there
		s.fetches.Go(func() { s.fetchCover(t, photo, wait) })
	} else if s.cfg.ArticleDelay <= 0 {
		s.settle(t)
	}
	s.journal.Put("ticket", t.Token, t)
	return fine(map[string]string{"token": t.Token})
}

// fetchCover gets the cover picture as the platform would: it must answer 200 with an image of at most 1 MB.
func (s *Sim) fetchCover(t *ticket, photo string, ready time.Time) {
	client := http.Client{Timeout: 10 * time.Second}
	failure := ""
	resp, err := client.Get(photo)
	if err != nil {
		failure = "create media fail: cannot download photo_url"
	} else {
		defer resp.Body.Close()
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxCover+1))
		kind := http.DetectContentType(data)
		if err != nil || resp.StatusCode != http.StatusOK || len(data) > maxCover || len(kind) < 6 || kind[:6] != "image/" {
			failure = "create media fail: photo_url is not an image of at most 1MB"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Failure, t.Ready = failure, ready
	s.journal.Put("ticket", t.Token, t)
}

// settle makes the article of a finished ticket stand (or change); it happens by itself, asked or not.
func (s *Sim) settle(t *ticket) {
	if t.Done || t.Failure != "" || time.Now().Before(t.Ready) {
		return
	}
	if _, stuck := s.faults.Hit(simkit.FaultStopMedia, system, t.OA, "/v2.0/article/verify"); stuck {
		return
	}
	t.Done = true
	delete(s.waiting, t.Token)
	a := s.oas[t.OA]
	x := t.Article
	t.Article = Article{ID: x.ID} // the journal need not keep the text twice
	if t.Update {
		old := a.article(x.ID)
		if old == nil {
			t.Failure = "article has been removed"
			s.journal.Put("ticket", t.Token, t)
			return
		}
		x.Created, x.Views, x.Edits = old.Created, old.Views, old.Edits+1
		*old = x
	} else {
		a.articles = append(a.articles, &x)
	}
	s.journal.Put("ticket", t.Token, t)
	s.journal.Put("article", a.ID+"/"+x.ID, x)
}

// settleAll finishes every ticket that is due, so that articles of clients that never verify stand as well.
func (s *Sim) settleAll() {
	for _, t := range s.waiting {
		s.settle(t)
	}
}

func (s *Sim) articleVerify(c *call) reply {
	var in struct {
		Token string `json:"token"`
	}
	if !c.decode(&in) {
		return badParam("token")
	}
	t := s.tickets[in.Token]
	if t == nil || t.OA != c.oa.ID {
		return badParam("token")
	}
	s.settle(t)
	switch {
	case t.Failure != "":
		return refuse(codeParam, t.Failure)
	case !t.Done:
		return refuse(codeProcessing, "Media is being processed")
	}
	return fine(map[string]string{"id": t.Article.ID})
}

func (s *Sim) articleUpdate(c *call) reply {
	var in articleInput
	if !c.decode(&in) {
		return badParam("body")
	}
	old := c.oa.article(in.ID)
	if old == nil {
		return badParam("id")
	}
	if bad := in.check(); bad.code != 0 {
		return bad
	}
	if in.Type != old.Type {
		return badParam("type")
	}
	return s.openTicket(c, in.article(c.oa.ID, in.ID, c.now), true)
}

func (s *Sim) articleDetail(c *call) reply {
	s.settleAll()
	x := c.oa.article(c.r.URL.Query().Get("id"))
	if x == nil {
		return badParam("id")
	}
	return fine(map[string]any{"id": x.ID, "type": x.Type, "title": x.Title, "author": x.Author, "description": x.Description, "cover": x.Cover,
		"body": x.Body, "video_id": x.VideoID, "avatar": x.Avatar, "related_medias": x.Related, "tracking_link": x.TrackingLink, "status": x.Status,
		"comment": x.Comment, "link_view": s.linkView(x), "create_date": x.Created.UnixMilli(), "update_date": x.Updated.UnixMilli(), "total_view": x.Views, "total_share": 0})
}

func (s *Sim) linkView(x *Article) string { return s.cfg.WallURL + "/oa/" + x.OA + "/article/" + x.ID }

func (s *Sim) articleSlice(c *call) reply {
	s.settleAll()
	q := c.r.URL.Query()
	kind := q.Get("type")
	if kind != "normal" && kind != "video" {
		return refuse(codeParam, "type accept only 2 value normal and video.")
	}
	offset, err1 := strconv.Atoi(cmp.Or(q.Get("offset"), "0"))
	limit, err2 := strconv.Atoi(cmp.Or(q.Get("limit"), "10"))
	if err1 != nil || err2 != nil || offset < 0 || limit < 1 {
		return badParam("offset or limit")
	}
	if limit > maxSlice {
		return refuse(codeLimit, "limit exceeds 10")
	}
	type media struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		Title      string `json:"title"`
		Status     string `json:"status"`
		TotalView  int    `json:"total_view"`
		TotalShare int    `json:"total_share"`
		CreateDate int64  `json:"create_date"`
		UpdateDate int64  `json:"update_date"`
		Thumb      string `json:"thumb"`
		LinkView   string `json:"link_view"`
	}
	medias, total := []media{}, 0
	for _, x := range slices.Backward(c.oa.articles) {
		if x.Type != kind {
			continue
		}
		total++
		if total <= offset || len(medias) == limit {
			continue
		}
		thumb := x.Avatar
		if x.Cover != nil {
			thumb = x.Cover.PhotoURL
		}
		medias = append(medias, media{x.ID, x.Type, x.Title, x.Status, x.Views, 0, x.Created.UnixMilli(), x.Updated.UnixMilli(), thumb, s.linkView(x)})
	}
	return fine(map[string]any{"medias": medias, "total": total})
}

func (s *Sim) articleRemove(c *call) reply {
	var in struct {
		ID string `json:"id"`
	}
	if !c.decode(&in) || c.oa.article(in.ID) == nil {
		return badParam("id")
	}
	c.oa.articles = slices.DeleteFunc(c.oa.articles, func(x *Article) bool { return x.ID == in.ID })
	s.journal.Delete("article", c.oa.ID+"/"+in.ID)
	return fine(nil)
}
