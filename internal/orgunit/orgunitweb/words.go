package orgunitweb

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// crumbs turns the units above, nearest first, into the way down.
func crumbs(above []link) []ui.Crumb {
	var out []ui.Crumb
	for _, l := range slices.Backward(above) {
		out = append(out, ui.Crumb{Text: l.Text, Href: l.Href})
	}
	return out
}

func facts(ctx context.Context, v unitView) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "orgunit.level"), Text: i18n.T(ctx, "orgunit.one_"+string(v.Unit.Level))}}
	if v.Unit.Code != "" && v.Unit.Kind == "front" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "orgunit.code"), Text: v.Unit.Code})
	}
	span := i18n.T(ctx, "orgunit.since", "Day", v.Unit.ValidFrom.Vietnamese())
	if v.Unit.ValidTo != clock.Forever {
		span = i18n.T(ctx, "orgunit.from_to", "From", v.Unit.ValidFrom.Vietnamese(), "To", v.Unit.ValidTo.AddDays(-1).Vietnamese())
	}
	return append(out, ui.DefinitionItem{Term: i18n.T(ctx, "orgunit.stands"), Text: span})
}

// withNew offers the standing units as successors, and a new one first.
func withNew(ctx context.Context, v wizardView) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "orgadmin.a_new_unit"), Selected: v.Into == ""}}
	for _, c := range v.Choices {
		out = append(out, ui.Option{Value: c.Value, Text: c.Text, Selected: c.Value == v.Into})
	}
	return out
}

// firstRow shows a refusal at the first of several alike rows only.
func firstRow(i int, text string) string {
	if i > 0 {
		return ""
	}
	return text
}

// chosenPart marks the part a unit is placed in.
func chosenPart(parts []ui.Option, part int) []ui.Option {
	out := slices.Clone(parts)
	for i := range out {
		out[i].Selected = out[i].Value == strconv.Itoa(part) || out[i].Value == "" && part < 0
	}
	return out
}

// movesText says how much goes over from a unit: "3 tài khoản kênh, 2 việc đang mở".
func movesText(ctx context.Context, lines []orgadmin.MoveLine, unitID string) string {
	var parts []string
	for _, l := range lines {
		if l.UnitID == unitID && l.Count > 0 {
			parts = append(parts, i18n.T(ctx, l.Key, "Count", l.Count))
		}
	}
	if len(parts) == 0 {
		return i18n.T(ctx, "orgadmin.nothing_moves")
	}
	return strings.Join(parts, ", ")
}
