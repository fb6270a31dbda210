package channel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

func official(role identity.Role, unit string) identity.Actor {
	return identity.Actor{Kind: identity.ActorOfficial, ID: "cb-" + unit, Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: role, UnitID: unit}}}
}

// TestRehearsalClock: with the house's clock two years back, jobs still run now and waits are still waits.
func TestRehearsalClock(t *testing.T) {
	c := clock.Shifted{By: -2 * 365 * 24 * time.Hour}
	h := channeltest.NewHouseAt(t, dbtest.SQLite(t, channeltest.Migrations...), channel.Config{}, c)
	f := channeltest.NewFake(channel.Zalo, 2)
	h.Service.Add(f)
	h.Service.SetSource(channeltest.Texts{})
	a := h.Account(t, channel.Zalo, orgunittest.Province, "1")
	f.FailNext(&channel.Error{Kind: channel.Zalo, Code: "-32", Advice: channel.AdviceLater, Wait: 30 * time.Millisecond},
		&channel.Error{Kind: channel.Zalo, Code: "-234", Advice: channel.AdviceLater, After: c.Now().Add(50 * time.Millisecond)})
	h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish, NotBefore: c.Now().Add(1500 * time.Millisecond)})
	if s := state(t, h, "p")[a.ID]; s.State != channel.DeliveryHeld || s.Reason != "channel.held.hour" {
		t.Fatalf("before its hour: %+v", s)
	}
	h.Await(t, 20*time.Second, "published at its hour", all(t, h, "p", channel.DeliveryPublished))
}

func TestPortalIsPublishedAtOnce(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, _ *channeltest.Fake) {
		sites := []channel.PortalSite{{UnitID: orgunittest.VinhHung, Name: "Phường Vinh Hưng", Link: "/phuong-vinh-hung"}, {UnitID: orgunittest.KimLien, Name: "Xã Kim Liên"}}
		for _, i := range []int{2, 0} {
			err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				n, err := h.Service.EnsurePortals(ctx, tx, sites)
				if n != i {
					t.Errorf("%d new portals, want %d", n, i)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		as, err := h.Service.AccountsOfUnits(t.Context(), []string{orgunittest.VinhHung, orgunittest.KimLien}, channel.Portal)
		if err != nil || len(as) != 2 {
			t.Fatalf("%v %v", as, err)
		}
		h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: "p", Version: 1, Action: channel.ActPublish})
		h.Await(t, 10*time.Second, "published", all(t, h, "p", channel.DeliveryPublished))
		if d := state(t, h, "p")[as[0].ID]; d.Receipt.Link != "https://mattran.example/tin/p" {
			t.Fatalf("%+v", d)
		}
	})
}

func TestMessagesComeOnceInAnyOrder(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "9001")
		var mu sync.Mutex
		var came, gone []string
		jobs.On(h.Queue, "test", func(ctx context.Context, e channel.MessageReceived) error {
			m, err := h.Service.Message(ctx, e.MessageID)
			mu.Lock()
			defer mu.Unlock()
			came = append(came, m.Text)
			return err
		})
		jobs.On(h.Queue, "test", func(_ context.Context, e channel.PersonWithdrew) error {
			mu.Lock()
			defer mu.Unlock()
			gone = append(gone, e.PersonID)
			return nil
		})
		at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
		order := []int{3, 1, 2, 1, 3, 0}
		for _, i := range order { // late, twice, out of order
			head, body := f.Incoming("9001", channel.Message{ExternalID: fmt.Sprint("m", i), PersonID: "u1", PersonName: "Nguyễn Văn An", Text: fmt.Sprint("tin ", i), At: at.Add(time.Duration(i) * time.Minute)})
			if err := h.Service.Intake(t.Context(), channel.Zalo, head, body); err != nil {
				t.Fatal(err)
			}
		}
		head, body := f.Incoming("9001", channel.Message{ExternalID: "m9", PersonID: "u1", Text: "giả"})
		if err := h.Service.Intake(t.Context(), channel.Zalo, head, append(body, ' ')); !errors.Is(err, channel.ErrSignature) {
			t.Fatalf("a forged webhook: %v", err)
		}
		head, body = f.Incoming("không có", channel.Message{ExternalID: "m8", PersonID: "u1", Text: "lạc"})
		if err := h.Service.Intake(t.Context(), channel.Zalo, head, body); err != nil {
			t.Fatal(err)
		}
		h.Idle(t)
		thread, err := h.Service.Thread(t.Context(), a.ID, "u1", 10)
		if err != nil || len(thread) != 4 || thread[0].Text != "tin 0" || thread[3].Text != "tin 3" || thread[0].PersonName != "Nguyễn Văn An" {
			t.Fatalf("thread %+v %v", thread, err)
		}
		mu.Lock()
		slices.Sort(came)
		if !slices.Equal(came, []string{"tin 0", "tin 1", "tin 2", "tin 3"}) {
			t.Errorf("told of %q", came)
		}
		mu.Unlock()
		for _, k := range []channel.InboundKind{channel.InboundFollow, channel.InboundWithdraw} {
			head, body := f.Happening("9001", k, "u1", at.Add(time.Hour))
			if err := h.Service.Intake(t.Context(), channel.Zalo, head, body); err != nil {
				t.Fatal(err)
			}
			h.Idle(t)
		}
		p, err := h.Service.Person(t.Context(), a.ID, "u1")
		mu.Lock()
		defer mu.Unlock()
		if err != nil || p.Name != "" || p.Follows || p.Unreachable == "" || !slices.Equal(gone, []string{"u1"}) {
			t.Fatalf("after the person withdrew: %+v %v %v", p, gone, err)
		}
	})
}

// TestAnswerIsSentOnce kills the process after the channel took the answer and before we wrote it down.
func TestAnswerIsSentOnce(t *testing.T) {
	each(t, channel.Config{Claim: 5200 * time.Millisecond, Sweep: 200 * time.Millisecond}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1")
		died := false
		h.Service.CrashAt(func(point, _ string) error {
			if point == "replied" && !died {
				died = true
				return jobs.Cancel(errors.New("power cut"))
			}
			return nil
		})
		var outcome []channel.MessageChanged
		var mu sync.Mutex
		jobs.On(h.Queue, "test", func(_ context.Context, e channel.MessageChanged) error {
			mu.Lock()
			defer mu.Unlock()
			outcome = append(outcome, e)
			return nil
		})
		err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			_, err := h.Service.Reply(ctx, tx, channel.ReplyRequest{AccountID: a.ID, PersonID: "u1", Text: "Đã nhận", IdempotencyKey: "k"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.Idle(t)
		time.Sleep(5500 * time.Millisecond)
		if err := channel.SweepNow(h.Service, t.Context()); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 20*time.Second, "the outcome", func() bool { mu.Lock(); defer mu.Unlock(); return len(outcome) > 0 })
		if n := len(f.Sent()); n != 1 || outcome[0].Key != "k" || outcome[0].State != channel.MessageSent {
			t.Fatalf("sent %d times, %+v", n, outcome)
		}
	})
}

func TestAnswerIsRefusedBeforeItIsQueued(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		f.Messages = 10
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1")
		for want, r := range map[string]channel.ReplyRequest{
			"channel.message.too_long":  {AccountID: a.ID, PersonID: "u", Text: "mười một chữ đấy", IdempotencyKey: "1"},
			"channel.message.no_text":   {AccountID: a.ID, PersonID: "u", IdempotencyKey: "2"},
			"channel.message.no_key":    {AccountID: a.ID, PersonID: "u", Text: "a"},
			"channel.account.not_found": {AccountID: "không có", PersonID: "u", Text: "a", IdempotencyKey: "3"},
		} {
			err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { _, err := h.Service.Reply(ctx, tx, r); return err })
			var e *fault.Error
			if !errors.As(err, &e) || e.Key != want {
				t.Errorf("%s: %v", want, err)
			}
		}
	})
}

func TestOnlyOnesOwnChannels(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a, b := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1"), h.Account(t, channel.Zalo, orgunittest.KimLien, "2")
		ctx := t.Context()
		for _, c := range []struct {
			actor identity.Actor
			want  int
		}{{official(identity.RoleUnitAdmin, orgunittest.Province), 2}, {official(identity.RoleEditor, orgunittest.KimLien), 1}, {identity.System("test"), 2},
			{official(identity.RoleEditor, orgunittest.TruongVinh), 0}} {
			as, err := h.Service.Accounts(ctx, c.actor, channel.Filter{})
			if err != nil || len(as) != c.want {
				t.Errorf("%+v sees %d accounts, %v", c.actor.Grants, len(as), err)
			}
		}
		h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "3", Name: "MTTQ Phường Trường Vinh"}, channel.Tokens{})
		for words, want := range map[string]int{"truong vinh": 1, "TRƯỜNG": 1, "phường vinh": 0} {
			if as, err := h.Service.Accounts(ctx, identity.System("test"), channel.Filter{Query: words}); err != nil || len(as) != want {
				t.Errorf("%q finds %d accounts, %v", words, len(as), err)
			}
		}
		if _, err := h.Service.Accounts(ctx, identity.Citizen(), channel.Filter{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a citizen: %v", err)
		}
		if _, err := h.Service.Accounts(ctx, official(identity.RoleCollaborator, orgunittest.Province), channel.Filter{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a collaborator: %v", err)
		}
		editor := official(identity.RoleEditor, orgunittest.KimLien)
		for name, err := range map[string]error{"pause": h.Service.Pause(ctx, editor, b.ID), "close": h.Service.Close(ctx, editor, b.ID),
			"connect": second(h.Service.Connect(ctx, editor, channel.ConnectRequest{Kind: channel.Zalo, UnitID: orgunittest.KimLien})), "probe": second(h.Service.Probe(ctx, editor, b.ID))} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by an editor: %v", name, err)
			}
		}
		f.FailNext(stopError(), stopError())
		for _, x := range []channel.Account{a, b} {
			h.Deliver(t, channel.NewDelivery{AccountID: x.ID, Source: "p", Version: 1, Action: channel.ActPublish})
		}
		h.Await(t, 10*time.Second, "both failed", all(t, h, "p", channel.DeliveryFailed))
		if err := h.Service.Retry(ctx, editor, state(t, h, "p")[a.ID].ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("retry at another unit: %v", err)
		}
		if n, err := h.Service.RetryAll(ctx, editor, "p"); n != 1 || err != nil {
			t.Errorf("retried %d, %v", n, err)
		}
		h.Await(t, 10*time.Second, "mine published", func() bool { return state(t, h, "p")[b.ID].State == channel.DeliveryPublished })
		if s := state(t, h, "p")[a.ID].State; s != channel.DeliveryFailed {
			t.Errorf("the other unit's delivery: %s", s)
		}
	})
}

func stopError() error {
	return &channel.Error{Kind: channel.Zalo, Code: "-201", Advice: channel.AdviceStop, Key: "channel.zalo.bad_parameter"}
}

func second[T any](_ T, err error) error { return err }

// TestSuccessorKeepsTheChannels: when a unit ends, its accounts go to the unit that carries it on, with what waited.
func TestSuccessorKeepsTheChannels(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, _ *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.FormerNghiKim, "1")
		err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			n, err := h.Service.Reassign(ctx, tx, orgunittest.FormerNghiKim, orgunittest.VinhHung)
			if n != 1 {
				t.Errorf("%d moved", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Service.Account(t.Context(), official(identity.RoleLeader, orgunittest.VinhHung), a.ID)
		if err != nil || got.UnitID != orgunittest.VinhHung {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

// TestRetractionReachesWhatWeNeverHeardOf: a publication took effect, but every answer was lost and it counts as failed.
// The retraction finds it and takes it down; so does a new version, which takes its place.
func TestRetractionReachesWhatWeNeverHeardOf(t *testing.T) {
	each(t, channel.Config{Tries: 1}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1")
		for _, c := range []struct {
			source string
			act    channel.Action
			want   channel.DeliveryState
			stand  int
		}{{"p", channel.ActRetract, channel.DeliveryRetracted, 0}, {"q", channel.ActUpdate, channel.DeliveryPublished, 1}} {
			f.LoseAnswers(1)
			h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: c.source, Version: 1, Action: channel.ActPublish})
			h.Await(t, 10*time.Second, "failed", all(t, h, c.source, channel.DeliveryFailed))
			h.Deliver(t, channel.NewDelivery{Source: c.source, Version: 2, Action: c.act})
			h.Await(t, 10*time.Second, string(c.want), all(t, h, c.source, c.want))
			if n := len(f.Posts(a.ID)); n != c.stand {
				t.Fatalf("%s: %d stand, want %d", c.act, n, c.stand)
			}
		}
	})
}

// TestNobodyWritesToWhoWithdrew: an answer to a person who asked to be forgotten is not sent, until they write again.
func TestNobodyWritesToWhoWithdrew(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "9001")
		at := time.Now().UTC().Add(-time.Hour)
		take := func(head map[string][]string, body []byte) {
			t.Helper()
			if err := h.Service.Intake(t.Context(), channel.Zalo, head, body); err != nil {
				t.Fatal(err)
			}
			h.Idle(t)
		}
		answer := func(key string) channel.MessageState {
			t.Helper()
			var id string
			err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
				id, err = h.Service.Reply(ctx, tx, channel.ReplyRequest{AccountID: a.ID, PersonID: "u1", Text: "Đã nhận", IdempotencyKey: key})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			h.Idle(t)
			m, err := h.Service.Message(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return m.State
		}
		take(f.Happening("9001", channel.InboundWithdraw, "u1", at))
		take(f.Incoming("9001", channel.Message{ExternalID: "m0", PersonID: "u1", PersonName: "An", Text: "cũ", At: at.Add(-time.Minute)}))
		if s := answer("k1"); s != channel.MessageFailed || len(f.Sent()) != 0 {
			t.Fatalf("%s, %d sent", s, len(f.Sent()))
		}
		take(f.Incoming("9001", channel.Message{ExternalID: "m1", PersonID: "u1", PersonName: "An", Text: "tôi hỏi lại", At: at.Add(time.Minute)}))
		if s := answer("k2"); s != channel.MessageSent {
			t.Fatalf("after writing again: %s", s)
		}
	})
}
