package main

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/statistics"
)

// fleetLives fails when the rehearsal does not show what its scene of the channels promises.
func fleetLives(t *testing.T, house *app.House, cast people) {
	t.Helper()
	ctx, r := t.Context(), house.Rooms()
	leader, today := cast.byRole[identity.RoleLeader], clock.DateOf(r.Clock.Now())
	calendarShowsTheClash(t, ctx, r, cast, today)
	work, err := r.Localise.Waiting(ctx, cast.chair[communesOf(house)[5].ID])
	if err != nil || len(work) != 1 || work[0].Kind != "approve" {
		t.Errorf("no local part waits for the chair: %+v %v", work, err)
	}
	list, _, err := r.Publish.List(ctx, leader, publish.Filter{Text: "chung tay"}, 1)
	if err != nil || len(list) == 0 {
		t.Fatal("no post of local voices", err)
	}
	pr, err := r.Localise.Progress(ctx, leader, list[0].ID)
	if err != nil || pr.Counts[localise.StateReady] != 1 || pr.Counts[localise.StateReview] != 1 || pr.Counts[localise.StateAsIs] != 1 {
		t.Errorf("local voices: %+v %v", pr.Counts, err)
	}
	if list, _, err = r.Publish.List(ctx, leader, publish.Filter{Text: "bep an"}, 1); err != nil || len(list) != 1 {
		t.Fatal("no post with a film", err)
	}
	if v, err := r.Publish.Shown(ctx, cast.byRole[identity.RoleApprover], list[0].ID); err != nil || v == nil || !v.Vertical() || v.Poster == nil {
		t.Errorf("who approves does not see the film: %+v %v", v, err)
	}
	left, err := r.People.Handovers(ctx, cast.officer[communesOf(house)[3].ID])
	if err != nil || len(left) != 2 || len(left[0].Work) != 2 {
		t.Errorf("the successor finds %+v %v", left, err)
	}
	week := statistics.Span{From: today.AddDays(-35), To: today.AddDays(-15)}
	report, err := r.Statistics.Report(ctx, leader, statistics.Query{Span: week, Group: statistics.ByPeers})
	if err != nil || len(report.Rows) < 3 || report.Total.Posts < 500 || report.Past.Posts < 300 || report.Total.Views == 0 {
		t.Errorf("statistics of earlier weeks: %d rows, %+v, before %+v, %v", len(report.Rows), report.Total, report.Past, err)
	}
	for _, why := range []fleet.Condition{fleet.CannotPost, fleet.PackageEnded, fleet.NeedsGrant, fleet.PackageEnding, fleet.NameOff} {
		page, err := r.Fleet.Fleet(ctx, leader, fleet.Query{Condition: why})
		if err != nil || len(page.Rows) == 0 {
			t.Errorf("no account is %s: %v", why, err)
		}
	}
	a, err := account(ctx, r, cast.province, channel.Zalo)
	if err != nil {
		t.Fatal(err)
	}
	notices, err := r.Notices.Overview(ctx, leader, a.ID)
	if err != nil || len(notices.Templates) != 5 || len(notices.Serving) != 3 {
		t.Errorf("templates: %+v %v", notices, err)
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) { // read in the background
		crowd, err := r.Audience.Overview(ctx, leader, a.ID)
		if err == nil && len(crowd.Groups) == 1 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("the groups of the province are not known: %+v %v", crowd, err)
		}
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) { // so are the pictures
		off, err := r.Fleet.Fleet(ctx, leader, fleet.Query{Condition: fleet.LogoOff})
		if err == nil && len(off.Rows) == 1 {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("not one account shows another picture than the logo: %+v %v", off.Rows, err)
		}
	}
}

func calendarShowsTheClash(t *testing.T, ctx context.Context, r app.Rooms, cast people, today clock.Date) {
	t.Helper()
	c, err := r.Planner.Calendar(ctx, cast.byRole[identity.RoleEditor], planner.CalendarAsk{From: today, To: today.AddDays(6)})
	if err != nil || len(c.Entries) < 5 {
		t.Fatalf("the calendar holds %d posts: %v", len(c.Entries), err)
	}
	booked, clash := 0, 0
	for _, e := range c.Entries {
		if e.Told > 100 {
			booked++
		}
		for _, x := range e.Clashes {
			if x.Trouble == planner.TroubleDay && x.Accounts > 100 {
				clash++
			}
		}
	}
	if booked != 2 || clash != 1 {
		t.Errorf("%d posts have booked the day of all followers, %d want a day that is gone: %+v", booked, clash, c.Entries)
	}
}
