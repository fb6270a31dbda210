package app

import (
	"context"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/promiseweb"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/feedback/wordless"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// answerRooms is what stands around the answers to questions.
type answerRooms struct {
	similar *similar.Service
	follow  *follow.Service
	phone   *byphone.Service
	survey  *survey.Service
	promise *promise.Service
	opinion *opinion.Service
	files   *attach.Service
}

// Answers gives the rooms around answers to the rehearsal and to tests.
type Answers struct {
	Similar *similar.Service
	Follow  *follow.Service
	Phone   *byphone.Service
	Survey  *survey.Service
	Promise *promise.Service
	Opinion *opinion.Service
	Files   *attach.Service
}

// openAnswers makes the rooms around answers; a promise must be decided before an answer can be put forward.
func (h *House) openAnswers(days *workday.Calendar) {
	f := &h.features
	a := &f.answers
	a.similar = similar.New(similar.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Cases: f.feedback, Audit: h.audit})
	a.follow = follow.New(follow.Deps{DB: h.db, Clock: h.clock, Cases: f.feedback, Offers: a.similar})
	a.phone = byphone.New(byphone.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Cases: f.feedback, Followers: a.follow, Notices: h.channelRooms.notices, Phones: h.people,
		Codes: h.phoneCodes, Sealer: h.box, Key: h.box.Derive("telephones that are told of answers"), Root: h.provinceID,
		Unit: func(unitID string) string { return feedback.BodyName(h.words.In("vi"), f.feedback.Unit(unitID)) }})
	a.survey = survey.New(survey.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Cases: f.feedback})
	a.promise = promise.New(promise.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Calendar: days, Cases: f.feedback, Pictures: h.pictures, Audit: h.audit})
	a.opinion = opinion.New(opinion.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Calendar: days, Cases: f.feedback, Audit: h.audit, Words: h.words.In("vi")})
	a.files = attach.New(attach.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Blobs: h.blobs, Pictures: h.pictures, Cases: f.feedback, Audit: h.audit})
	alert.New(alert.Deps{Queue: h.queue, Clock: h.clock, Forest: h.units.Forest, Cases: published.Of(f.feedback), Matters: h.matters, Readers: f.readers, BaseURL: h.cfg.PublicURL})
	f.feedback.BeforeSubmit(a.promise.Gate)
	wordless.Listen(wordless.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Channels: h.channels, Words: h.words.In("vi"),
		Name:   func(unitID string) string { return feedback.BodyName(h.words.In("vi"), f.feedback.Unit(unitID)) },
		AskURL: func(unitID string) string { return h.cfg.PublicURL + "/hoi?don_vi=" + f.feedback.Unit(unitID).Slug }})
}

// matters reads the table of categories.
func (h *House) matters(ctx context.Context) ([]routing.Category, error) {
	return h.features.routing.Categories(ctx)
}

// casePages are the screens of questions with the rooms around their answers.
func (h *House) casePages() *feedbackweb.Pages {
	a := h.features.answers
	shapes, box := h.publicMap()
	return feedbackweb.New(h.features.feedback, feedbackweb.DefaultLimits).With(feedbackweb.Rooms{Phone: h.phonePages(), Routing: h.features.routing, Phrases: &phrase.Service{Cases: h.features.feedback},
		Similar: a.similar, Follow: a.follow, Survey: a.survey, Promise: a.promise, Opinion: a.opinion, Files: a.files, Brand: h.unitBrand, Shapes: shapes, ViewBox: box, Place: h.place,
	})
}

// phonePages are the screens of messages to telephones.
func (h *House) phonePages() *byphoneweb.Pages { return byphoneweb.New(h.features.answers.phone, 60) }

// phoneCodes sends the codes that prove a telephone number, in the name of the house.
func (h *House) phoneCodes() identity.PhoneSender {
	return notice.Codes{Notices: h.channelRooms.notices, UnitID: h.provinceID(), Unit: h.provinceName()}
}

// publicMap is the outline of the communes for citizens' pages; none where the house has no boundaries.
func (h *House) publicMap() ([]ui.Shape, string) {
	if h.cfg.Province != "40" || h.units.Today() < "2025-07-01" {
		return nil, "" // boundaries are delivered for today's Nghệ An only: elsewhere the table alone
	}
	raw, err := data.Read(data.GeoNgheAn)
	if err != nil {
		h.log.Warn("the map of communes cannot be drawn", "error", err)
		return nil, ""
	}
	shapes, box, err := ui.ShapesFromGeoJSON(raw, publicMapWidth)
	if err != nil {
		h.log.Warn("the map of communes cannot be drawn", "error", err)
	}
	return shapes, box
}

// promisePages are the screens of the ledger of promises.
func (h *House) promisePages() *promiseweb.Pages {
	return promiseweb.New(promiseweb.Pages{S: h.features.answers.promise, Survey: h.features.answers.survey, Units: h.units.Forest, Brand: h.unitBrand}, 20)
}

// unitBrand puts the name of a unit on top of a page, and what it belongs to.
func (h *House) unitBrand(ctx context.Context, unitID string) context.Context {
	u, err := h.units.Forest().Unit(unitID, h.units.Today())
	if err != nil {
		return ctx
	}
	sh := ui.ShellFrom(ctx)
	sh.Brand = h.site().BrandOf(ctx, u)
	return ui.WithShell(ctx, sh)
}

// promisesWaiting lists the promises that are due this week for "Việc hôm nay".
func (h *House) promisesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.answers.promise.DueSoon(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, p := range list {
		out[i] = dashboard.Item{Feature: "promise", Kind: "keep", Title: vntext.Truncate(p.What, 120), From: h.unitName(p.UnitID), Href: promiseweb.OfficePath + "/" + p.ID, Due: workday.EndOfDay(p.Due)}
	}
	return out, nil
}

// opinionsWaiting lists the opinions that others ask of the actor's desks.
func (h *House) opinionsWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.answers.opinion.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, o := range list {
		out[i] = dashboard.Item{Feature: "opinion", Kind: "give", Title: vntext.Truncate(o.Question, 120), From: h.unitName(o.FromUnitID), Href: "/lam-viec/y-kien/" + o.ID, Due: workday.EndOfDay(o.Due)}
	}
	return out, nil
}
