package fleetweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// boardView is the page of how far units have come with connecting.
type boardView struct {
	Tabs   tabs
	Query  url.Values
	Board  fleet.Board
	Rows   []fleet.BoardRow // of this page
	Paging ui.Paging
	Print  bool
}

func boardQuery(q url.Values) fleet.BoardQuery {
	return fleet.BoardQuery{Text: q.Get("q"), Wanting: q.Get("xem") != "tat-ca"}
}

func (p *Pages) board(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := known(r.URL.Query(), "q", "xem")
	b, err := p.Service.Board(ctx, identity.ActorFrom(ctx), boardQuery(q))
	if err != nil {
		return err
	}
	page := pageOf(r.URL.Query(), len(b.Rows))
	v := boardView{Query: q, Board: b, Print: r.URL.Query().Get("in") == "1",
		Paging: ui.Paging{Page: page, Per: perPage, Total: len(b.Rows), URL: func(n int) string { return with(boardPath, q, "trang", strconv.Itoa(n)) }}}
	v.Rows = b.Rows[(page-1)*perPage : min(page*perPage, len(b.Rows))]
	if v.Print {
		v.Rows, v.Paging = b.Rows, ui.Paging{Page: 1, Per: len(b.Rows), Total: len(b.Rows)}
	}
	if v.Tabs, err = p.tabs(r, boardPath); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, boardPage(v))
}

func (v boardView) head(ctx context.Context) []ui.Col {
	out := []ui.Col{{Text: i18n.T(ctx, "fleet.col.unit")}}
	for _, k := range v.Board.Kinds {
		out = append(out, ui.Col{Text: kindText(ctx, k)})
	}
	if v.Print {
		return out
	}
	return append(out, ui.Col{Text: i18n.T(ctx, "fleet.col.remind")})
}

func (v boardView) views(ctx context.Context) []chip {
	all := v.Query.Get("xem") == "tat-ca"
	return []chip{
		{Text: i18n.T(ctx, "fleet.board.wanting"), Count: v.Board.Wanting, Href: with(boardPath, v.Query, "xem", ""), On: !all},
		{Text: i18n.T(ctx, "fleet.board.all"), Count: v.Board.Units, Href: with(boardPath, v.Query, "xem", "tat-ca"), On: all},
	}
}

func (v boardView) bars(ctx context.Context) []ui.Bar {
	var out []ui.Bar
	for _, x := range v.Board.Progress {
		out = append(out, ui.Bar{Label: kindText(ctx, x.Kind), Value: x.Granted, Text: ui.Number(ctx, x.Granted) + "/" + ui.Number(ctx, x.Of)})
	}
	return out
}

func grantTone(g fleet.Grant) string {
	return map[fleet.Grant]string{fleet.Granted: "ok", fleet.Again: "late", fleet.Missing: "wait", fleet.Optional: "mute"}[g]
}

// link is one channel that a unit has to grant, with the address to open on a telephone.
type link struct {
	Text, Href string
}

// remindView is what to send to one unit.
type remindView struct {
	fleet.BoardRow
	Links []link
	Text  string
}

func (p *Pages) remind(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	row, err := p.Service.Remind(ctx, identity.ActorFrom(ctx), r.PathValue("unit"))
	if err != nil {
		return err
	}
	v := remindView{BoardRow: row, Links: p.links(ctx, row)}
	var lines []string
	for _, l := range v.Links {
		lines = append(lines, l.Text+": "+l.Href)
	}
	v.Text = i18n.T(ctx, "fleet.remind.text", "Unit", row.UnitName, "Links", strings.Join(lines, "\n"), "From", identity.ActorFrom(ctx).Name)
	return web.Render(w, r, http.StatusOK, remindPage(v))
}

// links are the addresses by which the administrator of a unit grants what is wanting. They open the usual form after
// signing in: the link itself gives no right to anybody.
func (p *Pages) links(ctx context.Context, row fleet.BoardRow) []link {
	var out []link
	for _, c := range row.Cells {
		switch c.Grant {
		case fleet.Missing:
			q := url.Values{"unit": {row.UnitID}, "kind": {string(c.Kind)}}
			out = append(out, link{Text: i18n.T(ctx, "fleet.remind.connect", "Kind", kindText(ctx, c.Kind)), Href: p.PublicURL + connectPath + "?" + q.Encode()})
		case fleet.Again:
			out = append(out, link{Text: i18n.T(ctx, "fleet.remind.again", "Name", c.Name), Href: p.PublicURL + channelPath + "/" + url.PathEscape(c.AccountID)})
		}
	}
	return out
}

func (p *Pages) boardExport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	b, err := p.Service.Board(ctx, identity.ActorFrom(ctx), boardQuery(r.URL.Query()))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "fleet.board.title"), Head: []string{i18n.T(ctx, "fleet.col.unit")}}
	for _, k := range b.Kinds {
		s.Head = append(s.Head, kindText(ctx, k))
	}
	s.Head = append(s.Head, i18n.T(ctx, "fleet.col.links"))
	for _, row := range b.Rows {
		line := []any{row.UnitName}
		for _, c := range row.Cells {
			line = append(line, i18n.T(ctx, "fleet.grant."+string(c.Grant)))
		}
		var links []string
		for _, l := range p.links(ctx, row) {
			links = append(links, l.Href)
		}
		s.Rows = append(s.Rows, append(line, strings.Join(links, "\n")))
	}
	return xlsx.Send(w, "tien-do-ket-noi.xlsx", s)
}
