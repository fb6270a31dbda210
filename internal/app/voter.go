package app

import (
	"context"
	"html"
	"strings"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/voterweb"
)

// openVoter wires the petitions of voters.
func (h *House) openVoter() {
	h.features.voter = voter.New(voter.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box,
		Posts: voterPosts{h.features.publish}, Words: h.words.In("vi")})
}

func (h *House) voterPages() pages {
	return &voterweb.Pages{Service: h.features.voter, Words: h.words.In("vi"), Province: h.provinceID}
}

// voterPosts begins a post from what voters are told; the unit's editors go on with it.
type voterPosts struct{ posts *publish.Service }

// DraftPost begins the draft in the name of the house; a draft with this id that is there already stays as it is.
func (v voterPosts) DraftPost(ctx context.Context, postID, unitID, title, lead, text string) error {
	var body strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			body.WriteString("<p>" + html.EscapeString(l) + "</p>")
		}
	}
	_, err := v.posts.CreateAs(ctx, identity.System("voter"), postID, unitID, publish.Draft{Words: publish.Words{Title: title, Lead: lead, Body: body.String()}, Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: unitID}}})
	return err
}

// petitionsWaiting lists the answers that wait for an official's review.
func (h *House) petitionsWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	if !h.authz.CanSomewhere(a, voter.ActionReview) {
		return nil, nil
	}
	list, err := h.features.voter.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []dashboard.Item
	for _, v := range list {
		if v.Wait == nil || v.Wait.AuthorID == a.ID {
			continue
		}
		out = append(out, dashboard.Item{Feature: "voter", Kind: "review", Title: v.Code + ": " + v.Text, From: h.features.voter.Unit(v.Competent()).FullName, Href: voterweb.Base + "/kien-nghi/" + v.ID})
	}
	return out, nil
}
