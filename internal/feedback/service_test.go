package feedback_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

func each(t *testing.T, fn func(t *testing.T, k *feedbacktest.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, feedbacktest.New(t, d, nil)) }, feedbacktest.Migrations...)
}

var citizen = identity.Citizen()

const answerText = "Cảm ơn ông, bà đã báo tin. Đèn đường sẽ được thay trước ngày 10/12/2026."

// The whole way of one question: asked on the portal, taken, routed, answered, sent back, answered again, approved,
// published, rated, reopened.
func TestLifeOfAQuestion(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		c := k.Ask()
		if c.State != feedback.StateReceived || c.HolderUnitID != orgunittest.VinhHung || c.Deadline != "2026-12-07" || c.Days != 10 || c.Initials != "N.T.M." || c.PhoneTail != "678" {
			t.Fatalf("taken in: %+v", c)
		}
		k.Drain()
		m, err := s.ByCode(ctx, citizen, strings.ToLower(c.Code))
		if err != nil {
			t.Fatal(err)
		}
		if !m.Case.Receipt.Logged() || len(k.Log.Leaves) != 1 || k.Log.Leaves[0] != feedback.LeafOf(m.Case, m.Case.Receipt) {
			t.Fatalf("the receipt is not in the log: %+v, %v", m.Case.Receipt, k.Log.Leaves)
		}
		must(t)(s.Claim(ctx, feedbacktest.Officer, c.ID))
		k.Clock.Advance(26 * time.Hour)
		must(t)(s.Route(ctx, feedbacktest.Officer, c.ID, orgunittest.WardOffice, "Đèn đường thuộc UBND phường quản lý"))
		must(t)(s.Submit(ctx, feedbacktest.Officer, c.ID, "Đã nhận."))
		must(t)(s.ReturnAnswer(ctx, feedbacktest.Approver, c.ID, "Cần nói rõ ngày xong"))
		k.Clock.Advance(time.Hour)
		c = k.Answer(c.ID, answerText, true)
		if c.State != feedback.StateAnswered || !c.Published {
			t.Fatalf("after approval: %+v", c)
		}
		m, err = s.ByCode(ctx, citizen, c.Code)
		if err != nil || len(m.Answers) != 1 || m.Answers[0].Text != answerText {
			t.Fatalf("my case: %+v %v", m, err)
		}
		if len(m.Chain) != 2 || m.Chain[0].Hours(k.Clock.Now()) != 26 || m.Chain[1].UnitID != orgunittest.WardOffice {
			t.Fatalf("chain: %+v", m.Chain)
		}
		pubs, n, err := published.Of(s).Search(ctx, orgunittest.Province, "den duong KIM tan", 1, 10)
		if err != nil || n != 1 || pubs[0].Answer != answerText || pubs[0].Days != 1 {
			t.Fatalf("public list: %+v %d %v", pubs, n, err)
		}
		must(t)(s.Rate(ctx, citizen, c.Code, 1, false))
		if p, err := s.Public(ctx, c.ID); err != nil || p.Rating != 1 {
			t.Fatalf("rating in public: %+v %v", p, err)
		}
		c = must(t)(s.Reopen(ctx, citizen, c.Code, "Đèn vẫn chưa sáng"))
		if c.State != feedback.StateWorking || c.Reopened != 1 || c.HolderUnitID != orgunittest.WardOffice || c.Deadline <= "2026-12-07" {
			t.Fatalf("reopened: %+v", c)
		}
		k.Answer(c.ID, "Đã thay bóng chiều nay.", false)
		if _, err := s.Public(ctx, c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the older answer still stands in public: %v", err)
		}
		c = must(t)(s.Rate(ctx, citizen, c.Code, 3, true))
		if c.State != feedback.StateClosed || c.Rating != 3 {
			t.Fatalf("thanked: %+v", c)
		}
		d, err := s.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, e := range d.Events {
			steps = append(steps, string(e.Step))
		}
		want := "receive claim route submit return submit approve publish rate reopen submit approve withdraw thank"
		if got := strings.Join(steps, " "); got != want {
			t.Errorf("steps\n got %s\nwant %s", got, want)
		}
		if len(k.Replies.Sent) != 0 {
			t.Errorf("a portal question went out by a channel: %v", k.Replies.Texts())
		}
	})
}

func must(t *testing.T) func(c feedback.Case, err error) feedback.Case {
	return func(c feedback.Case, err error) feedback.Case {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestFourEyes(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		both := feedbacktest.Officer
		both.Grants = append([]identity.Grant{{Role: identity.RoleApprover, UnitID: orgunittest.VinhHung}}, both.Grants...)
		c := k.Ask()
		must(t)(k.Service.Submit(ctx, both, c.ID, answerText))
		d, _ := k.Service.Dossier(ctx, both, c.ID)
		a, _ := d.Pending()
		if _, err := k.Service.Approve(ctx, both, c.ID, a.ID, false); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("author approves: %v", err)
		}
		if _, err := k.Service.Approve(ctx, feedbacktest.Colleague, c.ID, a.ID, false); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("desk officer approves: %v", err)
		}
		must(t)(k.Service.ReturnAnswer(ctx, feedbacktest.Approver, c.ID, "Sửa lại"))
		if _, err := k.Service.Draft(ctx, feedbacktest.Colleague, c.ID, "Bản khác"); err != nil {
			t.Fatal(err)
		}
		must(t)(k.Service.Submit(ctx, feedbacktest.Colleague, c.ID, answerText))
		if _, err := k.Service.Approve(ctx, feedbacktest.Approver, c.ID, "another answer", false); !fault.Is(err, fault.Conflict) {
			t.Fatalf("an answer the approver has not read: %v", err)
		}
		// The colleague is the author now, so the first author may approve.
		must(t)(k.Service.Approve(ctx, both, c.ID, a.ID, false))
	})
}

// Every exported read and act, for somebody who has nothing to do with the case.
func TestStrangersGetNothing(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		c := k.Ask()
		for who, actor := range map[string]identity.Actor{"other ward": feedbacktest.OtherOfficer, "other commune": feedbacktest.Stranger,
			"editor of the ward": feedbacktest.Editor, "citizen": citizen, "official without a role": {Kind: identity.ActorOfficial, ID: "x"}} {
			list, n, err := s.Cases(ctx, actor, feedback.Filter{})
			if len(list) != 0 || n != 0 {
				t.Errorf("%s sees %d cases (%v)", who, n, err)
			}
			if w, _ := s.Waiting(ctx, actor); len(w) != 0 {
				t.Errorf("%s: something waits", who)
			}
			if counts, _ := s.Counts(ctx, actor); len(counts) != 0 {
				t.Errorf("%s counts", who)
			}
			for name, act := range map[string]func() error{
				"dossier":  func() error { _, err := s.Dossier(ctx, actor, c.ID); return err },
				"claim":    func() error { _, err := s.Claim(ctx, actor, c.ID); return err },
				"classify": func() error { _, err := s.Classify(ctx, actor, c.ID, feedback.Petition, ""); return err },
				"route":    func() error { _, err := s.Route(ctx, actor, c.ID, orgunittest.WardOffice, "x"); return err },
				"note":     func() error { _, err := s.Note(ctx, actor, c.ID, "x"); return err },
				"refuse":   func() error { _, err := s.Refuse(ctx, actor, c.ID, "x"); return err },
				"not ours": func() error { _, err := s.RefuseNotOurs(ctx, actor, c.ID, "x", "x"); return err },
				"draft":    func() error { _, err := s.Draft(ctx, actor, c.ID, "x"); return err },
				"submit":   func() error { _, err := s.Submit(ctx, actor, c.ID, "x"); return err },
				"return":   func() error { _, err := s.ReturnAnswer(ctx, actor, c.ID, "x"); return err },
				"approve":  func() error { _, err := s.Approve(ctx, actor, c.ID, "x", true); return err },
				"publish": func() error {
					_, err := s.Publish(ctx, actor, c.ID, feedback.Copy{Question: "x", Answer: "x"})
					return err
				},
				"withdraw": func() error { _, err := s.Withdraw(ctx, actor, c.ID, "x"); return err },
				"unmask":   func() error { _, err := s.Unmask(ctx, actor, c.ID, "x"); return err },
				"take":     func() error { _, err := s.Take(ctx, actor, feedbacktest.Question()); return err },
			} {
				err := act()
				if k := fault.KindOf(err); err == nil || (k != fault.NotFound && k != fault.Forbidden && k != fault.Unauthenticated && k != fault.Conflict) {
					t.Errorf("%s: %s: %v", who, name, err)
				}
			}
		}
		d, err := s.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil || len(d.Events) != 1 {
			t.Fatalf("something happened to the case: %+v %v", d.Events, err)
		}
	})
}

// A denunciation: who sees what, in lists, figures, searches and on the page.
func TestSecretKindsAreTheReceiversAlone(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		asked := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })
		if asked.MayPublish || asked.Days != 7 {
			t.Errorf("a denunciation: %+v", asked)
		}
		turned := k.Ask()
		must(t)(s.Classify(ctx, feedbacktest.Officer, turned.ID, feedback.Complaint, ""))
		for who, want := range map[*identity.Actor]int{&feedbacktest.Officer: 0, &feedbacktest.Approver: 0, &feedbacktest.ProvinceLeader: 0,
			&feedbacktest.ProvinceOfficer: 0, &feedbacktest.OtherOfficer: 0, &feedbacktest.Leader: 2} {
			_, n, err := s.Cases(ctx, *who, feedback.Filter{})
			if err != nil || n != want {
				t.Errorf("%s sees %d, want %d (%v)", who.ID, n, want, err)
			}
			counts, err := s.Counts(ctx, *who)
			if err != nil || (len(counts) > 0) != (want > 0) {
				t.Errorf("%s counts %v %v", who.ID, counts, err)
			}
			_, err = s.Dossier(ctx, *who, asked.ID)
			if (err == nil) != (want > 0) || (err != nil && !fault.Is(err, fault.NotFound)) {
				t.Errorf("%s opens it: %v", who.ID, err)
			}
			if _, err := s.Note(ctx, *who, turned.ID, "đã xem"); (err == nil) != (want > 0) {
				t.Errorf("%s writes a note: %v", who.ID, err)
			}
		}
		w, err := s.Waiting(ctx, feedbacktest.Leader)
		if err != nil || len(w) != 2 {
			t.Errorf("the receiver's list: %+v %v", w, err)
		}
		if _, n, _ := s.Cases(ctx, feedbacktest.Leader, feedback.Filter{Text: "đèn đường"}); n != 0 {
			t.Error("the text of a secret case is found by search")
		}
		if _, err := s.ByCode(ctx, citizen, asked.Code); err != nil {
			t.Errorf("the author follows it by code: %v", err)
		}
	})
}

// dump is every row of the room's tables as they lie in the database.
func dump(t *testing.T, k *feedbacktest.Kit) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"feedback_case", "feedback_answer", "feedback_event", "feedback_public", "feedback_notice"} {
		var rows []map[string]any
		if err := k.DB.Read().NewSelect().Table(table).Scan(context.Background(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			for col, v := range r {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&b, "%s.%s=%v\n", table, col, v)
			}
		}
	}
	return b.String()
}

// The words of a denunciation do not lie open in the database, whether it came in as one or was found to be one later; its
// receiver reads them all the same.
func TestSecretWordsAreSealedAtRest(t *testing.T) {
	words := []string{"cấp khống", "cap khong", "nhà văn hóa", "đã lập tổ xác minh", "bổ sung căn cứ"}
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx, s := context.Background(), k.Service
		text := "Trưởng khối cấp khống phiếu nhận quà cho người nhà ba năm liền."
		direct := k.Ask(func(in *feedback.Intake) {
			in.Kind, in.Text, in.Place.Text = feedback.Denunciation, text, "sau nhà văn hóa"
		})
		later := k.Ask(func(in *feedback.Intake) { in.Text, in.Place.Text = text, "sau nhà văn hóa" })
		must(t)(s.Note(ctx, feedbacktest.Officer, later.ID, "Cần bổ sung căn cứ"))
		if _, err := s.Draft(ctx, feedbacktest.Officer, later.ID, "Phường đã lập tổ xác minh."); err != nil {
			t.Fatal(err)
		}
		if raw := dump(t, k); !strings.Contains(raw, words[0]) || !strings.Contains(raw, words[3]) || !strings.Contains(raw, words[4]) {
			t.Fatal("an ordinary case must lie open, or this test sees nothing")
		}
		must(t)(s.Classify(ctx, feedbacktest.Officer, later.ID, feedback.Denunciation, ""))
		if _, err := s.Draft(ctx, feedbacktest.Leader, direct.ID, "Phường đã lập tổ xác minh."); err != nil {
			t.Fatal(err)
		}
		must(t)(s.Note(ctx, feedbacktest.Leader, direct.ID, "Cần bổ sung căn cứ"))
		raw := dump(t, k)
		for _, w := range words {
			if strings.Contains(raw, w) {
				t.Errorf("%q lies open", w)
			}
		}
		for _, c := range []feedback.Case{direct, later} {
			d, err := s.Dossier(ctx, feedbacktest.Leader, c.ID)
			if err != nil || d.Case.Text != text || d.Case.Place.Text != "sau nhà văn hóa" || len(d.Answers) != 1 || d.Answers[0].Text != "Phường đã lập tổ xác minh." {
				t.Errorf("the receiver reads %+v %+v %v", d.Case, d.Answers, err)
			}
			noted := false
			for _, e := range d.Events {
				noted = noted || e.Reason == "Cần bổ sung căn cứ"
			}
			if !noted {
				t.Errorf("the note is gone: %+v", d.Events)
			}
			leaf, err := feedback.LeafBytes(d.Case)
			if err != nil || hex.EncodeToString(leaf) != c.Receipt.Leaf {
				t.Errorf("the receipt no longer fits: %v", err)
			}
		}
		list, n, err := s.Cases(ctx, feedbacktest.Leader, feedback.Filter{})
		if err != nil || n != 2 || list[0].Text != text {
			t.Errorf("%d %+v %v", n, list, err)
		}
		must(t)(s.Classify(ctx, feedbacktest.Leader, later.ID, feedback.Petition, ""))
		if d, err := s.Dossier(ctx, feedbacktest.Officer, later.ID); err != nil || d.Case.Text != text || d.Answers[0].Text == "" {
			t.Errorf("an ordinary case again: %+v %v", d, err)
		}
	})
}

func TestIntakeRefuses(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		for name, tc := range map[string]struct {
			change func(*feedback.Intake)
			field  string
			key    string
		}{
			"empty":          {func(in *feedback.Intake) { in.Text = " \n " }, "text", "feedback.text_required"},
			"too short":      {func(in *feedback.Intake) { in.Text = "Hỏi" }, "text", "feedback.text_short"},
			"20,001 letters": {func(in *feedback.Intake) { in.Text = strings.Repeat("ộ", 20_001) }, "text", "feedback.text_long"},
			"no unit":        {func(in *feedback.Intake) { in.UnitID = "" }, "unit", "feedback.unit_required"},
			"unknown unit":   {func(in *feedback.Intake) { in.UnitID = "x" }, "unit", "feedback.unit_unknown"},
			"former unit":    {func(in *feedback.Intake) { in.UnitID = orgunittest.FormerNghiKim }, "unit", "feedback.unit_unknown"},
			"kind":           {func(in *feedback.Intake) { in.Kind = "joke" }, "kind", "feedback.kind_unknown"},
			"phone":          {func(in *feedback.Intake) { in.Person.Phone = "gọi tôi" }, "phone", "feedback.phone_bad"},
			"name":           {func(in *feedback.Intake) { in.Person.Name = strings.Repeat("a", 101) }, "name", "feedback.field_long"},
			"link":           {func(in *feedback.Intake) { in.Place.Link = "javascript:alert(1)" }, "link", "feedback.link_bad"},
			"pictures":       {func(in *feedback.Intake) { in.Pictures = make([]string, 6) }, "photos", "feedback.photos_many"},
		} {
			in := feedbacktest.Question()
			tc.change(&in)
			_, err := k.Service.Ask(context.Background(), citizen, in)
			var fs fault.Fields
			if !errors.As(err, &fs) || len(fs) != 1 || fs[0].Field != tc.field || fs[0].Key != tc.key {
				t.Errorf("%s: %v", name, err)
			}
		}
		in := feedbacktest.Question()
		in.Text = strings.Repeat("ộ", 20_000)
		if _, err := k.Service.Ask(context.Background(), citizen, in); err != nil {
			t.Errorf("exactly 20,000 letters: %v", err)
		}
	})
}

func TestTheSameFormIsTakenInOnce(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		first := k.Ask(func(in *feedback.Intake) { in.SourceKey = "portal:1" })
		again := k.Ask(func(in *feedback.Intake) { in.SourceKey = "portal:1" })
		if first.ID != again.ID {
			t.Error("two cases from one form")
		}
		_, n, err := k.Service.Cases(context.Background(), feedbacktest.Officer, feedback.Filter{})
		if err != nil || n != 1 {
			t.Errorf("%d cases %v", n, err)
		}
	})
}

func TestPersonIsSealedAndOpenedOnlyWithALogLine(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		c := k.Ask()
		var sealed string
		if err := k.DB.Read().NewSelect().TableExpr("feedback_person").Column("sealed").Scan(ctx, &sealed); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sealed, "Mẫu") || strings.Contains(sealed, "000 678") || strings.Contains(sealed, "000678") {
			t.Fatal("the name can be read in the database")
		}
		if _, err := k.Service.Unmask(ctx, feedbacktest.Approver, c.ID, "tò mò"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("approver: %v", err)
		}
		if _, err := k.Service.Unmask(ctx, feedbacktest.Officer, c.ID, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		p, err := k.Service.Unmask(ctx, feedbacktest.Officer, c.ID, "Gọi hỏi thêm vị trí cột đèn")
		if err != nil || p.Name != "Nguyễn Thị Mẫu" || p.Phone != "0912 000 678" {
			t.Fatalf("%+v %v", p, err)
		}
		if d := cmp.Diff([]string{"feedback.unmask"}, k.Audit.Actions()); d != "" {
			t.Error(d)
		}
	})
}

func fromZalo(in *feedback.Intake) {
	in.Door, in.Return, in.SourceKey = feedback.DoorZalo, feedback.Return{AccountID: "oa", PersonID: "follower"}, "inbox:m1"
}

// One notice per step, by the door the question came in by, and the receipt of each is kept.
func TestTheAnswerGoesBackByTheSameDoorOnce(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		in := feedbacktest.Question()
		fromZalo(&in)
		c := must(t)(k.Service.Take(ctx, feedbacktest.Officer, in))
		must(t)(k.Service.Take(ctx, feedbacktest.Officer, in)) // pressed twice
		must(t)(k.Service.Claim(ctx, feedbacktest.Officer, c.ID))
		must(t)(k.Service.Route(ctx, feedbacktest.Officer, c.ID, orgunittest.WardOffice, "Thuộc UBND phường"))
		k.Answer(c.ID, answerText, false)
		if _, err := k.Service.Approve(ctx, feedbacktest.Approver, c.ID, "", false); !fault.Is(err, fault.Conflict) {
			t.Errorf("approved twice: %v", err)
		}
		must(t)(k.Service.Reopen(ctx, citizen, c.Code, "Chưa rõ"))
		d, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		seen := map[string]bool{}
		for i, n := range d.Notices {
			steps = append(steps, string(n.Step))
			if seen[n.EventID] {
				t.Errorf("two notices for %s", n.Step)
			}
			seen[n.EventID] = true
			if sent := k.Replies.Sent[i]; sent.AccountID != "oa" || sent.PersonID != "follower" || sent.IdempotencyKey != "feedback:"+n.ID {
				t.Errorf("sent %+v", sent)
			}
		}
		if d := cmp.Diff([]string{"receive", "route", "approve", "reopen"}, steps); d != "" {
			t.Error(d)
		}
		if !strings.Contains(k.Replies.Sent[2].Text, answerText) {
			t.Errorf("answer sent as %q", k.Replies.Sent[2].Text)
		}
		err = k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return k.Queue.Publish(ctx, tx, channel.MessageChanged{MessageID: "m", Key: "feedback:" + d.Notices[2].ID, State: channel.MessageSent})
		})
		if err != nil {
			t.Fatal(err)
		}
		k.Drain()
		if d, _ = k.Service.Dossier(ctx, feedbacktest.Officer, c.ID); d.Notices[2].State != feedback.NoticeSent || d.Notices[2].ExternalID != "m" {
			t.Errorf("receipt: %+v", d.Notices[2])
		}
	})
}

func TestUnderAPublicCommentNothingPrivateIsSaid(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		in := feedbacktest.Question()
		in.Door, in.SourceKey = feedback.DoorFacebook, "inbox:c1"
		in.Return = feedback.Return{AccountID: "page", PersonID: "p", Comment: &channel.CommentRef{PostExternalID: "1_2", ParentID: "1_2_3"}}
		c := must(t)(k.Service.Take(ctx, feedbacktest.Officer, in))
		k.Answer(c.ID, "Đã thay. Cần gì xin gọi ông tổ trưởng 0912 345 678.", false)
		for _, m := range k.Replies.Sent {
			if m.Comment == nil || m.Comment.ParentID != "1_2_3" || !strings.Contains(m.Text, "_comment") {
				t.Errorf("sent %+v", m)
			}
			if strings.Contains(m.Text, "345 678") {
				t.Errorf("personal data in public: %q", m.Text)
			}
		}
	})
}

func TestAPersonIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		in := feedbacktest.Question()
		fromZalo(&in)
		c := must(t)(k.Service.Take(ctx, feedbacktest.Officer, in))
		other := k.Ask()
		err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return k.Queue.Publish(ctx, tx, channel.PersonWithdrew{AccountID: "oa", PersonID: "follower"})
		})
		if err != nil {
			t.Fatal(err)
		}
		k.Drain()
		d, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil || d.Case.HasPerson || d.Case.Initials != "" || d.Case.Return.Reachable() || d.Notices[0].Return.PersonID != "" {
			t.Errorf("not forgotten: %+v %v", d.Case, err)
		}
		if p, err := k.Service.Unmask(ctx, feedbacktest.Officer, c.ID, "xem"); err != nil || !p.Empty() {
			t.Errorf("%+v %v", p, err)
		}
		if p, err := k.Service.Unmask(ctx, feedbacktest.Officer, other.ID, "xem"); err != nil || p.Empty() {
			t.Errorf("another person was forgotten too: %+v %v", p, err)
		}
		k.Answer(c.ID, answerText, false) // the matter itself goes on
	})
}

func TestAClosedDoorDoesNotStopTheWork(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		k.Replies.Closed = true
		in := feedbacktest.Question()
		fromZalo(&in)
		c := must(t)(k.Service.Take(ctx, feedbacktest.Officer, in))
		d, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil || len(d.Notices) != 1 || d.Notices[0].State != feedback.NoticeFailed || d.Notices[0].Reason == "" {
			t.Errorf("%+v %v", d.Notices, err)
		}
	})
}

func TestPublishing(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		forbidden := k.Ask(func(in *feedback.Intake) { in.MayPublish = false })
		if c := k.Answer(forbidden.ID, answerText, true); c.Published {
			t.Error("published although the citizen forbade it")
		}
		if _, err := s.Publish(ctx, feedbacktest.Approver, forbidden.ID, feedback.Copy{Question: "Hỏi gì đó", Answer: "Đáp"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("published by hand although forbidden: %v", err)
		}
		private := k.Ask(func(in *feedback.Intake) {
			in.Text = "Tôi là Nguyễn Thị Mẫu, 0912 000 678, xin hỏi hồ sơ hỗ trợ nhà ở của tôi đến đâu rồi ạ?"
		})
		if c := k.Answer(private.ID, answerText, true); c.Published {
			t.Error("published with a telephone number inside")
		}
		d, _ := s.Dossier(ctx, feedbacktest.Approver, private.ID)
		if _, err := s.Publish(ctx, feedbacktest.Approver, private.ID, feedback.Copy{Question: private.Text, Answer: answerText, Checked: true}); !fault.Is(err, fault.Invalid) {
			t.Errorf("unmasked question: %v", err)
		}
		hotline := "Xin gọi đường dây nóng 0238 384 5678."
		copied := feedback.ProposeCopy(d.Case, feedback.Answer{Text: hotline}, func(masking.Kind) string { return "ẩn" })
		copied.Answer = hotline
		if _, err := s.Publish(ctx, feedbacktest.Approver, private.ID, copied); !fault.Is(err, fault.Invalid) {
			t.Errorf("unconfirmed number in the answer: %v", err)
		}
		copied.Checked = true
		must(t)(s.Publish(ctx, feedbacktest.Approver, private.ID, copied))
		p, err := s.Public(ctx, private.ID)
		if err != nil || strings.Contains(p.Question, "Mẫu") || strings.Contains(p.Question, "678") {
			t.Fatalf("%+v %v", p, err)
		}
		var gone []string
		jobs.On(k.Queue, "test", func(_ context.Context, e feedback.AnswerWithdrawn) error {
			gone = append(gone, e.CaseID)
			return nil
		})
		must(t)(s.Withdraw(ctx, feedbacktest.Approver, private.ID, "Người dân đề nghị"))
		if k.Drain(); len(gone) != 1 || gone[0] != private.ID {
			t.Errorf("withdrawn without a word: %v", gone)
		}
		if _, err := s.Public(ctx, private.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("withdrawn: %v", err)
		}
		must(t)(s.Publish(ctx, feedbacktest.Approver, private.ID, copied)) // and back again
		if days, err := published.Of(s).DaysTaken(ctx, orgunittest.Province); err != nil || days.Answers != 1 || days.InTime != 1 {
			t.Errorf("days taken: %+v %v", days, err)
		}
		for q, want := range map[string]int{"": 1, "ho so": 1, "HỒ SƠ nhà": 1, "hồ": 1, "khong co": 0, "%": 1, "zzzz": 0} {
			if _, n, err := published.Of(s).Search(ctx, "", q, 1, 10); err != nil || n != want {
				t.Errorf("search %q: %d %v", q, n, err)
			}
		}
		if got, _, err := published.Of(s).Search(ctx, orgunittest.TruongVinh, "", 1, 5); err != nil || len(got) != 0 {
			t.Errorf("another ward shows it: %v %v", got, err)
		}
	})
}

// A question that is reopened and turns out to be a denunciation leaves the public list at once.
func TestSecretKindLeavesThePublicList(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		c := k.Ask()
		if c := k.Answer(c.ID, answerText, true); !c.Published {
			t.Fatal("not published")
		}
		must(t)(k.Service.Reopen(ctx, citizen, c.Code, "Ông trưởng khối nhận tiền mà không làm."))
		got, err := k.Service.Classify(ctx, feedbacktest.Officer, c.ID, feedback.Denunciation, "")
		if err != nil || got.Published {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := k.Service.Public(ctx, c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the public still reads it: %v", err)
		}
	})
}

func TestClocks(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		var overdue []feedback.Overdue
		jobs.On(k.Queue, "test", func(_ context.Context, e feedback.Overdue) error { overdue = append(overdue, e); return nil })
		late := k.Ask()
		done := k.Answer(k.Ask().ID, answerText, false)
		sweep := func() {
			t.Helper()
			for range 2 { // running twice changes nothing
				if err := s.Sweep(ctx); err != nil {
					t.Fatal(err)
				}
			}
			k.Drain()
		}
		sweep()
		k.Clock.Set(time.Date(2026, 12, 7, 16, 30, 0, 0, time.UTC)) // 23:30 of the last day
		sweep()
		if d, _ := s.Dossier(ctx, feedbacktest.Officer, late.ID); d.Case.RemindedAt.IsZero() || !d.Case.OverdueAt.IsZero() || len(overdue) != 0 {
			t.Fatalf("on the last day: %+v", d.Case)
		}
		k.Clock.Set(time.Date(2026, 12, 7, 17, 30, 0, 0, time.UTC)) // 00:30 of the next
		sweep()
		if len(overdue) != 1 || overdue[0].CaseID != late.ID {
			t.Fatalf("overdue events: %v", overdue)
		}
		w, err := s.Waiting(ctx, feedbacktest.ProvinceLeader)
		if err != nil || len(w) != 1 || w[0].Action != "overdue" {
			t.Errorf("the leader's list: %+v %v", w, err)
		}
		k.Clock.Set(time.Date(2026, 12, 8, 16, 0, 0, 0, time.UTC))
		sweep()
		if d, _ := s.Dossier(ctx, feedbacktest.Officer, done.ID); d.Case.State != feedback.StateAnswered {
			t.Errorf("on the fifteenth day: %s", d.Case.State)
		}
		k.Clock.Set(time.Date(2026, 12, 9, 3, 0, 0, 0, time.UTC))
		sweep()
		if d, _ := s.Dossier(ctx, feedbacktest.Officer, done.ID); d.Case.State != feedback.StateClosed {
			t.Errorf("on the sixteenth day: %s", d.Case.State)
		}
		if _, err := s.Reopen(ctx, citizen, done.Code, "muộn"); !fault.Is(err, fault.Conflict) {
			t.Errorf("reopened too late: %v", err)
		}
	})
}

func TestQueueAndLists(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		s := k.Service
		first := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Petition })
		k.Clock.Advance(48 * time.Hour)
		second := k.Ask(func(in *feedback.Intake) { in.Text = "Bãi rác sau chợ bốc mùi, xin dọn giúp bà con." })
		k.Ask(func(in *feedback.Intake) { in.UnitID = orgunittest.KimLien })
		must(t)(s.Claim(ctx, feedbacktest.Officer, second.ID))
		answered := k.Answer(k.Ask().ID, answerText, false)
		list, n, err := s.Cases(ctx, feedbacktest.Officer, feedback.Filter{Page: 1, Per: 2})
		if err != nil || n != 3 || len(list) != 2 || list[0].ID != first.ID || list[1].ID != second.ID {
			t.Fatalf("queue: %d %v %v", n, list, err)
		}
		if list, _, _ = s.Cases(ctx, feedbacktest.Officer, feedback.Filter{Page: 2, Per: 2}); len(list) != 1 || list[0].ID != answered.ID {
			t.Errorf("second page: %v", list)
		}
		for name, tc := range map[string]struct {
			f    feedback.Filter
			want int
		}{
			"open":      {feedback.Filter{Open: true}, 2},
			"state":     {feedback.Filter{State: feedback.StateAnswered}, 1},
			"kind":      {feedback.Filter{Kind: feedback.Petition}, 1},
			"door":      {feedback.Filter{Door: feedback.DoorZalo}, 0},
			"mine":      {feedback.Filter{ClaimedBy: "officer"}, 1},
			"words":     {feedback.Filter{Text: "bai rac CHO"}, 1},
			"code":      {feedback.Filter{Text: first.Code}, 1},
			"overdue":   {feedback.Filter{Overdue: true}, 0},
			"under":     {feedback.Filter{UnderUnitID: orgunittest.Province}, 3},
			"elsewhere": {feedback.Filter{UnderUnitID: orgunittest.KimLien}, 0},
		} {
			if _, n, err := s.Cases(ctx, feedbacktest.Officer, tc.f); err != nil || n != tc.want {
				t.Errorf("%s: %d, want %d (%v)", name, n, tc.want, err)
			}
		}
		if _, n, _ := s.Cases(ctx, feedbacktest.ProvinceLeader, feedback.Filter{}); n != 4 {
			t.Errorf("the province sees %d of 4", n)
		}
		counts, err := s.Counts(ctx, feedbacktest.ProvinceLeader)
		want := []feedback.UnitCount{{UnitID: orgunittest.VinhHung, Waiting: 2, Answered: 1}, {UnitID: orgunittest.KimLien, Waiting: 1}}
		if d := cmp.Diff(want, counts); d != "" || err != nil {
			t.Errorf("counts: %s %v", d, err)
		}
		w, err := s.Waiting(ctx, feedbacktest.Officer)
		if err != nil || len(w) != 2 || w[0].Case.ID != first.ID || w[0].Action != "take" || w[1].Action != "answer" {
			t.Errorf("waiting: %+v %v", w, err)
		}
	})
}

func TestPicturesOfAForm(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		a, err := k.Service.SavePicture(ctx, citizen, strings.NewReader("one"), "Cột đèn")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := k.Service.SavePicture(ctx, citizen, strings.NewReader("two"), "")
		if _, err := k.Service.SavePicture(ctx, citizen, strings.NewReader("bad"), ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("no picture: %v", err)
		}
		c := k.Ask(func(in *feedback.Intake) { in.Pictures = []string{b, "unknown", a} })
		thief := k.Ask(func(in *feedback.Intake) { in.Pictures = []string{a} })
		m, err := k.Service.ByCode(ctx, citizen, c.Code)
		if err != nil || len(m.Pictures) != 2 || m.Case.Pictures != 2 || m.Pictures[1].Alt != "Cột đèn" {
			t.Errorf("pictures: %+v %v", m.Pictures, err)
		}
		if thief.Pictures != 0 {
			t.Error("a picture was taken twice")
		}
		if _, err := k.Service.SavePicture(ctx, citizen, strings.NewReader("three"), ""); err != nil { // its form is never sent
			t.Fatal(err)
		}
		var all []string
		if err := k.DB.Read().NewSelect().Table("feedback_picture").Column("id").Scan(ctx, &all); err != nil {
			t.Fatal(err)
		}
		if used, err := k.Service.UsedPictures(ctx, append(all, "nobody's")); err != nil || len(used) != 3 {
			t.Errorf("in use: %v %v", used, err)
		}
		k.Clock.Advance(25 * time.Hour)
		if err := k.Service.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if used, err := k.Service.UsedPictures(ctx, all); err != nil || len(used) != 2 {
			t.Errorf("in use after a day: %v %v", used, err)
		}
	})
}
