// Package publishweb draws the pages on which officials write, read, approve and follow posts: the list, the editor, the page
// of one post with everything about it, the preview of each edition, and the receipt wall that fills in live.
package publishweb

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Catalogue holds the texts of publishing.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

const (
	base      = "/lam-viec/tin-bai"
	groupBase = "/lam-viec/nhom-don-vi"
)

// formMax bounds a form with pictures, in bytes: a few pictures of 20 MB each. textMax bounds one without.
const (
	formMax = 64 << 20
	textMax = 4 << 20
)

// Pages serves the pages of publishing.
type Pages struct {
	s     *publish.Service
	clock clock.Clock

	readers Readers
}

// New makes the pages of the service.
func New(s *publish.Service, c clock.Clock) *Pages { return &Pages{s: s, clock: c} }

// Readers draws how telling the readers of a post went, for the wall of its deliveries.
type Readers func(ctx context.Context, postID string) (templ.Component, error)

// WithReaders shows the readers of a post beside its channels.
func (p *Pages) WithReaders(r Readers) *Pages {
	p.readers = r
	return p
}

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET "+base, publish.ActRead, p.list)
	rt.Can("GET "+base+".xlsx", publish.ActRead, p.listExcel)
	rt.Can("GET "+base+"/moi", publish.ActWrite, p.blank)
	rt.Can("POST "+base+"/moi", publish.ActWrite, p.create)
	rt.Can("GET "+base+"/{id}", publish.ActRead, p.post)
	rt.Can("GET "+base+"/{id}/sua", publish.ActWrite, p.edit)
	rt.Can("POST "+base+"/{id}/sua", publish.ActWrite, p.save)
	rt.Can("POST "+base+"/{id}/tu-luu", publish.ActWrite, p.autosave)
	rt.Can("POST "+base+"/{id}/anh", publish.ActWrite, p.upload)
	rt.Can("GET "+base+"/{id}/xem-thu", publish.ActRead, p.preview)
	rt.Can("POST "+base+"/{id}/nhan-xet", publish.ActComment, p.act(p.doComment))
	rt.Can("POST "+base+"/{id}/tra-lai", publish.ActApprove, p.act(p.doReturn))
	rt.Can("POST "+base+"/{id}/duyet", publish.ActApprove, p.act(p.doApprove))
	rt.Can("POST "+base+"/{id}/dang", publish.ActApprove, p.act(p.doSchedule))
	rt.Can("POST "+base+"/{id}/dinh-chinh", publish.ActWrite, p.act(p.doCorrect))
	rt.Can("POST "+base+"/{id}/go", publish.ActRetract, p.act(p.doRetract))
	rt.Can("POST "+base+"/{id}/bo", publish.ActWrite, p.act(p.doDiscard))
	rt.Can("GET "+base+"/{id}/luot-dang", publish.ActRead, p.wall)
	rt.Can("GET "+base+"/{id}/luot-dang.xlsx", publish.ActRead, p.wallExcel)
	rt.Can("POST "+base+"/{id}/dang-lai", publish.ActRetry, p.retry)
	rt.Can("POST "+base+"/{id}/dang-tiep", publish.ActApprove, p.release)
	rt.Can("GET "+groupBase, publish.ActWrite, p.groups)
	rt.Can("POST "+groupBase, publish.ActWrite, p.saveGroup)
	rt.Can("POST "+groupBase+"/{id}/xoa", publish.ActWrite, p.deleteGroup)
}

func href(postID, rest string) string { return base + "/" + postID + rest }

// row is one line of the list.
type row struct {
	Href, Title, Unit, Author, Category string
	State, Tone                         string
	Correcting                          bool
	Canary                              publish.Canary
	Updated, PublishAt                  time.Time
}

// listView is what the list's template draws.
type listView struct {
	Rows       []row
	Page       ui.Paging
	Filter     publish.Filter
	State      string
	Query      url.Values
	Categories []ui.Option
	Units      []ui.Option
	CanWrite   bool
	Print      bool
}

func filterOf(q url.Values) publish.Filter {
	f := publish.Filter{Category: q.Get("muc"), Text: q.Get("q"), Unit: q.Get("don_vi")}
	if st := publish.State(q.Get("trang_thai")); st != "" {
		f.States = []publish.State{st}
	}
	return f
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	f := filterOf(q)
	page := max(1, atoi(q.Get("trang")))
	v := listView{Filter: f, State: q.Get("trang_thai"), Query: q, Print: q.Get("in") != "", CanWrite: len(p.s.Units(a)) > 0}
	var posts []publish.Post
	var total int
	var err error
	if v.Print {
		posts, err = p.s.Export(ctx, a, f)
		total, page = len(posts), 1
	} else {
		posts, total, err = p.s.List(ctx, a, f, page)
	}
	if err != nil {
		return err
	}
	names, err := p.categories(ctx)
	if err != nil {
		return err
	}
	v.Categories = names
	v.Units = p.unitOptions(ctx, a, f.Unit)
	for _, x := range posts {
		v.Rows = append(v.Rows, p.row(ctx, x, names))
	}
	v.Page = ui.Paging{Page: page, Per: max(publish.PerPage, len(posts)), Total: total, URL: func(n int) string { return pageURL(base, q, n) }}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (p *Pages) row(ctx context.Context, x publish.Post, names []ui.Option) row {
	out := row{Href: href(x.ID, ""), Title: x.Title, Unit: p.s.Unit(x.UnitID).FullName, Author: x.AuthorName,
		State: stateText(ctx, x.State), Tone: stateTone(x.State), Correcting: x.Correcting(), Canary: x.Canary, Updated: x.UpdatedAt, PublishAt: x.PublishAt}
	if out.Title == "" {
		out.Title = i18n.T(ctx, "publish.untitled")
	}
	for _, o := range names {
		if o.Value == x.Category {
			out.Category = o.Text
		}
	}
	return out
}

func (p *Pages) listExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	posts, err := p.s.Export(ctx, identity.ActorFrom(ctx), filterOf(r.URL.Query()))
	if err != nil {
		return err
	}
	names, err := p.categories(ctx)
	if err != nil {
		return err
	}
	t := func(key string) string { return i18n.T(ctx, "publish.col."+key) }
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "publish.posts"), Head: []string{t("title"), t("state"), t("category"), t("unit"), t("author"), t("updated"), t("published")}}
	for _, x := range posts {
		l := p.row(ctx, x, names)
		published := any("")
		if !x.PublishedAt.IsZero() {
			published = x.PublishedAt
		}
		sheet.Rows = append(sheet.Rows, []any{l.Title, l.State, l.Category, l.Unit, l.Author, l.Updated, published})
	}
	return xlsx.Send(w, "tin-bai-"+string(clock.DateOf(p.clock.Now()))+".xlsx", sheet)
}

// categories gives the subject headings with their names.
func (p *Pages) categories(ctx context.Context) ([]ui.Option, error) {
	ks, err := p.s.Categories(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Option, len(ks))
	for i, k := range ks {
		out[i] = ui.Option{Value: k.Code, Text: k.Name}
		if k.Name == "" {
			out[i].Text = i18n.T(ctx, "publish.category."+k.Code)
		}
	}
	return out, nil
}

// unitOptions offers the units whose posts the actor may read.
func (p *Pages) unitOptions(ctx context.Context, a identity.Actor, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "publish.all_units")}}
	for _, u := range p.s.ReadUnits(a) {
		out = append(out, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == chosen})
	}
	return out
}

func pageURL(path string, q url.Values, n int) string {
	c := url.Values{}
	for k, v := range q {
		if k != "ok" && k != "mo" {
			c[k] = v
		}
	}
	c.Del("trang")
	if n > 1 {
		c.Set("trang", strconv.Itoa(n))
	}
	if len(c) == 0 {
		return path
	}
	return path + "?" + c.Encode()
}

func with(path string, q url.Values, pairs ...string) string {
	c := url.Values{}
	for k, v := range q {
		if k != "ok" && k != "mo" && k != "trang" {
			c[k] = v
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if c.Del(pairs[i]); pairs[i+1] != "" {
			c.Set(pairs[i], pairs[i+1])
		}
	}
	if len(c) == 0 {
		return path
	}
	return path + "?" + c.Encode()
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func stateText(ctx context.Context, st publish.State) string {
	return i18n.T(ctx, "publish.state."+string(st))
}

func stateTone(st publish.State) string {
	switch st {
	case publish.StateReview:
		return "wait"
	case publish.StateReturned:
		return "late"
	case publish.StateApproved, publish.StateScheduled:
		return "info"
	case publish.StatePublished:
		return "ok"
	}
	return "mute"
}

func kindText(ctx context.Context, k channel.Kind) string {
	return i18n.T(ctx, "publish.kind."+string(k))
}

func deliveryTone(st channel.DeliveryState) string {
	switch st {
	case channel.DeliveryPublished:
		return "ok"
	case channel.DeliveryProcessing, channel.DeliverySending:
		return "info"
	case channel.DeliveryQueued:
		return "wait"
	case channel.DeliveryFailed:
		return "late"
	}
	return "mute"
}

func deliveryText(ctx context.Context, st channel.DeliveryState) string {
	return i18n.T(ctx, "publish.delivery."+string(st))
}

// refused tells whether a form is shown again with the fault instead of an error page.
func refused(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Invalid || k == fault.Conflict || k == fault.TooLarge
}

// stamp writes a date and an hour of the form into a moment; zero when both are empty.
func stamp(day, hour string) (time.Time, error) {
	if day == "" && hour == "" {
		return time.Time{}, nil
	}
	d, err := clock.ParseDate(day)
	if err != nil {
		return time.Time{}, fault.Field("day", "publish.day_bad").Because(err)
	}
	if hour == "" {
		hour = "07:00"
	}
	t, err := time.Parse("15:04", hour)
	if err != nil {
		return time.Time{}, fault.Field("hour", "publish.hour_bad").Because(fmt.Errorf("%q: %w", hour, err))
	}
	return d.Time().Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute), nil
}
