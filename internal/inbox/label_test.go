package inbox_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
)

func TestLabels(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		s.Labels = func(context.Context) ([]inbox.Label, error) {
			return []inbox.Label{{Value: "dien", Text: "Điện"}, {Value: "duong", Text: "Đường"}}, nil
		}
		k.Say(it.OA, "hoa", lamp)
		k.Say(it.OA, "mai", "Chào bác")
		list, _, err := s.List(ctx, ft.Officer, inbox.Filter{Text: "người hoa"})
		ok(t, err)
		c := list[0]
		refused(t, s.SetLabels(ctx, ft.Officer, c.ID, []string{"ma"}), fault.Invalid)
		refused(t, s.SetLabels(ctx, ft.OtherOfficer, c.ID, []string{"dien"}), fault.NotFound)
		ok(t, s.SetLabels(ctx, ft.Officer, c.ID, []string{"duong", "dien", "dien"}))
		ok(t, s.SetLabels(ctx, ft.Officer, c.ID, []string{"dien"}))
		th, err := s.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		if len(th.Labels) != 1 || th.Labels[0] != "dien" {
			t.Errorf("%v", th.Labels)
		}
		for label, want := range map[string]int{"dien": 1, "duong": 0, "": 2} {
			if _, n, err := s.List(ctx, ft.Officer, inbox.Filter{Label: label}); err != nil || n != want {
				t.Errorf("%q: %d %v", label, n, err)
			}
		}
	})
}

// Two conversations are one person's only by the person's own word: the code that was given in the one, written in the other.
func TestBridge(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", lamp)
		k.Say(it.Page, "fb-hoa", "Chào bác")
		k.Say(it.OtherOA, "hoa-2", "Chào bác")
		k.Comment(it.Page, "fb-mai", "post-1", "Hay quá")
		list, _, err := s.List(ctx, ft.Officer, inbox.Filter{Text: "den duong"})
		ok(t, err)
		c := list[0]
		comment, _, err := s.List(ctx, ft.Officer, inbox.Filter{Text: "mai"})
		ok(t, err)
		refused(t, s.OfferBridge(ctx, ft.Officer, comment[0].ID), fault.Conflict)
		ok(t, s.OfferBridge(ctx, ft.Officer, c.ID))
		k.Drain()
		said := k.Zalo.Sent()[0].Text
		code := said[strings.Index(said, "NOI-"):][:14]
		if others, err := s.Bridged(ctx, ft.Officer, c.ID); err != nil || len(others) != 0 {
			t.Fatalf("nobody has said so yet: %+v %v", others, err)
		}
		k.Say(it.OtherOA, "hoa-2", code) // another unit's account
		k.Say(it.Page, "fb-hoa", "Mã của tôi: "+strings.ToLower(code))
		k.Say(it.Page, "fb-lan", code) // a second use
		others, err := s.Bridged(ctx, ft.Officer, c.ID)
		ok(t, err)
		if len(others) != 1 || others[0].PersonID != "fb-hoa" {
			t.Fatalf("%+v", others)
		}
		if back, err := s.Bridged(ctx, ft.Officer, others[0].ID); err != nil || len(back) != 1 {
			t.Errorf("%+v %v", back, err)
		}
		if th, err := s.Look(ctx, ft.Officer, c.ID); err != nil || !th.Waits() || len(th.Others) != 1 {
			t.Errorf("the code is no answer: %+v %v", th.Conversation, err)
		}
		ok(t, s.Unbridge(ctx, ft.Officer, others[0].ID, c.ID))
		if others, err := s.Bridged(ctx, ft.Officer, c.ID); err != nil || len(others) != 0 {
			t.Errorf("%+v %v", others, err)
		}
	})
}

// Who asks to be forgotten is joined to nothing any more.
func TestForgottenBridge(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", lamp)
		k.Say(it.Page, "fb-hoa", "Chào bác")
		list, _, err := s.List(ctx, ft.Officer, inbox.Filter{Text: "den duong"})
		ok(t, err)
		ok(t, s.OfferBridge(ctx, ft.Officer, list[0].ID))
		k.Drain()
		said := k.Zalo.Sent()[0].Text
		k.Say(it.Page, "fb-hoa", said[strings.Index(said, "NOI-"):][:14])
		k.Withdraw(it.OA, "hoa")
		if others, err := s.Bridged(ctx, ft.Officer, list[0].ID); err != nil || len(others) != 0 {
			t.Errorf("%+v %v", others, err)
		}
	})
}
