package app

import (
	"context"
	"fmt"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/audit/auditweb"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/facebook"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/directive/directiveweb"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/assist"
	"github.com/nhipcau/nhipcau/internal/feedback/assist/assistweb"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/routingweb"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/fund/awardweb"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/cashweb"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitymove"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/inbox/correctionweb"
	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakerweb"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunitweb"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/portal/portalweb"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/publish/localiseweb"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/statistics"
	"github.com/nhipcau/nhipcau/internal/statistics/statisticsweb"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/topics"
	"github.com/nhipcau/nhipcau/internal/topics/topicsweb"
	"github.com/nhipcau/nhipcau/internal/video"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// features is the services above the kernel.
type features struct {
	admin      *orgadmin.Service
	publish    *publish.Service
	planner    *planner.Service
	regulation *regulation.Service
	localise   *localise.Service
	feedback   *feedback.Service
	answers    answerRooms
	deadline   *deadline.Service
	routing    *routing.Service
	inbox      *inbox.Service
	portal     *portal.Portal
	fleet      *fleet.Service
	voter      *voter.Service
	readers    *subscription.Service
	directive  *directive.Service
	statistics *statistics.Service
	correction *correction.Service
	topics     *topics.Service
	assist     *assist.Service
	loud       *loudspeaker.Service
	fund       *fund.Service
	spending   *spending.Service
	cash       *cash.Service
	award      *award.Service
	disclosure *disclosure.Service
	household  *household.Service
	housing    *housing.Service
	relief     *relief.Service
}

// site is the public site's screens, made once: it keeps finished pages in memory.
func (h *House) site() *portalweb.Pages {
	if h.sitePages == nil {
		h.sitePages = portalweb.New(h.features.portal)
	}
	return h.sitePages
}

// pages is a room's set of screens.
type pages interface{ Routes(*web.Routes) }

// Rooms gives the services of an opened house to a program that fills it (the rehearsal) and to tests.
type Rooms struct {
	DB         *db.DB
	Clock      clock.Clock
	Pictures   *picture.Store
	Units      *orgunit.Service
	People     *identity.Service
	Channels   *channel.Service
	Publish    *publish.Service
	Planner    *planner.Service
	Regulation *regulation.Service
	Localise   *localise.Service
	Feedback   *feedback.Service
	Answers    Answers
	Deadline   *deadline.Service
	Routing    *routing.Service
	Inbox      *inbox.Service
	Loud       *loudspeaker.Service
	Fleet      *fleet.Service
	Voter      *voter.Service
	Readers    *subscription.Service
	Audience   *audience.Service
	Notices    *notice.Service
	Films      *video.Service
	Household  *household.Service
	Housing    *housing.Service
	Relief     *relief.Service
	Spending   *spending.Service
	Cash       *cash.Service
	Award      *award.Service
	Fund       *fund.Service
	Disclosure *disclosure.Service
	Directive  *directive.Service
	Statistics *statistics.Service
	Correction *correction.Service
	Topics     *topics.Service
	Assist     *assist.Service
	Sites      *portal.Sites
	Admin      *orgadmin.Service
	Diary      *audit.Viewer
}

func (h *House) openChannels() error {
	c := h.cfg
	h.openFilms()
	h.channels = channel.New(channel.Deps{
		DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Sealer: h.box, Units: h.units, Logger: h.log.With("part", "channel"),
		Config: channel.Config{Budget: map[channel.Kind]int{channel.Zalo: c.Budget}, CallbackURL: c.PublicURL + channelweb.CallbackPath},
	})
	h.channels.Add(zalo.New(zalo.Config{
		OAuthURL: c.Zalo.OAuthURL, OpenAPIURL: c.Zalo.OpenAPIURL, AppID: c.Zalo.AppID, AppSecret: c.Zalo.AppSecret,
		WebhookKey: c.Zalo.OASecretKey, MediaBase: c.PublicURL, Cover: c.PublicURL + coverPath, Clock: h.clock, Films: h.films,
	}, h.channels.Vault(), h.channels.Budget(channel.Zalo)))
	h.facebook = facebook.New(facebook.Config{
		GraphURL: c.Facebook.GraphURL, DialogURL: c.Facebook.DialogURL, AppID: c.Facebook.AppID, AppSecret: c.Facebook.AppSecret,
		VerifyToken: c.Facebook.VerifyToken, MediaBase: c.PublicURL, Clock: h.clock, Films: h.films,
	}, h.channels.Vault(), h.channels.Budget(channel.Facebook))
	h.channels.Add(h.facebook)
	h.openChannelRooms()
	return h.openYouTube()
}

func (h *House) openFeatures(ctx context.Context) error {
	days, err := calendar(h.cfg.calendarFile())
	if err != nil {
		return err
	}
	if err := h.firstUnits(ctx); err != nil {
		return err
	}
	links := portal.Links{Base: h.cfg.PublicURL, Province: h.provinceID()}
	sites := portal.NewSites(portal.SitesDeps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Tree: h.portalTree, Hotline: h.cfg.Hotline})
	f := &h.features
	sites.Listen(h.queue)
	f.publish = publish.New(publish.Deps{
		DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Tree: func() publish.Tree { return h.units.Forest() },
		Accounts: h.channels, Deliverer: h.channels, Retrier: h.channels, Profiles: sites, Pictures: h.pictures, Films: filmsOfPosts{h.films}, Links: links,
		Logger: h.log.With("part", "publish"),
	})
	h.channels.SetSource(f.publish)
	h.films.Owns(f.publish)
	f.loud = loudspeaker.New(loudspeaker.Deps{
		DB: h.db, Queue: h.queue, Clock: h.clock, Trail: h.audit, Posts: f.publish, Profiles: sites, Pictures: h.pictures, Links: links, Blobs: h.blobs,
		Voice: loudspeaker.NewCommand(h.cfg.Voice), Words: h.words.In("vi"), Logger: h.log.With("part", "loudspeaker"),
	})
	f.feedback = feedback.New(feedback.Deps{
		DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Forest: h.units.Forest, Calendar: days, Sealer: h.box, Audit: h.audit,
		Log: h.tlog, Replies: h.channels, Messages: h.channels, Pictures: h.pictures, Words: h.words.In("vi"), BaseURL: h.cfg.PublicURL,
	})
	if err := h.openReaders(ctx, links); err != nil {
		return err
	}
	h.openAnswers(days)
	f.deadline = deadline.New(deadline.Deps{Cases: f.feedback, Root: h.provinceID()})
	if err := h.openRouting(); err != nil {
		return err
	}
	h.openInbox(days)
	h.openHouseholds()
	h.openHouses()
	h.openRelief()
	h.openFund()
	h.openSpending()
	h.openDisclosure()
	h.openFleet()
	if err := h.openPlanner(); err != nil {
		return err
	}
	h.openVoter()
	f.assist = assist.New(assist.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Forest: h.units.Forest, Cases: f.feedback})
	h.openTopics()
	f.directive = directive.New(directive.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Pictures: h.pictures, Blobs: h.blobs})
	f.statistics = statistics.New(statistics.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Channels: h.channels})
	f.portal = &portal.Portal{Sites: sites, Tree: h.portalTree, Articles: f.publish, Answers: published.Of(f.feedback), Clock: h.clock, Links: links}
	f.admin = orgadmin.New(h.db, h.units, h.authz, h.audit, h.queue, h.clock,
		identitymove.New(h.people), h.channels.Mover(), f.inbox.Mover(), f.feedback.Mover(), f.answers.promise.Mover(), f.readers.Mover(), f.publish.Mover(), f.localise.Mover(), f.regulation.Mover(), f.directive.Mover(), f.household.Mover(), f.housing.Mover(), f.relief.Mover(), f.voter.Mover(), f.spending.Mover(), f.cash.Mover(), f.award.Mover())
	h.sweepPictures(f.publish, h.films, f.localise, f.feedback, f.answers.promise, f.directive, f.spending, f.housing, f.fleet)
	h.people.RegisterWork("feedback", f.feedback)
	h.people.RegisterWork("inbox", f.inbox)
	h.people.RegisterWork("publish", f.publish)
	return nil
}

func (h *House) portalTree() portal.Tree { return h.units.Forest() }

// firstUnits imports the country at the very first start, so that a fresh installation knows every unit at once.
func (h *House) firstUnits(ctx context.Context) error {
	if h.units.Forest().Len() > 0 {
		return nil
	}
	if _, err := h.units.Import(ctx, orgunit.ImportOptions{Agencies: []string{h.cfg.Province}}); err != nil {
		return fmt.Errorf("the units cannot be imported: %w", err)
	}
	return nil
}

// provinceID is the unit of the province that this house serves; "" when its code is not known today.
func (h *House) provinceID() string {
	u, err := h.units.Forest().ByCode(orgunit.LevelProvince, h.cfg.Province, h.units.Today())
	if err != nil {
		h.log.Warn("the province of this house is not among the units", "code", h.cfg.Province)
	}
	return u.ID
}

// UnitURL is the public address of a unit's site.
func (h *House) UnitURL(u orgunit.Unit) string { return h.features.portal.Links.Unit(u) }

// Rooms gives the services.
func (h *House) Rooms() Rooms {
	return Rooms{DB: h.db, Clock: h.clock, Pictures: h.pictures, Units: h.units, People: h.people, Channels: h.channels,
		Publish: h.features.publish, Planner: h.features.planner, Regulation: h.features.regulation, Localise: h.features.localise, Feedback: h.features.feedback, Answers: Answers{Similar: h.features.answers.similar, Follow: h.features.answers.follow, Phone: h.features.answers.phone, Survey: h.features.answers.survey, Promise: h.features.answers.promise, Opinion: h.features.answers.opinion, Files: h.features.answers.files}, Deadline: h.features.deadline, Routing: h.features.routing, Inbox: h.features.inbox, Loud: h.features.loud, Fleet: h.features.fleet, Voter: h.features.voter, Readers: h.features.readers, Audience: h.channelRooms.audience, Notices: h.channelRooms.notices, Films: h.films, Household: h.features.household, Housing: h.features.housing, Relief: h.features.relief, Spending: h.features.spending, Cash: h.features.cash, Award: h.features.award, Fund: h.features.fund, Disclosure: h.features.disclosure, Directive: h.features.directive, Statistics: h.features.statistics, Correction: h.features.correction, Topics: h.features.topics, Assist: h.features.assist, Sites: h.features.portal.Sites, Admin: h.features.admin,
		Diary: audit.NewViewer(h.audit, h.authz, h.units)}
}

// featurePages lists the screens of the rooms in no particular order: patterns do not depend on it.
func (h *House) featurePages() []pages {
	f := h.features
	return []pages{
		&orgunitweb.Pages{Units: h.units, Admin: f.admin, Home: f.portal.Links.Unit},
		auditweb.New(audit.NewViewer(h.audit, h.authz, h.units), h.units),
		&channelweb.Pages{Service: h.channels, Authz: h.authz, Units: h.units, Clock: h.clock, Audience: h.channelRooms.audience, Notices: h.channelRooms.notices, Facebook: h.facebook, Hub: h.youtube, Shared: dayOfYouTube{h.youtube},
			Beside:  h.fleetPages().Beside,
			Refused: func(k channel.Kind) { h.refused.WithLabelValues(string(k)).Inc() }},
		publishweb.New(f.publish, h.clock).WithReaders(h.readersOfPost),
		h.plannerPages(),
		h.regulationPages(),
		&localiseweb.Pages{Service: f.localise},
		loudspeakerweb.New(f.loud),
		h.inboxPages(),
		&correctionweb.Pages{Service: f.correction},
		h.fleetPages(),
		h.voterPages(),
		h.fundPages(),
		&assistweb.Pages{Service: f.assist, Phone: f.answers.phone},
		&topicsweb.Pages{Service: f.topics},
		&statisticsweb.Pages{Service: f.statistics},
		&directiveweb.Pages{Service: f.directive, PublicURL: h.cfg.PublicURL},
		h.householdPages(),
		h.housingPages(),
		h.reliefPages(),
		h.spendingPages(),
		cashweb.New(h.features.cash),
		&awardweb.Pages{Service: h.features.award},
		h.disclosurePages(),
		h.casePages(),
		h.phonePages(),
		h.promisePages(),
		h.readerPages(),
		h.deadlinePages(),
		&routingweb.Pages{S: f.routing},
		h.site(),
	}
}
