package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// What the public may see. These queries take no actor: they give only what was approved for everybody and whose hour has
// come.

// Summary is one post in a public list, its places filled in for the unit.
type Summary struct {
	PostID      string
	Slug        string
	Title, Lead string
	Category    string // code; its name is in the catalogue under "publish.category.<code>" unless Service.Categories names it
	AuthorUnit  string // id of the unit that wrote it
	PublishedAt time.Time
	UpdatedAt   time.Time
	Corrected   bool
	Cover       *PublicPicture
}

// PublicPicture is a picture for readers; addresses of its variants come from Picture.URL.
type PublicPicture struct {
	picture.Picture // ID, Width and Height of the largest variant, Widths
	Alt, Caption    string
}

// Erratum is one correction, told to the public.
type Erratum struct {
	At   time.Time
	Text string
}

// Article is a post as one unit's public page shows it.
type Article struct {
	Summary
	UnitID   string
	Version  int
	HTML     string         // sanitised
	Text     string         // the same without marks
	MediaURL string         // a sound or film elsewhere, "" when none
	Video    *channel.Video // film of the house; nil: none
	Pictures []PublicPicture
	Errata   []Erratum // newest first
	// Retracted: the post was taken down. Only Title, Notice and the times are set; the page says so (410).
	Retracted bool
	Notice    string
}

// PublicList is one page of a unit's posts, newest first.
type PublicList struct {
	Items     []Summary
	Total     int
	Page, Per int
	UpdatedAt time.Time // last change of anything on the unit's page, for ETag and Last-Modified; zero when there is nothing
}

// PublicPerPage is how many posts a public page lists.
const PublicPerPage = 20

// Published gives a page (from 1) of the posts on a unit's public page.
func (s *Service) Published(ctx context.Context, unitID string, f PublicFilter, page int) (PublicList, error) {
	page = min(max(page, 1), 100_000)
	l, err := s.publicList(ctx, unitID, f, (page-1)*PublicPerPage, PublicPerPage)
	l.Page, l.Per = page, PublicPerPage
	return l, err
}

// Latest gives the newest posts of a unit (at most 200), for its home page and its feeds.
func (s *Service) Latest(ctx context.Context, unitID string, n int) ([]Summary, error) {
	l, err := s.publicList(ctx, unitID, PublicFilter{}, 0, min(max(n, 1), 200))
	return l.Items, err
}

func (s *Service) publicList(ctx context.Context, unitID string, f PublicFilter, offset, limit int) (PublicList, error) {
	now := s.clock.Now()
	rows, total, err := s.store.published(ctx, s.db.Read(), s.db.Engine(), unitID, f, now, offset, limit)
	if err != nil {
		return PublicList{}, fmt.Errorf("publish: public list: %w", err)
	}
	l := PublicList{Total: total}
	if l.UpdatedAt, err = s.store.changed(ctx, s.db.Read(), unitID, now); err != nil {
		return PublicList{}, err
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.PostID)
	}
	stored, err := s.store.pictures(ctx, s.db.Read(), ids...)
	if err != nil {
		return PublicList{}, err
	}
	for _, r := range rows {
		sum, err := r.summary(stored)
		if err != nil {
			return PublicList{}, err
		}
		l.Items = append(l.Items, sum)
	}
	return l, nil
}

func (r publicRow) summary(stored []StoredPicture) (Summary, error) {
	vals, err := r.values()
	if err != nil {
		return Summary{}, err
	}
	var parts versionParts
	if err := json.Unmarshal([]byte(r.Parts), &parts); err != nil {
		return Summary{}, fmt.Errorf("publish: version %s/%d: %w", r.PostID, r.Version, err)
	}
	v := Version{Words: Words{Title: r.Title, Lead: r.Lead}, Editions: parts.Editions}
	w := v.For(channel.Portal).Fill(vals)
	out := Summary{PostID: r.PostID, Slug: r.Slug, Title: w.Title, Lead: w.Lead, Category: r.Category, AuthorUnit: r.Author,
		PublishedAt: r.PublishedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), Corrected: r.Erratum != ""}
	if ps := publicPictures(parts.Pictures, stored); len(ps) > 0 {
		out.Cover = &ps[0]
	}
	return out, nil
}

func publicPictures(refs []PictureRef, stored []StoredPicture) []PublicPicture {
	var out []PublicPicture
	for _, ref := range refs {
		if i := slices.IndexFunc(stored, func(x StoredPicture) bool { return x.ID == ref.ID }); i >= 0 {
			x := stored[i]
			out = append(out, PublicPicture{Picture: picture.Picture{ID: x.ID, Width: x.Width, Height: x.Height, Widths: x.Widths},
				Alt: ref.Alt, Caption: ref.Caption})
		}
	}
	return out
}

// Article gives a post by the last part of its address, as the unit's page shows it. NotFound when it is not (or not yet)
// public at the unit.
func (s *Service) Article(ctx context.Context, unitID, slug string) (Article, error) {
	q := s.db.Read()
	if slug == "" {
		return Article{}, errNotFound
	}
	p, err := s.store.bySlug(ctx, q, slug)
	if err != nil {
		return Article{}, err
	}
	row, err := s.store.unitRow(ctx, q, p.ID, unitID)
	if err != nil {
		return Article{}, err
	}
	if row.PublishedAt.After(s.clock.Now()) {
		return Article{}, errNotFound
	}
	versions, err := s.store.versions(ctx, q, p.ID)
	if err != nil {
		return Article{}, err
	}
	stored, err := s.store.pictures(ctx, q, p.ID)
	if err != nil {
		return Article{}, err
	}
	art, err := article(p, row, versions, stored)
	if err != nil || art.Retracted {
		return art, err
	}
	add, err := s.addition(ctx, p.ID, unitID)
	if err != nil {
		return Article{}, err
	}
	for _, v := range versions {
		if v.Number == row.Version {
			if art.Video, err = s.film(ctx, v.VideoID); err != nil {
				return Article{}, err
			}
		}
	}
	if add.HTML != "" {
		art.HTML += add.HTML
		art.Text += "\n\n" + BodyText(add.HTML)
	}
	if add.Picture != nil {
		art.Pictures = append(art.Pictures, *add.Picture)
		art.Cover = &art.Pictures[0]
	}
	return art, nil
}

func article(p Post, row unitRow, versions []Version, stored []StoredPicture) (Article, error) {
	vals, err := row.values()
	if err != nil {
		return Article{}, err
	}
	art := Article{UnitID: row.UnitID, Version: row.Version}
	art.PostID, art.Slug, art.Category, art.AuthorUnit = p.ID, p.Slug, row.Category, p.UnitID
	art.PublishedAt, art.UpdatedAt = row.PublishedAt.UTC(), row.UpdatedAt.UTC()
	for _, v := range versions {
		if v.Number == row.Version {
			w := v.For(channel.Portal).Fill(vals)
			art.Title = w.Title
			if !row.Retracted {
				art.Lead, art.HTML, art.Text, art.MediaURL = w.Lead, sizedPictures(w.Body, stored), BodyText(w.Body), v.MediaURL
				art.Pictures = publicPictures(v.Pictures, stored)
			}
		}
		switch {
		case v.Kind == VersionRetraction && row.Retracted:
			art.Retracted, art.Notice = true, v.Erratum
		case v.Kind == VersionText && v.Erratum != "" && !v.ApproveAt.IsZero() && v.Number <= row.Version && !row.Retracted:
			art.Errata = append([]Erratum{{At: v.ApproveAt.UTC(), Text: FillText(v.Erratum, vals)}}, art.Errata...)
		}
	}
	art.Corrected = len(art.Errata) > 0
	if len(art.Pictures) > 0 {
		art.Cover = &art.Pictures[0]
	}
	return art, nil
}

// sizedPictures tells the browser how large the pictures inside a body are, so that the text does not jump.
func sizedPictures(body string, stored []StoredPicture) string {
	return imgTag.ReplaceAllStringFunc(body, func(tag string) string {
		for _, x := range stored {
			if strings.Contains(tag, "/anh/"+x.ID+"/") {
				return fmt.Sprintf(`<img width="%d" height="%d" loading="lazy"%s`, x.Width, x.Height, strings.TrimPrefix(tag, "<img"))
			}
		}
		return tag
	})
}

// Categories lists the subject headings.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	return s.store.categories(ctx, s.db.Read())
}

// slugMax bounds the readable part of an address, in characters.
const slugMax = 80

// newSlug makes the last part of the public address from the title; when another post has it already, a piece of the id is
// added. It never changes afterwards, whatever becomes of the title.
func (s *Service) newSlug(ctx context.Context, tx db.Tx, p Post, v Version) (string, error) {
	slug := vntext.Slug(withoutPlaces(v.Title))
	for len(slug) > slugMax {
		i := slugMax
		for i > slugMax/2 && slug[i] != '-' {
			i--
		}
		slug = slug[:i]
	}
	if slug != "" {
		taken, err := s.store.slugTaken(ctx, tx, slug, p.ID)
		if err != nil || !taken {
			return slug, err
		}
		slug += "-"
	}
	return slug + p.ID[len(p.ID)-12:], nil // the random end of the id
}
