// Package topicsweb is the page of what people speak of in a week, and the draft of the weekly report for the committee.
package topicsweb

import (
	"context"
	"embed"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/topics"
)

// Catalogue holds the words of these pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the pages stand.
const Base = "/lam-viec/tinh-hinh"

// Pages serves the pages.
type Pages struct{ Service *topics.Service }

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, topics.ActionRead, p.week)
	r.Can("GET "+Base+"/xuat.xlsx", topics.ActionRead, p.export)
	r.Can("GET "+Base+"/bao-cao/{form}", topics.ActionRead, p.report)
}

// weekView is one week of one unit.
type weekView struct {
	topics.Week
	Unit string
	This clock.Date // Monday of the present week
}

func (v weekView) last() clock.Date { return v.Week.Week.AddDays(6) }

func (v weekView) span() string {
	return v.Week.Week.Vietnamese() + " – " + v.last().Vietnamese()
}

func address(path, unit string, week clock.Date) string {
	return path + "?" + url.Values{"don_vi": {unit}, "tuan": {string(week)}}.Encode()
}

// asked reads which unit and week are asked for: the unit one acts for, and the last whole week, unless said otherwise.
func (p *Pages) asked(r *http.Request) (weekView, error) {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	unit := r.URL.Query().Get("don_vi")
	if unit == "" {
		scope := p.Service.Scope(actor)
		unit = identity.ActiveUnit(ctx)
		if !slices.Contains(scope, unit) && len(scope) > 0 {
			unit = scope[0]
		}
	}
	week := p.Service.ThisWeek().AddDays(-7)
	if q := r.URL.Query().Get("tuan"); q != "" {
		d, err := clock.ParseDate(q)
		if err != nil {
			return weekView{}, fault.New(fault.NotFound, "topics.no_week")
		}
		week = topics.Monday(d)
	}
	w, err := p.Service.Read(ctx, actor, unit, week)
	return weekView{Week: w, Unit: p.Service.UnitName(unit), This: p.Service.ThisWeek()}, err
}

func (p *Pages) week(w http.ResponseWriter, r *http.Request) error {
	v, err := p.asked(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, weekPage(v))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	v, err := p.asked(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	s := xlsx.Sheet{Name: i18n.T(ctx, "topics.title"), Head: []string{i18n.T(ctx, "topics.col.label"), i18n.T(ctx, "topics.col.persons"), i18n.T(ctx, "topics.col.before"), i18n.T(ctx, "topics.col.units"), i18n.T(ctx, "topics.col.sentence")}}
	for _, t := range v.Topics {
		s.Rows = append(s.Rows, []any{t.Label, t.Persons, t.Before, t.Units, t.Sentence})
	}
	return xlsx.Send(w, "tinh-hinh-"+string(v.Week.Week)+".xlsx", s)
}

// report is the draft of the weekly report: each sentence with the number it stands on.
func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	v, err := p.asked(r)
	if err != nil {
		return err
	}
	doc := draft(r.Context(), v)
	var b []byte
	kind := ""
	switch form := r.PathValue("form"); form {
	case "docx":
		b, err = doc.DOCX()
		kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case "pdf":
		b, err = doc.PDF()
		kind = "application/pdf"
	default:
		return fault.New(fault.NotFound, "web.not_found")
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "tinh-hinh-" + string(v.Week.Week) + "." + r.PathValue("form")}))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(b) // a reader who left is no fault
	return nil
}

func draft(ctx context.Context, v weekView) paper.Document {
	t := func(key string, args ...any) string { return i18n.T(ctx, "topics.report."+key, args...) }
	_, number := v.Week.Week.Time().In(clock.Vietnam).ISOWeek()
	d := paper.Document{Superior: t("superior"), Issuer: t("issuer", "Unit", v.Unit), Place: v.Unit, Date: v.last(), Kind: t("kind"), Subject: t("subject", "Number", number, "From", v.Week.Week.Vietnamese(), "To", v.last().Vietnamese()), Open: true,
		Recipients: []string{t("keep")}}
	if v.Persons == 0 {
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("few", "Least", topics.AtLeast)})
		return d
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("sum", "Voices", v.Voices, "Persons", v.Persons)}, paper.Heading{Text: t("topics")})
	for i, x := range v.Topics {
		line := t("topic", "Number", i+1, "Label", x.Label, "Persons", x.Persons, "Units", x.Units)
		if x.Before > 0 {
			line += " " + t("before", "Before", x.Before, "Change", change(x))
		} else {
			line += " " + t("new")
		}
		if x.Sentence != "" {
			line += " " + t("sentence", "Text", x.Sentence)
		}
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: line})
	}
	if len(v.Topics) == 0 {
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("none", "Least", topics.AtLeast)})
	}
	d.Blocks = append(d.Blocks, paper.Heading{Text: t("proposals")}, paper.Paragraph{Text: "…"}, paper.Paragraph{Text: t("how", "Least", topics.AtLeast), Italic: true})
	return d
}

// change says how a topic moved against the week before, "+5" or "-3".
func change(x topics.Listed) string {
	n := x.Persons - x.Before
	if n > 0 {
		return "+" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
