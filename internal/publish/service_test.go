package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

var now = publish.Approval{Mode: publish.ModeNow}

func each(t *testing.T, fn func(t *testing.T, w *pt.World)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, pt.New(t, d)) }, pt.Migrations...)
}

func want(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	fs := web.Faults(err)
	if len(fs) == 0 || fault.KindOf(err) != kind || fs[0].Key != key {
		t.Fatalf("got %v, want %s %s", err, kind, key)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func TestFromDraftToEveryAccount(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		d := pt.Everywhere("Thư mời của ((tên đơn vị))")
		d.Body = "<p>Liên hệ ((đường dây nóng)).</p>"
		d.Editions = []publish.Edition{{Kind: channel.Zalo, Words: publish.Words{Title: "Mời ((tên ngắn))"}}}
		p := w.Write(t, d)
		p = w.Approve(t, p, publish.Approval{Mode: publish.ModeNow, Announce: true})
		if p.State != publish.StatePublished || p.Live != 1 || p.Slug != "thu-moi-cua" {
			t.Fatalf("after approval: %+v", p)
		}
		w.Drain(t)
		for range 400 { // a broadcast comes a moment after its article
			if w.Zalo.Announced() == 4 {
				break
			}
			time.Sleep(25 * time.Millisecond)
			w.Drain(t)
		}
		shown := w.Zalo.Standing()
		if len(shown) != 4 || w.Zalo.Most() != 1 || len(w.Facebook.Standing()) != 1 || w.Zalo.Announced() != 4 {
			t.Fatalf("%d Zalo, at most %d times, %d Facebook, %d announced", len(shown), w.Zalo.Most(), len(w.Facebook.Standing()), w.Zalo.Announced())
		}
		titles := map[string]bool{}
		for _, c := range shown {
			titles[c.Title] = true
			if c.Text != "Liên hệ 0238 000 0000." || !strings.HasSuffix(c.Link, "/tin/thu-moi-cua") {
				t.Errorf("content %+v", c)
			}
		}
		if !titles["Mời Vinh Hưng"] || !titles["Mời Nghệ An"] || len(titles) != 4 {
			t.Errorf("titles %v", titles)
		}
		wall := must[publish.Wall](t)(w.Publish.Wall(ctx, pt.Hoa, p.ID, channel.Zalo))
		if len(wall.Squares) != 4 || wall.Busy || wall.Done(channel.Zalo, channel.DeliveryPublished) != 4 || wall.Squares[0].Unit.ID != orgunittest.Province {
			t.Errorf("wall %+v", wall)
		}
		art := must[publish.Article](t)(w.Publish.Article(ctx, orgunittest.VinhHung, "thu-moi-cua"))
		if art.Title != "Thư mời của Phường Vinh Hưng" || art.HTML != "<p>Liên hệ 0238 000 0000.</p>" {
			t.Errorf("article %+v", art)
		}
		if _, err := w.Publish.Article(ctx, orgunittest.AreaSen, "thu-moi-cua"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an area below the communes has it: %v", err)
		}
	})
}

func TestFourEyes(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := must[publish.Post](t)(w.Publish.Create(ctx, pt.Giang, orgunittest.Province, pt.Everywhere("Bài của Giang")))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.Giang, p.ID, p.Rev))
		_, err := w.Publish.Approve(ctx, pt.Giang, p.ID, p.Rev, now)
		want(t, err, fault.Forbidden, "publish.four_eyes")
		_, err = w.Publish.Return(ctx, pt.Giang, p.ID, p.Rev, "Tự trả")
		want(t, err, fault.Forbidden, "publish.four_eyes")
		w.Approve(t, p, now)

		// Who only changed a word of another's draft has written too, also when it came back in between.
		p = must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Bài của An")))
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.Giang, p.ID, p.Rev, pt.Everywhere("Bài của An, Giang sửa")))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		_, err = w.Publish.Approve(ctx, pt.Giang, p.ID, p.Rev, now)
		want(t, err, fault.Forbidden, "publish.four_eyes")
		p = must[publish.Post](t)(w.Publish.Return(ctx, pt.Binh, p.ID, p.Rev, "Thiếu giờ"))
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("Bài của An, lần hai")))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		_, err = w.Publish.Approve(ctx, pt.Giang, p.ID, p.Rev, now)
		want(t, err, fault.Forbidden, "publish.four_eyes")
		if len(w.Zalo.Standing()) != 0 && p.Live != 0 {
			t.Error("something went out")
		}
	})
}

func TestRightsEndAtTheUnit(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		stranger := identitytest.Official("xa", identity.RoleEditor, orgunittest.KimLien)
		admin := identitytest.Official("it", identity.RoleSystemAdmin, orgunittest.Province)
		p := w.Write(t, pt.Everywhere("Bài của tỉnh"))
		for name, a := range map[string]identity.Actor{"stranger": stranger, "ward": pt.Dung, "it": admin, "citizen": identity.Citizen()} {
			kind := fault.NotFound
			if name == "citizen" {
				kind = fault.Unauthenticated
			}
			_, open := w.Publish.Open(ctx, a, p.ID)
			_, wall := w.Publish.Wall(ctx, a, p.ID, "")
			_, plan := w.Publish.Plan(ctx, a, p.ID, time.Time{})
			_, _, prev := w.Publish.Preview(ctx, a, p.ID, channel.Zalo, "")
			_, save := w.Publish.Save(ctx, a, p.ID, p.Rev, pt.Everywhere("x"))
			_, appr := w.Publish.Approve(ctx, a, p.ID, p.Rev, now)
			_, retr := w.Publish.Retract(ctx, a, p.ID, p.Rev, "x")
			_, retry := w.Publish.Retry(ctx, a, p.ID, "")
			for i, err := range []error{open, wall, plan, prev, save, appr, retr, retry, w.Publish.Comment(ctx, a, p.ID, "x"), w.Publish.ReleaseRest(ctx, a, p.ID)} {
				if !fault.Is(err, kind) {
					t.Errorf("%s, use case %d: %v", name, i, err)
				}
			}
			ps, n, err := w.Publish.List(ctx, a, publish.Filter{}, 1)
			if err != nil || n != 0 || len(ps) != 0 {
				t.Errorf("%s lists %d posts, %v", name, n, err)
			}
			if ex, err := w.Publish.Export(ctx, a, publish.Filter{}); err != nil || len(ex) != 0 {
				t.Errorf("%s exports %d, %v", name, len(ex), err)
			}
			if items, err := w.Publish.Waiting(ctx, a); err != nil || len(items) != 0 {
				t.Errorf("%s waits for %v, %v", name, items, err)
			}
		}
		_, err := w.Publish.Create(ctx, pt.Cuc, orgunittest.Province, pt.Everywhere("x"))
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward's editor writes for the province: %v", err)
		}
		_, err = w.Publish.Create(ctx, pt.Cuc, orgunittest.VinhHung, pt.Draft("x", orgunittest.KimLien))
		want(t, err, fault.Invalid, "publish.target_not_yours")
		_, err = w.Publish.Create(ctx, pt.Hoa, orgunittest.Province, pt.Everywhere("x"))
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("a leader writes: %v", err)
		}
		if ps, n, _ := w.Publish.List(ctx, pt.Hoa, publish.Filter{Text: "bai cua TINH", States: []publish.State{publish.StateReview}}, 1); n != 1 || len(ps) != 1 {
			t.Errorf("the leader finds %d", n)
		}
	})
}

func TestTwoApproveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Write(t, pt.Everywhere("Một lần thôi"))
		other := identitytest.Official("bich", identity.RoleApprover, orgunittest.Province)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Add(1)
			go func() {
				defer wg.Done()
				a := pt.Binh
				if i%2 == 1 {
					a = other
				}
				_, errs[i] = w.Publish.Approve(ctx, a, p.ID, p.Rev, now)
			}()
		}
		wg.Wait()
		yes := 0
		for _, err := range errs {
			if err == nil {
				yes++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
		w.Drain(t)
		ds := must[[]channel.Delivery](t)(w.Channel.Deliveries(ctx, p.ID))
		if yes != 1 || len(ds) != 9 || w.Zalo.Most() != 1 {
			t.Errorf("%d approvals, %d deliveries, at most %d times", yes, len(ds), w.Zalo.Most())
		}
	})
}

func TestSavingOverAnother(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Bản một")))
		must[publish.Post](t)(w.Publish.Save(ctx, pt.Giang, p.ID, p.Rev, pt.Everywhere("Giang")))
		_, err := w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("An"))
		want(t, err, fault.Conflict, "publish.changed_meanwhile")
		f := must[publish.File](t)(w.Publish.Open(ctx, pt.An, p.ID))
		if f.Now.Title != "Giang" || f.Title != "Giang" {
			t.Errorf("stored %q", f.Now.Title)
		}
	})
}

func TestReturnedPostKeepsItsVersions(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Write(t, pt.Everywhere("Lần một"))
		_, err := w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("trong lúc duyệt"))
		want(t, err, fault.Conflict, "publish.not_editable")
		_, err = w.Publish.Return(ctx, pt.Binh, p.ID, p.Rev, "  ")
		want(t, err, fault.Invalid, "publish.reason_missing")
		p = must[publish.Post](t)(w.Publish.Return(ctx, pt.Binh, p.ID, p.Rev, "Thiếu giờ họp"))
		items := must[[]publish.WorkItem](t)(w.Publish.Waiting(ctx, pt.An))
		if len(items) != 1 || items[0].Kind != publish.WorkReturned {
			t.Fatalf("waiting %+v", items)
		}
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("Lần hai")))
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("Lần hai, sửa")))
		if p.Version != 2 || p.State != publish.StateDraft {
			t.Fatalf("%+v", p)
		}
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		f := must[publish.File](t)(w.Publish.Open(ctx, pt.Binh, p.ID))
		before, ok := f.Before()
		step, _ := f.Last("return")
		if !ok || before.Title != "Lần một" || f.Now.Title != "Lần hai, sửa" || step.Note != "Thiếu giờ họp" || step.ActorName != pt.Binh.Name {
			t.Errorf("before %q now %q step %+v", before.Title, f.Now.Title, step)
		}
		if items := must[[]publish.WorkItem](t)(w.Publish.Waiting(ctx, pt.Binh)); len(items) != 1 || items[0].Kind != publish.WorkReview {
			t.Errorf("the approver waits for %+v", items)
		}
		if items := must[[]publish.WorkItem](t)(w.Publish.Waiting(ctx, pt.Dung)); len(items) != 0 {
			t.Errorf("a ward's approver waits for %+v", items)
		}
		if len(w.Trail.Acts) != 4 {
			t.Errorf("%d acts in the audit log", len(w.Trail.Acts))
		}
	})
}

func TestCanary(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		canary := publish.Approval{Mode: publish.ModeNow, WantCanary: true}
		p := w.Approve(t, w.Write(t, pt.Everywhere("Chim hoàng yến")), canary)
		if p.Canary != publish.CanaryWaiting {
			t.Fatalf("canary %q", p.Canary)
		}
		w.Drain(t)
		if n := len(w.Zalo.Standing()) + len(w.Facebook.Standing()); n != 5 {
			t.Fatalf("%d outside after the first were confirmed", n)
		}
		f := must[publish.File](t)(w.Publish.Open(ctx, pt.Binh, p.ID))
		if _, ok := f.Last("release"); !ok || f.Canary != publish.CanaryReleased {
			t.Errorf("canary %q", f.Canary)
		}

		w.Zalo.Refuse(func(channel.Account) error { return pt.Broken(channel.Zalo) })
		p = w.Approve(t, w.Write(t, pt.Everywhere("Lần này hỏng")), canary)
		w.Drain(t)
		if n := len(w.Zalo.Standing()); n != 4 {
			t.Fatalf("%d outside", n)
		}
		if items := must[[]publish.WorkItem](t)(w.Publish.Waiting(ctx, pt.Binh)); len(items) != 1 || items[0].Kind != publish.WorkCanary {
			t.Fatalf("waiting %+v", items)
		}
		wall := must[publish.Wall](t)(w.Publish.Wall(ctx, pt.Binh, p.ID, ""))
		if wall.Held != 2 || wall.Busy || wall.Done(channel.Zalo, channel.DeliveryFailed) != 2 {
			t.Errorf("held %d busy %v counts %v", wall.Held, wall.Busy, wall.Counts)
		}
		w.Zalo.Refuse(nil)
		if err := w.Publish.ReleaseRest(ctx, pt.An, p.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an editor releases: %v", err)
		}
		if err := w.Publish.ReleaseRest(ctx, pt.Binh, p.ID); err != nil {
			t.Fatal(err)
		}
		want(t, w.Publish.ReleaseRest(ctx, pt.Binh, p.ID), fault.Conflict, "publish.nothing_held")
		if n := must[int](t)(w.Publish.Retry(ctx, pt.Binh, p.ID, "")); n != 2 {
			t.Errorf("%d tried again", n)
		}
		w.Drain(t)
		if n := len(w.Zalo.Standing()); n != 4 || w.Zalo.Most() != 2 {
			t.Errorf("%d accounts, at most %d posts each", n, w.Zalo.Most())
		}
	})
}

func TestCorrectionOvertakesWhatIsHeld(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		w.Zalo.Refuse(func(channel.Account) error { return pt.Broken(channel.Zalo) })
		p := w.Approve(t, w.Write(t, pt.Everywhere("Bản một")), publish.Approval{Mode: publish.ModeNow, WantCanary: true})
		w.Drain(t)
		w.Zalo.Refuse(nil)
		p = must[publish.Post](t)(w.Publish.Correct(ctx, pt.An, p.ID, p.Rev))
		d := pt.Everywhere("Bản hai")
		d.Erratum = "Tiêu đề đã sửa."
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, d))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		p = w.Approve(t, p, now)
		w.Drain(t)
		shown := w.Zalo.Standing()
		for _, c := range shown {
			if c.Title != "Bản hai" {
				t.Errorf("shows %q", c.Title)
			}
		}
		if len(shown) != 4 || w.Zalo.Most() != 1 || p.Canary != publish.CanaryReleased {
			t.Errorf("%d at Zalo, at most %d times, canary %q", len(shown), w.Zalo.Most(), p.Canary)
		}
	})
}

// TestAnyWayOfAPost lets officials press buttons at random; whatever they do, an account is asked for one version only once,
// shows only approved words, and a version that went to review never changes.
func TestAnyWayOfAPost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		w := pt.New(t, dbtest.SQLite(t, pt.Migrations...))
		rnd := rand.New(rand.NewPCG(seed, 7))
		ctx := context.Background()
		p := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Bản 0")))
		frozen := map[int]string{}
		for step := range 30 {
			rev := p.Rev
			if rnd.IntN(6) == 0 {
				rev-- // somebody works on an old page
			}
			d := pt.Everywhere(fmt.Sprintf("Bản %d", step))
			d.Erratum = "Đã sửa."
			acts := []func() (publish.Post, error){
				func() (publish.Post, error) { return w.Publish.Save(ctx, pt.An, p.ID, rev, d) },
				func() (publish.Post, error) { return w.Publish.Submit(ctx, pt.An, p.ID, rev) },
				func() (publish.Post, error) { return w.Publish.Approve(ctx, pt.Binh, p.ID, rev, now) },
				func() (publish.Post, error) { return w.Publish.Return(ctx, pt.Binh, p.ID, rev, "Sửa lại") },
				func() (publish.Post, error) { return w.Publish.Correct(ctx, pt.An, p.ID, rev) },
				func() (publish.Post, error) { return w.Publish.Discard(ctx, pt.An, p.ID, rev) },
				func() (publish.Post, error) { return w.Publish.Retract(ctx, pt.Binh, p.ID, rev, "Gỡ") },
			}
			n := rnd.IntN(len(acts))
			if n >= 5 && rnd.IntN(4) > 0 { // the last two end a post: not too soon
				n = rnd.IntN(5)
			}
			if q, err := acts[n](); err == nil {
				p = q
			} else if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid && k != fault.NotFound {
				t.Fatalf("seed %d step %d act %d: %v", seed, step, n, err)
			}
			if p.State == publish.StateDiscarded {
				break
			}
			f := must[publish.File](t)(w.Publish.Open(ctx, pt.Binh, p.ID))
			for _, v := range f.Versions {
				if old, ok := frozen[v.Number]; ok && old != v.Title {
					t.Fatalf("seed %d: version %d changed from %q to %q after review", seed, v.Number, old, v.Title)
				}
				if !v.FrozenAt.IsZero() {
					frozen[v.Number] = v.Title
				}
			}
		}
		w.Drain(t)
		if w.Zalo.Most() > 1 {
			t.Errorf("seed %d: an account got the post %d times", seed, w.Zalo.Most())
		}
		for _, c := range w.Zalo.Standing() {
			if p.State == publish.StateRetracted || c.Title != frozen[p.Live] {
				t.Errorf("seed %d: %q stands although %s, live %q", seed, c.Title, p.State, frozen[p.Live])
			}
		}
		if p.Live > 0 && p.State != publish.StateRetracted && len(w.Zalo.Standing()) != 4 {
			t.Errorf("seed %d: %d accounts show it", seed, len(w.Zalo.Standing()))
		}
	}
}

func TestScheduledPostWaitsForItsHour(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Write(t, pt.Everywhere("Sáng mai"))
		_, err := w.Publish.Approve(ctx, pt.Binh, p.ID, p.Rev, publish.Approval{Mode: publish.ModeAt, At: w.Clock.Now().Add(-time.Minute)})
		want(t, err, fault.Invalid, "publish.hour_past")
		p = w.Approve(t, p, publish.Approval{Mode: publish.ModeAt, At: w.Clock.Now().Add(800 * time.Millisecond)})
		if p.State != publish.StateScheduled {
			t.Fatal(p.State)
		}
		if l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{}, 1)); l.Total != 0 {
			t.Error("public before its hour")
		}
		if _, err := w.Publish.Article(ctx, orgunittest.VinhHung, p.Slug); !fault.Is(err, fault.NotFound) {
			t.Errorf("article before its hour: %v", err)
		}
		w.Clock.Advance(time.Second)
		deadline := time.Now().Add(20 * time.Second)
		for {
			w.Drain(t)
			f := must[publish.File](t)(w.Publish.Open(ctx, pt.Binh, p.ID))
			if f.State == publish.StatePublished && len(w.Zalo.Standing()) == 4 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("state %s, %d at Zalo", f.State, len(w.Zalo.Standing()))
			}
			time.Sleep(20 * time.Millisecond)
		}
		if l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{}, 1)); l.Total != 1 {
			t.Error("not public at its hour")
		}
	})
}

func TestRetractBeforeItsHourLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Write(t, pt.Everywhere("Thôi"))
		p = w.Approve(t, p, publish.Approval{Mode: publish.ModeAt, At: w.Clock.Now().Add(time.Hour)})
		p = must[publish.Post](t)(w.Publish.Retract(ctx, pt.Binh, p.ID, p.Rev, "Hoãn họp"))
		w.Clock.Advance(2 * time.Hour)
		w.Drain(t)
		if len(w.Zalo.Standing()) != 0 {
			t.Error("it went out all the same")
		}
		if _, err := w.Publish.Article(ctx, orgunittest.VinhHung, p.Slug); !fault.Is(err, fault.NotFound) {
			t.Errorf("article: %v", err)
		}
	})
}

func TestCorrectionAndRetractionReachEveryPlace(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Live(t, pt.Everywhere("Họp lúc 7 giờ"))
		w.Clock.Advance(time.Hour)
		p = must[publish.Post](t)(w.Publish.Correct(ctx, pt.An, p.ID, p.Rev))
		d := pt.Everywhere("Họp lúc 8 giờ")
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, d))
		_, err := w.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
		want(t, err, fault.Invalid, "publish.erratum_missing")
		d.Erratum = "Giờ họp là 8 giờ, không phải 7 giờ."
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, d))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		if a := must[publish.Article](t)(w.Publish.Article(ctx, orgunittest.KimLien, p.Slug)); a.Title != "Họp lúc 7 giờ" || len(a.Errata) != 0 {
			t.Errorf("the old text no longer stands: %+v", a)
		}
		p = w.Approve(t, p, now)
		w.Drain(t)
		a := must[publish.Article](t)(w.Publish.Article(ctx, orgunittest.KimLien, p.Slug))
		if a.Title != "Họp lúc 8 giờ" || len(a.Errata) != 1 || a.Errata[0].Text != d.Erratum || a.UpdatedAt.Sub(a.PublishedAt) < time.Hour {
			t.Errorf("corrected: %+v", a)
		}
		for id, c := range w.Zalo.Standing() {
			if c.Title != "Họp lúc 8 giờ" {
				t.Errorf("%s still shows %q", id, c.Title)
			}
		}
		if w.Zalo.Most() != 1 {
			t.Error("the correction was put up as a second article")
		}
		_, err = w.Publish.Retract(ctx, pt.An, p.ID, p.Rev, "x")
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("an editor retracts: %v", err)
		}
		p = must[publish.Post](t)(w.Publish.Retract(ctx, pt.Binh, p.ID, p.Rev, "Cuộc họp đã hủy"))
		w.Drain(t)
		if n := len(w.Zalo.Standing()) + len(w.Facebook.Standing()); n != 0 {
			t.Errorf("%d places still show it", n)
		}
		a = must[publish.Article](t)(w.Publish.Article(ctx, orgunittest.KimLien, p.Slug))
		if !a.Retracted || a.Notice != "Cuộc họp đã hủy" || a.HTML != "" {
			t.Errorf("retracted: %+v", a)
		}
		if l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.KimLien, publish.PublicFilter{Query: "hop"}, 1)); l.Total != 0 {
			t.Error("still found")
		}
		_, err = w.Publish.Retract(ctx, pt.Binh, p.ID, p.Rev, "x")
		want(t, err, fault.Conflict, "publish.not_published")
	})
}

func TestCorrectionGivenUp(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Live(t, pt.Everywhere("Đang đứng"))
		p = must[publish.Post](t)(w.Publish.Correct(ctx, pt.An, p.ID, p.Rev))
		if !p.Correcting() {
			t.Error("not correcting")
		}
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, pt.Everywhere("Sửa dở")))
		p = must[publish.Post](t)(w.Publish.Discard(ctx, pt.An, p.ID, p.Rev))
		if p.State != publish.StatePublished || p.Title != "Đang đứng" || p.Version != 1 || p.Correcting() {
			t.Errorf("%+v", p)
		}
		d := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Bỏ")))
		must[publish.Post](t)(w.Publish.Discard(ctx, pt.An, d.ID, d.Rev))
		if _, err := w.Publish.Open(ctx, pt.An, d.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a discarded draft opens: %v", err)
		}
	})
}

func TestPlanTellsWhoIsLeftOut(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		ill := func(unit string, st channel.AccountState) {
			w.AddAccount(t, unit, channel.Facebook)
			err := w.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				_, err := w.Channel.Install(ctx, tx, channel.Account{UnitID: unit, Kind: channel.Facebook, ExternalID: "ext-facebook-" + unit, Name: "fb", State: st}, channel.Tokens{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		ill(orgunittest.VinhHung, channel.AccountReauth)
		ill(orgunittest.KimLien, channel.AccountPaused)
		d := pt.Everywhere("((chủ tịch)) mời họp")
		p := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, d))
		pl := must[publish.Plan](t)(w.Publish.Plan(ctx, pt.An, p.ID, time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)))
		got := map[publish.Reason]int{}
		for _, l := range pl.Left {
			got[l.Reason]++
		}
		// Only the province has a chair on record; the others' Zalo and portal are left out for want of a value, Facebook for its own reasons.
		if got[publish.ReasonReauth] != 1 || got[publish.ReasonPaused] != 1 || got[publish.ReasonNoAccount] != 1 || got[publish.ReasonNoValue] != 6 {
			t.Errorf("left out: %v", got)
		}
		if len(pl.Take) != 3 || !pl.Night || len(pl.Units) != 4 {
			t.Errorf("%d taken, night %v, %d units", len(pl.Take), pl.Night, len(pl.Units))
		}
		w.Profiles[orgunittest.VinhHung] = publish.Profile{Chair: strings.Repeat("Dài ", 50)}
		_, err := w.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
		want(t, err, fault.Invalid, "publish.too_long_for_unit")
	})
}

func TestTargets(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		g := must[publish.Group](t)(w.Publish.SaveGroup(ctx, pt.An, publish.Group{UnitID: orgunittest.Province, Name: "Hai phường", UnitIDs: []string{orgunittest.VinhHung, orgunittest.TruongVinh, orgunittest.VinhHung}}))
		_, err := w.Publish.SaveGroup(ctx, pt.Cuc, publish.Group{UnitID: orgunittest.VinhHung, Name: "Của người khác", UnitIDs: []string{orgunittest.KimLien}})
		want(t, err, fault.Invalid, "publish.target_not_yours")
		if _, err := w.Publish.SaveGroup(ctx, pt.Cuc, g); !fault.Is(err, fault.NotFound) {
			t.Errorf("a ward changes the province's group: %v", err)
		}
		if err := w.Publish.DeleteGroup(ctx, pt.Cuc, g.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a ward deletes the province's group: %v", err)
		}
		for name, c := range map[string]struct {
			ts   []publish.Target
			want int
		}{
			"subtree":   {[]publish.Target{{Kind: publish.TargetSubtree, Ref: orgunittest.Province}}, 4},
			"communes":  {[]publish.Target{{Kind: publish.TargetLevel, Ref: orgunittest.Province, Level: orgunit.LevelCommune}}, 3},
			"areas":     {[]publish.Target{{Kind: publish.TargetLevel, Ref: orgunittest.Province, Level: orgunit.LevelArea}}, 4},
			"group":     {[]publish.Target{{Kind: publish.TargetGroup, Ref: g.ID}}, 2},
			"unit":      {[]publish.Target{{Kind: publish.TargetUnit, Ref: orgunittest.AreaSen}}, 1},
			"both":      {[]publish.Target{{Kind: publish.TargetGroup, Ref: g.ID}, {Kind: publish.TargetUnit, Ref: orgunittest.VinhHung}}, 2},
			"former":    {[]publish.Target{{Kind: publish.TargetUnit, Ref: orgunittest.FormerNghiKim}}, 0},
			"an agency": {[]publish.Target{{Kind: publish.TargetUnit, Ref: orgunittest.Department}}, 0},
		} {
			d := pt.Draft("Đích " + name)
			d.Targets = c.ts
			p := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, d))
			pl := must[publish.Plan](t)(w.Publish.Plan(ctx, pt.An, p.ID, time.Time{}))
			if len(pl.Units) != c.want {
				t.Errorf("%s: %d units", name, len(pl.Units))
			}
			_, err := w.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
			if c.want == 0 {
				want(t, err, fault.Invalid, "publish.targets_empty")
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		d := pt.Draft("Nhóm lạ")
		d.Targets = []publish.Target{{Kind: publish.TargetGroup, Ref: "none"}}
		_, err = w.Publish.Create(ctx, pt.An, orgunittest.Province, d)
		want(t, err, fault.Invalid, "publish.target_not_yours")
		if err := w.Publish.DeleteGroup(ctx, pt.An, g.ID); err != nil {
			t.Fatal(err)
		}
		if gs := must[[]publish.Group](t)(w.Publish.Groups(ctx, pt.An)); len(gs) != 0 {
			t.Errorf("%d groups", len(gs))
		}
	})
}

func TestSearchAndLists(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		for _, x := range []string{"Ngày hội Đại đoàn kết ở Hòa Bình", "Đường hoa nông thôn mới", "Cứu trợ đồng bào bị lũ"} {
			w.Live(t, pt.Draft(x, orgunittest.VinhHung))
			w.Clock.Advance(time.Minute)
		}
		d := pt.Draft("Ngày hội Đại đoàn kết ở Hòa Bình", orgunittest.VinhHung)
		d.Category = "culture"
		twin := w.Live(t, d)
		if twin.Slug == "ngay-hoi-dai-doan-ket-o-hoa-binh" || !strings.HasPrefix(twin.Slug, "ngay-hoi-dai-doan-ket-o-hoa-binh-") {
			t.Errorf("slug of the second %q", twin.Slug)
		}
		for q, n := range map[string]int{
			"dai doan ket": 2, "hoà bình": 2, "HÒA": 3, "duong": 1, "đường hoa": 1, "hoa": 3, "noi dung": 4, "cuu lu": 1, "lũ trợ": 1,
			"máy bay": 0, `"; DROP TABLE publish_post --`: 0, "* OR hoa": 0, "((": 0, "!&|": 0, "": 4, "doan OR xyz": 0, "NEAR(hoa": 0,
		} {
			l, err := w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{Query: q}, 1)
			if err != nil || l.Total != n {
				t.Errorf("%q found %d, want %d (%v)", q, l.Total, n, err)
			}
		}
		l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{Category: "culture"}, 1))
		if l.Total != 1 || l.Items[0].PostID != twin.ID {
			t.Errorf("by subject: %+v", l)
		}
		l = must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{From: w.Clock.Now().Add(-30 * time.Second)}, 1))
		if l.Total != 1 || !l.UpdatedAt.Equal(l.Items[0].UpdatedAt) {
			t.Errorf("by day: %+v", l)
		}
		latest := must[[]publish.Summary](t)(w.Publish.Latest(ctx, orgunittest.VinhHung, 2))
		if len(latest) != 2 || latest[0].PostID != twin.ID || latest[1].Title != "Cứu trợ đồng bào bị lũ" {
			t.Errorf("latest: %+v", latest)
		}
		if l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.KimLien, publish.PublicFilter{}, 1)); l.Total != 0 || !l.UpdatedAt.IsZero() {
			t.Errorf("elsewhere: %+v", l)
		}
		cats := must[[]publish.Category](t)(w.Publish.Categories(ctx))
		if len(cats) != 7 {
			t.Errorf("%d subjects", len(cats))
		}
	})
}

func TestPictures(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := must[publish.Post](t)(w.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Có ảnh")))
		_, err := w.Publish.AddPicture(ctx, pt.An, p.ID, strings.NewReader("<svg></svg>"))
		want(t, err, fault.Invalid, "picture.not_a_picture")
		pic := must[publish.StoredPicture](t)(w.Publish.AddPicture(ctx, pt.An, p.ID, bytes.NewReader(pt.PNG(400, 300))))
		if used, err := w.Publish.UsedPictures(ctx, []string{"nobody's", pic.ID}); err != nil || len(used) != 1 || used[0] != pic.ID {
			t.Errorf("in use: %v %v", used, err)
		}
		d := pt.Everywhere("Có ảnh")
		d.Pictures = []publish.PictureRef{{ID: pic.ID}}
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, d))
		_, err = w.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
		want(t, err, fault.Invalid, "publish.alt_missing")
		d.Pictures[0].Alt = "Bà con dự họp"
		p = must[publish.Post](t)(w.Publish.Save(ctx, pt.An, p.ID, p.Rev, d))
		p = must[publish.Post](t)(w.Publish.Submit(ctx, pt.An, p.ID, p.Rev))
		_, err = w.Publish.AddPicture(ctx, pt.An, p.ID, bytes.NewReader(pt.PNG(10, 10)))
		want(t, err, fault.Conflict, "publish.not_editable")
		w.Approve(t, p, now)
		w.Drain(t)
		for _, c := range w.Zalo.Standing() {
			if c.Cover == nil || c.Cover.Alt != "Bà con dự họp" || c.Cover.URL != "https://nhipcau.example/anh/"+pic.ID+"/channel.jpg" {
				t.Errorf("cover %+v", c.Cover)
			}
		}
		a := must[publish.Article](t)(w.Publish.Article(ctx, orgunittest.VinhHung, "co-anh"))
		if len(a.Pictures) != 1 || a.Cover == nil || a.Cover.Width == 0 || a.Cover.Height == 0 {
			t.Errorf("pictures %+v", a.Pictures)
		}
		d2 := pt.Everywhere("Ảnh của bài khác")
		d2.Pictures = d.Pictures
		_, err = w.Publish.Create(ctx, pt.An, orgunittest.Province, d2)
		want(t, err, fault.Invalid, "publish.picture_unknown")
	})
}

func TestPreviewAndComments(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Write(t, pt.Everywhere("((tên đơn vị)): ((chủ tịch))"))
		c, u, err := w.Publish.Preview(ctx, pt.Binh, p.ID, channel.Zalo, orgunittest.KimLien)
		if err != nil || c.Title != "Xã Kim Liên: ((chủ tịch))" || u.ID != orgunittest.KimLien {
			t.Errorf("preview %q %v", c.Title, err)
		}
		if _, _, err := w.Publish.Preview(ctx, pt.Binh, p.ID, channel.Zalo, "nowhere"); !fault.Is(err, fault.Invalid) {
			t.Errorf("preview for nobody: %v", err)
		}
		if err := w.Publish.Comment(ctx, pt.Hoa, p.ID, "Nên ngắn hơn"); err != nil {
			t.Fatal(err)
		}
		want(t, w.Publish.Comment(ctx, pt.Hoa, p.ID, " \n"), fault.Invalid, "publish.comment_missing")
		f := must[publish.File](t)(w.Publish.Open(ctx, pt.An, p.ID))
		if len(f.Comments) != 1 || f.Comments[0].AuthorName != pt.Hoa.Name {
			t.Errorf("%+v", f.Comments)
		}
	})
}

func TestHeldApproval(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		p := w.Approve(t, w.Write(t, pt.Everywhere("Chờ lệnh")), publish.Approval{Mode: publish.ModeHold})
		if p.State != publish.StateApproved || p.Live != 0 {
			t.Fatalf("%+v", p)
		}
		w.Drain(t)
		if len(w.Zalo.Standing()) != 0 {
			t.Error("went out")
		}
		p = must[publish.Post](t)(w.Publish.Schedule(ctx, pt.Binh, p.ID, p.Rev, now))
		w.Drain(t)
		if len(w.Zalo.Standing()) != 4 || p.State != publish.StatePublished {
			t.Errorf("%d at Zalo, %s", len(w.Zalo.Standing()), p.State)
		}
		_, err := w.Publish.Schedule(ctx, pt.Binh, p.ID, p.Rev, now)
		want(t, err, fault.Conflict, "publish.not_approved")
	})
}

func TestRetryOnlyOwnDeliveries(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		w.Zalo.Refuse(func(a channel.Account) error {
			if a.UnitID == orgunittest.KimLien {
				return pt.Broken(channel.Zalo)
			}
			return nil
		})
		p := w.Live(t, pt.Everywhere("Một trang hỏng"))
		other := w.Live(t, pt.Draft("Bài khác", orgunittest.VinhHung))
		wall := must[publish.Wall](t)(w.Publish.Wall(ctx, pt.An, p.ID, channel.Zalo))
		var bad publish.Square
		for _, s := range wall.Squares {
			if s.State == channel.DeliveryFailed {
				bad = s
			}
		}
		if bad.Unit.ID != orgunittest.KimLien || bad.Reason != "channel.zalo.package" || bad.AccountName == "" {
			t.Fatalf("failed square %+v", bad)
		}
		if _, err := w.Publish.Retry(ctx, pt.An, other.ID, bad.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another post's delivery: %v", err)
		}
		w.Zalo.Refuse(nil)
		if n := must[int](t)(w.Publish.Retry(ctx, pt.An, p.ID, bad.ID)); n != 1 {
			t.Error(n)
		}
		w.Drain(t)
		if len(w.Zalo.Standing()) != 4 {
			t.Errorf("%d at Zalo", len(w.Zalo.Standing()))
		}
	})
}

func TestDeliveryFailureUndoesApproval(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := context.Background()
		s := publish.New(publish.Deps{DB: w.DB, Queue: mute(t, w), Clock: w.Clock, Authz: w.Authz, Tree: func() publish.Tree { return w.Units.Forest() },
			Accounts: w.Channel, Deliverer: broken{w.Channel}, Profiles: w.Profiles, Pictures: w.Pictures, Links: pt.Links{}})
		p := w.Write(t, pt.Everywhere("Đĩa đầy"))
		if _, err := s.Approve(ctx, pt.Binh, p.ID, p.Rev, now); !errors.Is(err, errFull) {
			t.Fatalf("%v", err)
		}
		f := must[publish.File](t)(w.Publish.Open(ctx, pt.Binh, p.ID))
		if f.State != publish.StateReview || f.Rev != p.Rev || f.Live != 0 || len(f.History) != 2 {
			t.Errorf("half of it was written: %+v", f.Post)
		}
		if l := must[publish.PublicList](t)(w.Publish.Published(ctx, orgunittest.VinhHung, publish.PublicFilter{}, 1)); l.Total != 0 {
			t.Error("it is public")
		}
	})
}
