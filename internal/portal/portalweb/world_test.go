package portalweb_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/portal/portalweb"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

const base = "https://mattran.example"

// articles is a publishing house in memory: what stands on which unit's page.
type articles struct {
	on    map[string][]publish.Article // by unit, newest first
	reads int
}

func (a *articles) Published(_ context.Context, unitID string, f publish.PublicFilter, page int) (publish.PublicList, error) {
	a.reads++
	l := publish.PublicList{Page: page, Per: publish.PublicPerPage}
	for _, x := range a.on[unitID] {
		if x.UpdatedAt.After(l.UpdatedAt) {
			l.UpdatedAt = x.UpdatedAt
		}
		if !x.Retracted && (f.Category == "" || f.Category == x.Category) {
			l.Items = append(l.Items, x.Summary)
		}
	}
	l.Total = len(l.Items)
	from := min((page-1)*l.Per, l.Total)
	l.Items = l.Items[from:min(from+l.Per, l.Total)]
	return l, nil
}

func (a *articles) Article(_ context.Context, unitID, slug string) (publish.Article, error) {
	a.reads++
	for _, x := range a.on[unitID] {
		if x.Slug == slug {
			return x, nil
		}
	}
	return publish.Article{}, fault.New(fault.NotFound, "publish.not_found")
}

func (a *articles) Categories(context.Context) ([]publish.Category, error) {
	return []publish.Category{{Code: "notice", Name: "Thông báo"}, {Code: "relief", Name: "Cứu trợ"}}, nil
}

func (a *articles) Stands(_ context.Context, slugOrID string) (string, string, error) {
	for unit, list := range a.on {
		for _, x := range list {
			if x.AuthorUnit == unit && (x.Slug == slugOrID || x.PostID == slugOrID) {
				return unit, x.Slug, nil
			}
		}
	}
	return "", "", fault.New(fault.NotFound, "publish.not_found")
}

func (a *articles) Find(_ context.Context, unitID, query string, _, _ int) (out []publish.Found, n int, err error) {
	for unit, list := range a.on {
		for _, x := range list {
			if (unitID == unit || unitID == "" && x.AuthorUnit == unit) && matches(x.Title+" "+x.Text, query) {
				out = append(out, publish.Found{Summary: x.Summary, UnitID: unit, Text: x.Text})
			}
		}
	}
	return out, len(out), nil
}

func (a *articles) Addresses(_ context.Context, unitID string, _ int) (out []publish.Address, err error) {
	for _, x := range a.on[unitID] {
		out = append(out, publish.Address{Slug: x.Slug, UpdatedAt: x.UpdatedAt})
	}
	return out, nil
}

// matches tells whether the text has a word beginning with each word of the query.
func matches(text, query string) bool {
	for _, q := range vntext.Tokens(query) {
		if !slices.ContainsFunc(vntext.Tokens(text), func(w string) bool { return strings.HasPrefix(w, q) }) {
			return false
		}
	}
	return true
}

// answers is a list of answered questions in memory.
type answers []feedback.Published

func (a *answers) Search(_ context.Context, unitID, text string, page, per int) (out []feedback.Published, n int, err error) {
	for _, x := range *a {
		if (unitID == "" || unitID == orgunittest.Province || x.UnitID == unitID) && matches(x.Question+" "+x.Answer, text) {
			out = append(out, x)
		}
	}
	n = len(out)
	from := min((page-1)*per, n)
	return out[from:min(from+per, n)], n, nil
}

func (a *answers) DaysTaken(context.Context, string) (published.DaysTaken, error) {
	return published.DaysTaken{}, nil
}

// world is the site of the small province, without and with content.
type world struct {
	t        testing.TB
	db       *db.DB
	clock    *clock.Stub
	units    *orgunit.Service
	authz    *identity.Authorizer
	sites    *portal.Sites
	portal   *portal.Portal
	articles *articles
	answers  *answers
	pages    *portalweb.Pages
	handler  http.Handler
	actor    identity.Actor
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, dbtest.SQLite(t, orgunit.Migrations, portal.Migrations))
}

func newWorldOn(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock.NewStub(orgunittest.Now), articles: &articles{on: map[string][]publish.Article{}}, answers: &answers{}, actor: identity.Citizen()}
	w.units = orgunittest.SeedAt(t, d, w.clock)
	var err error
	if w.authz, err = identity.NewAuthorizer(w.units, w.clock, portal.Policies); err != nil {
		t.Fatal(err)
	}
	tree := func() portal.Tree { return w.units.Forest() }
	w.sites = portal.NewSites(portal.SitesDeps{DB: d, Clock: w.clock, Authz: w.authz, Tree: tree})
	w.portal = &portal.Portal{Sites: w.sites, Tree: tree, Articles: w.articles, Answers: w.answers, Clock: w.clock,
		Links: portal.Links{Base: base, Province: orgunittest.Province}}
	w.pages = portalweb.New(w.portal)
	words, err := i18n.Load(ui.Catalogue, portalweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	w.pages.Routes(&rt)
	s := &web.Server{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Guard: func(r *http.Request, a web.Access) error {
			if a.Door == web.DoorAction && !w.authz.CanSomewhere(identity.ActorFrom(r.Context()), a.Action) {
				return fault.New(fault.Forbidden, "identity.not_allowed")
			}
			return nil
		},
		ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) }}
	mux := s.Mux(&rt)
	mux.Handle(ui.StaticPath, ui.Assets())
	signedIn := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(rw, r.WithContext(identity.WithActor(r.Context(), w.actor)))
	})
	w.handler = s.Harden(words.Middleware(signedIn), true)
	return w
}

// get asks for a path with headers given as name, value pairs.
func (w *world) get(path string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, base+path, nil)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// want asks for a path and expects the status.
func (w *world) want(status int, path string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	rec := w.get(path, headers...)
	if rec.Code != status {
		w.t.Fatalf("%s: status %d, want %d\n%s", path, rec.Code, status, rec.Body)
	}
	return rec
}

var day = func(n int) time.Time { return time.Date(2026, 11, n, 1, 30, 0, 0, time.UTC) }

func post(n int, author, title string) publish.Article {
	lead := "Từ ngày 01/12, hộ nào bị ngập trong đợt mưa vừa qua đến nhà văn hóa khối đăng ký nhận gạo và chăn ấm; mang theo căn cước."
	return publish.Article{Version: 1, UnitID: author, Summary: publish.Summary{PostID: "post-" + strconv.Itoa(n), Slug: vntext.Slug(title), Title: title, Lead: lead,
		Category: "relief", AuthorUnit: author, PublishedAt: day(n), UpdatedAt: day(n)},
		HTML: "<p>Ban Công tác Mặt trận các khối lập danh sách trong hai ngày.</p><h2>Cần mang theo</h2><ul><li>Căn cước</li><li>Ảnh chụp nhà bị ngập, nếu có</li></ul>",
		Text: "Ban Công tác Mặt trận các khối lập danh sách trong hai ngày. Cần mang theo: Căn cước; Ảnh chụp nhà bị ngập, nếu có."}
}

func photo(alt, caption string) publish.PublicPicture {
	return publish.PublicPicture{Picture: picture.Picture{ID: "0199a000-0000-7000-8000-00000000aaaa", Width: 1600, Height: 900, Widths: []int{320, 640, 960, 1600}}, Alt: alt, Caption: caption}
}

// fill gives the ward Vinh Hưng a lively page.
func (w *world) fill() *world {
	titles := []string{"Lịch trực cấp gạo cứu trợ cuối tuần", "Khánh thành nhà Đại đoàn kết ở khối Kim Tân", "Họp mặt người cao tuổi tiêu biểu", "Ra quân dọn kênh Bắc trước mùa mưa",
		"Mời bà con góp ý quy ước khối phố", "Kết quả giám sát quỹ vì người nghèo", "Đăng ký nhận hỗ trợ sau ngập"}
	var list []publish.Article
	for i, t := range titles {
		list = append(list, post(20-i, orgunittest.VinhHung, t))
	}
	cover := photo("Bà con xếp hàng nhận gạo ở nhà văn hóa khối", "Phát gạo ở khối Kim Tân chiều 19/11.")
	list[0].Pictures, list[0].Cover = []publish.PublicPicture{cover, photo("Chăn ấm xếp trên bàn", "")}, &cover
	list[0].Errata = []publish.Erratum{{At: day(21), Text: "Bản trước ghi nhầm giờ bắt đầu; giờ đúng là 7 giờ 30."}}
	list[0].Corrected, list[0].MediaURL = true, "https://media.example/nghe/lich-truc.mp3"
	w.articles.on[orgunittest.VinhHung] = list
	w.articles.on[orgunittest.Province] = []publish.Article{post(18, orgunittest.Province, "Phát động đợt vận động giúp vùng ngập")}
	gone := post(10, orgunittest.VinhHung, "Thông báo đã gỡ")
	gone.Retracted, gone.Notice, gone.Lead, gone.HTML, gone.UpdatedAt = true, "Nội dung chưa được kiểm chứng.", "", "", day(12)
	w.articles.on[orgunittest.VinhHung] = append(w.articles.on[orgunittest.VinhHung], gone)
	for i, q := range []string{"Bao giờ sửa xong cống ở ngõ 12 đường Lê Viết Thuật?", "Người cao tuổi sống một mình được giúp những gì?"} {
		*w.answers = append(*w.answers, feedback.Published{ID: "case-" + strconv.Itoa(i+1), UnitID: orgunittest.VinhHung, OriginID: orgunittest.VinhHung, Title: q, Question: q,
			Answer: "Phòng Kinh tế sẽ thay 40 mét cống từ ngày 28/11, xong trước 05/12; trong lúc chờ có máy bơm trực ở đầu ngõ.", AskedOn: "2026-11-16", AnsweredAt: day(19 - i), Days: 4 - i, PublishedAt: day(19 - i)})
	}
	admin := identity.Actor{Kind: identity.ActorOfficial, ID: "admin", Name: "Cán bộ admin", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.Province}}}
	for _, s := range []portal.Site{
		{UnitID: orgunittest.Province, Hotline: "0238 000 0000", Email: "mattran@example.vn"},
		{UnitID: orgunittest.VinhHung, Address: "Số 1 đường Thử Nghiệm, phường Vinh Hưng", People: []portal.Person{
			{Name: "Trần Thị Hoài Nam", Title: "Chủ tịch", Phone: "0238 111 2222"}, {Name: "Lê Văn Thuận", Title: "Phó Chủ tịch"}}},
	} {
		if _, err := w.sites.Save(context.Background(), admin, s); err != nil {
			w.t.Fatal(err)
		}
	}
	return w
}
