package app

import (
	"context"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// noticesWaiting lists the nudges and notices of clocks that the actor's units were told and nobody has marked as read.
func (h *House) noticesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.deadline.Notices(ctx, a)
	if err != nil {
		return nil, err
	}
	return noticeItems(ctx, list, h.unitName), nil
}

// noticeItems says of each notice what it is about. Of a complaint or denunciation, whose words are sealed, only the code is
// said.
func noticeItems(ctx context.Context, list []deadline.Notice, name func(unitID string) string) []dashboard.Item {
	out := make([]dashboard.Item, len(list))
	for i, n := range list {
		title := n.Title
		if title == "" {
			title = n.Code
		}
		out[i] = dashboard.Item{Feature: "deadline", Kind: n.Step.At, Title: i18n.T(ctx, "deadline.step."+n.Step.At, "Amount", strconv.Itoa(n.Step.Amount)) + ": " + title,
			From: name(n.HolderID), Href: "/lam-viec/vu-viec/" + n.CaseID, Due: workday.EndOfDay(n.Deadline), Aside: true}
	}
	return out
}
