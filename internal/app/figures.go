package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/promiseweb"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// leaderFigures are the promises, cases and ratings of a unit and below, each with the list behind it.
func (h *House) leaderFigures(ctx context.Context, a identity.Actor, unitID string) ([]dashboard.Figure, error) {
	kept, err := h.promiseFigures(ctx, unitID)
	if err != nil {
		return nil, err
	}
	cases, err := h.caseFigures(ctx, a, unitID)
	if fault.Is(err, fault.Forbidden) {
		cases, err = nil, nil // who reads no cases sees what is public
	}
	return append(kept, cases...), err
}

func (h *House) promiseFigures(ctx context.Context, unitID string) ([]dashboard.Figure, error) {
	rooms := h.features.answers
	_, week, err := rooms.promise.List(ctx, promise.Filter{UnitID: unitID, Standing: promise.Week, Page: 1, Per: 1})
	if err != nil {
		return nil, err
	}
	ledger := promiseweb.PublicPath + "?don_vi=" + unitID
	out := []dashboard.Figure{{Key: "promises_week", N: week, Href: ledger + "&xem=" + string(promise.Week)}}
	all, err := rooms.promise.Tallies(ctx, unitID)
	if err != nil {
		return nil, err
	}
	late, total := 0, 0
	for _, t := range all {
		late, total = late+t.Late, total+t.Total
	}
	out = append(out, dashboard.Figure{Key: "promises_late", N: late, Of: total, Href: ledger + "&xem=" + string(promise.Late)})
	asked, err := rooms.survey.Tallies(ctx, unitID)
	n, said, yes := 0, 0, 0
	for _, t := range asked {
		n, said, yes = n+t.Asked, said+t.Answered, yes+t.Yes
	}
	if n > 0 {
		out = append(out, dashboard.Figure{Key: "done_yes", N: yes, Of: said, Href: ledger}, dashboard.Figure{Key: "done_asked", N: said, Of: n, Href: ledger})
	}
	return out, err
}

func (h *House) caseFigures(ctx context.Context, a identity.Actor, unitID string) ([]dashboard.Figure, error) {
	s := h.features.feedback
	queue := func(view string) string { return "/lam-viec/vu-viec?xem=" + view + "&don_vi=" + unitID }
	var out []dashboard.Figure
	for _, x := range []struct {
		key string
		f   feedback.Filter
	}{{"overdue", feedback.Filter{Overdue: true}}, {"bounced", feedback.Filter{Bounced: true}}} {
		x.f.UnderUnitID, x.f.Page, x.f.Per = unitID, 1, 1
		_, n, err := s.Cases(ctx, a, x.f)
		if err != nil {
			return nil, err
		}
		out = append(out, dashboard.Figure{Key: x.key, N: n, Href: queue(x.key)})
	}
	r, err := s.Ratings(ctx, a, unitID)
	rated := r[1] + r[2] + r[3]
	if rated+r[0] > 0 {
		out = append(out, dashboard.Figure{Key: "helped", N: r[3], Of: rated, Href: queue("all") + "&danh_gia=3"},
			dashboard.Figure{Key: "unhappy", N: r[1], Of: rated, Href: queue("all") + "&danh_gia=1"},
			dashboard.Figure{Key: "silent", N: r[0], Of: rated + r[0], Href: queue("answered")})
	}
	return out, err
}
