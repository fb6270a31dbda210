package channelweb

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

func heads(ctx context.Context, keys ...string) []ui.Col {
	out := make([]ui.Col, len(keys))
	for i, k := range keys {
		out[i] = ui.Col{Text: i18n.T(ctx, "channel.col."+k), Num: k == "followers" || k == "members" || k == "views" || k == "price"}
	}
	return out
}

func listHead(ctx context.Context) []ui.Col {
	return heads(ctx, "name", "unit", "kind", "state", "what", "followers", "checked")
}

func deliveryHead(ctx context.Context) []ui.Col { return heads(ctx, "at", "action", "state", "what") }

// anything is the choice that does not narrow.
func anything(ctx context.Context) ui.Option {
	return ui.Option{Text: i18n.T(ctx, "channel.filter.any")}
}

func kindOptions(ctx context.Context, v listView) []ui.Option {
	out := []ui.Option{anything(ctx)}
	for _, k := range v.Kinds {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "channel.kind."+string(k)), Selected: k == v.Filter.Kind})
	}
	return out
}

func stateOptions(ctx context.Context, v listView) []ui.Option {
	out := []ui.Option{anything(ctx)}
	for _, s := range states {
		out = append(out, ui.Option{Value: string(s), Text: i18n.T(ctx, "channel.state."+string(s)), Selected: s == v.Filter.State})
	}
	return out
}

func unitFilter(ctx context.Context, v listView) []ui.Option {
	return append([]ui.Option{anything(ctx)}, v.Units...)
}

func fieldID(prefix, name string) string {
	if prefix == "" {
		return ""
	}
	return "f-" + prefix + name
}

func reconnectKind(s channel.AccountState) string {
	if s == channel.AccountReauth {
		return "primary"
	}
	return "secondary"
}

func yesNo(ctx context.Context, yes bool) string {
	if yes {
		return i18n.T(ctx, "channel.yes")
	}
	return i18n.T(ctx, "channel.no")
}

// facts are the lines about an account.
func facts(ctx context.Context, v accountView) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem { return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text} }
	out := []ui.DefinitionItem{
		line("channel.col.unit", v.UnitName),
		line("channel.col.kind", i18n.T(ctx, "channel.kind."+string(v.Kind))),
		{Term: i18n.T(ctx, "channel.col.state"), Body: ui.Badge(stateTone(v.State), i18n.T(ctx, "channel.state."+string(v.State)))},
		{Term: i18n.T(ctx, "channel.col.checked"), Body: checked(v.Account)},
	}
	if v.Kind == channel.Portal {
		return out
	}
	out = append(out, line("channel.col.external", v.ExternalID), line("channel.col.followers", ui.Number(ctx, int(v.Followers))),
		line("channel.cap.article", yesNo(ctx, v.Capabilities.Article)), line("channel.cap.message", yesNo(ctx, v.Capabilities.MessageV != "none")))
	if v.Kind == channel.Zalo {
		out = append(out, line("channel.cap.broadcast", yesNo(ctx, v.Capabilities.Broadcast)))
	}
	return append(out, quotaFacts(ctx, v.Health)...)
}

// quotaFacts are the package and what it leaves; what the platform did not tell is left out.
func quotaFacts(ctx context.Context, h channel.Health) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	add := func(is bool, key, text string) {
		if is {
			out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text})
		}
	}
	of := func(left, total int64) string {
		return i18n.T(ctx, "channel.quota.of", "Left", ui.Number(ctx, int(left)), "Total", ui.Number(ctx, int(total)))
	}
	pack := h.Package
	if h.PackageUntil != "" {
		pack = i18n.T(ctx, "channel.package.until", "Package", h.Package, "Day", h.PackageUntil.Vietnamese())
	}
	add(h.Package != "", "channel.package", pack)
	add(h.QuotaTotal > 0, "channel.quota.messages", of(h.QuotaLeft, h.QuotaTotal))
	add(h.Pushes > 0, "channel.quota.pushes", i18n.T(ctx, "channel.quota.a_month", "Count", h.Pushes))
	add(h.NoticesDaily > 0, "channel.quota.notices", of(h.NoticesLeft, h.NoticesDaily))
	return out
}
