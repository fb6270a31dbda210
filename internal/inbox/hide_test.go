package inbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// plainChannel can do what every channel can, and hides nothing.
type plainChannel struct{ channel.Channel }

// A public comment is hidden for a named reason and shown again; who did it stands beside it; private messages and channels
// that cannot are left alone.
func TestHideAComment(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Comment(it.Page, "mai", "post-1", "Số điện thoại của bà hàng xóm là 0912345678")
		c := k.Only(ft.Officer, inbox.Filter{})
		line := func() inbox.Line {
			th, err := s.Look(ctx, ft.Officer, c.ID)
			ok(t, err)
			return th.Lines[0]
		}
		first := line()
		if !s.CanHide(ft.Officer, c) || s.CanHide(ft.ProvinceLeader, c) {
			t.Error("the desk of the unit hides, and nobody else")
		}
		refused(t, s.Hide(ctx, ft.Officer, c.ID, first.ID, true, "dislike"), fault.Invalid)
		refused(t, s.Hide(ctx, ft.ProvinceLeader, c.ID, first.ID, true, inbox.HidePrivate), fault.Forbidden)
		refused(t, s.Hide(ctx, ft.Stranger, c.ID, first.ID, true, inbox.HidePrivate), fault.NotFound)
		for range 2 { // a double click is one act
			ok(t, s.Hide(ctx, ft.Officer, c.ID, first.ID, true, inbox.HidePrivate))
		}
		if l := line(); !l.Concealed || len(l.Hides) != 1 || l.Hides[0].State == inbox.HideFailed {
			t.Fatalf("asked: %+v", l)
		}
		k.Drain()
		if l := line(); !k.Facebook.IsHidden(first.ExternalID) || l.Hides[0].State != inbox.HideDone || l.Hides[0].ByName != ft.Officer.Name {
			t.Fatalf("done: %+v", l)
		}
		k.Clock.Advance(time.Minute)
		ok(t, s.Hide(ctx, ft.Colleague, c.ID, first.ID, false, ""))
		k.Drain()
		if l := line(); l.Concealed || k.Facebook.IsHidden(first.ExternalID) || len(l.Hides) != 2 {
			t.Fatalf("shown again: %+v", l)
		}
		k.Facebook.FailNext(&channel.Error{Kind: channel.Facebook, Code: "200", Advice: channel.AdviceStop, Key: "channel.facebook.permission"})
		k.Clock.Advance(time.Minute)
		ok(t, s.Hide(ctx, ft.Officer, c.ID, first.ID, true, inbox.HideInsult))
		k.Drain()
		if l := line(); l.Concealed || len(l.Hides) != 3 || l.Hides[2].State != inbox.HideFailed || l.Hides[2].Reason != "channel.facebook.permission" {
			t.Fatalf("refused by the channel: %+v", l.Hides)
		}
		k.Say(it.OA, "hoa", "Chào bác")
		private := k.Only(ft.Officer, inbox.Filter{Kind: channel.Zalo})
		th, err := s.Look(ctx, ft.Officer, private.ID)
		ok(t, err)
		refused(t, s.Hide(ctx, ft.Officer, private.ID, th.Lines[0].ID, true, inbox.HideInsult), fault.NotFound)
		k.Channels.Add(plainChannel{k.Facebook})
		if s.CanHide(ft.Officer, c) {
			t.Error("a channel that hides nothing offers no button")
		}
	})
}

// What is undone before the channel was asked leaves the channel as it was asked last.
func TestHideAndShowAtOnce(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx := t.Context()
		k.Comment(it.Tube, "mai", "film-1", "Lời khó nghe")
		c := k.Only(ft.Officer, inbox.Filter{Kind: channel.YouTube})
		if c.Door() != feedback.DoorYouTube || !c.Window().Until.IsZero() {
			t.Errorf("a comment on a film: %+v", c)
		}
		th, err := k.Inbox.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		ok(t, k.Inbox.Hide(ctx, ft.Officer, c.ID, th.Lines[0].ID, true, inbox.HideInsult))
		k.Clock.Advance(time.Second)
		ok(t, k.Inbox.Hide(ctx, ft.Officer, c.ID, th.Lines[0].ID, false, ""))
		k.Drain()
		if k.YouTube.IsHidden(th.Lines[0].ExternalID) {
			t.Error("it is hidden though it was shown again")
		}
		ok(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, "Cảm ơn bạn đã xem.", "form-1", nil))
		k.Drain()
		if sent := k.YouTube.Sent(); len(sent) != 1 || sent[0].Comment == nil || sent[0].Comment.ParentID != th.Lines[0].ExternalID {
			t.Errorf("answered as a comment: %+v", sent)
		}
	})
}

// A file is checked when it is chosen, lies there for its official alone, goes out once, and is gone for another form.
func TestAnswerWithAFile(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Cho xin mẫu đơn ạ")
		c := k.Only(ft.Officer, inbox.Filter{})
		const pdf = "%PDF-1.7\nmẫu đơn"
		_, err := s.KeepFile(ctx, ft.Officer, c.ID, "a.exe", strings.NewReader("MZ\x90\x00"), false)
		refused(t, err, fault.Invalid)
		_, err = s.KeepFile(ctx, ft.Stranger, c.ID, "a.pdf", strings.NewReader(pdf), false)
		refused(t, err, fault.NotFound)
		f, err := s.KeepFile(ctx, ft.Officer, c.ID, "Mẫu đơn.pdf", strings.NewReader(pdf), false)
		ok(t, err)
		_, _, err = s.OpenKept(ctx, ft.Colleague, c.ID, f.ID)
		refused(t, err, fault.NotFound)
		refused(t, s.Reply(ctx, ft.Colleague, c.ID, "", "form-0", []string{f.ID}), fault.Invalid)
		if kept, err := s.Kept(ctx, ft.Officer, c.ID, []string{f.ID}); err != nil || len(kept) != 1 || kept[0].Name != "Mẫu đơn.pdf" {
			t.Fatalf("kept: %+v %v", kept, err)
		}
		second, err := s.KeepFile(ctx, ft.Officer, c.ID, "b.pdf", strings.NewReader(pdf), false)
		ok(t, err)
		refused(t, s.Reply(ctx, ft.Officer, c.ID, "Hai tệp", "form-1", []string{f.ID, second.ID}), fault.Invalid)
		for range 2 {
			ok(t, s.Reply(ctx, ft.Officer, c.ID, "", "form-1", []string{f.ID}))
		}
		k.Drain()
		sent := k.Zalo.Sent()
		if len(sent) != 1 || len(sent[0].Files) != 1 || sent[0].Files[0].Name != "Mẫu đơn.pdf" {
			t.Fatalf("sent: %+v", sent)
		}
		refused(t, s.Reply(ctx, ft.Officer, c.ID, "Nữa", "form-2", []string{f.ID}), fault.Invalid)
		th, err := s.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		got, content, err := s.OpenSent(ctx, ft.ProvinceLeader, c.ID, th.Lines[1].ID, 0)
		ok(t, err)
		ok(t, content.Close())
		if got.Bytes != int64(len(pdf)) || got.MIME != "application/pdf" {
			t.Errorf("what was sent: %+v", got)
		}
		_, _, err = s.OpenSent(ctx, ft.Officer, c.ID, th.Lines[1].ID, 1)
		refused(t, err, fault.NotFound)
		k.Clock.Advance(25 * time.Hour)
		_, err = s.KeepFile(ctx, ft.Officer, c.ID, "c.pdf", strings.NewReader(pdf), false)
		ok(t, err)
		if kept, _ := s.Kept(ctx, ft.Officer, c.ID, []string{second.ID}); len(kept) != 0 {
			t.Error("a file that nobody sent lies there for more than a day")
		}
	})
}

// A successor takes over what the predecessor had taken on, and nothing of other units or of colleagues.
func TestSuccessorTakesOver(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Chào bác")
		k.Say(it.OA, "lan", "Mai họp không ạ")
		ok(t, s.Claim(ctx, ft.Officer, k.Only(ft.Officer, inbox.Filter{Text: "chao"}).ID))
		ok(t, s.Claim(ctx, ft.Leader, k.Only(ft.Officer, inbox.Filter{Text: "mai hop"}).ID))
		take := func(from, to identity.Actor) {
			ok(t, k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return s.TakeWork(ctx, tx, from.ID, to, orgunittest.VinhHung)
			}))
		}
		take(ft.Officer, ft.Stranger) // who may not answer there takes nothing
		if c := k.Only(ft.Officer, inbox.Filter{Text: "chao"}); c.ClaimedBy != ft.Officer.ID {
			t.Fatalf("taken by a stranger: %+v", c)
		}
		take(ft.Officer, ft.Colleague)
		if c := k.Only(ft.Officer, inbox.Filter{Text: "chao"}); c.ClaimedBy != ft.Colleague.ID || c.ClaimedByName != ft.Colleague.Name {
			t.Fatalf("not handed over: %+v", c)
		}
		if c := k.Only(ft.Officer, inbox.Filter{Text: "mai hop"}); c.ClaimedBy != ft.Leader.ID {
			t.Fatalf("taken from a colleague: %+v", c)
		}
	})
}
