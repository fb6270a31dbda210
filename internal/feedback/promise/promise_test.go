package promise_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/workday"
)

func TestFind(t *testing.T) {
	for text, want := range map[string][]clock.Date{
		"Đèn sẽ được thay trước ngày 10/12/2026. Cảm ơn bà.":          {"2026-12-10"},
		"Chúng tôi cam kết xong trong tháng 2/2027.":                  {"2027-02-28"},
		"Chậm nhất quý I/2027 đường xong.":                            {"2027-03-31"},
		"Dự kiến cuối năm 2026.":                                      {"2026-12-31"},
		"Sẽ trả lời trong 10 ngày.":                                   {"2026-12-03"},
		"Sẽ trả lời trong vòng 10 ngày làm việc.":                     {"2026-12-07"},
		"Sẽ làm ngày 5/1.":                                            {"2027-01-05"},
		"Sẽ làm trước ngày 31/02/2027.":                               {""},
		"Sẽ báo lại.":                                                 {""},
		"Việc đã làm xong ngày 1/11/2026.":                            nil,
		"Bánh kẽ và sẽo không phải lời hứa hẹn nào":                   {""},
		"Sở Xây dựng nêu:\n> Chúng tôi sẽ làm sau.\nĐã làm.":          nil,
		"Sẽ vá đường. Sẽ vá  đường. Sẽ thay đèn trước ngày 1/12/2026": {"", "2026-12-01"},
		"": nil,
	} {
		got := promise.Find(text, "2026-11-23", workday.New())
		if len(got) != len(want) {
			t.Errorf("%q: %+v, want %q", text, got, want)
			continue
		}
		for i := range got {
			if got[i].Due != want[i] {
				t.Errorf("%q: due %q, want %q", text, got[i].Due, want[i])
			}
		}
	}
}

func TestReadDate(t *testing.T) {
	for in, want := range map[string]clock.Date{"31/12/2026": "2026-12-31", "2026-12-31": "2026-12-31", " 1/2/2027 ": "2027-02-01", "31/02/2027": "", "2027-02-31": "", "mai": "", "": "", "1/13/2026": ""} {
		if got, ok := promise.ReadDate(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("Đèn sẽ được thay trước ngày 10/12/2026. Chậm nhất quý IV/2027")
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range promise.Find(s, "2026-11-23", nil) {
			if p.Due != "" && !p.Due.Valid() {
				t.Errorf("%q: due %q", s, p.Due)
			}
		}
	})
}

// Each promise stands in exactly one place, and the SQL says the same as the rule.
func TestStands(t *testing.T) {
	const today = clock.Date("2026-12-01")
	for name, tc := range map[string]struct {
		p    promise.Promise
		want promise.Standing
	}{
		"to come":       {promise.Promise{State: promise.StateOpen, Due: "2026-12-01"}, promise.Waiting},
		"passed":        {promise.Promise{State: promise.StateOpen, Due: "2026-11-30"}, promise.Late},
		"kept":          {promise.Promise{State: promise.StateKept, Due: "2026-11-30", KeptOn: "2026-11-30"}, promise.Kept},
		"kept late":     {promise.Promise{State: promise.StateKept, Due: "2026-11-30", KeptOn: "2026-12-01"}, promise.Late},
		"moved":         {promise.Promise{State: promise.StateOpen, Due: "2026-12-30", Changes: 1}, promise.Changed},
		"moved, kept":   {promise.Promise{State: promise.StateKept, Due: "2026-11-30", KeptOn: "2026-11-20", Changes: 2}, promise.Changed},
		"moved, passed": {promise.Promise{State: promise.StateOpen, Due: "2026-11-30", Changes: 1}, promise.Late},
	} {
		if got := tc.p.Stands(today); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

type rooms struct {
	*feedbacktest.Kit
	p *promise.Service
}

func each(t *testing.T, fn func(t *testing.T, r rooms)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		p := promise.New(promise.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Calendar: workday.New(), Cases: k.Service, Pictures: feedbacktest.Pictures{}, Audit: k.Audit})
		k.Service.BeforeSubmit(p.Gate)
		fn(t, rooms{k, p})
	}, append(feedbacktest.Migrations, promise.Migrations)...)
}

const text = "Cảm ơn bà đã báo tin. Đèn sẽ được thay trước ngày 10/12/2026. Chúng tôi sẽ luôn lắng nghe."

// decide confirms the first promise of the text and dismisses the second.
func (r rooms) decide(caseID string) error {
	found := promise.Find(text, r.p.Today(), nil)
	return r.p.Decide(context.Background(), feedbacktest.Officer, caseID, text, []promise.Decision{
		{Mark: found[0].Mark, Keep: true, What: "Thay đèn đường khối Kim Tân", Who: "UBND phường Vinh Hưng", Place: "khối Kim Tân", Due: "10/12/2026"},
		{Mark: found[1].Mark, Reason: "Lời chào, không phải việc cụ thể"},
	})
}

// The whole life of a promise: found, decided, given, moved, kept, disputed with a photo, kept late.
func TestLifeOfAPromise(t *testing.T) {
	each(t, func(t *testing.T, r rooms) {
		ctx := context.Background()
		c := r.Ask()
		_, err := r.Service.Submit(ctx, feedbacktest.Officer, c.ID, text)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "promise.undecided") {
			t.Fatalf("put forward undecided: %v", err)
		}
		found := promise.Find(text, r.p.Today(), nil)
		err = r.p.Decide(ctx, feedbacktest.Officer, c.ID, text, []promise.Decision{{Mark: found[0].Mark, Keep: true, What: "Gọi 0912 345 678", Due: "31/02/2027"}, {Mark: found[1].Mark}})
		for _, want := range []string{"feedback.copy_personal", "feedback.date_bad", "promise.why_required"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("decisions with %s: %v", want, err)
			}
		}
		if err := r.p.Decide(ctx, feedbacktest.Stranger, c.ID, text, nil); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger decides: %v", err)
		}
		for range 2 {
			if err := r.decide(c.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, n, err := r.p.List(ctx, promise.Filter{}); err != nil || n != 0 {
			t.Fatalf("public before the answer is given: %d, %v", n, err)
		}
		c = r.Answer(c.ID, text, true)
		r.Drain()
		list, n, err := r.p.List(ctx, promise.Filter{UnitID: orgunittest.Province, Text: "den duong", Per: 10})
		if err != nil || n != 1 || list[0].Due != "2026-12-10" || list[0].UnitID != orgunittest.VinhHung || list[0].Stands(r.p.Today()) != promise.Waiting {
			t.Fatalf("the ledger: %+v, %d, %v", list, n, err)
		}
		p := list[0]
		r.Clock.Advance(15 * 24 * time.Hour)
		for range 2 {
			if err := r.p.Sweep(ctx, identity.System("test")); err != nil {
				t.Fatal(err)
			}
		}
		_, steps, err := r.p.OfCase(ctx, feedbacktest.Officer, c.ID)
		if err != nil || len(steps[p.ID]) != 2 || steps[p.ID][1].Step != promise.StepRemind {
			t.Fatalf("reminded once: %+v, %v", steps[p.ID], err)
		}
		if due, err := r.p.DueSoon(ctx, feedbacktest.Leader); err != nil || len(due) != 1 {
			t.Fatalf("due this week: %+v, %v", due, err)
		}
		if due, err := r.p.DueSoon(ctx, feedbacktest.OtherOfficer); err != nil || len(due) != 0 {
			t.Fatalf("due at another ward: %+v, %v", due, err)
		}
		for name, change := range map[string][2]string{"no reason": {"20/12/2026", ""}, "no day": {"31/02/2027", "Thiếu vật tư"}, "earlier": {"05/12/2026", "Thiếu vật tư"}} {
			if _, err := r.p.Change(ctx, feedbacktest.Officer, p.ID, change[0], change[1]); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.p.Change(ctx, feedbacktest.OtherOfficer, p.ID, "20/12/2026", "Thiếu"); !fault.Is(err, fault.NotFound) {
			t.Errorf("another desk: %v", err)
		}
		if p, err = r.p.Change(ctx, feedbacktest.Officer, p.ID, "20/12/2026", "Chờ vật tư"); err != nil || p.Due != "2026-12-20" || p.FirstDue != "2026-12-10" || p.Stands(r.p.Today()) != promise.Changed {
			t.Fatalf("moved: %+v, %v", p, err)
		}
		if _, err := r.p.Keep(ctx, feedbacktest.Officer, p.ID, "25/12/2027", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("kept in the future: %v", err)
		}
		if _, err := r.p.Dispute(ctx, p.ID, strings.NewReader("x"), "Chưa thay"); !fault.Is(err, fault.Conflict) {
			t.Errorf("disputed before it was kept: %v", err)
		}
		if p, err = r.p.Keep(ctx, feedbacktest.Officer, p.ID, "", "Đã thay 12 bóng"); err != nil || p.State != promise.StateKept {
			t.Fatalf("kept: %+v, %v", p, err)
		}
		for name, d := range map[string]struct{ photo, words string }{"no words": {"x", ""}, "no picture": {"bad", "Chưa thay"}} {
			if _, err := r.p.Dispute(ctx, p.ID, strings.NewReader(d.photo), d.words); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.p.Dispute(ctx, p.ID, nil, "Chưa thay"); !fault.Is(err, fault.Invalid) {
			t.Errorf("no photo: %v", err)
		}
		if p, err = r.p.Dispute(ctx, p.ID, strings.NewReader("photo"), "Đèn cuối ngõ vẫn hỏng, tôi tên Mẫu"); err != nil || p.State != promise.StateOpen || p.Reopened != 1 {
			t.Fatalf("disputed: %+v, %v", p, err)
		}
		history, err := r.p.History(ctx, p.ID)
		if err != nil || len(history) != 4 || history[1].OldDue != "2026-12-10" {
			t.Fatalf("history: %+v, %v", history, err)
		}
		for _, e := range history {
			if e.ActorName != "" || e.PictureID != "" || strings.Contains(e.Words, "Mẫu") {
				t.Errorf("the public history names somebody: %+v", e)
			}
		}
		r.Clock.Advance(30 * 24 * time.Hour)
		for standing, want := range map[promise.Standing]int{promise.Late: 1, promise.Changed: 0, promise.Kept: 0, promise.Waiting: 0} {
			if _, n, err := r.p.List(ctx, promise.Filter{Standing: standing}); err != nil || n != want {
				t.Errorf("%s: %d, %v", standing, n, err)
			}
		}
		if got, err := r.p.Tallies(ctx, ""); err != nil || len(got) != 1 || got[0] != (promise.Tally{UnitID: orgunittest.VinhHung, Total: 1, Late: 1}) {
			t.Errorf("tally: %+v, %v", got, err)
		}
		// The unit passes into another: what it owes comes along.
		if lines, err := r.p.Mover().Preview(ctx, []string{orgunittest.VinhHung}); err != nil || len(lines) != 1 || lines[0].Count != 1 {
			t.Errorf("preview: %+v, %v", lines, err)
		}
		if err := r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return r.p.Mover().Move(ctx, tx, orgunittest.VinhHung, orgunittest.TruongVinh, "2027-01-01")
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := r.p.Get(ctx, p.ID); err != nil || got.UnitID != orgunittest.TruongVinh {
			t.Errorf("moved: %+v, %v", got, err)
		}
	})
}

// A promise to a person who forbade publication is kept by the unit but stands on no public page; that of a case which became
// a denunciation is gone.
func TestNotEverythingIsPublic(t *testing.T) {
	each(t, func(t *testing.T, r rooms) {
		ctx := context.Background()
		private := r.Ask(func(in *feedback.Intake) { in.MayPublish = false })
		if err := r.decide(private.ID); err != nil {
			t.Fatal(err)
		}
		r.Answer(private.ID, text, false)
		r.Drain()
		list, _, err := r.p.OfCase(ctx, feedbacktest.Leader, private.ID)
		if err != nil || len(list) != 1 {
			t.Fatalf("the unit's own list: %+v, %v", list, err)
		}
		if _, err := r.p.Get(ctx, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("public: %v", err)
		}
		if _, err := r.p.Dispute(ctx, list[0].ID, strings.NewReader("x"), "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("disputed by anybody: %v", err)
		}
		// A draft whose sentence was taken out of the answer never comes into the ledger.
		other := r.Ask()
		if err := r.decide(other.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Service.Classify(ctx, feedbacktest.Officer, other.ID, feedback.Denunciation, "Tố cáo"); err != nil {
			t.Fatal(err)
		}
		r.Drain()
		third := r.Ask()
		if err := r.decide(third.ID); err != nil {
			t.Fatal(err)
		}
		r.Answer(third.ID, "Đèn đã thay xong.", true)
		r.Drain()
		if _, n, err := r.p.List(ctx, promise.Filter{}); err != nil || n != 0 {
			t.Errorf("public promises: %d, %v", n, err)
		}
	})
}
