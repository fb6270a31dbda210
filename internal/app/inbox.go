package app

import (
	"context"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/inbox/inboxweb"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// openInbox opens the inbox and the correction desk beside it. Conversations are put under the topics of the routing table.
func (h *House) openInbox(days *workday.Calendar) {
	f := &h.features
	f.inbox = inbox.New(inbox.Deps{
		DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest,
		Channels: h.channels, Cases: f.feedback, People: h.people, Calendar: days, Words: h.words.In("vi"), Labels: h.topicsOfRouting,
		Keeper: h.channelRooms.enclosure,
	})
	f.correction = correction.New(correction.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Inbox: f.inbox})
}

func (h *House) topicsOfRouting(ctx context.Context) ([]inbox.Label, error) {
	list, err := h.features.routing.Categories(ctx)
	var out []inbox.Label
	for _, c := range list {
		if c.Active {
			out = append(out, inbox.Label{Value: c.Code, Text: c.Name(i18n.Lang(ctx))})
		}
	}
	return out, err
}

func (h *House) inboxPages() *inboxweb.Pages {
	return inboxweb.New(h.features.inbox, inboxweb.Rooms{Phrases: &phrase.Service{Cases: h.features.feedback}, Corrections: h.features.correction, PictureHosts: h.simulated()})
}

// simulated lists the hosts of outside platforms that are simulators on this machine, as a rehearsal has them.
func (h *House) simulated() []string {
	var out []string
	for _, address := range []string{h.cfg.Zalo.OpenAPIURL, h.cfg.Facebook.GraphURL, h.cfg.YouTube.APIURL} {
		if u, err := url.Parse(address); err == nil && privateAddress(u.Hostname()) {
			out = append(out, u.Host)
		}
	}
	return out
}
