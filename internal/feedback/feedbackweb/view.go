package feedbackweb

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// lines are the lines of a text that have something on them.
func lines(text string) []string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// orNone is the text, or the words for "not given".
func orNone(ctx context.Context, s string) string {
	if s == "" {
		return i18n.T(ctx, "feedback.none")
	}
	return s
}

func askWhatFacts(ctx context.Context, f askForm) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "feedback.ask.kind"), Text: kindText(ctx, f.In.Kind)}}
	for _, o := range f.Matters {
		if o.Selected && o.Value != "" {
			out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.category"), Text: o.Text})
		}
	}
	if n := len(f.In.Pictures); n > 0 {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.photos"), Text: strconv.Itoa(n)})
	}
	return out
}

func askWhereFacts(ctx context.Context, f askForm) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "feedback.ask.unit"), Text: f.To}}
	if f.In.Place.Text != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.place"), Text: f.In.Place.Text})
	}
	if f.In.Place.Link != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.link"), Text: f.In.Place.Link})
	}
	return out
}

func askWhoFacts(ctx context.Context, f askForm) []ui.DefinitionItem {
	out := []ui.DefinitionItem{
		{Term: i18n.T(ctx, "feedback.ask.name"), Text: orNone(ctx, f.In.Person.Name)},
		{Term: i18n.T(ctx, "feedback.ask.phone"), Text: orNone(ctx, f.In.Person.Phone)},
	}
	if f.Zalo && f.CanZalo {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "byphone.office"), Text: i18n.T(ctx, "byphone.tick")})
	}
	return out
}

// point writes a place on the map as "18.67340, 105.69230".
func point(p feedback.Place) string {
	if !p.HasPoint() {
		return ""
	}
	return strconv.FormatFloat(p.Lat, 'f', 5, 64) + ", " + strconv.FormatFloat(p.Lon, 'f', 5, 64)
}

// mapHref opens the point on OpenStreetMap.
func mapHref(p feedback.Place) string {
	lat, lon := strconv.FormatFloat(p.Lat, 'f', 5, 64), strconv.FormatFloat(p.Lon, 'f', 5, 64)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=17/" + lat + "/" + lon
}

func ratingOptions(ctx context.Context, chosen int) []ui.Option {
	var out []ui.Option
	for n := 3; n >= 1; n-- {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Text: i18n.T(ctx, "feedback.rating."+strconv.Itoa(n)), Selected: n == chosen})
	}
	return out
}

// chainText says who held the case and for how long.
func chainText(ctx context.Context, h namedHolding, now time.Time) string {
	key := "feedback.chain.held"
	if h.To.IsZero() {
		key = "feedback.chain.holds"
	}
	return i18n.T(ctx, key, "Unit", h.Unit, "From", i18n.DateTime(h.From), "Time", hoursText(ctx, h.Hours(now)))
}

// hoursText writes hours as people say them: hours up to two days, days beyond.
func hoursText(ctx context.Context, h int) string {
	if h < 48 {
		return i18n.T(ctx, "feedback.chain.hours", "Hours", h)
	}
	return i18n.T(ctx, "feedback.chain.days", "Days", h/24)
}

func takenText(ctx context.Context, t published.DaysTaken) string {
	avg := strings.Replace(strconv.FormatFloat(t.Average, 'f', 1, 64), ".", ",", 1)
	return i18n.T(ctx, "feedback.public.taken", "Answers", ui.Number(ctx, t.Answers), "Average", avg, "InTime", ui.Number(ctx, t.InTime))
}

func receiptFacts(ctx context.Context, v mineView) []ui.DefinitionItem {
	c := v.Case
	return []ui.DefinitionItem{
		{Term: i18n.T(ctx, "feedback.receipt.code"), Text: c.Code},
		{Term: i18n.T(ctx, "feedback.receipt.link"), Text: v.URL},
		{Term: i18n.T(ctx, "feedback.receipt.received"), Text: i18n.DateTime(c.ReceivedAt)},
		{Term: i18n.T(ctx, "feedback.receipt.deadline"), Text: c.Deadline.Vietnamese() + " – " + i18n.T(ctx, "feedback.step_due_source", "Days", c.Days, "Source", c.Source)},
		{Term: i18n.T(ctx, "feedback.receipt.kind"), Text: kindText(ctx, c.Kind)},
		{Term: i18n.T(ctx, "feedback.receipt.leaf"), Text: c.Receipt.Leaf},
	}
}

// largest is the widest variant of a photo.
func largest(p feedback.Picture) int {
	for _, w := range []int{320, 800} {
		if p.Width <= w {
			return w
		}
	}
	return 1600
}

// scaled is the height of a photo shown at a width.
func scaled(p feedback.Picture, width int) int {
	if p.Width == 0 {
		return width
	}
	return max(1, p.Height*min(width, p.Width)/p.Width)
}

// namedHolding is a link of the chain with the name of its unit.
type namedHolding struct {
	feedback.Holding
	Unit string
}

func (p *Pages) named(ctx context.Context, chain []feedback.Holding) []namedHolding {
	out := make([]namedHolding, len(chain))
	for i, h := range chain {
		out[i] = namedHolding{Holding: h, Unit: p.unitName(ctx, h.UnitID)}
	}
	return out
}

// anyOf offers "all" and then each value with its text.
func anyOf(ctx context.Context, prefix string, values ...string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.queue.any")}}
	for _, v := range values {
		out = append(out, ui.Option{Value: v, Text: i18n.T(ctx, prefix+v)})
	}
	return out
}

func queueTable(ctx context.Context, v queueView) ui.TableProps {
	t := ui.TableProps{Caption: i18n.T(ctx, "feedback.queue.caption"), Page: v.Page}
	if v.Bulk {
		t.Head = append(t.Head, ui.Col{})
	}
	for _, k := range []string{"text", "state", "deadline", "holder", "received"} {
		t.Head = append(t.Head, ui.Col{Text: i18n.T(ctx, "feedback.queue.col_"+k)})
	}
	if !v.Print {
		t.Export, t.Print = v.with("/lam-viec/vu-viec.xlsx", "", ""), v.with("/lam-viec/vu-viec", "in", "1")
	}
	return t
}

// maskedPerson is who asked, as every official may see it: initials and the end of the telephone number.
func maskedPerson(ctx context.Context, c feedback.Case) string {
	name := or(c.Initials, i18n.T(ctx, "feedback.dossier.no_name"))
	if c.PhoneTail == "" {
		return name
	}
	return i18n.T(ctx, "feedback.dossier.masked", "Name", name, "Tail", c.PhoneTail)
}

func dossierFacts(ctx context.Context, v dossierView) []ui.DefinitionItem {
	c := v.Case
	out := []ui.DefinitionItem{
		{Term: i18n.T(ctx, "feedback.queue.col_holder"), Text: v.Holder + " – " + hoursText(ctx, int(v.Now.Sub(c.HolderSince)/time.Hour))},
		{Term: i18n.T(ctx, "feedback.dossier.claimed"), Text: or(c.ClaimedByName, i18n.T(ctx, "feedback.dossier.nobody"))},
		{Term: i18n.T(ctx, "feedback.receipt.deadline"), Text: c.Deadline.Vietnamese() + " – " + i18n.T(ctx, "feedback.step_due_source", "Days", c.Days, "Source", c.Source)},
		{Term: i18n.T(ctx, "feedback.dossier.came"), Text: i18n.T(ctx, "feedback.dossier.came_by", "Door", doorText(ctx, c.Door), "Unit", v.Origin, "At", i18n.DateTime(c.ReceivedAt))},
	}
	if v.Course.Category != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.process.category_label"), Text: v.Course.Category})
	}
	if c.Place.Text != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.place"), Text: c.Place.Text})
	}
	switch {
	case c.Place.HasPoint():
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.link"), Body: mapLink(mapHref(c.Place), point(c.Place))})
	case c.Place.Link != "":
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.ask.link"), Body: mapLink(c.Place.Link, c.Place.Link)})
	}
	if c.Rating > 0 {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "feedback.dossier.rating"), Text: i18n.T(ctx, "feedback.rating."+strconv.Itoa(c.Rating))})
	}
	return out
}

func pendingText(v dossierView) string {
	if a, ok := v.Pending(); ok {
		return a.Text
	}
	return ""
}

// personal tells whether the rules find personal data in the question or the answer.
func personal(c feedback.Case, a feedback.Answer) bool {
	return len(masking.Find(c.Text)) > 0 || len(masking.Find(a.Text)) > 0
}
