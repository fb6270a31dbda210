package deadlineweb

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func cols(ctx context.Context, keys ...string) []ui.Col {
	var out []ui.Col
	for _, k := range keys {
		num := map[string]bool{"answered": true, "in_time": true, "late": true, "open": true, "overdue": true, "waiting": true, "soon": true, "paused": true, "days": true}[k]
		out = append(out, ui.Col{Text: i18n.T(ctx, "deadline.col."+k), Num: num})
	}
	return out
}

func options(ctx context.Context, prefix string, values ...string) []ui.Option {
	var out []ui.Option
	for _, v := range values {
		out = append(out, ui.Option{Value: v, Text: i18n.T(ctx, prefix+v)})
	}
	return out
}

func publicTable(ctx context.Context, v publicView) ui.TableProps {
	t := ui.TableProps{Caption: i18n.T(ctx, "deadline.public.caption", "Year", v.Year), Head: cols(ctx, "body", "answered", "in_time", "late", "open", "overdue")}
	if !v.Print {
		t.Export, t.Print = v.href(PublicPath+".xlsx", v.Year, false), v.href(PublicPath, v.Year, true)
	}
	return t
}

func boardTable(ctx context.Context, v boardView) ui.TableProps {
	t := ui.TableProps{Caption: i18n.T(ctx, "deadline.board.bodies"), Head: cols(ctx, "body", "waiting", "overdue", "oldest", "soon", "paused")}
	if !v.Print {
		t.Export, t.Print = BoardPath+".xlsx", BoardPath+"?in=1"
	}
	return t
}

func termTableProps(ctx context.Context, caption string, ends bool) ui.TableProps {
	t := ui.TableProps{Caption: caption, Head: cols(ctx, "kind", "body", "days", "source", "valid")}
	if ends {
		t.Head = append(t.Head, ui.Col{Text: i18n.T(ctx, "deadline.col.act")})
		t.Export = TablePath + ".xlsx"
	}
	return t
}
