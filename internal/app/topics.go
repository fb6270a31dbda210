package app

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/topics"
)

// openTopics wires what people speak of to where they speak: ordinary cases, and messages to the accounts.
func (h *House) openTopics() {
	cases := func(ctx context.Context, from, to time.Time, fn func(topics.Voice) error) error {
		return h.features.feedback.EachSaid(ctx, from, to, func(s feedback.Said) error {
			return fn(topics.Voice{Person: s.Person, UnitID: s.UnitID, Text: s.Text})
		})
	}
	messages := func(ctx context.Context, from, to time.Time, fn func(topics.Voice) error) error {
		return h.channels.EachSaid(ctx, from, to, func(s channel.Said) error {
			return fn(topics.Voice{Person: s.Person, UnitID: s.UnitID, Text: s.Text})
		})
	}
	h.features.topics = topics.New(topics.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Forest: h.units.Forest, Sources: []topics.Source{cases, messages},
		Mask: func(text string) string { return masking.Mask(text, func(masking.Kind) string { return "…" }) }})
}
