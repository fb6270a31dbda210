package fleetweb

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

func outcomeTone(v outcomeView) string {
	switch {
	case len(v.Refused) == 0:
		return "ok"
	case len(v.Done) == 0:
		return "late"
	}
	return "wait"
}

func viewKey(view string) string {
	switch view {
	case fleet.ViewNew:
		return "fleet.alert.view_new"
	case fleet.ViewHistory:
		return "fleet.alert.view_history"
	}
	return "fleet.alert.view_open"
}

func alertHead(ctx context.Context, view string) []ui.Col {
	last := "state"
	if view == fleet.ViewHistory {
		last = "closed"
	}
	var out []ui.Col
	for _, k := range []string{"cause", "name", "unit", "kind", "opened", last} {
		out = append(out, ui.Col{Text: i18n.T(ctx, "fleet.col."+k)})
	}
	return out
}

func alertKey(a fleet.Alert) string {
	switch {
	case !a.Open():
		return "fleet.alert.closed"
	case a.AckAt.IsZero():
		return "fleet.alert.fresh"
	}
	return "fleet.alert.acked"
}

func alertTone(a fleet.Alert) string {
	switch {
	case !a.Open():
		return "ok"
	case !a.AckAt.IsZero():
		return "info"
	case a.Cause.Stops():
		return "late"
	}
	return "wait"
}

// alertAdvice is the sentence that tells what to do: the channel's own when it refused us.
func alertAdvice(ctx context.Context, a fleet.Alert) string {
	if a.Reason != "" {
		return i18n.T(ctx, a.Reason)
	}
	return i18n.T(ctx, "fleet.alert.advice."+string(a.Cause))
}

func alertFacts(ctx context.Context, v alertView) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem { return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text} }
	out := []ui.DefinitionItem{
		line("fleet.col.name", v.AccountName), line("fleet.col.unit", v.UnitName), line("fleet.col.kind", kindText(ctx, v.Kind)),
		{Term: i18n.T(ctx, "fleet.col.state"), Body: ui.Badge(alertTone(v.Alert), i18n.T(ctx, alertKey(v.Alert)))},
		{Term: i18n.T(ctx, "fleet.col.opened"), Body: ui.Time(v.OpenedAt)},
	}
	if !v.AckAt.IsZero() {
		out = append(out, line("fleet.alert.by", v.AckName), line("fleet.alert.note", v.AckNote))
	}
	if !v.Open() {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fleet.col.closed"), Body: ui.Time(v.ClosedAt)})
	}
	return out
}

func changeFacts(ctx context.Context, c fleet.Change) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "fleet.change.was"), Text: c.Was}, {Term: i18n.T(ctx, "fleet.change.now"), Text: c.Unit}}
	if c.Expected != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fleet.change.name"), Text: c.Expected})
	}
	return out
}

// others offers the channels to which followers can be led.
func others(c fleet.Change) []ui.Option {
	var out []ui.Option
	for _, a := range c.Others {
		out = append(out, ui.Option{Value: a.ID, Text: a.Name})
	}
	return out
}

// earlier is what the same channel went through before.
func earlier(ctx context.Context, list []fleet.Alert) []ui.TimelineItem {
	out := make([]ui.TimelineItem, len(list))
	for i, a := range list {
		out[i] = ui.TimelineItem{At: a.ClosedAt, Title: i18n.T(ctx, "fleet.alert.over_title", "Cause", conditionText(ctx, a.Cause)), Text: a.AckNote, Who: a.AckName, Tone: "ok"}
	}
	return out
}

func (f ruleForm) id(name string) string { return "f-" + string(f.Kind) + "-" + name }
