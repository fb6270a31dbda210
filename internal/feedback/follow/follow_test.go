package follow_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

type rooms struct {
	*feedbacktest.Kit
	similar *similar.Service
	follow  *follow.Service
	survey  *survey.Service
}

func each(t *testing.T, fn func(t *testing.T, r rooms)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		r := rooms{Kit: k, similar: similar.New(similar.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Cases: k.Service, Audit: k.Audit})}
		r.follow = follow.New(follow.Deps{DB: d, Clock: k.Clock, Cases: k.Service, Offers: r.similar})
		r.survey = survey.New(survey.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Cases: k.Service})
		fn(t, r)
	}, append(feedbacktest.Migrations, similar.Migrations, follow.Migrations, survey.Migrations)...)
}

// byMessage takes in what somebody wrote to the ward's account.
func (r rooms) byMessage(door feedback.Door, account, person, text string) feedback.Case {
	r.T.Helper()
	c, err := r.Service.Take(context.Background(), feedbacktest.Officer, feedback.Intake{UnitID: orgunittest.VinhHung, Kind: feedback.Report, Text: text, Door: door,
		Return: feedback.Return{AccountID: account, PersonID: person}, MayPublish: true, SourceKey: person})
	if err != nil {
		r.T.Fatal(err)
	}
	return c
}

// sentTo lists what went to a person behind a channel, in order.
func (r rooms) sentTo(person string) []string {
	var out []string
	for _, m := range r.Replies.Sent {
		if m.PersonID == person {
			out = append(out, m.Text)
		}
	}
	return out
}

func count(list []string, part string) int {
	n := 0
	for _, s := range list {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}

const answer = "Đèn đã thay xong ngày 25/11/2026. Ông Nguyễn Văn Mẫu, điện thoại 0912 000 678, đã ký nhận."

// One question of four people: the one who asked first on the portal, one on Zalo, one on Facebook, one who follows on the
// portal. Each is told once, by their own door; nobody reads another's name.
func TestOneAnswerManyDoors(t *testing.T) {
	each(t, func(t *testing.T, r rooms) {
		ctx := context.Background()
		s := r.Service
		main := r.Ask()
		zalo := r.byMessage(feedback.DoorZalo, "oa-1", "zalo-7", "Đèn đường khối Kim Tân hỏng hai tháng nay, tối không đi được")
		face := r.byMessage(feedback.DoorFacebook, "page-1", "fb-9", "Cho hỏi đèn đường Kim Tân bao giờ sửa, hỏng mấy tháng rồi")
		if err := r.similar.Open(ctx, feedbacktest.Officer, main.ID, "Đèn đường khối Kim Tân hỏng, tối nguy hiểm"); err != nil {
			t.Fatal(err)
		}
		f, err := r.follow.Follow(ctx, main.ID, "form-1")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := r.follow.Follow(ctx, main.ID, "form-1"); err != nil || again.Code != f.Code {
			t.Fatalf("the same form again: %+v, %v", again, err)
		}
		// Facebook into Zalo, Zalo into the main case: both hang on it.
		for _, m := range [][2]string{{face.ID, zalo.ID}, {zalo.ID, main.ID}} {
			if _, err := s.Merge(ctx, feedbacktest.Officer, m[0], m[1], "Cùng một việc"); err != nil {
				t.Fatal(err)
			}
		}
		r.Drain()
		if sup, err := r.follow.SupportOf(ctx, feedbacktest.Officer, main.ID); err != nil || sup.Followers != 1 || len(sup.Merged) != 2 {
			t.Fatalf("support: %+v, %v", sup, err)
		}
		if n, err := r.follow.Count(ctx, []string{main.ID, zalo.ID}); err != nil || n[main.ID] != 3 || n[zalo.ID] != 0 {
			t.Fatalf("public count: %v, %v", n, err)
		}
		m, err := s.ByCode(ctx, identity.Citizen(), face.Code)
		if err != nil || m.Lead == nil || m.Lead.CaseID != main.ID || m.Lead.Answer != "" || m.Lead.State != feedback.StateReceived {
			t.Fatalf("the code of a merged case: %+v, %v", m.Lead, err)
		}
		r.Answer(main.ID, answer, false)
		r.Drain()
		for _, person := range []string{"zalo-7", "fb-9"} {
			if got := r.sentTo(person); count(got, "feedback.say.told") != 1 || count(got, "feedback.say.merge") != 1 {
				t.Errorf("%s was sent %q", person, got)
			}
			if got := r.sentTo(person); count(got, "0912 000 678") != 0 || count(got, "Đèn đã thay xong") != 1 {
				t.Errorf("%s reads %q", person, got)
			}
		}
		if v, err := r.follow.ByCode(ctx, strings.ToLower(f.Code)); err != nil || !strings.Contains(v.Lead.Answer, "Đèn đã thay xong") || strings.Contains(v.Lead.Answer, "0912") {
			t.Fatalf("the follower reads %+v, %v", v, err)
		}
		// Told again by a second run of the same event: nothing new goes out.
		before := len(r.Replies.Sent)
		d, _ := s.Dossier(ctx, feedbacktest.Officer, main.ID)
		approve := d.Events[slices.IndexFunc(d.Events, func(e feedback.Event) bool { return e.Step == feedback.StepApprove })]
		if err := r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return r.Queue.Publish(ctx, tx, feedback.Answered{CaseID: main.ID, UnitID: main.HolderUnitID, EventID: approve.ID})
		}); err != nil {
			t.Fatal(err)
		}
		r.Drain()
		if len(r.Replies.Sent) != before {
			t.Errorf("told twice: %q", r.Replies.Texts()[before:])
		}
		// Four weeks later each is asked once whether it has been done.
		r.Clock.Advance(survey.AfterDays*24*time.Hour + time.Hour)
		for range 2 {
			if err := r.survey.Sweep(ctx, identity.System("test")); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.sentTo("zalo-7"); count(got, "feedback.say.survey") != 1 {
			t.Errorf("survey: %q", got)
		}
		if err := r.survey.Say(ctx, identity.Citizen(), zalo.Code, 4, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("an answer that is none: %v", err)
		}
		if err := r.survey.Say(ctx, identity.Citizen(), zalo.Code, 2, "Mới thay một nửa"); err != nil {
			t.Fatal(err)
		}
		if err := r.survey.Say(ctx, identity.Citizen(), f.Code, 2, ""); err == nil {
			t.Error("a follower's code answered the survey of a case")
		}
		got, err := r.survey.Tallies(ctx, orgunittest.Province)
		if err != nil || len(got) != 1 || got[0] != (survey.Tally{UnitID: orgunittest.VinhHung, Asked: 3, Answered: 1, Partly: 1}) {
			t.Errorf("tally: %+v, %v", got, err)
		}
		if a, err := r.survey.Result(ctx, feedbacktest.Officer, zalo.ID); err != nil || a.Comment != "Mới thay một nửa" {
			t.Errorf("the desk reads %+v, %v", a, err)
		}
		if _, err := r.survey.Result(ctx, feedbacktest.Stranger, zalo.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger reads the survey: %v", err)
		}
	})
}

// Merging has its rules, and what was merged goes its own way again with its history and those who hang on it.
func TestMergeAndUnmerge(t *testing.T) {
	each(t, func(t *testing.T, r rooms) {
		ctx := context.Background()
		s := r.Service
		a, b, c := r.Ask(), r.Ask(), r.Ask()
		secret := r.Ask(func(in *feedback.Intake) { in.Kind = feedback.Complaint })
		refused := r.Ask()
		if _, err := s.Refuse(ctx, feedbacktest.Officer, refused.ID, "Không có thật"); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			actor      identity.Actor
			from, into string
			want       fault.Kind
		}{
			"into itself":      {feedbacktest.Officer, a.ID, a.ID, fault.Conflict},
			"another desk":     {feedbacktest.OtherOfficer, b.ID, a.ID, fault.NotFound},
			"reads, works not": {feedbacktest.ProvinceOfficer, b.ID, a.ID, fault.Forbidden},
			"into a complaint": {feedbacktest.Officer, b.ID, secret.ID, fault.NotFound},
			"into a refused":   {feedbacktest.Officer, b.ID, refused.ID, fault.Conflict},
			"of nothing":       {feedbacktest.Officer, b.ID, "nothing", fault.NotFound},
			"a refused one":    {feedbacktest.Officer, refused.ID, a.ID, fault.Conflict},
		} {
			if _, err := s.Merge(ctx, tc.actor, tc.from, tc.into, ""); err == nil || fault.KindOf(err) != tc.want {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		merge := func(from, into string) {
			t.Helper()
			if _, err := s.Merge(ctx, feedbacktest.Officer, from, into, "Cùng một việc"); err != nil {
				t.Fatal(err)
			}
		}
		merge(c.ID, b.ID)
		merge(b.ID, a.ID)
		if _, err := s.Merge(ctx, feedbacktest.Officer, a.ID, c.ID, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a circle: %v", err)
		}
		if _, n, err := s.Cases(ctx, feedbacktest.Officer, feedback.Filter{Open: true}); err != nil || n != 1 {
			t.Errorf("open cases: %d, %v", n, err)
		}
		r.Clock.Advance(30 * 24 * time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Look(ctx, feedbacktest.Officer, b.ID); err != nil || !got.OverdueAt.IsZero() || got.HolderUnitID == "" {
			t.Errorf("the clock of a merged case runs: %+v, %v", got, err)
		}
		if _, err := s.Unmerge(ctx, feedbacktest.Officer, b.ID, ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		back, err := s.Unmerge(ctx, feedbacktest.Officer, b.ID, "Hai nơi khác nhau")
		if err != nil || back.State != feedback.StateWorking || back.MergedInto != "" || back.Deadline <= b.Deadline {
			t.Fatalf("unmerged: %+v, %v", back, err)
		}
		under, err := s.MergedUnder(ctx, feedbacktest.Officer, b.ID)
		if err != nil || len(under) != 1 || under[0].ID != c.ID {
			t.Errorf("who hangs on it: %v, %v", under, err)
		}
		// The citizen may take a case out too: it was not the same matter.
		if got, err := s.Reopen(ctx, identity.Citizen(), c.Code, "Tôi hỏi đèn ở ngõ khác"); err != nil || got.State != feedback.StateWorking {
			t.Errorf("taken out by the citizen: %+v, %v", got, err)
		}
		d, err := s.Dossier(ctx, feedbacktest.Officer, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		var steps []feedback.Step
		for _, e := range d.Events {
			steps = append(steps, e.Step)
		}
		if !slices.Contains(steps, feedback.StepMerge) || !slices.Contains(steps, feedback.StepUnmerge) {
			t.Errorf("history: %v", steps)
		}
		// Merged into one that is answered already: told at once.
		zalo := r.byMessage(feedback.DoorZalo, "oa-1", "zalo-8", "Đèn đường khối Kim Tân vẫn hỏng, bao giờ thay")
		r.Answer(b.ID, "Đã thay đèn ngày 20/12/2026.", false)
		merge(zalo.ID, b.ID)
		r.Drain()
		if got := r.sentTo("zalo-8"); count(got, "Đã thay đèn") != 1 {
			t.Errorf("told of the standing answer: %q", got)
		}
		// Who asked the channel to be forgotten is told nothing more.
		if err := r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return r.Queue.Publish(ctx, tx, channel.PersonWithdrew{AccountID: "oa-1", PersonID: "zalo-8"})
		}); err != nil {
			t.Fatal(err)
		}
		r.Drain()
		if got, err := s.Look(ctx, feedbacktest.Officer, zalo.ID); err != nil || got.Return.Reachable() {
			t.Errorf("forgotten: %+v, %v", got.Return, err)
		}
	})
}

// What is not offered cannot be followed, and a follower who goes is no voice any more.
func TestFollowOnlyWhatIsOffered(t *testing.T) {
	each(t, func(t *testing.T, r rooms) {
		ctx := context.Background()
		c := r.Ask()
		if _, err := r.follow.Follow(ctx, c.ID, "x"); !fault.Is(err, fault.NotFound) {
			t.Fatalf("followed what nobody offered: %v", err)
		}
		if err := r.similar.Open(ctx, feedbacktest.Officer, c.ID, "Đèn đường khối Kim Tân hỏng hai tháng"); err != nil {
			t.Fatal(err)
		}
		f, err := r.follow.Follow(ctx, c.ID, "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.follow.End(ctx, f.Code); err != nil {
			t.Fatal(err)
		}
		if n, err := r.follow.Count(ctx, []string{c.ID}); err != nil || n[c.ID] != 0 {
			t.Errorf("counts a follower who went: %v, %v", n, err)
		}
		if _, err := r.Service.Classify(ctx, feedbacktest.Officer, c.ID, feedback.Denunciation, "Tố cáo"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.follow.ByCode(ctx, f.Code); !fault.Is(err, fault.NotFound) {
			t.Errorf("a denunciation leads its followers: %v", err)
		}
	})
}
