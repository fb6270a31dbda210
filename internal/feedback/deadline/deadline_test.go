package deadline_test

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/deadline"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var (
	admin     = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	wardAdmin = identitytest.Official("ward-admin", identity.RoleUnitAdmin, orgunittest.VinhHung)
)

func each(t *testing.T, fn func(t *testing.T, k *feedbacktest.Kit, s *deadline.Service)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil, identitytest.File("deadline", deadline.Policies))
		fn(t, k, deadline.New(deadline.Deps{Cases: k.Service, Root: orgunittest.Province}))
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), deadline.Migrations)...)
}

func TestTheTableOfClocks(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *deadline.Service) {
		ctx := context.Background()
		before := k.Ask(func(in *feedback.Intake) { in.Category = "lighting" })
		ours := deadline.Term{Kind: feedback.Report, Category: "lighting", UnitID: orgunittest.VinhHung, Days: 3, Source: "Cam kết số 12", Reason: "Đội sửa điện trực"}
		for name, tc := range map[string]struct {
			actor identity.Actor
			t     deadline.Term
			kind  fault.Kind
		}{
			"an officer":             {feedbacktest.Officer, ours, fault.Forbidden},
			"a ward, for everybody":  {wardAdmin, deadline.Term{Kind: feedback.Report, Days: 5, Source: "x", Reason: "x"}, fault.Forbidden},
			"a ward, for another":    {wardAdmin, deadline.Term{Kind: feedback.Report, UnitID: orgunittest.TruongVinh, Days: 5, Source: "x", Reason: "x"}, fault.Forbidden},
			"more than the law":      {admin, deadline.Term{Kind: feedback.Denunciation, Days: 8, Source: "x", Reason: "x"}, fault.Invalid},
			"no source":              {admin, deadline.Term{Kind: feedback.Report, Days: 8, Reason: "x"}, fault.Invalid},
			"the 31st of February":   {admin, deadline.Term{Kind: feedback.Report, Days: 8, Source: "x", Reason: "x", From: "2027-02-31"}, fault.Invalid},
			"in the past":            {admin, deadline.Term{Kind: feedback.Report, Days: 8, Source: "x", Reason: "x", From: "2026-11-20"}, fault.Invalid},
			"a body that is no more": {admin, deadline.Term{Kind: feedback.Report, UnitID: orgunittest.District, Days: 8, Source: "x", Reason: "x"}, fault.Invalid},
		} {
			if _, err := s.SetTerm(ctx, tc.actor, tc.t); !fault.Is(err, tc.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		set, err := s.SetTerm(ctx, wardAdmin, ours)
		if err != nil {
			t.Fatal(err)
		}
		c := k.Ask(func(in *feedback.Intake) { in.Category = "lighting" })
		if c.Days != 3 || c.Source != "Cam kết số 12" || c.Deadline != "2026-11-26" {
			t.Fatalf("the promise of the ward: %+v", c)
		}
		if d, _ := k.Service.Dossier(ctx, feedbacktest.Officer, before.ID); d.Case.Deadline != before.Deadline {
			t.Error("a running case moved")
		}
		later := ours
		later.Days, later.From = 5, "2026-12-01"
		if _, err := s.SetTerm(ctx, wardAdmin, later); err != nil {
			t.Fatal(err)
		}
		list, err := s.Terms(ctx, wardAdmin)
		if err != nil || len(list) != 6 {
			t.Fatalf("the ward sees %d rows: %v", len(list), err)
		}
		for _, x := range list {
			if x.ID == set.ID && x.To != "2026-12-01" {
				t.Errorf("the first promise holds until %s", x.To)
			}
		}
		k.Clock.Set(time.Date(2026, 12, 2, 2, 0, 0, 0, time.UTC))
		if c = k.Ask(func(in *feedback.Intake) { in.Category = "lighting" }); c.Days != 5 {
			t.Errorf("from December on: %d", c.Days)
		}
		if err := s.EndTerm(ctx, admin, "report::2014-07-01", "x"); !fault.Is(err, fault.Conflict) {
			t.Errorf("the law's row was ended: %v", err)
		}
		list, _ = s.Terms(ctx, admin)
		for _, x := range list {
			if x.Holds(clock.DateOf(k.Clock.Now())) && x.UnitID != "" {
				if err := s.EndTerm(ctx, feedbacktest.Officer, x.ID, "x"); !fault.Is(err, fault.Forbidden) {
					t.Errorf("an officer ends: %v", err)
				}
				if err := s.EndTerm(ctx, wardAdmin, x.ID, "Thiếu người"); err != nil {
					t.Error(err)
				}
			}
		}
		k.Clock.Advance(24 * time.Hour)
		if c = k.Ask(func(in *feedback.Intake) { in.Category = "lighting" }); c.Days != 10 {
			t.Errorf("after the promise ended: %d", c.Days)
		}
	})
}

func TestEscalation(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *deadline.Service) {
		ctx := context.Background()
		c := k.Ask()                                                                                // 23 November, due 7 December
		secret := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })              // due 2 December
		paused := k.Ask(func(in *feedback.Intake) { in.Text = "Xin hỏi lịch tiếp dân của phường" }) // stands still
		if _, err := k.Service.Pause(ctx, feedbacktest.Officer, paused.ID, "Ông, bà hỏi tháng nào?", 15); err != nil {
			t.Fatal(err)
		}
		go24 := func(day int) {
			t.Helper()
			k.Clock.Set(time.Date(2026, 12, day, 2, 0, 0, 0, time.UTC))
			for range 2 {
				if err := s.Escalate(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		count := func(actor identity.Actor) int {
			t.Helper()
			list, err := s.Notices(ctx, actor)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		go24(1) // six working days of ten
		if n := count(feedbacktest.Officer); n != 1 {
			t.Errorf("the desk was told of %d cases at 60 %%", n)
		}
		if n := count(feedbacktest.Leader); n != 1 { // the denunciation: 6 of 7 days
			t.Errorf("the receiver was told of %d", n)
		}
		if n := count(feedbacktest.ProvinceLeader); n != 0 {
			t.Errorf("the province was told of %d", n)
		}
		list, _ := s.Notices(ctx, feedbacktest.Officer)
		if err := s.MarkSeen(ctx, feedbacktest.Leader, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another one marks: %v", err)
		}
		if err := s.MarkSeen(ctx, feedbacktest.Colleague, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if n := count(feedbacktest.Officer); n != 0 {
			t.Errorf("still %d after it was seen", n)
		}
		go24(10) // three working days late
		if n := count(feedbacktest.ProvinceLeader); n != 1 {
			t.Errorf("the province leader was told of %d", n)
		}
		for _, n := range mustNotices(t, s, feedbacktest.ProvinceLeader) {
			if n.CaseID == secret.ID {
				t.Error("the province knows of the denunciation")
			}
		}
		d, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range d.Events {
			if e.Step == feedback.StepEscalate {
				n++
			}
		}
		if n != 2 { // at half time and three days after; what was passed between was not told again
			t.Errorf("%d notices stand in the case", n)
		}
		if d, _ = k.Service.Dossier(ctx, feedbacktest.Officer, paused.ID); len(d.Events) != 2 {
			t.Errorf("a paused case was chased: %+v", d.Events)
		}
	})
}

func mustNotices(t *testing.T, s *deadline.Service, a identity.Actor) []deadline.Notice {
	t.Helper()
	list, err := s.Notices(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSteps(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *deadline.Service) {
		ctx := context.Background()
		if err := s.SaveStep(ctx, wardAdmin, deadline.Step{At: deadline.AtLate, Amount: 5, Told: deadline.ToldLeader}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward changes the steps: %v", err)
		}
		if err := s.SaveStep(ctx, admin, deadline.Step{At: deadline.AtElapsed, Amount: 120, Told: "everybody"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("nonsense: %v", err)
		}
		if err := s.SaveStep(ctx, admin, deadline.Step{At: deadline.AtElapsed, Amount: 50, Told: deadline.ToldDesk, Active: false}); err != nil {
			t.Fatal(err)
		}
		steps, err := s.Steps(ctx, admin)
		if err != nil || len(steps) != 5 || steps[0].Active {
			t.Fatalf("%+v %v", steps, err)
		}
		k.Ask()
		k.Clock.Advance(8 * 24 * time.Hour)
		if err := s.Escalate(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(mustNotices(t, s, feedbacktest.Officer)); n != 0 {
			t.Errorf("a step that is not in use told %d", n)
		}
	})
}

func TestPunctuality(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *deadline.Service) {
		ctx := context.Background()
		late := k.Ask()
		k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })
		k.Ask(func(in *feedback.Intake) { in.UnitID = orgunittest.KimLien })
		k.Clock.Advance(20 * 24 * time.Hour)
		k.Answer(late.ID, "Đã sửa xong.", false)
		quick := k.Ask()
		k.Answer(quick.ID, "Đã sửa xong.", false)
		k.Ask()
		if err := s.Tally(ctx); err != nil {
			t.Fatal(err)
		}
		r, err := s.Punctuality(ctx, orgunittest.VinhHung, 0)
		if err != nil || len(r.Bodies) != 1 || r.Year != 2026 || r.Bodies[0] != (deadline.Punctual{UnitID: orgunittest.VinhHung, Answered: 2, InTime: 1, Open: 1}) {
			t.Fatalf("%+v %v", r, err)
		}
		if r, _ = s.Punctuality(ctx, "", 0); len(r.Bodies) != 2 {
			t.Errorf("everywhere: %+v", r.Bodies)
		}
		board, err := s.Board(ctx, feedbacktest.ProvinceLeader)
		if err != nil || len(board) != 2 || board[0].UnitID != orgunittest.KimLien || board[0].Overdue != 1 || board[0].Oldest != "2026-12-07" {
			t.Fatalf("board: %+v %v", board, err)
		}
		if board, err = s.Board(ctx, feedbacktest.Officer); err != nil || len(board) != 1 {
			t.Errorf("the ward's board: %+v %v", board, err)
		}
		if _, err := s.Board(ctx, feedbacktest.Editor); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an editor's board: %v", err)
		}
	})
}
