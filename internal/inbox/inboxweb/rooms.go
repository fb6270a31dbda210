package inboxweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// claimsOffered is how many claims the page of a conversation offers.
const claimsOffered = 100

// lend gathers what other rooms know that helps with an opened conversation.
func (p *Pages) lend(ctx context.Context, actor identity.Actor, v *oneView, q url.Values) (err error) {
	for _, c := range v.Thread.Others {
		v.Others = append(v.Others, p.row(ctx, c, nil))
	}
	topics, err := p.s.Topics(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		v.Topics = append(v.Topics, ui.Option{Value: t.Value, Text: t.Text, Selected: slices.Contains(v.Labels, t.Value)})
	}
	if p.rooms.Phrases != nil && v.CanReply {
		v.Phrases, err = p.rooms.Phrases.Of(ctx, actor, v.UnitID)
		if err != nil && !fault.Is(err, fault.Forbidden) {
			return err
		}
		for _, t := range v.Phrases {
			if t.ID == q.Get("mau") {
				v.Saved = t.Body
			}
		}
	}
	return p.lendClaims(ctx, actor, v)
}

func (p *Pages) lendClaims(ctx context.Context, actor identity.Actor, v *oneView) (err error) {
	s := p.rooms.Corrections
	if s == nil || !s.Authz.CanSomewhere(actor, correction.ActionRead) {
		return nil
	}
	if v.Claims, err = s.In(ctx, actor, v.ID); err != nil {
		return err
	}
	if v.CanNote = s.Authz.Can(actor, correction.ActionNote, identity.InUnit(v.UnitID)); !v.CanNote {
		return nil
	}
	list, _, err := s.List(ctx, actor, correction.Filter{Per: claimsOffered})
	for _, c := range list {
		if !slices.ContainsFunc(v.Claims, func(x correction.Claim) bool { return x.ID == c.ID }) {
			v.AllOpen = append(v.AllOpen, ui.Option{Value: c.ID, Text: c.Title})
		}
	}
	if len(v.AllOpen) > 0 {
		v.AllOpen = append([]ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.claim_new")}}, v.AllOpen...)
	}
	return err
}

// reply is what stands in the field of the answer: what was typed, or the saved text that was chosen.
func (v oneView) reply() string {
	if v.Act == "tra-loi" {
		return v.Typed.Get("reply")
	}
	return v.Saved
}

func (p *Pages) setLabels(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "linh-vuc", "inbox.done.labelled", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.SetLabels(ctx, a, conversationID, v["label"])
	})
}

func (p *Pages) offerBridge(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "ma-noi", "inbox.done.bridge_offered", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.OfferBridge(ctx, a, conversationID)
	})
}

func (p *Pages) unbridge(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tach", "inbox.done.unbridged", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Unbridge(ctx, a, conversationID, v.Get("other"))
	})
}

// noteClaim notes a claim in the conversation: one that is known, or a new one of the unit.
func (p *Pages) noteClaim(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tin-sai", "inbox.done.claim_noted", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		if p.rooms.Corrections == nil {
			return fault.New(fault.NotFound, "inbox.not_found")
		}
		if known := v.Get("claim"); known != "" {
			return p.rooms.Corrections.Note(ctx, a, known, conversationID)
		}
		t, err := p.s.Look(ctx, a, conversationID)
		if err != nil {
			return err
		}
		_, err = p.rooms.Corrections.Open(ctx, a, t.UnitID, v.Get("title"), conversationID)
		return err
	})
}

// topicOptions offers the topics for the filter of the list.
func topicOptions(ctx context.Context, list []inbox.Label, chosen string) []ui.Option {
	if len(list) == 0 {
		return nil
	}
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.any_topic"), Selected: chosen == ""}}
	for _, l := range list {
		out = append(out, ui.Option{Value: l.Value, Text: l.Text, Selected: l.Value == chosen})
	}
	return out
}
