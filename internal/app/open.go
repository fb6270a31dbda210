package app

import (
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/receiptweb"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// openPages are the doors of the house for everybody's own eyes and programs: the check of receipts, Open311 and open data.
func (h *House) openPages() []pages {
	return []pages{
		receiptweb.New(h.tlog.VerificationKey(), 60).WithGifts(checkGift),
		open311web.New(h.features.feedback, h.apiKeys(), h.features.routing.Categories, h.log.With("part", "open311"), 300).Describe(publicAddresses()...),
	}
}

func (h *House) apiKeys() *open311.Keys { return open311.NewKeys(h.db, h.clock, h.audit) }

type apikeyCreateCmd struct {
	Unit string `required:"" help:"Official code of the unit to which, and below which, the program may send." placeholder:"CODE"`
	Name string `required:"" help:"Name of the program or organisation." placeholder:"NAME"`
	Rate int    `help:"Requests it may send in a minute." default:"60"`
}

// Run makes a key and prints it, once.
func (a apikeyCreateCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	unitID, err := h.unitByCode(a.Unit)
	if err != nil {
		return err
	}
	k, clear, err := h.apiKeys().Create(s.ctx, identity.System("command-line"), unitID, a.Name, a.Rate)
	if err != nil {
		return h.sentence(err)
	}
	fmt.Fprintf(s.out, "Key %s for %s. It is shown this once; give it to them on a safe way:\n%s\n", k.ID, k.Name, clear)
	return nil
}

type apikeyListCmd struct{}

// Run lists the keys, without what opens them.
func (apikeyListCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	list, err := h.apiKeys().List(s.ctx, identity.System("command-line"))
	if err != nil {
		return err
	}
	for _, k := range list {
		state := "holds"
		if !k.RevokedAt.IsZero() {
			state = "revoked " + vietnamMinute(k.RevokedAt)
		}
		fmt.Fprintf(s.out, "%s  %s  %s  %d/min  since %s  %s\n", k.ID, h.features.feedback.Unit(k.UnitID).FullName, k.Name, k.PerMinute, vietnamMinute(k.CreatedAt), state)
	}
	return nil
}

func vietnamMinute(t time.Time) string { return t.In(clock.Vietnam).Format("2006-01-02 15:04") }

type apikeyRevokeCmd struct {
	ID string `arg:"" help:"Id of the key, as apikey list shows it." placeholder:"ID"`
}

// Run ends a key.
func (a apikeyRevokeCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := h.apiKeys().Revoke(s.ctx, identity.System("command-line"), a.ID); err != nil {
		return h.sentence(err)
	}
	fmt.Fprintln(s.out, "The key does not hold any more.")
	return nil
}
