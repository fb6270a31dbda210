package app

import (
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/enclosure"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
)

// channelRooms is what stands inside the room of channels beside posts and conversations.
type channelRooms struct {
	notices   *notice.Service
	audience  *audience.Service
	enclosure *enclosure.Keeper
}

func (h *House) openChannelRooms() {
	r := &h.channelRooms
	r.enclosure = enclosure.New(h.blobs, h.channels, h.clock, h.queue)
	h.channels.SetFiles(r.enclosure)
	r.notices = notice.New(notice.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Sealer: h.box, Channels: h.channels, Forest: h.units.Forest})
	r.audience = audience.New(audience.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Channels: h.channels, Logger: h.log.With("part", "audience")})
}
