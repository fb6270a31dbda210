package voter_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/votertest"
)

var (
	desk     = identitytest.Official("giup-viec", identity.RoleVoterDesk, orgunittest.VinhHung)
	leader   = identitytest.Official("chu-tich", identity.RoleLeader, orgunittest.VinhHung)
	body     = identitytest.Official("ubnd", identity.RoleVoterDesk, orgunittest.WardOffice)
	sister   = identitytest.Official("xa-ban", identity.RoleVoterDesk, orgunittest.KimLien)
	province = identitytest.Official("tinh", identity.RoleLeader, orgunittest.Province)
	both     = identitytest.And(identitytest.Official("hai-vai", identity.RoleVoterDesk, orgunittest.VinhHung), identity.RoleLeader, orgunittest.VinhHung)
)

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	var list fault.Fields
	if errors.As(err, &list) && len(list) > 0 {
		err = list[0]
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || (key != "" && f.Key != key) {
		t.Helper()
		t.Fatalf("got %v, want %v %q", err, kind, key)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWholeCycle walks one meeting from its plan to its voters, with a merger from an earlier round.
func TestWholeCycle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), votertest.New(t, d)
		s := k.Voter
		first := k.Round(t, desk, "Kỳ họp thứ nhất", k.Clock.Now())
		m1 := k.Held(t, desk, first, orgunittest.AreaKimTan)
		items := k.Items(t, desk, m1, "Đề nghị UBND phường sớm sửa đường vào nhà văn hóa khối Kim Tân đã hỏng nặng.", "Đề nghị Sở Nông nghiệp và Môi trường đo đạc lại đất ở của 12 hộ dân khối Kim Tân.")
		ok(t, s.FinishMinutes(ctx, desk, m1.ID))
		ok(t, s.Classify(ctx, desk, items[0].ID, "transport", orgunittest.WardOffice))
		ok(t, s.Classify(ctx, desk, items[1].ID, "land", orgunittest.Department))
		ready, open, err := s.Ready(ctx, desk, first.ID)
		if err != nil || len(ready) != 2 || open != 0 {
			t.Fatal(ready, open, err)
		}
		letter, err := s.Send(ctx, desk, voter.Letter{RoundID: first.ID, BodyUnitID: orgunittest.WardOffice, DueOn: s.Today().AddDays(15), Number: "12/MTTQ"})
		ok(t, err)
		_, err = s.Send(ctx, desk, voter.Letter{RoundID: first.ID, BodyUnitID: orgunittest.WardOffice, DueOn: s.Today().AddDays(15)})
		wantFault(t, err, fault.Conflict, "voter.letter.nothing")
		wantFault(t, s.Answer(ctx, desk, items[1].ID, voter.Answer{Kind: voter.Solved, Text: "Đã đo đạc xong."}), fault.Conflict, "voter.item.not_sent")
		_, err = s.Send(ctx, desk, voter.Letter{RoundID: first.ID, BodyUnitID: orgunittest.Department, DueOn: s.Today().AddDays(15)})
		ok(t, err)

		// The body signs in and answers; the other body, a sister commune and citizens see nothing.
		if list, err := s.Letters(ctx, body, "", true); err != nil || len(list) != 1 || list[0].Items != 1 {
			t.Fatal(list, err)
		}
		_, err = s.Letter(ctx, sister, letter.ID)
		wantFault(t, err, fault.NotFound, "")
		wantFault(t, s.Answer(ctx, sister, items[0].ID, voter.Answer{Kind: voter.Solved, Text: "Xong."}), fault.NotFound, "")
		wantFault(t, s.Answer(ctx, body, items[0].ID, voter.Answer{Kind: voter.InProgress, Text: "Đang lập dự toán."}), fault.Invalid, "voter.answer.due_wanted")
		ok(t, s.Answer(ctx, body, items[0].ID, voter.Answer{Kind: voter.InProgress, Text: "Đang lập dự toán, sẽ sửa trong quý sau. Liên hệ 0912 345 678.", DueOn: s.Today().AddDays(60)}))
		wantFault(t, s.Answer(ctx, body, items[0].ID, voter.Answer{Kind: voter.Solved, Text: "Xong."}), fault.Conflict, "voter.item.in_review")
		ok(t, s.Answer(ctx, both, items[1].ID, voter.Answer{Kind: voter.Solved, Text: "Đã đo đạc lại cho cả 12 hộ."}))
		wait, err := s.Waiting(ctx, leader)
		if err != nil || len(wait) != 2 {
			t.Fatal(wait, err)
		}
		answer := map[string]string{}
		for _, v := range wait {
			answer[v.ID] = v.Wait.ID
		}
		wantFault(t, s.Approve(ctx, both, answer[items[1].ID]), fault.Forbidden, "voter.answer.four_eyes")
		wantFault(t, s.Reject(ctx, leader, answer[items[1].ID], " "), fault.Invalid, "voter.reason_wanted")
		wantFault(t, s.Return(ctx, desk, m1.ID), fault.Conflict, "voter.meeting.not_answered")
		ok(t, s.Approve(ctx, leader, answer[items[0].ID]))
		ok(t, s.Approve(ctx, leader, answer[items[1].ID]))
		wantFault(t, s.Approve(ctx, leader, answer[items[1].ID]), fault.Conflict, "")
		wantFault(t, s.Answer(ctx, body, items[1].ID, voter.Answer{Kind: voter.Solved, Text: "Lần nữa."}), fault.NotFound, "")
		wantFault(t, s.Answer(ctx, desk, items[1].ID, voter.Answer{Kind: voter.Solved, Text: "Lần nữa."}), fault.Conflict, "voter.item.closed")

		// Before the return the public sees nothing of it, afterwards the answers without names and numbers.
		_, err = s.PublicMeeting(ctx, m1.ID)
		wantFault(t, err, fault.NotFound, "")
		k.Posts.Die = 1 // the draft is kept, but nobody notes it: the work is done again and begins no second one
		ok(t, s.Return(ctx, desk, m1.ID))
		ok(t, k.Queue.Drain(ctx))
		if k.Posts.Asked != 2 || len(k.Posts.IDs) != 1 {
			t.Errorf("asked %d times, drafts %v", k.Posts.Asked, k.Posts.IDs)
		}
		pub, err := s.PublicMeeting(ctx, m1.ID)
		ok(t, err)
		if text := fmt.Sprintf("%+v %+v", pub.Items[0].Answer, pub.Items); strings.Contains(text, "0912 345") || strings.Contains(text, "Trần Văn Nói") || pub.Items[0].Answer == nil {
			t.Error("the public reads:", text)
		}
		if len(k.Posts.Titles) != 1 || !strings.Contains(k.Posts.Texts[0], "12 hộ") || k.Posts.Units[0] != orgunittest.VinhHung {
			t.Errorf("drafts: %+v", k.Posts)
		}
		if list, n, err := s.PublicMeetings(ctx, orgunittest.VinhHung, "khoi kim tan", 1, 20); err != nil || n != 1 || list[0].Items != 2 {
			t.Error(list, n, err)
		}
		if found, err := s.PublicItems(ctx, orgunittest.VinhHung, "do dac"); err != nil || len(found) != 1 {
			t.Error(found, err)
		}

		// Next round: the same question comes again and is merged; its voters hear the standing answer.
		k.Clock.Advance(100 * 24 * time.Hour)
		second := k.Round(t, desk, "Kỳ họp thứ hai", k.Clock.Now())
		m2 := k.Held(t, desk, second, orgunittest.AreaKimTan)
		again := k.Items(t, desk, m2, "Đường vào nhà văn hóa khối Kim Tân hỏng nặng, đề nghị UBND phường sớm sửa.")
		ok(t, s.FinishMinutes(ctx, desk, m2.ID))
		like, err := s.Similar(ctx, desk, again[0].ID)
		if err != nil || len(like) == 0 || like[0].ID != items[0].ID || like[0].Likeness < 0.6 {
			t.Fatal(like, err)
		}
		if sug, err := s.Suggest(ctx, desk, orgunittest.VinhHung, []string{again[0].Text, "Đề nghị công an tuần tra chống trộm cắp."}); err != nil || sug[0].LikeCode != items[0].Code || sug[1].Field != "security" {
			t.Error(sug, err)
		}
		ok(t, s.Merge(ctx, desk, again[0].ID, items[0].ID))
		dossier, err := s.Meeting(ctx, desk, m2.ID)
		if err != nil || dossier.State != voter.Answered || dossier.Items[0].Answer == nil || dossier.Items[0].Times != 2 {
			t.Fatalf("%+v %v", dossier, err)
		}
		out, err := s.Outstanding(ctx, desk, orgunittest.VinhHung)
		if err != nil || len(out) != 1 || out[0].Sessions != 2 {
			t.Fatalf("%+v %v", out, err)
		}
		opening, err := s.Opening(ctx, desk, m2.ID)
		if err != nil || len(opening.Items) != 2 || opening.Sum.Done != 1 || opening.Sum.InProgress != 1 {
			t.Fatalf("%+v %v", opening.Sum, err)
		}
		rep, err := s.RoundReport(ctx, desk, second.ID)
		if err != nil || rep.Sum.All != 1 || rep.Sum.Merged != 1 || len(rep.Before) != 1 {
			t.Fatalf("%+v %v", rep.Sum, err)
		}
		// Un-merge with history.
		wantFault(t, s.Unmerge(ctx, desk, again[0].ID, ""), fault.Invalid, "voter.reason_wanted")
		ok(t, s.Unmerge(ctx, desk, again[0].ID, "Khác đoạn đường"))
		if x, err := s.Item(ctx, desk, again[0].ID); err != nil || x.State != voter.ItemNew || x.Meeting.State != voter.Minuted || len(x.Events) != 3 {
			t.Fatalf("%+v %v", x, err)
		}
		// The province reads below itself, a sister does not.
		if _, n, err := s.Items(ctx, province, voter.ItemFilter{}); err != nil || n != 3 {
			t.Error(n, err)
		}
		if _, n, err := s.Items(ctx, sister, voter.ItemFilter{}); err != nil || n != 0 {
			t.Error(n, err)
		}
		// The name of who spoke.
		wantFault(t, second2(s.Speaker(ctx, leader, items[0].ID)), fault.Forbidden, "")
		if name, err := s.Speaker(ctx, desk, items[0].ID); err != nil || name != "Trần Văn Nói" {
			t.Error(name, err)
		}
	}, votertest.Migrations...)
}

func second2(_ string, err error) error { return err }

// TestTheLock: after the lock day nothing is added, and the unit's own words say why.
func TestTheLock(t *testing.T) {
	ctx, k := t.Context(), votertest.New(t, dbtest.SQLite(t, votertest.Migrations...))
	r := k.Round(t, desk, "Kỳ họp thứ nhất", k.Clock.Now())
	m := k.Held(t, desk, r, orgunittest.AreaKimTan)
	r.LockOn, r.LockNote = k.Voter.Today(), "Xin gửi kỳ sau"
	r, err := k.Voter.SaveRound(ctx, desk, r)
	ok(t, err)
	k.Items(t, desk, m, "Đề nghị sửa đường vào khối Kim Tân trong hôm nay.")
	k.Clock.Advance(24 * time.Hour)
	_, err = k.Voter.AddItems(ctx, desk, m.ID, []voter.NewItem{{Text: "Đề nghị thêm đèn đường ở khối."}}, voter.Typed)
	wantFault(t, err, fault.Conflict, "voter.locked")
	var f *fault.Error
	if errors.As(err, &f) && !strings.Contains(fmt.Sprint(f.Args), "Xin gửi kỳ sau") {
		t.Error(f.Args)
	}
}

// TestImport: good rows are taken, each bad one is kept with its reason.
func TestImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), votertest.New(t, d)
		s := k.Voter
		r := k.Round(t, desk, "Kỳ họp thứ nhất", k.Clock.Now())
		m := k.Held(t, desk, r, orgunittest.AreaKimTan)
		items := k.Items(t, desk, m, "Đề nghị sửa đường liên khối đã hỏng.", "Đề nghị lắp đèn đường ở ngõ 3.", "Đề nghị nạo vét mương thoát nước.")
		ok(t, s.FinishMinutes(ctx, desk, m.ID))
		for _, x := range items {
			ok(t, s.Classify(ctx, desk, x.ID, "transport", orgunittest.WardOffice))
		}
		l, err := s.Send(ctx, desk, voter.Letter{RoundID: r.ID, BodyUnitID: orgunittest.WardOffice, DueOn: s.Today().AddDays(10)})
		ok(t, err)
		_, err = s.ImportAnswers(ctx, body, l.ID, "rong.xlsx", nil)
		wantFault(t, err, fault.Invalid, "voter.import.empty")
		in, err := s.ImportAnswers(ctx, body, l.ID, "tra-loi.xlsx", []voter.AnswerRow{
			{Number: 2, Code: items[0].Code, Answer: voter.Answer{Kind: voter.Solved, Text: "Đã sửa xong."}},
			{Number: 3, Code: "KN-99-00001", Answer: voter.Answer{Kind: voter.Solved, Text: "Không phải của chúng tôi."}},
			{Number: 4, Code: items[0].Code, Answer: voter.Answer{Kind: voter.Solved, Text: "Ghi hai lần."}},
			{Number: 5, Code: items[1].Code, Answer: voter.Answer{Kind: voter.InProgress, Text: "Đang làm."}},
			{Number: 6, Answer: voter.Answer{Text: "Không có mã."}},
		})
		ok(t, err)
		if in.Taken != 1 || len(in.Refused) != 4 {
			t.Fatalf("%+v", in)
		}
		for i, want := range []string{"voter.import.unknown_code", "voter.item.in_review", "voter.answer.due_wanted", "voter.import.no_code"} {
			if in.Refused[i].Key != want || in.Refused[i].Text == "" {
				t.Errorf("row %d: %+v, want %s", i, in.Refused[i], want)
			}
		}
		dossier, err := s.Letter(ctx, body, l.ID)
		if err != nil || len(dossier.Imports) != 1 || len(dossier.Imports[0].Refused) != 4 {
			t.Fatalf("%+v %v", dossier.Imports, err)
		}
	}, votertest.Migrations...)
}

// TestMove: a commune's rounds, meetings and items follow it into its successor; what bodies were asked goes with them.
func TestMove(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), votertest.New(t, d)
		r := k.Round(t, desk, "Kỳ họp thứ nhất", k.Clock.Now())
		m := k.Held(t, desk, r, orgunittest.AreaKimTan)
		k.Items(t, desk, m, "Đề nghị sửa đường liên khối đã hỏng.")
		mover := k.Voter.Mover()
		lines, err := mover.Preview(ctx, []string{orgunittest.VinhHung})
		if err != nil || len(lines) != 1 || lines[0].Count != 1 {
			t.Fatal(lines, err)
		}
		for range 2 {
			ok(t, d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return mover.Move(ctx, tx, orgunittest.VinhHung, orgunittest.TruongVinh, clock.DateOf(k.Clock.Now()))
			}))
		}
		to := identitytest.Official("moi", identity.RoleVoterDesk, orgunittest.TruongVinh)
		if _, err := k.Voter.Meeting(ctx, to, m.ID); err != nil {
			t.Error(err)
		}
		_, err = k.Voter.Meeting(ctx, desk, m.ID)
		wantFault(t, err, fault.NotFound, "")
	}, votertest.Migrations...)
}

var _ orgunit.Mover = voter.Mover{}
