package planner_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

type house struct {
	*pt.World
	s *planner.Service
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := pt.New(t, d)
		s := planner.New(planner.Deps{DB: d, Clock: w.Clock, Posts: w.Publish, Rules: rules(t),
			Forbidden: func(context.Context, string) ([]planner.Band, error) {
				return []planner.Band{{From: 22 * 60, To: 5 * 60, Why: "giờ nghỉ đêm"}}, nil
			}})
		w.Publish.Attach(publish.Hooks{Slots: s})
		fn(t, &house{w, s})
	}, append(slices.Clone(pt.Migrations), planner.Migrations)...)
}

func wish(title string, hour time.Time) publish.Draft {
	d := pt.Everywhere(title)
	d.PublishAt, d.WantAnnounce = hour, true
	return d
}

// told lists, for each post, on which days how many accounts tell their followers.
func (h *house) told(t *testing.T, p publish.Post) map[clock.Date]int {
	t.Helper()
	out := map[clock.Date]int{}
	ds, err := h.Channel.History(context.Background(), p.ID, h.zalo(t, orgunittest.KimLien).ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		if d.Action == channel.ActAnnounce && d.State != channel.DeliverySuperseded {
			out[clock.DateOf(d.NotBefore)]++
		}
	}
	return out
}

func (h *house) zalo(t *testing.T, unit string) channel.Account {
	t.Helper()
	as, err := h.Channel.AccountsOfUnits(context.Background(), []string{unit}, channel.Zalo)
	if err != nil || len(as) != 1 {
		t.Fatal(as, err)
	}
	return as[0]
}

// Two posts for the same day: the second sees it before approval, is offered another day, and when it is approved all the
// same its followers are told a day later.
func TestTwoPostsOfADay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		hour := h.Clock.Now().Add(2 * time.Hour)
		first := h.Write(t, wish("Bài thứ nhất", hour))
		second := h.Write(t, wish("Bài thứ hai", hour.Add(time.Hour)))
		cal, err := h.s.Calendar(ctx, pt.An, planner.CalendarAsk{From: clock.DateOf(hour), To: clock.DateOf(hour)})
		if err != nil || len(cal.Entries) != 2 || cal.Troubles() != 2 || cal.Entries[0].Clashes[0].Accounts != 4 {
			t.Fatalf("%+v %v", cal.Entries, err)
		}
		first = h.Approve(t, first, publish.Approval{Mode: publish.ModeAt, At: hour, Announce: true})
		v, err := h.s.Open(ctx, pt.Binh, second.ID, planner.Ask{})
		if err != nil || v.Told() != 4 || v.Later() != 4 || len(v.Others) != 2 || !v.Movable {
			t.Fatalf("told %d, later %d, %+v, %v", v.Told(), v.Later(), v.Others, err)
		}
		second = h.Approve(t, second, publish.Approval{Mode: publish.ModeAt, At: hour.Add(time.Hour), Announce: true})
		day := clock.DateOf(hour)
		if a, b := h.told(t, first), h.told(t, second); a[day] != 1 || len(a) != 1 || b[day.AddDays(1)] != 1 || len(b) != 1 {
			t.Fatalf("first %v, second %v", a, b)
		}
		// The first is taken down before its hour: its days are free again, and the second can be moved to them.
		if _, err := h.Publish.Retract(ctx, pt.Binh, first.ID, first.Rev, "Hoãn cuộc họp."); err != nil {
			t.Fatal(err)
		}
		second, err = h.s.Move(ctx, pt.Binh, second.ID, second.Rev, hour.Add(30*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if b := h.told(t, second); b[day] != 1 || len(b) != 1 {
			t.Fatalf("after moving: %v", b)
		}
		open := 0
		ds, err := h.Channel.History(ctx, second.ID, h.zalo(t, orgunittest.KimLien).ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ds {
			if d.Action == channel.ActPublish && d.State != channel.DeliverySuperseded {
				if open++; !d.NotBefore.Equal(hour.Add(30 * time.Minute)) {
					t.Errorf("goes out at %v", d.NotBefore)
				}
			}
		}
		if open != 1 || second.State != publish.StateScheduled {
			t.Fatalf("%d deliveries wait for one account, %s", open, second.State)
		}
	})
}

// A post for a part of the followers takes the day only of accounts that will tell it: those with too few followers stay free
// for another post of that day, in the calendar as in the plan.
func TestNarrowedPostOfADay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		a := h.zalo(t, orgunittest.VinhHung)
		a.Followers = 40
		if err := h.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := h.Channel.Install(ctx, tx, a, channel.Tokens{Access: "a", Expires: h.Clock.Now().AddDate(1, 0, 0)})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		hour := h.Clock.Now().Add(2 * time.Hour)
		d := wish("Bài cho phụ nữ", hour)
		d.Audience = &channel.Audience{Gender: 2}
		part := h.Write(t, d)
		all := h.Write(t, wish("Bài cho mọi người", hour.Add(time.Hour)))
		cal, err := h.s.Calendar(ctx, pt.An, planner.CalendarAsk{From: clock.DateOf(hour), To: clock.DateOf(hour)})
		if err != nil || len(cal.Entries) != 2 || len(cal.Entries[0].Clashes) != 1 || cal.Entries[0].Clashes[0].Accounts != 1 {
			t.Fatalf("%+v %v", cal.Entries, err)
		}
		h.Approve(t, part, publish.Approval{Mode: publish.ModeAt, At: hour, Announce: true})
		v, err := h.s.Open(ctx, pt.Binh, all.ID, planner.Ask{})
		if err != nil || v.Told() != 4 || v.Later() != 1 {
			t.Fatalf("told %d, later %d, %v", v.Told(), v.Later(), err)
		}
		v, err = h.s.Open(ctx, pt.Binh, part.ID, planner.Ask{})
		if err != nil || !v.Narrowed() || v.Told() != 1 || v.Quiet() != 3 {
			t.Fatalf("told %d, silent %d, %v", v.Told(), v.Quiet(), err)
		}
		if v, err = h.s.Open(ctx, pt.Binh, part.ID, planner.Ask{Everyone: true}); err != nil || v.Narrowed() || v.Told() != 4 {
			t.Fatalf("everybody: told %d, %v", v.Told(), err)
		}
	})
}

// Who approves second for the same day in the same moment gets the later days: the days are never given twice.
func TestDaysAreGivenOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		a := h.zalo(t, orgunittest.Province)
		hour := h.Clock.Now().Add(time.Hour)
		given := map[clock.Date]string{}
		for _, post := range []string{"p1", "p2", "p3", "p4", "p5", "p6"} {
			var got []publish.Broadcast
			err := h.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
				got, err = h.s.Book(ctx, tx, post, []publish.Broadcast{{Account: a, At: hour}})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range got {
				day := clock.DateOf(b.At)
				if given[day] != "" {
					t.Fatalf("%s was given to %s and %s", day, given[day], post)
				}
				given[day] = post
			}
		}
		if len(given) != 4 { // the package gives four a month
			t.Fatalf("%v", given)
		}
	})
}

// Another way is taken by one button; only by who may write or approve the post.
func TestTakeAnotherWay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		hour := h.Clock.Now().Add(time.Hour)
		h.Approve(t, h.Write(t, wish("Bài đã duyệt", hour)), publish.Approval{Mode: publish.ModeAt, At: hour, Announce: true})
		p := h.Write(t, wish("Bài chờ", hour))
		if _, err := h.s.Take(ctx, pt.Hoa, p.ID, p.Rev, planner.WayDay); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a leader who only reads: %v", err)
		}
		if _, err := h.s.Take(ctx, pt.An, p.ID, p.Rev, planner.WayHour); !fault.Is(err, fault.Conflict) {
			t.Fatalf("a way that was not offered: %v", err)
		}
		moved, err := h.s.Take(ctx, pt.An, p.ID, p.Rev, planner.WayDay)
		if err != nil || clock.DateOf(moved.PublishAt) != clock.DateOf(hour).AddDays(1) || !moved.WantAnnounce {
			t.Fatalf("%+v %v", moved, err)
		}
		if _, err := h.s.Take(ctx, pt.An, p.ID, p.Rev, planner.WayQuiet); err == nil {
			t.Fatal("an old revision was taken")
		}
		if _, err := h.s.Move(ctx, pt.An, p.ID, moved.Rev, h.Clock.Now().Add(-time.Hour)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("an hour that has passed: %v", err)
		}
		if _, err := h.s.Open(ctx, pt.Cuc, p.ID, planner.Ask{}); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a ward's editor opens the province's plan: %v", err)
		}
		w := planner.Window{From: hour, To: hour.Add(-time.Hour)}
		if _, err := h.s.Open(ctx, pt.An, p.ID, planner.Ask{Window: w}); !fault.Is(err, fault.Invalid) {
			t.Fatalf("an empty window: %v", err)
		}
	})
}

// A calendar tells what lies in forbidden hours and what was forgotten.
func TestCalendarTroubles(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		night := h.Clock.Now().Add(14 * time.Hour) // 23:00
		h.Write(t, wish("Bài ban đêm", night))
		h.Write(t, wish("Bài bị quên", h.Clock.Now().Add(time.Minute)))
		h.Clock.Advance(time.Hour)
		day := clock.DateOf(h.Clock.Now())
		cal, err := h.s.Calendar(ctx, pt.Hoa, planner.CalendarAsk{From: day, To: day, Trouble: true})
		if err != nil || len(cal.Entries) != 2 {
			t.Fatalf("%+v %v", cal, err)
		}
		if c := cal.Entries[0].Clashes[0]; c.Trouble != planner.TroubleLate {
			t.Errorf("forgotten: %+v", c)
		}
		if c := cal.Entries[1].Clashes[0]; c.Trouble != planner.TroubleForbidden || c.Why != "giờ nghỉ đêm" || cal.Entries[1].Movable {
			t.Errorf("at night: %+v", c)
		}
		if cal, err = h.s.Calendar(ctx, pt.La, planner.CalendarAsk{From: day, To: day}); err != nil || len(cal.Entries) != 0 {
			t.Errorf("a commune sees the province's calendar: %+v %v", cal, err)
		}
	})
}

func TestWeeksAndMonths(t *testing.T) {
	if a, b := planner.Week("2026-11-22"); a != "2026-11-16" || b != "2026-11-22" {
		t.Errorf("week: %s %s", a, b)
	}
	if a, b := planner.Month("2027-02-10"); a != "2027-02-01" || b != "2027-02-28" {
		t.Errorf("month: %s %s", a, b)
	}
	if n := len(planner.Days("2026-11-01", "2026-11-30")); n != 30 {
		t.Errorf("%d days", n)
	}
}
