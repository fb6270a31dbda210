package portal_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

var (
	admin    = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.VinhHung)
	editor   = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
	province = identitytest.Official("province", identity.RoleUnitAdmin, orgunittest.Province)
	stranger = identitytest.Official("stranger", identity.RoleUnitAdmin, orgunittest.KimLien)
	officer  = identitytest.Official("officer", identity.RoleDeskOfficer, orgunittest.VinhHung)
)

type trail struct{ acts []identity.Trace }

func (r *trail) Record(_ context.Context, _ db.Tx, x identity.Trace) error {
	r.acts = append(r.acts, x)
	return nil
}

func newSites(t *testing.T, d *db.DB) (*portal.Sites, *orgunit.Service, *trail, *clock.Stub) {
	t.Helper()
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	z, err := identity.NewAuthorizer(units, c, portal.Policies)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trail{}
	return portal.NewSites(portal.SitesDeps{DB: d, Clock: c, Authz: z, Trail: tr, Tree: func() portal.Tree { return units.Forest() }, Hotline: "1022"}), units, tr, c
}

func TestSites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		s, _, tr, _ := newSites(t, d)
		in := portal.Site{UnitID: orgunittest.VinhHung, Host: " VinhHung.Example.VN. ", Intro: "Bà con  hỏi,\nphường trả lời.", Hotline: "0238 111 2222",
			People: []portal.Person{{}, {Name: " Trần Thị  Hoài Nam ", Title: "Chủ tịch"}}}

		for _, a := range []identity.Actor{stranger, officer, identity.Citizen()} {
			if _, err := s.Save(ctx, a, in); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s may save: %v", a.ID, err)
			}
			if _, _, err := s.Open(ctx, a, orgunittest.VinhHung); err == nil {
				t.Errorf("%s may open", a.ID)
			}
			if slices.ContainsFunc(s.Editable(a), func(u orgunit.Unit) bool { return u.ID == orgunittest.VinhHung }) {
				t.Errorf("%s is offered the unit", a.ID)
			}
		}
		before, err := s.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Save(ctx, admin, in)
		if err != nil {
			t.Fatal(err)
		}
		if got.Host != "vinhhung.example.vn" || got.Intro != "Bà con hỏi, phường trả lời." || len(got.People) != 1 || got.People[0].Name != "Trần Thị Hoài Nam" || got.Rev != 1 {
			t.Errorf("saved %+v", got)
		}
		if after, _ := s.Version(ctx); after <= before {
			t.Error("the pages are not told of the change")
		}
		if uid, err := s.UnitOfHost(ctx, "vinhhung.example.vn"); err != nil || uid != orgunittest.VinhHung {
			t.Errorf("host leads to %q, %v", uid, err)
		}
		if len(tr.acts) != 1 || tr.acts[0].Action != portal.ActEdit || tr.acts[0].UnitID != orgunittest.VinhHung {
			t.Errorf("trail %+v", tr.acts)
		}
		read, err := s.Site(ctx, orgunittest.VinhHung)
		if err != nil || read.Intro != got.Intro || read.People[0] != got.People[0] || !read.UpdatedAt.Equal(got.UpdatedAt) {
			t.Errorf("read %+v, %v", read, err)
		}

		// over a newer one
		if _, err := s.Save(ctx, admin, in); !fault.Is(err, fault.Conflict) {
			t.Errorf("saved over a newer page: %v", err)
		}
		// an editor changes the words but not the name on the Internet
		read.Host, read.Intro = "other.example.vn", "Xin chào."
		if got, err = s.Save(ctx, editor, read); err != nil || got.Host != "vinhhung.example.vn" || got.Intro != "Xin chào." || got.Rev != 2 {
			t.Errorf("editor saved %+v, %v", got, err)
		}
		// one name, one unit
		if _, err := s.Save(ctx, province, portal.Site{UnitID: orgunittest.KimLien, Host: "vinhhung.example.vn"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a host name was given twice: %v", err)
		}
		// agencies have no page
		if _, err := s.Save(ctx, province, portal.Site{UnitID: orgunittest.Department}); !fault.Is(err, fault.NotFound) {
			t.Errorf("an agency has a page: %v", err)
		}
	}, orgunit.Migrations, portal.Migrations)
}

func TestSiteRefused(t *testing.T) {
	s, _, _, _ := newSites(t, dbtest.SQLite(t, orgunit.Migrations, portal.Migrations))
	for name, in := range map[string]portal.Site{
		"intro":    {Intro: strings.Repeat("a", portal.MaxIntro+1)},
		"hotline":  {Hotline: "gọi đi"},
		"email":    {Email: "Nam <nam@example.vn>"},
		"host":     {Host: "http://vinhhung.example"},
		"address":  {Address: strings.Repeat("a", portal.MaxLine+1)},
		"pa_name":  {People: []portal.Person{{Title: "Chủ tịch"}}},
		"pb_phone": {People: []portal.Person{{Name: "An"}, {Name: "Bình", Phone: "<b>"}}},
	} {
		in.UnitID = orgunittest.VinhHung
		_, err := s.Save(t.Context(), admin, in)
		fs, ok := err.(fault.Fields)
		if !ok || len(fs) != 1 || fs[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := portal.Site{UnitID: orgunittest.VinhHung}
	for range portal.MaxPeople + 1 {
		many.People = append(many.People, portal.Person{Name: "An"})
	}
	if _, err := s.Save(t.Context(), admin, many); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many people: %v", err)
	}
}

// A unit without a hotline shows that of the nearest unit above, at last the house's.
func TestContact(t *testing.T) {
	ctx := t.Context()
	s, _, _, _ := newSites(t, dbtest.SQLite(t, orgunit.Migrations, portal.Migrations))
	c, err := s.Contact(ctx, orgunittest.AreaKimTan)
	if err != nil || c.Hotline != "1022" || c.HotlineOf != nil {
		t.Errorf("%+v, %v", c, err)
	}
	for unit, number := range map[string]string{orgunittest.Province: "0238 000 0000", orgunittest.VinhHung: "0238 111 2222"} {
		if _, err := s.Save(ctx, province, portal.Site{UnitID: unit, Hotline: number, People: []portal.Person{{Name: "Trần Thị Hoài Nam"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if c, err = s.Contact(ctx, orgunittest.AreaKimTan); err != nil || c.Hotline != "0238 111 2222" || c.HotlineOf == nil || c.HotlineOf.ID != orgunittest.VinhHung {
		t.Errorf("%+v, %v", c, err)
	}
	p, err := s.Profile(ctx, orgunittest.VinhHung)
	if err != nil || p != (publish.Profile{Chair: "Trần Thị Hoài Nam", Hotline: "0238 111 2222"}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// Another process's change is seen within a second.
func TestVersionOfOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		a, units, _, c := newSites(t, d)
		z, err := identity.NewAuthorizer(units, c, portal.Policies)
		if err != nil {
			t.Fatal(err)
		}
		b := portal.NewSites(portal.SitesDeps{DB: d, Clock: c, Authz: z, Tree: func() portal.Tree { return units.Forest() }})
		before, err := b.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Touch(ctx); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Second)
		if after, err := b.Version(ctx); err != nil || after != before+1 {
			t.Errorf("version %d, want %d (%v)", after, before+1, err)
		}
	}, orgunit.Migrations, portal.Migrations)
}

func TestResolve(t *testing.T) {
	d := dbtest.SQLite(t, orgunit.Migrations)
	units := orgunittest.Seed(t, d)
	// a commune is split between two wards
	err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := units.Apply(ctx, tx, orgunit.Change{On: "2026-11-01", Basis: "NQ 1/NQ-HĐND", Pass: []orgunit.Passage{
			{From: orgunittest.KimLien, To: orgunittest.VinhHung, Kind: orgunit.EdgePart}, {From: orgunittest.KimLien, To: orgunittest.TruongVinh, Kind: orgunit.EdgePart}},
			Attach: []orgunit.Attachment{{UnitID: orgunittest.AreaSen, ParentID: orgunittest.VinhHung}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		slug, on            string
		unit, moved, former string
		choices             int
	}{
		{slug: "phuong-vinh-hung", on: "2026-11-21", unit: orgunittest.VinhHung},
		{slug: "xa-nghi-kim", on: "2026-11-21", moved: orgunittest.VinhHung, former: orgunittest.FormerNghiKim},
		{slug: "xa-nghi-kim", on: "2025-06-30", unit: orgunittest.FormerNghiKim},
		{slug: "xa-kim-lien", on: "2026-10-31", unit: orgunittest.KimLien},
		{slug: "xa-kim-lien", on: "2026-11-21", former: orgunittest.KimLien, choices: 2},
		{slug: "thanh-pho-vinh", on: "2026-11-21", former: orgunittest.District, moved: orgunittest.VinhHung}, // closed; its commune lives on there
		{slug: "so-nong-nghiep-va-moi-truong-tinh-nghe-an", on: "2026-11-21"},                                 // an agency
		{slug: "khong-co", on: "2026-11-21"},
	} {
		p, ok := portal.Resolve(units.Forest(), c.slug, orgunittest.Province, clock.Date(c.on))
		if ok != (c.unit != "" || c.moved != "" || c.choices > 0) || idOf(p.Unit) != c.unit || idOf(p.Moved) != c.moved || idOf(p.Former) != c.former || len(p.Choices) != c.choices {
			t.Errorf("%s on %s: %+v %v", c.slug, c.on, p, ok)
		}
	}
	var names []string
	for _, u := range portal.Forebears(units.Forest(), orgunittest.VinhHung) {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"Kim Liên", "Nghi Kim"}) {
		t.Errorf("forebears %v", names)
	}
}

func idOf(u *orgunit.Unit) string {
	if u == nil {
		return ""
	}
	return u.ID
}

// noAnswers is a house in which nothing was asked.
type noAnswers struct{}

func (noAnswers) Search(context.Context, string, string, int, int) ([]feedback.Published, int, error) {
	return nil, 0, nil
}

func (noAnswers) DaysTaken(context.Context, string) (published.DaysTaken, error) {
	return published.DaysTaken{}, nil
}

// The site over the real publishing house.
func TestOverPublish(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		w := publishtest.New(t, d)
		tree := func() portal.Tree { return w.Units.Forest() }
		sites := portal.NewSites(portal.SitesDeps{DB: d, Clock: w.Clock, Authz: w.Authz, Tree: tree})
		sites.Listen(w.Queue)
		p := &portal.Portal{Sites: sites, Tree: tree, Articles: w.Publish, Answers: noAnswers{}, Clock: w.Clock,
			Links: portal.Links{Base: "https://mattran.example", Province: orgunittest.Province}}
		ward, err := p.Unit(orgunittest.VinhHung)
		if err != nil {
			t.Fatal(err)
		}
		before, err := sites.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		everywhere := publishtest.Everywhere("Phòng cháy mùa hanh khô")
		everywhere.Body = "<p>((tên đơn vị)) đề nghị bà con kiểm tra cầu dao điện.</p>"
		one := w.Live(t, everywhere)
		only := w.Live(t, publishtest.Draft("Chỉ cho Kim Liên", orgunittest.KimLien))
		if after, _ := sites.Version(ctx); after <= before {
			t.Error("the site did not hear of the post")
		}
		h, err := p.Home(ctx, ward)
		if err != nil || len(h.News) != 1 || h.News[0].Title != "Phòng cháy mùa hanh khô" || h.Changed.IsZero() {
			t.Fatalf("home %+v, %v", h, err)
		}
		if list, err := w.Publish.Addresses(ctx, ward.ID, 10); err != nil || len(list) != 1 || list[0].Slug != one.Slug && list[0].Slug != "phong-chay-mua-hanh-kho" {
			t.Errorf("addresses %+v, %v", list, err)
		}
		for query, want := range map[string]int{"phong chay": 1, "cau dao dien": 1, "vinh hung cau dao": 0, "kim lien": 1, "": 0} {
			got, err := p.Search(ctx, "", query, 1)
			if err != nil || got.PostsN != want || len(got.Posts) != want {
				t.Errorf("search %q: %d, want %d (%v)", query, got.PostsN, want, err)
			}
		}
		if got, err := p.Search(ctx, ward.ID, "kim lien", 1); err != nil || got.PostsN != 0 {
			t.Errorf("a ward finds what is not on its page: %+v, %v", got, err)
		}
		got, err := p.Search(ctx, ward.ID, "cau dao", 1)
		if err != nil || len(got.Posts) != 1 || !strings.Contains(got.Posts[0].Text, "Phường Vinh Hưng đề nghị") || got.Posts[0].Path != "/dv/phuong-vinh-hung/tin/phong-chay-mua-hanh-kho" {
			t.Errorf("search %+v, %v", got, err)
		}
		for key, want := range map[string]string{"phong-chay-mua-hanh-kho": orgunittest.Province, one.ID: orgunittest.Province, only.ID: orgunittest.KimLien} {
			if u, slug, err := p.Whereabouts(ctx, key, ""); err != nil || u.ID != want || slug == "" {
				t.Errorf("%s stands at %s %q, %v", key, u.ID, slug, err)
			}
		}
		if u, _, err := p.Whereabouts(ctx, one.ID, orgunittest.VinhHung); err != nil || u.ID != orgunittest.VinhHung {
			t.Errorf("under the ward's own name the post stands at %s, %v", u.ID, err)
		}
		if _, _, err := p.Whereabouts(ctx, "khong-co", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown post: %v", err)
		}
		for _, e := range []jobs.Event{feedback.AnswerPublished{CaseID: "c"}, feedback.AnswerWithdrawn{CaseID: "c"}} {
			before, _ := sites.Version(ctx)
			if err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return w.Queue.Publish(ctx, tx, e) }); err != nil {
				t.Fatal(err)
			}
			w.Drain(t)
			w.Clock.Advance(2 * time.Second)
			if after, err := sites.Version(ctx); err != nil || after != before+1 {
				t.Errorf("%s: version %d after %d, %v", e.Kind(), after, before, err)
			}
		}
		retract(t, w, only.ID)
		if got, err := p.Search(ctx, "", "kim lien", 1); err != nil || got.PostsN != 0 {
			t.Errorf("what was taken down is found: %+v, %v", got, err)
		}
		kim, err := p.Unit(orgunittest.KimLien)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := p.Article(ctx, kim, "chi-cho-kim-lien"); err != nil || !a.Retracted || a.Notice != "Nhầm địa bàn." {
			t.Errorf("the page of what was taken down: %+v, %v", a, err)
		}
	}, append(slices.Clone(publishtest.Migrations), portal.Migrations)...)
}

func retract(t *testing.T, w *publishtest.World, postID string) {
	t.Helper()
	f, err := w.Publish.Open(t.Context(), publishtest.Binh, postID)
	if err == nil {
		_, err = w.Publish.Retract(t.Context(), publishtest.Binh, postID, f.Rev, "Nhầm địa bàn.")
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Drain(t)
}
