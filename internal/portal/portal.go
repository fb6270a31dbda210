package portal

import (
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Portal answers what the public pages show. All of it is public: it takes no actor.
type Portal struct {
	Sites    *Sites
	Tree     func() Tree
	Articles Articles
	Answers  Answers
	Clock    clock.Clock
	Links    Links
}

// How much a home page shows.
const (
	homeAnswers = 4
	homeNews    = 6
	AnswersPer  = 20
	FoundPer    = 10
	// SitemapMax is the most addresses one sitemap may hold (sitemaps.org protocol 0.9).
	SitemapMax = 50_000
)

// Today is the day in Vietnam.
func (p *Portal) Today() clock.Date { return clock.DateOf(p.Clock.Now()) }

// Province is the unit whose site this is.
func (p *Portal) Province() (orgunit.Unit, error) { return p.Tree().Unit(p.Links.Province, p.Today()) }

// Unit gives a unit that has a page; a NotFound fault for agencies and for units elsewhere.
func (p *Portal) Unit(unitID string) (orgunit.Unit, error) {
	tree, on := p.Tree(), p.Today()
	u, err := tree.Unit(unitID, on)
	if err != nil || u.Kind != orgunit.KindFront || !tree.Under(unitID, p.Links.Province, on) {
		return orgunit.Unit{}, fault.New(fault.NotFound, "portal.no_site").Because(err)
	}
	return u, nil
}

// HomePage is what a unit's home shows.
type HomePage struct {
	Unit    orgunit.Unit
	Contact Contact
	Former  []orgunit.Unit // whose work the unit carries on
	Answers []feedback.Published
	Asked   int // how many answers there are altogether
	Taken   published.DaysTaken
	News    []publish.Summary
	More    bool         // more news than shown
	Source  orgunit.Unit // whose answers and news these are: a residential area without any shows those of its commune
	Changed time.Time
}

// Home gives a unit's home.
func (p *Portal) Home(ctx context.Context, u orgunit.Unit) (h HomePage, err error) {
	h = HomePage{Unit: u, Former: Forebears(p.Tree(), u.ID)}
	if h.Contact, err = p.Sites.Contact(ctx, u.ID); err != nil {
		return h, err
	}
	if h.Taken, err = p.Answers.DaysTaken(ctx, u.ID); err != nil {
		return h, err
	}
	sources := []orgunit.Unit{u}
	if u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster {
		for _, up := range p.Tree().Ancestors(u.ID, p.Today()) {
			if up.Level.Rank() >= orgunit.LevelCommune.Rank() {
				sources = append(sources, up)
			}
		}
	}
	for _, h.Source = range sources {
		if err := p.latest(ctx, &h); err != nil {
			return h, err
		}
		if len(h.News) > 0 || h.Asked > 0 {
			return h, nil
		}
	}
	h.Source = u
	return h, nil
}

// latest reads the newest answers and news of the home's source.
func (p *Portal) latest(ctx context.Context, h *HomePage) (err error) {
	if h.Answers, h.Asked, err = p.Answers.Search(ctx, h.Source.ID, "", 1, homeAnswers); err != nil {
		return err
	}
	list, err := p.Articles.Published(ctx, h.Source.ID, publish.PublicFilter{}, 1)
	if err != nil {
		return err
	}
	h.News, h.More = list.Items[:min(len(list.Items), homeNews)], list.Total > homeNews
	h.Changed = later(list.UpdatedAt, h.Contact.UpdatedAt)
	if len(h.Answers) > 0 {
		h.Changed = later(h.Changed, h.Answers[0].PublishedAt)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Article gives a post on a unit's page. What stood on the page of a unit that this one carries on stands here too.
func (p *Portal) Article(ctx context.Context, u orgunit.Unit, slug string) (publish.Article, error) {
	a, err := p.Articles.Article(ctx, u.ID, slug)
	if !fault.Is(err, fault.NotFound) {
		return a, err
	}
	for _, former := range Forebears(p.Tree(), u.ID) {
		if b, err2 := p.Articles.Article(ctx, former.ID, slug); err2 == nil {
			return b, nil
		}
	}
	return a, err
}

// Whereabouts gives the page on which a post stands, by its slug or id: that of host, when it is there, else of the unit that
// wrote it or one it was written for. A former unit's posts are with whoever carries it on; when those are several, the
// former unit itself is given, whose address lets the reader choose.
func (p *Portal) Whereabouts(ctx context.Context, slugOrID, host string) (orgunit.Unit, string, error) {
	uid, slug, err := p.Articles.Stands(ctx, slugOrID)
	if err != nil {
		return orgunit.Unit{}, "", err
	}
	if host != "" {
		if _, err := p.Articles.Article(ctx, host, slug); err == nil {
			uid = host
		}
	}
	tree, on := p.Tree(), p.Today()
	u, err := tree.Unit(uid, on)
	if err != nil {
		return u, "", err
	}
	if heirs := tree.Successors(uid, on); len(heirs) == 1 {
		u = heirs[0]
	}
	return u, slug, nil
}

// Hit is one thing that a search found.
type Hit struct {
	Unit  orgunit.Unit
	Title string
	Text  string // all its words, to take an excerpt from
	Path  string
	At    time.Time
}

// SearchPage is what a search found.
type SearchPage struct {
	Query    string
	Unit     *orgunit.Unit // searched in; nil: everywhere
	Units    []orgunit.Found
	Posts    []Hit
	PostsN   int
	Answers  []Hit
	AnswersN int
	Page     int
}

// Search looks for words in posts, answered questions and names of units, without regard to diacritics. unitID "" searches
// everywhere.
func (p *Portal) Search(ctx context.Context, unitID, query string, page int) (SearchPage, error) {
	out := SearchPage{Query: query, Page: min(max(page, 1), 1000)}
	tree, on := p.Tree(), p.Today()
	if unitID != "" {
		u, err := p.Unit(unitID)
		if err != nil {
			return out, err
		}
		out.Unit = &u
	}
	if query == "" {
		return out, nil
	}
	if out.Page == 1 && out.Unit == nil {
		for _, f := range tree.SearchUnder(query, p.Links.Province, on, 8) {
			if f.Unit.Kind == orgunit.KindFront {
				out.Units = append(out.Units, f)
			}
		}
	}
	found, n, err := p.Articles.Find(ctx, unitID, query, out.Page, FoundPer)
	if err != nil {
		return out, err
	}
	out.PostsN = n
	for _, f := range found {
		u, err := tree.Unit(f.UnitID, on)
		if err != nil {
			return out, err
		}
		out.Posts = append(out.Posts, Hit{Unit: u, Title: f.Title, Text: f.Lead + " " + f.Text, Path: p.Links.Post(u, f.Slug), At: f.PublishedAt})
	}
	answers, n, err := p.Answers.Search(ctx, unitID, query, out.Page, FoundPer)
	if err != nil {
		return out, err
	}
	out.AnswersN = n
	for _, a := range answers {
		u, err := tree.Unit(a.UnitID, on)
		if err != nil {
			return out, err
		}
		out.Answers = append(out.Answers, Hit{Unit: u, Title: a.Title, Text: a.Question + " " + a.Answer, Path: AnswerPath + "/" + a.ID, At: a.AnsweredAt})
	}
	return out, nil
}

// Units lists the units of the province that have a page, by level from the top, in alphabetical order within a level.
func (p *Portal) Units(levels ...orgunit.Level) []orgunit.Unit {
	var out []orgunit.Unit
	for _, l := range levels {
		out = append(out, p.Tree().AtLevel(l, orgunit.KindFront, p.Links.Province, p.Today())...)
	}
	return out
}

// Below lists the units with a page directly below one.
func (p *Portal) Below(unitID string) []orgunit.Unit {
	return slices.DeleteFunc(slices.Clone(p.Tree().Children(unitID, p.Today())), func(u orgunit.Unit) bool { return u.Kind != orgunit.KindFront })
}
