package statistics

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Month is what an account did in a month, "2026-11".
type Month struct {
	Month     string
	Posts     int
	Messages  int
	Followers int64 // most on any day
}

// Post is a publication with what became of it.
type Post struct {
	Day                                clock.Date
	Title, Link                        string
	Views, Shares, Reactions, Comments int64
}

// AccountReport is what one account did.
type AccountReport struct {
	Row

	Months []Month
	Posts  []Post // those with the most echo
}

const (
	shownPosts  = 20
	shownMonths = 12
)

// Account tells of one account in a span, and of the year before its end month by month, to an actor who may read it.
func (s *Service) Account(ctx context.Context, actor identity.Actor, accountID string, span Span) (AccountReport, error) {
	if err := span.check(); err != nil {
		return AccountReport{}, err
	}
	every, err := s.Channels.Every(ctx)
	if err != nil {
		return AccountReport{}, err
	}
	var account channel.Account
	for _, a := range every {
		if a.ID == accountID {
			account = a
		}
	}
	if account.ID == "" || s.Authz.Check(actor, ActionRead, identity.InUnit(account.UnitID)) != nil {
		return AccountReport{}, fault.New(fault.NotFound, "statistics.no_account")
	}
	rows, err := s.accounts(ctx, []string{account.UnitID}, span, "")
	if err != nil {
		return AccountReport{}, err
	}
	out := AccountReport{Row: Row{Key: account.ID, Name: account.Name, Kind: account.Kind, UnitID: account.UnitID}}
	if u, err := s.Forest().Unit(account.UnitID, s.today()); err == nil {
		out.Unit = u.FullName
	}
	for _, r := range rows {
		if r.Key == accountID {
			out.Row = r
		}
	}
	if out.Months, err = s.store.months(ctx, s.DB.Read(), accountID, span.To.AddDays(-31*(shownMonths-1))); err != nil {
		return AccountReport{}, err
	}
	posts, err := s.store.topPosts(ctx, s.DB.Read(), accountID, span, shownPosts)
	for _, p := range posts {
		out.Posts = append(out.Posts, Post{Day: p.Day, Title: p.Title, Link: p.Link, Views: p.Views, Shares: p.Shares, Reactions: p.Reactions, Comments: p.Comments})
	}
	return out, err
}
