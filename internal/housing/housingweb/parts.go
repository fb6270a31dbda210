package housingweb

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func item(ctx context.Context, n int) string { return i18n.T(ctx, "housing.item."+strconv.Itoa(n)) }

// cols are heads of a table; figures carries the keys of the columns of figures.
func cols(ctx context.Context, figures string, keys ...string) []ui.Col {
	var out []ui.Col
	for _, k := range keys {
		out = append(out, ui.Col{Text: i18n.T(ctx, "housing.col."+k), Num: strings.Contains(" "+figures+" ", " "+k+" ")})
	}
	return out
}

func listHead(ctx context.Context) []ui.Col {
	return cols(ctx, "amount", "head", "state", "unit", "kind", "since", "source", "amount")
}

func planCols(ctx context.Context) []ui.Col {
	return cols(ctx, "target all done percent", "unit", "target", "all", "done", "percent")
}

func pausedCols(ctx context.Context) []ui.Col { return cols(ctx, "", "head", "unit", "since", "why") }

func programmeCols(ctx context.Context) []ui.Col {
	return cols(ctx, "norm_new norm_fix", "programme", "years", "norm_new", "norm_fix", "state")
}

func moneyCols(ctx context.Context) []ui.Col {
	return cols(ctx, "value", "day", "what", "value", "act")
}

func publicCols(ctx context.Context) []ui.Col {
	return cols(ctx, "all done", "commune", "all", "done")
}

func reportCols(ctx context.Context) []ui.Col {
	var out []ui.Col
	for i, h := range reportHead(ctx) {
		out = append(out, ui.Col{Text: h, Num: i > 2})
	}
	return out
}

func stateTone(s housing.State) string {
	switch s {
	case housing.HandedOver:
		return "ok"
	case housing.Paused:
		return "late"
	case housing.UnderWay:
		return "info"
	case housing.Approved:
		return "wait"
	}
	return "mute"
}

func moneyText(v money.VND) string {
	if v == 0 {
		return "–"
	}
	return v.String()
}

func sourceParam(s housing.Source) string {
	if s == "" {
		return string(housing.NoSource)
	}
	return string(s)
}

func sourceOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range housing.Sources {
		out = append(out, ui.Option{Value: string(s), Text: i18n.T(ctx, "housing.source."+string(s))})
	}
	return out
}

func sourceFilter(ctx context.Context) []ui.Option {
	out := append([]ui.Option{{Text: i18n.T(ctx, "housing.filter.all_sources")}}, sourceOptions(ctx)...)
	return append(out, ui.Option{Value: string(housing.NoSource), Text: i18n.T(ctx, "housing.source.none")})
}

func kindFilter(ctx context.Context) []ui.Option {
	out := []ui.Option{{Text: i18n.T(ctx, "housing.filter.all_kinds")}}
	for _, k := range housing.Kinds {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "housing.kind."+string(k))})
	}
	return out
}

func needOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, n := range housing.Needs {
		out = append(out, ui.Option{Value: string(n), Text: i18n.T(ctx, "housing.need."+string(n))})
	}
	return out
}

func landOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: string(housing.LandTitled), Text: i18n.T(ctx, "housing.land.titled")}, {Value: string(housing.LandUntitled), Text: i18n.T(ctx, "housing.land.untitled")}}
}

func momentOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: string(housing.Before), Text: i18n.T(ctx, "housing.moment.before")}, {Value: string(housing.After), Text: i18n.T(ctx, "housing.moment.after")}}
}

func categoryOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, c := range household.Categories {
		out = append(out, ui.Option{Value: string(c), Text: i18n.T(ctx, "household.category."+string(c))})
	}
	return out
}

func sexOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Text: i18n.T(ctx, "household.sex.unknown")}, {Value: string(household.Female), Text: i18n.T(ctx, "household.sex.female")}, {Value: string(household.Male), Text: i18n.T(ctx, "household.sex.male")}}
}

func (v surveyView) title(ctx context.Context) string {
	if v.CaseID != "" {
		return i18n.T(ctx, "housing.revise")
	}
	return i18n.T(ctx, "housing.survey")
}

func (v surveyView) crumbs(ctx context.Context) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "housing.title"), Href: Base}}
	if v.CaseID != "" {
		out = append(out, ui.Crumb{Text: i18n.T(ctx, "housing.house"), Href: Href(v.CaseID)})
	}
	return out
}

func (v surveyView) formProps(ctx context.Context) ui.FormProps {
	if v.CaseID != "" {
		return ui.FormProps{Action: Href(v.CaseID) + "/sua", ID: "khao-sat"}
	}
	f := ui.FormProps{Action: SurveyPath, ID: "khao-sat", Multipart: true}
	if v.In.HouseholdID == "" {
		f.Offline, f.OfflineTitle = "khao-sat-nha-o", "name"
	}
	return f
}

// text is one line of the form.
func (v surveyView) text(ctx context.Context, n int, name, value string) templ.Component {
	return ui.Field(ui.FieldProps{Name: name, Label: item(ctx, n), Value: value, Err: web.FieldError(ctx, v.Err, name)})
}

func (v surveyView) button(ctx context.Context) string {
	if v.CaseID != "" {
		return i18n.T(ctx, "housing.save")
	}
	return i18n.T(ctx, "housing.send")
}

func (v surveyView) back() string {
	if v.CaseID != "" {
		return Href(v.CaseID)
	}
	return Base
}

// chosen shows the household of the register for which the form is filled in.
func chosen(ctx context.Context, v surveyView) []ui.DefinitionItem {
	return []ui.DefinitionItem{{Term: item(ctx, 1), Text: v.Household.Initials}, {Term: i18n.T(ctx, "household.fact.code"), Text: v.Household.Code}, {Term: item(ctx, 8), Text: v.Area},
		{Term: item(ctx, 12), Text: i18n.T(ctx, "household.category."+string(v.Household.Category))}}
}

func houseCrumbs(ctx context.Context, c housing.Case) []ui.Crumb {
	return []ui.Crumb{{Text: i18n.T(ctx, "housing.title"), Href: Base}, {Text: i18n.T(ctx, "housing.house"), Href: Href(c.ID)}}
}

// field is one field of the money minutes.
func (v paymentView) field(ctx context.Context, name string) ui.FieldProps {
	f := ui.FieldProps{Name: name, Label: i18n.T(ctx, "housing.payment."+name), Value: v.In.Get(name), Err: web.FieldError(ctx, v.Err, name), Required: true}
	switch name {
	case "on":
		f.Hint = i18n.T(ctx, "housing.day_hint")
	case "id_date", "id_place", "witness_title", "purpose":
		f.Required = false
	case "amount":
		f.Hint = i18n.T(ctx, "housing.payment.amount_hint")
	}
	return f
}

// stepNames are the states of a house that goes its way.
func stepNames(ctx context.Context) []string {
	var out []string
	for _, s := range []housing.State{housing.Surveyed, housing.Approved, housing.UnderWay, housing.HandedOver} {
		out = append(out, i18n.T(ctx, "housing.state."+string(s)))
	}
	return out
}

func stepAt(c housing.Case) int {
	s := c.State
	if s == housing.Paused {
		s = c.PausedFrom
	}
	switch s {
	case housing.Approved:
		return 1
	case housing.UnderWay:
		return 2
	case housing.HandedOver:
		return 4
	}
	return 0
}

func completionKind(c housing.Case) string {
	if c.CompletedOn == "" {
		return "primary"
	}
	return "secondary"
}

// suggested is the amount that the form begins with.
func (v houseView) suggested() string {
	if v.Amount > 0 {
		return v.Amount.String()
	}
	if n := v.Programme.Norm(v.Kind); n > 0 {
		return n.String()
	}
	return ""
}

func normHint(ctx context.Context, v houseView) string {
	n := v.Programme.Norm(v.Kind)
	if n == 0 {
		return i18n.T(ctx, "housing.approve.no_norm")
	}
	return i18n.T(ctx, "housing.approve.norm", "Norm", n.String(), "Programme", v.Programme.Name)
}

func houseFacts(ctx context.Context, v houseView) []ui.DefinitionItem {
	fact := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "housing.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "housing.col.state"), Body: ui.Badge(stateTone(v.State), i18n.T(ctx, "housing.state."+string(v.State)))}, fact("code", v.Code),
		{Term: i18n.T(ctx, "housing.col.head"), Body: link(v.HouseholdHref, v.Household.Initials)}, fact("unit", v.Area),
		fact("category", i18n.T(ctx, "household.category."+string(v.Category))), fact("need", i18n.T(ctx, "housing.need."+string(v.Need))), fact("programme", v.Programme.Name),
		fact("surveyed", i18n.T(ctx, "housing.by_on", "Who", v.SurveyedName, "Day", v.SurveyedOn.Vietnamese()))}
	if v.Source != "" {
		out = append(out, fact("source", sourceText(ctx, v.Source)))
		if v.Donor != "" {
			out = append(out, fact("donor", v.Donor))
		}
		out = append(out, fact("amount", v.Amount.String()), fact("decision", i18n.T(ctx, "housing.decision", "Number", v.DecisionNo, "Day", v.DecisionOn.Vietnamese(), "Who", v.Approver)))
	}
	for _, x := range []struct{ key, text string }{{"started", v.StartedOn.Vietnamese()}, {"completed", v.CompletedOn.Vietnamese()}, {"handed", v.HandedOn.Vietnamese()}} {
		if x.text != "" {
			out = append(out, fact(x.key, x.text))
		}
	}
	if v.TotalValue > 0 {
		out = append(out, fact("total_value", v.TotalValue.String()))
	}
	return out
}

func answerFacts(ctx context.Context, v houseView) []ui.DefinitionItem {
	a, person := v.Answers, v.Person
	var out []ui.DefinitionItem
	for _, x := range []struct {
		n    int
		text string
	}{{1, person.Name}, {4, person.IDNumber}, {5, person.Spouse}, {7, person.Phone}, {8, person.Address}, {9, a.Job}, {10, a.Education}, {11, a.Employment}, {13, a.Ethnicity}, {14, a.Religion}, {15, a.Priority},
		{16, i18n.T(ctx, "housing.land."+string(a.Land))}, {17, a.Condition}, {18, a.Circumstances}, {20, a.Note}} {
		if x.text != "" {
			out = append(out, ui.DefinitionItem{Term: item(ctx, x.n), Text: x.text})
		}
	}
	return out
}

func history(ctx context.Context, list []housing.Event) []ui.TimelineItem {
	var out []ui.TimelineItem
	for i := len(list) - 1; i >= 0; i-- { // the latest first
		e := list[i]
		tone := "mute"
		if e.From != e.To {
			tone = stateTone(e.To)
		}
		out = append(out, ui.TimelineItem{At: e.At, Title: i18n.T(ctx, "housing.event."+string(e.Step)), Text: e.Reason, Who: e.ActorName, Tone: tone})
	}
	return out
}

func helpText(ctx context.Context, h household.Help) string {
	what := h.What
	if what == "" {
		what = h.Programme
	}
	return i18n.T(ctx, "household.help.line", "Day", h.On.Vietnamese(), "Kind", i18n.T(ctx, "household.kind."+string(h.Kind)), "What", what, "Value", h.Value.String())
}

func (v programmeView) title(ctx context.Context) string {
	if v.New {
		return i18n.T(ctx, "housing.programme.add")
	}
	return v.Name
}

func programmeFacts(ctx context.Context, p housing.Programme) []ui.DefinitionItem {
	return []ui.DefinitionItem{{Term: i18n.T(ctx, "housing.col.years"), Text: strconv.Itoa(p.From) + "–" + strconv.Itoa(p.To)}, {Term: i18n.T(ctx, "housing.programme.legal"), Text: p.LegalBase},
		{Term: i18n.T(ctx, "housing.programme.norm_new"), Text: moneyText(p.NormNew)}, {Term: i18n.T(ctx, "housing.programme.norm_fix"), Text: moneyText(p.NormFix)}}
}

func targetFacts(list []housing.Target) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	for _, t := range list {
		if t.Houses > 0 {
			out = append(out, ui.DefinitionItem{Term: t.Name, Text: strconv.Itoa(t.Houses)})
		}
	}
	return out
}

func publicLead(ctx context.Context, g housing.Progress) string {
	switch {
	case g.All < 0:
		return i18n.T(ctx, "housing.public.lead_few", "Few", housing.Few)
	case g.All == 0:
		return i18n.T(ctx, "housing.public.lead_none")
	}
	return i18n.T(ctx, "housing.public.lead", "Done", ui.Number(ctx, g.Count[housing.HandedOver]), "All", ui.Number(ctx, g.All))
}

func publicBars(ctx context.Context, g housing.Progress) []ui.Bar {
	var out []ui.Bar
	for _, s := range housing.States {
		out = append(out, ui.Bar{Label: i18n.T(ctx, "housing.public.state."+string(s)), Value: g.Count[s], Tone: stateTone(s)})
	}
	return out
}

func publicFacts(ctx context.Context, g housing.Progress) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "housing.public.approved"), Text: g.Approved.String()}, {Term: i18n.T(ctx, "housing.public.paid"), Text: g.Paid.String()}}
	if g.Target > 0 {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "housing.public.target"), Text: i18n.T(ctx, "housing.public.target_text", "Done", ui.Number(ctx, g.Count[housing.HandedOver]), "Target", ui.Number(ctx, g.Target))})
	}
	return out
}
