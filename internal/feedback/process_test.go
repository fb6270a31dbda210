package feedback_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// A pause stops the clock with a question, and the last day moves by its working days when it ends, in words.
func TestPause(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		q := feedbacktest.Question()
		q.Door, q.Return = feedback.DoorZalo, feedback.Return{AccountID: "oa", PersonID: "p1"}
		c := must(t)(s.Take(ctx, feedbacktest.Officer, q))
		if _, err := s.Pause(ctx, feedbacktest.OtherOfficer, c.ID, "Ở số nhà nào?", 5); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a stranger pauses: %v", err)
		}
		if _, err := s.Pause(ctx, feedbacktest.Officer, c.ID, "", 5); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a pause without a question: %v", err)
		}
		if _, err := s.Pause(ctx, feedbacktest.Officer, c.ID, "Ở số nhà nào?", feedback.MaxPauseDays+1); !fault.Is(err, fault.Invalid) {
			t.Fatalf("too long a pause: %v", err)
		}
		c = must(t)(s.Pause(ctx, feedbacktest.Officer, c.ID, "Ở số nhà nào?", 5)) // Monday 23 November
		if !c.Paused() || c.PausedUntil != "2026-11-30" || c.Deadline != "2026-12-07" {
			t.Fatalf("paused: %+v", c)
		}
		for name, err := range map[string]error{
			"submit": errOf(s.Submit(ctx, feedbacktest.Officer, c.ID, answerText)),
			"route":  errOf(s.Route(ctx, feedbacktest.Officer, c.ID, orgunittest.WardOffice, "vì")),
			"again":  errOf(s.Pause(ctx, feedbacktest.Officer, c.ID, "Ở đâu?", 2)),
		} {
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s of a paused case: %v", name, err)
			}
		}
		k.Clock.Set(time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)) // Thursday
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		c = must(t)(s.Supply(ctx, citizen, c.Code, "Số 12, khối Kim Tân"))
		if c.Paused() || c.Deadline != "2026-12-10" {
			t.Fatalf("answered after three working days: %+v", c)
		}
		m, err := s.ByCode(ctx, citizen, c.Code)
		if err != nil {
			t.Fatal(err)
		}
		last := m.Events[len(m.Events)-1]
		if last.Step != feedback.StepResume || !strings.Contains(last.Reason, "Số 12") || !strings.Contains(last.Reason, "07/12/2026") || !strings.Contains(last.Reason, "10/12/2026") {
			t.Fatalf("the move is not told: %+v", last)
		}
		if _, err := s.Supply(ctx, citizen, c.Code, "Thêm"); !fault.Is(err, fault.Conflict) {
			t.Errorf("an answer nobody waits for: %v", err)
		}
		must(t)(s.Pause(ctx, feedbacktest.Officer, c.ID, "Còn ai biết việc này?", 1))
		k.Clock.Set(time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC))
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		d, err := s.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil || d.Case.Paused() || d.Case.Deadline != "2026-12-15" {
			t.Fatalf("a pause that was not answered: %+v %v", d.Case, err)
		}
		k.Clock.Set(time.Date(2026, 12, 16, 2, 0, 0, 0, time.UTC))
		if _, err := s.Pause(ctx, feedbacktest.Officer, c.ID, "Ở đâu?", 5); !fault.Is(err, fault.Conflict) {
			t.Errorf("a pause to get out of a missed deadline: %v", err)
		}
		if n := len(k.Replies.Sent); n != 5 { // received, asked, runs again, asked, runs again
			t.Errorf("%d messages went out: %v", n, k.Replies.Texts())
		}
	})
}

func errOf(_ feedback.Case, err error) error { return err }

// Who answers the question by message need not open the page.
func TestPauseEndsWithAMessage(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		c := k.Ask()
		before := must(t)(s.Take(ctx, feedbacktest.Officer, feedback.Intake{UnitID: orgunittest.VinhHung, Text: "Nước máy khối Kim Hòa đục mấy hôm nay", Door: feedback.DoorZalo,
			Return: feedback.Return{AccountID: "oa", PersonID: "p1"}}))
		must(t)(s.Pause(ctx, feedbacktest.Officer, before.ID, "Nhà số mấy?", 3))
		must(t)(s.Pause(ctx, feedbacktest.Officer, c.ID, "Nhà số mấy?", 3))
		k.Clock.Advance(time.Hour)
		k.Say(channel.Message{ID: "m1", AccountID: "oa", PersonID: "p1", Text: "Nhà số 7", At: k.Clock.Now()})
		k.Drain()
		d, err := s.Dossier(ctx, feedbacktest.Officer, before.ID)
		if err != nil || d.Case.Paused() || !strings.Contains(d.Events[len(d.Events)-1].Reason, "Nhà số 7") {
			t.Fatalf("after the message: %+v %v", d.Case, err)
		}
		if d, _ := s.Dossier(ctx, feedbacktest.Officer, c.ID); !d.Case.Paused() {
			t.Error("another person's case runs")
		}
	})
}

// A mixed letter becomes several cases, each with its code, clock and holder, and they know one another.
func TestSplit(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		c := k.Ask(func(in *feedback.Intake) { in.Text += " Tôi cũng kiến nghị lắp thêm đèn ở ngõ 4." })
		k.Clock.Advance(24 * time.Hour)
		p := feedback.Part{Kind: feedback.Petition, Category: "lighting", Text: "Tôi kiến nghị lắp thêm đèn ở ngõ 4."}
		if _, err := s.Split(ctx, feedbacktest.Officer, c.ID, p, ""); !fault.Is(err, fault.Invalid) {
			t.Fatalf("without a reason: %v", err)
		}
		if _, err := s.Split(ctx, feedbacktest.Officer, c.ID, feedback.Part{Kind: feedback.Denunciation, Text: p.Text}, "có tố cáo"); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a denunciation split from an open letter: %v", err)
		}
		part := must(t)(s.Split(ctx, feedbacktest.Officer, c.ID, p, "Hai việc khác nhau"))
		if part.Code == c.Code || part.Kind != feedback.Petition || part.Deadline != c.Deadline || part.HolderUnitID != c.HolderUnitID || part.Initials != c.Initials {
			t.Fatalf("the part: %+v", part)
		}
		d, err := s.Dossier(ctx, feedbacktest.Officer, part.ID)
		if err != nil || len(d.Related) != 1 || d.Related[0].Code != c.Code || !d.Related[0].Parent {
			t.Fatalf("the letter is not linked: %+v %v", d.Related, err)
		}
		if who, err := s.Unmask(ctx, feedbacktest.Officer, part.ID, "gọi lại"); err != nil || who.Name != "Nguyễn Thị Mẫu" {
			t.Errorf("the person of the part: %+v %v", who, err)
		}
		must(t)(s.Classify(ctx, feedbacktest.Officer, c.ID, feedback.Denunciation, "Có tố cáo cán bộ"))
		if d, _ = s.Dossier(ctx, feedbacktest.Officer, part.ID); len(d.Related) != 0 {
			t.Errorf("the officer still sees the letter: %+v", d.Related)
		}
		if d, _ = s.Dossier(ctx, feedbacktest.Leader, c.ID); len(d.Related) != 1 {
			t.Errorf("the receiver does not see the part: %+v", d.Related)
		}
		if _, err := s.Split(ctx, feedbacktest.Leader, c.ID, feedback.Part{Kind: feedback.Denunciation, Text: "Ông A nhận tiền của dân trái quy định"}, "hai người bị tố cáo"); err != nil {
			t.Errorf("the receiver splits: %v", err)
		}
	})
}

// The category decides which clock holds, counted from the day of receipt.
func TestCategorise(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		c := k.Ask()
		if _, err := k.DB.SQLWriter().ExecContext(ctx, "INSERT INTO feedback_clock (id, kind, category, unit_id, days, source, valid_from, valid_to) VALUES ('x', 'report', 'lighting', '"+orgunittest.VinhHung+"', 5, 'Cam kết của phường', '2026-01-01', '9999-12-31')"); err != nil {
			t.Fatal(err)
		}
		s.ForgetTerms()
		c = must(t)(s.Categorise(ctx, feedbacktest.Officer, c.ID, "lighting", "Đèn đường"))
		if c.Category != "lighting" || c.Deadline != "2026-11-30" || c.Source != "Cam kết của phường" {
			t.Fatalf("categorised: %+v", c)
		}
		if other := k.Ask(func(in *feedback.Intake) { in.UnitID = orgunittest.TruongVinh; in.Category = "lighting" }); other.Days != 10 {
			t.Errorf("another body has the promise too: %+v", other)
		}
	})
}
