package publish

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Approved is what was approved of a post, in the words of the portal, as one unit shows it: what may be read aloud, printed
// or sent on.
type Approved struct {
	Post    Post
	Version int           // number of the approved version; a correction in work does not count
	Words   Words         // places filled in for the unit
	Text    string        // the body without marks
	Cover   PublicPicture // the first picture; its ID is "" when there is none
	Unit    orgunit.Unit
	Units   []orgunit.Unit // the units to choose from: where the post stands and the actor may read
	Link    string         // public address of the post at the unit; "" while it has none
}

// Approved gives what was approved of a post for one of its units; unitID "" means the unit that wrote it, or the first one.
// Conflict when nobody has approved it yet or when it was taken down.
func (s *Service) Approved(ctx context.Context, a identity.Actor, postID, unitID string) (Approved, error) {
	p, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return Approved{}, err
	}
	switch {
	case p.State == StateRetracted:
		return Approved{}, fault.New(fault.Conflict, "publish.is_retracted")
	case p.Live > 0:
		if v, err = s.store.version(ctx, s.db.Read(), p.ID, p.Live); err != nil {
			return Approved{}, err
		}
	case p.State != StateApproved:
		return Approved{}, fault.New(fault.Conflict, "publish.not_approved")
	}
	out := Approved{Post: p, Version: v.Number}
	filled, err := s.approvedUnits(ctx, a, v, &out)
	if err != nil {
		return Approved{}, err
	}
	if unitID == "" {
		unitID = p.UnitID
		if len(out.Units) > 0 && !slices.ContainsFunc(out.Units, func(u orgunit.Unit) bool { return u.ID == unitID }) {
			unitID = out.Units[0].ID
		}
	}
	i := slices.IndexFunc(out.Units, func(u orgunit.Unit) bool { return u.ID == unitID })
	if i < 0 {
		return Approved{}, fault.Field("unit", "publish.unit_unknown")
	}
	out.Unit = out.Units[i]
	vals, ok := filled[unitID]
	if !ok {
		if vals, err = s.guess(ctx, v, out.Unit); err != nil {
			return Approved{}, err
		}
	}
	out.Words = v.For(channel.Portal).Fill(vals)
	add, err := s.addition(ctx, p.ID, unitID)
	if err != nil {
		return Approved{}, err
	}
	out.Words.Body += add.HTML
	out.Text = BodyText(out.Words.Body)
	if p.Slug != "" && ok {
		out.Link = s.links.Article(out.Unit, p.Slug)
	}
	stored, err := s.store.pictures(ctx, s.db.Read(), p.ID)
	if err != nil {
		return Approved{}, err
	}
	if ps := publicPictures(v.Pictures, stored); len(ps) > 0 {
		out.Cover = ps[0]
	}
	return out, nil
}

// approvedUnits lists the units of an approved version, and the words fixed for those where it stands.
func (s *Service) approvedUnits(ctx context.Context, a identity.Actor, v Version, out *Approved) (map[string]Values, error) {
	filled := map[string]Values{}
	var ids []string
	rows, err := s.store.unitRows(ctx, s.db.Read(), out.Post.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Version != v.Number {
			continue
		}
		if filled[r.UnitID], err = r.values(); err != nil {
			return nil, err
		}
		ids = append(ids, r.UnitID)
	}
	if len(rows) == 0 { // approved, and waits for the word to go out
		ids = []string{out.Post.UnitID}
	}
	for _, unitID := range ids {
		u, err := s.tree().Unit(unitID, s.today())
		if err == nil && s.authz.Can(a, ActRead, identity.InUnit(unitID)) {
			out.Units = append(out.Units, u)
		}
	}
	slices.SortFunc(out.Units, func(x, y orgunit.Unit) int {
		if c := x.Level.Rank() - y.Level.Rank(); c != 0 {
			return c
		}
		return compare(vntext.SortKey(x.Name)+x.ID, vntext.SortKey(y.Name)+y.ID)
	})
	return filled, nil
}

func (store) unitRows(ctx context.Context, q bun.IDB, postID string) ([]unitRow, error) {
	var out []unitRow
	return out, q.NewSelect().Model(&out).Where("post_id = ?", postID).Where("retracted = ?", false).Scan(ctx)
}
