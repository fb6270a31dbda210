package publish

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// authorMax is the longest name of an author that Zalo's articles take.
const authorMax = 50

// Content implements channel.ContentSource: the approved version of a post in the words of the account's kind, its places
// filled in for the account's unit as they were when the post was approved there.
func (s *Service) Content(ctx context.Context, source string, version int, a channel.Account) (channel.Content, error) {
	q := s.db.Read()
	p, err := s.store.post(ctx, q, source)
	if err != nil {
		return channel.Content{}, err
	}
	v, err := s.store.version(ctx, q, source, version)
	if err != nil {
		return channel.Content{}, err
	}
	row, err := s.store.unitRow(ctx, q, source, a.UnitID)
	if err != nil {
		return channel.Content{}, err
	}
	vals, err := row.values()
	if err != nil {
		return channel.Content{}, err
	}
	u, err := s.tree().Unit(a.UnitID, s.today())
	if err != nil {
		return channel.Content{}, err
	}
	return s.content(ctx, p, v, a.Kind, u, vals)
}

func (s *Service) content(ctx context.Context, p Post, v Version, kind channel.Kind, u orgunit.Unit, vals Values) (channel.Content, error) {
	w := v.For(kind).Fill(vals)
	add, err := s.addition(ctx, p.ID, u.ID)
	if err != nil {
		return channel.Content{}, err
	}
	w.Body += add.HTML
	w.Body = strings.ReplaceAll(w.Body, `<img src="/`, `<img src="`+s.links.Absolute("/"))
	c := channel.Content{PostID: p.ID, Title: w.Title, Lead: w.Lead, HTML: w.Body, Text: BodyText(w.Body), Author: vntext.Truncate(u.FullName, authorMax)}
	if p.Slug != "" {
		c.Link = s.links.Article(u, p.Slug)
	}
	if c.Video, err = s.film(ctx, v.VideoID); err != nil {
		return channel.Content{}, err
	}
	if len(v.Pictures) > 0 {
		stored, err := s.store.pictures(ctx, s.db.Read(), p.ID)
		if err != nil {
			return c, err
		}
		for _, ref := range v.Pictures {
			for _, x := range stored {
				if x.ID == ref.ID {
					c.Gallery = append(c.Gallery, channel.Picture{URL: s.links.Absolute(picture.ChannelURL(x.ID)), Alt: ref.Alt, MIME: "image/jpeg",
						Width: x.Width, Height: x.Height})
				}
			}
		}
	}
	if x := add.Picture; x != nil {
		c.Gallery = append(c.Gallery, channel.Picture{URL: s.links.Absolute(picture.ChannelURL(x.ID)), Alt: x.Alt, MIME: "image/jpeg",
			Width: x.Width, Height: x.Height})
	}
	if len(c.Gallery) > 0 {
		cover := c.Gallery[0]
		c.Cover, c.Gallery = &cover, c.Gallery[1:]
	}
	return c, nil
}

// Preview gives an edition of the newest version as one unit would get it. Places that cannot be filled stay visible.
func (s *Service) Preview(ctx context.Context, a identity.Actor, postID string, kind channel.Kind, unitID string) (channel.Content, orgunit.Unit, error) {
	p, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return channel.Content{}, orgunit.Unit{}, err
	}
	if unitID == "" {
		unitID = p.UnitID
	}
	tree := s.tree()
	u, err := tree.Unit(unitID, s.today())
	if err != nil || !s.authz.Can(a, ActRead, identity.InUnit(unitID)) {
		return channel.Content{}, u, fault.Field("unit", "publish.unit_unknown")
	}
	vals, err := s.guess(ctx, v, u)
	if err != nil {
		return channel.Content{}, u, err
	}
	c, err := s.content(ctx, p, v, kind, u, vals)
	return c, u, err
}

// guess fills in for a unit what can be filled in now, before approval fixes it.
func (s *Service) guess(ctx context.Context, v Version, u orgunit.Unit) (Values, error) {
	vals := Values{}
	known := map[string]Profile{}
	for _, place := range v.usedPlaces() { // one by one: a missing one must not hide the others
		one, _, err := s.values(ctx, s.tree(), u, s.today(), []Place{place}, known)
		if err != nil {
			return nil, err
		}
		for k, x := range one {
			vals[k] = x
		}
	}
	return vals, nil
}
