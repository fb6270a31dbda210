package app

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/posts"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
)

// dkimSelector names the key in the DNS that signs the house's letters.
const dkimSelector = "nhipcau"

// openReaders makes the room of those who read along, with the keys that sign what they get.
func (h *House) openReaders(ctx context.Context, links portal.Links) error {
	keys, err := subscription.LoadKeys(ctx, h.db, h.box, h.clock)
	if err != nil {
		return err
	}
	_, domain, _ := strings.Cut(h.cfg.Mail.From, "@")
	if h.cfg.Mail.SMTP != "" {
		h.signer = &mail.Signer{Domain: domain, Selector: dkimSelector, Key: keys.DKIM, Clock: h.clock}
	}
	h.features.readers = subscription.New(subscription.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box,
		Key: h.box.Derive("addresses of readers"), Post: h.post(), Push: webpush.NewClient(keys.VAPID, h.pushSubject(), h.clock, strings.Fields(h.cfg.Push.Services)), Returns: h.cfg.Mail.Returns,
		ByPhone: &subscription.ByPhone{Notices: h.channelRooms.notices, Phones: h.people, Codes: h.phoneCodes, UnitID: h.provinceID, Unit: h.provinceName},
		Words:   func(lang string) subscription.Words { return h.words.In(lang) },
		Name:    func(w subscription.Words, u orgunit.Unit) string { return feedback.BodyName(w, u) },
		BaseURL: h.cfg.PublicURL, From: h.cfg.Mail.From, Relay: h.cfg.Mail.SMTP, Signer: h.signer})
	posts.New(posts.Deps{Queue: h.queue, Clock: h.clock, Forest: h.units.Forest, Posts: h.features.publish, Links: links, Readers: h.features.readers})
	return nil
}

// provinceName is how the province's Front is written in messages.
func (h *House) provinceName() string {
	return feedback.BodyName(h.words.In("vi"), h.features.feedback.Unit(h.provinceID()))
}

// pushSubject is whom a push service asks when something is wrong: the house's address, or its site.
func (h *House) pushSubject() string {
	if h.cfg.Mail.From != "" {
		return "mailto:" + h.cfg.Mail.From
	}
	if u, err := url.Parse(h.cfg.PublicURL); err == nil && u.Scheme == "https" {
		return h.cfg.PublicURL
	}
	return "https://localhost"
}

// readerPages are the screens of those who read along.
func (h *House) readerPages() *subscriptionweb.Pages {
	return subscriptionweb.New(subscriptionweb.Pages{S: h.features.readers, Units: h.units.Forest, Clock: h.clock, Root: h.provinceID(), DNS: net.DefaultResolver, Returns: h.cfg.Mail.Returns}, 20)
}

// readersOfPost shows on the wall of a post how telling its readers went.
func (h *House) readersOfPost(ctx context.Context, postID string) (templ.Component, error) {
	by, err := h.features.readers.Told(ctx, posts.Kind, postID)
	if err != nil {
		return nil, err
	}
	return subscriptionweb.Wall(by), nil
}
