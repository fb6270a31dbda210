package channel_test

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func TestTallies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := clock.NewStub(orgunittest.Now)
		h := channeltest.NewHouseAt(t, d, channel.Config{}, now)
		fake := channeltest.NewFake(channel.Zalo, 0)
		h.Service.Add(fake)
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "oa-1")
		ctx := t.Context()
		say := func(key, person, text string, comment *channel.CommentRef) {
			t.Helper()
			header, body := fake.Incoming("oa-1", channel.Message{ExternalID: key, PersonID: person, PersonName: "Người hỏi", Text: text, Comment: comment, At: now.Now()})
			if err := h.Service.Intake(ctx, channel.Zalo, header, body); err != nil {
				t.Fatal(err)
			}
			if err := h.Queue.Drain(ctx); err != nil {
				t.Fatal(err)
			}
		}
		answer := func(key, person string) {
			t.Helper()
			err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				_, err := h.Service.Reply(ctx, tx, channel.ReplyRequest{AccountID: a.ID, IdempotencyKey: key, PersonID: person, Text: "Chào bà con"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Queue.Drain(ctx); err != nil {
				t.Fatal(err)
			}
		}
		start := now.Now()
		say("m1", "lan", "Đèn đường hỏng", nil)
		now.Advance(10 * time.Minute)
		say("m2", "lan", "Đã ba hôm", nil) // still waits since the first
		now.Advance(20 * time.Minute)
		answer("k1", "lan")
		say("m3", "hoa", "Xin hỏi lịch họp", nil) // is never answered
		say("m4", "mai", "Hay quá", &channel.CommentRef{PostExternalID: "p1"})
		now.Advance(26 * time.Hour)
		say("m5", "lan", "Cảm ơn", nil)

		got, err := h.Service.Tallies(ctx, start.Add(-time.Hour), now.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		by := map[clock.Date]channel.Tally{}
		for _, x := range got[a.ID] {
			by[x.Day] = x
		}
		first := by[clock.DateOf(start)]
		if first.Messages != 3 || first.Comments != 1 || first.Asked != 3 || first.Answered != 1 || first.Waited != 30*time.Minute {
			t.Errorf("first day: %+v", first)
		}
		if next := by[clock.DateOf(now.Now())]; next.Messages != 1 || next.Asked != 1 || next.Answered != 0 {
			t.Errorf("next day: %+v", next)
		}
		got, err = h.Service.Tallies(ctx, start.Add(5*time.Minute), start.Add(15*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if x := got[a.ID]; len(x) != 1 || x[0].Messages != 1 || x[0].Answered != 1 || x[0].Waited != 20*time.Minute {
			t.Errorf("of ten minutes: %+v", x)
		}
	}, channeltest.Migrations...)
}
