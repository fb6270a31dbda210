package routingweb

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// meant tells whether the refused form is the one for the key: forms of one kind stand on the page many times.
func meant(v tableView, act, key string) bool {
	if v.Act != act || v.Typed == nil {
		return false
	}
	if act == "body" {
		return v.Typed.Get("id") == key
	}
	for _, c := range v.Categories {
		if c.Code == v.Typed.Get("code") {
			return c.Code == key
		}
	}
	return key == ""
}

func typedFor(v tableView, act, key, field, other string) string {
	if meant(v, act, key) {
		return v.Typed.Get(field)
	}
	return other
}

func errFor(ctx context.Context, v tableView, act, key, field string) string {
	if meant(v, act, key) {
		return web.FieldError(ctx, v.Err, field)
	}
	return ""
}

func ruleTableProps(ctx context.Context, caption string, ends bool) ui.TableProps {
	t := ui.TableProps{Caption: caption}
	for _, k := range []string{"category", "place", "to", "source", "from"} {
		t.Head = append(t.Head, ui.Col{Text: i18n.T(ctx, "routing.col."+k)})
	}
	if ends {
		t.Head = append(t.Head, ui.Col{Text: i18n.T(ctx, "routing.col.act")})
		t.Export = TablePath + ".xlsx"
	}
	return t
}
