package inbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func each(t *testing.T, fn func(t *testing.T, k *it.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, it.New(t, d, nil)) }, it.Migrations...)
}

const lamp = "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa."

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("want a fault of kind %v, have %v", kind, err)
	}
}

// A message comes in, is read, answered, closed, and the conversation opens again when the person writes.
func TestLifeOfAConversation(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Chào các bác, mai phường có họp không?")
		c := k.Only(ft.Officer, inbox.Filter{View: inbox.ViewUnread})
		if c.UnitID != orgunittest.VinhHung || c.PersonName != "Người hoa" || c.Unread != 1 || !c.Waits() || c.Public() {
			t.Fatalf("taken in: %+v", c)
		}
		if want := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC); !c.AnswerDue.Equal(want) { // 17:00 of the next working day
			t.Errorf("due %v, want %v", c.AnswerDue, want)
		}
		th, err := s.Open(ctx, ft.Officer, c.ID)
		ok(t, err)
		if len(th.Lines) != 1 || th.Free != 1 || th.Account.Name == "" || th.Unreachable {
			t.Fatalf("opened: %+v", th)
		}
		if c = k.Only(ft.Officer, inbox.Filter{}); c.Unread != 0 || !c.Waits() {
			t.Errorf("read, but not answered: %+v", c)
		}
		ok(t, s.Reply(ctx, ft.Officer, c.ID, "  Dạ 8 giờ sáng tại nhà văn hoá ạ.\r\n", "form-1", nil))
		k.Drain()
		if sent := k.Zalo.Sent(); len(sent) != 1 || sent[0].Text != "Dạ 8 giờ sáng tại nhà văn hoá ạ." || sent[0].PersonID != "hoa" {
			t.Fatalf("sent: %+v", sent)
		}
		th, err = s.Open(ctx, ft.Officer, c.ID)
		ok(t, err)
		if th.Waits() || th.ClaimedBy != ft.Officer.ID || len(th.Lines) != 2 || th.Lines[1].Author != ft.Officer.Name || th.Lines[1].State != channel.MessageSent {
			t.Errorf("answered: %+v", th)
		}
		ok(t, s.Close(ctx, ft.Officer, c.ID))
		if _, n, _ := s.List(ctx, ft.Officer, inbox.Filter{}); n != 0 {
			t.Error("a closed conversation stands among the open ones")
		}
		k.Clock.Advance(time.Hour)
		k.Say(it.OA, "hoa", "Cảm ơn bác")
		if c = k.Only(ft.Officer, inbox.Filter{}); c.State != inbox.StateOpen || c.Unread != 1 || c.LastText != "Cảm ơn bác" {
			t.Errorf("opened again: %+v", c)
		}
	})
}

func TestEventsTwiceAndInAnyOrder(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx := t.Context()
		now := k.Clock.Now()
		k.Say(it.OA, "hoa", "tin sau")
		k.SayAt(it.OA, "hoa", "tin trước", now.Add(-90*time.Minute))
		c := k.Only(ft.Officer, inbox.Filter{})
		if c.Unread != 2 || c.LastText != "tin sau" || !c.LastAt.Equal(now) || !c.WaitingSince.Equal(now.Add(-90*time.Minute)) {
			t.Fatalf("out of order: %+v", c)
		}
		th, err := k.Inbox.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		for range 2 { // the job of the event runs again
			for _, l := range th.Lines {
				ok(t, k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
					return k.Queue.Publish(ctx, tx, channel.MessageReceived{MessageID: l.ID, AccountID: l.AccountID, UnitID: c.UnitID})
				}))
			}
		}
		ok(t, k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { // forgotten meanwhile
			return k.Queue.Publish(ctx, tx, channel.MessageReceived{MessageID: "gone", AccountID: c.AccountID, UnitID: c.UnitID})
		}))
		k.Drain()
		if diff := cmp.Diff(c, k.Only(ft.Officer, inbox.Filter{}), cmp.AllowUnexported(inbox.Conversation{})); diff != "" {
			t.Errorf("the same events twice changed the conversation:\n%s", diff)
		}
	})
}

func TestDoubleClickSendsOnce(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx := t.Context()
		k.Say(it.OA, "hoa", "Chào bác")
		c := k.Only(ft.Officer, inbox.Filter{})
		for range 2 {
			ok(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, "Chào bà con", "form-1", nil))
		}
		k.Drain()
		if n := len(k.Zalo.Sent()); n != 1 {
			t.Fatalf("sent %d times", n)
		}
		ok(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, "Chào bà con", "form-2", nil))
		k.Drain()
		if n := len(k.Zalo.Sent()); n != 2 {
			t.Errorf("another form with the same words: %d messages", n)
		}
		refused(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, " \n ", "form-3", nil), fault.Invalid)
		refused(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, strings.Repeat("a", inbox.MaxReply+1), "form-3", nil), fault.Invalid)
		refused(t, k.Inbox.Reply(ctx, ft.Officer, c.ID, "Chào", "", nil), fault.Invalid)
	})
}

// Two clicks make one case, the receipt comes back by the same door, and a later question becomes another case.
func TestBecomeCase(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Chào bác")
		k.Clock.Advance(time.Minute)
		k.Say(it.OA, "hoa", lamp)
		c := k.Only(ft.Officer, inbox.Filter{})
		made, err := s.BecomeCase(ctx, ft.Officer, c.ID, feedback.Report, nil)
		ok(t, err)
		again, err := s.BecomeCase(ctx, ft.Officer, c.ID, feedback.Report, nil)
		ok(t, err)
		if again.ID != made.ID || made.Text != "Chào bác\n"+lamp || made.Door != feedback.DoorZalo || made.Initials != "N.H." {
			t.Fatalf("case: %+v, second click %+v", made, again)
		}
		k.Drain()
		if sent := k.Zalo.Sent(); len(sent) != 1 || !strings.Contains(sent[0].Text, made.Code) || sent[0].PersonID != "hoa" {
			t.Errorf("the receipt did not come back by the same door: %+v", sent)
		}
		th, err := s.Open(ctx, ft.Officer, c.ID)
		ok(t, err)
		if th.Case == nil || th.Case.Code != made.Code || th.Waits() || th.Free != 0 || th.Lines[0].CaseCode != made.Code {
			t.Errorf("the conversation does not show its case: %+v", th)
		}
		k.Answer(made.ID, "Sẽ thay đèn trước ngày 10/12/2026.", false)
		k.Drain()
		if sent := k.Zalo.Sent(); len(sent) != 2 {
			t.Errorf("the answer did not go out by the same door: %+v", sent)
		}
		k.Clock.Advance(time.Hour)
		k.Say(it.OA, "hoa", "Còn việc nữa: rãnh thoát nước tắc ở ngõ 5.")
		second, err := s.BecomeCase(ctx, ft.Officer, c.ID, feedback.Petition, nil)
		ok(t, err)
		if second.ID == made.ID || strings.Contains(second.Text, lamp) {
			t.Errorf("a later question: %+v", second)
		}
		th, err = s.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		k.Clock.Advance(time.Minute)
		k.Say(it.OA, "hoa", "Và ngõ 7 cũng bị ngập khi mưa to.")
		after, err := s.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		third, err := s.BecomeCase(ctx, ft.Officer, c.ID, feedback.Report, []string{th.Lines[0].ID, after.Lines[len(after.Lines)-1].ID})
		ok(t, err)
		if third.ID == made.ID || third.Text != "Và ngõ 7 cũng bị ngập khi mưa to." {
			t.Errorf("a new message chosen together with one that is part of a case: %+v", third)
		}
		k.Say(it.OA, "mai", "Chào")
		other := k.Only(ft.Officer, inbox.Filter{View: inbox.ViewUnread})
		_, err = s.BecomeCase(ctx, ft.Officer, other.ID, feedback.Report, nil)
		refused(t, err, fault.Invalid) // too short for a case: stays a conversation
		_, err = s.BecomeCase(ctx, ft.Leader, other.ID, feedback.Report, nil)
		refused(t, err, fault.Forbidden) // by the rules of feedback only the desk takes in
	})
}

// A report that turns out to be a denunciation takes its words out of the list and the search, and others may not read them.
func TestCaseBecomesSecretLater(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx := t.Context()
		k.Say(it.OA, "hoa", "Ông B ở khối nhận tiền trái phép.")
		k.Say(it.OA, "lan", "Tiền nước tháng này tính sao?")
		c := k.Only(ft.Officer, inbox.Filter{View: inbox.ViewAll, Text: "nhan tien"})
		made, err := k.Inbox.BecomeCase(ctx, ft.Officer, c.ID, feedback.Report, nil)
		ok(t, err)
		for range 2 {
			_, err = k.Service.Classify(ctx, ft.Officer, made.ID, feedback.Denunciation, "")
			if err != nil {
				break // the second time it is no longer the officer's
			}
			k.Drain()
		}
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("the officer classified twice: %v", err)
		}
		if _, n, err := k.Inbox.List(ctx, ft.Officer, inbox.Filter{View: inbox.ViewAll, Text: "nhan tien"}); err != nil || n != 0 {
			t.Errorf("the search still finds it: %d %v", n, err)
		}
		list, n, err := k.Inbox.List(ctx, ft.Leader, inbox.Filter{View: inbox.ViewAll})
		ok(t, err)
		for _, x := range list {
			if x.ID == c.ID && x.LastText+x.CaseCode != "" || x.ID != c.ID && x.LastText == "" {
				t.Errorf("%+v", x)
			}
		}
		th, err := k.Inbox.Look(ctx, ft.Officer, c.ID)
		ok(t, err)
		if n != 2 || th.Lines[0].Text != "" || th.Lines[0].CaseCode != "" || !th.Lines[0].Hidden {
			t.Errorf("%d %+v", n, th.Lines)
		}
	})
}

// The words of a denunciation are hidden from the desk that passed it on.
func TestSecretCase(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		h, body := k.Zalo.Incoming(it.OA, channel.Message{ExternalID: "m-photo", PersonID: "hoa", PersonName: "Người hoa", Text: "Tôi tố cáo ông B ở khối nhận tiền trái phép.", At: k.Clock.Now(),
			Pictures: []channel.Picture{{URL: "https://photo.example/phong-bi.jpg"}}})
		ok(t, k.Channels.Intake(t.Context(), channel.Zalo, h, body))
		k.Drain()
		c := k.Only(ft.Officer, inbox.Filter{})
		made, err := k.Inbox.BecomeCase(t.Context(), ft.Officer, c.ID, feedback.Denunciation, nil)
		ok(t, err)
		for actor, sees := range map[*identity.Actor]bool{&ft.Officer: false, &ft.ProvinceLeader: false, &ft.Leader: true} {
			th, err := k.Inbox.Look(t.Context(), *actor, c.ID)
			ok(t, err)
			if l := th.Lines[0]; l.Text != "" || l.Hidden == sees || (th.Case != nil) != sees || (th.CaseCode+l.CaseCode != "") != sees {
				t.Errorf("%s: %+v", actor.Name, th)
			}
			if seen := len(th.Lines[0].Pictures) == 1; seen != sees {
				t.Errorf("%s sees the picture: %v", actor.Name, seen)
			}
		}
		k.Drain()
		var rest []string
		ok(t, k.DB.Read().NewRaw("SELECT pictures || sealed FROM channel_message UNION ALL SELECT body FROM channel_webhook").Scan(t.Context(), &rest))
		for _, r := range rest {
			if strings.Contains(r, "phong-bi") {
				t.Errorf("the picture stands open: %s", r)
			}
		}
		list, _, err := k.Inbox.List(t.Context(), ft.ProvinceLeader, inbox.Filter{View: inbox.ViewAll})
		ok(t, err)
		if list[0].LastText != "" || list[0].CaseCode != "" {
			t.Errorf("the list tells: %+v", list[0])
		}
		if _, n, _ := k.Inbox.List(t.Context(), ft.Officer, inbox.Filter{View: inbox.ViewAll, Text: "nhan tien"}); n != 0 {
			t.Errorf("the search still finds the words of case %s", made.Code)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", lamp)
		c := k.Only(ft.Officer, inbox.Filter{})
		acts := map[string]func(a identity.Actor) error{
			"open":    func(a identity.Actor) error { _, err := s.Open(ctx, a, c.ID); return err },
			"reply":   func(a identity.Actor) error { return s.Reply(ctx, a, c.ID, "Chào", "key-"+a.ID, nil) },
			"claim":   func(a identity.Actor) error { return s.Claim(ctx, a, c.ID) },
			"release": func(a identity.Actor) error { return s.Release(ctx, a, c.ID) },
			"assign":  func(a identity.Actor) error { return s.Assign(ctx, a, c.ID, ft.Colleague.ID) },
			"close":   func(a identity.Actor) error { return s.Close(ctx, a, c.ID) },
			"reopen":  func(a identity.Actor) error { return s.Reopen(ctx, a, c.ID) },
			"retry":   func(a identity.Actor) error { return s.Retry(ctx, a, c.ID, "x") },
			"case": func(a identity.Actor) error {
				_, err := s.BecomeCase(ctx, a, c.ID, feedback.Report, nil)
				return err
			},
		}
		for name, act := range acts {
			for _, a := range []identity.Actor{ft.Stranger, ft.OtherOfficer, ft.Editor, it.Admin} {
				refused(t, act(a), fault.NotFound)
			}
			refused(t, act(identity.Citizen()), fault.Unauthenticated)
			if name != "open" {
				refused(t, act(ft.Approver), fault.Forbidden)
				refused(t, act(ft.ProvinceOfficer), fault.Forbidden)
			}
		}
		for _, a := range []identity.Actor{ft.Approver, ft.Leader, ft.ProvinceOfficer, ft.ProvinceLeader} {
			_, err := s.Look(ctx, a, c.ID)
			ok(t, err)
		}
		if _, err := s.Open(ctx, ft.ProvinceLeader, c.ID); err != nil || k.Only(ft.Officer, inbox.Filter{}).Unread != 1 {
			t.Errorf("who only looks does not read for the desk: %v", err)
		}
		for _, a := range []identity.Actor{ft.Stranger, ft.OtherOfficer} {
			if list, n, err := s.List(ctx, a, inbox.Filter{View: inbox.ViewAll}); err != nil || n != 0 || list != nil {
				t.Errorf("%s sees %v, %d, %v", a.Name, list, n, err)
			}
			if list, n, err := s.List(ctx, a, inbox.Filter{View: inbox.ViewAll, UnderUnitID: orgunittest.VinhHung}); err != nil || n != 0 || list != nil {
				t.Errorf("%s asks for the unit and sees %v, %d, %v", a.Name, list, n, err)
			}
			if w, err := s.Waiting(ctx, a); err != nil || len(w) != 0 {
				t.Errorf("%s: waiting %v, %v", a.Name, w, err)
			}
		}
		_, _, err := s.List(ctx, it.Admin, inbox.Filter{})
		refused(t, err, fault.Forbidden)
		_, _, err = s.List(ctx, identity.Citizen(), inbox.Filter{})
		refused(t, err, fault.Unauthenticated)
	})
}

func TestClaimAndAssign(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Chào bác")
		c := k.Only(ft.Officer, inbox.Filter{View: inbox.ViewUnclaimed})
		ok(t, s.Claim(ctx, ft.Officer, c.ID))
		ok(t, s.Claim(ctx, ft.Officer, c.ID))
		refused(t, s.Claim(ctx, ft.Colleague, c.ID), fault.Conflict)
		refused(t, s.Release(ctx, ft.Colleague, c.ID), fault.Conflict)
		if w, err := s.Waiting(ctx, ft.Colleague); err != nil || len(w) != 0 {
			t.Errorf("a colleague's conversation waits for nobody else: %v %v", w, err)
		}
		ok(t, s.Assign(ctx, ft.Colleague, c.ID, ft.Colleague.ID))
		if mine := k.Only(ft.Colleague, inbox.Filter{View: inbox.ViewMine}); mine.ClaimedByName != ft.Colleague.Name {
			t.Errorf("assigned: %+v", mine)
		}
		refused(t, s.Assign(ctx, ft.Officer, c.ID, ft.OtherOfficer.ID), fault.Invalid)
		work, err := s.OpenWork(ctx, ft.Colleague.ID, orgunittest.VinhHung)
		if err != nil || len(work) != 1 || work[0].Href != inbox.Href(c.ID) || work[0].Due.IsZero() {
			t.Errorf("open work: %+v %v", work, err)
		}
		ok(t, s.Release(ctx, ft.Colleague, c.ID))
		w, err := s.Waiting(ctx, ft.Officer)
		if err != nil || len(w) != 1 || w[0].ConversationID != c.ID || !w[0].Due.Equal(c.AnswerDue) || w[0].From != "Người hoa" {
			t.Errorf("waiting: %+v %v", w, err)
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx := t.Context()
		k.Say(it.OA, "hoa", lamp)
		k.Clock.Advance(time.Minute)
		k.Comment(it.Page, "mai", "post-1", "Bài viết hay quá")
		k.Say(it.OtherOA, "lan", "Hỏi về hoà giải ở khối")
		for _, c := range []struct {
			actor identity.Actor
			f     inbox.Filter
			want  string
		}{
			{ft.Officer, inbox.Filter{}, "mai hoa"},
			{ft.Officer, inbox.Filter{Text: "den DUONG"}, "hoa"},
			{ft.Officer, inbox.Filter{Text: "nguoi mai"}, "mai"},
			{ft.Officer, inbox.Filter{Kind: channel.Facebook}, "mai"},
			{ft.Officer, inbox.Filter{Per: 1, Page: 2}, "hoa"},
			{ft.Officer, inbox.Filter{View: inbox.ViewDone}, ""},
			{ft.ProvinceLeader, inbox.Filter{Text: "hòa giải"}, "lan"},
			{ft.ProvinceLeader, inbox.Filter{UnderUnitID: orgunittest.TruongVinh}, "lan"},
			{ft.ProvinceLeader, inbox.Filter{Text: "100%"}, ""},
		} {
			list, _, err := k.Inbox.List(ctx, c.actor, c.f)
			ok(t, err)
			var got []string
			for _, x := range list {
				got = append(got, x.PersonID)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%+v: %v, want %s", c.f, got, c.want)
			}
		}
	})
}

// Comments under one publication stand apart from private messages, and are answered under the comment.
func TestCommentsStandApart(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		k.Comment(it.Page, "mai", "post-1", "Lịch họp khi nào ạ?")
		k.Say(it.Page, "mai", "Nhắn riêng cho trang")
		list, n, err := k.Inbox.List(t.Context(), ft.Officer, inbox.Filter{})
		if err != nil || n != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		for _, c := range list {
			th, err := k.Inbox.Open(t.Context(), ft.Officer, c.ID)
			ok(t, err)
			if len(th.Lines) != 1 || c.Public() != (th.Lines[0].Comment != nil) || c.Window().Until.IsZero() != c.Public() {
				t.Errorf("%+v", th)
			}
			if c.Public() {
				ok(t, k.Inbox.Reply(t.Context(), ft.Officer, c.ID, "Chiều mai ạ.", "form-1", nil))
			}
		}
		k.Drain()
		sent := k.Facebook.Sent()
		if len(sent) != 1 || sent[0].Comment == nil || sent[0].Comment.PostExternalID != "post-1" || sent[0].Comment.ParentID != "m-1" {
			t.Errorf("answered: %+v", sent)
		}
	})
}

// An answer that the channel refuses brings the conversation back, and may be sent again.
func TestFailedReplyComesBack(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, s := t.Context(), k.Inbox
		k.Say(it.OA, "hoa", "Chào bác")
		c := k.Only(ft.Officer, inbox.Filter{})
		k.Zalo.FailNext(&channel.Error{Kind: channel.Zalo, Code: "-230", Advice: channel.AdviceStop, Key: "channel.zalo.window"})
		ok(t, s.Reply(ctx, ft.Officer, c.ID, "Chào bà con", "form-1", nil))
		ok(t, s.Close(ctx, ft.Officer, c.ID))
		k.Drain()
		if c = k.Only(ft.Officer, inbox.Filter{}); !c.Failed || !c.Waits() {
			t.Fatalf("the failed answer is forgotten: %+v", c)
		}
		w, err := s.Waiting(ctx, ft.Officer)
		if err != nil || len(w) != 1 || !w[0].Failed {
			t.Errorf("waiting: %+v %v", w, err)
		}
		th, err := s.Open(ctx, ft.Officer, c.ID)
		ok(t, err)
		refused(t, s.Retry(ctx, ft.Officer, c.ID, th.Lines[0].ID+"x"), fault.NotFound)
		ok(t, s.Retry(ctx, ft.Officer, c.ID, th.Lines[1].ID))
		k.Drain()
		if n := len(k.Zalo.Sent()); n != 1 {
			t.Errorf("sent %d times", n)
		}
		if c = k.Only(ft.Officer, inbox.Filter{}); c.Failed || c.Waits() {
			t.Errorf("sent at last: %+v", c)
		}
	})
}

// Zalo's messages bring no name: it is asked for afterwards and then stands in the list and in the search.
func TestNameComesLater(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		k.SayUnnamed(it.OA, "z1", "Lô Thị Nhàn", lamp)
		list, n, err := k.Inbox.List(t.Context(), ft.Officer, inbox.Filter{View: inbox.ViewAll, Text: "lo thi nhan"})
		if err != nil || n != 1 || list[0].PersonName != "Lô Thị Nhàn" {
			t.Fatalf("%+v %v", list, err)
		}
	})
}

func TestForgottenAtThePersonsWish(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		k.Say(it.OA, "hoa", lamp)
		k.Say(it.OA, "mai", lamp)
		k.Withdraw(it.OA, "hoa")
		list, n, err := k.Inbox.List(t.Context(), ft.Officer, inbox.Filter{View: inbox.ViewAll, Text: "kim tan"})
		if err != nil || n != 1 || list[0].PersonID != "mai" {
			t.Fatalf("%+v %v", list, err)
		}
		list, _, err = k.Inbox.List(t.Context(), ft.Officer, inbox.Filter{View: inbox.ViewDone})
		ok(t, err)
		if len(list) != 1 || list[0].PersonName != "" || list[0].LastText != "" || list[0].Waits() {
			t.Errorf("still known: %+v", list)
		}
	})
}

// Conversations follow a unit into its successor; a second run changes nothing.
func TestFollowTheUnit(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit) {
		ctx, m := t.Context(), k.Inbox.Mover()
		k.Say(it.OA, "hoa", "Chào bác")
		lines, err := m.Preview(ctx, []string{orgunittest.VinhHung, orgunittest.KimLien})
		if err != nil || len(lines) != 1 || lines[0].Count != 1 || lines[0].UnitID != orgunittest.VinhHung {
			t.Fatalf("%+v %v", lines, err)
		}
		for range 2 {
			ok(t, k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return m.Move(ctx, tx, orgunittest.VinhHung, orgunittest.TruongVinh, "2027-01-01")
			}))
		}
		if c := k.Only(ft.OtherOfficer, inbox.Filter{}); c.UnitID != orgunittest.TruongVinh {
			t.Errorf("%+v", c)
		}
		if _, n, err := k.Inbox.List(ctx, ft.Officer, inbox.Filter{View: inbox.ViewAll}); err != nil || n != 0 {
			t.Errorf("the old unit still sees %d, %v", n, err)
		}
	})
}

func TestWindows(t *testing.T) {
	at := ft.Now
	for name, c := range map[string]struct {
		conv        inbox.Conversation
		free, until time.Duration
	}{
		"zalo":     {inbox.Conversation{Kind: channel.Zalo, LastAt: at}, 48 * time.Hour, 7 * 24 * time.Hour},
		"facebook": {inbox.Conversation{Kind: channel.Facebook, LastAt: at}, 24 * time.Hour, 24 * time.Hour},
	} {
		w := c.conv.Window()
		if !w.FreeUntil.Equal(at.Add(c.free)) || !w.Until.Equal(at.Add(c.until)) || w.Closed(at.Add(c.until)) || !w.Closed(at.Add(c.until+time.Second)) {
			t.Errorf("%s: %+v", name, w)
		}
	}
	if w := (inbox.Conversation{Kind: channel.Facebook, Post: "p", LastAt: at}).Window(); w.Closed(at.AddDate(1, 0, 0)) {
		t.Error("comments may always be answered")
	}
}
