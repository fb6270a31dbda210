package householdweb

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func listHead(ctx context.Context) []ui.Col {
	var out []ui.Col
	for _, k := range []string{"head", "code", "area", "id_tail", "people", "category", "category_year"} {
		out = append(out, ui.Col{Text: i18n.T(ctx, "household.col."+k), Num: k == "people" || k == "category_year"})
	}
	return out
}

// yearFacts are the years, each with its forms of help and their sum.
func yearFacts(ctx context.Context, years []household.YearSum) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	for _, y := range years {
		var parts []string
		for i, v := range []money.VND{y.Cash, y.Goods, y.House} {
			if v > 0 {
				parts = append(parts, i18n.T(ctx, "household.kind."+string(household.HelpKinds[i]))+" "+v.String())
			}
		}
		if len(parts) != 1 {
			parts = append(parts, i18n.T(ctx, "household.help.all")+" "+y.All().String())
		}
		out = append(out, ui.DefinitionItem{Term: strconv.Itoa(y.Year), Text: strings.Join(parts, " · ")})
	}
	return out
}

// helpItems are the helps one by one, the latest first.
func helpItems(ctx context.Context, list []helpLine) []ui.TimelineItem {
	var out []ui.TimelineItem
	for _, h := range list {
		text := h.Programme
		if h.What == "" {
			text = "" // the line names the programme already
		}
		out = append(out, ui.TimelineItem{Title: helpText(ctx, h.Help), Text: text, Who: h.Giver, Tone: "ok"})
	}
	return out
}

func categoryTone(c household.Category) string {
	switch c {
	case household.Poor:
		return "late"
	case household.NearPoor:
		return "wait"
	case household.Hardship:
		return "info"
	}
	return "mute"
}

func day(t time.Time) string { return clock.DateOf(t).Vietnamese() }

// shown is what the page calls the household: its head's name when it was opened, otherwise the initials.
func (v oneView) shown() string {
	if v.Person != nil {
		return v.Person.Name
	}
	return v.Initials
}

// reasonErr is what is wrong with the reason for opening; the one for closing stands in the summary.
func (v oneView) reasonErr(ctx context.Context) string {
	if v.CloseWhy != "" {
		return ""
	}
	return web.FieldError(ctx, v.Err, "reason")
}

func facts(ctx context.Context, v oneView) []ui.DefinitionItem {
	item := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "household.fact."+key), Text: text}
	}
	out := []ui.DefinitionItem{item("code", v.Code), item("area", v.Area),
		item("category", i18n.T(ctx, "household.category_of", "Category", i18n.T(ctx, "household.category."+string(v.Category)), "Year", v.CategoryYear)), item("people", strconv.Itoa(v.People))}
	p := v.Person
	if p == nil {
		return append(out, item("id_number", or(masked(v.IDTail), i18n.T(ctx, "household.not_given"))), item("phone", or(masked(v.PhoneTail), i18n.T(ctx, "household.not_given"))))
	}
	for _, x := range [][2]string{{"sex", sexText(ctx, p.Sex)}, {"birth_year", yearText(p.BirthYear)}, {"id_number", p.IDNumber}, {"phone", p.Phone}, {"address", p.Address}, {"spouse", p.Spouse}} {
		out = append(out, item(x[0], or(x[1], i18n.T(ctx, "household.not_given"))))
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func memberText(ctx context.Context, m household.Member) string {
	out := m.Name
	if m.Relation != "" {
		out += " – " + m.Relation
	}
	if m.BirthYear != 0 {
		out += ", " + i18n.T(ctx, "household.born", "Year", m.BirthYear)
	}
	return out
}

func helpText(ctx context.Context, h household.Help) string {
	return i18n.T(ctx, "household.help.line", "Day", h.On.Vietnamese(), "Kind", i18n.T(ctx, "household.kind."+string(h.Kind)), "What", or(h.What, h.Programme), "Value", h.Value.String())
}

func (v formView) title(ctx context.Context) string {
	if v.ID == "" {
		return i18n.T(ctx, "household.add")
	}
	return i18n.T(ctx, "household.edit")
}

func (v formView) crumbs(ctx context.Context) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "household.title"), Href: Base}}
	if v.ID != "" {
		out = append(out, ui.Crumb{Text: i18n.T(ctx, "household.page"), Href: Href(v.ID)})
	}
	return out
}

func (v formView) action() string {
	if v.ID == "" {
		return Base + "/them"
	}
	return Href(v.ID) + "/sua"
}

func (v formView) back() string {
	if v.ID == "" {
		return Base
	}
	return Href(v.ID)
}

// rowError says what is wrong in a row, with the name of the column when the fault does not name it itself.
func rowError(ctx context.Context, e household.RowError) string {
	text := web.FieldError(ctx, e.Err, e.Err.Field)
	if e.Err.Field == "" || e.Err.Field == "file" {
		return text
	}
	return i18n.T(ctx, "household.sheet."+sheetColumn(e.Err.Field)) + ": " + text
}

// sheetColumn is the column of the table in which a field of the register stands.
func sheetColumn(field string) string {
	switch field {
	case "unit", "hamlet":
		return "area"
	case "members":
		return "people"
	}
	return field
}
