package localise_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

type house struct {
	*pt.World
	s *localise.Service
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := pt.New(t, d)
		s := localise.New(localise.Deps{DB: d, Queue: w.Queue, Clock: w.Clock, Authz: w.Authz, Trail: w.Trail, Forest: w.Units.Forest, Posts: w.Publish, Pictures: w.Pictures,
			Credit: func(unit, name string) string {
				return strings.TrimSuffix("Nguồn: "+unit+"; cộng tác viên "+name, "; cộng tác viên ")
			}})
		w.Publish.Attach(publish.Hooks{Locals: s})
		fn(t, &house{w, s})
	}, append(slices.Clone(pt.Migrations), localise.Migrations)...)
}

func want(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), key) {
		t.Fatalf("%v, want %v %s", err, kind, key)
	}
}

// master is a post of the whole province with a window, approved: it waits for the window's end.
func (h *house) master(t *testing.T, length time.Duration, approval bool) publish.Post {
	t.Helper()
	p := h.Write(t, pt.Everywhere("Ngày hội Đại đoàn kết"))
	if err := h.s.SetWindow(context.Background(), pt.An, p.ID, h.Clock.Now().Add(length), approval); err != nil {
		t.Fatal(err)
	}
	p = h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
	if p.State != publish.StateScheduled {
		t.Fatalf("a master with a window is %s", p.State)
	}
	return p
}

// content is what an account of a unit would show of the approved version.
func (h *house) content(t *testing.T, p publish.Post, unit string, kind channel.Kind) channel.Content {
	t.Helper()
	f, err := h.Publish.Master(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Publish.Content(context.Background(), p.ID, f.Version.Number, channel.Account{UnitID: unit, Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func photo() io.Reader { return bytes.NewReader(pt.PNG(900, 600)) }

// A ward adds a paragraph and a picture, its own approver agrees, and only the ward's channels show it; the others get the
// post as it is. A later correction of the province reaches the ward, whose paragraph stays.
func TestLocalPart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		p := h.master(t, 1500*time.Millisecond, true)
		ward := orgunittest.VinhHung
		work, err := h.s.Waiting(ctx, pt.Cuc)
		if err != nil || len(work) != 1 || work[0].Kind != "write" || work[0].UnitID != ward {
			t.Fatalf("the ward's editor is waited for: %+v %v", work, err)
		}
		_, err = h.s.Save(ctx, pt.Cuc, p.ID, ward, 0, localise.Typed{Words: "Bà con khối Kim Tân quyên góp <b>2 tấn</b> gạo."}, photo(), true)
		want(t, err, fault.Invalid, "localise.alt_missing")
		part, err := h.s.Save(ctx, pt.Cuc, p.ID, ward, 0, localise.Typed{Words: "Bà con khối Kim Tân quyên góp <b>2 tấn</b> gạo.", Alt: "Bà con chuyển gạo lên xe"}, photo(), true)
		if err != nil || part.State != localise.StateReview {
			t.Fatalf("%+v %v", part, err)
		}
		if c := h.content(t, p, ward, channel.Zalo); strings.Contains(c.HTML, "Kim Tân") {
			t.Error("nobody has approved it, and it is shown")
		}
		giang := identity.Actor(pt.La) // of another commune
		if _, err := h.s.Approve(ctx, giang, p.ID, ward, part.Rev); !fault.Is(err, fault.NotFound) {
			t.Fatalf("another commune approves: %v", err)
		}
		if _, err := h.s.Approve(ctx, pt.Cuc, p.ID, ward, part.Rev); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("who wrote it approves it: %v", err)
		}
		if work, err = h.s.Waiting(ctx, pt.Dung); err != nil || len(work) != 1 || work[0].Kind != "approve" {
			t.Fatalf("the ward's approver is waited for: %+v %v", work, err)
		}
		if part, err = h.s.Approve(ctx, pt.Dung, p.ID, ward, part.Rev); err != nil || part.State != localise.StateReady {
			t.Fatalf("%+v %v", part, err)
		}
		pr, err := h.s.Progress(ctx, pt.Binh, p.ID)
		if err != nil || len(pr.Rows) != 3 || pr.Counts[localise.StateReady] != 1 || pr.Counts[localise.StateNone] != 2 {
			t.Fatalf("%+v %v", pr, err)
		}
		h.Clock.Advance(2 * time.Second)
		if _, err := h.s.Save(ctx, pt.La, p.ID, orgunittest.KimLien, 0, localise.Typed{Words: "Quá muộn."}, nil, true); !fault.Is(err, fault.Conflict) {
			t.Fatalf("after the window: %v", err)
		}
		h.out(t, p, 4)
		for id, c := range h.Zalo.Standing() {
			mine := id == h.zalo(t, ward)
			if strings.Contains(c.HTML, "<strong>Phường Vinh Hưng:</strong> Bà con khối Kim Tân quyên góp &lt;b&gt;2 tấn&lt;/b&gt; gạo.") != mine || (c.Cover != nil) != mine {
				t.Errorf("%s shows %q, cover %v", id, c.HTML, c.Cover)
			}
		}
		art, err := h.Publish.Article(ctx, ward, h.slug(t, p))
		if err != nil || !strings.Contains(art.HTML, "Kim Tân") || len(art.Pictures) != 1 || art.Pictures[0].Alt != "Bà con chuyển gạo lên xe" {
			t.Fatalf("%+v %v", art, err)
		}
		used, err := h.s.UsedPictures(ctx, []string{part.Picture.ID, "other"})
		if err != nil || len(used) != 1 {
			t.Errorf("the picture would be swept away: %v %v", used, err)
		}
		h.correct(t, p)
		if c := h.Zalo.Standing()[h.zalo(t, ward)]; !strings.Contains(c.HTML, "Nội dung đã sửa") || !strings.Contains(c.HTML, "Kim Tân") {
			t.Errorf("after the correction: %q", c.HTML)
		}
	})
}

func (h *house) slug(t *testing.T, p publish.Post) string {
	t.Helper()
	m, err := h.Publish.Master(context.Background(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m.Post.Slug
}

func (h *house) zalo(t *testing.T, unit string) string {
	t.Helper()
	as, err := h.Channel.AccountsOfUnits(context.Background(), []string{unit}, channel.Zalo)
	if err != nil || len(as) != 1 {
		t.Fatal(as, err)
	}
	return as[0].ID
}

// out waits until a scheduled post stands at n Zalo accounts.
func (h *house) out(t *testing.T, p publish.Post, n int) {
	t.Helper()
	for range 200 {
		h.Drain(t)
		f, err := h.Publish.Open(context.Background(), pt.Binh, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if f.State == publish.StatePublished && len(h.Zalo.Standing()) == n {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it does not go out: %d accounts", len(h.Zalo.Standing()))
}

func (h *house) correct(t *testing.T, p publish.Post) {
	t.Helper()
	ctx := context.Background()
	f, err := h.Publish.Open(ctx, pt.An, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	c, err := h.Publish.Correct(ctx, pt.An, p.ID, f.Rev)
	d := pt.Everywhere("Ngày hội Đại đoàn kết")
	d.Body, d.Erratum = "<p>Nội dung đã sửa.</p>", "Sửa ngày họp."
	if err == nil {
		c, err = h.Publish.Save(ctx, pt.An, p.ID, c.Rev, d)
	}
	if err == nil {
		c, err = h.Publish.Submit(ctx, pt.An, p.ID, c.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.Approve(t, c, publish.Approval{Mode: publish.ModeNow})
	h.Drain(t)
}

// Without the demand of approval a part is ready at once; it comes back, is changed, is given up; strangers find nothing.
func TestPartsWithoutApproval(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		p := h.master(t, time.Hour, false)
		part, err := h.s.Save(ctx, pt.La, p.ID, orgunittest.KimLien, 0, localise.Typed{Words: "Xã Kim Liên khánh thành nhà văn hóa."}, nil, true)
		if err != nil || part.State != localise.StateReady {
			t.Fatalf("%+v %v", part, err)
		}
		_, err = h.s.Save(ctx, pt.La, p.ID, orgunittest.KimLien, 0, localise.Typed{Words: "Khác."}, nil, true)
		want(t, err, fault.Conflict, "changed_meanwhile")
		if part, err = h.s.AsIs(ctx, pt.La, p.ID, orgunittest.KimLien, part.Rev); err != nil || part.State != localise.StateAsIs {
			t.Fatalf("%+v %v", part, err)
		}
		if c := h.content(t, p, orgunittest.KimLien, channel.Portal); strings.Contains(c.HTML, "khánh thành") {
			t.Error("given up, and it is shown")
		}
		if w, err := h.s.Waiting(ctx, pt.La); err != nil || len(w) != 0 {
			t.Errorf("nothing is to be done: %+v %v", w, err)
		}
		for _, x := range []struct {
			a    identity.Actor
			unit string
		}{{pt.La, orgunittest.VinhHung}, {pt.Binh, orgunittest.Province}, {pt.Hoa, "nowhere"}} {
			if _, err := h.s.Desk(ctx, x.a, p.ID, x.unit); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s opens the part of %s: %v", x.a.ID, x.unit, err)
			}
		}
		d, err := h.s.Desk(ctx, pt.La, p.ID, orgunittest.KimLien)
		if err != nil || len(d.History) != 2 || !d.MayWrite || d.MayJudge || d.Words.Title != "Ngày hội Đại đoàn kết" {
			t.Fatalf("%+v %v", d, err)
		}
		_, err = h.s.Save(ctx, pt.La, p.ID, orgunittest.KimLien, part.Rev, localise.Typed{Words: strings.Repeat("dài ", 300)}, nil, false)
		want(t, err, fault.Invalid, "localise.too_long")
		err = h.s.SetWindow(ctx, pt.An, p.ID, h.Clock.Now().Add(2*time.Hour), true)
		want(t, err, fault.Conflict, "localise.too_late")
	})
}

func TestReturnedPart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		p := h.master(t, time.Hour, true)
		part, err := h.s.Save(ctx, pt.Cuc, p.ID, orgunittest.VinhHung, 0, localise.Typed{Words: "Một đoạn."}, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.s.Return(ctx, pt.Dung, p.ID, orgunittest.VinhHung, part.Rev, " ")
		want(t, err, fault.Invalid, "reason_missing")
		if part, err = h.s.Return(ctx, pt.Dung, p.ID, orgunittest.VinhHung, part.Rev, "Thiếu ngày."); err != nil || part.State != localise.StateReturned {
			t.Fatalf("%+v %v", part, err)
		}
		if w, err := h.s.Waiting(ctx, pt.Cuc); err != nil || len(w) != 1 {
			t.Errorf("it came back: %+v %v", w, err)
		}
		h.Clock.Advance(2 * time.Hour)
		if w, err := h.s.Waiting(ctx, pt.Cuc); err != nil || len(w) != 0 {
			t.Errorf("the window is over: %+v %v", w, err)
		}
	})
}

// A commune's story is offered with the name of its collaborator, taken, approved, and the commune reads that it was used.
func TestOfferedStory(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		story := h.story(t)
		_, err := h.s.Offer(ctx, pt.La, story.ID, localise.Suggestion{ToUnit: orgunittest.Province, Credit: "Nguyễn Thị Mận"})
		want(t, err, fault.Invalid, "localise.consent_missing")
		_, err = h.s.Offer(ctx, pt.La, story.ID, localise.Suggestion{ToUnit: orgunittest.VinhHung})
		want(t, err, fault.Invalid, "localise.to_unknown")
		o, err := h.s.Offer(ctx, pt.La, story.ID, localise.Suggestion{ToUnit: orgunittest.Province, Credit: "Nguyễn Thị Mận", Consent: true, Note: "Chuyện hay."})
		if err != nil || o.ConsentBy != "la" || o.ConsentAt.IsZero() {
			t.Fatalf("%+v %v", o, err)
		}
		_, err = h.s.Offer(ctx, pt.La, story.ID, localise.Suggestion{ToUnit: orgunittest.Province})
		want(t, err, fault.Conflict, "localise.offered_before")
		if w, err := h.s.Waiting(ctx, pt.An); err != nil || len(w) != 1 || w[0].Kind != "offer" {
			t.Fatalf("the province's editor is waited for: %+v %v", w, err)
		}
		if _, err := h.s.Take(ctx, pt.Cuc, o.ID); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a ward takes what is offered to the province: %v", err)
		}
		p, err := h.s.Take(ctx, pt.An, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.s.Take(ctx, pt.An, o.ID)
		want(t, err, fault.Conflict, "localise.decided_before")
		f, err := h.Publish.Open(ctx, pt.An, p.ID)
		if err != nil || f.UnitID != orgunittest.Province || !strings.Contains(f.Now.Body, "Nguồn: Xã Kim Liên; cộng tác viên Nguyễn Thị Mận") || len(f.Now.Pictures) != 1 || f.Now.Pictures[0].Alt != "Sân đình" {
			t.Fatalf("%+v %v", f.Now, err)
		}
		d := f.Now.Draft()
		d.Targets = pt.Everywhere("").Targets
		p, err = h.Publish.Save(ctx, pt.An, p.ID, f.Rev, d)
		if err == nil {
			p, err = h.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
		h.Drain(t)
		out, n, err := h.s.Outgoing(ctx, pt.La, 1)
		if err != nil || n != 1 || out[0].State != localise.OfferUsed || out[0].UsedAt.IsZero() {
			t.Fatalf("%+v %v", out, err)
		}
	})
}

// story is a post of the commune with a picture, out in public.
func (h *house) story(t *testing.T) publish.Post {
	t.Helper()
	ctx := context.Background()
	writer := identity.Actor(pt.La)
	d := pt.Draft("Đình làng Sen sáng đèn", orgunittest.KimLien)
	p, err := h.Publish.Create(ctx, writer, orgunittest.KimLien, d)
	if err != nil {
		t.Fatal(err)
	}
	pic, err := h.Publish.AddPicture(ctx, writer, p.ID, photo())
	if err != nil {
		t.Fatal(err)
	}
	d.Pictures = []publish.PictureRef{{ID: pic.ID, Alt: "Sân đình"}}
	p, err = h.Publish.Save(ctx, writer, p.ID, p.Rev, d)
	if err == nil {
		p, err = h.Publish.Submit(ctx, writer, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	p = h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
	h.Drain(t)
	return p
}

// The province takes a story without being asked: the commune is named, no person is. Another one is declined with a reason.
func TestTakenAndDeclined(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		story := h.story(t)
		if _, err := h.s.TakeUp(ctx, pt.La, story.ID, orgunittest.Province); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a commune writes for the province: %v", err)
		}
		p, err := h.s.TakeUp(ctx, pt.An, story.ID, orgunittest.Province)
		if err != nil {
			t.Fatal(err)
		}
		f, err := h.Publish.Open(ctx, pt.An, p.ID)
		if err != nil || !strings.Contains(f.Now.Body, "<em>Nguồn: Xã Kim Liên</em>") {
			t.Fatalf("%q %v", f.Now.Body, err)
		}
		other := h.story(t)
		o, err := h.s.Offer(ctx, pt.La, other.ID, localise.Suggestion{ToUnit: orgunittest.Province})
		if err != nil {
			t.Fatal(err)
		}
		want(t, h.s.Decline(ctx, pt.An, o.ID, ""), fault.Invalid, "reason_missing")
		if err := h.s.Decline(ctx, pt.An, o.ID, "Tuần này đã có bài giống vậy."); err != nil {
			t.Fatal(err)
		}
		list, err := h.s.OffersOf(ctx, pt.La, other.ID)
		if err != nil || len(list) != 1 || list[0].State != localise.OfferDeclined || list[0].Reason == "" {
			t.Fatalf("%+v %v", list, err)
		}
		if in, n, err := h.s.Incoming(ctx, pt.An, true, 1); err != nil || n != 0 {
			t.Errorf("nothing is open: %+v %v", in, err)
		}
	})
}
