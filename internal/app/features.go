package app

import (
	"io/fs"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/audit/auditweb"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/dashboard/dashboardweb"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/directive/directiveweb"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/feedback/assist"
	"github.com/nhipcau/nhipcau/internal/feedback/assist/assistweb"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/feedback/deadlineweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/promiseweb"
	"github.com/nhipcau/nhipcau/internal/feedback/receiptweb"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/routingweb"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/fleetweb"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/fleet/regulationweb"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/fund/awardweb"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/cashweb"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/fund/fundweb"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/spendingweb"
	"github.com/nhipcau/nhipcau/internal/handbook"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identityweb"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/inbox/correctionweb"
	"github.com/nhipcau/nhipcau/internal/inbox/inboxweb"
	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakerweb"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunitweb"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/portal/portalweb"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/publish/localiseweb"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/publish/plannerweb"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/relief/reliefweb"
	"github.com/nhipcau/nhipcau/internal/statistics"
	"github.com/nhipcau/nhipcau/internal/statistics/statisticsweb"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
	"github.com/nhipcau/nhipcau/internal/topics"
	"github.com/nhipcau/nhipcau/internal/topics/topicsweb"
	"github.com/nhipcau/nhipcau/internal/video"
	"github.com/nhipcau/nhipcau/internal/video/videoweb"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/voterweb"
)

// room is what a package hands to the roof: its tables, its policies, its texts. A new feature is one line here.
type room struct {
	name       string
	migrations db.Migrations // zero: keeps nothing
	policies   string        // "": no actions of its own
	catalogue  fs.FS         // nil: no texts of its own
}

// rooms lists the house from the ground up; tables are made in this order.
func rooms() []room {
	return []room{
		{name: "ui", catalogue: ui.Catalogue},
		{name: "picture", catalogue: picture.Catalogue},
		{name: "money", catalogue: money.Catalogue},
		{name: "xlsx", catalogue: xlsx.Catalogue},
		{name: "orgunit", migrations: orgunit.Migrations, catalogue: orgunitweb.Catalogue},
		{name: "identity", migrations: identity.Migrations, policies: identity.Policies, catalogue: identityweb.Catalogue},
		{name: "audit", migrations: audit.Migrations, policies: audit.Policies, catalogue: auditweb.Catalogue},
		{name: "channel", migrations: channel.Migrations, policies: channel.Policies.Text, catalogue: channelweb.Catalogue},
		{name: "notice", migrations: notice.Migrations},
		{name: "audience", migrations: audience.Migrations},
		{name: "youtube", migrations: youtube.Migrations},
		{name: "video", migrations: video.Migrations, catalogue: videoweb.Catalogue},
		{name: "orgadmin", migrations: orgadmin.Migrations, policies: orgadmin.Policies},
		{name: "publish", migrations: publish.Migrations, policies: publish.Policies.Text, catalogue: publishweb.Catalogue},
		{name: "planner", migrations: planner.Migrations, catalogue: plannerweb.Catalogue},
		{name: "localise", migrations: localise.Migrations, catalogue: localiseweb.Catalogue},
		{name: "feedback", migrations: feedback.Migrations, policies: feedback.Policies, catalogue: feedbackweb.Catalogue},
		{name: "deadline", migrations: deadline.Migrations, policies: deadline.Policies, catalogue: deadlineweb.Catalogue},
		{name: "phrase", migrations: phrase.Migrations},
		{name: "routing", migrations: routing.Migrations, policies: routing.Policies, catalogue: routingweb.Catalogue},
		{name: "assist", migrations: assist.Migrations, catalogue: assistweb.Catalogue},
		{name: "similar", migrations: similar.Migrations},
		{name: "follow", migrations: follow.Migrations},
		{name: "byphone", migrations: byphone.Migrations, catalogue: byphoneweb.Catalogue},
		{name: "alert", migrations: alert.Migrations},
		{name: "subscription", migrations: subscription.Migrations, policies: subscription.Policies, catalogue: subscriptionweb.Catalogue},
		{name: "survey", migrations: survey.Migrations},
		{name: "promise", migrations: promise.Migrations, catalogue: promiseweb.Catalogue},
		{name: "opinion", migrations: opinion.Migrations},
		{name: "attach", migrations: attach.Migrations},
		{name: "receipt", catalogue: receiptweb.Catalogue},
		{name: "open311", migrations: open311.Migrations, catalogue: open311web.Catalogue},
		{name: "inbox", migrations: inbox.Migrations, policies: inbox.Policies, catalogue: inboxweb.Catalogue},
		{name: "correction", migrations: correction.Migrations, policies: correction.Policies, catalogue: correctionweb.Catalogue},
		{name: "portal", migrations: portal.Migrations, policies: portal.Policies.Text, catalogue: portalweb.Catalogue},
		{name: "household", migrations: household.Migrations, policies: household.Policies.Text, catalogue: householdweb.Catalogue},
		{name: "housing", migrations: housing.Migrations, policies: housing.Policies.Text, catalogue: housingweb.Catalogue},
		{name: "fund", migrations: fund.Migrations, policies: fund.Policies, catalogue: fund.Catalogue},
		{name: "fundweb", catalogue: fundweb.Catalogue},
		{name: "disclosure", migrations: disclosure.Migrations, policies: disclosure.Policies, catalogue: disclosureweb.Catalogue},
		{name: "spending", migrations: spending.Migrations, policies: spending.Policies, catalogue: spendingweb.Catalogue},
		{name: "cash", migrations: cash.Migrations, policies: cash.Policies, catalogue: cashweb.Catalogue},
		{name: "award", migrations: award.Migrations, policies: award.Policies, catalogue: awardweb.Catalogue},
		{name: "relief", migrations: relief.Migrations, policies: relief.Policies, catalogue: reliefweb.Catalogue},
		{name: "loudspeaker", migrations: loudspeaker.Migrations, catalogue: loudspeakerweb.Catalogue},
		{name: "voter", migrations: voter.Migrations, policies: voter.Policies.Text, catalogue: voterweb.Catalogue},
		{name: "fleet", migrations: fleet.Migrations, policies: fleet.Policies.Text, catalogue: fleetweb.Catalogue},
		{name: "regulation", migrations: regulation.Migrations, catalogue: regulationweb.Catalogue},
		{name: "statistics", migrations: statistics.Migrations, policies: statistics.Policies.Text, catalogue: statisticsweb.Catalogue},
		{name: "directive", migrations: directive.Migrations, policies: directive.Policies, catalogue: directiveweb.Catalogue},
		{name: "topics", migrations: topics.Migrations, policies: topics.Policies, catalogue: topicsweb.Catalogue},
		{name: "dashboard", policies: dashboard.Policies, catalogue: dashboardweb.Catalogue},
		{name: "handbook", catalogue: handbook.Catalogue},
		{name: "app", policies: appPolicies, catalogue: catalogue},
	}
}

func migrations() []db.Migrations {
	var out []db.Migrations
	for _, r := range rooms() {
		if r.migrations.FS != nil {
			out = append(out, r.migrations)
		}
	}
	return out
}

func catalogues() []fs.FS {
	var out []fs.FS
	for _, r := range rooms() {
		if r.catalogue != nil {
			out = append(out, r.catalogue)
		}
	}
	return out
}

func policies() []identity.PolicyFile {
	var out []identity.PolicyFile
	for _, r := range rooms() {
		if r.policies != "" {
			out = append(out, identity.PolicyFile{Feature: r.name, Text: r.policies})
		}
	}
	return out
}
