package app

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/receiptweb"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// openDisclosure wires the public statements of appeals: they follow the books and stand in the public log.
func (h *House) openDisclosure() {
	h.features.disclosure = disclosure.New(disclosure.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Books: h.features.fund,
		Earmarks: h.earmarks, Names: h.features.cash, HandedOut: h.features.spending.FirstPaid, Log: h.tlog, Logger: h.log.With("part", "disclosure")})
	h.features.fund.ComparePublic(h.features.disclosure)
	h.features.cash.TellStatement(h.features.disclosure)
}

// earmarks lists what gifts of an appeal were given for.
func (h *House) earmarks(ctx context.Context, q bun.IDB, appealID string) ([]fund.Earmark, error) {
	purses, err := h.features.fund.Purses(ctx, q, appealID)
	var out []fund.Earmark
	for _, p := range purses {
		if p.Earmark.ID != "" {
			out = append(out, p.Earmark)
		}
	}
	return out, err
}

// publicReads is how often a minute the programs of one address may ask for public statements.
const publicReads = 600

func (h *House) disclosurePages() pages {
	return disclosureweb.New(h.features.disclosure, disclosureweb.Config{Spent: h.features.spending, UnitName: h.features.spending.UnitName, BaseURL: h.cfg.PublicURL, Now: h.clock.Now, ReadsPerMinute: publicReads})
}

// disclosureWaiting says what must be published soon or is late.
func (h *House) disclosureWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	late, soon, err := h.features.disclosure.Waiting(ctx, a)
	if err != nil || late+soon == 0 {
		return nil, err
	}
	title := i18n.T(ctx, "disclosure.waiting_soon", "Count", soon)
	if late > 0 {
		title = i18n.T(ctx, "disclosure.waiting_late", "Count", late)
	}
	return []dashboard.Item{{Feature: "disclosure", Kind: "duty", Title: title, From: i18n.T(ctx, "disclosure.duty.title"), Href: disclosureweb.OfficeBase}}, nil
}

// checkGift lets the page on which receipts are checked take those of gifts too.
func checkGift(b []byte, key string) (receiptweb.Gift, bool) {
	if !giftreceipt.Is(b) {
		return receiptweb.Gift{}, false
	}
	v := giftreceipt.Check(b, key)
	return receiptweb.Gift{Valid: v.Valid, Fault: string(v.Fault), ID: v.ID, Amount: money.VND(v.Amount).String(), Day: v.Day, PublishedAt: v.PublishedAt, Index: strconv.FormatUint(v.Index, 10)}, true
}

// publicAddresses describes the doors of public statements for the document of the API.
func publicAddresses() []open311web.Address {
	var out []open311web.Address
	for _, a := range disclosureweb.Addresses() {
		x := open311web.Address{Path: a.Path, Doc: a.Doc, Media: a.Media, Answer: a.Answer, Problem: a.Problem}
		for _, p := range a.Params {
			x.Params = append(x.Params, open311web.Param{Name: p.Name, Doc: p.Schema.Description, Schema: p.Schema})
		}
		out = append(out, x)
	}
	return out
}
