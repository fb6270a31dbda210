package publishweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// line is one row of the table behind the wall.
type line struct {
	publish.Square
	Tone, StateIs, Why, KindIs string
}

// wallView is what the receipt wall draws.
type wallView struct {
	publish.Wall
	Kind       channel.Kind
	Tabs       []ui.Tab
	Cells      []ui.Cell
	Lines      []line
	State      string
	States     []ui.Option
	Page       ui.Paging
	Open       *line // the square that was opened
	Sent, All  int
	Failed     int
	Query      url.Values
	CanRetry   bool
	CanRelease bool
	Print      bool
	Readers    templ.Component // nil where the house has no readers
}

func (p *Pages) wall(w http.ResponseWriter, r *http.Request) error {
	v, err := p.wallView(r)
	if err != nil {
		return err
	}
	if p.readers != nil {
		if v.Readers, err = p.readers(r.Context(), v.ID); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, wallPage(v))
}

func (p *Pages) wallView(r *http.Request) (wallView, error) {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	kind := channel.Kind(q.Get("kenh"))
	if kind == "" {
		kind = channel.Zalo
	}
	wall, err := p.s.Wall(ctx, a, r.PathValue("id"), kind)
	if err == nil && len(wall.Squares) == 0 && q.Get("kenh") == "" { // nothing for Zalo: show what there is
		for _, k := range publish.Kinds {
			if wall.Total(k) > 0 {
				kind = k
				wall, err = p.s.Wall(ctx, a, r.PathValue("id"), kind)
				break
			}
		}
	}
	if err != nil {
		return wallView{}, err
	}
	path := href(wall.ID, "/luot-dang")
	v := wallView{Wall: wall, Kind: kind, State: q.Get("trang_thai"), Query: q, Print: q.Get("in") != "",
		CanRetry: p.s.Can(a, publish.ActRetry, wall.Post), CanRelease: p.s.Can(a, publish.ActApprove, wall.Post)}
	for _, k := range publish.Kinds {
		if n := wall.Total(k); n > 0 {
			v.Tabs = append(v.Tabs, ui.Tab{Text: kindText(ctx, k), Href: with(path, nil, "kenh", string(k)), Active: k == kind, Count: n})
		}
		v.Sent += wall.Done(k, channel.DeliveryPublished)
		v.Failed += wall.Done(k, channel.DeliveryFailed)
		v.All += wall.Total(k)
	}
	v.States = append(v.States, ui.Option{Value: "", Text: i18n.T(ctx, "publish.all_states")})
	for _, st := range deliveryStates {
		if n := wall.Done(kind, st); n > 0 {
			v.States = append(v.States, ui.Option{Value: string(st), Text: deliveryText(ctx, st) + " (" + strconv.Itoa(n) + ")", Selected: string(st) == v.State})
		}
	}
	v.lines(ctx, path, q)
	return v, nil
}

var deliveryStates = [...]channel.DeliveryState{channel.DeliveryHeld, channel.DeliveryQueued, channel.DeliverySending, channel.DeliveryProcessing,
	channel.DeliveryPublished, channel.DeliveryFailed, channel.DeliveryRetracted, channel.DeliverySuperseded}

// lines turns squares into cells of the wall and rows of the table.
func (v *wallView) lines(ctx context.Context, path string, q url.Values) {
	var rows []line
	for i, s := range v.Squares {
		l := line{Square: s, Tone: deliveryTone(s.State), StateIs: deliveryText(ctx, s.State), KindIs: kindText(ctx, s.Kind)}
		if s.Reason != "" {
			l.Why = i18n.T(ctx, s.Reason)
		}
		v.Cells = append(v.Cells, ui.Cell{Tone: l.Tone, Label: strconv.Itoa(i + 1), Title: s.Unit.FullName + " – " + l.StateIs, ID: "o-" + s.ID,
			Group: s.Parent.FullName, Href: with(path, q, "mo", s.ID) + "#mo"})
		if s.ID == q.Get("mo") {
			v.Open = &l
		}
		if v.State == "" || v.State == string(s.State) {
			rows = append(rows, l)
		}
	}
	page := max(1, atoi(q.Get("trang")))
	per := publish.PerPage
	if v.Print {
		page, per = 1, max(1, len(rows))
	}
	v.Page = ui.Paging{Page: page, Per: per, Total: len(rows), URL: func(n int) string { return pageURL(path, q, n) }}
	from := min((page-1)*per, len(rows))
	v.Lines = rows[from:min(from+per, len(rows))]
}

// seconds between two looks at a wall that still moves; 0 when it rests.
func (v wallView) seconds() int {
	switch {
	case !v.Busy:
		return 0
	case v.State == "" && v.PublishAt.After(v.UpdatedAt.Add(time.Hour)) && v.Wall.State == publish.StateScheduled:
		return 60
	}
	return 2
}

func (p *Pages) wallExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	wall, err := p.s.Wall(ctx, identity.ActorFrom(ctx), r.PathValue("id"), channel.Kind(r.URL.Query().Get("kenh")))
	if err != nil {
		return err
	}
	t := func(key string) string { return i18n.T(ctx, "publish.col."+key) }
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "publish.wall"), Head: []string{t("above"), t("unit"), t("kind"), t("account"), t("state"), t("reason"), t("link"), t("attempts"), t("finished")}}
	for _, s := range wall.Squares {
		why, done := "", any("")
		if s.Reason != "" {
			why = i18n.T(ctx, s.Reason)
		}
		if !s.FinishedAt.IsZero() {
			done = s.FinishedAt
		}
		sheet.Rows = append(sheet.Rows, []any{s.Parent.FullName, s.Unit.FullName, kindText(ctx, s.Kind), s.AccountName, deliveryText(ctx, s.State), why, s.Receipt.Link, s.Attempts, done})
	}
	return xlsx.Send(w, "luot-dang-"+string(clock.DateOf(p.clock.Now()))+".xlsx", sheet)
}

// back is the wall again, on the same tab.
func back(r *http.Request, postID string) string {
	k := channel.Kind(r.PostFormValue("kenh"))
	if !slices.Contains(publish.Kinds[:], k) {
		return href(postID, "/luot-dang")
	}
	return with(href(postID, "/luot-dang"), nil, "kenh", string(k))
}

func (p *Pages) retry(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	postID := r.PathValue("id")
	delivery := r.PostFormValue("delivery")
	if delivery == "" && r.PostFormValue("all") == "" {
		return fault.New(fault.Invalid, "publish.nothing_chosen")
	}
	n, err := p.s.Retry(r.Context(), identity.ActorFrom(r.Context()), postID, delivery)
	if err != nil && !fault.Is(err, fault.Conflict) { // a conflict: it is already on its way again
		return err
	}
	flash := "publish.retried"
	if n == 0 {
		flash = "publish.retried_none"
	}
	return web.SeeOther(w, r, ui.WithFlash(back(r, postID), flash))
}

func (p *Pages) release(w http.ResponseWriter, r *http.Request) error {
	postID := r.PathValue("id")
	err := p.s.ReleaseRest(r.Context(), identity.ActorFrom(r.Context()), postID)
	if err != nil && !fault.Is(err, fault.Conflict) { // a conflict: the rest went meanwhile
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(back(r, postID), "publish.released"))
}

// groupView is what the page of saved groups draws.
type groupView struct {
	Groups []publish.Group
	Edit   publish.Group
	Owners []ui.Option
	Units  []ui.Option
	Err    error
}

func (p *Pages) groupPage(w http.ResponseWriter, r *http.Request, status int, edit publish.Group, refusal error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	gs, err := p.s.Groups(ctx, a)
	if err != nil {
		return err
	}
	v := groupView{Groups: gs, Edit: edit, Err: refusal}
	if want := r.URL.Query().Get("mo"); want != "" && refusal == nil {
		for _, g := range gs {
			if g.ID == want {
				v.Edit = g
			}
		}
	}
	for _, u := range p.s.Units(a) {
		v.Units = append(v.Units, ui.Option{Value: u.ID, Text: u.FullName, Selected: slices.Contains(v.Edit.UnitIDs, u.ID)})
		v.Owners = append(v.Owners, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == v.Edit.UnitID})
	}
	return web.Render(w, r, status, groupsPage(v))
}

func (p *Pages) groups(w http.ResponseWriter, r *http.Request) error {
	return p.groupPage(w, r, http.StatusOK, publish.Group{}, nil)
}

func (p *Pages) saveGroup(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return err
	}
	g := publish.Group{ID: r.PostForm.Get("id"), UnitID: r.PostForm.Get("unit"), Name: r.PostForm.Get("name"), UnitIDs: r.PostForm["units"]}
	if _, err := p.s.SaveGroup(r.Context(), identity.ActorFrom(r.Context()), g); err != nil {
		if refused(err) {
			return p.groupPage(w, r, web.Status(fault.KindOf(err)), g, err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(groupBase, "publish.group_saved"))
}

func (p *Pages) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	if err := p.s.DeleteGroup(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(groupBase, "publish.group_deleted"))
}
