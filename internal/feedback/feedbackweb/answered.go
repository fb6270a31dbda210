package feedbackweb

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// answeredYears is how many years back the public list can be narrowed to.
const answeredYears = 5

// mostFound bounds how many answers that hold the words are narrowed by category and year; the newest count.
const mostFound = 500

// narrowing reads what the address asks of the public list: ?noi= a place as people write it, ?don_vi= the id or name of a
// unit, ?linh_vuc= a category, ?nam= the year in which it was asked.
func (p *Pages) narrowing(ctx context.Context, q url.Values, v *answeredView) (err error) {
	if v.Matters, err = p.matters(ctx); err != nil {
		return err
	}
	v.This = p.s.Clock.Now().In(clock.Vietnam).Year()
	v.Place = vntext.Truncate(q.Get("noi"), 100)
	if v.Place != "" {
		var found []orgunit.Unit
		for _, x := range p.forest().Search(v.Place, p.s.Today(), 10) {
			found = append(found, x.Now...)
		}
		if c := p.choices(found, ""); len(c) > 0 {
			v.UnitID = c[0].ID
		} else {
			v.Nowhere = true
		}
	}
	if v.UnitID != "" {
		v.Slug = p.s.Unit(v.UnitID).Slug
	}
	if _, ok := v.Matters.Of(q.Get("linh_vuc")); ok {
		v.Category = q.Get("linh_vuc")
	}
	if y, err := strconv.Atoi(q.Get("nam")); err == nil && y <= v.This && y > v.This-answeredYears {
		v.Year = y
	}
	return nil
}

// span is the year that was chosen; zero times for every year.
func (v answeredView) span() (from, to time.Time) {
	if v.Year == 0 {
		return from, to
	}
	return time.Date(v.Year, 1, 1, 0, 0, 0, 0, clock.Vietnam).UTC(), time.Date(v.Year+1, 1, 1, 0, 0, 0, 0, clock.Vietnam).UTC().Add(-time.Second)
}

// closedOnes narrows the published answers to the matter and year that were chosen.
func (v answeredView) closedOnes() (f published.Filter) {
	if s, ok := v.Matters.Of(v.Category); ok {
		f.Kinds = []published.Matter{v.Matters.Picks(s)}
	}
	f.From, f.To = v.span()
	return f
}

// openOnes narrows the open cases to the matter and year that were chosen.
func (v answeredView) openOnes() (f similar.OpenFilter) {
	if s, ok := v.Matters.Of(v.Category); ok {
		f.Of = v.Matters.Picks(s)
	}
	f.From, f.To = v.span()
	return f
}

// list reads one page of the narrowed list.
func (p *Pages) list(ctx context.Context, v *answeredView, page int) ([]feedback.Published, int, error) {
	if v.Nowhere {
		return nil, 0, nil
	}
	if v.Category == "" && v.Year == 0 {
		return p.public.Search(ctx, v.UnitID, v.Query, page, answeredPer)
	}
	f := v.closedOnes()
	f.UnitID, f.Page, f.Per = v.UnitID, page, answeredPer
	if v.Query != "" {
		hits, _, err := p.public.Search(ctx, v.UnitID, v.Query, 1, mostFound)
		if err != nil || len(hits) == 0 {
			return nil, 0, err
		}
		for _, h := range hits {
			f.IDs = append(f.IDs, h.ID)
		}
	}
	cases, total, err := p.public.Cases(ctx, f)
	out := make([]feedback.Published, len(cases))
	for i, c := range cases {
		asked, answered := clock.DateOf(c.ReceivedAt), clock.DateOf(c.AnsweredAt)
		out[i] = feedback.Published{ID: c.ID, UnitID: c.UnitID, OriginID: c.OriginID, Title: c.Title, Question: c.Question, Answer: c.Answer, AskedOn: asked, AnsweredAt: c.AnsweredAt, Days: p.s.Calendar.Between(asked, answered)}
	}
	return out, total, err
}

func (v answeredView) categories(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.public.any_category"), Selected: v.Category == ""}}
	for _, s := range v.Matters.Offered() {
		out = append(out, ui.Option{Value: s.Code, Text: s.Name(words{ctx}, i18n.Lang(ctx)), Selected: s.Code == v.Category})
	}
	return out
}

// matters reads the table of categories as the list of what can be asked for.
func (p *Pages) matters(ctx context.Context) (open311.Book, error) {
	if p.rooms.Routing == nil {
		return open311.BookOf(nil), nil
	}
	return open311.Categories(p.rooms.Routing.Categories).Book(ctx)
}

// knownMatter leaves a category that is not offered to the desk.
func (p *Pages) knownMatter(ctx context.Context, in *feedback.Intake) error {
	book, err := p.matters(ctx)
	if s, ok := book.Of(in.Category); !ok || !s.Active || s.Category == "" {
		in.Category = ""
	}
	return err
}

// matterOptions offers the categories for new cases, with the one that was chosen; none chosen leaves it to the desk.
func (p *Pages) matterOptions(ctx context.Context, chosen, none string) ([]ui.Option, error) {
	book, err := p.matters(ctx)
	if err != nil {
		return nil, err
	}
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, none), Selected: chosen == ""}}
	for _, s := range book.Services() {
		if s.Category != "" && (s.Active || s.Category == chosen) {
			out = append(out, ui.Option{Value: s.Category, Text: s.Name(words{ctx}, i18n.Lang(ctx)), Selected: s.Category == chosen})
		}
	}
	return out, nil
}

func (v answeredView) years(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.public.any_year"), Selected: v.Year == 0}}
	for y := v.This; y > v.This-answeredYears; y-- {
		s := strconv.Itoa(y)
		out = append(out, ui.Option{Value: s, Text: s, Selected: y == v.Year})
	}
	return out
}

// open is the address of the same unit and category as open data.
func (v answeredView) open(path, unit, category string) string {
	q := url.Values{}
	if v.Slug != "" {
		q.Set(unit, v.Slug)
	}
	if v.Category != "" {
		q.Set(category, v.Category)
	}
	return withQuery(path, q)
}
